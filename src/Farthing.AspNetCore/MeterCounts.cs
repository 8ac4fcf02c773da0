using System.Collections.Concurrent;
using Farthing.Protocol;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Farthing.AspNetCore;

/// <summary>The meters that this process counts, and what reports them: in the background, and once more when the site stops.</summary>
/// <remarks>
/// Thread-safe. Units lie in memory until they are reported, so a process that is killed has served some that nobody pays: at most those of <see cref="FarthingOptions.ReportEvery"/>.
/// While the payment server cannot be reached, a meter goes on for as long as the server would let it without a report, and never beyond what it covers.
/// </remarks>
internal sealed partial class MeterCounts(FarthingSite site, MeterReports reports, IOptions<FarthingOptions> options, ILogger<MeterCounts> log) : BackgroundService
{
    /// <summary>How many meters are counted at once: some 50 MB. More are refused for a while.</summary>
    public const int MaxMeters = 100_000;

    /// <summary>How many units of a meter wait at most before they are reported ahead of their time.</summary>
    public const int UnitsAtOnce = 1_000;

    /// <summary>For how long a meter that was stopped is known as such.</summary>
    public static readonly TimeSpan OverIsRemembered = TimeSpan.FromMinutes(10);

    private const int ReportsAtOnce = 8;
    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<Id<PaymentKind>, CountedMeter> meters = new();
    private readonly SemaphoreSlim early = new(0, 1);
    private int known;

    /// <summary>How many meters are known.</summary>
    public int Known => Volatile.Read(ref known);

    /// <summary>Takes a request's units from the meter of an entitlement, and asks the payment server first if nothing was heard of the meter for too long, which happens after a start.</summary>
    /// <returns>What became of it; the meter if the units were taken.</returns>
    public async ValueTask<(MeterAdmission Admission, CountedMeter? Meter)> TakeAsync(Entitlement shown, int units, CancellationToken stop)
    {
        CountedMeter? meter;
        MeterTake take;
        do
        {
            if (!meters.TryGetValue(shown.Payment, out meter))
            {
                if (Known >= MaxMeters) return (MeterAdmission.Full, null);
                meter = meters.GetOrAdd(shown.Payment, static (_, entitlement) => new CountedMeter(entitlement), shown);
                Interlocked.Exchange(ref known, meters.Count);
            }

            take = meter.TryTake(shown, units, site.Time.GetUtcNow());
            if (take == MeterTake.Forgotten) meters.TryRemove(KeyValuePair.Create(shown.Payment, meter));
        }
        while (take == MeterTake.Forgotten);

        if (take == MeterTake.Unheard)
        {
            if (await ReportAsync(meter, always: true, stop) == MeterState.Unknown) return (MeterAdmission.ServerAway, null);
            take = meter.TryTake(shown, units, site.Time.GetUtcNow());
        }

        if (take == MeterTake.Taken) return (MeterAdmission.Admitted, meter);
        // Before another one is started, so that the wallet does not find this one running and give it back.
        if (meter.IsUsedUp) await EndAsync(meter, stop);
        return (MeterAdmission.Over, null);
    }

    /// <summary>Ends a request, or some of what it adds: many units are reported ahead of their time.</summary>
    public void Hint(CountedMeter meter)
    {
        if (meter.Unreported < UnitsAtOnce) return;
        try
        {
            if (early.CurrentCount == 0) early.Release();
        }
        catch (SemaphoreFullException)
        {
            // Somebody else was a moment earlier.
        }
    }

    /// <summary>Reports whatever is due.</summary>
    /// <returns>False if the payment server did not answer.</returns>
    public async Task<bool> ReportDueAsync(CancellationToken stop)
    {
        var isAway = 0;
        var now = site.Time.GetUtcNow();
        await Parallel.ForEachAsync(meters.Values.Where(meter => meter.IsDue(now)), new ParallelOptions { MaxDegreeOfParallelism = ReportsAtOnce, CancellationToken = stop }, async (meter, cancel) =>
        {
            // One call that is not answered is enough for a round.
            if (Volatile.Read(ref isAway) == 1) return;
            var state = meter.IsUsedUp ? await EndAsync(meter, cancel) : await ReportAsync(meter, always: false, cancel);
            if (state == MeterState.Unknown) Volatile.Write(ref isAway, 1);
        });
        foreach (var (payment, meter) in meters)
        {
            if (meter.TryForget(now)) meters.TryRemove(KeyValuePair.Create(payment, meter));
        }

        Interlocked.Exchange(ref known, meters.Count);
        return isAway == 0;
    }

    /// <summary>Reports what was counted before the process ends. The server that takes requests has ended before.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            if (!await ReportDueAsync(cancellationToken) && meters.Values.Sum(meter => meter.Unreported) is > 0 and var lost) Lost(lost);
        }
        catch (OperationCanceledException)
        {
            if (meters.Values.Sum(meter => meter.Unreported) is > 0 and var lost) Lost(lost);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (site.Meters.Count == 0) return;
        var wait = options.Value.ReportEvery;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await WaitAsync(wait, stoppingToken);
                var isHeard = await ReportDueAsync(stoppingToken);
                if (!isHeard && wait == options.Value.ReportEvery) Away();
                wait = isHeard ? options.Value.ReportEvery : wait * 2 < LongestBackoff ? wait * 2 : LongestBackoff;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task WaitAsync(TimeSpan wait, CancellationToken stop)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var timer = Task.Delay(wait, site.Time, enough.Token);
        await Task.WhenAny(timer, early.WaitAsync(enough.Token));
        await enough.CancelAsync();
        stop.ThrowIfCancellationRequested();
    }

    private async ValueTask<MeterState> ReportAsync(CountedMeter meter, bool always, CancellationToken stop)
    {
        await meter.Reporting.WaitAsync(stop);
        try
        {
            if (meter.IsStopped) return MeterState.Stopped;
            // Somebody else may have asked meanwhile.
            var sent = site.Time.GetUtcNow();
            if (!always && !meter.IsDue(sent)) return MeterState.Running;
            var units = meter.Counted;
            var answer = await reports.ReportAsync(meter.Id, meter.Counter, units, stop);
            Note(meter, answer.State == MeterState.Unknown ? 0 : meter.Hear(units, sent, answer), answer);
            return answer.State;
        }
        finally
        {
            meter.Reporting.Release();
        }
    }

    /// <summary>Reports a meter that is used up, and stops it.</summary>
    private async ValueTask<MeterState> EndAsync(CountedMeter meter, CancellationToken stop)
    {
        // What runs still has its units, too; but not for ever.
        try
        {
            await meter.WhenQuietAsync().WaitAsync(LongestEnd, site.Time, stop);
        }
        catch (TimeoutException)
        {
        }

        if (meter.Unreported > 0 && await ReportAsync(meter, always: true, stop) is not MeterState.Running and var state) return state;
        await meter.Reporting.WaitAsync(stop);
        try
        {
            if (meter.IsStopped) return MeterState.Stopped;
            var answer = await reports.StopAsync(meter.Id, stop);
            if (answer.State != MeterState.Unknown) Note(meter, meter.Hear(meter.Counted, site.Time.GetUtcNow(), answer with { State = MeterState.Stopped, Units = null }), answer);
            return answer.State;
        }
        finally
        {
            meter.Reporting.Release();
        }
    }

    private void Note(CountedMeter meter, long lost, MeterAnswer answer)
    {
        if (answer.Refusal is not null and not "meter_stopped") Refused(meter.Id.ToString(), answer.Refusal);
        if (lost > 0) Late(meter.Id.ToString(), lost);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Farthing: the payment server does not answer reports of meters. They are kept and tried again; meters go on for as long as the server lets them without a report.")]
    private partial void Away();

    [LoggerMessage(Level = LogLevel.Warning, Message = "Farthing: {units} units were served that are not paid, because their reports did not reach the payment server before the site stopped.")]
    private partial void Lost(long units);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Farthing: the meter {meter} was stopped before {units} units were reported, which are not paid.")]
    private partial void Late(string meter, long units);

    [LoggerMessage(Level = LogLevel.Error, Message = "Farthing: the payment server refuses reports of the meter {meter}: {code}. Is PayeeKey the key of the site's payee?")]
    private partial void Refused(string meter, string code);
}

/// <summary>What becomes of a request that shows a meter's entitlement.</summary>
internal enum MeterAdmission
{
    /// <summary>It is served.</summary>
    Admitted,

    /// <summary>The meter was stopped, or has not so much left.</summary>
    Over,

    /// <summary>Nobody can say whether the meter runs still.</summary>
    ServerAway,

    /// <summary>Too many meters are counted.</summary>
    Full,
}
