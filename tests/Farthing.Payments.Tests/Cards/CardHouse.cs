using System.Text.Json.Nodes;
using Farthing.Payments.TopUps;
using Farthing.Payments.Wallets;
using Farthing.Protocol;
using Farthing.Server.Rails.Card;
using Farthing.StripeSimulator;
using static Farthing.Payments.Tests.TestSystem;
using Simulator = Farthing.StripeSimulator.StripeSimulator;

namespace Farthing.Payments.Tests.Cards;

/// <summary>The payment domain with the card rail, which talks through the real Stripe.net to a simulator of Stripe.</summary>
internal sealed class CardHouse : IAsyncDisposable
{
    public const string ReturnUrl = "https://news.example/wallet";

    private CardRail? rail;

    private CardHouse(TestSystem test, Simulator stripe)
    {
        Test = test;
        Stripe = stripe;
    }

    public TestSystem Test { get; }

    public Simulator Stripe { get; }

    public List<string> Reports { get; } = [];

    public TopUpDesk Desk => Test.Domain.TopUps;

    /// <param name="fees">Whether cards cost what they cost in the US, or nothing.</param>
    /// <param name="timeout">How long the rail waits for Stripe.</param>
    public static async Task<CardHouse> OpenAsync(bool fees = false, TimeSpan? timeout = null)
    {
        var options = new PaymentOptions { TopUps = new TopUpOptions { ScheduleNames = fees ? new Dictionary<string, IReadOnlyList<string>> { ["card"] = ["card-us"] } : new Dictionary<string, IReadOnlyList<string>>() } };
        var test = await StartAsync(options);
        var house = new CardHouse(test, await Simulator.StartAsync(test.Time));
        test.MoreRails = settings =>
        {
            house.rail?.Dispose();
            var cards = new CardOptions { Key = Simulator.Key, Api = house.Stripe.Address, Timeout = timeout ?? TimeSpan.FromMinutes(1) };
            return [house.rail = new CardRail(cards, settings, house.Reports.Add)];
        };
        await test.RestartAsync();
        return house;
    }

    /// <summary>What takes the events of Stripe.</summary>
    public CardEvents Events(string? secret = Simulator.WebhookSecret) => new(rail!, secret, Desk, Test.Time);

    /// <summary>What finds at Stripe what no event told of, as it is after a start.</summary>
    public CardSweep Sweep() => new(rail!, Events(), Test.Time, Reports.Add);

    public ValueTask<Answer<TopUp>> TopUpAsync(Wallet wallet, IdempotencyKey key, string amount) => Desk.TopUpAsync(wallet.Id, key, Usd(amount), "card", ReturnUrl);

    /// <summary>Tops up by card, pays at the page, and tells of it.</summary>
    /// <returns>The top-up, and Stripe's id of its payment.</returns>
    public async Task<(TopUp TopUp, string Payment)> TopUpAsync(Wallet wallet, string amount)
    {
        var made = Given(await TopUpAsync(wallet, Test.NewKey(), amount));
        var payment = Stripe.Do(account => account.Pay(SessionOf(made)));
        await TellAsync();
        return (made, payment);
    }

    public ValueTask<Answer<AutomaticTopUp>> SetAsync(Wallet wallet, int mostPerDay = 1, IdempotencyKey? key = null, string amount = "10") =>
        Test.Domain.AutomaticTopUps.SetAsync(wallet.Id, key ?? Test.NewKey(), Usd("2"), Usd(amount), mostPerDay, "card", ReturnUrl);

    /// <summary>Sets an automatic top-up of ten dollars below two, and leaves a card at its page, which pays ten dollars at once.</summary>
    public async Task AgreeAsync(Wallet wallet, int mostPerDay = 1, string card = TestCard.Visa)
    {
        var set = Given(await SetAsync(wallet, mostPerDay));
        Stripe.Do(account => account.Pay(SessionOf(set), card));
        await TellAsync();
        await LookAsync();
        Assert.Equal((AutomaticTopUpStatus.On, null), (await ReadAsync(wallet) is var read ? (read.Status, read.Fault) : default));
    }

    public async Task<AutomaticTopUp> ReadAsync(Wallet wallet) => Given(await Test.Domain.AutomaticTopUps.ReadAsync(wallet.Id));

    /// <summary>What is done each second.</summary>
    public async Task LookAsync()
    {
        await Desk.AskPendingAsync();
        await Test.Domain.AutomaticTopUps.LookAsync();
    }

    /// <summary>Spends in one payment.</summary>
    public async Task SpendAsync(Wallet wallet, string amount) => Given(await Test.Desk.PayAsync(Test.Pay(wallet, await Test.NewPayeeAsync(), amount)));

    /// <summary>How many payments cards made, at pages and without.</summary>
    public int Payments => Stripe.Do(account => account.All("payment_intent")).Count(intent => (string?)intent["status"] == "succeeded");

    /// <summary>How many cards Stripe keeps.</summary>
    public int Cards => Stripe.Do(account => account.All("payment_method")).Count(card => card["customer"] is not null);

    /// <summary>Sends every event that happened since the last one told.</summary>
    public async Task TellAsync(bool backwards = false)
    {
        var all = Stripe.Do(account => account.Events).Skip(told).ToList();
        told += all.Count;
        if (backwards) all.Reverse();
        foreach (var one in all) Assert.Null(await TakeAsync(one));
    }

    public ValueTask<Refusal?> TakeAsync(JsonNode one)
    {
        var (body, signature) = Stripe.Sign(one);
        return Events().TakeAsync(body, signature);
    }

    public static string SessionOf(AutomaticTopUp set) => new Uri(set.NextAction!).Segments[^1];

    public static string SessionOf(TopUp topUp) => new Uri(topUp.NextAction!).Segments[^1];

    public async Task<string> OwedAsync(Wallet wallet) => (await Test.Domain.Debts.ReadAsync(wallet.Id, Asset.Usd)).ToDecimalString();

    /// <summary>Balance and debt.</summary>
    public async Task<string> StandAsync(Wallet wallet) => $"{(await Test.BalanceAsync(wallet)).Split(' ')[0]} owes {await OwedAsync(wallet)}";

    /// <summary>What the rail owes us, as a number that may have a minus sign.</summary>
    public async Task<string> ClearingAsync()
    {
        var balances = (await Test.Ledger.ReadAccountAsync(ChartOfAccounts.RailClearing("card", Asset.Usd)))!.Value.Balances;
        return balances.DebitsPosted >= balances.CreditsPosted
            ? new Amount(Asset.Usd, balances.DebitsPosted - balances.CreditsPosted).ToDecimalString()
            : "-" + new Amount(Asset.Usd, balances.CreditsPosted - balances.DebitsPosted).ToDecimalString();
    }

    public async ValueTask DisposeAsync()
    {
        await Test.DisposeAsync();
        rail?.Dispose();
        await Stripe.DisposeAsync();
    }

    private int told;
}
