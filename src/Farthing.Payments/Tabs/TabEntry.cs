using System.Globalization;
using Farthing.Protocol;

namespace Farthing.Payments.Tabs;

/// <summary>A tab as it is kept in memory. Immutable; safe to share between threads.</summary>
/// <remarks>
/// A tab is two accounts in an asset of its own: the room, filled with the cap, and what is owed. A read moves its price from the one to the other, a payment moves
/// what it pays back, and neither account can be overdrawn: so no race of reads passes the cap, and none of payments gives more room than was taken.
/// </remarks>
internal sealed class TabEntry(TabRow row)
{
    public Id<TabKind> Id { get; } = new(row.Id);

    public UInt128 Wallet => row.Owner;

    public UInt128 Payee => row.Payee;

    /// <summary>The offer whose splits say who shares in what pays the tab; null if nobody does.</summary>
    public Id<OfferKind>? Offer { get; } = row.Offer is { } offer ? new(offer) : null;

    public Asset Currency { get; } = Payments.Currency.Of(row.Currency);

    /// <summary>At most how much is owed.</summary>
    public Amount Cap { get; } = new(Payments.Currency.Of(row.Currency), UInt128.Parse(row.CapUnits, CultureInfo.InvariantCulture));

    /// <summary>The price of a read, by which it is known whether there is room for another.</summary>
    public UInt128 PriceUnits { get; } = UInt128.Parse(row.PriceUnits, CultureInfo.InvariantCulture);

    public long DueAfterMilliseconds => row.DueAfterSeconds * 1000L;

    public DateTimeOffset CreatedAt => row.CreatedAt;

    /// <summary>The account of the room that is left.</summary>
    public UInt128 Room => row.Id;

    /// <summary>The account of what is owed and not lost.</summary>
    public UInt128 Owed => TabAccounts.OwedOf(row.Id);
}

/// <summary>What a tab's accounts say.</summary>
/// <param name="Owed">How much is owed, losses included.</param>
/// <param name="IsLost">True if what is owed is booked as a loss.</param>
internal readonly record struct TabBalance(Amount Owed, bool IsLost);
