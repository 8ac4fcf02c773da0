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

namespace Farthing.Payments.Tips;

/// <summary>Tips: payments of any amount that buy nothing, given once or every month.</summary>
/// <remarks>Thread-safe. Every write is idempotent, also across a crash: a month is paid under an id derived from the tip and the instant it is due.</remarks>
public sealed class TipDesk : IDue
{
    /// <summary>How many monthly tips of a wallet are active at most.</summary>
    public const int MaxActive = 100;

    // Monthly tips of one wallet are given one after another, so that they can be counted.
    private readonly Turns turns = new(64);
    private readonly ISettingsStore settings;
    private readonly Ledger.Ledger ledger;
    private readonly WalletDirectory wallets;
    private readonly OfferDirectory offers;
    private readonly PaymentMaker maker;
    private readonly PaymentPricer pricer;
    private readonly Schedule schedule;
    private readonly Cursor cursor;
    private readonly TimeProvider time;

    internal TipDesk(ISettingsStore settings, Ledger.Ledger ledger, WalletDirectory wallets, OfferDirectory offers, PaymentMaker maker, PaymentPricer pricer, Schedule schedule, LabelledSecrets secrets, TimeProvider time)
    {
        this.settings = settings;
        this.ledger = ledger;
        this.wallets = wallets;
        this.offers = offers;
        this.maker = maker;
        this.pricer = pricer;
        this.schedule = schedule;
        cursor = new Cursor(secrets, "tips");
        this.time = time;
    }

    /// <summary>Gives a tip. A monthly one comes into being only if this first one is paid.</summary>
    public async ValueTask<Answer<Tip>> TipAsync(Id<WalletKind> wallet, IdempotencyKey key, NewTip request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Offer is { } id)
        {
            if (await offers.FindAsync(id) is not { } offer) return OfferDirectory.NotFound(id);
            if (offer.Resources.Count > 0) return new Refusal(RefusalCodes.InvalidField, "The offer is a bundle, which is bought once: name another one.");
            request = request with { Payee = offer.Payee };
        }

        return request.TimeZone is null ? await TipOnceAsync(wallet, key, request) : await TipMonthlyAsync(wallet, key, request);
    }

    /// <summary>A wallet's monthly tip.</summary>
    public async ValueTask<Answer<MonthlyTip>> ReadAsync(Id<WalletKind> wallet, Id<TipKind> id)
    {
        if (await IsErasedAsync(wallet)) return WalletDirectory.Erased;
        return await FindAsync(wallet, id) is { } row ? await ToTipAsync(row) : NotFound(id);
    }

    /// <summary>A wallet's monthly tips, newest first.</summary>
    public async ValueTask<Answer<Page<MonthlyTip>>> ListAsync(Id<WalletKind> wallet, string? cursor, int pageSize)
    {
        if (await IsErasedAsync(wallet)) return WalletDirectory.Erased;
        if (!this.cursor.TryRead(wallet.Value, cursor, out var before)) return Cursor.Invalid;
        pageSize = Cursor.ClampPageSize(pageSize);
        var rows = await settings.ListAsync<TipRow>(wallet.Value, before, pageSize + 1);
        var lines = new List<MonthlyTip>(pageSize);
        foreach (var row in rows.Take(pageSize)) lines.Add(await ToTipAsync(row));
        return new Page<MonthlyTip>(lines, rows.Count > pageSize ? this.cursor.Write(wallet.Value, lines[^1].Id.Value) : null);
    }

    /// <summary>Ends a monthly tip; ending an ended one changes nothing. Once this is answered, no further month is paid.</summary>
    public async ValueTask<Answer<MonthlyTip>> CancelAsync(Id<WalletKind> wallet, Id<TipKind> id)
    {
        if (await IsErasedAsync(wallet)) return WalletDirectory.Erased;
        return await EndAsync(wallet, id) is { } row ? await ToTipAsync(row) : NotFound(id);
    }

    /// <summary>Ends all monthly tips of a wallet that is to be erased.</summary>
    internal async ValueTask EndAllAsync(Id<WalletKind> wallet)
    {
        await foreach (var row in settings.ReadAllAsync<TipRow>(wallet.Value))
        {
            if (row.State == RowState.Active) await EndAsync(wallet, new(row.Id));
        }
    }

    /// <inheritdoc/>
    async ValueTask<DueResult> IDue.RunAsync(UInt128 subject, long dueUnixMilliseconds)
    {
        if (await settings.FindAsync<TipRow>(subject) is not { State: RowState.Active } row) return DueResult.Done();
        if (await maker.PayDueAsync(RequestFor(row, dueUnixMilliseconds), row.Id, dueUnixMilliseconds) is not { } paid) return DueResult.Undecided(RefusalCodes.CapsChanged);
        if (paid.Refusal?.Code == RefusalCodes.NotReady) return DueResult.Undecided(RefusalCodes.NotReady);
        if (paid.IsGiven) return DueResult.Next(NextOf(row, dueUnixMilliseconds), row with { Paid = row.Paid + 1, LastPayment = paid.Value.Id.Value, LastRefusal = null, Version = row.Version + 1 });
        var missed = row with { Missed = row.Missed + 1, LastRefusal = paid.Refusal.Code.Code, Version = row.Version + 1 };
        return Refusals.IsForGood(paid.Refusal.Code) ? DueResult.Done(missed with { State = RowState.Closed }) : DueResult.Next(NextOf(row, dueUnixMilliseconds), missed);
    }

    /// <summary>Carries a claimed row on: pays the first tip, then makes it monthly. Does nothing that was done before.</summary>
    /// <returns>The first payment, or why there is none, in which case there is no monthly tip either.</returns>
    internal async ValueTask<Answer<Payment>> FinishAsync(TipRow row)
    {
        var first = FirstOf(row);
        var request = RequestFor(row, first);
        Answer<Payment> paid = CutOff.IsGivenUp(row.State, row.CreatedAt, time.GetUtcNow()) && !await maker.IsKnownAsync(request) ? CutOff.TooOld : await maker.PayAsync(request);
        if (paid.Refusal?.Code == RefusalCodes.NotReady || row.State is not (RowState.Creating or RowState.Refused)) return paid;
        var isWritten = paid.IsGiven
            ? await settings.WriteAsync(row with { State = RowState.Active, Paid = 1, LastPayment = paid.Value.Id.Value, Version = row.Version + 1 }, DueRow.New(row.Id, DueKind.Tip, NextOf(row, first)))
            : row.State == RowState.Refused || await settings.WriteAsync(row with { State = RowState.Refused, Version = row.Version + 1 });
        if (isWritten) schedule.Notice();
        return paid;
    }

    private async ValueTask<Answer<Tip>> TipOnceAsync(Id<WalletKind> wallet, IdempotencyKey key, NewTip request)
    {
        var paid = await maker.PayAsync(OnceRequest(wallet, key, request));
        return paid.IsGiven ? new Tip(paid.Value, null) : paid.Refusal;
    }

    private async ValueTask<Answer<Tip>> TipMonthlyAsync(Id<WalletKind> wallet, IdempotencyKey key, NewTip request)
    {
        if (!TimeZones.TryFind(request.TimeZone, out var zone)) return new Refusal(RefusalCodes.InvalidField, "timeZone must be the name of an IANA time zone, such as Europe/Paris.");
        if (request.Reference is not null) return new Refusal(RefusalCodes.InvalidField, "A monthly tip takes no reference: that of each payment is the tip's id.");
        var row = new TipRow(Id<TipKind>.New(time).Value, wallet.Value, request.Payee?.Value ?? default, request.Offer?.Value, request.Amount.Units.ToString(CultureInfo.InvariantCulture), request.Amount.Asset.Code, zone.Id,
            0, 0, UInt128.Zero, null, false, RowState.Creating, time.GetUtcNow());
        var digest = Digest(row);
        using var turn = await turns.EnterAsync(wallet.Value);
        // The key has one id in the ledger, whether it gives a tip once or every month.
        var keyId = OnceRequest(wallet, key, request).KeyId();
        if (await ledger.FindAsync(keyId) is null)
        {
            // What makes no sense leaves nothing behind.
            var asked = RequestFor(row, FirstOf(row));
            if (pricer.Prepare(asked, await pricer.ResolveAsync(asked), out _) is { } refusal) return refusal;
            if (await settings.ReadAllAsync<TipRow>(wallet.Value).Where(row => row.State == RowState.Active).Take(MaxActive).CountAsync() == MaxActive)
                return new Refusal(RefusalCodes.TooManyMonthlyTips, $"The wallet gives {MaxActive} monthly tips. Cancel one, then repeat.");
            if (await ledger.TrySubmitAsync(Command.Claim(keyId, digest, wallet.Value)) is not { } claimed) return LedgerCalls.NotReady;
            if (claimed[0].Outcome is not (Outcome.Done or Outcome.IdAlreadyUsed)) return Refusals.OfPayment(claimed[0].Outcome);
        }

        if (await ledger.FindAsync(keyId) is not { } claim || claim.Command.Digest != digest) return PayeeDirectory.Conflict;
        if (await settings.ClaimNewAsync(Scope(wallet), key.ToHash(), digest, row) is not { } standing) return PayeeDirectory.Conflict;
        var paid = await FinishAsync(standing);
        // The first answer is given again, whatever came since.
        return paid.IsGiven ? new Tip(paid.Value, ToTip(standing with { State = RowState.Active, IsCancelled = false, Paid = 1, Missed = 0, LastPayment = paid.Value.Id.Value, LastRefusal = null }, NextOf(standing, FirstOf(standing)))) : paid.Refusal;
    }

    /// <summary>Ends a tip, unless it has ended; null if the wallet has no such tip.</summary>
    private async ValueTask<TipRow?> EndAsync(Id<WalletKind> wallet, Id<TipKind> id)
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

    private async ValueTask<bool> IsErasedAsync(Id<WalletKind> wallet) => await wallets.LoadAsync(wallet.Value) is { IsErased: true };

    private async ValueTask<TipRow?> FindAsync(Id<WalletKind> wallet, Id<TipKind> id) =>
        await settings.FindAsync<TipRow>(id.Value) is { State: RowState.Active or RowState.Closed } row && row.Owner == wallet.Value ? row : null;

    private async ValueTask<MonthlyTip> ToTipAsync(TipRow row) => ToTip(row, row.State == RowState.Active ? (await settings.FindAsync<DueRow>(row.Id))?.DueUnixMilliseconds : null);

    private static MonthlyTip ToTip(TipRow row, long? nextUnixMilliseconds) => new(
        new(row.Id), StatusOf(row), new(row.Payee), row.Offer is { } offer ? new(offer) : null, AmountOf(row), row.TimeZone, nextUnixMilliseconds is { } next ? DateTimeOffset.FromUnixTimeMilliseconds(next) : null,
        row.Paid, row.Missed, row.LastPayment == UInt128.Zero ? null : new Id<PaymentKind>(row.LastPayment), row.LastRefusal, row.CreatedAt);

    private static MonthlyTipStatus StatusOf(TipRow row) => row.State != RowState.Closed ? MonthlyTipStatus.Active : row.IsCancelled ? MonthlyTipStatus.Cancelled : MonthlyTipStatus.Ended;

    private static PaymentRequest OnceRequest(Id<WalletKind> wallet, IdempotencyKey key, NewTip request) =>
        new() { Wallet = wallet, Key = key, KeyScope = "tip", Payee = request.Offer is null ? request.Payee : null, Offer = request.Offer, Amount = request.Amount, Reference = request.Reference };

    private static PaymentRequest RequestFor(TipRow row, long dueUnixMilliseconds) => new()
    {
        Wallet = new(row.Owner),
        Key = IdempotencyKey.ForDue(row.Id, dueUnixMilliseconds),
        KeyScope = "due",
        Payee = row.Offer is null ? new(row.Payee) : null,
        Offer = row.Offer is { } offer ? new(offer) : null,
        Amount = AmountOf(row),
        Reference = new Id<TipKind>(row.Id).ToString(),
    };

    private static Amount AmountOf(TipRow row) => new(Currency.Of(row.Currency), UInt128.Parse(row.Units, CultureInfo.InvariantCulture));

    private static long FirstOf(TipRow row) => row.CreatedAt.ToUnixTimeMilliseconds();

    private static long NextOf(TipRow row, long dueUnixMilliseconds) =>
        TimeZones.TryFind(row.TimeZone, out var zone)
            ? Anniversaries.Next(CalendarPeriod.Month, zone, FirstOf(row), dueUnixMilliseconds)
            : throw new InvalidOperationException($"The time zone {row.TimeZone} of a tip is no longer known.");

    private static Refusal NotFound(Id<TipKind> id) => new(RefusalCodes.TipNotFound, $"There is no monthly tip {id} of this wallet.");

    private static string Scope(Id<WalletKind> wallet) => $"tip:{wallet}";

    private static UInt128 Digest(TipRow row)
    {
        var bytes = new CanonicalBytes(stackalloc byte[512]);
        bytes.Add("tip");
        bytes.Add(row.Owner);
        bytes.Add(row.Payee);
        bytes.Add(row.Offer);
        bytes.Add(row.Units);
        bytes.Add(row.Currency);
        bytes.Add(row.TimeZone);
        return bytes.ToDigest();
    }
}
