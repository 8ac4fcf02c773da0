using Farthing.Ledger;
using Farthing.Payments.Desk;
using Farthing.Payments.Mandates;
using Farthing.Payments.Settings;
using Farthing.Protocol;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

/// <summary>Caps on all that a wallet pays, and its pause.</summary>
public sealed class WalletCapsTests
{
    [Fact]
    public async Task A_wallets_caps_count_all_that_it_pays()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("10");
        Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "1")));
        var mandate = Given(await test.Domain.Mandates.CreateAsync(wallet.Id, test.NewKey(), new NewMandate(default, null, new(Usd("0.5"), null, null), null, null))).State.Mandate;
        var set = Given(await test.Domain.WalletCaps.SetAsync(wallet.Id, test.NewKey(), new Caps(Usd("1"), null, Usd("1.5")), null));
        Assert.Equal([Usd("1"), Usd("1.5")], set.Caps.Select(cap => cap.Headroom));

        Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.6")));
        Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.3") with { Mandate = mandate.Id }));
        IsOver("wallet.perDay", "0.1", await test.Desk.PayAsync(test.Pay(wallet, payee, "0.2") with { Mandate = mandate.Id }));
        IsOver("mandate.perDay", "0.2", await test.Desk.PayAsync(test.Pay(wallet, payee, "0.3") with { Mandate = mandate.Id }));
        await test.RestartAsync();
        IsOver("wallet.perDay", "0.1", await test.Desk.PayAsync(test.Pay(wallet, payee, "0.2")));
        test.Time.Advance(TimeSpan.FromDays(1));
        IsOver("wallet.perMonth", "0.6", await test.Desk.PayAsync(test.Pay(wallet, payee, "0.7")));
        Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.6")));
        Assert.Equal("7.5 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task New_caps_count_what_the_old_ones_counted()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("10");
        await SetAsync("2", "3");
        var held = Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.5", hold: true)));
        Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "1")));

        Assert.Equal(["0.5", "1"], await SetAsync("2", "2.5"));
        IsOver("wallet.perDay", "0.5", await test.Desk.PayAsync(test.Pay(wallet, payee, "0.6")));
        // Lowered under what is used, nothing is left, whatever comes back of what was paid before.
        Assert.Equal(["0", "1"], await SetAsync("1.2", "2.5"));
        Given(await test.Desk.VoidAsync(As(payee), held.Id, test.NewKey()));
        IsOver("wallet.perDay", "0", await test.Desk.PayAsync(test.Pay(wallet, payee, "0.000001")));
        await test.RestartAsync();
        IsOver("wallet.perDay", "0", await test.Desk.PayAsync(test.Pay(wallet, payee, "0.000001")));
        // Raised again, all that was used is counted still.
        Assert.Equal(["0.5", "1"], await SetAsync("2", "2.5"));
        Assert.Equal(["0", "1"], await SetAsync("0.3", "2.5"));
        Assert.Equal(["0", "1"], await SetAsync("0.2", "2.5"));
        Assert.Equal(["0.1", "1"], await SetAsync("1.6", "2.5"));
        test.Time.Advance(TimeSpan.FromDays(1));
        Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "1")));
        IsOver("wallet.perMonth", "0", await test.Desk.PayAsync(test.Pay(wallet, payee, "0.000001")));

        Given(await test.Domain.WalletCaps.SetAsync(wallet.Id, test.NewKey(), new Caps(null, null, null), null));
        Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "5")));
        Assert.Empty(Given(await test.Domain.WalletCaps.ReadAsync(wallet.Id)).Caps);

        async Task<string[]> SetAsync(string perDay, string perMonth) =>
            [.. Given(await test.Domain.WalletCaps.SetAsync(wallet.Id, test.NewKey(), new Caps(Usd(perDay), null, Usd(perMonth)), "Europe/Paris")).Caps.Select(cap => cap.Headroom.ToDecimalString())];
    }

    [Fact]
    public async Task Caps_that_were_cut_off_never_come_into_force_over_newer_ones()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("10");
        Given(await test.Domain.WalletCaps.SetAsync(wallet.Id, test.NewKey(), new Caps(Usd("5"), null, null), null));
        Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.5")));
        // Claimed, and then the ledger took no work.
        var row = CapsRows.New(Id<WalletKind>.New(test.Time).Value, wallet.Id, Asset.Usd, new Caps(Usd("9"), null, null), "UTC", test.Time.GetUtcNow());
        Assert.NotNull(await test.Settings.ClaimAsync(new ClaimRow($"caps:{wallet.Id}", [1], 1, row.Id, 0), row));
        test.Time.Advance(TimeSpan.FromSeconds(1));

        var set = Given(await test.Domain.WalletCaps.SetAsync(wallet.Id, test.NewKey(), new Caps(Usd("1"), null, null), null));
        Assert.Equal(Usd("0.5"), set.Caps[0].Headroom);
        await test.RestartAsync();
        Assert.Equal((Usd("1"), Usd("0.5")), (Given(await test.Domain.WalletCaps.ReadAsync(wallet.Id)).Caps[0].Amount, Given(await test.Domain.WalletCaps.ReadAsync(wallet.Id)).Caps[0].Headroom));
        IsOver("wallet.perDay", "0.5", await test.Desk.PayAsync(test.Pay(wallet, payee, "0.6")));
    }

    [Fact]
    public async Task A_payment_that_finds_the_gate_shut_carries_on_what_was_cut_off()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("10");
        await test.ShutCapsAsync(wallet);

        Refused(RefusalCodes.CapsChanged, await test.Desk.PayAsync(test.Pay(wallet, payee, "0.5")));
        Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.5")));
        Assert.Equal(Usd("3.5"), Given(await test.Domain.WalletCaps.ReadAsync(wallet.Id)).Caps[0].Headroom);
    }

    [Fact]
    public async Task What_reaches_the_ledger_when_its_day_is_over_and_forgotten_is_refused_and_goes_through_with_a_new_key()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var (wallet, other) = (await test.NewWalletAsync("10"), await test.NewWalletAsync());
        Given(await test.Domain.WalletCaps.SetAsync(wallet.Id, test.NewKey(), new Caps(Usd("1"), null, null), null));
        Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.1")));
        var people = test.Domain.People;
        var key = test.NewKey();

        // From noon to the next day's, long after midnight.
        var late = await test.AskAndWaitAsync(async () => await people.PayAsync(wallet.Id, key, people.HandleOf(other.Id), Usd("0.2"), null), TimeSpan.FromDays(1));
        Refused(RefusalCodes.CapsChanged, late);
        Refused(RefusalCodes.CapsChanged, await people.PayAsync(wallet.Id, key, people.HandleOf(other.Id), Usd("0.2"), null));
        Assert.Equal("9.9 held 0", await test.BalanceAsync(wallet));
        Given(await people.PayAsync(wallet.Id, test.NewKey(), people.HandleOf(other.Id), Usd("0.2"), null));

        // Within its time for refunds.
        test.Time.SetUtcNow(test.Time.GetUtcNow().Date.AddDays(1).AddMinutes(-1));
        var payment = test.Pay(wallet, payee, "0.3");
        Refused(RefusalCodes.CapsChanged, await test.AskAndWaitAsync(async () => await test.Desk.PayAsync(payment), TimeSpan.FromMinutes(10)));
        Refused(RefusalCodes.CapsChanged, await test.Desk.PayAsync(payment));
        Assert.Equal("9.7 held 0", await test.BalanceAsync(wallet));
        Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.3")));
        Assert.Equal(Usd("0.7"), Given(await test.Domain.WalletCaps.ReadAsync(wallet.Id)).Caps[0].Headroom);
    }

    [Fact]
    public async Task Payments_while_caps_change_never_exceed_the_new_ones()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("10");
        Given(await test.Domain.WalletCaps.SetAsync(wallet.Id, test.NewKey(), new Caps(Usd("5"), null, null), null));

        var paying = Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(async () =>
        {
            var given = 0;
            for (var i = 0; i < 40; i++)
            {
                var answer = await test.Desk.PayAsync(test.Pay(wallet, payee, "0.01"));
                if (answer.IsGiven) given++;
                else Assert.Contains(answer.Refusal.Code, new[] { RefusalCodes.CapExceeded, RefusalCodes.CapsChanged });
            }

            return given;
        })));
        foreach (var cap in new[] { "4", "2", "3", "1", "2.5" }) Given(await test.Domain.WalletCaps.SetAsync(wallet.Id, test.NewKey(), new Caps(Usd(cap), null, null), null));

        var paid = (await paying).Sum();
        Assert.InRange(paid, 1, 500);
        Assert.True(new Amount(Asset.Usd, (UInt128)(paid * 10_000)).Units <= Usd("5").Units);
        Assert.Equal($"{new Amount(Asset.Usd, 10_000_000 - (UInt128)(paid * 10_000)).ToDecimalString()} held 0", await test.BalanceAsync(wallet));
        var left = Given(await test.Domain.WalletCaps.ReadAsync(wallet.Id)).Caps[0].Headroom.Units;
        Assert.Equal(paid > 250 ? 0 : 2_500_000 - (paid * 10_000), (int)left);
    }

    [Fact]
    public async Task A_paused_wallet_pays_nothing_until_it_is_resumed()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var paid = Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.5")));
        var key = test.NewKey();
        Given(await test.Domain.WalletCaps.PauseAsync(wallet.Id, key));
        Given(await test.Domain.WalletCaps.PauseAsync(wallet.Id, test.NewKey()));

        Refused(RefusalCodes.WalletFrozen, await test.Desk.PayAsync(test.Pay(wallet, payee, "0.1")));
        Given(await test.Desk.RefundAsync(As(payee), paid.Id, test.NewKey(), Usd("0.2")));
        await test.RestartAsync();
        Refused(RefusalCodes.WalletFrozen, await test.Desk.PayAsync(test.Pay(wallet, payee, "0.1")));

        Given(await test.Domain.WalletCaps.ResumeAsync(wallet.Id, test.NewKey()));
        // A late repeat of the pause does not pause again.
        Given(await test.Domain.WalletCaps.PauseAsync(wallet.Id, key));
        Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.1")));
        Assert.Equal("0.6 held 0", await test.BalanceAsync(wallet));
    }

    private static void IsOver(string cap, string headroom, Answer<Payment> answer)
    {
        Refused(RefusalCodes.CapExceeded, answer);
        Assert.Equal((cap, headroom), (answer.Refusal!.Facts!["cap"], ((AmountJson)answer.Refusal.Facts["headroom"]).Amount));
    }
}
