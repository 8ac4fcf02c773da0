using System.Net;
using System.Text.Json.Nodes;
using Farthing.AspNetCore.Tests.Pages;
using Farthing.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Farthing.AspNetCore.Tests;

/// <summary><c>Metered</c>: what is used is counted here, covered by what is held there, and reported behind the reader's back.</summary>
public sealed class MeteredTests
{
    private const string Offer = "off_01JD8Y2M6K3T5V7W9XAZBCDEFG";
    private const string OtherOffer = "off_01JD8Y2M6K3T5V7W9XAZBCDEFH";

    [Fact]
    public async Task One_meter_counts_every_page_of_its_offer_and_nobody_is_asked_while_a_page_is_read()
    {
        await using var site = await StartAsync();
        var browser = new Browser(site);
        var asked = await browser.VisitAsync("/words/1");
        Assert.Equal(HttpStatusCode.PaymentRequired, asked.Status);
        Assert.Contains("0.001 USD", asked.Body, StringComparison.Ordinal);
        Assert.Contains("for 750 words", asked.Body, StringComparison.Ordinal);
        Assert.Contains("0.50 USD", asked.Body, StringComparison.Ordinal);
        Assert.Contains("intent=\"meter\"", asked.Headers["WWW-Authenticate"], StringComparison.Ordinal);
        var terms = asked.PayLinkTerms();
        Assert.Equal((Offer, null, $"meter:{Offer}", "words", true), (terms.Offer.ToString(), terms.Amount, terms.Resource, terms.Title, terms.Once));

        var meter = MeterFor(site, terms, 100);
        await BringAsync(browser, "/words/1", meter);
        foreach (var path in new[] { "/words/1", "/words/2", "/search", "/words/1" }) Assert.Equal(HttpStatusCode.OK, (await browser.VisitAsync(path)).Status);
        Assert.Equal((4, 0, 0L), (site.Served, site.Reports.Calls, site.Reports.UnitsOf(meter.Payment)));
        Assert.True(await site.Meters.ReportDueAsync(TestContext.Current.CancellationToken));
        Assert.Equal((4, 1), (site.Reports.UnitsOf(meter.Payment), site.Reports.Calls));
        // Nothing new, nothing to say.
        Assert.True(await site.Meters.ReportDueAsync(TestContext.Current.CancellationToken));
        Assert.Equal(1, site.Reports.Calls);
        // The entitlement is over by now, and the meter is known to run: nobody is sent anywhere.
        site.Time.Advance(TimeSpan.FromSeconds(200));
        Assert.Equal(HttpStatusCode.OK, (await browser.VisitAsync("/words/3")).Status);
        Assert.Equal(0, site.Renewals.Asked);
        foreach (var path in new[] { "/page", "/other" }) Assert.Equal(HttpStatusCode.PaymentRequired, (await browser.VisitAsync(path)).Status);
    }

    [Fact]
    public async Task At_the_ceiling_all_is_reported_the_meter_is_stopped_and_another_one_is_asked_for()
    {
        await using var site = await StartAsync();
        var browser = new Browser(site);
        var meter = await StartMeterAsync(site, browser, "/words/1", 3);
        for (var number = 0; number < 3; number++) Assert.Equal(HttpStatusCode.OK, (await browser.VisitAsync("/words/1")).Status);
        Assert.Equal(HttpStatusCode.PaymentRequired, (await browser.VisitAsync("/words/1")).Status);
        Assert.Equal((3L, true, 3), (site.Reports.UnitsOf(meter.Payment), site.Reports.IsStopped(meter.Payment), site.Served));
        // Its entitlement opens nothing more, and the next meter does.
        Assert.Equal(HttpStatusCode.SeeOther, (await browser.VisitAsync($"/words/1?farthing={meter.Sign(PaidSite.Operator)}")).Status);
        Assert.Equal(HttpStatusCode.PaymentRequired, (await browser.VisitAsync("/words/1")).Status);
        await StartMeterAsync(site, browser, "/words/1", 3);
        Assert.Equal(HttpStatusCode.OK, (await browser.VisitAsync("/words/1")).Status);
    }

    [Fact]
    public async Task However_many_come_at_once_no_more_is_served_than_the_ceiling_covers()
    {
        await using var site = await StartAsync();
        var browser = new Browser(site);
        var meter = await StartMeterAsync(site, browser, "/words/1", 40);
        var cookies = string.Join("; ", browser.Cookies.Select(cookie => $"{cookie.Key}={cookie.Value.Value}"));
        var answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(async _ =>
        {
            using var response = await site.SendAsync("/words/1", null, ("Accept", Browser.Html), ("Cookie", cookies));
            return response.StatusCode;
        }));
        Assert.Equal((40, 24), (answers.Count(status => status == HttpStatusCode.OK), answers.Count(status => status == HttpStatusCode.PaymentRequired)));
        Assert.Equal((40L, true), (site.Reports.UnitsOf(meter.Payment), site.Reports.IsStopped(meter.Payment)));
    }

    [Fact]
    public async Task A_handler_adds_units_and_each_that_cannot_be_counted_is_refused_by_name()
    {
        var outcomes = new List<MeterOutcome>();
        RequestMeter? kept = null;
        await using var site = await StartAsync((site, app) => app.MapGet("/write", (HttpContext context) =>
        {
            kept = context.GetMeter()!;
            Assert.Equal((0L, 10L, 750L, "0.001"), (kept.Units, kept.Left, kept.Count, kept.Price.ToDecimalString()));
            foreach (var units in new[] { 0, -1, long.MinValue, 4, long.MaxValue }) outcomes.Add(kept.TryAdd(units));
            Assert.Equal((4L, 6L), (kept.Units, kept.Left));
            return site.Serve(context);
        }).Metered("words", unitsPerRequest: 0));
        var browser = new Browser(site);
        var meter = await StartMeterAsync(site, browser, "/write", 10);
        Assert.Equal(HttpStatusCode.OK, (await browser.VisitAsync("/write")).Status);
        Assert.Equal([MeterOutcome.UnitsMustBePositive, MeterOutcome.UnitsMustBePositive, MeterOutcome.UnitsMustBePositive, MeterOutcome.Counted, MeterOutcome.CeilingReached], outcomes);
        Assert.Equal(MeterOutcome.RequestEnded, kept!.TryAdd(1));
        // It wanted more than is held: the next one is asked for a new meter, and this one is paid as far as it went.
        Assert.Equal(HttpStatusCode.PaymentRequired, (await browser.VisitAsync("/write")).Status);
        Assert.Equal((4L, true), (site.Reports.UnitsOf(meter.Payment), site.Reports.IsStopped(meter.Payment)));
    }

    [Fact]
    public async Task What_the_site_fails_to_serve_is_not_counted()
    {
        await using var site = await StartAsync((site, app) =>
        {
            app.MapGet("/fails", (HttpContext _) => throw new InvalidOperationException("on purpose")).Metered("words");
            app.MapGet("/broken", () => Results.Text("sorry", statusCode: 503)).Metered("words");
            app.MapGet("/missing", () => Results.NotFound()).Metered("words");
            app.MapGet("/fine", site.Serve).Metered("words");
        });
        var browser = new Browser(site);
        var meter = await StartMeterAsync(site, browser, "/fine", 5);
        foreach (var (path, status) in new[] { ("/fails", 500), ("/broken", 503), ("/missing", 404), ("/fine", 200) }) Assert.Equal(status, (int)(await browser.VisitAsync(path)).Status);
        await site.Meters.ReportDueAsync(TestContext.Current.CancellationToken);
        Assert.Equal(2, site.Reports.UnitsOf(meter.Payment));
    }

    [Fact]
    public async Task That_the_payer_stopped_is_learnt_from_the_next_report()
    {
        await using var site = await StartAsync();
        var browser = new Browser(site);
        var meter = await StartMeterAsync(site, browser, "/words/1", 100);
        await browser.VisitAsync("/words/1");
        site.Reports.Stopped.Add(new(meter.Payment.Value));
        // Nothing was heard yet: what is served until then is the site's loss, never the payer's.
        Assert.Equal(HttpStatusCode.OK, (await browser.VisitAsync("/words/1")).Status);
        await site.Meters.ReportDueAsync(TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.PaymentRequired, (await browser.VisitAsync("/words/1")).Status);
        Assert.Equal(0, site.Reports.UnitsOf(meter.Payment));
    }

    [Fact]
    public async Task While_the_server_is_away_a_meter_goes_on_for_as_long_as_it_may_be_silent_and_then_nothing_is_served()
    {
        await using var site = await StartAsync();
        site.Reports.Silence = TimeSpan.FromSeconds(120);
        var browser = new Browser(site);
        var meter = await StartMeterAsync(site, browser, "/words/1", 100);
        await browser.VisitAsync("/words/1");
        await site.Meters.ReportDueAsync(TestContext.Current.CancellationToken);
        site.Reports.IsAway = true;
        site.Time.Advance(TimeSpan.FromSeconds(119));
        Assert.Equal(HttpStatusCode.OK, (await browser.VisitAsync("/words/1")).Status);
        Assert.False(await site.Meters.ReportDueAsync(TestContext.Current.CancellationToken));
        site.Time.Advance(TimeSpan.FromSeconds(1));
        var refused = await browser.VisitAsync("/words/1");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "5"), (refused.Status, refused.Headers["Retry-After"]));
        Assert.Contains("server-away", refused.Body, StringComparison.Ordinal);
        Assert.Equal((2, 1L), (site.Served, site.Reports.UnitsOf(meter.Payment)));
        // It is back, and says that the meter runs.
        site.Reports.IsAway = false;
        Assert.Equal(HttpStatusCode.OK, (await browser.VisitAsync("/words/1")).Status);
        await site.Meters.ReportDueAsync(TestContext.Current.CancellationToken);
        Assert.Equal(3, site.Reports.UnitsOf(meter.Payment));
    }

    [Fact]
    public async Task Before_anything_was_reported_the_entitlement_is_the_bound()
    {
        await using var site = await StartAsync();
        site.Reports.IsAway = true;
        var browser = new Browser(site);
        await StartMeterAsync(site, browser, "/words/1", 100);
        site.Time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(HttpStatusCode.OK, (await browser.VisitAsync("/words/1")).Status);
        site.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await browser.VisitAsync("/words/1")).Status);
    }

    [Fact]
    public async Task Another_process_of_the_site_goes_on_with_the_meter_and_the_counts_add_up()
    {
        await using var first = await StartAsync();
        var browser = new Browser(first);
        var meter = await StartMeterAsync(first, browser, "/words/1", 5);
        await browser.VisitAsync("/words/1");
        await browser.VisitAsync("/words/1");
        await first.StopAsync();
        // The last report of a process that is stopped in peace.
        Assert.Equal(2, first.Reports.UnitsOf(meter.Payment));

        await using var second = await StartAsync(later: TimeSpan.FromMinutes(2));
        // What the first one reported, as the server knows it.
        await second.Reports.ReportAsync(new(meter.Payment.Value), "first", 2, TestContext.Current.CancellationToken);
        var calls = second.Reports.Calls;
        var later = new Browser(second);
        foreach (var (name, cookie) in browser.Cookies) later.Plant(name, cookie.Value);
        for (var number = 0; number < 3; number++) Assert.Equal(HttpStatusCode.OK, (await later.VisitAsync("/words/1")).Status);
        Assert.Equal(calls + 1, second.Reports.Calls);
        Assert.Equal(HttpStatusCode.PaymentRequired, (await later.VisitAsync("/words/1")).Status);
        Assert.Equal(5, second.Reports.UnitsOf(meter.Payment));
    }

    [Fact]
    public async Task Idle_meters_are_forgotten_and_counted_anew_without_a_fall()
    {
        await using var site = await StartAsync();
        var browser = new Browser(site);
        var meter = await StartMeterAsync(site, browser, "/words/1", 100);
        await browser.VisitAsync("/words/1");
        await site.Meters.ReportDueAsync(TestContext.Current.CancellationToken);
        site.Time.Advance(TimeSpan.FromMinutes(10));
        await site.Meters.ReportDueAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, site.Meters.Known);
        // The server says that it runs all the same: somebody else reported.
        Assert.Equal(HttpStatusCode.OK, (await browser.VisitAsync("/words/1")).Status);
        await site.Meters.ReportDueAsync(TestContext.Current.CancellationToken);
        Assert.Equal((2L, 1), (site.Reports.UnitsOf(meter.Payment), site.Meters.Known));
    }

    [Fact]
    public async Task What_is_forged_foreign_or_anothers_opens_nothing()
    {
        await using var site = await StartAsync();
        var browser = new Browser(site);
        var terms = await browser.AskAsync("/words/1");
        var good = MeterFor(site, terms, 10);
        using var stranger = SigningKey.Create();
        foreach (var token in new[]
        {
            good.Sign(stranger),
            (good with { Payee = Id<PayeeKind>.New(site.Time) }).Sign(PaidSite.Operator),
            (good with { Resource = $"meter:{OtherOffer}" }).Sign(PaidSite.Operator),
            (good with { Resource = "/words/1" }).Sign(PaidSite.Operator),
            (good with { Nonce = "the-nonce-of-another-browser" }).Sign(PaidSite.Operator),
            // Paid, but no meter.
            (good with { Meter = null }).Sign(PaidSite.Operator),
            (good with { Issued = good.Issued.AddSeconds(-120), Expires = good.Issued.AddSeconds(-60) }).Sign(PaidSite.Operator),
            "unpaid",
        })
        {
            Assert.Equal(HttpStatusCode.PaymentRequired, (await browser.VisitAsync($"/words/1?farthing={token}")).Status);
            if (token == "unpaid") continue;
            using var program = await site.SendAsync("/words/1", null, ("Accept", "application/json"), ("Authorization", "Payment e30"));
            Assert.Equal(HttpStatusCode.PaymentRequired, program.StatusCode);
        }

        // A thief has the entitlement, and not the browser's own cookie.
        await BringAsync(browser, "/words/1", good);
        var thief = new Browser(site);
        await thief.AskAsync("/words/1");
        foreach (var (name, cookie) in browser.Cookies.Where(cookie => cookie.Key != "farthing_browser")) thief.Plant(name, cookie.Value);
        Assert.Equal(HttpStatusCode.PaymentRequired, (await thief.VisitAsync("/words/1")).Status);
        // Nor has who found it in an address, and shows it as a program would.
        await AssertAskedAsync(site, new PaymentCredential((await ChallengeAsync(site)).Challenge, good.Sign(PaidSite.Operator)).ToHeader(), "verification-failed");
        // Nor does a meter open what has a price, whatever it says.
        var page = await browser.AskAsync("/page");
        Assert.Equal(HttpStatusCode.PaymentRequired, (await browser.VisitAsync($"/page?farthing={(good with { Resource = page.Resource, Nonce = page.Nonce }).Sign(PaidSite.Operator)}")).Status);
        Assert.Equal(0, site.Served);
    }

    [Fact]
    public async Task A_programs_credential_opens_as_many_calls_as_are_covered()
    {
        await using var site = await StartAsync();
        var (challenge, terms) = await ChallengeAsync(site);
        Assert.True(MeterRequest.TryRead(challenge.Request, out var asked));
        Assert.Equal(("0.001 USD", 750L, "0.50 USD", PaidSite.Payee), (asked.Price.ToPriceString(), asked.Count, asked.Ceiling.ToPriceString(), asked.Payee));
        var meter = MeterFor(site, terms, 3);
        var authorization = new PaymentCredential(challenge, meter.Sign(PaidSite.Operator)).ToHeader();
        for (var call = 0; call < 3; call++)
        {
            using var served = await CallAsync(site, authorization);
            Assert.Equal(HttpStatusCode.OK, served.StatusCode);
            Assert.True(PaymentReceiptHeader.TryParse(served.Headers.GetValues("Payment-Receipt").Single(), out var receipt));
            Assert.Equal(meter.Payment.ToString(), receipt.Reference);
        }

        Assert.Equal(0, site.Reports.Calls);
        await AssertAskedAsync(site, authorization, "meter-over");
        Assert.Equal((3L, true, 3), (site.Reports.UnitsOf(meter.Payment), site.Reports.IsStopped(meter.Payment), site.Served));
        await AssertAskedAsync(site, "Payment e30", "malformed-credential");
        await AssertAskedAsync(site, new PaymentCredential(challenge, "e30.e30").ToHeader(), "verification-failed");
        await AssertAskedAsync(site, new PaymentCredential(challenge, (meter with { Resource = $"meter:{OtherOffer}" }).Sign(PaidSite.Operator)).ToHeader(), "verification-failed");
        await AssertAskedAsync(site, new PaymentCredential(challenge, (meter with { Payee = Id<PayeeKind>.New(site.Time) }).Sign(PaidSite.Operator)).ToHeader(), "verification-failed");
        await AssertAskedAsync(site, new PaymentCredential(challenge with { Intent = PaymentChallenge.Charge }, meter.Sign(PaidSite.Operator)).ToHeader(), "invalid-challenge");
        Assert.Equal(3, site.Served);
    }

    [Theory]
    [InlineData(401, "unauthorized", "Unknown")]
    [InlineData(403, "forbidden", "Unknown")]
    [InlineData(421, "misdirected", "Unknown")]
    [InlineData(409, "meter_stopped", "Stopped")]
    [InlineData(404, "meter_not_found", "Stopped")]
    public async Task A_wrong_key_or_address_does_not_end_a_meter(int status, string code, string state)
    {
        var builder = WebApplication.CreateSlimBuilder(["--urls", "http://127.0.0.1:0"]);
        builder.Logging.ClearProviders();
        await using var server = builder.Build();
        server.Run(async context =>
        {
            context.Response.StatusCode = status;
            await context.Response.WriteAsync($$"""{"code":"{{code}}"}""");
        });
        await server.StartAsync(TestContext.Current.CancellationToken);
        using var reports = new ServerMeterReports(Options.Create(new FarthingOptions { Server = server.Urls.Single(), PayeeKey = "fk_pye_1" }));
        var answer = await reports.ReportAsync(Id<MeterKind>.New(TimeProvider.System), "one", 7, TestContext.Current.CancellationToken);
        Assert.Equal((state, code), (answer.State.ToString(), answer.Refusal));
    }

    [Fact]
    public async Task Groups_and_files_are_metered_and_the_innermost_demand_counts()
    {
        await using var site = await StartAsync((site, app) =>
        {
            var group = app.MapGroup("/all").Metered("words");
            group.MapGet("/one", site.Serve);
            group.MapGet("/priced", site.Serve).RequirePayment("0.02 USD");
            app.MapGroup("/priced").RequirePayment("0.02 USD").MapGet("/one", site.Serve).Metered("words");
            app.MapFiles("/files", new PhysicalFileProvider(AppContext.BaseDirectory)).Metered("words");
        });
        var browser = new Browser(site);
        Assert.Equal("0.02", (await browser.AskAsync("/all/priced")).Amount!.Value.ToDecimalString());
        await StartMeterAsync(site, browser, "/all/one", 10);
        foreach (var path in new[] { "/all/one", "/priced/one", "/files/Farthing.AspNetCore.Tests.runtimeconfig.json" }) Assert.Equal(HttpStatusCode.OK, (await browser.VisitAsync(path)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await browser.VisitAsync("/files/nothing")).Status);
    }

    [Fact]
    public async Task Razor_pages_are_metered_and_add_what_only_they_know()
    {
        var runs = new PageRuns();
        await using var site = await StartAsync((_, app) => app.MapRazorPages().Metered("words"), services: services => services.AddSingleton(runs).AddRazorPages());
        var browser = new Browser(site);
        var asked = await browser.VisitAsync("/read/3");
        Assert.Equal((HttpStatusCode.PaymentRequired, 0), (asked.Status, runs.Count));
        Assert.Contains("for 750 words", asked.Body, StringComparison.Ordinal);
        Assert.DoesNotContain(PaidSite.PaidText, asked.Body, StringComparison.Ordinal);

        var meter = await StartMeterAsync(site, browser, "/read/3", 10);
        var read = await browser.VisitAsync("/read/3");
        Assert.Equal(HttpStatusCode.OK, read.Status);
        // One for the request, and three that the page added.
        Assert.Contains($"{PaidSite.PaidText}, 6 left", read.Body, StringComparison.Ordinal);
        // A page that fails is not counted, nor what it would have added.
        Assert.Equal(HttpStatusCode.InternalServerError, (await browser.VisitAsync("/read/-1")).Status);
        // What is no page of the site costs nobody anything.
        Assert.Equal(HttpStatusCode.NotFound, (await browser.VisitAsync("/read/many")).Status);
        await site.Meters.ReportDueAsync(TestContext.Current.CancellationToken);
        Assert.Equal(4, site.Reports.UnitsOf(meter.Payment));

        // More than is held: the page hands nothing out, the request is counted, and the next one is asked for another meter.
        Assert.Equal(HttpStatusCode.Conflict, (await browser.VisitAsync("/read/7")).Status);
        Assert.Equal(HttpStatusCode.PaymentRequired, (await browser.VisitAsync("/read/1")).Status);
        Assert.Equal((5L, true, 3), (site.Reports.UnitsOf(meter.Payment), site.Reports.IsStopped(meter.Payment), runs.Count));
    }

    [Fact]
    public async Task Wrong_options_stop_the_start_and_an_unknown_name_opens_nothing()
    {
        await using (var site = await StartAsync((site, app) => app.MapGet("/", site.Serve).Metered("songs")))
        {
            Assert.Equal(HttpStatusCode.InternalServerError, (await new Browser(site).VisitAsync("/")).Status);
            Assert.Equal(0, site.Served);
        }

        foreach (var offer in new[] { Words() with { Offer = "off_1" }, Words() with { Price = "0 USD" }, Words() with { Ceiling = "0.0005 USD" }, Words() with { Ceiling = "1 EUR" }, Words() with { Count = 0 }, Words() with { Unit = " " } })
            Assert.Contains("Meters:words must", (await FaultAsync(options => options.Meters["words"] = offer.ToOffer())).Message, StringComparison.Ordinal);
        foreach (var key in new[] { null, "", "fk_wal_1" }) Assert.Contains("PayeeKey must be", (await FaultAsync(options => options.PayeeKey = key)).Message, StringComparison.Ordinal);
        foreach (var every in new[] { 0, 99, 10_001 }) Assert.Contains("ReportEvery must be", (await FaultAsync(options => options.ReportEvery = TimeSpan.FromMilliseconds(every))).Message, StringComparison.Ordinal);
        foreach (var units in new[] { -1, 1_000_001 }) Assert.Throws<ArgumentOutOfRangeException>(() => WebApplication.CreateSlimBuilder().Build().MapGet("/", () => "").Metered("words", units));

        static Task<OptionsValidationException> FaultAsync(Action<FarthingOptions> change) => Assert.ThrowsAsync<OptionsValidationException>(() => StartAsync(configure: change));
    }

    private static Task<PaidSite> StartAsync(Action<PaidSite, WebApplication>? map = null, Action<FarthingOptions>? configure = null, Action<IServiceCollection>? services = null, TimeSpan later = default) => PaidSite.StartAsync(
        map ?? ((site, app) =>
        {
            app.MapGroup("/words").Metered("words").MapGet("/{number}", site.Serve);
            app.MapGet("/search", site.Serve).Metered("words");
            app.MapGet("/other", site.Serve).Metered("other");
            app.MapGet("/page", site.Serve).RequirePayment("0.02 USD");
        }),
        options =>
        {
            options.PayeeKey = "fk_pye_1";
            options.Meters["words"] = Words().ToOffer();
            options.Meters["other"] = (Words() with { Offer = OtherOffer }).ToOffer();
            configure?.Invoke(options);
        },
        services,
        later);

    private static WordsOffer Words() => new();

    private static Entitlement MeterFor(PaidSite site, Terms terms, long units) =>
        site.EntitlementFor(terms.Resource, terms.Nonce) with { RefundableUntil = null, Meter = new MeterCover(Amount.Parse("0.001 USD"), 750, units) };

    private static async Task BringAsync(Browser browser, string path, Entitlement meter) =>
        Assert.Equal(HttpStatusCode.SeeOther, (await browser.VisitAsync($"{path}?farthing={meter.Sign(PaidSite.Operator)}")).Status);

    private static async Task<Entitlement> StartMeterAsync(PaidSite site, Browser browser, string path, long units)
    {
        var meter = MeterFor(site, await browser.AskAsync(path), units);
        await BringAsync(browser, path, meter);
        return meter;
    }

    private static Task<HttpResponseMessage> CallAsync(PaidSite site, string authorization) => site.SendAsync("/words/1", null, ("Accept", "application/json"), ("Authorization", authorization));

    private static async Task<(PaymentChallenge Challenge, Terms Terms)> ChallengeAsync(PaidSite site)
    {
        using var asked = await CallAsync(site, "");
        Assert.Equal(HttpStatusCode.PaymentRequired, asked.StatusCode);
        var challenge = PaymentChallenge.ReadAll(asked.Headers.WwwAuthenticate.ToString()).Single();
        Assert.Equal(PaymentChallenge.Meter, challenge.Intent);
        Assert.True(MeterRequest.TryRead(challenge.Request, out var request));
        return (challenge, Terms.TryParse(request.Terms, out var terms) ? terms : throw new InvalidOperationException());
    }

    private static async Task AssertAskedAsync(PaidSite site, string authorization, string problem)
    {
        using var asked = await CallAsync(site, authorization);
        Assert.Equal(HttpStatusCode.PaymentRequired, asked.StatusCode);
        var body = JsonNode.Parse(await asked.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
        Assert.EndsWith($"/{problem}", body["type"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(750, body["count"]!.GetValue<int>());
        Assert.True(asked.Headers.WwwAuthenticate.Count > 0);
    }

    private sealed record WordsOffer(string Offer = MeteredTests.Offer, string Price = "0.001 USD", long Count = 750, string Ceiling = "0.50 USD", string Unit = "word")
    {
        public MeteredOffer ToOffer() => new() { Offer = Offer, Price = Price, Count = Count, Ceiling = Ceiling, Unit = Unit };
    }
}
