using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Farthing.Payments.Settings;
using Farthing.Protocol;

namespace Farthing.Payments.Payouts;

/// <summary>Where a payee is or was paid out to. The id follows from the content, so that the hold of a payout says where it goes.</summary>
/// <param name="Id">The blind index of all the rest.</param>
/// <param name="Owner">The payee.</param>
/// <param name="Rail">By what.</param>
/// <param name="Name">Whose account it is.</param>
/// <param name="Iban">Its IBAN.</param>
/// <param name="Bic">The bank's BIC.</param>
/// <param name="Instruction">What the sandbox is to do.</param>
/// <param name="IsKnown">Whether the operator has released a payout to it.</param>
/// <param name="State">Always active.</param>
/// <param name="Version">As of every row.</param>
public sealed record PayoutDestinationRow(UInt128 Id, UInt128 Owner, string Rail, string Name, string? Iban, string? Bic, string? Instruction, bool IsKnown, RowState State, int Version = 1) : IOwnedRow
{
    internal PayoutDestination Destination => new(Name, Iban, Bic, Instruction);
}

/// <summary>How a payee is paid out; the id is the payee's, which is also the subject of its schedule.</summary>
public sealed record PayoutSettingRow(UInt128 Id, UInt128 Destination, string Currency, string ThresholdUnits, PayoutRhythm Rhythm, string TimeZone, string? LastSkip, RowState State, int Version = 1) : ISettingsRow
{
    internal Amount Threshold => new(Payments.Currency.Of(Currency), UInt128.Parse(ThresholdUnits, CultureInfo.InvariantCulture));
}

/// <summary>How far a payout has come. Its money is the ledger's: the hold with its id.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Owner">The payee.</param>
/// <param name="Destination">Where to: the id of a <see cref="PayoutDestinationRow"/>.</param>
/// <param name="Units">What leaves the balance.</param>
/// <param name="CostUnits">What the rail takes of it.</param>
/// <param name="Currency">Of both.</param>
/// <param name="Trigger">What began it.</param>
/// <param name="Stage">How far it has come.</param>
/// <param name="Cause">What brought it there.</param>
/// <param name="Note">The operator's or the rail's words.</param>
/// <param name="ToldAt">When the rail was last told to pay, in Unix milliseconds.</param>
/// <param name="ReturnedUnits">What came back after it was done; null if nothing did.</param>
/// <param name="ChangedAt">Since when it is in its state.</param>
/// <param name="State">Always active.</param>
/// <param name="CreatedAt">When it began.</param>
/// <param name="Version">As of every row.</param>
public sealed record PayoutRow(
    UInt128 Id, UInt128 Owner, UInt128 Destination, string Units, string CostUnits, string Currency, PayoutTrigger Trigger, PayoutState Stage, PayoutCause Cause, string? Note, long? ToldAt, string? ReturnedUnits,
    DateTimeOffset ChangedAt, RowState State, DateTimeOffset CreatedAt, int Version = 1) : ITellingRow
{
    /// <summary>Tells of each state that it comes into.</summary>
    public EventRow? Tell()
    {
        var data = new JsonObject
        {
            ["id"] = new Id<PayoutKind>(Id).ToString(),
            ["state"] = Stage.ToString().ToLowerInvariant(),
            ["amount"] = EventRow.NodeOf(Amount),
            ["cost"] = EventRow.NodeOf(Cost),
            ["arrives"] = EventRow.NodeOf(Arrives),
        };
        if (Cause != PayoutCause.None) data["cause"] = JsonNamingPolicy.SnakeCaseLower.ConvertName(Cause.ToString());
        if (Returned is { } back) data["returned"] = EventRow.NodeOf(back);
        if (Note is not null) data["note"] = Note;
        return EventRow.Of(Owner, $"payout.{Stage.ToString().ToLowerInvariant()}", new Id<PayoutKind>(Id), ChangedAt, data);
    }

    internal Amount Amount => AmountOf(Units);

    internal Amount Cost => AmountOf(CostUnits);

    internal Amount Arrives => Amount - Cost;

    internal Amount? Returned => ReturnedUnits is null ? null : AmountOf(ReturnedUnits);

    /// <summary>The row in another state.</summary>
    internal PayoutRow In(PayoutState stage, PayoutCause cause, string? note, DateTimeOffset now) => this with { Stage = stage, Cause = cause, Note = note, ChangedAt = now, Version = Version + 1 };

    private Amount AmountOf(string units) => new(Payments.Currency.Of(Currency), UInt128.Parse(units, CultureInfo.InvariantCulture));
}
