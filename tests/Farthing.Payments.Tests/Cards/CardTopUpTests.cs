using System.Text;
using System.Text.Json.Nodes;
using Farthing.Payments.TopUps;
using Farthing.Protocol;
using Farthing.Server.Rails.Card;
using Farthing.StripeSimulator;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests.Cards;

public class CardTopUpTests
{
    [Fact]
    public async Task A_payer_who_pays_at_the_page_has_the_money_less_what_the_card_costs()
    {
        await using var house = await CardHouse.OpenAsync(fees: true);
        var wallet = await house.Test.NewWalletAsync();
        var key = house.Test.NewKey();

        var made = Given(await house.TopUpAsync(wallet, key, "10"));
        Assert.Equal((RailStatus.Pending, Usd("10"), Usd("0.59"), Usd("9.41")), (made.Status, made.Amount, made.Cost, made.Credited));
        Assert.StartsWith("https://checkout.stripe.com/", made.NextAction, StringComparison.Ordinal);
        Assert.Equal(made, Given(await house.TopUpAsync(wallet, key, "10")));
        Assert.Equal(made.NextAction, Given(await house.Desk.ReadAsync(As(wallet), made.Id)).NextAction);

        house.Stripe.Do(account => account.Pay(CardHouse.SessionOf(made)));
        Assert.Equal("0 held 0", await house.Test.BalanceAsync(wallet));
        await house.TellAsync();

        Assert.Equal("9.41 held 0", await house.Test.BalanceAsync(wallet));
        Assert.Equal((RailStatus.Posted, Usd("10"), Usd("0.59")), (await house.Desk.ReadAsync(As(wallet), made.Id)).Value is { } read ? (read.Status, read.Amount, read.Cost) : default);
        Assert.Equal(RailStatus.Posted, Given(await house.TopUpAsync(wallet, key, "10")).Status);
        Assert.Equal(("10", 1000L), (await house.ClearingAsync(), house.Stripe.Do(account => account.Balance)));
        Assert.Single(house.Stripe.Do(account => account.All("checkout.session")));
        var line = Assert.Single(Given(await house.Test.Domain.Statements.ReadAsync(As(wallet), null, 10)).Lines);
        Assert.Equal(("top_up", "9.41"), (line.Kind, line.BalanceAfter.ToDecimalString()));
    }

    [Fact]
    public async Task Without_any_event_the_rail_is_asked_less_and_less_often_until_it_is_decided()
    {
        await using var house = await CardHouse.OpenAsync();
        var wallet = await house.Test.NewWalletAsync();
        var made = Given(await house.TopUpAsync(wallet, house.Test.NewKey(), "10"));
        for (var second = 0; second < 600; second++)
        {
            house.Test.Time.Advance(TimeSpan.FromSeconds(1));
            await house.Desk.AskPendingAsync();
        }

        // After 1, 2, 4, ... 256 seconds, and then every five minutes.
        Assert.InRange(house.Stripe.Calls.Count(call => call.StartsWith("GET", StringComparison.Ordinal)), 8, 10);
        house.Stripe.Do(account => account.Pay(CardHouse.SessionOf(made)));
        house.Test.Time.Advance(TimeSpan.FromMinutes(5));
        await house.Desk.AskPendingAsync();
        Assert.Equal("10 held 0", await house.Test.BalanceAsync(wallet));
        var calls = house.Stripe.Calls.Count;
        house.Test.Time.Advance(TimeSpan.FromMinutes(5));
        await house.Desk.AskPendingAsync();
        Assert.Equal(calls, house.Stripe.Calls.Count);
    }

    [Theory]
    [InlineData("POST /v1/checkout/sessions", Fault.ErrorBefore)]
    [InlineData("POST /v1/checkout/sessions", Fault.ErrorAfter)]
    [InlineData("POST /v1/checkout/sessions", Fault.SilenceAfter)]
    [InlineData("POST /v1/checkout/sessions", Fault.TooMany)]
    public async Task A_call_that_fails_is_repeated_and_one_page_is_shown(string call, Fault fault)
    {
        await using var house = await CardHouse.OpenAsync(timeout: TimeSpan.FromSeconds(fault == Fault.SilenceAfter ? 3 : 60));
        var wallet = await house.Test.NewWalletAsync();
        var key = house.Test.NewKey();
        house.Stripe.FailNext(call, fault);

        Refused(RefusalCodes.RailUnreachable, await house.TopUpAsync(wallet, key, "10"));
        // Stripe tells its error again under the same idempotency key, for a day; a page that it made before that was shown to nobody.
        var made = Given(await house.TopUpAsync(wallet, key, "10"));
        Assert.Equal(RailStatus.Pending, made.Status);
        Assert.Equal(fault == Fault.ErrorAfter ? 2 : 1, house.Stripe.Do(account => account.All("checkout.session")).Count);
        house.Stripe.Do(account => account.Pay(CardHouse.SessionOf(made)));
        house.Stripe.FailNext("GET /v1/checkout/sessions", fault);
        house.Test.Time.Advance(TimeSpan.FromMinutes(5));
        await house.Desk.AskPendingAsync();
        Assert.Equal("0 held 0", await house.Test.BalanceAsync(wallet));
        house.Test.Time.Advance(TimeSpan.FromMinutes(5));
        await house.Desk.AskPendingAsync();
        Assert.Equal("10 held 0", await house.Test.BalanceAsync(wallet));
        Assert.Equal(1000, house.Stripe.Do(account => account.Balance));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(30)]
    public async Task A_page_that_a_crash_made_us_forget_was_shown_to_nobody(int hoursDown)
    {
        await using var house = await CardHouse.OpenAsync();
        var wallet = await house.Test.NewWalletAsync();
        var key = house.Test.NewKey();
        house.Test.Settings.FailsToWrite = rows => rows is [CardTopUpRow];
        await Assert.ThrowsAsync<IOException>(async () => await house.TopUpAsync(wallet, key, "10"));

        house.Test.Time.Advance(TimeSpan.FromHours(hoursDown));
        await house.Test.RestartAsync();
        await house.Desk.AskPendingAsync();
        var made = Given(await house.TopUpAsync(wallet, key, "10"));
        // Within a day Stripe still knows the idempotency key; after it, it makes another page.
        Assert.Equal(hoursDown < 24 ? 1 : 2, house.Stripe.Do(account => account.All("checkout.session")).Count);
        house.Stripe.Do(account => account.Pay(CardHouse.SessionOf(made)));
        await house.TellAsync();
        await house.Desk.AskPendingAsync();
        Assert.Equal("10 held 0", await house.Test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_page_that_expires_unpaid_gives_nothing_and_cannot_be_paid_later()
    {
        await using var house = await CardHouse.OpenAsync(fees: true);
        var wallet = await house.Test.NewWalletAsync();
        var key = house.Test.NewKey();
        var made = Given(await house.TopUpAsync(wallet, key, "10"));
        house.Stripe.Do(account => account.Expire(CardHouse.SessionOf(made)));
        await house.TellAsync();

        Assert.Equal(RailStatus.Failed, Given(await house.TopUpAsync(wallet, key, "10")).Status);
        Assert.Equal("0 held 0", await house.Test.BalanceAsync(wallet));
        Assert.Equal("0", await house.ClearingAsync());
        Assert.Empty(await house.Test.Ledger.ReadOpenHoldsAsync(TransferCode.RailCost));
    }

    [Fact]
    public async Task A_paused_wallet_is_topped_up_all_the_same()
    {
        await using var house = await CardHouse.OpenAsync(fees: true);
        var wallet = await house.Test.NewWalletAsync();
        var made = Given(await house.TopUpAsync(wallet, house.Test.NewKey(), "10"));
        Given(await house.Test.Domain.WalletCaps.PauseAsync(wallet.Id, house.Test.NewKey()));
        house.Stripe.Do(account => account.Pay(CardHouse.SessionOf(made)));
        await house.TellAsync();
        Assert.Equal("9.41 held 0", await house.Test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task Each_top_up_that_a_card_cannot_make_has_its_refusal()
    {
        await using var house = await CardHouse.OpenAsync(fees: true);
        var wallet = await house.Test.NewWalletAsync();
        Refused(RefusalCodes.TooManyDecimals, await house.TopUpAsync(wallet, house.Test.NewKey(), "10.005"));
        foreach (var address in new[] { "", "news.example", "ftp://news.example/", "javascript:alert(1)", "https://payer:word@news.example/", "https://news.example/" + new string('a', 170) })
            Refused(RefusalCodes.InvalidField, await house.Desk.TopUpAsync(wallet.Id, house.Test.NewKey(), Usd("10"), "card", address));
        Refused(RefusalCodes.InvalidField, await house.Desk.TopUpAsync(wallet.Id, house.Test.NewKey(), Usd("10"), "card", null));
        var coin = Given(await house.Test.Domain.Wallets.CreateAsync(house.Test.NewKey(), Asset.Btc)).Wallet;
        Refused(RefusalCodes.RailNotAvailable, await house.Desk.TopUpAsync(coin.Id, house.Test.NewKey(), new(Asset.Btc, 100_000), "card", CardHouse.ReturnUrl));

        // 2.9 % and 30 cents: of four dollars 41.6 cents, which is 42; of 4.20 it is a tenth.
        var dear = await house.TopUpAsync(wallet, house.Test.NewKey(), "4");
        Refused(RefusalCodes.RailCostTooHigh, dear);
        Assert.Equal((AmountJson.From(Usd("0.42")), AmountJson.From(Usd("4.2"))), ((AmountJson)dear.Refusal!.Facts!["cost"], (AmountJson)dear.Refusal.Facts["least"]));
        Refused(RefusalCodes.RailCostTooHigh, await house.TopUpAsync(wallet, house.Test.NewKey(), "0.1"));
        Assert.Equal(Usd("0.42"), Given(await house.Desk.ReadCostAsync(wallet.Id, Usd("4.2"), "card")).Cost);
        Refused(RefusalCodes.RailCostTooHigh, await house.Desk.ReadCostAsync(wallet.Id, Usd("4"), "card"));
        Assert.Empty(house.Stripe.Calls);
        Assert.Equal(Usd("0.42"), Given(await house.TopUpAsync(wallet, house.Test.NewKey(), "4.2")).Cost);
    }

    [Fact]
    public async Task What_stripe_refuses_for_good_has_failed_and_is_said_without_its_words()
    {
        await using var house = await CardHouse.OpenAsync();
        var wallet = await house.Test.NewWalletAsync();
        Assert.Equal(RailStatus.Failed, Given(await house.TopUpAsync(wallet, house.Test.NewKey(), "0.2")).Status);
        Assert.Equal("Stripe refused a call for good: amount_too_small.", Assert.Single(house.Reports));
    }

    [Fact]
    public async Task An_event_that_is_forged_changed_or_old_is_refused_and_nothing_is_asked()
    {
        await using var house = await CardHouse.OpenAsync();
        var wallet = await house.Test.NewWalletAsync();
        var made = Given(await house.TopUpAsync(wallet, house.Test.NewKey(), "10"));
        house.Stripe.Do(account => account.Pay(CardHouse.SessionOf(made)));
        var calls = house.Stripe.Calls.Count;
        var paid = house.Stripe.Do(account => account.Events)[^1];
        var (body, signature) = house.Stripe.Sign(paid);
        var changed = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(body).Replace("1000", "9000", StringComparison.Ordinal));
        Assert.NotEqual(body, changed);
        var (notJson, signedNotJson) = house.Stripe.Sign(JsonValue.Create("no event"));
        (byte[] Body, string? Signature)[] forged =
        [
            (body, null), (body, ""), (body, "t=1"), (body, signature[..^1]), (body, signature.Replace("v1=", "v0=", StringComparison.Ordinal)), (changed, signature), ([], signature), (notJson, signedNotJson),
            house.Stripe.Sign(paid, secret: "whsec_another"),
            house.Stripe.Sign(paid, at: house.Test.Time.GetUtcNow().AddSeconds(-301)), house.Stripe.Sign(paid, at: house.Test.Time.GetUtcNow().AddSeconds(301)),
            ([0xFF, 0xFE, .. body], signature),
        ];

        foreach (var one in forged) Assert.Equal(RefusalCodes.RailEventInvalid, (await house.Events().TakeAsync(one.Body, one.Signature))?.Code);
        Assert.Equal(RefusalCodes.RailNotAvailable, (await house.Events(secret: null).TakeAsync(body, signature))?.Code);
        Assert.Equal((calls, "0 held 0"), (house.Stripe.Calls.Count, await house.Test.BalanceAsync(wallet)));

        // Five minutes are the tolerance, so that a replay within them is only a repeat.
        for (var i = 0; i < 3; i++) Assert.Null(await house.Events().TakeAsync(body, signature));
        Assert.Equal("10 held 0", await house.Test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task Events_that_say_what_is_not_so_are_not_believed()
    {
        await using var house = await CardHouse.OpenAsync();
        var wallet = await house.Test.NewWalletAsync();
        var made = Given(await house.TopUpAsync(wallet, house.Test.NewKey(), "10"));
        var session = house.Stripe.Do(account => account.All("checkout.session"))[0];
        session["status"] = "complete";
        session["payment_status"] = "paid";
        var lie = new JsonObject { ["id"] = "evt_1", ["object"] = "event", ["type"] = "checkout.session.completed", ["created"] = 1, ["livemode"] = false, ["pending_webhooks"] = 0, ["data"] = new JsonObject { ["object"] = session } };
        Assert.Null(await house.TakeAsync(lie));
        Assert.Equal("0 held 0", await house.Test.BalanceAsync(wallet));

        // Somebody else's session at the same account, and a top-up of another server.
        var strange = lie.DeepClone();
        strange["data"]!["object"]!["metadata"] = new JsonObject();
        Assert.Null(await house.TakeAsync(strange));
        strange["data"]!["object"]!["metadata"] = new JsonObject { ["top_up"] = Id<TopUpKind>.New(house.Test.Time).ToString() };
        Assert.Null(await house.TakeAsync(strange));
        strange["data"]!["object"]!["metadata"] = new JsonObject { ["top_up"] = "all of them" };
        Assert.Null(await house.TakeAsync(strange));
        Assert.Equal(RailStatus.Pending, Given(await house.Desk.ReadAsync(As(wallet), made.Id)).Status);
    }

    [Fact]
    public async Task Events_out_of_turn_repeated_and_many_at_once_post_once()
    {
        await using var house = await CardHouse.OpenAsync();
        var wallet = await house.Test.NewWalletAsync();
        var made = Given(await house.TopUpAsync(wallet, house.Test.NewKey(), "10"));
        house.Stripe.Do(account => account.Pay(CardHouse.SessionOf(made)));
        var all = house.Stripe.Do(account => account.Events);
        await Task.WhenAll(Enumerable.Range(0, 8).SelectMany(_ => all.Reverse()).Select(async one => Assert.Null(await house.TakeAsync(one))));
        Assert.Equal("10 held 0", await house.Test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task When_stripe_is_down_an_event_is_to_be_sent_again()
    {
        await using var house = await CardHouse.OpenAsync();
        var wallet = await house.Test.NewWalletAsync();
        var made = Given(await house.TopUpAsync(wallet, house.Test.NewKey(), "10"));
        house.Stripe.Do(account => account.Pay(CardHouse.SessionOf(made)));
        var paid = house.Stripe.Do(account => account.Events)[^1];
        house.Stripe.FailNext("GET ", Fault.ErrorBefore);
        Assert.Equal(RefusalCodes.RailUnreachable, (await house.TakeAsync(paid))?.Code);
        Assert.Equal("0 held 0", await house.Test.BalanceAsync(wallet));
        Assert.Null(await house.TakeAsync(paid));
        Assert.Equal("10 held 0", await house.Test.BalanceAsync(wallet));
    }
}
