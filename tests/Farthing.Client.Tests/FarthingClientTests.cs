using Farthing.Protocol;
using Farthing.Simulator;

namespace Farthing.Client.Tests;

public sealed class FarthingClientTests : IAsyncLifetime
{
    private PaidWorld world = null!;
    private FarthingClient wallet = null!;

    public async ValueTask InitializeAsync()
    {
        world = await PaidWorld.StartAsync();
        wallet = new FarthingClient(world.Server, PaidWorld.WalletKey, time: new ImpatientTime());
    }

    public async ValueTask DisposeAsync()
    {
        wallet.Dispose();
        await world.DisposeAsync();
    }

    [Fact]
    public async Task Client_reads_a_wallet_and_passes_over_what_it_does_not_know()
    {
        var id = Id<WalletKind>.New(TimeProvider.System);
        var read = await wallet.Wallets.ReadWalletAsync(id, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(new Wallet { Id = id, Currency = "USD", Balance = Amount.Parse("9.98 USD"), Held = new Amount(Asset.Usd, 0) }, read);
    }

    [Fact]
    public async Task Client_asks_for_past_moments_and_periods_as_the_server_reads_them()
    {
        var id = Id<WalletKind>.New(TimeProvider.System);
        var noon = new DateTimeOffset(2026, 11, 23, 13, 0, 0, 5, TimeSpan.FromHours(1));
        await wallet.Wallets.ReadWalletAsync(id, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal("", world.LastQuery);
        await wallet.Wallets.ReadWalletAsync(id, noon, TestContext.Current.CancellationToken);
        Assert.Equal("?at=2026-11-23T12%3A00%3A00.0050000Z", world.LastQuery);
        var page = await wallet.Wallets.ReadWalletStatementAsync(id).ReadPageAsync(cancellation: TestContext.Current.CancellationToken);
        Assert.Equal("?pageSize=50", world.LastQuery);
        await wallet.Wallets.ReadWalletStatementAsync(id, noon, noon.AddDays(1)).ReadPageAsync(page.Next, 7, TestContext.Current.CancellationToken);
        Assert.Equal("?since=2026-11-23T12:00:00.0050000Z&until=2026-11-24T12:00:00.0050000Z&pageSize=7&cursor=further", world.LastQuery);
    }

    [Fact]
    public async Task Busy_server_is_asked_again_when_it_says()
    {
        var time = new ImpatientTime();
        using var client = new FarthingClient(world.Server, PaidWorld.WalletKey, time: time);
        (world.Refusal, world.RefusalsLeft, world.RetryAfter) = ((503, "not_ready"), 2, "4");
        var (_, charge) = world.Ask();
        var payment = await client.Payments.CreatePaymentAsync(new NewPayment { Terms = charge.Terms }, client.NewKey(), TestContext.Current.CancellationToken);
        Assert.Equal("posted", payment.Status);
        Assert.Equal(3, world.Attempts);
        // What it says, and a little by chance.
        Assert.Equal(2, time.Pauses.Count);
        Assert.All(time.Pauses, pause => Assert.InRange(pause, TimeSpan.FromSeconds(4.1), TimeSpan.FromSeconds(4.4)));
    }

    [Fact]
    public async Task Server_that_wants_a_long_pause_is_left_to_the_caller()
    {
        var time = new ImpatientTime();
        using var client = new FarthingClient(world.Server, PaidWorld.WalletKey, time: time);
        (world.Refusal, world.RetryAfter) = ((429, "rate_limited"), "3600");
        var (_, charge) = world.Ask();
        var refused = await Assert.ThrowsAsync<FarthingException>(() => client.Payments.CreatePaymentAsync(new NewPayment { Terms = charge.Terms }, client.NewKey(), TestContext.Current.CancellationToken));
        Assert.Equal((TimeSpan.FromHours(1), true), (refused.RetryAfter, refused.IsUnclear));
        Assert.Equal((1, 0), (world.Attempts, time.Pauses.Count));
    }

    [Fact]
    public void Pauses_grow_and_are_not_all_the_same()
    {
        var pauses = Enumerable.Range(0, 200).Select(i => (Attempt: 1 + i % 2, Pause: Connection.PauseAfter(1 + i % 2, null))).ToList();
        Assert.All(pauses, one => Assert.InRange(one.Pause, TimeSpan.FromMilliseconds(100 * one.Attempt), TimeSpan.FromMilliseconds(200 * one.Attempt)));
        Assert.True(pauses.DistinctBy(one => one.Pause).Count() > 50);
    }

    [Fact]
    public async Task Wrong_clock_costs_one_refusal_and_then_goes_by_the_servers()
    {
        using var client = new FarthingClient(world.Server, PaidWorld.WalletKey, time: new ImpatientTime(TimeSpan.FromDays(3)));
        var (_, charge) = world.Ask();
        var refused = await Assert.ThrowsAsync<FarthingException>(() => client.Payments.CreatePaymentAsync(new NewPayment { Terms = charge.Terms }, client.NewKey(), TestContext.Current.CancellationToken));
        Assert.Equal(("idempotency_key_in_future", false), (refused.Problem.Code, refused.IsUnclear));
        await client.Payments.CreatePaymentAsync(new NewPayment { Terms = charge.Terms }, client.NewKey(), TestContext.Current.CancellationToken);
        Assert.Equal(1, world.Payments);
    }
}
