using Farthing.Payments.Settings;

namespace Farthing.Payments.TopUps;

/// <summary>A wallet's wish to be topped up by itself; its id is the wallet's. Amounts are decimal counts of the smallest unit.</summary>
/// <param name="Id">The wallet's id.</param>
/// <param name="Owner">Always <see cref="All"/>, by which the start finds them.</param>
/// <param name="FloorUnits">Below what it is topped up.</param>
/// <param name="AmountUnits">By how much.</param>
/// <param name="MostPerDay">How often on a day, in UTC, tries that fail included.</param>
/// <param name="Rail">By what.</param>
/// <param name="Instruction">What the rail is told; null for nothing, and for as long as no card was left.</param>
/// <param name="Failures">How often in a row it failed.</param>
/// <param name="Fault">The code of what went wrong last; null for nothing.</param>
/// <param name="State">Active while it is on or waits for its card, closed once it is off.</param>
/// <param name="Agreed">The top-up at whose page it is agreed and the card left; null for a rail that needs none.</param>
/// <param name="Tried">The newest top-up that was made for it and not seen to be decided; null for none.</param>
/// <param name="Generation">The wallet's key generation when it was set: with another, the wallet was recovered since.</param>
/// <param name="Version">As of every row.</param>
public sealed record AutomaticTopUpRow(
    UInt128 Id, UInt128 Owner, string FloorUnits, string AmountUnits, int MostPerDay, string Rail, string? Instruction, int Failures, string? Fault, RowState State, UInt128? Agreed, UInt128? Tried, int Generation, int Version = 1)
    : IOwnedRow
{
    /// <summary>The owner of all of them.</summary>
    public static UInt128 All => UInt128.One;

    /// <summary>True if it waits for its owner to leave a card.</summary>
    internal bool IsWaiting => State == RowState.Active && Agreed is not null && Instruction is null;
}
