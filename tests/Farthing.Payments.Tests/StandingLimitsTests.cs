using Farthing.Payments.Mandates;
using Farthing.Payments.Payees;
using Farthing.Payments.People;
using Farthing.Payments.Tips;
using Farthing.Payments.Wallets;
using Farthing.Protocol;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

/// <summary>How much of what stands for long one wallet can make: it costs nothing to make, and memory and disk to keep.</summary>
public sealed class StandingLimitsTests
{
    [Fact]
    public async Task A_wallet_has_at_most_a_hundred_mandates_that_hold()
    {
        await using var test = await StartAsync();
        var wallet = await test.NewWalletAsync();
        var key = test.NewKey();
        var first = Given(await GiveAsync(key)).State.Mandate.Id;
        await Task.WhenAll(Enumerable.Range(0, 98).Select(async _ => Given(await GiveAsync(test.NewKey()))));
        Given(await GiveAsync(test.NewKey(), Start.AddDays(1)));
        var over = test.NewKey();
        IsTooMany("too_many_mandates", await GiveAsync(over));
        Assert.Equal(first, Given(await GiveAsync(key)).State.Mandate.Id);
        Given(await test.Domain.Mandates.CreateAsync((await test.NewWalletAsync()).Id, test.NewKey(), Asked(null)));

        // One that is revoked and one that has ended leave room for others, also under the key that was refused.
        Given(await test.Domain.Mandates.RevokeAsync(wallet.Id, first));
        Given(await GiveAsync(over));
        IsTooMany("too_many_mandates", await GiveAsync(test.NewKey()));
        test.Time.Advance(TimeSpan.FromDays(1));
        var racing = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () => await GiveAsync(test.NewKey()))));
        Assert.Equal(1, racing.Count(answer => answer.IsGiven));

        ValueTask<Answer<IssuedMandate>> GiveAsync(IdempotencyKey key, DateTimeOffset? endsAt = null) => test.Domain.Mandates.CreateAsync(wallet.Id, key, Asked(endsAt));

        static NewMandate Asked(DateTimeOffset? endsAt) => new(default, null, new(Usd("1"), null, null), null, endsAt);
    }

    [Fact]
    public async Task A_wallet_gives_at_most_a_hundred_monthly_tips()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("10");
        var key = test.NewKey();
        var first = Given(await GiveAsync(key)).Monthly!.Id;
        await Task.WhenAll(Enumerable.Range(0, 99).Select(async _ => Given(await GiveAsync(test.NewKey()))));
        var over = test.NewKey();
        IsTooMany("too_many_monthly_tips", await GiveAsync(over));
        Assert.Equal("9 held 0", await test.BalanceAsync(wallet));
        Assert.Equal(first, Given(await GiveAsync(key)).Monthly!.Id);
        Given(await test.Domain.Tips.TipAsync(wallet.Id, test.NewKey(), new NewTip(payee.Id, Usd("0.01"), null, null)));
        Given(await test.Domain.Tips.CancelAsync(wallet.Id, first));
        Given(await GiveAsync(over));

        ValueTask<Answer<Tip>> GiveAsync(IdempotencyKey key) => test.Domain.Tips.TipAsync(wallet.Id, key, new NewTip(payee.Id, Usd("0.01"), null, "UTC"));
    }

    [Fact]
    public async Task Caps_change_at_most_twenty_times_in_a_day()
    {
        await using var test = await StartAsync();
        var wallet = await test.NewWalletAsync();
        var key = test.NewKey();
        Given(await SetAsync(key, "1"));
        test.Time.Advance(TimeSpan.FromHours(1));
        for (var i = 2; i <= 20; i++) Given(await SetAsync(test.NewKey(), $"{i}"));
        IsTooMany("too_many_cap_changes", await SetAsync(test.NewKey(), "21"));
        Given(await SetAsync(key, "1"));
        Assert.Equal(Usd("20"), Assert.Single(Given(await test.Domain.WalletCaps.ReadAsync(wallet.Id)).Caps).Amount);
        // The first of them is a day old.
        test.Time.Advance(TimeSpan.FromHours(23));
        Given(await SetAsync(test.NewKey(), "21"));
        IsTooMany("too_many_cap_changes", await SetAsync(test.NewKey(), "22"));

        ValueTask<Answer<WalletCapsState>> SetAsync(IdempotencyKey key, string perDay) => test.Domain.WalletCaps.SetAsync(wallet.Id, key, new Caps(Usd(perDay), null, null), null);
    }

    [Fact]
    public async Task A_wallet_asks_another_for_at_most_a_hundred_things_at_once()
    {
        await using var test = await StartAsync();
        var (asker, asked, other) = (await test.NewWalletAsync(), await test.NewWalletAsync("1"), await test.NewWalletAsync());
        var key = test.NewKey();
        var first = Assert.Single(Given(await AskAsync(key, asked))).Id;
        await Task.WhenAll(Enumerable.Range(0, 99).Select(async _ => Given(await AskAsync(test.NewKey(), asked))));
        var over = test.NewKey();
        IsTooMany("too_many_open_requests", await AskAsync(over, asked, other));
        Assert.Equal(first, Assert.Single(Given(await AskAsync(key, asked))).Id);
        Given(await AskAsync(test.NewKey(), other));
        Given(await test.Domain.Requests.DeclineAsync(asked.Id, first));
        Given(await AskAsync(over, asked, other));
        IsTooMany("too_many_open_requests", await AskAsync(test.NewKey(), asked));
        test.Time.Advance(TimeSpan.FromDays(31));
        Given(await AskAsync(test.NewKey(), asked));

        ValueTask<Answer<IReadOnlyList<PersonalRequest>>> AskAsync(IdempotencyKey key, params Wallet[] of) => test.Domain.Requests.AskAsync(asker.Id, key,
            new NewBill { Amount = Usd("0.02"), Shares = [.. of.Select(wallet => new BillShare(test.Domain.People.HandleOf(wallet.Id), null))] });
    }

    [Fact]
    public async Task The_same_key_for_a_tip_once_and_a_monthly_one_at_the_same_moment_pays_one_of_them()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("10");
        for (var round = 0; round < 20; round++)
        {
            var key = test.NewKey();
            var answers = await Task.WhenAll(new[] { null, "UTC" }.Select(zone => Task.Run(async () => await test.Domain.Tips.TipAsync(wallet.Id, key, new NewTip(payee.Id, Usd("0.01"), null, zone)))));
            Assert.Equal("idempotency_conflict", Assert.Single(answers, answer => !answer.IsGiven).Refusal!.Code.Code);
        }

        Assert.Equal("9.8 held 0", await test.BalanceAsync(wallet));
    }

    private static void IsTooMany<T>(string code, Answer<T> answer) => Assert.Equal(code, answer.Refusal?.Code.Code ?? "given");
}
