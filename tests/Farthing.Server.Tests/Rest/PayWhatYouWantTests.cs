using System.Net;
using System.Text.RegularExpressions;
using Farthing.Protocol;

namespace Farthing.Server.Tests.Rest;

/// <summary>docs/pricing/pay-what-you-want.md.</summary>
public sealed partial class PayWhatYouWantTests(SharedServer server)
{
    private readonly Api api = server.Api;

    [Fact]
    public async Task The_payer_names_any_amount_from_the_minimum_on()
    {
        var payee = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("10");
        var offer = await OfferAsync(payee);
        Assert.Equal("""{"model":"pay-what-you-want","minimum":{"amount":"0.5","currency":"USD"},"suggested":[{"amount":"1","currency":"USD"},{"amount":"2.5","currency":"USD"}]}""",
            (await api.GetAsync($"/v1/offers/{offer}")).Json["pricing"]!.ToJsonString());

        foreach (var amount in new[] { "0.5", "1", "1.234567" })
        {
            var paid = await PayAsync(wallet, offer, $"\"amount\":{Api.Amount(amount)}");
            Assert.Equal((201, "posted", amount, offer), (paid.Status, paid["status"], paid.Amount("amount"), paid["offer"]));
        }

        Assert.Equal(("7.265433", "0"), await api.BalanceAsync(wallet));
    }

    [Fact]
    public async Task What_is_below_the_minimum_or_missing_is_refused_with_the_minimum_and_what_others_are_shown()
    {
        var payee = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("10");
        var offer = await OfferAsync(payee);
        foreach (var (members, code) in new[] { ($"\"amount\":{Api.Amount("0.499999")}", "amount_below_minimum"), ("\"quantity\":1", "missing_field") })
        {
            var refused = await PayAsync(wallet, offer, members);
            Expect.Problem(refused, 400, code);
            Assert.Contains("0.5 USD", refused["detail"], StringComparison.Ordinal);
            Assert.Equal("0.5", refused.Amount("minimum"));
            Assert.Equal("""[{"amount":"1","currency":"USD"},{"amount":"2.5","currency":"USD"}]""", refused.Json["suggested"]!.ToJsonString());
        }

        Expect.Problem(await PayAsync(wallet, offer, $"\"amount\":{Api.Amount("1", "EUR")}"), 400, "currency_mismatch");
        Expect.Problem(await PayAsync(wallet, offer, $"\"amount\":{Api.Amount("0")}"), 400, "amount_must_not_be_zero");
        Expect.Problem(await PayAsync(wallet, offer, "\"amount\":1"), 400, "amount_must_be_a_string");
        Expect.Problem(await PayAsync(wallet, offer, $"\"amount\":{Api.Amount("1")},\"quantity\":2"), 400, "invalid_field");
        Expect.Problem(await PayAsync(wallet, offer, $"\"amount\":{Api.Amount("11")}"), 402, "insufficient_funds");
        Assert.Equal(("10", "0"), await api.BalanceAsync(wallet));
        Assert.Equal(("0", "0"), await api.BalanceAsync(payee));
    }

    [Fact]
    public async Task A_repeated_key_pays_once_and_another_amount_under_it_is_a_conflict()
    {
        var wallet = await api.NewWalletAsync("10");
        var offer = await OfferAsync(await api.NewPayeeAsync());
        var key = Api.NewKey();
        var paid = await PayAsync(wallet, offer, $"\"amount\":{Api.Amount("2")}", key);
        Assert.Equal(paid.Text, (await PayAsync(wallet, offer, $"\"amount\":{Api.Amount("2")}", key)).Text);
        Expect.Problem(await PayAsync(wallet, offer, $"\"amount\":{Api.Amount("3")}", key), 409, "idempotency_conflict");
        Assert.Equal(("8", "0"), await api.BalanceAsync(wallet));
    }

    [Fact]
    public async Task Terms_leave_the_amount_to_the_payer_too()
    {
        var terms = await TermsAsync();
        var wallet = await api.NewWalletAsync("10");
        Expect.Problem(await api.PostAsync("/v1/payments", wallet.Key, $$"""{"terms":"{{terms}}"}"""), 400, "missing_field");
        Expect.Problem(await api.PostAsync("/v1/payments", wallet.Key, $$"""{"terms":"{{terms}}","amount":{{Api.Amount("0.4")}}}"""), 400, "amount_below_minimum");
        var paid = await api.PostAsync("/v1/payments", wallet.Key, $$"""{"terms":"{{terms}}","amount":{{Api.Amount("0.7")}}}""");
        Assert.Equal((201, "0.7"), (paid.Status, paid.Amount("amount")));
        Assert.NotNull(paid["entitlement"]);
        Assert.Equal(("9.3", "0"), await api.BalanceAsync(wallet));
    }

    [Fact]
    public async Task The_pay_page_has_a_button_for_each_amount()
    {
        var terms = await TermsAsync();
        using var browser = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        var page = new Uri(server.Process.Address, $"/pay?terms={terms}");
        var shown = await browser.GetStringAsync(page, TestContext.Current.CancellationToken);
        Assert.Contains("from 0.50 USD", shown, StringComparison.Ordinal);
        Assert.Equal(["0.5", "1", "2.5"], Choice().Matches(shown).Select(match => match.Groups[1].Value));

        var token = FormToken().Match(shown).Groups[1].Value;
        var paid = await SendAsync("2.5");
        Assert.Equal(HttpStatusCode.SeeOther, paid.StatusCode);
        var again = await browser.GetAsync(page, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.SeeOther, again.StatusCode);
        Assert.Contains("7.50 USD", await browser.GetStringAsync(server.Process.Address, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync("a lot")).StatusCode);

        async Task<HttpResponseMessage> SendAsync(string amount)
        {
            using var form = new FormUrlEncodedContent(new Dictionary<string, string> { ["terms"] = terms, ["amount"] = amount, ["__RequestVerificationToken"] = token });
            return await browser.PostAsync(new Uri(server.Process.Address, "/pay"), form, TestContext.Current.CancellationToken);
        }
    }

    private async Task<string> TermsAsync()
    {
        var (signingKey, registered) = Api.NewSigningKey();
        var payee = await api.NewPayeeAsync(more: $",\"signingKey\":\"{registered}\"");
        return new Terms
        {
            Payee = Id<PayeeKind>.Parse(payee.Id),
            Offer = Id<OfferKind>.Parse(await OfferAsync(payee)),
            Resource = "/songs/1",
            Once = true,
            Expires = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + 600),
            Nonce = "nonce-nonce-nonce-nonce",
        }.Sign(signingKey);
    }

    private async Task<string> OfferAsync(Account payee)
    {
        var made = await api.PostAsync("/v1/offers", payee.Key,
            $$$"""{"name":"A song","pricing":{"suggested":[{{{Api.Amount("1")}}},{{{Api.Amount("2.5")}}}],"minimum":{{{Api.Amount("0.50")}}},"model":"pay-what-you-want"}}""");
        Assert.True(made.Status == 201, made.Text);
        return made["id"]!;
    }

    private Task<Reply> PayAsync(Account wallet, string offer, string members, string? key = null) =>
        api.PostAsync("/v1/payments", wallet.Key, $$"""{"offer":"{{offer}}",{{members}}}""", key);

    [GeneratedRegex("name=\"amount\" value=\"([0-9.]+)\"")]
    private static partial Regex Choice();

    [GeneratedRegex("name=\"__RequestVerificationToken\" type=\"hidden\" value=\"([^\"]+)\"")]
    private static partial Regex FormToken();
}
