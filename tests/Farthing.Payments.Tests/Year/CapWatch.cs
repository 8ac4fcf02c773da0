using Farthing.Payments.Mandates;
using Farthing.Protocol;
using NodaTime;

namespace Farthing.Payments.Tests.Year;

/// <summary>What was paid and not given back, of one cap in one day, week or month.</summary>
internal sealed class Counter
{
    public UInt128 Net { get; set; }
}

/// <summary>Counts what is paid on caps by the dates that clocks on the wall showed, and keeps the largest overrun.</summary>
internal sealed class CapWatch
{
    private readonly Dictionary<(UInt128 Owner, int Lineage, int Period, LocalDate First), Counter> counters = [];

    public UInt128 LargestOverrun { get; private set; }

    public string? WorstCase { get; private set; }

    /// <summary>How many payments were counted on a cap, and how many of them left less than a tenth of it.</summary>
    public int Counted { get; private set; }

    public int NearlyFull { get; private set; }

    /// <summary>Counts a payment.</summary>
    /// <param name="owner">The mandate, or the wallet.</param>
    /// <param name="caps">In force.</param>
    /// <param name="lineages">By period: which of the owner's counts goes on.</param>
    /// <param name="zone">Whose dates.</param>
    /// <param name="payment">The payment, whose ends and refunds change the counts again.</param>
    public void Count(UInt128 owner, Caps caps, int[] lineages, DateTimeZone zone, BookedPayment payment)
    {
        var today = Instant.FromUnixTimeMilliseconds(payment.UnixMilliseconds).InZone(zone).Date;
        LocalDate[] firsts = [today, today.PlusDays(-(((int)today.DayOfWeek + 6) % 7)), new(today.Year, today.Month, 1)];
        Amount?[] limits = [caps.PerDay, caps.PerWeek, caps.PerMonth];
        for (var period = 0; period < limits.Length; period++)
        {
            if (limits[period] is not { } limit) continue;
            var key = (owner, lineages[period], period, firsts[period]);
            if (!counters.TryGetValue(key, out var counter)) counters.Add(key, counter = new());
            counter.Net += payment.Asked;
            payment.Counters.Add(counter);
            Counted++;
            if (counter.Net * 10 > limit.Units * 9) NearlyFull++;
            if (counter.Net <= limit.Units || counter.Net - limit.Units <= LargestOverrun) continue;
            LargestOverrun = counter.Net - limit.Units;
            WorstCase = $"{limit} from {firsts[period]} in {zone.Id} is overrun by {LargestOverrun} units at record {payment.Position} ({(owner == payment.Wallet ? "wallet" : "mandate")} {owner:x32}).";
        }
    }
}
