using Farthing.Protocol;
using NodaTime;

namespace Farthing.Payments.Fares;

/// <summary>What a card owes for a fare day, and how that came about: singles − day cap − week cap − forgiven = owed.</summary>
/// <param name="Day">The fare day.</param>
/// <param name="Journeys">Its journeys, in the order of their times.</param>
/// <param name="Singles">What they cost one by one.</param>
/// <param name="DayCapTookOff">What the cap of the day took off.</param>
/// <param name="WeekCapTookOff">What the cap of the week took off what then was left.</param>
/// <param name="Forgiven">What came too late to be charged.</param>
/// <param name="Owed">What is to be paid for the day.</param>
/// <remarks>Immutable; safe to share between threads.</remarks>
public sealed record PricedFareDay(FareDay Day, IReadOnlyList<Journey> Journeys, Amount Singles, Amount DayCapTookOff, Amount WeekCapTookOff, Amount Forgiven, Amount Owed)
{
    /// <summary>True while a tap of one of its journeys is missing.</summary>
    public bool IsIncomplete => Journeys.Any(journey => !journey.IsComplete);

    /// <summary>When it is to be charged: at its end, or later if a journey is incomplete.</summary>
    /// <returns>Unix milliseconds.</returns>
    internal long ChargedAt(SingleFares singles) => Day.Window.EndUnixMilliseconds + (IsIncomplete ? singles.WaitMilliseconds : 0);
}

/// <summary>Prices a card's fare week afresh from all of its taps.</summary>
/// <remarks>
/// A function of the taps, with the times at which they were made and heard of, and of nothing else: nothing that was priced before is kept. A day is owed as its taps
/// say until three days after its end; whatever is heard of later can only lower it.
/// </remarks>
internal static class FareWeek
{
    /// <summary>Prices the week that begins on a Monday.</summary>
    /// <param name="table">The fares.</param>
    /// <param name="monday">The week.</param>
    /// <param name="taps">All taps of the card at <paramref name="table"/> in that week, and within <see cref="SingleFares.ReachMilliseconds"/> of it, in any order. Others make no difference.</param>
    /// <returns>Its seven days.</returns>
    public static PricedFareDay[] Price(FareTable table, LocalDate monday, IEnumerable<FareTap> taps)
    {
        var days = FareDay.WeekOf(table.Zone, monday);
        var arriving = taps.OrderBy(tap => tap.ArrivedUnixMilliseconds).ThenBy(tap => tap.Id).ToList();
        var ceilings = new Amount?[days.Length];
        var heard = new List<FareTap>(arriving.Count);
        var next = 0;
        while (next < arriving.Count)
        {
            var arrived = arriving[next].ArrivedUnixMilliseconds;
            if (days[0].FixedUnixMilliseconds <= arrived) Fix(Price(table, days, heard, ceilings), arrived, ceilings);
            while (next < arriving.Count && arriving[next].ArrivedUnixMilliseconds == arrived) heard.Add(arriving[next++]);
        }

        return Price(table, days, heard, ceilings);
    }

    /// <summary>Keeps what is to come from making dearer what stands.</summary>
    private static void Fix(PricedFareDay[] priced, long arrived, Amount?[] ceilings)
    {
        for (var i = 0; i < priced.Length; i++)
        {
            if (priced[i].Day.FixedUnixMilliseconds <= arrived) ceilings[i] = priced[i].Owed;
        }
    }

    private static PricedFareDay[] Price(FareTable table, FareDay[] days, List<FareTap> heard, Amount?[] ceilings)
    {
        var journeys = table.Singles.JourneysOf([.. heard.OrderBy(tap => tap.UnixMilliseconds).ThenBy(tap => tap.Direction).ThenBy(tap => tap.Id)])
            .ToLookup(journey => Array.FindIndex(days, day => day.Window.Contains(journey.First.UnixMilliseconds)));
        var left = table.PerWeek;
        var priced = new PricedFareDay[days.Length];
        for (var i = 0; i < days.Length; i++)
        {
            priced[i] = Price(table, days[i], [.. journeys[i]], left, ceilings[i]);
            left -= priced[i].Owed;
        }

        return priced;
    }

    private static PricedFareDay Price(FareTable table, FareDay day, IReadOnlyList<Journey> journeys, Amount left, Amount? ceiling)
    {
        var singles = new Amount(table.PerDay.Asset, UInt128.Zero);
        foreach (var journey in journeys) singles += journey.Fare;
        var ofDay = Lower(singles, table.PerDay);
        var ofWeek = Lower(ofDay, left);
        var owed = ceiling is { } most ? Lower(ofWeek, most) : ofWeek;
        return new(day, journeys, singles, singles - ofDay, ofDay - ofWeek, ofWeek - owed, owed);
    }

    private static Amount Lower(Amount one, Amount other) => one.Units <= other.Units ? one : other;
}
