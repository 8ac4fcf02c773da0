using Farthing.Protocol;

namespace Farthing.Ledger;

/// <summary>Four counts of an account's units. Immutable; safe to share between threads.</summary>
/// <param name="DebitsPosted">Everything that went out.</param>
/// <param name="DebitsHeld">Set aside to go out.</param>
/// <param name="CreditsPosted">Everything that came in.</param>
/// <param name="CreditsHeld">Set aside to come in.</param>
public readonly record struct Balances(UInt128 DebitsPosted, UInt128 DebitsHeld, UInt128 CreditsPosted, UInt128 CreditsHeld)
{
    /// <summary>What can be spent: posted credits less posted and held debits. Zero for an account that owes.</summary>
    public UInt128 Available => CreditsPosted > DebitsPosted + DebitsHeld ? CreditsPosted - DebitsPosted - DebitsHeld : UInt128.Zero;

    /// <summary>What is owed and not yet on its way: posted debits less posted and held credits. Zero for an account that does not owe.</summary>
    public UInt128 Owed => DebitsPosted > CreditsPosted + CreditsHeld ? DebitsPosted - CreditsPosted - CreditsHeld : UInt128.Zero;
}

/// <summary>An account's counts at a moment that is past. Immutable; safe to share between threads.</summary>
/// <param name="Balances">Its counts.</param>
/// <param name="Position">The record that left them so.</param>
/// <param name="UnixMilliseconds">The time of that record.</param>
public readonly record struct PastBalances(Balances Balances, long Position, long UnixMilliseconds);

/// <summary>An account as it stood at one moment. Immutable; safe to share between threads.</summary>
/// <param name="Id">The account.</param>
/// <param name="Asset">What it counts.</param>
/// <param name="Flags">What it allows.</param>
/// <param name="Balances">Its counts.</param>
/// <param name="LastPosition">The newest record that touched it.</param>
public readonly record struct AccountSnapshot(UInt128 Id, Asset Asset, AccountFlags Flags, Balances Balances, long LastPosition);
