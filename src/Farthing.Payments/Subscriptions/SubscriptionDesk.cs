using Farthing.Payments.Calendars;
using Farthing.Payments.Desk;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Payments.Schedules;
using Farthing.Payments.Settings;
using Farthing.Payments.Wallets;
using Farthing.Protocol;

namespace Farthing.Payments.Subscriptions;

/// <summary>Subscriptions: begin, change, pause, resume, cancel, read. Renewals are the schedule's.</summary>
/// <remarks>Thread-safe. Every write is idempotent, also across a crash. Whatever changes a subscription has its turn of the schedule, so that no renewal comes in between.</remarks>
public sealed class SubscriptionDesk
{
    /// <summary>How much may happen to a wallet's subscriptions within 24 hours before it can change none: each change tells its payee.</summary>
    public const int MaxEventsADay = 100;

    private const long MillisecondsPerDay = 24 * 3600 * 1000;

    private readonly ISettingsStore settings;
    private readonly WalletDirectory wallets;
    private readonly PaymentMaker maker;
    private readonly PaymentPricer pricer;
    private readonly OfferDirectory offers;
    private readonly SubscriptionUses uses;
    private readonly SubscriptionChanges changes;
    private readonly Schedule schedule;
    private readonly LabelledSecrets secrets;
    private readonly Cursor cursor;
    private readonly Cursor eventCursor;
    private readonly TimeProvider time;
    private readonly Turns browsers = new(64);

    internal SubscriptionDesk(ISettingsStore settings, WalletDirectory wallets, PaymentMaker maker, PaymentPricer pricer, OfferDirectory offers, SubscriptionUses uses, SubscriptionChanges changes, Schedule schedule, LabelledSecrets secrets, TimeProvider time)
    {
        this.settings = settings;
        this.wallets = wallets;
        this.maker = maker;
        this.pricer = pricer;
        this.offers = offers;
        this.uses = uses;
        this.changes = changes;
        this.schedule = schedule;
        this.secrets = secrets;
        cursor = new Cursor(secrets, "subscriptions");
        eventCursor = new Cursor(secrets, "subscription-events");
        this.time = time;
    }

    /// <summary>Subscribes a wallet to an offer. The subscription comes into being only if its first period is paid.</summary>
    public async ValueTask<Answer<Subscribed>> SubscribeAsync(Id<WalletKind> wallet, IdempotencyKey key, Id<OfferKind> offer, string timeZone)
    {
        if (await IsErasedAsync(new(CallerKind.Wallet, wallet.Value))) return WalletDirectory.Erased;
        if (!TimeZones.TryFind(timeZone, out var zone)) return new Refusal(RefusalCodes.InvalidField, "timeZone must be the name of an IANA time zone, such as Europe/Paris.");
        var scope = $"subscription:{wallet}";
        var digest = Digest("subscribe", wallet.Value, offer.Value, zone.Id);
        if (await settings.FindClaimAsync(scope, key.ToHash()) is not { } claim)
        {
            if (await offers.FindAsync(offer) is not { } found) return OfferDirectory.NotFound(offer);
            if (found.IsClosed) return new Refusal(RefusalCodes.OfferClosed, "The offer is closed. Ask the payee for a current one.");
            if (found.Pricing is not PerPeriod) return NotASubscription(offer);
            var (id, now) = (Id<SubscriptionKind>.New(time).Value, time.GetUtcNow());
            var at = now.ToUnixTimeMilliseconds();
            var row = new SubscriptionRow(id, wallet.Value, found.Payee.Value, offer.Value, UInt128.Zero, zone.Id, at, at, at, at, SubscriptionStatus.Active, 0, null, RowState.Creating, now);
            var asked = SubscriptionPeriods.RequestFor(row, row.Offer, row.Id, at, ((PerPeriod)found.Pricing).Price);
            if (pricer.Prepare(asked, await pricer.ResolveAsync(asked), out _) is { } refusal) return refusal;
            claim = await settings.ClaimAsync(new ClaimRow(scope, key.ToHash(), digest, id, 0), row) ?? throw new InvalidOperationException($"The id {id:x32} of a new subscription is taken.");
        }

        if (claim.Digest != digest) return PayeeDirectory.Conflict;
        var standing = await settings.GetAsync<SubscriptionRow>(claim.Row);
        var paid = await FinishAsync(standing, offer.Value);
        if (!paid.IsGiven) return paid.Refusal;
        // The first answer is given again, whatever came since.
        var first = standing with { Offer = offer.Value, NextOffer = UInt128.Zero, Anchor = standing.CreatedAt.ToUnixTimeMilliseconds() };
        var began = SubscriptionPeriods.Began(first, await PricingAsync(offer.Value), first.Anchor);
        return new Subscribed(paid.Value, ToSubscription(began, began.PeriodEnd));
    }

    /// <summary>Sees to it that a wallet has a paid subscription to an offer, from a browser: two tabs, whose keys differ, subscribe once.</summary>
    /// <remarks>One that is paused is resumed; one whose renewal was refused is ended, so that it does not pay for the past as well, and another begins.</remarks>
    /// <returns>Why not, or null.</returns>
    public async ValueTask<Refusal?> SubscribeOnceAsync(Id<WalletKind> wallet, IdempotencyKey key, Id<OfferKind> offer, string timeZone)
    {
        using var turn = await browsers.EnterAsync(wallet.Value);
        // What was cut off may have been paid for.
        foreach (var cut in await settings.ListCreatingAsync<SubscriptionRow>())
        {
            if (cut.Owner == wallet.Value && cut.Offer == offer.Value && (await FinishAsync(cut, cut.Offer)).Refusal?.Code == RefusalCodes.NotReady) return LedgerCalls.NotReady;
        }

        var payer = new Caller(CallerKind.Wallet, wallet.Value);
        await foreach (var row in settings.ReadAllAsync<SubscriptionRow>(wallet.Value))
        {
            // One that was cancelled is over with its period, though the schedule may not have said so yet.
            if (row.Offer != offer.Value || row.Status == SubscriptionStatus.Ended || (row.Status == SubscriptionStatus.Cancelled && time.GetUtcNow().ToUnixTimeMilliseconds() >= row.PeriodEnd)) continue;
            if (row.Status == SubscriptionStatus.Paused) return (await ResumeAsync(payer, key, new(row.Id))).Refusal;
            if (row.Status != SubscriptionStatus.PastDue) return null;
            if ((await CancelAsync(payer, key, new(row.Id))).Refusal is { } refusal) return refusal;
        }

        return (await SubscribeAsync(wallet, key, offer, timeZone)).Refusal;
    }

    /// <summary>A subscription as its wallet or payee may see it.</summary>
    public async ValueTask<Answer<Subscription>> ReadAsync(Caller caller, Id<SubscriptionKind> id)
    {
        if (await IsErasedAsync(caller)) return WalletDirectory.Erased;
        return await FindAsync(caller, id) is { } row ? await DescribeAsync(row) : NotFound(id);
    }

    /// <summary>A wallet's subscriptions, newest first.</summary>
    public async ValueTask<Answer<Page<Subscription>>> ListAsync(Id<WalletKind> wallet, string? cursor, int pageSize)
    {
        if (await IsErasedAsync(new(CallerKind.Wallet, wallet.Value))) return WalletDirectory.Erased;
        if (!this.cursor.TryRead(wallet.Value, cursor, out var before)) return Cursor.Invalid;
        pageSize = Cursor.ClampPageSize(pageSize);
        var rows = await settings.ListAsync<SubscriptionRow>(wallet.Value, before, pageSize + 1);
        var lines = new List<Subscription>(pageSize);
        foreach (var row in rows.Take(pageSize)) lines.Add(await DescribeAsync(row));
        return new Page<Subscription>(lines, rows.Count > pageSize ? this.cursor.Write(wallet.Value, lines[^1].Id.Value) : null);
    }

    /// <summary>What happened to the subscriptions of a wallet or payee, newest first.</summary>
    public async ValueTask<Answer<Page<SubscriptionEvent>>> ListEventsAsync(Caller caller, string? cursor, int pageSize)
    {
        if (await IsErasedAsync(caller)) return WalletDirectory.Erased;
        if (!eventCursor.TryRead(caller.Account, cursor, out var before)) return Cursor.Invalid;
        pageSize = Cursor.ClampPageSize(pageSize);
        var rows = await settings.ListAsync<SubscriptionEventRow>(caller.Account, before, pageSize + 1);
        var lines = rows.Take(pageSize).Select(ToEvent).ToList();
        return new Page<SubscriptionEvent>(lines, rows.Count > pageSize ? eventCursor.Write(caller.Account, lines[^1].Id.Value) : null);
    }

    /// <summary>Cancels: what is paid stays paid for, and nothing more is asked for. Payer and payee both may.</summary>
    public ValueTask<Answer<SubscriptionEvent>> CancelAsync(Caller caller, IdempotencyKey key, Id<SubscriptionKind> id) =>
        ActAsync(caller, key, id, SubscriptionEventKind.Cancelled, null, (row, _, now) => row.Status switch
        {
            SubscriptionStatus.Active or SubscriptionStatus.Pausing => new(row with { Status = SubscriptionStatus.Cancelled }, row.PeriodEnd, row.PeriodEnd),
            SubscriptionStatus.Paused or SubscriptionStatus.PastDue => new(row with { Status = SubscriptionStatus.Ended }, null, now),
            _ => null,
        });

    /// <summary>Pauses: when the period is over, none is asked for until the subscription is resumed.</summary>
    public ValueTask<Answer<SubscriptionEvent>> PauseAsync(Caller payer, IdempotencyKey key, Id<SubscriptionKind> id) =>
        ActAsync(payer, key, id, SubscriptionEventKind.Paused, null, (row, _, _) =>
            row.Status == SubscriptionStatus.Active ? new(row with { Status = SubscriptionStatus.Pausing }, row.PeriodEnd, row.PeriodEnd) : null);

    /// <summary>Resumes: takes a pause back that has not begun, or pays a new period that begins now.</summary>
    public ValueTask<Answer<SubscriptionEvent>> ResumeAsync(Caller payer, IdempotencyKey key, Id<SubscriptionKind> id) =>
        ActAsync(payer, key, id, SubscriptionEventKind.Resumed, null, (row, _, _) => row.Status switch
        {
            SubscriptionStatus.Pausing => new(row with { Status = SubscriptionStatus.Active }, row.PeriodEnd, row.PeriodEnd),
            SubscriptionStatus.Paused => Act.Paid,
            _ => null,
        });

    /// <summary>Changes to another offer of the same payee and period: a dearer one at once, for the difference prorated over the rest of the period; another one from the next period on.</summary>
    public async ValueTask<Answer<SubscriptionEvent>> ChangeAsync(Caller payer, IdempotencyKey key, Id<SubscriptionKind> id, Id<OfferKind> offer)
    {
        if (await offers.FindAsync(offer) is not { } next) return OfferDirectory.NotFound(offer);
        if (next.Pricing is not PerPeriod pricing) return NotASubscription(offer);
        return await ActAsync(payer, key, id, SubscriptionEventKind.Changed, next, (row, before, _) => row.Status != SubscriptionStatus.Active ? null
            : pricing.Price.Units > before.Price.Units ? Act.Paid
            : new(row with { NextOffer = offer.Value == row.Offer ? UInt128.Zero : offer.Value }, row.PeriodEnd, row.PeriodEnd));
    }

    /// <summary>Uses units of the period: what it includes, and beyond that extras, which are paid at once and only under their cap.</summary>
    /// <param name="caller">The payer, or the payee who counts.</param>
    /// <param name="key">The caller's key.</param>
    /// <param name="id">The subscription.</param>
    /// <param name="quantity">How many units: 1 to <see cref="PaymentRequest.MaxQuantity"/>.</param>
    public async ValueTask<Answer<SubscriptionUse>> UseAsync(Caller caller, IdempotencyKey key, Id<SubscriptionKind> id, uint quantity)
    {
        if (quantity is 0 or > PaymentRequest.MaxQuantity) return new Refusal(RefusalCodes.InvalidField, $"quantity must be 1 to {PaymentRequest.MaxQuantity}.");
        if (await IsErasedAsync(caller)) return WalletDirectory.Erased;
        return await FindAsync(caller, id) is { } row ? await uses.UseAsync(caller, key, row, quantity) : NotFound(id);
    }

    /// <summary>Ends all subscriptions of a wallet that is to be erased; their payees are told.</summary>
    internal async ValueTask EndAllAsync(Id<WalletKind> wallet)
    {
        await foreach (var listed in settings.ReadAllAsync<SubscriptionRow>(wallet.Value))
        {
            using var turn = await schedule.EnterAsync(listed.Id);
            while (await settings.GetAsync<SubscriptionRow>(listed.Id) is { Status: not SubscriptionStatus.Ended } row)
            {
                var now = time.GetUtcNow().ToUnixTimeMilliseconds();
                var ended = row with { Status = SubscriptionStatus.Ended, Version = row.Version + 1 };
                var due = (await settings.GetAsync<DueRow>(row.Id)).MovedTo(null);
                if (await settings.WriteAsync([ended, due, .. SubscriptionPeriods.Tell(ended, SubscriptionEventKind.Ended, SubscriptionParty.Payer, now, UInt128.Zero, null, null, time)])) break;
            }
        }
    }

    /// <summary>Carries a claimed use on. Does nothing that was done before.</summary>
    internal ValueTask<Answer<SubscriptionUse>> FinishAsync(SubscriptionUseRow use) => uses.FinishAsync(use);

    /// <summary>Carries a claimed row on: pays the first period, then makes it active. Does nothing that was done before.</summary>
    /// <param name="row">The row as it is.</param>
    /// <param name="offer">What was subscribed to at first.</param>
    internal async ValueTask<Answer<Payment>> FinishAsync(SubscriptionRow row, UInt128 offer)
    {
        var start = row.CreatedAt.ToUnixTimeMilliseconds();
        var pricing = await PricingAsync(offer);
        var first = SubscriptionPeriods.RequestFor(row, offer, row.Id, start, pricing.Price);
        Answer<Payment> paid = CutOff.IsGivenUp(row.State, row.CreatedAt, time.GetUtcNow()) && !await maker.IsKnownAsync(first) ? CutOff.TooOld : await maker.PayAsync(first);
        if (paid.Refusal?.Code == RefusalCodes.NotReady || row.State is not (RowState.Creating or RowState.Refused)) return paid;
        if (!paid.IsGiven)
        {
            if (row.State == RowState.Creating) await settings.WriteAsync(row with { State = RowState.Refused, Version = row.Version + 1 });
            return paid;
        }

        var began = SubscriptionPeriods.Began(row, pricing, start);
        if (await settings.WriteAsync([began, DueRow.New(row.Id, DueKind.Subscription, began.PeriodEnd),
            .. SubscriptionPeriods.Tell(began, SubscriptionEventKind.Started, SubscriptionParty.Payer, start, paid.Value.Id.Value, began.PeriodEnd, null, time)])) schedule.Notice();
        return paid;
    }

    /// <summary>Carries a claimed change on. Does nothing that was done before.</summary>
    internal ValueTask<Answer<SubscriptionEventRow>> FinishAsync(SubscriptionEventRow told) => changes.FinishAsync(told);

    private async ValueTask<Answer<SubscriptionEvent>> ActAsync(
        Caller caller, IdempotencyKey key, Id<SubscriptionKind> id, SubscriptionEventKind kind, Offer? offer, Func<SubscriptionRow, PerPeriod, long, Act?> decide)
    {
        if (await IsErasedAsync(caller)) return WalletDirectory.Erased;
        using var turn = await schedule.EnterAsync(id.Value);
        var scope = $"subscription-act:{caller.Kind}:{caller.Account:x32}";
        var digest = Digest(kind.ToString(), id.Value, offer?.Id.Value ?? UInt128.Zero, "");
        while (await FindAsync(caller, id) is { } row)
        {
            if (await settings.FindClaimAsync(scope, key.ToHash()) is { } earlier)
            {
                return earlier.Digest != digest ? PayeeDirectory.Conflict : EventOf(await changes.FinishAsync(await settings.GetAsync<SubscriptionEventRow>(earlier.Row)));
            }

            // What an earlier request began goes before this one, and so does what is due: its renewal may be paid and not written down yet.
            if (!await changes.TryFinishAllAsync(row.Id)) return LedgerCalls.NotReady;
            row = await settings.GetAsync<SubscriptionRow>(row.Id);
            var now = time.GetUtcNow().ToUnixTimeMilliseconds();
            if ((await settings.GetAsync<DueRow>(row.Id)).RunUnixMilliseconds <= now)
            {
                schedule.Notice();
                return LedgerCalls.NotReady;
            }

            if (decide(row, await PricingAsync(row.Offer), now) is not { } act) return SubscriptionChanges.NotNow(row, kind);
            if (offer is not null && await CheckNextAsync(row, offer) is { } refusal) return refusal;
            if (await settings.ListAsync<SubscriptionEventRow>(row.Owner, null, MaxEventsADay) is { Count: MaxEventsADay } newest && newest[^1].At > now - MillisecondsPerDay)
                return new Refusal(RefusalCodes.TooManySubscriptionChanges, $"The wallet's subscriptions were changed {MaxEventsADay} times within 24 hours.");
            var by = caller.Kind == CallerKind.Payee ? SubscriptionParty.Payee : SubscriptionParty.Payer;
            var told = new SubscriptionEventRow(Id<EventKind>.New(time).Value, row.Owner, row.Id, kind, by, now, OfferAfter(row, kind, offer), null, UInt128.Zero, act.EffectiveAt, null, RowState.Active);
            var claim = new ClaimRow(scope, key.ToHash(), digest, told.Id, 0);
            if (act.IsPaid)
            {
                told = told with { PayableUnits = SubscriptionPeriods.TextOf(await PayableAsync(row, told, now)), State = RowState.Creating };
                if (await settings.ClaimAsync(claim, told) is not null) return EventOf(await changes.FinishAsync(told));
                continue;
            }

            var due = (await settings.GetAsync<DueRow>(row.Id)).MovedTo(act.DueAt);
            var changed = act.Row! with { Version = row.Version + 1 };
            var ended = changed.Status == SubscriptionStatus.Ended ? SubscriptionPeriods.Tell(changed, SubscriptionEventKind.Ended, by, now, UInt128.Zero, null, null, time) : [];
            if (await settings.ClaimAsync(claim, [changed, due, told, told with { Id = Id<EventKind>.New(time).Value, Owner = row.Payee }, .. ended]) is null) continue;
            schedule.Notice();
            return ToEvent(told);
        }

        return NotFound(id);
    }

    private async ValueTask<UInt128> PayableAsync(SubscriptionRow row, SubscriptionEventRow told, long now)
    {
        var after = (await PricingAsync(told.Offer)).Price;
        if (told.Kind == SubscriptionEventKind.Resumed) return after.Units;
        return SubscriptionPeriods.Prorated((await PricingAsync(row.Offer)).Price, after, now, row.PeriodStart, row.PeriodEnd) ?? UInt128.Zero;
    }

    private async ValueTask<Refusal?> CheckNextAsync(SubscriptionRow row, Offer next)
    {
        if (next.Payee.Value != row.Payee) return OfferDirectory.NotFound(next.Id);
        if (next.Id.Value == row.Offer && row.NextOffer == UInt128.Zero) return new(RefusalCodes.InvalidField, "The subscription is to this offer already.");
        if (next.IsClosed && next.Id.Value != row.Offer) return new(RefusalCodes.OfferClosed, "The offer is closed. Ask the payee for a current one.");
        return ((PerPeriod)next.Pricing).Every == (await PricingAsync(row.Offer)).Every ? null
            : new(RefusalCodes.InvalidField, "The offer is paid for by another period. Cancel the subscription and subscribe to that one.");
    }

    private async ValueTask<SubscriptionRow?> FindAsync(Caller caller, Id<SubscriptionKind> id) =>
        await settings.FindAsync<SubscriptionRow>(id.Value) is { State: RowState.Active } row && (caller.Kind == CallerKind.Payee ? row.Payee : row.Owner) == caller.Account ? row : null;

    private async ValueTask<bool> IsErasedAsync(Caller caller) => caller.Kind == CallerKind.Wallet && await wallets.LoadAsync(caller.Account) is { IsErased: true };

    private ValueTask<PerPeriod> PricingAsync(UInt128 offer) => SubscriptionRenewals.PricingOfAsync(offers, offer);

    /// <summary>The offer that a change leads to; what is resumed goes on as was asked for before it was paused.</summary>
    private static UInt128 OfferAfter(SubscriptionRow row, SubscriptionEventKind kind, Offer? asked) =>
        asked?.Id.Value ?? (kind == SubscriptionEventKind.Resumed && row.Status == SubscriptionStatus.Paused && row.NextOffer != UInt128.Zero ? row.NextOffer : row.Offer);

    private static Answer<SubscriptionEvent> EventOf(in Answer<SubscriptionEventRow> told) => told.IsGiven ? ToEvent(told.Value) : told.Refusal;

    private async ValueTask<Subscription> DescribeAsync(SubscriptionRow row)
    {
        var (units, extra) = await uses.ReadLeftAsync(row);
        return ToSubscription(row, (await settings.FindAsync<DueRow>(row.Id))?.RunUnixMilliseconds) with { UnitsLeft = units, ExtraLeft = extra };
    }

    private Subscription ToSubscription(SubscriptionRow row, long? next) => new(
        new(row.Id), row.Status, new(row.Owner), secrets.PayerOf(row.Owner, row.Payee), new(row.Payee), new(row.Offer), row.NextOffer == UInt128.Zero ? null : new Id<OfferKind>(row.NextOffer), row.TimeZone,
        DateTimeOffset.FromUnixTimeMilliseconds(row.PeriodStart), DateTimeOffset.FromUnixTimeMilliseconds(row.PeriodEnd), TimeOf(next), row.LastRefusal, row.CreatedAt);

    internal static SubscriptionEvent ToEvent(SubscriptionEventRow row) => new(
        new(row.Id), new(row.Subscription), row.Kind, row.By, DateTimeOffset.FromUnixTimeMilliseconds(row.At), new(row.Offer), row.Payment == UInt128.Zero ? null : new Id<PaymentKind>(row.Payment), TimeOf(row.EffectiveAt), row.Refusal);

    private static DateTimeOffset? TimeOf(long? unixMilliseconds) => unixMilliseconds is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null;

    private static Refusal NotFound(Id<SubscriptionKind> id) => new(RefusalCodes.SubscriptionNotFound, $"There is no subscription {id} of this wallet or payee.");

    private static Refusal NotASubscription(Id<OfferKind> id) => new(RefusalCodes.InvalidField, $"The offer {id} is not a subscription.");

    private static UInt128 Digest(string what, UInt128 first, UInt128 second, string text)
    {
        var bytes = new CanonicalBytes(stackalloc byte[256]);
        bytes.Add("subscription");
        bytes.Add(what);
        bytes.Add(first);
        bytes.Add(second);
        bytes.Add(text);
        return bytes.ToDigest();
    }

    /// <summary>What a request makes of a subscription: a row, when it is due, and from or until when that holds; or something that is paid first.</summary>
    private sealed record Act(SubscriptionRow? Row, long? DueAt, long? EffectiveAt)
    {
        public static Act Paid { get; } = new(null, null, null);

        public bool IsPaid => Row is null;
    }
}
