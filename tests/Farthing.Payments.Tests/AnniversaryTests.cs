using Farthing.Payments.Calendars;
using NodaTime;

namespace Farthing.Payments.Tests;

public class AnniversaryTests
{
    [Theory]
    [InlineData(CalendarPeriod.Month, "UTC", "2027-01-31T10:00:00Z", "2027-02-28T10:00:00Z 2027-03-31T10:00:00Z 2027-04-30T10:00:00Z 2027-05-31T10:00:00Z")]
    [InlineData(CalendarPeriod.Month, "UTC", "2028-01-30T10:00:00Z", "2028-02-29T10:00:00Z 2028-03-30T10:00:00Z")]
    [InlineData(CalendarPeriod.Month, "UTC", "2027-11-30T23:59:59.999Z", "2027-12-30T23:59:59.999Z 2028-01-30T23:59:59.999Z 2028-02-29T23:59:59.999Z 2028-03-30T23:59:59.999Z")]
    // 02:30 does not occur in Berlin on 28 March 2027, and occurs twice on 31 October.
    [InlineData(CalendarPeriod.Month, "Europe/Berlin", "2027-02-28T01:30:00Z", "2027-03-28T01:30:00Z 2027-04-28T00:30:00Z")]
    [InlineData(CalendarPeriod.Month, "Europe/Berlin", "2027-08-31T00:30:00Z", "2027-09-30T00:30:00Z 2027-10-31T00:30:00Z 2027-11-30T01:30:00Z")]
    [InlineData(CalendarPeriod.Day, "America/New_York", "2027-03-13T07:30:00Z", "2027-03-14T07:30:00Z 2027-03-15T06:30:00Z")]
    [InlineData(CalendarPeriod.Week, "America/New_York", "2027-03-08T17:00:00Z", "2027-03-15T16:00:00Z 2027-03-22T16:00:00Z")]
    public void What_comes_round_keeps_its_day_and_time_of_day(CalendarPeriod period, string zone, string first, string expected)
    {
        Assert.True(TimeZones.TryFind(zone, out var found));
        var began = Milliseconds(first);
        var at = began;
        foreach (var next in expected.Split(' '))
        {
            at = Anniversaries.Next(period, found, began, at);
            Assert.Equal(next, Text(at));
        }
    }

    [Fact]
    public void Each_is_the_first_after_any_instant_before_it()
    {
        var random = new Random(7);
        var zones = new[] { "UTC", "Europe/Paris", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Casablanca" };
        for (var round = 0; round < 600; round++)
        {
            var period = (CalendarPeriod)random.Next(3);
            Assert.True(TimeZones.TryFind(zones[random.Next(zones.Length)], out var zone));
            var began = Milliseconds("2026-01-01T00:00:00Z") + random.NextInt64(3L * 365 * 24 * 3_600_000);
            var before = began;
            for (var count = 0; count < 30; count++)
            {
                var next = Anniversaries.Next(period, zone, began, before);
                Assert.True(next > before);
                Assert.Equal(next, Anniversaries.Next(period, zone, began, before + random.NextInt64(next - before)));
                Assert.InRange(next - before, Shortest(period), Longest(period));
                before = next;
            }
        }
    }

    private static long Shortest(CalendarPeriod period) => (period switch { CalendarPeriod.Day => 24L, CalendarPeriod.Week => 168, _ => 28 * 24 } - 2) * 3_600_000;

    private static long Longest(CalendarPeriod period) => (period switch { CalendarPeriod.Day => 24L, CalendarPeriod.Week => 168, _ => 31 * 24 } + 2) * 3_600_000;

    private static long Milliseconds(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();

    private static string Text(long unixMilliseconds) => NodaTime.Text.InstantPattern.ExtendedIso.Format(Instant.FromUnixTimeMilliseconds(unixMilliseconds));
}
