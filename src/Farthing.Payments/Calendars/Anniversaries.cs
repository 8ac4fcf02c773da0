using NodaTime;

namespace Farthing.Payments.Calendars;

/// <summary>The instants at which something that began once comes round again, at the same time of day in a time zone.</summary>
/// <remarks>
/// Each is counted from the beginning and not from the one before, so what began on the 31st comes on the last day of shorter months and on the 31st again after
/// them. A time of day that clocks skip comes as much later as they skip; one that they show twice comes the first time.
/// </remarks>
public static class Anniversaries
{
    /// <summary>The first one after an instant.</summary>
    /// <param name="period">How often it comes round.</param>
    /// <param name="zone">Whose calendar counts.</param>
    /// <param name="firstUnixMilliseconds">When it began.</param>
    /// <param name="afterUnixMilliseconds">Not before the beginning.</param>
    /// <returns>Unix milliseconds.</returns>
    public static long Next(CalendarPeriod period, DateTimeZone zone, long firstUnixMilliseconds, long afterUnixMilliseconds)
    {
        ArgumentNullException.ThrowIfNull(zone);
        ArgumentOutOfRangeException.ThrowIfLessThan(afterUnixMilliseconds, firstUnixMilliseconds);
        var first = Instant.FromUnixTimeMilliseconds(firstUnixMilliseconds).InZone(zone).LocalDateTime;
        var after = Instant.FromUnixTimeMilliseconds(afterUnixMilliseconds).InZone(zone).LocalDateTime;
        // Clocks that were set back or on can put it one off.
        var number = Math.Max(0, Between(period, first, after) - 1);
        long next;
        do next = At(++number);
        while (next <= afterUnixMilliseconds);
        return next;

        long At(int count) => zone.AtLeniently(Plus(period, first, count)).ToInstant().ToUnixTimeMilliseconds();
    }

    private static int Between(CalendarPeriod period, LocalDateTime first, LocalDateTime after) => period switch
    {
        CalendarPeriod.Day => Period.DaysBetween(first.Date, after.Date),
        CalendarPeriod.Week => Period.DaysBetween(first.Date, after.Date) / 7,
        CalendarPeriod.Month => ((after.Year - first.Year) * 12) + after.Month - first.Month,
        _ => throw new ArgumentOutOfRangeException(nameof(period), period, "Not a period of the calendar."),
    };

    private static LocalDateTime Plus(CalendarPeriod period, LocalDateTime first, int count) => period switch
    {
        CalendarPeriod.Day => first.PlusDays(count),
        CalendarPeriod.Week => first.PlusWeeks(count),
        _ => first.PlusMonths(count),
    };
}
