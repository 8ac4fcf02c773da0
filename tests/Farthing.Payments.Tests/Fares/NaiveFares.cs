using Farthing.Payments.Fares;
using NodaTime;

namespace Farthing.Payments.Tests.Fares;

/// <summary>Prices fares as one would by hand: after each tap that is heard of, all taps afresh.</summary>
internal static class NaiveFares
{
    private const long Hour = 3_600_000;

    public static long[] Owed(FareTable table, DateTimeZone zone, LocalDate monday, IReadOnlyList<FareTap> taps)
    {
        var owed = new long[7];
        foreach (var now in taps.Select(tap => tap.ArrivedUnixMilliseconds).Distinct().Order())
        {
            var heard = taps.Where(tap => tap.ArrivedUnixMilliseconds <= now).ToList();
            var left = (long)table.PerWeek.Units;
            for (var i = 0; i < 7; i++)
            {
                var date = monday.PlusDays(i);
                var end = zone.AtStrictly(date.PlusDays(1).At(new LocalTime(4, 30))).ToInstant().ToUnixTimeMilliseconds();
                var asked = Math.Min(left, Math.Min((long)table.PerDay.Units, heard.Where(tap => DateOf(tap, zone) == date).Sum(tap => CostOf(table.Singles, tap, heard))));
                owed[i] = now - end >= 72 * Hour ? Math.Min(owed[i], asked) : asked;
                left -= owed[i];
            }
        }

        return owed;
    }

    private static LocalDate DateOf(FareTap tap, DateTimeZone zone) =>
        Instant.FromUnixTimeMilliseconds(tap.UnixMilliseconds).InZone(zone).LocalDateTime.PlusHours(-4).PlusMinutes(-30).Date;

    /// <summary>What a tap costs: the fare of the journey that it begins, nothing if it ends one, the incomplete fare if it has no partner.</summary>
    private static long CostOf(SingleFares singles, FareTap tap, List<FareTap> heard)
    {
        if (singles is FlatFare flat) return (long)flat.Fare.Units;
        var zones = (ZoneFares)singles;
        if (tap.Direction == TapDirection.Out) return heard.Any(other => other.Direction == TapDirection.In && PartnerOf(zones, other, heard) == tap) ? 0 : (long)zones.Incomplete.Units;
        if (PartnerOf(zones, tap, heard) is not { } partner) return (long)zones.Incomplete.Units;
        return (long)zones.Pairs.Single(pair => (pair.From == tap.Zone && pair.To == partner.Zone) || (pair.From == partner.Zone && pair.To == tap.Zone)).Fare.Units;
    }

    private static FareTap? PartnerOf(ZoneFares zones, FareTap first, List<FareTap> heard)
    {
        var next = heard.Where(tap => IsBefore(first, tap)).Aggregate(default(FareTap), (best, tap) => best is null || IsBefore(tap, best) ? tap : best);
        return next?.Direction == TapDirection.Out && next.UnixMilliseconds - first.UnixMilliseconds <= zones.CompleteWithinSeconds * 1000L ? next : null;
    }

    private static bool IsBefore(FareTap one, FareTap other) =>
        (one.UnixMilliseconds, one.Direction ?? 0, one.Id).CompareTo((other.UnixMilliseconds, other.Direction ?? 0, other.Id)) < 0;
}
