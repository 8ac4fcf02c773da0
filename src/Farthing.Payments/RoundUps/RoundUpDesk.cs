using System.Globalization;
using Farthing.Ledger;
using Farthing.Payments.Calendars;
using Farthing.Payments.Desk;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Payments.Schedules;
using Farthing.Payments.Settings;
using Farthing.Payments.Wallets;
using Farthing.Protocol;

namespace Farthing.Payments.RoundUps;

/// <summary>Round-ups: what a wallet's payments are rounded up by is given away once a month, in one payment, so that nobody is asked for each and no fee is paid on less than it is worth.</summary>
/// <remarks>
/// Thread-safe. Every write is idempotent, also across a crash: a month is paid under an id derived from the round-up and the instant it is due. A wallet has one at a
/// time, as two would round each other's gifts up; an offer with splits gives to many.
/// </remarks>
public sealed class RoundUpDesk : IDue
{
    /// <summary>How many round-ups a wallet makes at most in eight weeks, cancelled ones included.</summary>
    public const int MaxInEightWeeks = 20;

    private static readonly TimeSpan EightWeeks = TimeSpan.FromDays(56);

    // Those of one wallet are made one after another, so that it has one.
    private readonly Turns turns = new(64);
    private readonly ISettingsStore settings;
    private readonly Ledger.Ledger ledger;
    private readonly WalletDirectory wallets;
    private readonly PaymentMaker maker;
    private readonly PaymentPricer pricer;
    private readonly RoundUpCounter counter;
    private readonly Schedule schedule;
    private readonly Cursor cursor;
    private readonly TimeProvider time;

    internal RoundUpDesk(ISettingsStore settings, Ledger.Ledger ledger, WalletDirectory wallets, PaymentMaker maker, PaymentPricer pricer, Schedule schedule, LabelledSecrets secrets, TimeProvider time)
    {
        this.settings = settings;
        this.ledger = ledger;
        this.wallets = wallets;
        this.maker = maker;
        this.pricer = pricer;
        counter = new RoundUpCounter(ledger);
        this.schedule = schedule;
        cursor = new Cursor(secrets, "round-ups");
        this.time = time;
    }

    /// <summary>Makes a round-up: it counts what is paid from now on, and gives for the first time in a month.</summary>
    public async ValueTask<Answer<RoundUp>> CreateAsync(Id<WalletKind> wallet, IdempotencyKey key, NewRoundUp request)
    {
        ArgumentNullException.ThrowIfNull(request);
        using var turn = await turns.EnterAsync(wallet.Value);
        if (await IsErasedAsync(wallet)) return WalletDirectory.Erased;
        var (scope, hash, digest) = ($"round-up:{wallet}", key.ToHash(), Digest(wallet, request));
        if (await settings.FindClaimAsync(scope, hash) is not { } claim)
        {
            var prepared = await PrepareAsync(wallet, request);
            if (!prepared.IsGiven) return prepared.Refusal;
            var row = prepared.Value;
            claim = await settings.ClaimAsync(new ClaimRow(scope, hash, digest, row.Id, 0), row, DueRow.New(row.Id, DueKind.RoundUp, NextOf(row, FirstOf(row))))
                ?? throw new InvalidOperationException($"The id {row.Id:x32} of a new round-up is taken.");
            schedule.Notice();
        }

        if (claim.Digest != digest) return PayeeDirectory.Conflict;
        var made = await settings.GetAsync<RoundUpRow>(claim.Row);
        // The first answer is given again, whatever came since.
        return Describe(made with { State = RowState.Active, IsCancelled = false, Paid = 0, Missed = 0, LastPayment = UInt128.Zero, LastRefusal = null }, NextOf(made, FirstOf(made)), null);
    }

    /// <summary>A wallet's round-up, with what it comes to so far.</summary>
    public async ValueTask<Answer<RoundUp>> ReadAsync(Id<WalletKind> wallet, Id<RoundUpKind> id)
    {
        if (await IsErasedAsync(wallet)) return WalletDirectory.Erased;
        if (await FindAsync(wallet, id) is not { } row) return NotFound(id);
        return await DescribeAsync(row, row.State == RowState.Active ? await counter.CountAsync(row, long.MaxValue) : null);
    }

    /// <summary>A wallet's round-ups, newest first.</summary>
    public async ValueTask<Answer<Page<RoundUp>>> ListAsync(Id<WalletKind> wallet, string? cursor, int pageSize)
    {
        if (await IsErasedAsync(wallet)) return WalletDirectory.Erased;
        if (!this.cursor.TryRead(wallet.Value, cursor, out var before)) return Cursor.Invalid;
        pageSize = Cursor.ClampPageSize(pageSize);
        var rows = await settings.ListAsync<RoundUpRow>(wallet.Value, before, pageSize + 1);
        var lines = new List<RoundUp>(pageSize);
        foreach (var row in rows.Take(pageSize)) lines.Add(await DescribeAsync(row, null));
        return new Page<RoundUp>(lines, rows.Count > pageSize ? this.cursor.Write(wallet.Value, lines[^1].Id.Value) : null);
    }

    /// <summary>Ends a round-up; what it came to so far is not given. Ending an ended one changes nothing. Once this is answered, nothing more is paid.</summary>
    public async ValueTask<Answer<RoundUp>> CancelAsync(Id<WalletKind> wallet, Id<RoundUpKind> id)
    {
        if (await IsErasedAsync(wallet)) return WalletDirectory.Erased;
        return await EndAsync(wallet, id) is { } row ? await DescribeAsync(row, null) : NotFound(id);
    }

    /// <summary>Ends the round-up of a wallet that is to be erased.</summary>
    internal async ValueTask EndAllAsync(Id<WalletKind> wallet)
    {
        await foreach (var row in ReadActiveAsync(wallet)) await EndAsync(wallet, new(row.Id));
    }

    /// <inheritdoc/>
    async ValueTask<DueResult> IDue.RunAsync(UInt128 subject, long dueUnixMilliseconds)
    {
        if (await settings.FindAsync<RoundUpRow>(subject) is not { State: RowState.Active } row) return DueResult.Done();
        // Until the ledger's own time has come to the instant more may be paid before it, and the month would come to something else when it is counted again.
        var over = MonthOverOf(subject, dueUnixMilliseconds);
        if (await ledger.TrySubmitAsync(Command.Claim(over, over, subject)) is null || ledger.LastBatchUnixMilliseconds < dueUnixMilliseconds) return DueResult.Undecided(RefusalCodes.NotReady);

        var next = NextOf(row, dueUnixMilliseconds);
        var counted = row with { CountedUntil = DateTimeOffset.FromUnixTimeMilliseconds(dueUnixMilliseconds), LastRefusal = null, Version = row.Version + 1 };
        var amount = await counter.CountAsync(row, dueUnixMilliseconds);
        if (amount.IsZero) return DueResult.Next(next, counted);
        if (await maker.PayDueAsync(RequestFor(row, dueUnixMilliseconds, amount), row.Id, dueUnixMilliseconds) is not { } paid) return DueResult.Undecided(RefusalCodes.CapsChanged);
        if (paid.Refusal?.Code == RefusalCodes.NotReady) return DueResult.Undecided(RefusalCodes.NotReady);
        if (paid.IsGiven) return DueResult.Next(next, counted with { Paid = row.Paid + 1, LastPayment = paid.Value.Id.Value });
        var missed = counted with { Missed = row.Missed + 1, LastRefusal = paid.Refusal.Code.Code };
        return Refusals.IsForGood(paid.Refusal.Code) ? DueResult.Done(missed with { State = RowState.Closed }) : DueResult.Next(next, missed);
    }

    /// <summary>The row of a new round-up, or why it makes no sense: then nothing is left behind.</summary>
    private async ValueTask<Answer<RoundUpRow>> PrepareAsync(Id<WalletKind> wallet, NewRoundUp request)
    {
        if (await wallets.LoadAsync(wallet.Value) is not { } payer) return WalletDirectory.NotFound(wallet);
        if (payer.IsErased) return WalletDirectory.Erased;
        if (Amounts.Check(request.Unit, payer.Asset) is { } refusal) return refusal;
        if (request.Unit.Units == UInt128.One) return new Refusal(RefusalCodes.InvalidField, $"unit must be more than {request.Unit}: every payment is a whole number of those, so that nothing would ever be given.");
        if (!TimeZones.TryFind(request.TimeZone ?? TimeZones.Utc, out var zone)) return new Refusal(RefusalCodes.InvalidField, "timeZone must be the name of an IANA time zone, such as Europe/Paris.");
        var most = request.MostPerMonth ?? RoundUp.DefaultMost(request.Unit.Asset);
        var now = DateTimeOffset.FromUnixTimeMilliseconds(ledger.NowUnixMilliseconds(time));
        var row = new RoundUpRow(Id<RoundUpKind>.New(time).Value, wallet.Value, request.Payee?.Value ?? default, request.Offer?.Value, Text(request.Unit), Text(most), payer.Asset.Code, zone.Id, now, 0, 0,
            UInt128.Zero, null, false, RowState.Active, now);
        // The most that it may ever give must be payable.
        var asked = RequestFor(row, NextOf(row, FirstOf(row)), most);
        if (pricer.Prepare(asked, await pricer.ResolveAsync(asked), out var prepared) is { } unpayable) return unpayable;
        if (prepared!.IsOnce) return new Refusal(RefusalCodes.InvalidField, "The offer is a bundle, which is bought once: name another one.");
        if (await ReadActiveAsync(wallet).AnyAsync()) return new Refusal(RefusalCodes.RoundUpExists, "The wallet has a round-up. Cancel it, then repeat; to give to several payees, name an offer with splits.");
        var newest = await settings.ListAsync<RoundUpRow>(wallet.Value, null, MaxInEightWeeks);
        if (newest.Count == MaxInEightWeeks && newest[^1].CreatedAt > now - EightWeeks) return new Refusal(RefusalCodes.TooManyRoundUps, $"The wallet made {MaxInEightWeeks} round-ups in the last eight weeks.");
        return row with { Payee = prepared.Payee.Account };
    }

    /// <summary>Ends a round-up, unless it has ended; null if the wallet has no such round-up.</summary>
    private async ValueTask<RoundUpRow?> EndAsync(Id<WalletKind> wallet, Id<RoundUpKind> id)
    {
        using var turn = await schedule.EnterAsync(id.Value);
        while (await FindAsync(wallet, id) is { } row)
        {
            if (row.State == RowState.Closed) return row;
            var ended = row with { State = RowState.Closed, IsCancelled = true, Version = row.Version + 1 };
            if (await settings.WriteAsync(ended, (await settings.GetAsync<DueRow>(row.Id)).MovedTo(null))) return ended;
        }

        return null;
    }

    private IAsyncEnumerable<RoundUpRow> ReadActiveAsync(Id<WalletKind> wallet) => settings.ReadAllAsync<RoundUpRow>(wallet.Value).Where(row => row.State == RowState.Active);

    private async ValueTask<bool> IsErasedAsync(Id<WalletKind> wallet) => await wallets.LoadAsync(wallet.Value) is { IsErased: true };

    private async ValueTask<RoundUpRow?> FindAsync(Id<WalletKind> wallet, Id<RoundUpKind> id) => await settings.FindAsync<RoundUpRow>(id.Value) is { } row && row.Owner == wallet.Value ? row : null;

    private async ValueTask<RoundUp> DescribeAsync(RoundUpRow row, Amount? soFar) =>
        Describe(row, row.State == RowState.Active ? (await settings.FindAsync<DueRow>(row.Id))?.DueUnixMilliseconds : null, soFar);

    private static RoundUp Describe(RoundUpRow row, long? next, Amount? soFar) => new(
        new(row.Id), row.State != RowState.Closed ? RoundUpStatus.Active : row.IsCancelled ? RoundUpStatus.Cancelled : RoundUpStatus.Ended, new(row.Payee), row.Offer is { } offer ? new(offer) : null, AmountOf(row, row.UnitUnits),
        AmountOf(row, row.MostUnits), soFar, row.TimeZone, next is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null, row.Paid, row.Missed,
        row.LastPayment == UInt128.Zero ? null : new Id<PaymentKind>(row.LastPayment), row.LastRefusal, row.CreatedAt);

    private static PaymentRequest RequestFor(RoundUpRow row, long dueUnixMilliseconds, Amount amount) => new()
    {
        Wallet = new(row.Owner),
        Key = IdempotencyKey.ForDue(row.Id, dueUnixMilliseconds),
        KeyScope = "due",
        Payee = row.Offer is null ? new(row.Payee) : null,
        Offer = row.Offer is { } offer ? new(offer) : null,
        Amount = amount,
        Reference = new Id<RoundUpKind>(row.Id).ToString(),
    };

    private static long NextOf(RoundUpRow row, long afterUnixMilliseconds) =>
        TimeZones.TryFind(row.TimeZone, out var zone)
            ? Anniversaries.Next(CalendarPeriod.Month, zone, FirstOf(row), afterUnixMilliseconds)
            : throw new InvalidOperationException($"The time zone {row.TimeZone} of a round-up is no longer known.");

    private static long FirstOf(RoundUpRow row) => row.CreatedAt.ToUnixTimeMilliseconds();

    private static UInt128 MonthOverOf(UInt128 roundUp, long dueUnixMilliseconds)
    {
        var bytes = new CanonicalBytes(stackalloc byte[64]);
        bytes.Add("round-up-month");
        bytes.Add(roundUp);
        bytes.Add((UInt128)(ulong)dueUnixMilliseconds);
        return bytes.ToLegId(dueUnixMilliseconds);
    }

    private static Amount AmountOf(RoundUpRow row, string units) => new(Currency.Of(row.Currency), UInt128.Parse(units, CultureInfo.InvariantCulture));

    private static string Text(Amount amount) => amount.Units.ToString(CultureInfo.InvariantCulture);

    private static Refusal NotFound(Id<RoundUpKind> id) => new(RefusalCodes.RoundUpNotFound, $"There is no round-up {id} of this wallet.");

    private static UInt128 Digest(Id<WalletKind> wallet, NewRoundUp request)
    {
        var bytes = new CanonicalBytes(stackalloc byte[512]);
        bytes.Add("round-up");
        bytes.Add(wallet.Value);
        bytes.Add(request.Payee?.Value);
        bytes.Add(request.Offer?.Value);
        bytes.Add(request.Unit);
        bytes.Add(request.MostPerMonth);
        bytes.Add(request.TimeZone);
        return bytes.ToDigest();
    }
}
