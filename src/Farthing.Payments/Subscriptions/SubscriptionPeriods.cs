using System.Globalization;
using Farthing.Payments.Calendars;
using Farthing.Payments.Desk;
using Farthing.Payments.Offers;
using Farthing.Payments.Settings;
using Farthing.Protocol;

namespace Farthing.Payments.Subscriptions;

/// <summary>The arithmetic of subscriptions: periods, prorated prices, and the payments and events that follow from them. Pure.</summary>
internal static class SubscriptionPeriods
{
    /// <summary>A refused renewal is tried again so many days after it was due.</summary>
    public static readonly IReadOnlyList<int> RetryDays = [1, 3, 5];

    /// <summary>At least so many hours are between two tries, also if the server was off when they were to be.</summary>
    public const int HoursBetweenTries = 12;

    private const long MillisecondsPerDay = 24 * 3600 * 1000;

    /// <summary>When a period ends that begins at an instant which is the anchor or one of its anniversaries.</summary>
    public static long EndOf(SubscriptionRow row, PerPeriod pricing, long start) =>
        TimeZones.TryFind(row.TimeZone, out var zone)
            ? Anniversaries.Next(pricing.Every, zone, row.Anchor, start)
            : throw new InvalidOperationException($"The time zone {row.TimeZone} of a subscription is no longer known.");

    /// <summary>When a refused renewal is tried again after so many refusals; null if it is not any more.</summary>
    public static long? RetryAt(long dueUnixMilliseconds, int refusals) =>
        refusals > RetryDays.Count ? null : dueUnixMilliseconds + (RetryDays[refusals - 1] * MillisecondsPerDay);

    /// <summary>What an upgrade costs for the rest of a period: the difference of the prices in proportion to the time that is left, rounded down. Zero or less is no upgrade.</summary>
    public static UInt128? Prorated(Amount before, Amount after, long now, long start, long end)
    {
        if (after.Units <= before.Units) return null;
        var (left, whole) = ((UInt128)(ulong)Math.Max(0, end - now), (UInt128)(ulong)(end - start));
        // Amounts are below 2^80 and times below 2^48: the product fits.
        return (after.Units - before.Units) * left / whole;
    }

    /// <summary>A payment of a subscription, under an id of its own subject and instant.</summary>
    public static PaymentRequest RequestFor(SubscriptionRow row, UInt128 offer, UInt128 subject, long atUnixMilliseconds, Amount amount) => new()
    {
        Wallet = new(row.Owner),
        Key = IdempotencyKey.ForDue(subject, atUnixMilliseconds),
        KeyScope = "due",
        Offer = new(offer),
        Amount = amount,
        IsPriced = true,
        Reference = new Id<SubscriptionKind>(row.Id).ToString(),
    };

    /// <summary>A paid period that begins at an instant.</summary>
    public static SubscriptionRow Began(SubscriptionRow row, PerPeriod pricing, long start) => row with
    {
        PeriodStart = start,
        PeriodEnd = EndOf(row, pricing, start),
        PartStart = start,
        Status = SubscriptionStatus.Active,
        Retries = 0,
        LastRefusal = null,
        State = RowState.Active,
        Version = row.Version + 1,
    };

    /// <summary>What both parties are told, a row for each, to be written with what it tells of.</summary>
    public static ISettingsRow[] Tell(SubscriptionRow row, SubscriptionEventKind kind, SubscriptionParty by, long at, UInt128 payment, long? effectiveAt, string? refusal, TimeProvider time)
    {
        var told = new SubscriptionEventRow(Id<EventKind>.New(time).Value, row.Owner, row.Id, kind, by, at, row.Offer, null, payment, effectiveAt, refusal, RowState.Active);
        return [told, told with { Id = Id<EventKind>.New(time).Value, Owner = row.Payee }];
    }

    public static Amount AmountOf(Asset asset, string units) => new(asset, UInt128.Parse(units, CultureInfo.InvariantCulture));

    public static string TextOf(UInt128 units) => units.ToString(CultureInfo.InvariantCulture);
}
