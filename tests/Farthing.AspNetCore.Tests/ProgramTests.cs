using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Farthing.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Farthing.AspNetCore.Tests;

public class ProgramTests
{
    private const string Path = "/articles/rain";

    [Fact]
    public async Task Program_is_asked_with_a_problem_and_a_challenge()
    {
        await using var site = await PaidSite.StartAsync();
        using var response = await site.SendAsync(Path);
        Assert.Equal(HttpStatusCode.PaymentRequired, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        Assert.False(response.Headers.Contains("Set-Cookie"));
        using var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal("https://paymentauth.org/problems/payment-required", problem.RootElement.GetProperty("type").GetString());
        Assert.Equal(402, problem.RootElement.GetProperty("status").GetInt32());
        Assert.Equal("0.02", problem.RootElement.GetProperty("price").GetProperty("amount").GetString());

        var challenge = ReadChallenge(response);
        Assert.Equal(("farthing", "charge"), (challenge.Method, challenge.Intent));
        var (charge, terms) = ReadTerms(challenge);
        Assert.Equal(new Uri("http://127.0.0.1:5080"), charge.Server);
        Assert.Equal(PaidSite.Payee, charge.Recipient);
        Assert.Equal(Amount.Parse("0.02 USD"), charge.Amount);
        Assert.Equal(charge.Amount, terms.Amount);
        Assert.Equal(Path, terms.Resource);
        Assert.False(terms.Once);
        Assert.Null(terms.ReturnUrl);
        Assert.True(Terms.VerifySignature(charge.Terms, PaidSite.PayeeKey.Verifier));
    }

    [Fact]
    public async Task Paid_call_is_served_once()
    {
        await using var site = await PaidSite.StartAsync();
        var (challenge, entitlement) = await PayAsync(site);
        var header = new PaymentCredential(challenge, entitlement.Sign(PaidSite.Operator)).ToHeader();

        using var paid = await site.SendAsync(Path, null, ("Authorization", header));
        Assert.Equal(HttpStatusCode.OK, paid.StatusCode);
        Assert.Equal($"{PaidSite.PaidText} {entitlement.Payment}", await paid.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal("private", paid.Headers.CacheControl!.ToString());
        Assert.True(PaymentReceiptHeader.TryParse(paid.Headers.GetValues(PaymentReceiptHeader.Name).Single(), out var receipt));
        Assert.Equal(("farthing", entitlement.Payment.ToString()), (receipt.Method, receipt.Reference));

        using var again = await site.SendAsync(Path, null, ("Authorization", header));
        await AssertProblemAsync(again, "credential-already-used");
        Assert.Equal(1, site.Served);
    }

    [Fact]
    public async Task One_credential_sent_many_times_at_once_opens_one_call()
    {
        await using var site = await PaidSite.StartAsync();
        var (challenge, entitlement) = await PayAsync(site);
        var header = new PaymentCredential(challenge, entitlement.Sign(PaidSite.Operator)).ToHeader();
        var responses = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => site.SendAsync(Path, null, ("Authorization", header))));
        Assert.Equal(1, responses.Count(response => response.StatusCode == HttpStatusCode.OK));
        Assert.Equal(15, responses.Count(response => response.StatusCode == HttpStatusCode.PaymentRequired));
        Assert.Equal(1, site.Served);
        foreach (var response in responses) response.Dispose();
    }

    public static TheoryData<string, string> FalseCredentials => new()
    {
        { "other site's challenge", "invalid-challenge" },
        { "longer life", "invalid-challenge" },
        { "lower price", "invalid-challenge" },
        { "other page's challenge", "invalid-challenge" },
        { "old challenge", "payment-expired" },
        { "foreign entitlement", "verification-failed" },
        { "other payee", "verification-failed" },
        { "other resource", "verification-failed" },
        { "entitlement of another challenge", "verification-failed" },
        { "old entitlement", "payment-expired" },
        { "no entitlement", "verification-failed" },
        { "two credentials", "malformed-credential" },
        { "not a credential", "malformed-credential" },
    };

    [Theory]
    [MemberData(nameof(FalseCredentials))]
    public async Task False_credential_opens_nothing_and_says_why(string fault, string code)
    {
        await using var site = await PaidSite.StartAsync();
        await using var otherSite = await PaidSite.StartAsync();
        using var stranger = SigningKey.Create();
        var (challenge, entitlement) = await PayAsync(site);
        var (other, otherEntitlement) = await PayAsync(site, "/articles/snow");
        var (foreign, foreignEntitlement) = await PayAsync(otherSite);
        var (_, second) = await PayAsync(site);

        (PaymentChallenge Challenge, string Token) sent = fault switch
        {
            "other site's challenge" => (foreign, foreignEntitlement.Sign(PaidSite.Operator)),
            "longer life" => (challenge with { Expires = "2099-01-01T00:00:00.000Z" }, entitlement.Sign(PaidSite.Operator)),
            "lower price" => (Cheaper(challenge), entitlement.Sign(PaidSite.Operator)),
            "other page's challenge" => (other, otherEntitlement.Sign(PaidSite.Operator)),
            "foreign entitlement" => (challenge, entitlement.Sign(stranger)),
            "other payee" => (challenge, (entitlement with { Payee = Id<PayeeKind>.New(TimeProvider.System) }).Sign(PaidSite.Operator)),
            "other resource" => (challenge, (entitlement with { Resource = "/articles/snow" }).Sign(PaidSite.Operator)),
            "entitlement of another challenge" => (challenge, second.Sign(PaidSite.Operator)),
            "old entitlement" => (challenge, (entitlement with { Issued = entitlement.Issued.AddMinutes(-5), Expires = site.Time.GetUtcNow() }).Sign(PaidSite.Operator)),
            "no entitlement" => (challenge, ""),
            _ => (challenge, entitlement.Sign(PaidSite.Operator)),
        };
        var header = new PaymentCredential(sent.Challenge, sent.Token).ToHeader();
        if (fault == "old challenge") site.Time.Advance(TimeSpan.FromMinutes(10));
        (string, string)[] headers = fault switch
        {
            "two credentials" => [("Authorization", header), ("Authorization", header)],
            "not a credential" => [("Authorization", "Payment e30")],
            _ => [("Authorization", header)],
        };

        using var response = await site.SendAsync(Path, null, headers);
        await AssertProblemAsync(response, code);
        Assert.Equal(0, site.Served);
    }

    [Fact]
    public async Task Challenge_is_not_used_up_when_the_site_fails()
    {
        var failures = 2;
        await using var site = await PaidSite.StartAsync((site, app) => app.MapGet("/articles/{slug}", (HttpContext context) => Interlocked.Decrement(ref failures) switch
        {
            1 => throw new InvalidOperationException("a defect of the handler"),
            0 => Results.StatusCode(StatusCodes.Status503ServiceUnavailable),
            _ => site.Serve(context),
        }).RequirePayment("0.02 USD"));
        var (challenge, entitlement) = await PayAsync(site);
        var header = new PaymentCredential(challenge, entitlement.Sign(PaidSite.Operator)).ToHeader();

        var seen = new List<(int Status, bool Receipt)>();
        for (var i = 0; i < 4; i++)
        {
            using var response = await site.SendAsync(Path, null, ("Authorization", header));
            seen.Add(((int)response.StatusCode, response.Headers.Contains(PaymentReceiptHeader.Name)));
        }

        Assert.Equal([(500, false), (503, false), (200, true), (402, false)], seen);
    }

    [Fact]
    public async Task Call_that_was_answered_with_a_refusal_is_used_up()
    {
        await using var site = await PaidSite.StartAsync((_, app) => app.MapGet("/articles/{slug}", () => Results.NotFound()).RequirePayment("0.02 USD"));
        var (challenge, entitlement) = await PayAsync(site);
        var header = new PaymentCredential(challenge, entitlement.Sign(PaidSite.Operator)).ToHeader();
        using var first = await site.SendAsync(Path, null, ("Authorization", header));
        using var second = await site.SendAsync(Path, null, ("Authorization", header));
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.PaymentRequired), (first.StatusCode, second.StatusCode));
    }

    [Fact]
    public async Task Challenge_of_an_older_price_is_not_accepted()
    {
        var secret = Enumerable.Repeat((byte)5, 32).ToArray();
        await using var before = await PaidSite.StartAsync((site, app) => app.MapGet(Path, site.Serve).RequirePayment("0.01 USD"), options => options.ChallengeSecret = secret);
        await using var after = await PaidSite.StartAsync((site, app) => app.MapGet(Path, site.Serve).RequirePayment("0.02 USD"), options => options.ChallengeSecret = secret);
        var (challenge, entitlement) = await PayAsync(before);
        using var response = await after.SendAsync(Path, null, ("Authorization", new PaymentCredential(challenge, entitlement.Sign(PaidSite.Operator)).ToHeader()));
        await AssertProblemAsync(response, "invalid-challenge");
        Assert.Equal(0, after.Served);
    }

    [Fact]
    public async Task Price_of_a_group_and_of_its_endpoint_take_one_payment_of_a_program()
    {
        await using var site = await PaidSite.StartAsync((site, app) => app.MapGroup("/articles").RequirePayment("0.05 USD").MapGet("/{slug}", site.Serve).RequirePayment("0.02 USD"));
        var (challenge, entitlement) = await PayAsync(site);
        using var response = await site.SendAsync(Path, null, ("Authorization", new PaymentCredential(challenge, entitlement.Sign(PaidSite.Operator)).ToHeader()));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(1, site.Served);
    }

    [Fact]
    public async Task Program_can_buy_once_where_the_endpoint_says_so()
    {
        await using var site = await PaidSite.StartAsync((site, app) => app.MapGet("/data", site.Serve).RequirePayment("0.02 USD", PaymentUse.Once));
        using var response = await site.SendAsync("/data");
        Assert.True(ReadTerms(ReadChallenge(response)).Terms.Once);
    }

    [Fact]
    public async Task Call_with_a_price_of_its_own_is_never_sold_to_a_browser()
    {
        await using var site = await PaidSite.StartAsync((site, app) => app.MapGet("/forecast", site.Serve).RequirePayment("0.002 USD", PaymentUse.PerCall));
        var nonce = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(new string('s', 43))));
        var token = site.EntitlementFor("/forecast", nonce).Sign(PaidSite.Operator);
        foreach (var path in new[] { "/forecast", $"/forecast?farthing={token}", "/forecast" })
        {
            using var response = await site.SendAsync(path, null, ("Accept", Browser.Html), ("Cookie", $"farthing_browser={new string('s', 43)}"));
            await AssertProblemAsync(response, "payment-required");
            Assert.False(response.Headers.Contains("Set-Cookie"));
            Assert.False(ReadTerms(ReadChallenge(response)).Terms.Once);
        }

        for (var call = 1; call <= 2; call++)
        {
            var (challenge, entitlement) = await PayAsync(site, "/forecast");
            var header = new PaymentCredential(challenge, entitlement.Sign(PaidSite.Operator)).ToHeader();
            using var paid = await site.SendAsync("/forecast", null, ("Authorization", header), ("Accept", Browser.Html));
            Assert.Equal(HttpStatusCode.OK, paid.StatusCode);
            using var again = await site.SendAsync("/forecast", null, ("Authorization", header), ("Accept", Browser.Html));
            await AssertProblemAsync(again, "credential-already-used");
            Assert.Equal(call, site.Served);
        }
    }

    [Fact]
    public async Task Post_with_a_body_is_paid_like_any_call()
    {
        await using var site = await PaidSite.StartAsync((site, app) => app.MapPost("/render", site.Serve).RequirePayment("0.02 USD"));
        using var asked = await site.SendAsync("/render", HttpMethod.Post);
        var challenge = ReadChallenge(asked);
        var (_, terms) = ReadTerms(challenge);
        Assert.Equal("POST /render", terms.Resource);
        var header = new PaymentCredential(challenge, site.EntitlementFor(terms.Resource, terms.Nonce).Sign(PaidSite.Operator)).ToHeader();
        using var paid = await site.SendAsync("/render", HttpMethod.Post, ("Authorization", header));
        Assert.Equal(HttpStatusCode.OK, paid.StatusCode);
        Assert.Equal(1, site.Served);
    }

    [Fact]
    public void Used_challenges_are_bounded_and_forgotten_only_when_over()
    {
        var start = DateTimeOffset.FromUnixTimeSeconds(1_795_392_000);
        var used = new UsedChallenges(2);
        Assert.Equal(UsedChallenges.Claim.Taken, used.Take("a", start.AddSeconds(10), start));
        Assert.Equal(UsedChallenges.Claim.UsedBefore, used.Take("a", start.AddSeconds(10), start));
        Assert.Equal(UsedChallenges.Claim.Taken, used.Take("b", start.AddSeconds(20), start));
        Assert.Equal(UsedChallenges.Claim.Full, used.Take("c", start.AddSeconds(20), start));
        Assert.Equal(UsedChallenges.Claim.UsedBefore, used.Take("a", start.AddSeconds(10), start.AddSeconds(9)));
        Assert.Equal(UsedChallenges.Claim.Taken, used.Take("c", start.AddSeconds(20), start.AddSeconds(10)));
        Assert.Equal(UsedChallenges.Claim.UsedBefore, used.Take("b", start.AddSeconds(20), start.AddSeconds(19)));

        Assert.Equal(UsedChallenges.Claim.Full, used.Take("d", start.AddSeconds(30), start.AddSeconds(19)));
        Assert.Equal(UsedChallenges.Claim.Taken, used.Take("d", start.AddSeconds(30), start.AddSeconds(20)));
    }

    [Fact]
    public void Challenge_that_is_given_back_takes_one_place_and_comes_back_three_times()
    {
        var start = DateTimeOffset.FromUnixTimeSeconds(1_795_392_000);
        var used = new UsedChallenges(2);
        for (var i = 0; i <= UsedChallenges.MaxGiveBacks; i++)
        {
            Assert.Equal(UsedChallenges.Claim.Taken, used.Take("a", start.AddSeconds(10), start));
            used.GiveBack("a");
        }

        Assert.Equal(UsedChallenges.Claim.UsedBefore, used.Take("a", start.AddSeconds(10), start));
        Assert.Equal(UsedChallenges.Claim.Taken, used.Take("b", start.AddSeconds(10), start));
        Assert.Equal(UsedChallenges.Claim.Full, used.Take("c", start.AddSeconds(10), start));
    }

    [Fact]
    public async Task Terms_and_challenge_end_together_however_the_clock_moves()
    {
        await using var site = await PaidSite.StartAsync();
        site.Time.Advance(TimeSpan.FromMilliseconds(300));
        site.Time.AutoAdvanceAmount = TimeSpan.FromMilliseconds(700);
        for (var i = 0; i < 5; i++)
        {
            using var response = await site.SendAsync(Path);
            var challenge = ReadChallenge(response);
            Assert.Equal(ReadTerms(challenge).Terms.Expires, challenge.Ends);
        }
    }

    [Fact]
    public async Task Challenge_opens_nothing_once_its_terms_are_over()
    {
        var secret = Enumerable.Repeat((byte)5, 32).ToArray();
        await using var site = await PaidSite.StartAsync(configure: options => options.ChallengeSecret = secret);
        var (challenge, entitlement) = await PayAsync(site);
        var longer = PaymentChallenge.Create(secret, challenge.Realm, challenge.Method, challenge.Intent, challenge.Request, challenge.Ends!.Value.AddSeconds(1));
        var header = new PaymentCredential(longer, (entitlement with { Expires = entitlement.Issued.AddHours(1) }).Sign(PaidSite.Operator)).ToHeader();
        using (var first = await site.SendAsync(Path, null, ("Authorization", header))) Assert.Equal(HttpStatusCode.OK, first.StatusCode);

        site.Time.Advance(FarthingSite.TermsLifetime);
        for (var i = 0; i < 3; i++)
        {
            using var again = await site.SendAsync(Path, null, ("Authorization", header));
            await AssertProblemAsync(again, "payment-expired");
        }

        Assert.Equal(1, site.Served);
    }

    [Fact]
    public async Task Used_challenge_is_not_opened_again_by_a_restart_with_the_same_secret()
    {
        var secret = Enumerable.Repeat((byte)5, 32).ToArray();
        await using var before = await PaidSite.StartAsync(configure: options => options.ChallengeSecret = secret);
        var (challenge, entitlement) = await PayAsync(before);
        var header = new PaymentCredential(challenge, entitlement.Sign(PaidSite.Operator)).ToHeader();
        using (var first = await before.SendAsync(Path, null, ("Authorization", header))) Assert.Equal(HttpStatusCode.OK, first.StatusCode);

        await using var after = await PaidSite.StartAsync(configure: options => options.ChallengeSecret = secret, later: TimeSpan.FromMilliseconds(1300));
        using var again = await after.SendAsync(Path, null, ("Authorization", header));
        await AssertProblemAsync(again, "payment-expired");
        Assert.Equal(0, after.Served);

        // Its own are good from the first moment, which is within a second.
        var (own, ownEntitlement) = await PayAsync(after);
        using var paid = await after.SendAsync(Path, null, ("Authorization", new PaymentCredential(own, ownEntitlement.Sign(PaidSite.Operator)).ToHeader()));
        Assert.Equal(HttpStatusCode.OK, paid.StatusCode);
    }

    private static async Task<(PaymentChallenge Challenge, Entitlement Entitlement)> PayAsync(PaidSite site, string path = Path)
    {
        using var response = await site.SendAsync(path);
        var challenge = ReadChallenge(response);
        var (_, terms) = ReadTerms(challenge);
        return (challenge, site.EntitlementFor(terms.Resource, terms.Nonce));
    }

    private static PaymentChallenge ReadChallenge(HttpResponseMessage response) => Assert.Single(PaymentChallenge.ReadAll(string.Join(", ", response.Headers.GetValues("WWW-Authenticate"))));

    private static (ChargeRequest Charge, Terms Terms) ReadTerms(PaymentChallenge challenge)
    {
        Assert.True(ChargeRequest.TryRead(challenge.Request, out var charge));
        Assert.True(Terms.TryParse(charge.Terms, out var terms));
        return (charge, terms);
    }

    private static PaymentChallenge Cheaper(PaymentChallenge challenge)
    {
        var (charge, _) = ReadTerms(challenge);
        return challenge with { Request = (charge with { Amount = Amount.Parse("0.01 USD") }).ToRequest() };
    }

    private static async Task AssertProblemAsync(HttpResponseMessage response, string code)
    {
        Assert.Equal(HttpStatusCode.PaymentRequired, response.StatusCode);
        using var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal($"https://paymentauth.org/problems/{code}", problem.RootElement.GetProperty("type").GetString());
        Assert.True(response.Headers.Contains("WWW-Authenticate"));
        Assert.False(response.Headers.Contains(PaymentReceiptHeader.Name));
    }
}
