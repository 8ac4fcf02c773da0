using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;
using Farthing.StripeSimulator;
using Simulator = Farthing.StripeSimulator.StripeSimulator;

namespace Farthing.Server.Tests.Rest;

/// <summary>A server with cards, over real HTTP on both sides.</summary>
public sealed class CardTests : IAsyncLifetime
{
    private Simulator stripe = null!;
    private ServerProcess server = null!;
    private Api api = null!;

    public async ValueTask InitializeAsync()
    {
        stripe = await Simulator.StartAsync(TimeProvider.System);
        server = await ServerProcess.StartAsync(null,
            $"FARTHING_STRIPE_KEY={Simulator.Key}", $"FARTHING_STRIPE_WEBHOOK_SECRET={Simulator.WebhookSecret}", $"FARTHING_STRIPE_API={stripe.Address.GetLeftPart(UriPartial.Authority)}");
        api = new Api(server);
    }

    [Fact]
    public async Task A_wallets_page_leads_to_the_cards_page_and_back_to_the_server()
    {
        using var browser = new HttpClient { BaseAddress = server.Address };
        var (_, wallet) = await SubmitAsync(browser, await ReadAsync(browser, "/"), "handler=Open");
        Assert.Contains("10.00 USD of play money", wallet, StringComparison.Ordinal);
        var (status, page) = await SubmitAsync(browser, wallet, "handler=TopUp", "value=\"card\"");
        Assert.Equal(200, status);

        var session = Assert.Single(stripe.Do(account => account.All("checkout.session")));
        Assert.Contains($"href=\"{session["url"]!.GetValue<string>()}\"", WebUtility.HtmlDecode(page), StringComparison.Ordinal);
        Assert.Equal(new Uri(server.Address, "/").ToString(), session["success_url"]!.GetValue<string>());
        Assert.DoesNotContain("Code for whoever helps you", page, StringComparison.Ordinal);
        stripe.Do(account => account.Pay(session["id"]!.GetValue<string>()));
        // The 10.00 of play money that every new wallet is given, and what the card brought in.
        await Eventually.TrueAsync(async () => (await browser.GetStringAsync("/")).Contains("19.41 USD", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_top_up_that_is_refused_at_once_is_said_to_be_and_can_be_tried_again_from_where_it_was_asked_for()
    {
        var payee = await api.NewPayeeAsync();
        using var browser = new HttpClient { BaseAddress = server.Address };
        var (_, wallet) = await SubmitAsync(browser, await ReadAsync(browser, "/"), "handler=Open");
        var tip = $"/tip?payee={payee.Id}&amounts=50";
        var (_, isShort) = await SubmitAsync(browser, await ReadAsync(browser, tip), "Tip 50.00 USD");
        foreach (var (from, again) in new[] { (wallet, "href=\"/\">Go to the wallet"), (isShort, $"href=\"{tip}\"") })
        {
            stripe.FailNext("POST /v1/checkout/sessions", Fault.Refused);
            var (status, page) = await SubmitAsync(browser, from, "handler=TopUp", "value=\"card\"");
            page = WebUtility.HtmlDecode(page);
            Assert.Equal(402, status);
            Assert.Contains("<h1>The top-up did not go through</h1>", page, StringComparison.Ordinal);
            Assert.Contains("Nothing was taken from you", page, StringComparison.Ordinal);
            Assert.Contains(again, page, StringComparison.Ordinal);
        }

        Assert.Empty(stripe.Do(account => account.All("checkout.session")));
        // Nothing stands in the way of another try.
        Assert.Contains("Go to the card's page", WebUtility.HtmlDecode((await SubmitAsync(browser, await ReadAsync(browser, "/"), "handler=TopUp", "value=\"card\"")).Html), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_card_is_charged_at_its_page_and_told_of_by_an_event()
    {
        var wallet = await api.NewWalletAsync();
        var path = $"/v1/wallets/{wallet.Id}/top-ups";
        var cost = await api.GetAsync($"{path}/cost?rail=card&amount=10", wallet.Key);
        Assert.Equal(("0.59", "9.41"), (cost.Amount("cost"), cost.Amount("credited")));
        foreach (var (query, code) in new[]
        {
            ("rail=card", "missing_field"), ("amount=1", "missing_field"), ("rail=card&amount=1&amount=2", "missing_field"), ("rail=card&amount=x", "invalid_amount"), ("rail=card&amount=0", "amount_must_not_be_zero"),
            ("rail=coin&amount=1", "rail_not_available"), ("rail=card&amount=1", "rail_cost_too_high"), ("rail=card&amount=2000", "amount_too_large"),
        })
            Assert.Equal(code, (await api.GetAsync($"{path}/cost?{query}", wallet.Key))["code"]);

        var body = $$"""{"amount":{{Api.Amount("10")}},"rail":"card","returnUrl":"https://news.example/back"}""";
        var made = await api.PostAsync(path, wallet.Key, body);
        Assert.Equal((201, "pending", "10", "0.59", "9.41"), (made.Status, made["status"], made.Amount("amount"), made.Amount("cost"), made.Amount("credited")));
        var page = Assert.Single(stripe.Do(account => account.All("checkout.session")));
        Assert.Equal(("https://news.example/back", made["nextAction"]), (page["success_url"]!.GetValue<string>(), page["url"]!.GetValue<string>()));
        Assert.Equal("invalid_field", (await api.PostAsync(path, wallet.Key, body.Replace("https:", "file:", StringComparison.Ordinal)))["code"]);

        stripe.Do(account => account.Pay(page["id"]!.GetValue<string>()));
        var (paid, signature) = stripe.Sign(stripe.Do(account => account.Events)[^1]);
        Assert.Equal((400, "rail_event_invalid"), await SendAsync(paid, "t=1,v1=00"));
        Assert.Equal((400, "rail_event_invalid"), await SendAsync(paid, null));
        Assert.Equal((413, "body_too_large"), await SendAsync(new byte[(1 << 20) + 1], signature));
        for (var i = 0; i < 2; i++) Assert.Equal((200, "ok"), await SendAsync(paid, signature));
        Assert.Equal(("9.41", "0"), await api.BalanceAsync(wallet));

        // While the payer is away, by a card left at a page, until it is stopped.
        var away = await api.NewWalletAsync();
        var automatic = $"/v1/wallets/{away.Id}/automatic-top-up";
        var set = await api.PostAsync(automatic, away.Key, $$"""{"floor":{{Api.Amount("2")}},"amount":{{Api.Amount("10")}},"rail":"card","returnUrl":"https://news.example/back"}""");
        Assert.Equal((200, "waiting"), (set.Status, set["status"]));
        stripe.Do(account => account.Pay(new Uri(set["nextAction"]!).Segments[^1]));
        (paid, signature) = stripe.Sign(stripe.Do(account => account.Events)[^1]);
        Assert.Equal((200, "ok"), await SendAsync(paid, signature));
        await Eventually.TrueAsync(async () => (await api.GetAsync(automatic, away.Key))["status"] == "on");
        Assert.Equal("4242", (string?)(await api.GetAsync(automatic, away.Key)).Json["card"]!["lastFour"]);
        Assert.Equal("off", (await api.PostAsync($"{automatic}/stop", away.Key, "{}"))["status"]);
        await Eventually.TrueAsync(() => Task.FromResult(stripe.Do(account => account.All("payment_method")).All(card => card["customer"] is null)));
        Assert.Equal(("9.41", "0"), await api.BalanceAsync(away));

        // A restart finds the dispute that was opened meanwhile, and takes it once although it is told of it then.
        Assert.Equal(0, await server.TerminateAsync());
        stripe.Do(account => account.Dispute(account.All("payment_intent")[0]["id"]!.GetValue<string>(), 1000));
        await server.StartAgainAsync();
        await Eventually.TrueAsync(async () => (await api.GetAsync($"/v1/wallets/{wallet.Id}", wallet.Key)) is var read && read.Json["owed"] is not null && (read.Amount("balance"), read.Amount("owed")) == ("0", "0.59"));
        (paid, signature) = stripe.Sign(stripe.Do(account => account.Events)[^1]);
        Assert.Equal((200, "ok"), await SendAsync(paid, signature));
        var read = await api.GetAsync($"/v1/wallets/{wallet.Id}", wallet.Key);
        Assert.Equal(("0", "0.59"), (read.Amount("balance"), read.Amount("owed")));
        var payee = await api.NewPayeeAsync();
        var refused = await api.PostAsync("/v1/payments", wallet.Key, Api.Payment(payee, "0.01"));
        Assert.Equal((402, "wallet_in_debt", "0.59"), (refused.Status, refused["code"], refused.Amount("owed")));

        // Its secrets are in no output, file or answer.
        Assert.DoesNotContain(Simulator.Key, server.Output, StringComparison.Ordinal);
        var files = Directory.EnumerateFiles(server.Data, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith("lock", StringComparison.Ordinal)).Select(file => Encoding.Latin1.GetString(ReadShared(file))).ToList();
        Assert.True(files.Count > 3);
        Assert.All(files, file => Assert.False(file.Contains(Simulator.Key, StringComparison.Ordinal) || file.Contains(Simulator.WebhookSecret, StringComparison.Ordinal)));
    }

    public async ValueTask DisposeAsync()
    {
        api?.Dispose();
        if (server is not null) await server.DisposeAsync();
        if (stripe is not null) await stripe.DisposeAsync();
    }

    private static Task<string> ReadAsync(HttpClient browser, string address) => browser.GetStringAsync(address, TestContext.Current.CancellationToken);

    // The first form with all of these parts, as its button sends it.
    private static async Task<(int Status, string Html)> SubmitAsync(HttpClient browser, string html, params string[] parts)
    {
        var form = Regex.Matches(html, "<form.*?</form>", RegexOptions.Singleline).Select(match => match.Value).First(text => parts.All(part => text.Contains(part, StringComparison.Ordinal)));
        var fields = Regex.Matches(form, "name=\"([^\"]+)\"(?: type=\"hidden\")? value=\"([^\"]*)\"").ToDictionary(match => match.Groups[1].Value, match => WebUtility.HtmlDecode(match.Groups[2].Value));
        using var answer = await browser.PostAsync(WebUtility.HtmlDecode(Regex.Match(form, "action=\"([^\"]+)\"").Groups[1].Value), new FormUrlEncodedContent(fields), TestContext.Current.CancellationToken);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    private async Task<(int Status, string? Said)> SendAsync(byte[] body, string? signature)
    {
        using var content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        if (signature is not null) content.Headers.TryAddWithoutValidation("Stripe-Signature", signature);
        using var http = new HttpClient();
        using var answer = await http.PostAsync(new Uri(server.Address, "/v1/rails/card/events"), content, TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return ((int)answer.StatusCode, answer.IsSuccessStatusCode ? text : System.Text.Json.Nodes.JsonNode.Parse(text)!["code"]!.GetValue<string>());
    }

    private static byte[] ReadShared(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
