using Farthing.Payments.Settings;

namespace Farthing.Payments.Subscriptions;

/// <summary>A subscription's settings; its owner is the wallet. Times are Unix milliseconds.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Owner">The wallet.</param>
/// <param name="Payee">Who is paid.</param>
/// <param name="Offer">What is subscribed to.</param>
/// <param name="NextOffer">What it is from the next period on; zero for the same.</param>
/// <param name="TimeZone">Whose weeks and months count.</param>
/// <param name="Anchor">What the periods are counted from.</param>
/// <param name="PeriodStart">When the newest paid period began.</param>
/// <param name="PeriodEnd">When it ends.</param>
/// <param name="PartStart">From when on the period's units are counted: its start, or the last upgrade in it.</param>
/// <param name="Status">What it is.</param>
/// <param name="Retries">How often the renewal was refused.</param>
/// <param name="LastRefusal">Why, the last time.</param>
/// <param name="State">As of every row.</param>
/// <param name="CreatedAt">When it was asked for.</param>
/// <param name="Version">As of every row.</param>
public sealed record SubscriptionRow(
    UInt128 Id, UInt128 Owner, UInt128 Payee, UInt128 Offer, UInt128 NextOffer, string TimeZone, long Anchor, long PeriodStart, long PeriodEnd, long PartStart, SubscriptionStatus Status, int Retries,
    string? LastRefusal, RowState State, DateTimeOffset CreatedAt, int Version = 1) : IOwnedRow;

/// <summary>Something that happened to a subscription, as one of its two parties is told of it. Each is told by a row of its own.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Owner">The wallet or payee that is told.</param>
/// <param name="Subscription">To which subscription.</param>
/// <param name="Kind">What.</param>
/// <param name="By">Who made it happen.</param>
/// <param name="At">When, in Unix milliseconds.</param>
/// <param name="Offer">The offer from then on.</param>
/// <param name="PayableUnits">What is paid at once for a change or to resume; null if nothing is.</param>
/// <param name="Payment">The payment; zero if there is none.</param>
/// <param name="EffectiveAt">Until when the period is paid, or from when on a change holds, in Unix milliseconds; null where nothing is paid.</param>
/// <param name="Refusal">Why a renewal was refused.</param>
/// <param name="State">In the making while what is to be paid is not decided.</param>
/// <param name="Version">As of every row.</param>
public sealed record SubscriptionEventRow(
    UInt128 Id, UInt128 Owner, UInt128 Subscription, SubscriptionEventKind Kind, SubscriptionParty By, long At, UInt128 Offer, string? PayableUnits, UInt128 Payment, long? EffectiveAt, string? Refusal, RowState State,
    int Version = 1) : IEventRow
{
    /// <inheritdoc/>
    public EventRowKind RowKind => EventRowKind.Subscription;
}
