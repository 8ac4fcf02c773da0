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
        Assert.False(unpaid.Headers.ContainsKey("WWW-Authenticate"));
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
    public async Task A_program_is_told_that_it_cannot_bring_a_subscription()
    {
        await using var site = await StartAsync();
        foreach (var authorization in new[] { "", "Payment e30" })
        {
            using var response = await site.SendAsync("/archive/1", null, ("Accept", "application/json"), ("Authorization", authorization));
            Assert.Equal(HttpStatusCode.PaymentRequired, response.StatusCode);
            Assert.False(response.Headers.Contains("WWW-Authenticate"));
            Assert.Contains("subscription-required", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }

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
