using Farthing.Payments.TopUps;
using Farthing.Protocol;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

public class TopUpTests
{
    [Fact]
    public async Task The_sandbox_pays_at_once_later_or_never()
    {
        await using var test = await StartAsync();
        var wallet = await test.NewWalletAsync();
        var (now, later, never) = (test.NewKey(), test.NewKey(), test.NewKey());

        Assert.Equal(RailStatus.Posted, Given(await test.Domain.TopUps.TopUpAsync(wallet.Id, now, Usd("1"), "sandbox", null)).Status);
        var delayed = Given(await test.Domain.TopUps.TopUpAsync(wallet.Id, later, Usd("2"), "sandbox", "delay:30"));
        var failed = Given(await test.Domain.TopUps.TopUpAsync(wallet.Id, never, Usd("4"), "sandbox", "fail"));
        Assert.Equal((RailStatus.Pending, RailStatus.Failed), (delayed.Status, failed.Status));
        Assert.Equal("1 held 0", await test.BalanceAsync(wallet));

        await test.RestartAsync();
        await test.Domain.TopUps.AskPendingAsync();
        Assert.Equal(RailStatus.Pending, Given(await test.Domain.TopUps.ReadAsync(As(wallet), delayed.Id)).Status);
        test.Time.Advance(TimeSpan.FromSeconds(31));
        await test.Domain.TopUps.AskPendingAsync();
        Assert.Equal(RailStatus.Posted, Given(await test.Domain.TopUps.ReadAsync(As(wallet), delayed.Id)).Status);
        Assert.Equal(RailStatus.Failed, Given(await test.Domain.TopUps.ReadAsync(As(wallet), failed.Id)).Status);
        Assert.Equal("3 held 0", await test.BalanceAsync(wallet));

        Assert.Equal(delayed.Id, Given(await test.Domain.TopUps.TopUpAsync(wallet.Id, later, Usd("2"), "sandbox", "delay:30")).Id);
        Refused(RefusalCodes.IdempotencyConflict, await test.Domain.TopUps.TopUpAsync(wallet.Id, later, Usd("3"), "sandbox", "delay:30"));
        Assert.Equal("3 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task Each_wrong_top_up_has_its_refusal()
    {
        await using var test = await StartAsync();
        var wallet = await test.NewWalletAsync();
        var desk = test.Domain.TopUps;

        Refused(RefusalCodes.RailNotAvailable, await desk.TopUpAsync(wallet.Id, test.NewKey(), Usd("1"), "card", null));
        Refused(RefusalCodes.CurrencyMismatch, await desk.TopUpAsync(wallet.Id, test.NewKey(), new(Asset.Eur, 1), "sandbox", null));
        Refused(RefusalCodes.AmountMustNotBeZero, await desk.TopUpAsync(wallet.Id, test.NewKey(), Usd("0"), "sandbox", null));
        Refused(RefusalCodes.AmountTooLarge, await desk.TopUpAsync(wallet.Id, test.NewKey(), Usd("1000.000001"), "sandbox", null));
        Refused(RefusalCodes.WalletNotFound, await desk.TopUpAsync(Id<WalletKind>.New(test.Time), test.NewKey(), Usd("1"), "sandbox", null));
        Refused(RefusalCodes.IdempotencyKeyInFuture, await desk.TopUpAsync(wallet.Id, Key(Guid.CreateVersion7(test.Time.GetUtcNow().AddMinutes(6)).ToString()), Usd("1"), "sandbox", null));
        var made = Given(await desk.TopUpAsync(wallet.Id, test.NewKey(), Usd("1000"), "sandbox", null));
        Refused(RefusalCodes.TopUpNotFound, await desk.ReadAsync(As(await test.NewWalletAsync()), made.Id));
        Refused(RefusalCodes.TopUpNotFound, await desk.ReadAsync(As(wallet), Id<TopUpKind>.New(test.Time)));
        Assert.Equal("1000 held 0", await test.BalanceAsync(wallet));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_rail_that_fails_before_or_after_collecting_is_asked_again(bool collects)
    {
        await using var test = await StartAsync();
        var broken = true;
        test.WrapRail = rail => new BreakingRail(rail, collects, () => broken);
        await test.RestartAsync();
        var wallet = await test.NewWalletAsync();
        var key = test.NewKey();

        await Assert.ThrowsAsync<IOException>(async () => await test.Domain.TopUps.TopUpAsync(wallet.Id, key, Usd("1"), "sandbox", null));
        Assert.Equal("0 held 0", await test.BalanceAsync(wallet));
        broken = false;
        await test.RestartAsync();
        await test.Domain.TopUps.AskPendingAsync();
        Assert.Equal("1 held 0", await test.BalanceAsync(wallet));
        Assert.Equal(RailStatus.Posted, Given(await test.Domain.TopUps.TopUpAsync(wallet.Id, key, Usd("1"), "sandbox", null)).Status);
        await test.Domain.TopUps.AskPendingAsync();
        Assert.Equal("1 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task Money_that_comes_in_after_the_hold_expired_is_credited_once()
    {
        await using var test = await StartAsync();
        var wallet = await test.NewWalletAsync();
        var slow = Given(await test.Domain.TopUps.TopUpAsync(wallet.Id, test.NewKey(), Usd("1"), "sandbox", $"delay:{9 * 24 * 3600}"));

        test.Time.Advance(TimeSpan.FromDays(8));
        await test.Domain.TopUps.AskPendingAsync();
        Assert.Equal("0 held 0", await test.BalanceAsync(wallet));
        await test.RestartAsync();
        test.Time.Advance(TimeSpan.FromDays(2));
        await test.Domain.TopUps.AskPendingAsync();
        await test.RestartAsync();
        await test.Domain.TopUps.AskPendingAsync();

        Assert.Equal("1 held 0", await test.BalanceAsync(wallet));
        Assert.Equal(RailStatus.Posted, Given(await test.Domain.TopUps.ReadAsync(As(wallet), slow.Id)).Status);
    }

    [Fact]
    public async Task A_top_up_that_the_rail_never_heard_of_fails_with_its_hold_and_is_never_collected()
    {
        await using var test = await StartAsync();
        var broken = true;
        test.WrapRail = rail => new BreakingRail(rail, collects: false, () => broken);
        await test.RestartAsync();
        var wallet = await test.NewWalletAsync();
        var key = test.NewKey();
        await Assert.ThrowsAsync<IOException>(async () => await test.Domain.TopUps.TopUpAsync(wallet.Id, key, Usd("1"), "sandbox", null));
        test.Time.Advance(TimeSpan.FromDays(8));
        broken = false;

        for (var round = 0; round < 2; round++)
        {
            var standing = Given(await test.Domain.TopUps.TopUpAsync(wallet.Id, key, Usd("1"), "sandbox", null));
            Assert.Equal(RailStatus.Failed, standing.Status);
            await test.Domain.TopUps.AskPendingAsync();
            Assert.Equal(RailStatus.Failed, Given(await test.Domain.TopUps.ReadAsync(As(wallet), standing.Id)).Status);
            Assert.Equal("0 held 0", await test.BalanceAsync(wallet));
            await test.RestartAsync();
        }
    }

    [Fact]
    public async Task A_top_up_is_pending_as_long_as_its_rail_says_so_also_after_its_hold()
    {
        await using var test = await StartAsync();
        var wallet = await test.NewWalletAsync();
        var key = test.NewKey();
        var instruction = $"delay:{9 * 24 * 3600}";
        var slow = Given(await test.Domain.TopUps.TopUpAsync(wallet.Id, key, Usd("1"), "sandbox", instruction)).Id;
        test.Time.Advance(TimeSpan.FromDays(8));
        await test.NewWalletAsync("1");

        Assert.Equal(RailStatus.Pending, Given(await test.Domain.TopUps.ReadAsync(As(wallet), slow)).Status);
        Assert.Equal(RailStatus.Pending, Given(await test.Domain.TopUps.TopUpAsync(wallet.Id, key, Usd("1"), "sandbox", instruction)).Status);
        test.Time.Advance(TimeSpan.FromDays(2));
        Assert.Equal(RailStatus.Posted, Given(await test.Domain.TopUps.TopUpAsync(wallet.Id, key, Usd("1"), "sandbox", instruction)).Status);
        await test.Domain.TopUps.AskPendingAsync();
        Assert.Equal(RailStatus.Posted, Given(await test.Domain.TopUps.ReadAsync(As(wallet), slow)).Status);
        Assert.Equal("1 held 0", await test.BalanceAsync(wallet));
    }

    /// <summary>A rail whose line is cut, before it collects or after.</summary>
    private sealed class BreakingRail(IRail rail, bool collects, Func<bool> isBroken) : IRail
    {
        public string Name => rail.Name;

        public async ValueTask<RailAnswer> CollectAsync(Id<TopUpKind> reference, Amount amount, string? instruction)
        {
            if (!isBroken()) return await rail.CollectAsync(reference, amount, instruction);
            if (collects) await rail.CollectAsync(reference, amount, instruction);
            throw new IOException("The line was cut.");
        }

        public ValueTask<RailAnswer> AskAsync(Id<TopUpKind> reference) => rail.AskAsync(reference);
    }
}
