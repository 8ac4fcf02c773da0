using NodaTime;
using NodaTime.TimeZones;

namespace Farthing.Payments.Calendars;

/// <summary>A period of the calendar that a cap counts by.</summary>
public enum CalendarPeriod : byte
{
    /// <summary>From midnight to midnight: 23 to 25 hours where clocks change.</summary>
    Day,

    /// <summary>Monday to Sunday.</summary>
    Week,

    /// <summary>From the first of a month to the first of the next.</summary>
    Month,
}

/// <summary>A day, week or month in a time zone, as instants: from the start, up to and without the end. Unix milliseconds.</summary>
/// <remarks>The windows of one period and zone leave no gap and do not overlap. Immutable; safe to share between threads.</remarks>
public readonly record struct CalendarWindow(long StartUnixMilliseconds, long EndUnixMilliseconds)
{
    // What occurs twice begins when it comes first; what clocks skip, when they show anything later.
    private static readonly ZoneLocalMappingResolver FirstInstant = Resolvers.CreateMappingResolver(Resolvers.ReturnEarlier, Resolvers.ReturnStartOfIntervalAfter);

    /// <summary>The window that a moment is in.</summary>
    public static CalendarWindow Of(CalendarPeriod period, DateTimeZone zone, long unixMilliseconds)
    {
        ArgumentNullException.ThrowIfNull(zone);
        var first = FirstDay(period, Instant.FromUnixTimeMilliseconds(unixMilliseconds).InZone(zone).Date);
        var window = Between(first, period, zone);
        // Where clocks were set back over a midnight, the date goes back for a while, but the day that has begun goes on.
        return window.Contains(unixMilliseconds) ? window : Between(Next(first, period), period, zone);
    }

    /// <summary>True from the start on, and no longer at the end.</summary>
    public bool Contains(long unixMilliseconds) => StartUnixMilliseconds <= unixMilliseconds && unixMilliseconds < EndUnixMilliseconds;

    private static CalendarWindow Between(LocalDate first, CalendarPeriod period, DateTimeZone zone) => new(StartOf(first, zone), StartOf(Next(first, period), zone));

    /// <summary>From when on clocks have shown a time of a date. Unix milliseconds.</summary>
    internal static long StartOf(LocalDateTime shown, DateTimeZone zone) => zone.ResolveLocal(shown, FirstInstant).ToInstant().ToUnixTimeMilliseconds();

    private static long StartOf(LocalDate day, DateTimeZone zone) => StartOf(day.AtMidnight(), zone);

    private static LocalDate FirstDay(CalendarPeriod period, LocalDate day) => period switch
    {
        CalendarPeriod.Day => day,
        CalendarPeriod.Week => day.PlusDays(1 - (int)day.DayOfWeek),
        CalendarPeriod.Month => day.PlusDays(1 - day.Day),
        _ => throw new ArgumentOutOfRangeException(nameof(period), period, "Not a period of the calendar."),
    };

    private static LocalDate Next(LocalDate first, CalendarPeriod period) => period switch
    {
        CalendarPeriod.Day => first.PlusDays(1),
        CalendarPeriod.Week => first.PlusWeeks(1),
        _ => first.PlusMonths(1),
    };
}
