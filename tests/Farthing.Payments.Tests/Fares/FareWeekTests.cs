using CsCheck;
using Farthing.Payments.Calendars;
using Farthing.Payments.Fares;
using Farthing.Protocol;
using NodaTime;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests.Fares;

public sealed class FareWeekTests
{
    private const long Minute = 60_000;
    private const long Hour = 60 * Minute;
    private const long Day = 24 * Hour;

    // Clocks go back on the Sunday of this week.
    private static readonly LocalDate Monday = new(2026, 10, 19);
    private static readonly DateTimeZone London = TimeZones.TryFind("Europe/London", out var zone) ? zone : throw new InvalidOperationException("No London.");
    private static readonly long Start = FareDay.On(London, Monday).Window.StartUnixMilliseconds;

    private static readonly FareTable Flat = new(new FlatFare(Usd("1.75")), Usd("5.25"), Usd("24.70"), "Europe/London");

    private static readonly FareTable Zoned = new(
        new ZoneFares([new("1", "1", Usd("2.80")), new("1", "2", Usd("3.50")), new("2", "2", Usd("1.90"))], Usd("6")), Usd("8.50"), Usd("42.70"), "Europe/London");

    [Fact]
    public void After_the_cap_of_the_day_and_then_of_the_week_rides_cost_nothing()
    {
        // Four rides a day: three are paid, and of the fifth day's cap only 3.70 is left.
        var taps = Enumerable.Range(0, 28).Select(i => Tap(i, (i / 4 * Day) + ((i % 4 + 2) * Hour))).ToList();
        var week = FareWeek.Price(Flat, Monday, taps);
        Assert.Equal(["5.25", "5.25", "5.25", "5.25", "3.7", "0", "0"], week.Select(day => day.Owed.ToDecimalString()));
        Assert.Equal((Usd("7"), Usd("1.75"), Usd("1.55"), Usd("3.70")), (week[4].Singles, week[4].DayCapTookOff, week[4].WeekCapTookOff, week[4].Owed));
        Assert.All(week, day => Assert.Equal((4, false), (day.Journeys.Count, day.IsIncomplete)));
    }

    [Fact]
    public void A_journey_costs_what_its_zones_say_the_same_both_ways()
    {
        var week = FareWeek.Price(Zoned, Monday, [In(0, Hour, "1"), Out(1, 2 * Hour, "2"), In(2, 8 * Hour, "2"), Out(3, 9 * Hour, "1")]);
        Assert.Equal((Usd("7"), 2, false), (week[0].Owed, week[0].Journeys.Count, week[0].IsIncomplete));
    }

    [Fact]
    public void A_journey_over_the_end_of_a_fare_day_or_week_belongs_to_where_it_began()
    {
        FareTap[] taps = [In(0, -Hour, "1"), Out(1, Hour, "1"), In(2, Day - Minute, "1"), Out(3, Day + Minute, "2"), In(4, (7 * Day) + Hour - Minute, "2"), Out(5, (7 * Day) + Hour + Minute, "2")];
        var week = FareWeek.Price(Zoned, Monday, taps);
        Assert.Equal(["3.5", "0", "0", "0", "0", "0", "1.9"], week.Select(day => day.Owed.ToDecimalString()));
        Assert.DoesNotContain(week, day => day.IsIncomplete);
    }

    [Fact]
    public void An_incomplete_journey_delays_the_day_and_a_late_tap_completes_it()
    {
        var missing = In(0, 20 * Hour, "1");
        var waiting = FareWeek.Price(Zoned, Monday, [missing])[0];
        Assert.Equal((Usd("6"), true, Start + Day + (48 * Hour)), (waiting.Owed, waiting.IsIncomplete, waiting.ChargedAt(Zoned.Singles)));
        var complete = FareWeek.Price(Zoned, Monday, [missing, Out(1, 21 * Hour, "2") with { ArrivedUnixMilliseconds = Start + (30 * Hour) }])[0];
        Assert.Equal((Usd("3.50"), false, Start + Day), (complete.Owed, complete.IsIncomplete, complete.ChargedAt(Zoned.Singles)));
    }

    [Theory]
    // In and in again, out and out again, out too late: none completes the other.
    [InlineData("in 1 0, in 1 10, out 2 20", "9.5", 2, true)]
    [InlineData("in 1 0, out 2 10, out 1 20", "9.5", 2, true)]
    [InlineData("out 1 0", "6", 1, true)]
    [InlineData("in 1 0, out 1 180", "2.8", 1, false)]
    [InlineData("in 1 0, out 1 181", "12", 2, true)]
    [InlineData("in 1 5, out 1 5", "2.8", 1, false)]
    public void Taps_make_journeys_with_the_very_next_tap_only(string taps, string singles, int journeys, bool isIncomplete)
    {
        var read = taps.Split(", ").Select((tap, i) => tap.Split(' ') is [var direction, var at, var minute]
            ? new FareTap((uint)i + 1, Start + (int.Parse(minute, null) * Minute), Start + Day, direction == "in" ? TapDirection.In : TapDirection.Out, at) : throw new FormatException(tap));
        var day = FareWeek.Price(Zoned, Monday, read)[0];
        Assert.Equal((Usd(singles), journeys, isIncomplete), (day.Singles, day.Journeys.Count, day.IsIncomplete));
    }

    [Theory]
    // Up to a millisecond before three days after the day's end a tap makes it dearer, then never again.
    [InlineData(-1, "3.5", "0")]
    [InlineData(0, "1.75", "1.75")]
    [InlineData(Day, "1.75", "1.75")]
    public void Taps_heard_of_three_days_late_are_forgiven(long after, string owed, string forgiven)
    {
        var day = FareWeek.Price(Flat, Monday, [Tap(0, Hour), Tap(1, 2 * Hour) with { ArrivedUnixMilliseconds = Start + (4 * Day) + after }])[0];
        Assert.Equal((Usd(owed), Usd(forgiven)), (day.Owed, day.Forgiven));
    }

    [Fact]
    public void A_tap_heard_of_weeks_late_still_lowers_what_was_owed_and_nothing_raises_it_again()
    {
        var missing = In(0, Hour, "1");
        var completed = Out(1, 2 * Hour, "1") with { ArrivedUnixMilliseconds = Start + (30 * Day) };
        var another = In(2, 5 * Hour, "1") with { ArrivedUnixMilliseconds = Start + (31 * Day) };
        Assert.Equal(["6", "2.8", "2.8"], new FareTap[][] { [missing], [missing, completed], [missing, completed, another] }.Select(taps => FareWeek.Price(Zoned, Monday, taps)[0].Owed.ToDecimalString()));
    }

    private static readonly Gen<FareTap> AnyTap = Gen.Select(
        Gen.Long[0, long.MaxValue],
        Gen.Long[-6 * 60, (7 * 24 * 60) + 360],
        Gen.OneOf(Gen.Const(0L), Gen.Long[0, 5 * Hour], Gen.Long[0, 4 * Day], Gen.Long[0, 56 * Day]),
        Gen.Bool.Select(isIn => isIn ? TapDirection.In : TapDirection.Out),
        Gen.Bool.Select(isInner => isInner ? "1" : "2"),
        (id, minute, delay, direction, at) => new FareTap((ulong)id, Start + (minute * Minute), Start + (minute * Minute) + delay, direction, at));

    // Journeys as people make them, with taps that get lost, and whatever else.
    private static readonly Gen<FareTap[]> AnyTaps = Gen.Select(
        AnyTap.Array[0, 12],
        Gen.Select(AnyTap, Gen.Long[0, 200], Gen.Bool, (tap, minutes, isLost) => isLost
            ? [tap with { Direction = TapDirection.In }]
            : new[] { tap with { Direction = TapDirection.In }, tap with { Id = tap.Id + 1, Direction = TapDirection.Out, UnixMilliseconds = tap.UnixMilliseconds + (minutes * Minute), ArrivedUnixMilliseconds = tap.ArrivedUnixMilliseconds + (minutes * Minute) } }).Array[0, 25],
        (loose, journeys) => loose.Concat(journeys.SelectMany(journey => journey)).DistinctBy(tap => tap.Id).ToArray());

    [Fact]
    public void What_is_owed_is_what_a_naive_pricer_says()
    {
        var (capped, forgiven) = (0, 0);
        Gen.Select(AnyTaps, Gen.Bool).Sample((taps, isFlat) =>
        {
            var table = isFlat ? Flat : Zoned;
            var week = FareWeek.Price(table, Monday, taps);
            Assert.Equal(NaiveFares.Owed(table, London, Monday, taps), week.Select(day => (long)day.Owed.Units));
            if (week.Any(day => !day.WeekCapTookOff.IsZero)) Interlocked.Increment(ref capped);
            if (week.Any(day => !day.Forgiven.IsZero)) Interlocked.Increment(ref forgiven);
        }, iter: 600);
        Assert.True(capped > 15 && forgiven > 15, $"Only {capped} weeks reached their cap, and {forgiven} forgave.");
    }

    [Fact]
    public void Caps_hold_whatever_is_heard_of_when_and_what_they_took_off_adds_up() =>
        Gen.Select(AnyTaps, Gen.Bool).Sample((taps, isFlat) =>
        {
            var table = isFlat ? Flat : Zoned;
            var week = FareWeek.Price(table, Monday, taps);
            Assert.True(week.Aggregate(UInt128.Zero, (sum, day) => sum + day.Owed.Units) <= table.PerWeek.Units);
            Assert.All(week, day =>
            {
                Assert.True(day.Owed.Units <= table.PerDay.Units);
                Assert.Equal(day.Singles, day.Owed + day.Forgiven + day.WeekCapTookOff + day.DayCapTookOff);
            });
            Assert.Equal(week.Select(day => day.Owed), FareWeek.Price(table, Monday, taps.Reverse()).Select(day => day.Owed));
        }, iter: 600);

    [Fact]
    public void One_more_tap_after_three_days_never_makes_a_day_dearer()
    {
        var lower = 0;
        Gen.Select(AnyTaps, AnyTap).Sample((taps, another) =>
        {
            var last = taps.Select(tap => tap.ArrivedUnixMilliseconds).Append(another.ArrivedUnixMilliseconds).Max() + 1;
            var before = FareWeek.Price(Zoned, Monday, taps);
            var after = FareWeek.Price(Zoned, Monday, taps.Where(tap => tap.Id != another.Id).Append(another with { ArrivedUnixMilliseconds = last }));
            for (var i = 0; i < before.Length; i++)
            {
                if (before[i].Day.FixedUnixMilliseconds > last) continue;
                Assert.True(after[i].Owed.Units <= before[i].Owed.Units);
                if (after[i].Owed != before[i].Owed) Interlocked.Increment(ref lower);
            }
        }, iter: 600);
        Assert.True(lower > 0, "No day was lowered.");
    }

    private static FareTap Tap(int id, long after) => new((uint)id + 1, Start + after, Start + after, null, null);

    private static FareTap In(int id, long after, string at) => Tap(id, after) with { Direction = TapDirection.In, Zone = at };

    private static FareTap Out(int id, long after, string at) => Tap(id, after) with { Direction = TapDirection.Out, Zone = at };
}
