using Farthing.Protocol;

namespace Farthing.Server.Tests.Rest;

/// <summary>docs/pricing/per-use.md.</summary>
[Collection(typeof(MovedClock))]
public sealed class PerUseTests(ClockServer server)
{
    private readonly Api api = server.Api;

    [Fact]
    public async Task A_quantity_costs_that_many_prices_in_one_payment()
    {
        var payee = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("1");
        var offer = await api.NewOfferAsync(payee, "0.000003");
        var paid = await api.PostAsync("/v1/payments", wallet.Key, $$"""{"offer":"{{offer}}","quantity":12}""");
        Assert.Equal((201, "0.000036"), (paid.Status, paid.Amount("amount")));
        Assert.Equal(("0.999964", "0"), await api.BalanceAsync(wallet));
    }

    [Fact]
    public async Task What_is_owned_for_thirty_days_is_paid_once_and_again_when_they_are_over()
    {
        var shop = await ShopAsync();
        var wallet = await api.NewWalletAsync("1");
        var offer = await OfferAsync(shop, """ "pricing":{"model":"per-use","price":{"amount":"0.1","currency":"USD"},"ownedForSeconds":2592000} """);
        var first = await PayAsync(wallet, await TermsAsync(shop, "/films/1", offer));
        Assert.NotNull(first["entitlement"]);

        await server.AdvanceAsync(TimeSpan.FromDays(29));
        var again = await PayAsync(wallet, await TermsAsync(shop, "/films/1", offer));
        Assert.Equal(first["id"], again["id"]);
        Assert.True(VerifyingKey.TryParse((await api.GetAsync("/v1/entitlement-key")).Text, out var verifier));
        Assert.True(Entitlement.TryVerify(again["entitlement"], verifier, out var entitlement));
        Assert.InRange(entitlement.Expires, DateTimeOffset.Parse(first["createdAt"]!).AddDays(30), DateTimeOffset.Parse(first["createdAt"]!).AddDays(30).AddSeconds(1));

        await server.AdvanceAsync(TimeSpan.FromDays(1.1));
        var anew = await PayAsync(wallet, await TermsAsync(shop, "/films/1", offer));
        Assert.NotEqual(first["id"], anew["id"]);
        Assert.Equal(("0.8", "0"), await api.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_bundle_covers_terms_of_any_of_its_resources_without_another_payment()
    {
        var shop = await ShopAsync();
        var (wallet, other) = (await api.NewWalletAsync("3"), await api.NewWalletAsync("3"));
        var bundle = await OfferAsync(shop, """ "price":{"amount":"2","currency":"USD"},"resources":["/archive/*","/maps/2026"] """);
        Assert.Equal("""["/archive/*","/maps/2026"]""", (await api.GetAsync($"/v1/offers/{bundle}")).Json["resources"]!.ToJsonString());
        var bought = await api.PostAsync("/v1/payments", wallet.Key, $$"""{"offer":"{{bundle}}"}""");
        Assert.Equal((201, "2"), (bought.Status, bought.Amount("amount")));

        foreach (var resource in new[] { "/archive/1998/rain", "/maps/2026" })
        {
            var read = await PayAsync(wallet, await TermsAsync(shop, resource));
            Assert.Equal(bought["id"], read["id"]);
            Assert.NotNull(read["entitlement"]);
        }

        Assert.Equal(("1", "0"), await api.BalanceAsync(wallet));
        Assert.NotEqual(bought["id"], (await PayAsync(wallet, await TermsAsync(shop, "/news/today")))["id"]);
        Assert.NotEqual(bought["id"], (await PayAsync(other, await TermsAsync(shop, "/maps/2026")))["id"]);
        Assert.Equal(("0.98", "0"), await api.BalanceAsync(wallet));
        Assert.Equal(("2.98", "0"), await api.BalanceAsync(other));

        Expect.Problem(await api.PostAsync("/v1/payments", wallet.Key, $$"""{"offer":"{{bundle}}","quantity":2}"""), 400, "invalid_field");
        Assert.Equal(201, (await api.PostAsync($"/v1/payments/{bought["id"]}/refunds", wallet.Key, null)).Status);
        var paidAlone = await PayAsync(wallet, await TermsAsync(shop, "/maps/2026"));
        Assert.Equal(("0.02", ("2.96", "0")), (paidAlone.Amount("amount"), await api.BalanceAsync(wallet)));
    }

    [Fact]
    public async Task A_day_never_costs_more_than_its_cap_and_the_next_day_counts_anew()
    {
        var shop = await ShopAsync();
        var wallet = await api.NewWalletAsync("2");
        var offer = await OfferAsync(shop, """ "pricing":{"model":"per-use","price":{"amount":"0.03","currency":"USD"},"dayCap":{"amount":"0.5","currency":"USD"},"timeZone":"America/New_York"} """);
        // Six in the morning there, or seven in summer.
        var now = await server.NowAsync();
        await server.MoveToAsync(new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero).AddDays(1).AddHours(11));

        var terms = new List<string>();
        for (var i = 0; i < 64; i++) terms.Add(await TermsAsync(shop, $"/news/{i}", offer));
        var reads = await Task.WhenAll(terms.Select(token => PayAsync(wallet, token)));
        Assert.All(reads, read => Assert.NotNull(read["entitlement"]));
        Assert.Equal(17, reads.Select(read => read["id"]).Distinct().Count());
        Assert.Single(reads.DistinctBy(read => read["id"]), read => read.Amount("amount") == "0.02");
        Assert.Equal(("1.5", "0"), await api.BalanceAsync(wallet));

        await server.AdvanceAsync(TimeSpan.FromDays(1));
        Assert.Equal("0.03", (await PayAsync(wallet, await TermsAsync(shop, "/news/tomorrow", offer))).Amount("amount"));
        Assert.Equal(("1.47", "0"), await api.BalanceAsync(wallet));
    }

    /// <summary>A payee that signs terms.</summary>
    private sealed record Shop(Account Payee, SigningKey Signing);

    private async Task<Shop> ShopAsync()
    {
        var (signing, registered) = Api.NewSigningKey();
        return new(await api.NewPayeeAsync(more: $",\"signingKey\":\"{registered}\""), signing);
    }

    private async Task<string> OfferAsync(Shop shop, string members)
    {
        var made = await api.PostAsync("/v1/offers", shop.Payee.Key, $$"""{"name":"Offer",{{members}}}""");
        Assert.True(made.Status == 201, made.Text);
        return made["id"]!;
    }

    private async Task<string> TermsAsync(Shop shop, string resource, string? offer = null) => new Terms
    {
        Payee = Id<PayeeKind>.Parse(shop.Payee.Id),
        Offer = offer is null ? null : Id<OfferKind>.Parse(offer),
        Amount = offer is null ? Amount.Parse("0.02 USD") : null,
        Resource = resource,
        Once = true,
        Expires = DateTimeOffset.FromUnixTimeSeconds((await server.NowAsync()).ToUnixTimeSeconds() + 600),
        Nonce = "nonce-nonce-nonce-nonce",
    }.Sign(shop.Signing);

    private async Task<Reply> PayAsync(Account wallet, string terms)
    {
        var paid = await api.PostAsync("/v1/payments", wallet.Key, $$"""{"terms":"{{terms}}"}""");
        Assert.True(paid.Status == 201, paid.Text);
        return paid;
    }
}
