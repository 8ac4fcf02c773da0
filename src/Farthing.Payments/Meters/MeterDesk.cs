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
    public const long MaxUnits = 1_000_000_000_000;

    // So long the server may be off when a meter has to be stopped, before the hold is given back.
    private static readonly TimeSpan Grace = TimeSpan.FromDays(7);

    private readonly ISettingsStore settings;
    private readonly Ledger.Ledger ledger;
    private readonly PaymentMaker maker;
    private readonly PaymentPricer pricer;
    private readonly PaymentReader reader;
    private readonly HoldEnder holds;
    private readonly OfferDirectory offers;
    private readonly Schedule schedule;
    private readonly TimeProvider time;

    internal MeterDesk(ISettingsStore settings, Ledger.Ledger ledger, PaymentMaker maker, PaymentPricer pricer, PaymentReader reader, HoldEnder holds, OfferDirectory offers, Schedule schedule, TimeProvider time)
    {
        this.settings = settings;
        this.ledger = ledger;
        this.maker = maker;
        this.pricer = pricer;
        this.reader = reader;
        this.holds = holds;
        this.offers = offers;
        this.schedule = schedule;
        this.time = time;
    }

    /// <summary>Starts a meter: holds the ceiling of its offer.</summary>
    /// <param name="request">Who pays, with which key and mandate, and the metered offer.</param>
    /// <returns>The meter as it was when it was started.</returns>
    public async ValueTask<Answer<Meter>> StartAsync(PaymentRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (await offers.FindAsync(request.Offer!.Value) is not { } offer) return OfferDirectory.NotFound(request.Offer.Value);
        if (offer.Pricing is not Metered metered) return new Refusal(RefusalCodes.InvalidField, "The offer is not metered: pay it with POST /v1/payments.");
        var held = request with { KeyScope = "meter", Hold = true, HoldMilliseconds = metered.CeilingMilliseconds + (long)Grace.TotalMilliseconds };
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
        }
        else
        {
            await settings.WriteAsync(new MeterRow(id, offer.Id.Value, request.ByMandateKey ? request.Mandate?.Value : null, 0, now, RowState.Active), DueRow.New(id, DueKind.Meter, due));
        }

        var paid = await maker.PayAsync(held);
        if (!paid.IsGiven) return paid.Refusal;
        // A crash before the hold may have let the schedule find nothing to stop.
        if (await PaymentRecords.FindAsync(ledger, id) is { Status: PaymentStatus.Held } && await settings.GetAsync<DueRow>(id) is { DueUnixMilliseconds: null } row) await settings.WriteAsync(row.MovedTo(due));
        schedule.Notice();
        // As it was then, whatever was reported since, so that a repeat hears the same.
        var start = paid.Value.CreatedAt.ToUnixTimeMilliseconds();
        return Describe(paid.Value, metered, new MeterRow(id, offer.Id.Value, null, 0, paid.Value.CreatedAt, RowState.Active), new(metered.Price.Asset, UInt128.Zero),
            start + longestSilence, null);
    }

    /// <summary>A meter as its payer or payee may see it, with what it costs by now.</summary>
    public async ValueTask<Answer<Meter>> ReadAsync(Caller caller, Id<MeterKind> id)
    {
        var found = await FindAsync(caller, id);
        return found.IsGiven ? await DescribeAsync(found.Value) : found.Refusal;
    }

    /// <summary>Takes what a payee reports of a running meter: that it runs still, and how many units were used in all.</summary>
    /// <param name="payee">The payee.</param>
    /// <param name="id">The meter.</param>
    /// <param name="units">All units so far; null for a meter that counts time.</param>
    public async ValueTask<Answer<Meter>> ReportAsync(Id<PayeeKind> payee, Id<MeterKind> id, long? units)
    {
        using var turn = await schedule.EnterAsync(id.Value);
        var found = await FindAsync(new(CallerKind.Payee, payee.Value), id);
        if (!found.IsGiven) return found.Refusal;
        var (payment, pricing, row) = found.Value;
        var now = ledger.NowUnixMilliseconds(time);
        if (Check(pricing, row, units) is { } refusal) return refusal;
        if (payment.Status != PaymentStatus.Held || StopOf(payment, pricing, row) <= now) return new Refusal(RefusalCodes.MeterStopped, "The meter is stopped: nothing more is counted.");
        var reported = row with { Units = units ?? 0, ReportedAt = DateTimeOffset.FromUnixTimeMilliseconds(now), Version = row.Version + 1 };
        await settings.WriteAsync(reported);
        return CostAt(payment, pricing, reported, now).Units == pricing.Ceiling.Units && pricing.By == MeteredBy.Unit
            ? await StopAsync(new(payment, pricing, reported), now)
            : await DescribeAsync(new(payment, pricing, reported));
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
        if (await LoadAsync(subject) is not { Payment.Status: PaymentStatus.Held } running) return DueResult.Done();
        var stop = StopOf(running.Payment, running.Pricing, running.Row);
        if (stop > ledger.NowUnixMilliseconds(time)) return DueResult.Next(stop);
        var stopped = await StopAsync(running, stop);
        return stopped.IsGiven ? DueResult.Done() : DueResult.Undecided(stopped.Refusal.Code);
    }

    /// <summary>A meter with its payment.</summary>
    private sealed record RunningMeter(PaymentRecords Payment, Metered Pricing, MeterRow Row);

    private static Refusal NotFound(Id<MeterKind> id) => new(RefusalCodes.MeterNotFound, $"There is no meter {id} of this wallet, mandate or payee.");

    private static Refusal? Check(Metered pricing, MeterRow row, long? units)
    {
        if (pricing.By != MeteredBy.Unit) return units is null ? null : new(RefusalCodes.InvalidField, "The meter counts time: leave units out.");
        if (units is null) return new(RefusalCodes.MissingField, "The meter counts units: report all units so far.");
        if (units is < 0 or > MaxUnits) return new(RefusalCodes.InvalidField, $"units must be 0 to {MaxUnits}.");
        return units >= row.Units ? null : new(RefusalCodes.UnitsMustNotFall, $"{row.Units} units were reported before. Report all units so far, not those since.");
    }

    /// <summary>When a meter stops by itself if nothing more is reported.</summary>
    private static long StopOf(PaymentRecords payment, Metered pricing, MeterRow row)
    {
        var start = payment.Price.UnixMilliseconds;
        return Math.Min(Math.Max(start, row.ReportedAt.ToUnixTimeMilliseconds()) + (pricing.SilentAfterSeconds * 1000L), start + pricing.CeilingMilliseconds);
    }

    private static Amount CostAt(PaymentRecords payment, Metered pricing, MeterRow row, long unixMilliseconds) =>
        pricing.CostOf(Math.Max(0, Math.Min(unixMilliseconds, StopOf(payment, pricing, row)) - payment.Price.UnixMilliseconds), row.Units);

    private async ValueTask<Answer<Meter>> StopAsync(RunningMeter running, long unixMilliseconds)
    {
        var (payment, pricing, row) = running;
        var ended = await holds.EndAsync(payment, EndOf(row.Id), CostAt(payment, pricing, row, unixMilliseconds));
        return ended.IsGiven ? await DescribeAsync((await LoadAsync(row.Id))!) : ended.Refusal;
    }

    private async ValueTask<Answer<RunningMeter>> FindAsync(Caller caller, Id<MeterKind> id)
    {
        if (await settings.FindAsync<MeterRow>(id.Value) is not { } row) return NotFound(id);
        if (caller.Kind == CallerKind.Mandate)
        {
            // The mandate is gone with its wallet.
            return caller.Account == row.Mandate && await LoadAsync(id.Value) is { } own
                && (await reader.FindAsync(new(CallerKind.Wallet, own.Payment.Debit), new(id.Value))).IsGiven ? own : NotFound(id);
        }

        var found = await reader.FindAsync(caller, new(id.Value));
        if (found.IsGiven) return new RunningMeter(found.Value, await GetPricingAsync(row), row);
        return found.Refusal.Code == RefusalCodes.PaymentNotFound ? NotFound(id) : found.Refusal;
    }

    private async ValueTask<RunningMeter?> LoadAsync(UInt128 id) =>
        await settings.FindAsync<MeterRow>(id) is { } row && await PaymentRecords.FindAsync(ledger, id) is { } payment ? new(payment, await GetPricingAsync(row), row) : null;

    private async ValueTask<Metered> GetPricingAsync(MeterRow row) =>
        (await offers.FindAsync(new(row.Offer)))?.Pricing as Metered ?? throw new InvalidOperationException($"The meter {row.Id:x32} has lost its offer.");

    private async ValueTask<Meter> DescribeAsync(RunningMeter meter)
    {
        var (payment, pricing, row) = meter;
        var isRunning = payment.Status == PaymentStatus.Held;
        var cost = isRunning ? CostAt(payment, pricing, row, ledger.NowUnixMilliseconds(time)) : payment.Status == PaymentStatus.Posted ? payment.Amount : new(payment.Asset, UInt128.Zero);
        return Describe(await reader.DescribeAsync(payment), pricing, row, cost,
            isRunning ? StopOf(payment, pricing, row) : null,
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
