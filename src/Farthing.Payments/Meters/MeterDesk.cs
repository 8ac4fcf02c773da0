using Farthing.Ledger;
using Farthing.Payments.Desk;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Payments.Schedules;
using Farthing.Payments.Settings;
using Farthing.Protocol;

namespace Farthing.Payments.Meters;

/// <summary>Meters: payments whose ceiling is held while they run, and whose cost is posted when they stop.</summary>
/// <remarks>
/// Thread-safe. However many stop a meter (payer, payee, its silence, its ceiling), the ledger posts its hold once, and all of them are told the same. Starting is
/// idempotent by its key, also across a crash; reporting and stopping are so by themselves.
/// </remarks>
public sealed class MeterDesk : IDue
{
    /// <summary>The most units that are reported of one meter. A million millions.</summary>
    public const long MaxUnits = MeterCover.MaxUnits;

    /// <summary>How many counters may report one meter: each process of a site is one, and one more after each start.</summary>
    public const int MaxCounters = 1_000;

    /// <summary>The longest name of a counter, in characters.</summary>
    public const int MaxCounterLength = 64;

    // Each meter that is lost was ended by somebody else in between.
    private const int MaxBrowserStarts = 16;

    // So long the server may be off when a meter has to be stopped, before the hold is given back.
    private static readonly TimeSpan Grace = TimeSpan.FromDays(7);

    private readonly ISettingsStore settings;
    private readonly Ledger.Ledger ledger;
    private readonly PaymentMaker maker;
    private readonly PaymentPricer pricer;
    private readonly PaymentReader reader;
    private readonly HoldEnder holds;
    private readonly MeterReader meters;
    private readonly OfferDirectory offers;
    private readonly Schedule schedule;
    private readonly TimeProvider time;

    internal MeterDesk(ISettingsStore settings, Ledger.Ledger ledger, PaymentMaker maker, PaymentPricer pricer, PaymentReader reader, HoldEnder holds, MeterReader meters, OfferDirectory offers, Schedule schedule, TimeProvider time)
    {
        this.settings = settings;
        this.ledger = ledger;
        this.maker = maker;
        this.pricer = pricer;
        this.reader = reader;
        this.holds = holds;
        this.meters = meters;
        this.offers = offers;
        this.schedule = schedule;
        this.time = time;
    }

    /// <summary>Starts a meter: holds the ceiling of its offer.</summary>
    /// <param name="request">Who pays, with which key and mandate, and the metered offer, or a site's terms that name it.</param>
    /// <returns>The meter as it was when it was started; by terms with an entitlement, if it runs still and the wallet is not paused.</returns>
    public ValueTask<Answer<Meter>> StartAsync(PaymentRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return StartAsync(request, "meter");
    }

    /// <summary>Starts a meter by a site's terms from a browser, where there is no key: a wallet's browsers run one meter of an offer at a time, so two tabs start one.</summary>
    /// <returns>The meter with its entitlement: the one that runs, or a new one.</returns>
    public async ValueTask<Answer<Meter>> StartOnceAsync(Id<WalletKind> wallet, string token)
    {
        for (var tries = 0; tries < MaxBrowserStarts; tries++)
        {
            // The start checks the terms.
            var (running, next) = PaymentPricer.ReadTerms(token) is { Offer: { } offer } ? await meters.FindForBrowserAsync(wallet, offer) : (null, 0u);
            var request = new PaymentRequest { Wallet = wallet, Key = MeterReader.BrowserKey(PaymentPricer.ReadTerms(token)?.Offer ?? default, running is null ? next : next - 1), Terms = token, IsSameByAnyTerms = true };
            var started = await StartAsync(request, MeterReader.BrowserScope);
            if (!started.IsGiven || started.Value.Entitlement is not null) return started;
        }

        return LedgerCalls.NotReady;
    }

    private async ValueTask<Answer<Meter>> StartAsync(PaymentRequest request, string scope)
    {
        if (request.Offer is null == request.Terms is null) return new Refusal(RefusalCodes.InvalidField, "Name exactly one of offer and terms.");
        var terms = PaymentPricer.ReadTerms(request.Terms);
        if (request.Terms is not null && terms is not { Offer: not null }) return new Refusal(RefusalCodes.TermsInvalid, terms is null ? "The terms are malformed. Ask the site for fresh ones." : "The terms name no offer that is metered: pay them with POST /v1/payments.");
        var named = request.Offer ?? terms!.Offer!.Value;
        if (await offers.FindAsync(named) is not { } offer) return OfferDirectory.NotFound(named);
        if (offer.Pricing is not Metered metered) return new Refusal(RefusalCodes.InvalidField, "The offer is not metered: pay it with POST /v1/payments.");
        if (terms is not null && metered.By != MeteredBy.Unit) return MeterReader.CountsTime;
        if (request.MostHeld is { } most && (most.Asset != metered.Ceiling.Asset || most.Units < metered.Ceiling.Units))
            return new Refusal(RefusalCodes.CeilingTooHigh, $"The meter would hold {metered.Ceiling}, and at most {most} may be held.");
        var held = request with { KeyScope = scope, Hold = true, HoldMilliseconds = metered.CeilingMilliseconds + (long)Grace.TotalMilliseconds };
        var id = held.KeyId();
        // What makes no sense leaves nothing behind.
        if (pricer.Prepare(held, await pricer.ResolveAsync(held), out _) is { } refusal && !await maker.IsKnownAsync(held)) return refusal;

        using var turn = await schedule.EnterAsync(id);
        var now = time.GetUtcNow();
        var longestSilence = Math.Min(metered.SilentAfterSeconds * 1000L, metered.CeilingMilliseconds);
        var due = now.ToUnixTimeMilliseconds() + longestSilence;
        if (await settings.FindAsync<MeterRow>(id) is { } earlier)
        {
            if (earlier.Offer != offer.Id.Value) return PayeeDirectory.Conflict;
            // An earlier try was refused or cut off, and the schedule may have found nothing to stop: it looks again from before there is a hold.
            if (await PaymentRecords.FindAsync(ledger, id) is null or { Status: PaymentStatus.Held } && await settings.GetAsync<DueRow>(id) is { DueUnixMilliseconds: null } idle) await settings.WriteAsync(idle.MovedTo(due));
        }
        else
        {
            await settings.WriteAsync(new MeterRow(id, offer.Id.Value, request.ByMandateKey ? request.Mandate?.Value : null, 0, now, RowState.Active), DueRow.New(id, DueKind.Meter, due));
        }

        var paid = await maker.PayAsync(held);
        if (!paid.IsGiven) return paid.Refusal;
        schedule.Notice();
        // As it was then, whatever was reported since, so that a repeat hears the same.
        var start = paid.Value.CreatedAt.ToUnixTimeMilliseconds();
        var meter = Describe(paid.Value, metered, new MeterRow(id, offer.Id.Value, null, 0, paid.Value.CreatedAt, RowState.Active), new(metered.Price.Asset, UInt128.Zero),
            start + longestSilence, null);
        if (terms is null || await meters.LoadAsync(id) is not { } running) return meter;
        var entitled = await meters.EntitleAsync(terms, running);
        // A key is answered as it was, with what it opens now: nothing. Whoever knows no keys is told why.
        return entitled.Refusal is { } paused && scope == MeterReader.BrowserScope ? paused : meter with { Entitlement = entitled.Value };
    }

    /// <summary>A meter as its payer or payee may see it, with what it costs by now.</summary>
    public async ValueTask<Answer<Meter>> ReadAsync(Caller caller, Id<MeterKind> id)
    {
        var found = await FindAsync(caller, id);
        return found.IsGiven ? await DescribeAsync(found.Value) : found.Refusal;
    }

    /// <summary>Takes what a payee reports of a running meter: that it runs still, and how many units were used.</summary>
    /// <param name="payee">The payee.</param>
    /// <param name="id">The meter.</param>
    /// <param name="units">All units so far; null for a meter that counts time.</param>
    /// <param name="counter">
    /// Which of several counters counted them, 1 to <see cref="MaxCounterLength"/> letters, digits, hyphens and underscores: units are then all that this one counted so far, and what the
    /// others counted is added. Null if one counts all; then there are no others.
    /// </param>
    public async ValueTask<Answer<Meter>> ReportAsync(Id<PayeeKind> payee, Id<MeterKind> id, long? units, string? counter = null)
    {
        using var turn = await schedule.EnterAsync(id.Value);
        var found = await FindAsync(new(CallerKind.Payee, payee.Value), id);
        if (!found.IsGiven) return found.Refusal;
        var meter = found.Value;
        var now = ledger.NowUnixMilliseconds(time);
        var count = counter is null ? null : await settings.FindAsync<MeterCountRow>(MeterCountRow.IdOf(id.Value, counter)) ?? new MeterCountRow(MeterCountRow.IdOf(id.Value, counter), id.Value, 0, RowState.Active, 0);
        if (Check(meter, count, units) is { } refusal) return refusal;
        if (!meter.IsRunningAt(now)) return new Refusal(RefusalCodes.MeterStopped, "The meter is stopped: nothing more is counted.");
        if (await CheckCountersAsync(meter.Row, count) is { } tooMany) return tooMany;
        var all = (units ?? 0) + (count is null ? 0 : meter.Row.Units - count.Units);
        var reported = meter with { Row = meter.Row with { Units = all, ReportedAt = DateTimeOffset.FromUnixTimeMilliseconds(now), Version = meter.Row.Version + 1 } };
        // What one counter counted and what all did are written together.
        if (count is null) await settings.WriteAsync(reported.Row);
        else await settings.WriteAsync(reported.Row, count with { Units = units!.Value, Version = count.Version + 1 });
        return reported.CostAt(now).Units == meter.Pricing.Ceiling.Units && meter.Pricing.By == MeteredBy.Unit ? await StopAsync(reported, now) : await DescribeAsync(reported);
    }

    /// <summary>Stops a meter: posts what it costs by now, and gives the rest back. Stopping a stopped one changes nothing.</summary>
    public async ValueTask<Answer<Meter>> StopAsync(Caller caller, Id<MeterKind> id)
    {
        using var turn = await schedule.EnterAsync(id.Value);
        var found = await FindAsync(caller, id);
        if (!found.IsGiven) return found.Refusal;
        return found.Value.Payment.Status == PaymentStatus.Held ? await StopAsync(found.Value, ledger.NowUnixMilliseconds(time)) : await DescribeAsync(found.Value);
    }

    /// <inheritdoc/>
    async ValueTask<DueResult> IDue.RunAsync(UInt128 subject, long dueUnixMilliseconds)
    {
        // Its hold may have been refused.
        if (await meters.LoadAsync(subject) is not { Payment.Status: PaymentStatus.Held } running) return DueResult.Done();
        var stop = running.StopUnixMilliseconds;
        if (stop > ledger.NowUnixMilliseconds(time)) return DueResult.Next(stop);
        var stopped = await StopAsync(running, stop);
        return stopped.IsGiven ? DueResult.Done() : DueResult.Undecided(stopped.Refusal.Code);
    }

    private static Refusal NotFound(Id<MeterKind> id) => new(RefusalCodes.MeterNotFound, $"There is no meter {id} of this wallet, mandate or payee.");

    private static Refusal? Check(MeterState meter, MeterCountRow? count, long? units)
    {
        if (meter.Pricing.By != MeteredBy.Unit) return units is null && count is null ? null : new(RefusalCodes.InvalidField, "The meter counts time: leave units and counter out.");
        if (units is null) return new(RefusalCodes.MissingField, "The meter counts units: report all units so far.");
        if (units is < 0 or > MaxUnits) return new(RefusalCodes.InvalidField, $"units must be 0 to {MaxUnits}.");
        var before = count?.Units ?? meter.Row.Units;
        if (units < before) return new(RefusalCodes.UnitsMustNotFall, $"{before} units were reported before. Report all units so far, not those since.");
        return count is null || meter.Row.Units - before <= MaxUnits - units ? null : new(RefusalCodes.InvalidField, $"The counters of a meter count at most {MaxUnits} units together.");
    }

    private async ValueTask<Refusal?> CheckCountersAsync(MeterRow row, MeterCountRow? count)
    {
        if (count is { Version: > 0 }) return null;
        var known = await settings.ListAsync<MeterCountRow>(row.Id, null, count is null ? 1 : MaxCounters);
        // Who counts all knows of no others.
        if (count is null) return known.Count == 0 ? null : new(RefusalCodes.InvalidField, "Counters report this meter, each its own units: name yours.");
        return known.Count < MaxCounters ? null : new(RefusalCodes.TooManyCounters, $"{MaxCounters} counters have reported this meter, and no more can.");
    }

    private async ValueTask<Answer<Meter>> StopAsync(MeterState running, long unixMilliseconds)
    {
        var ended = await holds.EndAsync(running.Payment, EndOf(running.Row.Id), running.CostAt(unixMilliseconds));
        return ended.IsGiven ? await DescribeAsync((await meters.LoadAsync(running.Row.Id))!) : ended.Refusal;
    }

    private async ValueTask<Answer<MeterState>> FindAsync(Caller caller, Id<MeterKind> id)
    {
        if (await settings.FindAsync<MeterRow>(id.Value) is not { } row) return NotFound(id);
        if (caller.Kind == CallerKind.Mandate)
        {
            // The mandate is gone with its wallet.
            return caller.Account == row.Mandate && await meters.LoadAsync(id.Value) is { } own
                && (await reader.FindAsync(new(CallerKind.Wallet, own.Payment.Debit), new(id.Value))).IsGiven ? own : NotFound(id);
        }

        var found = await reader.FindAsync(caller, new(id.Value));
        if (found.IsGiven) return new MeterState(found.Value, await meters.GetPricingAsync(row), row);
        return found.Refusal.Code == RefusalCodes.PaymentNotFound ? NotFound(id) : found.Refusal;
    }

    private async ValueTask<Meter> DescribeAsync(MeterState meter)
    {
        var (payment, pricing, row) = meter;
        var isRunning = payment.Status == PaymentStatus.Held;
        var cost = isRunning ? meter.CostAt(ledger.NowUnixMilliseconds(time)) : payment.Status == PaymentStatus.Posted ? payment.Amount : new(payment.Asset, UInt128.Zero);
        return Describe(await reader.DescribeAsync(payment), pricing, row, cost,
            isRunning ? meter.StopUnixMilliseconds : null,
            isRunning ? null : payment.End!.Value.UnixMilliseconds);
    }

    private static Meter Describe(Payment payment, Metered pricing, MeterRow row, Amount cost, long? stops, long? stopped) => new(
        new(row.Id),
        payment,
        new(row.Offer),
        cost,
        pricing.Ceiling,
        pricing.By == MeteredBy.Unit ? row.Units : null,
        row.ReportedAt < payment.CreatedAt ? payment.CreatedAt : row.ReportedAt,
        TimeOf(stops),
        TimeOf(stopped));

    private static DateTimeOffset? TimeOf(long? unixMilliseconds) => unixMilliseconds is { } time ? DateTimeOffset.FromUnixTimeMilliseconds(time) : null;

    /// <summary>The id of what ends a meter, whoever ends it.</summary>
    private static UInt128 EndOf(UInt128 meter)
    {
        var bytes = new CanonicalBytes(stackalloc byte[64]);
        bytes.Add("meter-end");
        bytes.Add(meter);
        return bytes.ToLegId();
    }
}
