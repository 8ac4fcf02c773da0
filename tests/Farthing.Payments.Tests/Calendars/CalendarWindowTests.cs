using Farthing.Payments.Calendars;
using NodaTime;
using NodaTime.Text;

namespace Farthing.Payments.Tests.Calendars;

/// <summary>Days, weeks and months of a time zone, as instants.</summary>
public sealed class CalendarWindowTests
{
    [Theory]
    [InlineData("UTC", CalendarPeriod.Day, "2026-11-23T00:00:00Z", "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z")]
    [InlineData("UTC", CalendarPeriod.Day, "2026-11-23T23:59:59.999Z", "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z")]
    [InlineData("UTC", CalendarPeriod.Week, "2026-11-23T00:00:00Z", "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z")]
    [InlineData("UTC", CalendarPeriod.Week, "2026-11-22T23:59:59.999Z", "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z")]
    [InlineData("UTC", CalendarPeriod.Month, "2028-02-29T12:00:00Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z")]
    [InlineData("Asia/Kathmandu", CalendarPeriod.Day, "2026-11-23T18:14:59.999Z", "2026-11-22T18:15:00Z", "2026-11-23T18:15:00Z")]
    // 23 and 25 hours.
    [InlineData("Europe/Paris", CalendarPeriod.Day, "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")]
    [InlineData("Europe/Paris", CalendarPeriod.Day, "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z")]
    [InlineData("America/New_York", CalendarPeriod.Month, "2026-11-15T12:00:00Z", "2026-11-01T04:00:00Z", "2026-12-01T05:00:00Z")]
    // A midnight that does not exist: on 2026-04-24 Cairo's clocks go from 00:00 to 01:00.
    [InlineData("Africa/Cairo", CalendarPeriod.Day, "2026-04-24T12:00:00Z", "2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z")]
    // A midnight that comes twice: on 2010-11-07 clocks of St. John's went back from 00:01 to 23:01.
    [InlineData("America/St_Johns", CalendarPeriod.Day, "2010-11-07T02:30:30Z", "2010-11-07T02:30:00Z", "2010-11-08T03:30:00Z")]
    [InlineData("America/St_Johns", CalendarPeriod.Day, "2010-11-07T02:45:00Z", "2010-11-07T02:30:00Z", "2010-11-08T03:30:00Z")]
    // A day that was left out: Samoa had no 30 December 2011.
    [InlineData("Pacific/Apia", CalendarPeriod.Day, "2011-12-30T09:59:59.999Z", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z")]
    [InlineData("Pacific/Apia", CalendarPeriod.Day, "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z")]
    public void A_window_is_that_of_the_calendar_on_the_wall(string zone, CalendarPeriod period, string moment, string start, string end)
    {
        var window = CalendarWindow.Of(period, Zone(zone), Milliseconds(moment));
        Assert.Equal((start, end), (Text(window.StartUnixMilliseconds), Text(window.EndUnixMilliseconds)));
    }

    [Fact]
    public void Windows_of_every_zone_leave_no_gap_and_do_not_overlap()
    {
        var (from, to) = (Milliseconds("2005-01-01T00:00:00Z"), Milliseconds("2030-01-01T00:00:00Z"));
        var count = 0;
        foreach (var name in DateTimeZoneProviders.Tzdb.Ids)
        {
            var zone = DateTimeZoneProviders.Tzdb[name];
            foreach (var period in Enum.GetValues<CalendarPeriod>())
            {
                // Days only where something happens: around the changes of the clocks.
                var moments = period == CalendarPeriod.Day
                    ? zone.GetZoneIntervals(Instant.FromUnixTimeMilliseconds(from), Instant.FromUnixTimeMilliseconds(to)).Where(interval => interval.HasEnd).Select(interval => interval.End.ToUnixTimeMilliseconds())
                    : Enumerable.Range(0, 100).Select(i => from + ((to - from) / 100 * i));
                foreach (var moment in moments)
                {
                    var window = CalendarWindow.Of(period, zone, moment - (48 * 3600 * 1000));
                    while (window.EndUnixMilliseconds <= moment + (24 * 3600 * 1000))
                    {
                        var next = CalendarWindow.Of(period, zone, window.EndUnixMilliseconds);
                        Assert.Equal(window.EndUnixMilliseconds, next.StartUnixMilliseconds);
                        Assert.Equal(window, CalendarWindow.Of(period, zone, window.StartUnixMilliseconds));
                        Assert.Equal(window, CalendarWindow.Of(period, zone, window.EndUnixMilliseconds - 1));
                        window = next;
                        count++;
                    }
                }
            }
        }

        Assert.True(count > 10_000, $"Only {count} windows.");
    }

    [Theory]
    [InlineData("Europe/Paris", true)]
    [InlineData("UTC", true)]
    [InlineData("europe/paris", false)]
    [InlineData("Paris", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void A_zone_is_found_by_its_name(string? name, bool isThere) => Assert.Equal(isThere, TimeZones.TryFind(name, out _));

    private static DateTimeZone Zone(string name) => TimeZones.TryFind(name, out var zone) ? zone : throw new ArgumentException($"No zone {name}.");

    private static long Milliseconds(string text) => InstantPattern.ExtendedIso.Parse(text).GetValueOrThrow().ToUnixTimeMilliseconds();

    private static string Text(long unixMilliseconds) => InstantPattern.ExtendedIso.Format(Instant.FromUnixTimeMilliseconds(unixMilliseconds));
}
