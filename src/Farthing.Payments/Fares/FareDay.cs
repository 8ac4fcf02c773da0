using Farthing.Payments.Calendars;
using NodaTime;

namespace Farthing.Payments.Fares;

/// <summary>A day as transit counts it: from 04:30 of its date up to and without 04:30 of the next, so that a night's last journey belongs to the evening before.</summary>
/// <param name="Date">Its date.</param>
/// <param name="Window">From when until when it lasts: 23 to 25 hours where clocks change.</param>
/// <remarks>The fare days of a zone leave no gap and do not overlap. Immutable; safe to share between threads.</remarks>
public readonly record struct FareDay(LocalDate Date, CalendarWindow Window)
{
    /// <summary>How many there are in a fare week, which goes from Monday to Sunday.</summary>
    public const int PerWeek = 7;

    private static readonly LocalTime Begins = new(4, 30);

    /// <summary>How long after its end taps of it can still make it dearer, in milliseconds: three days of 24 hours.</summary>
    internal const long AdjustableMilliseconds = 3 * 24 * 3600 * 1000L;

    /// <summary>How long after its end taps of it are taken at all, in milliseconds: eight weeks.</summary>
    internal const long OpenMilliseconds = 8 * 7 * 24 * 3600 * 1000L;

    /// <summary>How long its payments can be refunded, in seconds: for a day more than its taps are taken, as those of the last moment must be acted on.</summary>
    internal const int RefundWindowSeconds = 57 * 24 * 3600;

    /// <summary>The Monday of its fare week.</summary>
    public LocalDate Monday => Date.PlusDays(1 - (int)Date.DayOfWeek);

    /// <summary>The first moment at which nothing makes it dearer any more.</summary>
    internal long FixedUnixMilliseconds => Window.EndUnixMilliseconds + AdjustableMilliseconds;

    /// <summary>The first moment at which none of its taps are taken any more.</summary>
    internal long ClosedUnixMilliseconds => Window.EndUnixMilliseconds + OpenMilliseconds;

    /// <summary>The fare day that a moment is in.</summary>
    public static FareDay Of(DateTimeZone zone, long unixMilliseconds)
    {
        ArgumentNullException.ThrowIfNull(zone);
        var shown = Instant.FromUnixTimeMilliseconds(unixMilliseconds).InZone(zone).LocalDateTime;
        var day = On(zone, shown.TimeOfDay < Begins ? shown.Date.PlusDays(-1) : shown.Date);
        // Where clocks were set back over 04:30 the fare day that has begun goes on.
        return day.Window.Contains(unixMilliseconds) ? day : On(zone, day.Date.PlusDays(1));
    }

    /// <summary>The fare day of a date.</summary>
    public static FareDay On(DateTimeZone zone, LocalDate date)
    {
        ArgumentNullException.ThrowIfNull(zone);
        return new(date, new(CalendarWindow.StartOf(date.At(Begins), zone), CalendarWindow.StartOf(date.PlusDays(1).At(Begins), zone)));
    }

    /// <summary>The seven fare days of the week that begins on a Monday.</summary>
    internal static FareDay[] WeekOf(DateTimeZone zone, LocalDate monday) => [.. Enumerable.Range(0, PerWeek).Select(number => On(zone, monday.PlusDays(number)))];
}
