namespace Farthing.Server.Tests.Rest;

/// <summary>The clock that a test moves by hand, and all that follows it.</summary>
[Collection(typeof(MovedClock))]
public sealed class TestClockTests(ClockServer server, SharedServer other)
{
    private readonly Api api = server.Api;

    [Fact]
    public async Task A_hold_expires_at_once_when_the_clock_is_moved_past_its_deadline()
    {
        var payee = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("1");
        var held = await api.PayAsync(wallet, payee, "0.4", hold: true);
        await server.AdvanceAsync(TimeSpan.FromDays(6.9));
        Assert.Equal(("0.6", "0.4"), await api.BalanceAsync(wallet));
        var before = await server.AdvanceAsync(TimeSpan.FromHours(3));
        // Nothing else is asked of the ledger that could wake it.
        await Eventually.TrueAsync(async () => (await api.GetAsync($"/v1/payments/{held}", wallet.Key))["status"] == "expired");
        Assert.Equal(("1", "0"), await api.BalanceAsync(wallet));
        Assert.True(await server.NowAsync() - before < TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task A_delayed_top_up_arrives_by_itself()
    {
        var wallet = await api.NewWalletAsync();
        var made = await api.PostAsync($"/v1/wallets/{wallet.Id}/top-ups", wallet.Key, $$"""{"amount":{{Api.Amount("3.5")}},"rail":"sandbox","sandbox":"delay:3600"}""");
        Assert.Equal((201, "pending"), (made.Status, made["status"]));
        Assert.Equal("0", (await api.BalanceAsync(wallet)).Balance);

        await server.AdvanceAsync(TimeSpan.FromHours(1));
        await Eventually.TrueAsync(async () => (await api.GetAsync(made.Headers.Location!.ToString(), wallet.Key))["status"] == "posted");
        Assert.Equal(("3.5", "0"), await api.BalanceAsync(wallet));
    }

    [Fact]
    public async Task What_is_made_after_a_move_has_the_time_of_the_moved_clock()
    {
        var payee = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("1");
        for (var month = 0; month < 3; month++)
        {
            var now = await server.AdvanceAsync(TimeSpan.FromDays(31));
            var paid = await api.PostAsync("/v1/payments", wallet.Key, Api.Payment(payee, "0.1"));
            Assert.True(paid.Status == 201, paid.Text);
            Assert.InRange(DateTimeOffset.Parse(paid["createdAt"]!), now, await server.NowAsync());
        }

        // Each with its fee.
        Assert.Equal(6, (await api.StatementAsync(payee)).Count);
    }

    [Fact]
    public async Task The_clock_stays_moved_over_a_crash()
    {
        await using var own = await ServerProcess.StartAsync(null, "--test-clock");
        using var ownApi = new Api(own);
        var wallet = await ownApi.NewWalletAsync();
        var moved = await ownApi.PostAsync("/v1/test/clock", ServerProcess.OperatorKey, """{"advance":"P400DT5H"}""");
        await ownApi.TopUpAsync(wallet, "1");
        await own.KillAsync();
        await own.StartAgainAsync();
        var now = DateTimeOffset.Parse((await ownApi.GetAsync("/v1/test/clock", ServerProcess.OperatorKey))["now"]!);
        Assert.InRange(now, DateTimeOffset.Parse(moved["now"]!), DateTimeOffset.Parse(moved["now"]!).AddHours(1));
        await ownApi.TopUpAsync(wallet, "1");
        Assert.Equal(("2", "0"), await ownApi.BalanceAsync(wallet));
    }

    [Theory]
    [InlineData("{}", "invalid_field")]
    [InlineData("""{"now":"2126-01-01T00:00:00Z","advance":"PT1H"}""", "invalid_field")]
    [InlineData("""{"now":"2020-01-01T00:00:00Z"}""", "invalid_field")]
    [InlineData("""{"now":"9999-01-01T00:00:00Z"}""", "invalid_field")]
    [InlineData("""{"now":"tomorrow"}""", "invalid_field")]
    [InlineData("""{"advance":"-PT1H"}""", "invalid_field")]
    [InlineData("""{"advance":"P1M"}""", "invalid_field")]
    [InlineData("""{"advance":"P1Y"}""", "invalid_field")]
    [InlineData("""{"advance":"1 hour"}""", "invalid_field")]
    [InlineData("""{"advance":"P99999999999D"}""", "invalid_field")]
    [InlineData("""{"advance":3600}""", "invalid_field")]
    [InlineData("""{"by":"PT1H"}""", "unknown_field")]
    public async Task A_move_that_makes_no_sense_is_refused_and_the_clock_goes_on(string body, string code)
    {
        var before = await server.NowAsync();
        Expect.Problem(await api.PostAsync("/v1/test/clock", ServerProcess.OperatorKey, body), 400, code);
        // No move that is asked for here is shorter than an hour.
        Assert.InRange(await server.NowAsync(), before, before.AddMinutes(50));
    }

    [Fact]
    public async Task Only_the_operator_moves_the_clock_and_only_where_it_was_asked_for()
    {
        var wallet = await api.NewWalletAsync();
        Expect.Problem(await api.PostAsync("/v1/test/clock", wallet.Key, """{"advance":"PT1H"}"""), 403, "forbidden");
        Expect.Problem(await api.PostAsync("/v1/test/clock", null, """{"advance":"PT1H"}"""), 401, "unauthorized");
        Expect.Problem(await other.Api.PostAsync("/v1/test/clock", ServerProcess.OperatorKey, """{"advance":"PT1H"}"""), 404, "not_found");
        Expect.Problem(await other.Api.GetAsync("/v1/test/clock", ServerProcess.OperatorKey), 404, "not_found");
    }
}
