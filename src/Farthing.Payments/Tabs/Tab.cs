using Farthing.Payments.Settings;
using Farthing.Protocol;

namespace Farthing.Payments.Tabs;

/// <summary>What a tab is at a moment.</summary>
public enum TabStatus : byte
{
    /// <summary>The wallet can read on it.</summary>
    Open,

    /// <summary>There is no room for another read until it is paid.</summary>
    Full,

    /// <summary>It was not paid in time, and what it owes is booked as a loss. Nothing is read on it until it is paid.</summary>
    Lost,
}

/// <summary>What a wallet owes a payee for what it has read. Immutable; safe to share between threads.</summary>
/// <param name="Id">Its id; a wallet has one tab with a payee for all offers that share alike, for ever.</param>
/// <param name="Wallet">Who owes; doors show it only to the wallet itself.</param>
/// <param name="Payer">The wallet's pseudonym with the payee; doors show it only to the payee.</param>
/// <param name="Payee">Who is owed.</param>
/// <param name="Status">What it is.</param>
/// <param name="Owed">How much is owed; what is booked as a loss is owed still.</param>
/// <param name="Cap">At most how much.</param>
/// <param name="DueAt">When the oldest read that is not paid is a loss; null if nothing is owed, or it is one already.</param>
/// <param name="CreatedAt">When it was opened.</param>
public sealed record Tab(
    Id<TabKind> Id, Id<WalletKind> Wallet, Id<PayerKind> Payer, Id<PayeeKind> Payee, TabStatus Status, Amount Owed, Amount Cap, DateTimeOffset? DueAt, DateTimeOffset CreatedAt);

/// <summary>All tabs of a payee together.</summary>
/// <param name="Open">What is owed and can still be paid in time.</param>
/// <param name="Paid">All that was ever paid on tabs, refunds of those payments not counted.</param>
/// <param name="Lost">What was not paid in time.</param>
public sealed record TabTotals(Amount Open, Amount Paid, Amount Lost);

/// <summary>A tab's settings; its owner is the wallet. They are those of the offer that it was opened for; <see cref="Offer"/> is that one, if it has splits.</summary>
public sealed record TabRow(
    UInt128 Id, UInt128 Owner, UInt128 Payee, UInt128? Offer, string Currency, string PriceUnits, string CapUnits, int DueAfterSeconds, RowState State, DateTimeOffset CreatedAt, int Version = 1)
    : IOwnedRow;

/// <summary>Says of a tab, whose id it has, which payee it is with, so that a payee finds its own.</summary>
public sealed record PayeeTabRow(UInt128 Id, UInt128 Owner, RowState State, int Version = 1)
    : IOwnedRow;
