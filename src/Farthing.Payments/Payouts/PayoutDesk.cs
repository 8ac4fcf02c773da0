using Farthing.Ledger;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Payments.Schedules;
using Farthing.Payments.Settings;
using Farthing.Protocol;

namespace Farthing.Payments.Payouts;

/// <summary>Payouts: a hold from the payee to the rail's transit account, the operator's look where one is due, the rail's call, then a post or a void.</summary>
/// <remarks>
/// Thread-safe. Idempotent for ever, also across a crash: the ledger binds the caller's key to the payout in the chain that sets its money aside, and whatever follows has an
/// id derived from the payout's.
/// </remarks>
public sealed class PayoutDesk
{
    /// <summary>The longest reason that the operator gives for a refusal, in characters.</summary>
    public const int MaxReasonLength = 200;

    // Of so many newest returns of a payee it is known that they were let go before.
    internal const int MostReturned = 1_000;

    private readonly ISettingsStore settings;
    private readonly Ledger.Ledger ledger;
    private readonly PayeeDirectory payees;
    private readonly PayoutRails rails;
    private readonly PayoutBalances balances;
    private readonly PayoutMaker maker;
    private readonly PayoutDriver driver;
    private readonly Schedule schedule;
    private readonly Cursor cursor;
    private readonly Cursor ofAll;
    private readonly TimeProvider time;

    internal PayoutDesk(ISettingsStore settings, Ledger.Ledger ledger, PayeeDirectory payees, PayoutRails rails, PayoutBalances balances, PayoutMaker maker, PayoutDriver driver, Schedule schedule, LabelledSecrets secrets, TimeProvider time)
    {
        this.settings = settings;
        this.ledger = ledger;
        this.payees = payees;
        this.rails = rails;
        this.balances = balances;
        this.maker = maker;
        this.driver = driver;
        this.schedule = schedule;
        cursor = new Cursor(secrets, "payouts");
        ofAll = new Cursor(secrets, "payouts-of-all");
        this.time = time;
    }

    /// <summary>Pays a payee out as it has set.</summary>
    /// <param name="caller">The payee itself or the operator, each with keys of its own.</param>
    /// <param name="payee">Who is paid out.</param>
    /// <param name="key">The idempotency key.</param>
    /// <param name="asked">How much; null for all that is available.</param>
    public async ValueTask<Answer<Payout>> PayOutAsync(Caller caller, Id<PayeeKind> payee, IdempotencyKey key, Amount? asked)
    {
        if (await payees.FindAsync(payee) is not { } owner) return PayeeDirectory.NotFound(payee);
        var isOperator = caller.Kind == CallerKind.Operator;
        var keyId = key.DeriveId("payout", new Caller(isOperator ? CallerKind.Operator : CallerKind.Payee, payee.Value));
        var digest = Digest(payee, asked);
        using (await schedule.EnterAsync(payee.Value))
        {
            if (await ledger.FindAsync(keyId) is null)
            {
                if (await settings.FindAsync<PayoutSettingRow>(payee.Value) is not { } setting) return NotSet;
                var planned = await maker.PlanAsync(owner, setting, asked);
                if (!planned.IsGiven) return planned.Refusal;
                var id = PayoutLegs.IdFor(keyId, ledger.NowUnixMilliseconds(time));
                if (await maker.HoldAsync(id, planned.Value, isOperator ? PayoutTrigger.Operator : PayoutTrigger.Payee, Command.Claim(keyId, digest, id)) is { } refusal) return refusal;
            }
        }

        if (await ledger.FindAsync(keyId) is not { } bound || bound.Command.Digest != digest) return PayeeDirectory.Conflict;
        if (await ledger.FindAsync(bound.Command.Cited) is not { } held) throw new InvalidOperationException($"The payout {bound.Command.Cited:x32} has no record.");
        if (held.Outcome != Outcome.Done) return PayoutMaker.RefusalOf(held.Outcome);
        if (await maker.FinishAsync(held) is not { } row) return DestinationLost;
        schedule.Notice();
        return await DescribeAsync(row);
    }

    /// <summary>What a payee could be paid out now, and why it is not all.</summary>
    public async ValueTask<Answer<PayoutStanding>> ReadStandingAsync(Id<PayeeKind> payee)
    {
        if (await payees.FindAsync(payee) is not { } owner) return PayeeDirectory.NotFound(payee);
        var setting = await settings.FindAsync<PayoutSettingRow>(payee.Value);
        var rail = setting is null ? null : rails.Find((await settings.GetAsync<PayoutDestinationRow>(setting.Destination)).Rail);
        var (counts, available, staying) = await balances.ReadAsync(owner, rail);
        var cost = rail is null ? default(Answer<Amount>?) : rails.FindCost(rail, available, time.GetUtcNow());
        return new PayoutStanding(new(owner.Asset, counts.Available), new(owner.Asset, counts.DebitsHeld), available, cost is { IsGiven: true } given ? given.Value : null, cost?.Refusal, staying);
    }

    /// <summary>What a payout of an amount would cost now, and why it would not be made, without making it.</summary>
    public async ValueTask<Answer<Amount>> ReadCostAsync(Id<PayeeKind> payee, Amount? asked)
    {
        if (await payees.FindAsync(payee) is not { } owner) return PayeeDirectory.NotFound(payee);
        if (await settings.FindAsync<PayoutSettingRow>(payee.Value) is not { } setting) return NotSet;
        var planned = await maker.PlanAsync(owner, setting, asked);
        return planned.IsGiven ? planned.Value.Cost : planned.Refusal;
    }

    /// <summary>A payout, as its payee or the operator sees it.</summary>
    public async ValueTask<Answer<Payout>> ReadAsync(Caller caller, Id<PayoutKind> id) => await FindAsync(caller, id) is { } row ? await DescribeAsync(row) : NotFound(id);

    /// <summary>A payee's payouts, newest first.</summary>
    public async ValueTask<Answer<Page<Payout>>> ListAsync(Id<PayeeKind> payee, string? cursor, int pageSize) =>
        this.cursor.TryRead(payee.Value, cursor, out var before) ? await ListAsync(payee.Value, null, before, pageSize, this.cursor) : Cursor.Invalid;

    /// <summary>All payees' payouts, newest first, for the operator.</summary>
    /// <param name="state">Only those in this state; null for all.</param>
    /// <param name="cursor">That of the page before, or null.</param>
    /// <param name="pageSize">1 to 200.</param>
    public async ValueTask<Answer<Page<Payout>>> ListAllAsync(PayoutState? state, string? cursor, int pageSize) =>
        ofAll.TryRead(UInt128.Zero, cursor, out var before) ? await ListAsync(null, state, before, pageSize, ofAll) : Cursor.Invalid;

    /// <summary>Lets a payout go that the operator looked at, and those after it to the same destination. To release one that was released changes nothing.</summary>
    public async ValueTask<Answer<Payout>> ReleaseAsync(Id<PayoutKind> id)
    {
        using (await schedule.EnterAsync(id.Value))
        {
            while (await FindAsync(Operator, id) is { } row)
            {
                if (row.Stage != PayoutState.Reviewing) return row.Cause == PayoutCause.Refused ? NotInReview(row) : await DescribeAsync(row);
                if (row.Cause == PayoutCause.Refused) return NotInReview(row);
                var destination = await settings.GetAsync<PayoutDestinationRow>(row.Destination);
                var released = row.In(PayoutState.Preparing, PayoutCause.Released, null, time.GetUtcNow());
                ISettingsRow[] rows = [released, await DueNowAsync(row.Id), .. destination.IsKnown ? (ISettingsRow[])[] : [destination with { IsKnown = true, Version = destination.Version + 1 }]];
                if (!await settings.WriteAsync(rows)) continue;
                schedule.Notice();
                return await DescribeAsync(released);
            }
        }

        return NotFound(id);
    }

    /// <summary>Refuses a payout that the operator looked at: its money goes back to the payee. To refuse one that was refused changes nothing.</summary>
    /// <param name="id">The payout.</param>
    /// <param name="reason">Why, for the payee to read.</param>
    public async ValueTask<Answer<Payout>> RefuseAsync(Id<PayoutKind> id, string reason)
    {
        if (!Words.AreShown(reason, MaxReasonLength)) return new Refusal(RefusalCodes.InvalidField, $"reason must be 1 to {MaxReasonLength} characters, not all blank, without control characters.");
        using (await schedule.EnterAsync(id.Value))
        {
            while (await FindAsync(Operator, id) is { } row)
            {
                if (row.Cause != PayoutCause.Refused)
                {
                    if (row.Stage != PayoutState.Reviewing) return NotInReview(row);
                    if (await driver.IsToldAsync(row) is not { } isTold) return new Refusal(RefusalCodes.RailUnreachable, "The rail of the payout does not answer, so nobody knows whether it has the payout already. Repeat it later.");
                    if (isTold)
                    {
                        // The settings are an older copy: it was released, and the rail says what becomes of it.
                        row = row.In(PayoutState.Sent, PayoutCause.Released, null, time.GetUtcNow()) with { ToldAt = time.GetUtcNow().ToUnixTimeMilliseconds() };
                        if (!await settings.WriteAsync(row, await DueNowAsync(row.Id))) continue;
                        schedule.Notice();
                        return NotInReview(row);
                    }

                    // What was decided comes first: a crash before the ledger hears of it must not leave the payout to be released.
                    var refused = row.In(PayoutState.Reviewing, PayoutCause.Refused, reason, row.ChangedAt);
                    if (!await settings.WriteAsync(refused, await DueNowAsync(row.Id))) continue;
                    row = refused;
                }

                if (row.Stage != PayoutState.Reviewing) return await DescribeAsync(row);
                if (await driver.GiveBackAsync(row, PayoutCause.Refused, row.Note) is not { } returned) return LedgerCalls.NotReady;
                if (await settings.WriteAsync(returned)) return await DescribeAsync(returned);
            }
        }

        return NotFound(id);
    }

    /// <summary>Takes up payouts whose money is set aside and that were never written down, as when the settings could not be written. To be called each minute.</summary>
    /// <param name="report">Told what cannot be taken up, and why.</param>
    public async ValueTask FinishAllAsync(Action<string, Exception?> report)
    {
        await maker.FinishAllAsync(report);
        schedule.Notice();
    }

    /// <summary>Has a rail asked about a payout soon: it has news. Durable when it returns; nothing for a payout that is not known.</summary>
    public async ValueTask WakeAsync(Id<PayoutKind> id)
    {
        using (await schedule.EnterAsync(id.Value))
        {
            while (await settings.FindAsync<PayoutRow>(id.Value) is not null && !await settings.WriteAsync(await DueNowAsync(id.Value)))
            {
                // Another change of the row came first: read again.
            }
        }

        schedule.Notice();
    }

    private static Caller Operator => new(CallerKind.Operator, UInt128.Zero);

    private async ValueTask<DueRow> DueNowAsync(UInt128 id) => (await settings.GetAsync<DueRow>(id)).MovedTo(time.GetUtcNow().ToUnixTimeMilliseconds());

    private async ValueTask<PayoutRow?> FindAsync(Caller caller, Id<PayoutKind> id) =>
        await settings.FindAsync<PayoutRow>(id.Value) is { } row && (caller.Kind == CallerKind.Operator || (caller.Kind == CallerKind.Payee && row.Owner == caller.Account)) ? row : null;

    private async ValueTask<Page<Payout>> ListAsync(UInt128? owner, PayoutState? state, UInt128? before, int pageSize, Cursor list)
    {
        pageSize = Cursor.ClampPageSize(pageSize);
        var rows = await settings.ListPayoutsAsync(owner, state, before, pageSize + 1);
        var lines = new List<Payout>(pageSize);
        foreach (var row in rows.Take(pageSize)) lines.Add(await DescribeAsync(row));
        return new Page<Payout>(lines, rows.Count > pageSize ? list.Write(owner ?? UInt128.Zero, lines[^1].Id.Value) : null);
    }

    private async ValueTask<Payout> DescribeAsync(PayoutRow row)
    {
        var destination = await settings.GetAsync<PayoutDestinationRow>(row.Destination);
        var isSilent = row.Stage == PayoutState.Sent && await settings.FindAsync<DueRow>(row.Id) is { Fault: not null };
        var (reason, whatToDo) = PayoutWords.Of(row, destination.Rail, isSilent);
        return new Payout(new(row.Id), new(row.Owner), row.Stage, reason, whatToDo, row.Amount, row.Cost, destination.Rail, destination.Destination, row.Trigger, row.CreatedAt, row.ChangedAt, row.Returned);
    }

    private static Refusal DestinationLost { get; } = new(RefusalCodes.PayoutNotSet, "The destination of that payout is lost; its money stays held until the same destination is set again.");

    private static Refusal NotSet { get; } = new(RefusalCodes.PayoutNotSet, "Nobody has set how this payee is paid out.");

    private static Refusal NotFound(Id<PayoutKind> id) => new(RefusalCodes.PayoutNotFound, $"There is no payout {id}.");

    private static Refusal NotInReview(PayoutRow row) => new(RefusalCodes.PayoutNotInReview, row.Cause == PayoutCause.Refused ? "The payout was refused." : "The payout does not wait for the operator any more.");

    private static UInt128 Digest(Id<PayeeKind> payee, Amount? asked)
    {
        var bytes = new CanonicalBytes(stackalloc byte[128]);
        bytes.Add("payout");
        bytes.Add(payee.Value);
        bytes.Add(asked);
        return bytes.ToDigest();
    }
}
