using Farthing.Payments.Campaigns;
using Farthing.Payments.Desk;
using Farthing.Payments.Fares;
using Farthing.Payments.Fees;
using Farthing.Payments.Mandates;
using Farthing.Payments.Meters;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Payments.Payouts;
using Farthing.Payments.People;
using Farthing.Payments.Receipts;
using Farthing.Payments.RoundUps;
using Farthing.Payments.Schedules;
using Farthing.Payments.Settings;
using Farthing.Payments.Statements;
using Farthing.Payments.Subscriptions;
using Farthing.Payments.Tabs;
using Farthing.Payments.Tips;
using Farthing.Payments.TopUps;
using Farthing.Payments.Wallets;
using Farthing.Payments.Webhooks;
using Farthing.Protocol;

namespace Farthing.Payments;

/// <summary>The payment domain put together: what the doors talk to.</summary>
/// <remarks>Thread-safe.</remarks>
public sealed class PaymentSystem
{
    /// <summary>The name of the meter of payments, in <c>System.Diagnostics.Metrics</c>.</summary>
    public const string MeterName = "Farthing.Payments";

    private readonly IssuedKeys keys;
    private readonly TabDirectory tabs;
    private readonly TopUpBook topUpBook;
    private readonly PayoutMaker payoutMaker;

    private PaymentSystem(Ledger.Ledger ledger, ISettingsStore settings, IReadOnlyList<IRail> rails, IReadOnlyList<IPayoutRail> payoutRails, ServerSecrets secrets, byte[] operatorKeyHash, PaymentOptions options, TimeProvider time, ReferenceIndex references, IWebhookCourier? courier)
    {
        var labelled = new LabelledSecrets(secrets.IssuingSecret);
        var chart = new ChartOfAccounts(ledger);
        keys = new IssuedKeys(labelled, operatorKeyHash);
        Options = options;
        EntitlementVerifier = secrets.EntitlementKey.Verifier;

        Fees = new FeeDesk(options, time);
        Schedule = new Schedule(settings, labelled, time);
        Payees = new PayeeDirectory(settings, ledger, chart, keys, time) { RequiresTls = options.RequiresTls };
        topUpBook = new TopUpBook();
        Debts = new Debts(ledger, chart, topUpBook, time);
        Wallets = new WalletDirectory(settings, ledger, keys, Debts, time);
        RecoveryCodes = new RecoveryCodes(settings, Wallets, keys, labelled, time);
        WalletCaps = new WalletCaps(settings, ledger, chart, Wallets, time);
        Mandates = new MandateDirectory(settings, ledger, chart, Wallets, Payees, keys, labelled, time);
        Offers = new OfferDirectory(settings, Payees, labelled, time);
        TopUps = new TopUpDesk(ledger, chart, Wallets, rails, Debts, topUpBook, options, time);
        WalletPayouts = new WalletPayoutDesk(ledger, chart, Wallets, rails, topUpBook, time);
        AutomaticTopUps = new AutomaticTopUps(settings, ledger, Wallets, WalletCaps, TopUps, rails, time);
        Debts.TakingAsync = wallet => AutomaticTopUps.EndAsync(wallet, AutomaticTopUpFaults.TakenBack);
        TopUps.HasWayBackAsync = RecoveryCodes.IsConfirmedAsync;
        TopUps.ReturnsFailedAsync = WalletPayouts.TryTakeBackAsync;
        var handles = new Handles(labelled);
        var caps = new CapRefusals(ledger, Mandates, WalletCaps);
        People = new PeopleDesk(ledger, Wallets, handles, caps, time);
        Requests = new RequestDesk(settings, ledger, Wallets, handles, caps, labelled, time);
        Campaigns = new CampaignDirectory(settings, ledger, chart, Payees, Schedule, labelled, options, time);
        Pledges = new PledgeDesk(ledger, Wallets, Campaigns, caps, time);
        Schedule.Handle(DueKind.Campaign, new CampaignEnder(settings, ledger, Campaigns));
        Statements = new StatementReader(ledger, Wallets, Payees, Campaigns, handles, labelled, [.. rails.Select(rail => rail.Name)]);

        tabs = new TabDirectory(settings, ledger, chart, Schedule, time);
        var reader = new PaymentReader(ledger, Wallets, tabs, labelled);
        Receipts = new ReceiptWriter(ledger, reader, secrets.LedgerKey);
        var entitlements = new EntitlementIssuer(secrets.EntitlementKey, options.EntitlementLifetime, time);
        var ownership = new Ownership(reader, Offers);
        var dayCaps = new DayCaps(ledger, chart, time);
        var purchases = new OncePurchases(ledger, labelled, Offers, reader, ownership, dayCaps, new SubscriptionCover(settings, ledger, time), time);
        var offerTerms = new OfferTerms(Offers, Payees, secrets.EntitlementKey, time);
        var pricer = new PaymentPricer(ledger, Wallets, Payees, Offers, Mandates, labelled, offerTerms.Verifier, options, time);
        var reads = new TabReads(ledger, tabs);
        var maker = new PaymentMaker(ledger, pricer, purchases, dayCaps, reads, ownership, reader, entitlements, caps, references);
        var holds = new HoldEnder(ledger, reader, Offers, time);
        var refunds = new RefundMaker(ledger, reader, new RefundAllowances(ledger, chart, Payees, time));
        var meterReader = new MeterReader(settings, ledger, Offers, entitlements, time);
        Desk = new PaymentDesk(
            maker,
            new TermsReader(ledger, pricer, Payees, Offers, purchases, dayCaps, ownership, meterReader, reader, entitlements, time),
            offerTerms,
            new PaymentFinder(ledger, reader, references, labelled),
            holds,
            refunds);
        Tips = new TipDesk(settings, ledger, Wallets, Offers, maker, pricer, Schedule, labelled, time);
        Schedule.Handle(DueKind.Tip, Tips);
        Meters = new MeterDesk(settings, ledger, maker, pricer, reader, holds, meterReader, Offers, Schedule, time);
        Schedule.Handle(DueKind.Meter, Meters);
        Wallets.TryEndStandingAsync = TryEndStandingAsync;
        RecoveryCodes.TryRevokeMandatesAsync = Mandates.TryRevokeAllAsync;
        var subscriptionUses = new SubscriptionUses(settings, ledger, chart, maker, Offers, time);
        var subscriptionChanges = new SubscriptionChanges(settings, maker, Offers, subscriptionUses, Schedule, time);
        Subscriptions = new SubscriptionDesk(settings, Wallets, maker, pricer, Offers, subscriptionUses, subscriptionChanges, Schedule, labelled, time);
        Schedule.Handle(DueKind.Subscription, new SubscriptionRenewals(settings, maker, Offers, subscriptionChanges, time));
        var losses = new TabLosses(ledger, tabs, time);
        Schedule.Handle(DueKind.Tab, losses);
        Tabs = new TabDesk(ledger, tabs, losses, maker, Wallets, Payees, Offers, Schedule, labelled, time);
        reads.PayFullAsync = Tabs.TryPayFullAsync;
        TopUps.CreditedAsync = async wallet => await Tabs.TryPayFullAsync(wallet);
        RoundUps = new RoundUpDesk(settings, ledger, Wallets, maker, pricer, Schedule, labelled, time);
        Schedule.Handle(DueKind.RoundUp, RoundUps);
        var book = new FareBook(settings);
        FareCards = new FareCards(settings, Wallets, Offers, Payees, Mandates, book, Schedule, labelled, time);
        Fares = new FareDesk(settings, Wallets, Offers, book, Schedule, time);
        Schedule.Handle(DueKind.FareDay, new FareCharger(settings, book, Offers, maker, refunds, time));
        var payRails = new PayoutRails(payoutRails, options);
        var payoutBalances = new PayoutBalances(settings, ledger, options, time);
        payoutMaker = new PayoutMaker(settings, ledger, chart, Payees, payoutBalances, payRails, options, time);
        var payoutDriver = new PayoutDriver(settings, ledger, chart, payRails, time);
        PayoutSettings = new PayoutSettings(settings, ledger, Payees, payRails, Schedule, labelled, time);
        Payouts = new PayoutDesk(settings, ledger, Payees, payRails, payoutBalances, payoutMaker, payoutDriver, Schedule, labelled, time);
        Schedule.Handle(DueKind.Payout, payoutDriver);
        Schedule.Handle(DueKind.PayoutSetting, new ScheduledPayouts(settings, ledger, payoutMaker, time));
        Webhooks = new WebhookDirectory(settings, ledger, labelled, courier, time);
        WebhookRounds = new WebhookRounds(settings, ledger, new EventReader(ledger, settings, reader, labelled), Webhooks, courier, time);
    }

    /// <summary>What prices cost by each rail.</summary>
    public FeeDesk Fees { get; }

    /// <summary>Payees.</summary>
    public PayeeDirectory Payees { get; }

    /// <summary>Wallets.</summary>
    public WalletDirectory Wallets { get; }

    /// <summary>Wallets that are topped up by themselves.</summary>
    public AutomaticTopUps AutomaticTopUps { get; }

    /// <summary>The ways back into wallets.</summary>
    public RecoveryCodes RecoveryCodes { get; }

    /// <summary>What wallets' owners put on all that they pay.</summary>
    public WalletCaps WalletCaps { get; }

    /// <summary>Standing permissions to pay.</summary>
    public MandateDirectory Mandates { get; }

    /// <summary>Offers.</summary>
    public OfferDirectory Offers { get; }

    /// <summary>Payments.</summary>
    public PaymentDesk Desk { get; }

    /// <summary>Top-ups.</summary>
    public TopUpDesk TopUps { get; }

    /// <summary>Payers' unspent money on its way back.</summary>
    public WalletPayoutDesk WalletPayouts { get; }

    /// <summary>What rails took back of top-ups, and wallets owe.</summary>
    public Debts Debts { get; }

    /// <summary>How payees are paid out.</summary>
    public PayoutSettings PayoutSettings { get; }

    /// <summary>Payouts.</summary>
    public PayoutDesk Payouts { get; }

    /// <summary>Subscriptions.</summary>
    public SubscriptionDesk Subscriptions { get; }

    /// <summary>Tips.</summary>
    public TipDesk Tips { get; }

    /// <summary>Meters.</summary>
    public MeterDesk Meters { get; }

    /// <summary>Tabs.</summary>
    public TabDesk Tabs { get; }

    /// <summary>What wallets ride with on capped fares.</summary>
    public FareCards FareCards { get; }

    /// <summary>Rides on capped fares.</summary>
    public FareDesk Fares { get; }

    /// <summary>Payments between wallets.</summary>
    public PeopleDesk People { get; }

    /// <summary>Money that wallets ask of wallets.</summary>
    public RequestDesk Requests { get; }

    /// <summary>Campaigns.</summary>
    public CampaignDirectory Campaigns { get; }

    /// <summary>What wallets pledge to campaigns.</summary>
    public PledgeDesk Pledges { get; }

    /// <summary>What wallets give away by rounding up.</summary>
    public RoundUpDesk RoundUps { get; }

    /// <summary>Statements.</summary>
    public StatementReader Statements { get; }

    /// <summary>What falls due. It does nothing until it is run.</summary>
    public Schedule Schedule { get; }

    /// <summary>Webhooks.</summary>
    public WebhookDirectory Webhooks { get; }

    /// <summary>What tells webhooks of events. It does nothing until it is run.</summary>
    public WebhookRounds WebhookRounds { get; }

    /// <summary>Receipts.</summary>
    public ReceiptWriter Receipts { get; }

    /// <summary>The public key of entitlements, for sites that check them offline.</summary>
    public VerifyingKey EntitlementVerifier { get; }

    /// <summary>The options in force.</summary>
    public PaymentOptions Options { get; }

    /// <summary>Puts the parts together and finishes what a crash cut off: rows in the making. Top-ups under way are found again, and finished by <see cref="TopUpDesk.AskPendingAsync"/>.</summary>
    /// <param name="ledger">Where money moves; not disposed here.</param>
    /// <param name="settings">Where settings are kept.</param>
    /// <param name="rails">How outside money comes in; may be empty.</param>
    /// <param name="payoutRails">How money goes out; may be empty.</param>
    /// <param name="secrets">The data directory's secrets.</param>
    /// <param name="operatorKeyHash">SHA-256 of the operator's key.</param>
    /// <param name="options">What the operator sets.</param>
    /// <param name="time">The clock.</param>
    /// <param name="courier">Carries events to webhooks; null if there are none.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    /// <exception cref="Ledger.LedgerUnreadyException">The ledger takes no work, so what was cut off cannot be finished.</exception>
    public static async ValueTask<PaymentSystem> StartAsync(Ledger.Ledger ledger, ISettingsStore settings, IReadOnlyList<IRail> rails, IReadOnlyList<IPayoutRail> payoutRails, ServerSecrets secrets, byte[] operatorKeyHash, PaymentOptions options, TimeProvider time, IWebhookCourier? courier = null)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(secrets);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();

        var references = new ReferenceIndex();
        var system = new PaymentSystem(ledger, settings, rails, payoutRails, secrets, operatorKeyHash, options, time, references, courier);
        foreach (var record in ledger.ReadFrom(0))
        {
            references.Add(record);
            system.TopUps.Observe(record);
            system.Debts.Observe(record);
            system.topUpBook.Observe(record);
        }

        await system.Debts.SettleNoticedAsync();
        await system.AutomaticTopUps.LoadAsync();

        await system.FinishRowsAsync(settings);
        // What cannot be finished keeps nobody else from being paid; whoever calls PayoutDesk.FinishAllAsync is told.
        await system.payoutMaker.FinishAllAsync((_, _) => { });

        return system;
    }

    /// <summary>Who shows this bearer key; null if it is not a current key. No lookup on disk once the payee or wallet was read.</summary>
    public async ValueTask<Caller?> AuthenticateAsync(string bearerKey)
    {
        ArgumentNullException.ThrowIfNull(bearerKey);
        if (!keys.TryRead(bearerKey, out var caller, out var generation)) return null;
        var current = caller.Kind switch
        {
            CallerKind.Wallet => (await Wallets.LoadAsync(caller.Account))?.KeyGeneration,
            CallerKind.Payee => (await Payees.LoadAsync(caller.Account))?.KeyGeneration,
            CallerKind.Mandate => await Mandates.LoadAsync(caller.Account) is null ? null : generation,
            _ => generation,
        };
        return current == generation ? caller : null;
    }

    /// <summary>Who repeats a rotation with the bearer key that it ended, because the answer was never heard; null for everybody else.</summary>
    /// <remarks>
    /// The rotation must be the payee's newest, and its <paramref name="key"/> random enough that nobody else can know it: whoever found only the old
    /// bearer key must not learn the new one.
    /// </remarks>
    public async ValueTask<Caller?> AuthenticateRepeatedRotationAsync(string bearerKey, IdempotencyKey key)
    {
        ArgumentNullException.ThrowIfNull(bearerKey);
        if (!key.IsRandomEnough || !keys.TryRead(bearerKey, out var caller, out var generation) || caller.Kind != CallerKind.Payee) return null;
        return await Payees.FindRotationAsync(caller.Payee, key) == generation + 1 && (await Payees.LoadAsync(caller.Account))?.KeyGeneration == generation + 1 ? caller : null;
    }

    private async ValueTask<bool> TryEndStandingAsync(Id<WalletKind> wallet)
    {
        await AutomaticTopUps.EndAsync(wallet.Value, null);
        await Tips.EndAllAsync(wallet);
        await Subscriptions.EndAllAsync(wallet);
        await RoundUps.EndAllAsync(wallet);
        await FareCards.EndAllAsync(wallet);
        return await Mandates.TryRevokeAllAsync(wallet, DateTimeOffset.MaxValue);
    }

    private async ValueTask FinishRowsAsync(ISettingsStore settings)
    {
        var isFinished = true;
        foreach (var payee in await settings.ListCreatingAsync<PayeeRow>()) isFinished &= await Payees.TryFinishAsync(payee);
        foreach (var wallet in await settings.ListCreatingAsync<WalletRow>()) isFinished &= await Wallets.TryFinishAsync(wallet);
        foreach (var campaign in await settings.ListCreatingAsync<CampaignRow>()) isFinished &= await Campaigns.TryFinishAsync(campaign);
        foreach (var mandate in await settings.ListCreatingAsync<MandateRow>()) isFinished &= await Mandates.TryFinishAsync(mandate);
        foreach (var caps in (await settings.ListCreatingAsync<CapsRow>()).OrderBy(row => row.Id)) isFinished &= await WalletCaps.TryFinishAsync(caps);
        foreach (var tab in await settings.ListCreatingAsync<TabRow>()) isFinished &= await tabs.TryFinishAsync(tab);
        foreach (var offer in await settings.ListCreatingAsync<OfferRow>()) await Offers.FinishAsync(offer);
        foreach (var row in await settings.ListCreatingAsync<SubscriptionRow>()) isFinished &= (await Subscriptions.FinishAsync(row, row.Offer)).Refusal?.Code != RefusalCodes.NotReady;
        foreach (var told in await settings.ListCreatingAsync<SubscriptionEventRow>()) isFinished &= (await Subscriptions.FinishAsync(told)).Refusal?.Code != RefusalCodes.NotReady;
        foreach (var use in await settings.ListCreatingAsync<SubscriptionUseRow>()) isFinished &= (await Subscriptions.FinishAsync(use)).Refusal?.Code != RefusalCodes.NotReady;
        foreach (var tip in await settings.ListCreatingAsync<TipRow>()) isFinished &= (await Tips.FinishAsync(tip)).Refusal?.Code != RefusalCodes.NotReady;
        if (!isFinished) throw new Ledger.LedgerUnreadyException("The ledger takes no work, so what a crash cut off cannot be finished: payees, wallets, campaigns, tabs and first tips.");
    }
}
