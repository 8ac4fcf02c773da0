using Farthing.Payments.Calendars;
using Farthing.Payments.Campaigns;
using Farthing.Payments.Desk;
using Farthing.Payments.Fares;
using Farthing.Payments.Meters;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Payments.RoundUps;
using Farthing.Payments.Tabs;
using Farthing.Payments.Tests.Fares;
using Farthing.Payments.Tips;
using Farthing.Payments.Wallets;
using Farthing.Protocol;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

/// <summary>Whatever the pricing model, what comes to 0.010007 is shared by the splits to the last millionth, and refunds take back the same shares.</summary>
public sealed class SharedPricingTests
{
    /// <summary>Gets ready to pay 0.010007; gives what pays it, with the payment's id, or null where there is none to be refunded.</summary>
    private delegate Task<Func<Task<Id<PaymentKind>?>>> Model(Band band);

    private static readonly Amount Price = Usd("0.010007");

    private static readonly Dictionary<string, Model> Models = new()
    {
        ["per-use"] = band => PayingAsync(band, band.OfferAsync(new PerUse(Price))),
        ["per-use, owned for a while"] = band => PayingAsync(band, band.OfferAsync(new PerUse(Price) { OwnedForSeconds = 3600 })),
        ["per-use, lowered by the day's cap"] = async band =>
        {
            var offer = await band.OfferAsync(new PerUse(Usd("0.02")) { DayCap = new(Usd("0.030007"), "UTC") });
            await band.PayAsync(offer);
            return async () => await band.PayAsync(offer);
        },
        ["bundle"] = band => PayingAsync(band, band.OfferAsync(new PerUse(Price), ["/archive/*"])),
        ["terms, bought once"] = async band =>
        {
            var offer = await band.OfferAsync(new PerUse(Price));
            return async () => Given(await band.Test.Desk.PayOnceAsync(band.Wallet.Id, band.Test.TermsOf(band.Owner, offer: offer))).Id;
        },
        ["held, posted in part"] = async band =>
        {
            var offer = await band.OfferAsync(new PerUse(Usd("0.02")));
            return async () =>
            {
                var held = Given(await band.Test.Desk.PayAsync(band.Buy(offer) with { Hold = true }));
                return Given(await band.Test.Desk.PostAsync(As(band.Owner), held.Id, band.Test.NewKey(), Price)).Id;
            };
        },
        ["pay what you want"] = async band =>
        {
            var offer = await band.OfferAsync(new PayWhatYouWant(Usd("0.01"), []));
            return async () => Given(await band.Test.Desk.PayAsync(band.Buy(offer) with { Amount = Price })).Id;
        },
        ["tab, read under two offers that share alike"] = async band =>
        {
            var (first, second) = (await band.OfferAsync(OnTabFor("0.01")), await band.OfferAsync(OnTabFor("0.000007")));
            var tab = Given(await band.Test.Desk.PayAsync(band.Buy(first))).Tab!.Value;
            Assert.Equal(tab, Given(await band.Test.Desk.PayAsync(band.Buy(second))).Tab);
            return async () => Given(await band.Test.Domain.Tabs.PayAsync(band.Wallet.Id, tab, band.Test.NewKey())).Id;
        },
        ["tab, made good after it was lost"] = async band =>
        {
            var tab = Given(await band.Test.Desk.PayAsync(band.Buy(await band.OfferAsync(OnTabFor("0.010007"))))).Tab!.Value;
            band.Test.Time.Advance(TimeSpan.FromDays(31));
            await band.Test.RunDueAsync();
            Assert.Equal(TabStatus.Lost, Given(await band.Test.Domain.Tabs.ReadAsync(As(band.Wallet), tab)).Status);
            return async () => Given(await band.Test.Domain.Tabs.PayAsync(band.Wallet.Id, tab, band.Test.NewKey())).Id;
        },
        ["metered by units"] = async band =>
        {
            var meter = Given(await band.Test.Domain.Meters.StartAsync(band.Buy(await band.OfferAsync(new Metered(Usd("0.000001"), MeteredBy.Unit, 1, Usd("0.02"), 60)))));
            Given(await band.Test.Domain.Meters.ReportAsync(band.Owner.Id, meter.Id, 10_007));
            return async () => Given(await band.Test.Domain.Meters.StopAsync(As(band.Owner), meter.Id)).Payment.Id;
        },
        ["metered by time, closed by its silence"] = async band =>
        {
            var meter = Given(await band.Test.Domain.Meters.StartAsync(band.Buy(await band.OfferAsync(new Metered(Price, MeteredBy.Second, 10, Usd("0.02"), 10)))));
            band.Test.Time.Advance(TimeSpan.FromMinutes(1));
            return async () =>
            {
                await band.Test.RunDueAsync();
                return Given(await band.Test.Domain.Meters.ReadAsync(As(band.Owner), meter.Id)).Payment.Id;
            };
        },
        ["subscription"] = async band =>
        {
            var offer = await band.OfferAsync(new PerPeriod(Price, CalendarPeriod.Month));
            return async () => await band.NewestAsync(Given(await band.Test.Domain.Subscriptions.SubscribeAsync(band.Wallet.Id, band.Test.NewKey(), offer.Id, TimeZones.Utc)).Subscription.Id.ToString());
        },
        ["subscription, renewed"] = async band =>
        {
            var id = Given(await band.Test.Domain.Subscriptions.SubscribeAsync(band.Wallet.Id, band.Test.NewKey(), (await band.OfferAsync(new PerPeriod(Price, CalendarPeriod.Month))).Id, TimeZones.Utc)).Subscription.Id;
            band.Test.Time.Advance(TimeSpan.FromDays(30));
            return async () =>
            {
                await band.Test.RunDueAsync();
                return await band.NewestAsync(id.ToString());
            };
        },
        ["extras of a subscription"] = async band =>
        {
            var offer = await band.OfferAsync(new PerPeriod(Usd("1"), CalendarPeriod.Month) { Included = 1, Extra = new Extra(Price, Usd("1")) });
            var id = Given(await band.Test.Domain.Subscriptions.SubscribeAsync(band.Wallet.Id, band.Test.NewKey(), offer.Id, TimeZones.Utc)).Subscription.Id;
            return async () => Given(await band.Test.Domain.Subscriptions.UseAsync(As(band.Wallet), band.Test.NewKey(), id, 2)).Extra!.Id;
        },
        ["fares of a day"] = async band =>
        {
            var offer = await band.OfferAsync(new FareTable(new FlatFare(Price), Usd("1"), Usd("5"), "UTC"));
            var card = Given(await band.Test.Domain.FareCards.RegisterAsync(band.Wallet.Id, band.Test.NewKey(), offer.Id, await Rider.MandateAsync(band.Test, band.Wallet, band.Owner)));
            Given(await band.Test.Domain.Fares.TakeAsync(band.Owner.Id, band.Test.NewKey(), new(offer.Id, card.Id, "Bus 7", null, null, band.Test.Time.GetUtcNow())));
            band.Test.Time.Advance(TimeSpan.FromDays(2));
            return async () =>
            {
                await band.Test.RunDueAsync();
                return Given(await band.Test.Domain.Statements.ReadAsync(As(band.Wallet), null, 1)).Lines[0].Payment;
            };
        },
        ["tip"] = async band =>
        {
            var offer = await band.OfferAsync(new PayWhatYouWant(Usd("0.01"), []));
            return async () => Given(await band.Test.Domain.Tips.TipAsync(band.Wallet.Id, band.Test.NewKey(), new NewTip(null, Price, null, null) { Offer = offer.Id })).Payment.Id;
        },
        ["monthly tip, in its second month"] = async band =>
        {
            var offer = await band.OfferAsync(new PayWhatYouWant(Usd("0.01"), []));
            var tip = Given(await band.Test.Domain.Tips.TipAsync(band.Wallet.Id, band.Test.NewKey(), new NewTip(null, Price, null, "UTC") { Offer = offer.Id })).Monthly!;
            Assert.Equal((band.Owner.Id, offer.Id), (tip.Payee, tip.Offer));
            band.Test.Time.Advance(TimeSpan.FromDays(30));
            return async () =>
            {
                await band.Test.RunDueAsync();
                return Given(await band.Test.Domain.Tips.ReadAsync(band.Wallet.Id, tip.Id)).LastPayment;
            };
        },
        ["round-up"] = async band =>
        {
            var offer = await band.OfferAsync(new PayWhatYouWant(Usd("0.01"), []));
            var id = Given(await band.Test.Domain.RoundUps.CreateAsync(band.Wallet.Id, band.Test.NewKey(), new NewRoundUp(null, offer.Id, Usd("0.1"), null, null))).Id;
            Given(await band.Test.Desk.PayAsync(band.Test.Pay(band.Wallet, await band.Test.NewPayeeAsync(), "0.089993")));
            band.Test.Time.Advance(TimeSpan.FromDays(30));
            return async () =>
            {
                await band.Test.RunDueAsync();
                return Given(await band.Test.Domain.RoundUps.ReadAsync(band.Wallet.Id, id)).LastPayment;
            };
        },
        ["campaign"] = async band =>
        {
            var made = Given(await band.Test.Domain.Campaigns.CreateAsync(band.Owner.Id, band.Test.NewKey(),
                new NewCampaign { Name = "An album", Goal = Usd("0.01"), Deadline = band.Test.Time.GetUtcNow().AddDays(1), Mode = CampaignMode.AllOrNothing, Splits = band.Splits }));
            Assert.Equal(band.Splits, made.Splits);
            foreach (var amount in new[] { "0.01", "0.000007" }) Given(await band.Test.Domain.Pledges.PledgeAsync(band.Wallet.Id, made.Id, band.Test.NewKey(), Usd(amount)));
            band.Test.Time.Advance(TimeSpan.FromDays(1));
            return async () =>
            {
                await band.Test.RunDueAsync();
                // What was given to a campaign is not refunded.
                return null;
            };
        },
    };

    public static TheoryData<string> Names => [.. Models.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_pricing_model_shares_by_its_splits(string model)
    {
        await using var test = await StartAsync();
        var band = await Band.StartAsync(test);
        var pay = await Models[model](band);
        var before = await band.ReadAsync();

        var payment = await pay();

        // A fee of 1 percent, 100 millionths, leaves 9,907: 4,953.5, 3,302.0031 and 1,651.4969 of them, and the odd one goes to the largest remainder.
        Assert.Equal("4954 3302 1651", await band.GainedAsync(before));
        foreach (var payee in band.Payees) await band.CheckStatementAsync(payee);
        if (payment is not { } id)
        {
            Assert.Equal("campaign", model);
            return;
        }

        Assert.Equal((Price, Usd("0.0001")), (Given(await test.Desk.ReadAsync(As(band.Owner), id)).Amount, Given(await test.Desk.ReadAsync(As(band.Owner), id)).Fee));
        var left = await band.BalanceAsync();
        // 4,000 come back, 40 of them from the fee; 3,960 are taken in proportion to what each has: 1,980.2, 1,319.9 and 659.9.
        Given(await test.Desk.RefundAsync(As(band.Owner), id, test.NewKey(), Usd("0.004")));
        Assert.Equal("2974 1982 991", await band.GainedAsync(before));
        Given(await test.Desk.RefundAsync(As(band.Owner), id, test.NewKey(), null));
        Assert.Equal("0 0 0", await band.GainedAsync(before));
        Assert.Equal(left + (long)Price.Units, await band.BalanceAsync());
        foreach (var payee in band.Payees) await band.CheckStatementAsync(payee);
    }

    [Fact]
    public async Task Reads_that_are_shared_differently_go_on_tabs_of_their_own()
    {
        await using var test = await StartAsync();
        var band = await Band.StartAsync(test);
        var (shared, alone) = (await band.OfferAsync(OnTabFor("0.01")), Given(await test.Domain.Offers.CreateAsync(band.Owner.Id, test.NewKey(), new NewOffer("Alone", null, OnTabFor("0.01")))));
        var turned = Given(await test.Domain.Offers.CreateAsync(band.Owner.Id, test.NewKey(), new NewOffer("Turned", null, OnTabFor("0.01")) { Splits = [.. band.Splits.Reverse()] }));
        var tabs = new List<Id<TabKind>>();
        foreach (var offer in new[] { shared, alone, turned, shared, alone }) tabs.Add(Given(await test.Desk.PayAsync(band.Buy(offer))).Tab!.Value);
        Assert.Equal(3, tabs.Distinct().Count());
        Assert.Equal((tabs[0], tabs[1]), (tabs[3], tabs[4]));
        await test.RestartAsync();
        Assert.Equal(tabs[2], Given(await test.Desk.PayAsync(band.Buy(turned))).Tab);

        // A read that is taken back is shared by nobody.
        Given(await test.Desk.RefundAsync(As(band.Owner), Given(await test.Desk.PayAsync(band.Buy(shared))).Id, test.NewKey(), null));
        var before = await band.ReadAsync();
        Assert.Equal(Usd("0.02"), Given(await test.Domain.Tabs.PayAsync(band.Wallet.Id, tabs[0], test.NewKey())).Amount);
        Assert.Equal("9900 6599 3301", await band.GainedAsync(before));
        Given(await test.Domain.Tabs.PayAsync(band.Wallet.Id, tabs[1], test.NewKey()));
        Assert.Equal("29700 6599 3301", await band.GainedAsync(before));
    }

    private static OnTab OnTabFor(string price) => new(Usd(price), Usd("5"), OnTab.DefaultDueAfterSeconds);

    private static async Task<Func<Task<Id<PaymentKind>?>>> PayingAsync(Band band, Task<Offer> made)
    {
        var offer = await made;
        return async () => await band.PayAsync(offer);
    }

    /// <summary>Three payees who share, and a wallet that pays them.</summary>
    private sealed class Band(TestSystem test, Payee[] payees, Wallet wallet)
    {
        public TestSystem Test => test;

        public Payee[] Payees => payees;

        public Payee Owner => payees[0];

        public Wallet Wallet => wallet;

        public IReadOnlyList<Split> Splits { get; } = [.. payees.Zip(new uint[] { 5000, 3333, 1667 }, (payee, part) => new Split(payee.Id, part))];

        public static async Task<Band> StartAsync(TestSystem test) => new(test, [await test.NewPayeeAsync(), await test.NewPayeeAsync(), await test.NewPayeeAsync()], await test.NewWalletAsync("10"));

        public async Task<Offer> OfferAsync(Pricing pricing, IReadOnlyList<string>? resources = null) =>
            Given(await test.Domain.Offers.CreateAsync(Owner.Id, test.NewKey(), new NewOffer("A song", null, pricing) { Splits = Splits, Resources = resources ?? [] }));

        public PaymentRequest Buy(Offer offer) => new() { Wallet = wallet.Id, Key = test.NewKey(), Offer = offer.Id };

        public async Task<Id<PaymentKind>> PayAsync(Offer offer) => Given(await test.Desk.PayAsync(Buy(offer))).Id;

        /// <summary>The newest payment with a reference.</summary>
        public async Task<Id<PaymentKind>> NewestAsync(string reference) => Given(await test.Desk.FindByReferenceAsync(As(wallet), reference, null, 1)).Lines[0].Id;

        public async Task<long[]> ReadAsync()
        {
            var balances = new long[payees.Length];
            for (var i = 0; i < payees.Length; i++) balances[i] = (long)Given(await test.Domain.Payees.ReadAsync(payees[i].Id)).Balance.Units;
            return balances;
        }

        /// <summary>What each payee has more than before, in millionths.</summary>
        public async Task<string> GainedAsync(long[] before) => string.Join(' ', (await ReadAsync()).Zip(before, (now, then) => now - then));

        public async Task<long> BalanceAsync() => (long)Given(await test.Domain.Wallets.ReadAsync(wallet.Id)).Balance.Units;

        /// <summary>A statement can be read by whoever shares, and adds up to the balance.</summary>
        public async Task CheckStatementAsync(Payee payee)
        {
            var lines = Given(await test.Domain.Statements.ReadAsync(As(payee), null, 200)).Lines;
            Assert.Equal((long)Given(await test.Domain.Payees.ReadAsync(payee.Id)).Balance.Units, lines.Sum(line => (long)line.SignedUnits));
        }
    }
}
