using Farthing.Payments.Calendars;
using Farthing.Payments.Fares;
using NodaTime;
using NodaTime.Text;

namespace Farthing.Payments.Tests.Fares;

public sealed class FareDayTests
{
    [Theory]
    // 30 March 2026 is the Monday after clocks went on; 25 October the Sunday on which they go back.
    [InlineData("Europe/London", "2026-03-29T03:29:59.999Z", "2026-03-28", 23)]
    [InlineData("Europe/London", "2026-03-29T03:30:00Z", "2026-03-29", 24)]
    [InlineData("Europe/London", "2026-03-28T04:30:00Z", "2026-03-28", 23)]
    [InlineData("Europe/London", "2026-03-28T04:29:59.999Z", "2026-03-27", 24)]
    [InlineData("Europe/London", "2026-10-25T04:29:59.999Z", "2026-10-24", 25)]
    [InlineData("Europe/London", "2026-10-25T04:30:00Z", "2026-10-25", 24)]
    [InlineData("America/New_York", "2026-11-24T09:29:59.999Z", "2026-11-23", 24)]
    [InlineData("America/New_York", "2026-11-24T09:30:00Z", "2026-11-24", 24)]
    [InlineData("UTC", "2027-01-01T04:29:00Z", "2026-12-31", 24)]
    // Samoa had no 30 December 2011: what is left of that fare day is the night that ends it.
    [InlineData("Pacific/Apia", "2011-12-30T14:29:59.999Z", "2011-12-30", 4)]
    [InlineData("Pacific/Apia", "2011-12-30T09:59:59.999Z", "2011-12-29", 19)]
    public void A_fare_day_begins_at_half_past_four_by_the_clocks_of_the_zone(string zone, string moment, string date, int hours)
    {
        var day = FareDay.Of(Zone(zone), Milliseconds(moment));
        Assert.Equal(date, LocalDatePattern.Iso.Format(day.Date));
        Assert.Equal(hours, (day.Window.EndUnixMilliseconds - day.Window.StartUnixMilliseconds) / 3_600_000);
        Assert.True(day.Window.Contains(Milliseconds(moment)));
    }

    [Theory]
    [InlineData("2026-11-23", "2026-11-23")]
    [InlineData("2026-11-29", "2026-11-23")]
    [InlineData("2026-11-30", "2026-11-30")]
    [InlineData("2027-01-01", "2026-12-28")]
    public void A_fare_week_is_from_monday_to_sunday(string date, string monday) =>
        Assert.Equal(monday, LocalDatePattern.Iso.Format(FareDay.On(Zone("Europe/Paris"), LocalDatePattern.Iso.Parse(date).Value).Monday));

    [Fact]
    public void Fare_days_of_every_zone_leave_no_gap_and_do_not_overlap()
    {
        var (from, to) = (Instant.FromUtc(2005, 1, 1, 0, 0), Instant.FromUtc(2030, 1, 1, 0, 0));
        var count = 0;
        foreach (var name in DateTimeZoneProviders.Tzdb.Ids)
        {
            var zone = DateTimeZoneProviders.Tzdb[name];
            foreach (var interval in zone.GetZoneIntervals(from, to).Where(interval => interval.HasEnd))
            {
                var day = FareDay.Of(zone, (interval.End - Duration.FromHours(48)).ToUnixTimeMilliseconds());
                while (day.Window.EndUnixMilliseconds <= (interval.End + Duration.FromHours(48)).ToUnixTimeMilliseconds())
                {
                    var next = FareDay.Of(zone, day.Window.EndUnixMilliseconds);
                    Assert.Equal(day.Window.EndUnixMilliseconds, next.Window.StartUnixMilliseconds);
                    Assert.Equal(day.Date.PlusDays(1), next.Date);
                    Assert.Equal(day, FareDay.Of(zone, day.Window.StartUnixMilliseconds));
                    Assert.Equal(day, FareDay.Of(zone, day.Window.EndUnixMilliseconds - 1));
                    day = next;
                    count++;
                }
            }
        }

        Assert.True(count > 10_000, $"Only {count} days.");
    }

    private static DateTimeZone Zone(string name) => TimeZones.TryFind(name, out var zone) ? zone : throw new ArgumentException($"No zone {name}.");

    private static long Milliseconds(string text) => InstantPattern.ExtendedIso.Parse(text).GetValueOrThrow().ToUnixTimeMilliseconds();
}
