using Farthing.AspNetCore;
using Farthing.Client;
using Farthing.Protocol;
using Farthing.Server.Tests.Rest;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Farthing.Server.Tests.Sdk;

/// <summary>A site for subscribers, the paying handler and a server, all of them real.</summary>
public sealed class SubscribedSiteTests(SharedServer server)
{
    private readonly Api api = server.Api;

    [Fact]
    public async Task A_program_reads_what_its_wallet_subscribes_to_and_subscribes_to_nothing_by_itself()
    {
        var (site, paper, gold) = await OpenAsync();
        await using var closing = site;
        var address = new Uri(site.Urls.Single());
        var account = await api.NewWalletAsync("10");
        using var line = new Line();
        using var anyone = new FarthingClient(server.Process.Address, handler: line);
        var payer = anyone.WithKey(account.Key);
        using var budget = Budget.InAll("100 USD");
        using var http = payer.CreateHttpClient(budget);

        Assert.Equal(NotPaidReason.NotSubscribed, (await RefusedAsync("/archive/1")).Reason);
        Assert.Equal(("10", "0"), await api.BalanceAsync(account));
        Assert.Empty((await api.GetAsync("/v1/subscriptions", account.Key)).Json["lines"]!.AsArray());

        var subscribed = await payer.Subscriptions.CreateSubscriptionAsync(paper, Api.NewKey(), cancellation: TestContext.Current.CancellationToken);
        var before = line.Shown;
        foreach (var number in new[] { 1, 2, 1, 3 }) Assert.Equal($"number {number}", await http.GetStringAsync(new Uri(address, $"/archive/{number}"), TestContext.Current.CancellationToken));
        // The server was asked once, and the site knows the rest by itself.
        Assert.Equal(before + 1, line.Shown);
        Assert.Equal(NotPaidReason.NotSubscribed, (await RefusedAsync("/gold")).Reason);
        // What is cancelled goes on to the end of what is paid.
        await payer.Subscriptions.CancelSubscriptionAsync(subscribed.Subscription.Id, Api.NewKey(), TestContext.Current.CancellationToken);
        using (var anew = payer.CreateHttpClient(budget)) Assert.Equal("number 4", await anew.GetStringAsync(new Uri(address, "/archive/4"), TestContext.Current.CancellationToken));
        Assert.True(budget.Spent.IsZero);
        Assert.Equal(("5", "0"), await api.BalanceAsync(account));

        // Another wallet has nothing of it, and a mandate shows none.
        using (var stranger = anyone.WithKey((await api.NewWalletAsync("10")).Key).CreateHttpClient(budget))
            Assert.Equal(NotPaidReason.NotSubscribed, (await Assert.ThrowsAsync<NotPaidException>(() => stranger.GetAsync(new Uri(address, "/archive/1"), TestContext.Current.CancellationToken))).Reason);
        var mandate = await api.PostAsync("/v1/mandates", account.Key, $$"""{"anyone":true,"perDay":{{Api.Amount("1")}}}""");
        Assert.True(mandate.Status == 201, mandate.Text);
        using (var limited = anyone.WithKey(mandate["key"]!).CreateHttpClient(budget))
            Assert.Equal(NotPaidReason.Refused, (await Assert.ThrowsAsync<NotPaidException>(() => limited.GetAsync(new Uri(address, "/archive/1"), TestContext.Current.CancellationToken))).Reason);
        Assert.NotEqual(paper, gold);

        Task<NotPaidException> RefusedAsync(string path) => Assert.ThrowsAsync<NotPaidException>(() => http.GetAsync(new Uri(address, path), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Only_what_a_wallet_has_is_shown_for_an_hour_at_most_and_nothing_is_paid_by_asking()
    {
        var (key, publicKey) = Api.NewSigningKey();
        var payee = await api.NewPayeeAsync(more: $",\"signingKey\":\"{publicKey}\"");
        var account = await api.NewWalletAsync("10");
        var plan = await OfferAsync(payee, 5);
        var single = await api.NewOfferAsync(payee, "0.02");
        var asked = new[] { TermsFor(Offer: plan), TermsFor(Offer: single), TermsFor(Price: "0.02 USD") };
        foreach (var terms in asked) Expect.Problem(await ShowAsync(terms), 409, "not_covered");
        Assert.Equal(("10", "0"), await api.BalanceAsync(account));

        Assert.Equal(201, (await api.PostAsync("/v1/subscriptions", account.Key, $$"""{"offer":"{{plan}}"}""")).Status);
        Assert.Equal(201, (await api.PostAsync("/v1/payments", account.Key, $$"""{"terms":"{{asked[2]}}"}""")).Status);
        Assert.True(VerifyingKey.TryParse((await api.GetAsync("/v1/entitlement-key")).Text.Trim(), out var operatorKey));
        Assert.True(Entitlement.TryVerify((await ShowAsync(asked[0]))["entitlement"], operatorKey, out var shown));
        Assert.Equal((payee.Id, $"subscription:{plan}", null), (shown.Payee.ToString(), shown.Resource, shown.RefundableUntil));
        Assert.InRange(shown.Expires - shown.Issued, TimeSpan.FromMinutes(59), TimeSpan.FromMinutes(61));
        // What was bought is shown, too, as shortly as the money can be given back.
        Assert.True(Entitlement.TryVerify((await ShowAsync(asked[2]))["entitlement"], operatorKey, out var page));
        Assert.Equal(("/page", true), (page.Resource, page.Expires - page.Issued <= TimeSpan.FromSeconds(60)));
        Expect.Problem(await ShowAsync(asked[1]), 409, "not_covered");
        Assert.Equal(("4.98", "0"), await api.BalanceAsync(account));

        Expect.Problem(await ShowAsync("e30.e30"), 400, "terms_invalid");
        Expect.Problem(await ShowAsync(TermsFor(Offer: plan, Ends: -1)), 409, "terms_expired");
        Expect.Problem(await api.PostAsync("/v1/entitlements", payee.Key, $$"""{"terms":"{{asked[0]}}"}"""), 403, "forbidden");
        Expect.Problem(await api.PostAsync("/v1/entitlements", null, $$"""{"terms":"{{asked[0]}}"}"""), 401, "unauthorized");

        Task<Reply> ShowAsync(string terms) => api.PostAsync("/v1/entitlements", account.Key, $$"""{"terms":"{{terms}}"}""");

        string TermsFor(string? Offer = null, string? Price = null, int Ends = 10) => new Terms
        {
            Payee = Id<PayeeKind>.TryParse(payee.Id, out var id) ? id : default,
            Offer = Id<OfferKind>.TryParse(Offer, out var named) ? named : null,
            Amount = Price is null ? null : Amount.Parse(Price),
            Resource = Offer == plan ? $"subscription:{plan}" : "/page",
            Once = Price is not null,
            Nonce = "program-with-a-nonce",
            Expires = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().AddMinutes(Ends).ToUnixTimeSeconds()),
        }.Sign(key);
    }

    private async Task<string> OfferAsync(Account payee, int price)
    {
        var made = await api.PostAsync("/v1/offers", payee.Key, $$$"""{"name":"The paper","pricing":{"model":"subscription","price":{{{Api.Amount($"{price}")}}},"every":"month"}}""");
        Assert.True(made.Status == 201, made.Text);
        return made["id"]!;
    }

    private async Task<(WebApplication Site, Id<OfferKind> Paper, Id<OfferKind> Gold)> OpenAsync()
    {
        using var signingKey = SigningKey.Create();
        var payee = await api.NewPayeeAsync(more: $",\"signingKey\":\"{signingKey.Verifier}\"");
        var (paper, gold) = (await OfferAsync(payee, 5), await OfferAsync(payee, 9));
        var entitlementKey = (await api.GetAsync("/v1/entitlement-key")).Text.Trim();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddFarthing(options =>
        {
            options.Payee = payee.Id;
            options.SigningKey = Convert.ToBase64String(signingKey.ExportSeed());
            options.Server = server.Process.Address.GetLeftPart(UriPartial.Authority);
            options.EntitlementKey = entitlementKey;
            options.PlayMoney = true;
            options.Plans["reader"] = new SubscriptionPlan { Offer = paper, Price = "5 USD" };
            options.Plans["gold"] = new SubscriptionPlan { Offer = gold, Price = "9 USD" };
        });
        var site = builder.Build();
        site.MapGroup("/archive").RequireSubscription("reader").MapGet("/{number:int}", (int number) => $"number {number}");
        site.MapGet("/gold", () => "gold").RequireSubscription("gold");
        await site.StartAsync();
        return (site, Id<OfferKind>.TryParse(paper, out var first) ? first : default, Id<OfferKind>.TryParse(gold, out var second) ? second : default);
    }

    /// <summary>Counts how often the server was asked to show something.</summary>
    private sealed class Line() : DelegatingHandler(new SocketsHttpHandler())
    {
        private int shown;

        public int Shown => Volatile.Read(ref shown);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri!.AbsolutePath == "/v1/entitlements") Interlocked.Increment(ref shown);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
