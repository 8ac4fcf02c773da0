using System.Net;
using System.Text.RegularExpressions;
using Farthing.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Options;

namespace Farthing.AspNetCore.Tests;

/// <summary><c>RequireSubscription</c>: one entitlement opens all that asks for its plan, and nothing else.</summary>
public sealed class SubscriptionTests
{
    private const string Offer = "off_01JD8Y2M6K3T5V7W9XAZBCDEFG";
    private const string OtherOffer = "off_01JD8Y2M6K3T5V7W9XAZBCDEFH";

    [Fact]
    public async Task One_subscription_opens_every_page_of_its_plan_until_the_period_ends()
    {
        await using var site = await StartAsync();
        var browser = new Browser(site);
        var unpaid = await browser.VisitAsync("/archive/1");
        Assert.Equal(HttpStatusCode.PaymentRequired, unpaid.Status);
        Assert.Contains("Subscribe for", unpaid.Body, StringComparison.Ordinal);
        Assert.Contains("5.00 USD a month", unpaid.Body, StringComparison.Ordinal);
        Assert.Contains("intent=\"subscription\"", unpaid.Headers["WWW-Authenticate"], StringComparison.Ordinal);
        var terms = unpaid.PayLinkTerms();
        Assert.Equal((Offer, null, $"subscription:{Offer}", "reader", true), (terms.Offer.ToString(), terms.Amount, terms.Resource, terms.Title, terms.Once));
        Assert.EndsWith("/archive/1", terms.ReturnUrl, StringComparison.Ordinal);

        var entitlement = site.EntitlementFor(terms.Resource, terms.Nonce, TimeSpan.FromDays(20)) with { RefundableUntil = null };
        Assert.Equal(HttpStatusCode.SeeOther, (await browser.VisitAsync($"/archive/1?farthing={entitlement.Sign(PaidSite.Operator)}")).Status);
        foreach (var path in new[] { "/archive/1", "/archive/2", "/extra" }) Assert.Equal(HttpStatusCode.OK, (await browser.VisitAsync(path)).Status);
        Assert.Equal(3, site.Served);
        // Not what costs something by itself, nor another plan, which the same cookie is sent to.
        foreach (var path in new[] { "/page", "/gold/1" }) Assert.Equal(HttpStatusCode.PaymentRequired, (await browser.VisitAsync(path)).Status);

        site.Time.Advance(TimeSpan.FromDays(19));
        Assert.Equal(HttpStatusCode.OK, (await browser.VisitAsync("/archive/2")).Status);
        site.Time.Advance(TimeSpan.FromDays(1));
        var over = await browser.VisitAsync("/archive/2");
        Assert.Equal(HttpStatusCode.Found, over.Status);
        Assert.StartsWith("http://127.0.0.1:5080/renew?terms=", over.Location, StringComparison.Ordinal);
        Assert.Equal(terms.Resource, Visit.ReadTerms(over.Location!).Resource);
        Assert.Equal(4, site.Served);
    }

    [Fact]
    public async Task What_was_bought_by_itself_is_no_subscription()
    {
        await using var site = await StartAsync();
        var browser = new Browser(site);
        await browser.PayAsync("/page");
        Assert.Equal(HttpStatusCode.PaymentRequired, (await browser.VisitAsync("/archive/1")).Status);
        var terms = await browser.AskAsync("/archive/1");
        foreach (var resource in new[] { "/archive/1", $"subscription:{OtherOffer}", "reader", "/page" })
            Assert.Equal(HttpStatusCode.PaymentRequired, (await browser.VisitAsync($"/archive/1?farthing={site.EntitlementFor(resource, terms.Nonce).Sign(PaidSite.Operator)}")).Status);
        Assert.Equal(0, site.Served);
    }

    [Fact]
    public async Task A_program_shows_the_subscription_of_its_wallet_at_every_page_of_the_plan_until_it_is_over()
    {
        await using var site = await StartAsync();
        var (challenge, terms) = await AskAsync(site, "", "subscription-required");
        Assert.Equal((Offer, null, $"subscription:{Offer}", false), (terms.Offer.ToString(), terms.Amount, terms.Resource, terms.Once));
        Assert.True(ChargeRequest.TryRead(challenge.Request, out var asked));
        Assert.Equal(("5.00 USD", PaidSite.Payee), (asked.Amount.ToPriceString(), asked.Recipient));
        var entitlement = site.EntitlementFor(terms.Resource, terms.Nonce, TimeSpan.FromHours(1)) with { RefundableUntil = null };
        var authorization = new PaymentCredential(challenge, entitlement.Sign(PaidSite.Operator)).ToHeader();
        foreach (var path in new[] { "/archive/1", "/archive/2", "/extra", "/archive/1" })
        {
            using var served = await CallAsync(site, authorization, path);
            Assert.Equal(HttpStatusCode.OK, served.StatusCode);
            Assert.True(PaymentReceiptHeader.TryParse(served.Headers.GetValues("Payment-Receipt").Single(), out var receipt));
            Assert.Equal(entitlement.Payment.ToString(), receipt.Reference);
        }

        // Long after the challenge, and no longer than it lasts.
        site.Time.Advance(TimeSpan.FromMinutes(59));
        using (var served = await CallAsync(site, authorization, "/extra")) Assert.Equal(HttpStatusCode.OK, served.StatusCode);
        // Neither another plan, nor what costs something by itself.
        await AskAsync(site, authorization, "verification-failed", "/gold/1");
        using (var priced = await CallAsync(site, authorization, "/page")) Assert.Equal(HttpStatusCode.PaymentRequired, priced.StatusCode);
        site.Time.Advance(TimeSpan.FromMinutes(1));
        await AskAsync(site, authorization, "payment-expired");
        Assert.Equal(5, site.Served);
    }

    [Fact]
    public async Task What_is_forged_foreign_or_a_browsers_is_no_programs_subscription()
    {
        await using var site = await StartAsync();
        var (challenge, terms) = await AskAsync(site, "Payment e30", "malformed-credential");
        var good = site.EntitlementFor(terms.Resource, terms.Nonce, TimeSpan.FromHours(1)) with { RefundableUntil = null };
        using var stranger = SigningKey.Create();
        var browser = await new Browser(site).AskAsync("/archive/1");
        foreach (var token in new[]
        {
            "e30.e30",
            good.Sign(stranger),
            (good with { Payee = Id<PayeeKind>.New(site.Time) }).Sign(PaidSite.Operator),
            (good with { Resource = $"subscription:{OtherOffer}" }).Sign(PaidSite.Operator),
            (good with { Resource = "/archive/1" }).Sign(PaidSite.Operator),
            // Found in an address, where a browser's stands for a moment.
            (good with { Nonce = browser.Nonce }).Sign(PaidSite.Operator),
        })
            await AskAsync(site, new PaymentCredential(challenge, token).ToHeader(), "verification-failed");
        await AskAsync(site, new PaymentCredential(challenge with { Intent = PaymentChallenge.Charge }, good.Sign(PaidSite.Operator)).ToHeader(), "invalid-challenge");
        // Nor does a program's open anything to a browser.
        Assert.Equal(HttpStatusCode.PaymentRequired, (await new Browser(site).VisitAsync($"/archive/1?farthing={good.Sign(PaidSite.Operator)}")).Status);
        Assert.Equal(0, site.Served);
    }

    [Fact]
    public async Task Innermost_demand_counts_be_it_a_price_or_a_plan()
    {
        await using var site = await StartAsync((site, app) =>
        {
            var group = app.MapGroup("/all").RequireSubscription("reader");
            group.MapGet("/page", site.Serve).RequirePayment("0.02 USD");
            app.MapGroup("/priced").RequirePayment("0.02 USD").MapGet("/page", site.Serve).RequireSubscription("gold");
        });
        Assert.Equal("0.02", (await new Browser(site).AskAsync("/all/page")).Amount!.Value.ToDecimalString());
        Assert.Equal(OtherOffer, (await new Browser(site).AskAsync("/priced/page")).Offer.ToString());
    }

    [Fact]
    public async Task Unknown_plan_opens_nothing_and_a_wrong_plan_stops_the_start()
    {
        await using (var site = await StartAsync((site, app) => app.MapGet("/", site.Serve).RequireSubscription("silver")))
        {
            Assert.Equal(HttpStatusCode.InternalServerError, (await new Browser(site).VisitAsync("/")).Status);
            Assert.Equal(0, site.Served);
        }

        foreach (var plan in new[] { new SubscriptionPlan { Offer = "off_1", Price = "5 USD" }, new SubscriptionPlan { Offer = Offer, Price = "5" }, new SubscriptionPlan { Offer = Offer, Price = "5 USD", Every = "year" } })
        {
            var wrong = await Assert.ThrowsAsync<OptionsValidationException>(() => PaidSite.StartAsync(configure: options => options.Plans["reader"] = plan));
            Assert.Contains("Plans:reader must", wrong.Message, StringComparison.Ordinal);
        }
    }

    private static Task<HttpResponseMessage> CallAsync(PaidSite site, string authorization, string path) => site.SendAsync(path, null, ("Accept", "application/json"), ("Authorization", authorization));

    /// <summary>Is asked to show a subscription, for a reason.</summary>
    private static async Task<(PaymentChallenge Challenge, Terms Terms)> AskAsync(PaidSite site, string authorization, string problem, string path = "/archive/1")
    {
        using var asked = await CallAsync(site, authorization, path);
        Assert.Equal(HttpStatusCode.PaymentRequired, asked.StatusCode);
        Assert.Contains($"/{problem}\"", await asked.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        var challenge = PaymentChallenge.ReadAll(asked.Headers.WwwAuthenticate.ToString()).Single();
        Assert.Equal(PaymentChallenge.Subscription, challenge.Intent);
        Assert.True(ChargeRequest.TryRead(challenge.Request, out var request));
        return (challenge, Terms.TryParse(request.Terms, out var terms) ? terms : throw new InvalidOperationException());
    }

    private static Task<PaidSite> StartAsync(Action<PaidSite, WebApplication>? map = null) => PaidSite.StartAsync(
        map ?? ((site, app) =>
        {
            app.MapGroup("/archive").RequireSubscription("reader").MapGet("/{number}", site.Serve);
            app.MapGet("/extra", site.Serve).RequireSubscription("reader");
            app.MapGet("/gold/{number}", site.Serve).RequireSubscription("gold");
            app.MapGet("/page", site.Serve).RequirePayment("0.02 USD");
        }),
        options =>
        {
            options.Plans["reader"] = new SubscriptionPlan { Offer = Offer, Price = "5 USD" };
            options.Plans["gold"] = new SubscriptionPlan { Offer = OtherOffer, Price = "9 USD", Every = "week" };
        });
}
