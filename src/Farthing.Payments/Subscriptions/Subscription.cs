using Farthing.Payments.Desk;
using Farthing.Protocol;

namespace Farthing.Payments.Subscriptions;

/// <summary>What a subscription is at a moment. Numbers are stored.</summary>
public enum SubscriptionStatus : byte
{
    /// <summary>The period is paid, and renewed when it is over.</summary>
    Active = 0,

    /// <summary>The period is paid; when it is over, the subscription is paused.</summary>
    Pausing = 1,

    /// <summary>No period is paid, and none is asked for until the payer resumes it.</summary>
    Paused = 2,

    /// <summary>The renewal was refused and is tried again.</summary>
    PastDue = 3,

    /// <summary>The period is paid; when it is over, the subscription ends.</summary>
    Cancelled = 4,

    /// <summary>Over.</summary>
    Ended = 5,
}

/// <summary>What happened to a subscription. Numbers are stored.</summary>
public enum SubscriptionEventKind : byte
{
    /// <summary>It began, with its first period paid.</summary>
    Started = 0,

    /// <summary>The next period was paid.</summary>
    Renewed = 1,

    /// <summary>A renewal was refused.</summary>
    RenewalRefused = 2,

    /// <summary>The payer chose another offer, at once or from the next period on.</summary>
    Changed = 3,

    /// <summary>The payer paused it, from the end of the period on.</summary>
    Paused = 4,

    /// <summary>The payer resumed it.</summary>
    Resumed = 5,

    /// <summary>Payer or payee cancelled it.</summary>
    Cancelled = 6,

    /// <summary>It is over.</summary>
    Ended = 7,
}

/// <summary>Who made something happen to a subscription. Numbers are stored.</summary>
public enum SubscriptionParty : byte
{
    /// <summary>Nobody: its time had come.</summary>
    Schedule = 0,

    /// <summary>The wallet.</summary>
    Payer = 1,

    /// <summary>The payee.</summary>
    Payee = 2,
}

/// <summary>A subscription. Immutable; safe to share between threads.</summary>
/// <param name="Id">Its id, which is also the reference of each of its payments.</param>
/// <param name="Status">What it is.</param>
/// <param name="Wallet">Who pays; doors show it only to the wallet itself.</param>
/// <param name="Payer">The payer's pseudonym with the payee; doors show it only to the payee.</param>
/// <param name="Payee">Who is paid.</param>
/// <param name="Offer">What is subscribed to.</param>
/// <param name="NextOffer">What it is from the next period on, if that is another offer.</param>
/// <param name="TimeZone">The IANA name of the zone whose weeks and months count.</param>
/// <param name="PeriodStart">When the newest paid period began.</param>
/// <param name="PeriodEnd">When it ends or ended.</param>
/// <param name="NextAt">When it is next renewed or that is tried again, or it is paused or ends; null if nothing is to come.</param>
/// <param name="LastRefusal">Why the renewal was refused, while it is past due or if it ended so; a code of <c>docs/errors.md</c>.</param>
/// <param name="CreatedAt">When it began.</param>
public sealed record Subscription(
    Id<SubscriptionKind> Id, SubscriptionStatus Status, Id<WalletKind> Wallet, Id<PayerKind> Payer, Id<PayeeKind> Payee, Id<OfferKind> Offer, Id<OfferKind>? NextOffer, string TimeZone,
    DateTimeOffset PeriodStart, DateTimeOffset PeriodEnd, DateTimeOffset? NextAt, string? LastRefusal, DateTimeOffset CreatedAt)
{
    /// <summary>How many units are left of what the period includes; null for as many as are wanted, and in the answer to a request that changes something.</summary>
    public UInt128? UnitsLeft { get; init; }

    /// <summary>How much room is left under the cap of extras; null if there are none.</summary>
    public Amount? ExtraLeft { get; init; }
}

/// <summary>A new subscription with the payment of its first period.</summary>
public sealed record Subscribed(Payment Payment, Subscription Subscription);

/// <summary>Something that happened to a subscription. Immutable; safe to share between threads.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Subscription">To which one.</param>
/// <param name="Kind">What.</param>
/// <param name="By">Who made it happen.</param>
/// <param name="At">When; of a renewal, when it was due or tried again.</param>
/// <param name="Offer">The offer from then on.</param>
/// <param name="Payment">What was paid for it, or null.</param>
/// <param name="EffectiveAt">Until when the period is paid, or, of a change, from when on it holds; null where nothing is paid.</param>
/// <param name="Refusal">Why a renewal was refused; a code of <c>docs/errors.md</c>; else null.</param>
public sealed record SubscriptionEvent(
    Id<EventKind> Id, Id<SubscriptionKind> Subscription, SubscriptionEventKind Kind, SubscriptionParty By, DateTimeOffset At, Id<OfferKind> Offer, Id<PaymentKind>? Payment, DateTimeOffset? EffectiveAt, string? Refusal);
