using System.Net;
using System.Net.Http.Headers;
using Farthing.Protocol;
using Farthing.Simulator;

namespace Farthing.Client.Tests;

public sealed class PayingHandlerTests : IAsyncLifetime
{
    private readonly Budget budget = Budget.InAll("0.10 USD", perRequest: "0.05 USD");
    private PaidWorld world = null!;
    private FarthingClient wallet = null!;
    private HttpClient http = null!;

    public async ValueTask InitializeAsync()
    {
        world = await PaidWorld.StartAsync();
        wallet = new FarthingClient(world.Server, PaidWorld.WalletKey, time: new ImpatientTime());
        http = wallet.CreateHttpClient(budget);
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        wallet.Dispose();
        await world.DisposeAsync();
    }

    [Fact]
    public async Task Article_is_paid_for_and_read()
    {
        using var response = await http.GetAsync(world.ArticleUrl, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(PaidWorld.Article, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(Amount.Parse("0.02 USD"), budget.Spent);
        Assert.Equal(1, world.Payments);
        Assert.True(Guid.TryParse(Assert.Single(world.Keys), out var key));
        Assert.Equal(7, key.Version);
    }

    [Fact]
    public async Task Body_is_sent_again_with_the_payment()
    {
        using var response = await http.PostAsync(world.ArticleUrl, new StringContent("question"), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("question", Assert.Single(world.PaidBodies));
    }

    [Fact]
    public async Task What_is_free_or_asks_for_another_method_is_handed_on()
    {
        using var free = await http.GetAsync(new Uri(world.Site, "/free"), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, free.StatusCode);
        using var other = await http.GetAsync(new Uri(world.Site, "/other-method"), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.PaymentRequired, other.StatusCode);
        Assert.True(budget.Spent.IsZero);
    }

    [Fact]
    public async Task Budget_holds_for_one_request_and_for_all()
    {
        world.Price = Amount.Parse("0.050001 USD");
        Assert.Equal(NotPaidReason.OverBudget, (await NotPaidAsync()).Reason);
        Assert.Equal(0, world.Attempts);

        world.Price = Amount.Parse("0.04 USD");
        for (var i = 0; i < 2; i++)
        {
            using var response = await http.GetAsync(world.ArticleUrl, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        Assert.Contains("0.02 USD is left", (await NotPaidAsync()).Message, StringComparison.Ordinal);
        Assert.Equal(2, world.Payments);
        Assert.Equal(Amount.Parse("0.08 USD"), budget.Spent);
    }

    [Fact]
    public async Task Concurrent_requests_never_exceed_the_budget()
    {
        world.Price = Amount.Parse("0.03 USD");
        var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
        {
            try
            {
                using var response = await http.GetAsync(world.ArticleUrl, TestContext.Current.CancellationToken);
                return response.StatusCode == HttpStatusCode.OK;
            }
            catch (NotPaidException)
            {
                return false;
            }
        }));
        Assert.Equal(3, results.Count(paid => paid));
        Assert.Equal(3, world.Payments);
    }

    [Fact]
    public async Task Wallet_key_never_goes_to_a_server_that_a_challenge_names()
    {
        await using var stranger = await PaidWorld.StartAsync();
        world.ServerInChallenge = stranger.Server;
        Assert.Equal(NotPaidReason.OtherServer, (await NotPaidAsync()).Reason);
        Assert.Equal(0, stranger.Attempts + world.Attempts);
    }

    [Fact]
    public async Task Terms_that_ask_more_than_the_challenge_are_not_paid()
    {
        world.PriceInTerms = Amount.Parse("0.04 USD");
        Assert.Equal(NotPaidReason.TermsUnusable, (await NotPaidAsync()).Reason);
        Assert.Equal(0, world.Attempts);
    }

    [Fact]
    public async Task What_is_asked_of_subscribers_is_never_paid_and_no_key_goes_to_a_stranger()
    {
        world.Intent = PaymentChallenge.Subscription;
        // Its terms have a price and name no offer.
        Assert.Equal(NotPaidReason.TermsUnusable, (await NotPaidAsync()).Reason);
        await using var stranger = await PaidWorld.StartAsync();
        world.ServerInChallenge = stranger.Server;
        Assert.Equal(NotPaidReason.OtherServer, (await NotPaidAsync()).Reason);
        Assert.Equal(0, stranger.Attempts + world.Attempts);
        Assert.True(budget.Spent.IsZero);
    }

    [Fact]
    public async Task Terms_that_are_over_are_not_paid()
    {
        world.TermsLifetime = TimeSpan.FromMinutes(-1);
        Assert.Equal(NotPaidReason.TermsUnusable, (await NotPaidAsync()).Reason);
        Assert.Equal(0, world.Attempts);
    }

    [Fact]
    public async Task Lost_answer_is_asked_for_again_under_the_same_key()
    {
        world.AnswersToLose = 2;
        using var response = await http.GetAsync(world.ArticleUrl, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(3, world.Attempts);
        Assert.Equal(1, world.Payments);
        Assert.Equal(Amount.Parse("0.02 USD"), budget.Spent);
    }

    [Fact]
    public async Task Message_sent_again_after_an_unclear_payment_is_not_paid_twice()
    {
        world.AnswersToLose = FarthingClient.MaxAttempts;
        // An invoker sends one message as often as a retrying handler would.
        using var handler = new PayingHandler(wallet, budget) { InnerHandler = new SocketsHttpHandler() };
        using var invoker = new HttpMessageInvoker(handler);
        using var request = new HttpRequestMessage(HttpMethod.Get, world.ArticleUrl);
        var unclear = await Assert.ThrowsAsync<NotPaidException>(() => invoker.SendAsync(request, TestContext.Current.CancellationToken));
        Assert.Equal(NotPaidReason.Unclear, unclear.Reason);
        Assert.Equal(Amount.Parse("0.02 USD"), budget.Spent);

        for (var i = 0; i < 3; i++)
        {
            using var response = await invoker.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        Assert.Equal(1, world.Payments);
        Assert.Equal(Amount.Parse("0.02 USD"), budget.Spent);
    }

    [Fact]
    public async Task New_message_for_the_same_thing_goes_on_where_an_unanswered_one_ended()
    {
        world.AnswersToLose = FarthingClient.MaxAttempts;
        Assert.Equal(NotPaidReason.Unclear, (await NotPaidAsync()).Reason);
        using (var other = await http.PostAsync(world.ArticleUrl, new StringContent("question"), TestContext.Current.CancellationToken))
            Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        Assert.Equal(2, world.Payments);

        using var response = await http.GetAsync(world.ArticleUrl, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(2, world.Payments);

        // It is answered now: this is another request.
        using var next = await http.GetAsync(world.ArticleUrl, TestContext.Current.CancellationToken);
        Assert.Equal(3, world.Payments);
        Assert.Equal(Amount.Parse("0.06 USD"), budget.Spent);
    }

    [Fact]
    public async Task Requests_of_one_name_are_paid_once_however_many_there_are()
    {
        async Task<HttpStatusCode> GetAsync(string name, string path = "/articles/rain")
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(world.Site, path));
            request.Options.Set(PayingHandler.NameOption, name);
            using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
            return response.StatusCode;
        }

        Assert.All(await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => GetAsync("order 42"))), status => Assert.Equal(HttpStatusCode.OK, status));
        Assert.Equal(1, world.Payments);
        Assert.Equal(HttpStatusCode.OK, await GetAsync("order 42"));
        Assert.Equal(1, world.Payments);
        Assert.Equal(HttpStatusCode.OK, await GetAsync("order 43"));
        Assert.Equal(2, world.Payments);
        Assert.Equal(NotPaidReason.NameTaken, (await Assert.ThrowsAsync<NotPaidException>(() => GetAsync("order 43", "/articles/rain?other"))).Reason);
        Assert.Equal(Amount.Parse("0.04 USD"), budget.Spent);

        // What was refused leaves its name free.
        world.Refusal = (402, "insufficient_funds");
        await Assert.ThrowsAsync<NotPaidException>(() => GetAsync("order 44"));
        world.Refusal = null;
        Assert.Equal(HttpStatusCode.OK, await GetAsync("order 44"));
        Assert.Equal(3, world.Payments);
    }

    [Theory]
    [InlineData(-400 * 24)]
    [InlineData(-1)]
    [InlineData(3)]
    [InlineData(400 * 24)]
    public async Task Wrong_clock_pays_all_the_same_and_opens_no_second_day(int hoursAhead)
    {
        var time = new ImpatientTime(TimeSpan.FromHours(hoursAhead));
        using var client = new FarthingClient(world.Server, PaidWorld.WalletKey, time: time);
        var daily = Budget.PerDay("0.05 USD");
        using var browser = client.CreateHttpClient(daily);
        for (var i = 0; i < 2; i++)
        {
            using var response = await browser.GetAsync(world.ArticleUrl, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            // Set by hand, to and fro.
            time.Ahead += TimeSpan.FromDays(i == 0 ? 2 : -5);
        }

        Assert.Equal(NotPaidReason.OverBudget, (await Assert.ThrowsAsync<NotPaidException>(() => browser.GetAsync(world.ArticleUrl, TestContext.Current.CancellationToken))).Reason);
        Assert.Equal(2, world.Payments);
    }

    [Fact]
    public async Task Clock_that_nobody_corrects_is_a_named_refusal_and_moves_nothing()
    {
        world.IsTimeless = true;
        using var client = new FarthingClient(world.Server, PaidWorld.WalletKey, time: new ImpatientTime(TimeSpan.FromMinutes(7)));
        using var browser = client.CreateHttpClient(budget);
        var refused = await Assert.ThrowsAsync<NotPaidException>(() => browser.GetAsync(world.ArticleUrl, TestContext.Current.CancellationToken));
        Assert.Equal(NotPaidReason.Refused, refused.Reason);
        Assert.Equal("idempotency_key_in_future", Assert.IsType<FarthingException>(refused.InnerException).Problem.Code);
        Assert.True(budget.Spent.IsZero);
        Assert.Equal(1, world.Attempts);
    }

    [Fact]
    public async Task Payment_server_that_is_not_there_was_paid_nothing()
    {
        var time = new ImpatientTime();
        using var client = new FarthingClient(world.Server, PaidWorld.WalletKey, new CuttingLine((_, _) => false, () => { }), time);
        using var browser = client.CreateHttpClient(budget);
        await world.StopServerAsync();
        Assert.Equal(NotPaidReason.Unreachable, (await Assert.ThrowsAsync<NotPaidException>(() => browser.GetAsync(world.ArticleUrl, TestContext.Current.CancellationToken))).Reason);
        Assert.True(budget.Spent.IsZero);
        Assert.Equal(FarthingClient.MaxAttempts - 1, time.Pauses.Count);
    }

    [Fact]
    public async Task Refused_payment_goes_back_into_the_budget()
    {
        world.Refusal = (402, "insufficient_funds");
        var refused = await NotPaidAsync();
        Assert.Equal(NotPaidReason.Refused, refused.Reason);
        Assert.Equal("insufficient_funds", Assert.IsType<FarthingException>(refused.InnerException).Problem.Code);
        Assert.True(budget.Spent.IsZero);
        Assert.Equal(1, world.Attempts);

        world.Refusal = null;
        using var response = await http.GetAsync(world.ArticleUrl, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Server_that_stays_busy_leaves_the_payment_unclear()
    {
        world.Refusal = (503, "not_ready");
        Assert.Equal(NotPaidReason.Unclear, (await NotPaidAsync()).Reason);
        Assert.Equal(FarthingClient.MaxAttempts, world.Attempts);
        Assert.Equal(Amount.Parse("0.02 USD"), budget.Spent);
    }

    [Fact]
    public async Task Answer_to_the_paid_request_is_final()
    {
        world.PaidStatus = 402;
        using var response = await http.GetAsync(world.ArticleUrl, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.PaymentRequired, response.StatusCode);
        Assert.Equal(1, world.Payments);
    }

    [Fact]
    public async Task Request_with_an_authorization_of_its_own_is_not_paid()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, world.ArticleUrl);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "of the site");
        var notPaid = await Assert.ThrowsAsync<NotPaidException>(() => http.SendAsync(request, TestContext.Current.CancellationToken));
        Assert.Equal(NotPaidReason.AlreadyAuthorized, notPaid.Reason);
        Assert.Equal(0, world.Attempts);
    }

    private Task<NotPaidException> NotPaidAsync() =>
        Assert.ThrowsAsync<NotPaidException>(() => http.GetAsync(world.ArticleUrl, TestContext.Current.CancellationToken));
}
