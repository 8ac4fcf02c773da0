using System.Diagnostics;
using Farthing.Ledger;
using Farthing.Payments.Campaigns;
using Farthing.Payments.Desk;
using Farthing.Payments.Mandates;
using Farthing.Payments.Payees;
using Farthing.Payments.Schedules;
using Farthing.Payments.Wallets;
using Farthing.Protocol;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

/// <summary>What a deadline does to many pledges: all or none, once, wherever it is cut off.</summary>
[Collection(typeof(Alone))]
public class CampaignEndTests
{
    // 100,000 in ./test --long.
    private static readonly int Many = Environment.GetEnvironmentVariable("FARTHING_LONG") == "1" ? 100_000 : 1_000;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Very_many_pledges_are_all_posted_or_all_voided_in_bounded_memory(bool reachesGoal)
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallets = new List<Wallet>();
        for (var i = 0; i < 20; i++) wallets.Add(await test.NewWalletAsync("1000"));
        var goal = Usd("0.001").Units * (uint)Many;
        var row = await StartCampaignAsync(test, payee, new Amount(Asset.Usd, reachesGoal ? goal : goal + 1));
        await Parallel.ForEachAsync(Enumerable.Range(0, Many), new ParallelOptions { MaxDegreeOfParallelism = 256 },
            async (i, _) => Given(await test.Domain.Pledges.PledgeAsync(wallets[i % wallets.Count].Id, new(row.Id), test.NewKey(), Usd("0.001"))));
        Assert.Equal((CampaignStatus.Open, goal, (UInt128)Many), await SeenAsync(test, row));

        test.Time.Advance(TimeSpan.FromDays(1));
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var clock = Stopwatch.StartNew();
        await RunAsync(test, row);
        Assert.True(clock.Elapsed < TimeSpan.FromMinutes(1), $"{Many} pledges took {clock.Elapsed}.");
        // The holds themselves are gone now; what else was needed may not stay.
        Assert.True(GC.GetTotalMemory(forceFullCollection: true) - before < 32 << 20);

        await AssertEndedAsync(test, row, payee, wallets, reachesGoal, goal);
        await RunAsync(test, row);
        await AssertEndedAsync(test, row, payee, wallets, reachesGoal, goal);
        await test.RestartAsync();
        await AssertEndedAsync(test, row, payee, wallets, reachesGoal, goal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Cut_off_after_any_step_the_end_is_finished_by_the_next_run(int steps)
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        List<Wallet> wallets = [await test.NewWalletAsync("10"), await test.NewWalletAsync("10")];
        var row = await StartCampaignAsync(test, payee, Usd("6"));
        var pledges = new List<UInt128>();
        for (var i = 0; i < 7; i++) pledges.Add(Given(await test.Domain.Pledges.PledgeAsync(wallets[i % 2].Id, new(row.Id), test.NewKey(), Usd("1"))).Id.Value);
        Given(await test.Domain.Pledges.WithdrawAsync(wallets[1].Id, new(row.Id), new(pledges[3])));
        test.Time.Advance(TimeSpan.FromDays(1));

        // What a run that was cut off has left behind: so many of its steps.
        if (steps > 0) await SubmitAsync(test, Command.Claim(CampaignAccounts.AtDeadline(row, "campaign-over"), row.Id, row.Id));
        if (steps > 1) await SubmitAsync(test, Command.Claim(CampaignAccounts.AtDeadline(row, "campaign-verdict"), UInt128.One, row.Id));
        if (steps > 2) await SubmitAsync(test, [.. CampaignAccounts.End(row, pledges[6], [], hasSucceeded: true), .. CampaignAccounts.End(row, pledges[5], [], hasSucceeded: true)]);
        if (steps > 3) await RunAsync(test, row);
        await test.RestartAsync();
        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => RunAsync(test, row)));

        await AssertEndedAsync(test, row, payee, wallets, reachesGoal: true, Usd("6").Units, spent: ["4", "2"]);
        Assert.Equal(PaymentStatus.Voided, Given(await test.Domain.Pledges.ReadAsync(wallets[1].Id, new(row.Id), new(pledges[3]))).Status);
    }

    [Fact]
    public async Task The_goal_is_judged_by_what_stood_at_the_deadline_though_the_server_was_off_for_weeks()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("10");
        var row = await StartCampaignAsync(test, payee, Usd("5"));
        Given(await test.Domain.Pledges.PledgeAsync(wallet.Id, new(row.Id), test.NewKey(), Usd("5")));
        await test.RestartAtAsync(test.Time.GetUtcNow().AddDays(29));

        Refused(RefusalCodes.CampaignOver, await test.Domain.Pledges.PledgeAsync(wallet.Id, new(row.Id), test.NewKey(), Usd("1")));
        await RunAsync(test, row);
        await AssertEndedAsync(test, row, payee, [wallet], reachesGoal: true, Usd("5").Units, spent: ["5"]);
    }

    [Fact]
    public async Task A_server_that_was_off_until_all_pledges_had_expired_says_that_the_campaign_failed()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("10");
        var row = await StartCampaignAsync(test, payee, Usd("5"));
        var pledge = Given(await test.Domain.Pledges.PledgeAsync(wallet.Id, new(row.Id), test.NewKey(), Usd("5"))).Id;
        await test.RestartAtAsync(test.Time.GetUtcNow().AddDays(31));

        await RunAsync(test, row);
        await AssertEndedAsync(test, row, payee, [wallet], reachesGoal: false, 0, spent: ["0"]);
        Assert.Equal(PaymentStatus.Expired, Given(await test.Domain.Pledges.ReadAsync(wallet.Id, new(row.Id), pledge)).Status);
    }

    [Fact]
    public async Task An_end_that_the_ledger_refuses_is_not_taken_for_one_that_was_done()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("10");
        var (unpaid, unposted) = (await StartCampaignAsync(test, payee, Usd("1")), await StartCampaignAsync(test, payee, Usd("1")));
        foreach (var row in new[] { unpaid, unposted }) Given(await test.Domain.Pledges.PledgeAsync(wallet.Id, new(row.Id), test.NewKey(), Usd("1")));
        test.Time.Advance(TimeSpan.FromDays(1));

        // The payment is refused while the campaign's account is frozen, and remembered as refused.
        await SubmitAsync(test, Command.ChangeAccount(RecordKind.FreezeAccount, 0x1300, unpaid.Id));
        for (var run = 0; run < 2; run++)
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => RunAsync(test, unpaid));
            Assert.NotEqual(Settings.RowState.Closed, (await test.Settings.FindAsync<CampaignRow>(unpaid.Id))!.State);
        }

        // The id of the end of its pledge is bound to something else.
        var pledge = Assert.Single(await test.Ledger.ReadOpenHoldsAsync(TransferCode.Pledge));
        await SubmitAsync(test, Command.Claim(CampaignAccounts.End(unposted, pledge, [], hasSucceeded: true)[0].Id, 1, pledge));
        await Assert.ThrowsAsync<InvalidOperationException>(() => RunAsync(test, unposted));
        Assert.NotEqual(Settings.RowState.Closed, (await test.Settings.FindAsync<CampaignRow>(unposted.Id))!.State);
        Assert.Equal("0 held 0", await test.BalanceAsync(payee));
    }

    [Fact]
    public async Task Pledges_count_on_the_wallets_own_caps_and_give_back_what_is_withdrawn_or_voided()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("10");
        Given(await test.Domain.WalletCaps.SetAsync(wallet.Id, test.NewKey(), new Caps(null, null, Usd("5")), null));
        var row = await StartCampaignAsync(test, payee, Usd("6"));
        Given(await test.Domain.Pledges.PledgeAsync(wallet.Id, new(row.Id), test.NewKey(), Usd("3")));
        var over = test.NewKey();
        Refused(RefusalCodes.CapExceeded, await test.Domain.Pledges.PledgeAsync(wallet.Id, new(row.Id), over, Usd("2.000001")));
        var second = Given(await test.Domain.Pledges.PledgeAsync(wallet.Id, new(row.Id), test.NewKey(), Usd("2")));
        Assert.Equal("0", await HeadroomAsync(test, wallet));
        Given(await test.Domain.Pledges.WithdrawAsync(wallet.Id, new(row.Id), second.Id));
        Assert.Equal("2", await HeadroomAsync(test, wallet));
        Refused(RefusalCodes.CapExceeded, await test.Domain.Pledges.PledgeAsync(wallet.Id, new(row.Id), over, Usd("2.000001")));

        test.Time.Advance(TimeSpan.FromDays(1));
        await RunAsync(test, row);
        await AssertEndedAsync(test, row, payee, [wallet], reachesGoal: false, 0, spent: ["0"]);
        Assert.Equal("5", await HeadroomAsync(test, wallet));

        var next = await StartCampaignAsync(test, payee, Usd("4"));
        Given(await test.Domain.Pledges.PledgeAsync(wallet.Id, new(next.Id), test.NewKey(), Usd("4")));
        test.Time.Advance(TimeSpan.FromDays(1));
        await RunAsync(test, next);
        await AssertEndedAsync(test, next, payee, [wallet], reachesGoal: true, Usd("4").Units, spent: ["4"]);
        Assert.Equal("1", await HeadroomAsync(test, wallet));
        Assert.Empty(await test.Ledger.ReadOpenHoldsAsync(TransferCode.Allowance));
    }

    [Fact]
    public async Task What_races_with_the_deadline_is_wholly_in_or_wholly_out()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallets = new List<Wallet>();
        for (var i = 0; i < 8; i++) wallets.Add(await test.NewWalletAsync("10"));
        var row = await StartCampaignAsync(test, payee, Usd("0.000001"));
        test.Time.Advance(TimeSpan.FromDays(1) - TimeSpan.FromMilliseconds(40));
        var made = new System.Collections.Concurrent.ConcurrentBag<(Wallet Wallet, Id<PledgeKind> Id)>();
        var withdrawn = 0;
        var clients = Enumerable.Range(0, 64).Select(client => Task.Run(async () =>
        {
            var wallet = wallets[client % wallets.Count];
            for (var round = 0; ; round++)
            {
                var pledge = await test.Domain.Pledges.PledgeAsync(wallet.Id, new(row.Id), test.NewKey(), Usd("0.001"));
                if (pledge.Refusal?.Code == RefusalCodes.CampaignOver) break;
                made.Add((wallet, Given(pledge).Id));
                if (round % 3 != 0) continue;
                if ((await test.Domain.Pledges.WithdrawAsync(wallet.Id, new(row.Id), pledge.Value!.Id)).IsGiven) Interlocked.Increment(ref withdrawn);
            }
        })).ToList();
        // The clock goes on when pledges have come in, so that there are some before, at and after each millisecond.
        for (var tick = 0; tick < 60; tick++)
        {
            var seen = made.Count;
            test.Time.Advance(TimeSpan.FromMilliseconds(1));
            var until = Stopwatch.StartNew();
            while (made.Count < seen + 10 && !clients.TrueForAll(client => client.IsCompleted) && until.Elapsed < TimeSpan.FromMinutes(1)) await Task.Yield();
        }

        await Task.WhenAll(clients);
        await RunAsync(test, row);
        var posted = 0;
        foreach (var (wallet, id) in made)
        {
            var status = Given(await test.Domain.Pledges.ReadAsync(wallet.Id, new(row.Id), id)).Status;
            Assert.NotEqual(PaymentStatus.Held, status);
            if (status == PaymentStatus.Posted) posted++;
        }

        Assert.True(posted > 100 && withdrawn > 50, $"Only {posted} posted and {withdrawn} withdrawn: nothing raced.");
        Assert.Equal(made.Count, posted + withdrawn);
        Assert.Equal((CampaignStatus.Succeeded, Usd("0.001").Units * (uint)posted, (UInt128)posted), await SeenAsync(test, row));
        await AssertEndedAsync(test, row, payee, wallets, reachesGoal: true, Usd("0.001").Units * (uint)posted);
    }

    [Fact]
    public async Task The_ledger_itself_refuses_what_comes_too_late_and_the_key_stays_free()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("10");
        var row = await StartCampaignAsync(test, payee, Usd("5"));
        test.Time.Advance(TimeSpan.FromDays(1) - TimeSpan.FromMilliseconds(1));
        var pledge = Given(await test.Domain.Pledges.PledgeAsync(wallet.Id, new(row.Id), test.NewKey(), Usd("1")));
        test.Time.Advance(TimeSpan.FromMilliseconds(1));

        // Past the look at the clock, as if it had come in a moment earlier.
        var results = await test.Ledger.SubmitAsync(Linked(CampaignAccounts.Pledge(row, 0x1200, 7, wallet.Id.Value, Usd("1"))));
        Assert.Contains(results, result => result.Outcome == Outcome.AccountEnded);
        Assert.Null(await test.Ledger.FindAsync(0x1200));
        Assert.Contains(await test.Ledger.SubmitAsync(Linked(CampaignAccounts.Withdraw(row, pledge.Id.Value, []))), result => result.Outcome == Outcome.AccountEnded);
        Assert.Equal("9 held 1", await test.BalanceAsync(wallet));
        await RunAsync(test, row);
        Assert.Equal("10 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_campaign_whose_making_was_cut_off_is_finished_by_the_next_start()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var row = new CampaignRow(Id<CampaignKind>.New(test.Time).Value, payee.Id.Value, "Cut off", CampaignMode.AllOrNothing, "USD", "5000000", null, 100, test.Time.GetUtcNow().AddDays(1), Settings.RowState.Creating, test.Time.GetUtcNow());
        Assert.True(await test.Settings.WriteAsync(row, DueRow.New(row.Id, DueKind.Campaign, row.DeadlineUnixMilliseconds)));
        Refused(RefusalCodes.CampaignNotFound, await test.Domain.Campaigns.ReadAsync(new(row.Id)));
        await test.RestartAsync();
        Assert.Equal((CampaignStatus.Open, UInt128.Zero, UInt128.Zero), await SeenAsync(test, row));
        var wallet = await test.NewWalletAsync("10");
        Given(await test.Domain.Pledges.PledgeAsync(wallet.Id, new(row.Id), test.NewKey(), Usd("5")));
        test.Time.Advance(TimeSpan.FromDays(1));
        await RunAsync(test, row);
        await AssertEndedAsync(test, row, payee, [wallet], reachesGoal: true, Usd("5").Units, spent: ["5"]);
    }

    [Fact]
    public async Task A_pledge_that_reaches_the_ledger_long_after_the_deadline_is_told_so_each_time()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var row = await StartCampaignAsync(test, payee, Usd("5"));
        var wallet = await test.NewWalletAsync("10");
        var key = test.NewKey();
        Refused(RefusalCodes.CampaignOver, await test.AskAndWaitAsync(async () => await test.Domain.Pledges.PledgeAsync(wallet.Id, new(row.Id), key, Usd("5")), TimeSpan.FromDays(2)));
        Refused(RefusalCodes.CampaignOver, await test.Domain.Pledges.PledgeAsync(wallet.Id, new(row.Id), key, Usd("5")));
        Assert.Equal("10 held 0", await test.BalanceAsync(wallet));
    }

    private static async Task<CampaignRow> StartCampaignAsync(TestSystem test, Payee payee, Amount goal)
    {
        var campaign = Given(await test.Domain.Campaigns.CreateAsync(payee.Id, test.NewKey(),
            new NewCampaign { Name = "The printed edition", Goal = goal, Deadline = test.Time.GetUtcNow().AddDays(1), Mode = CampaignMode.AllOrNothing }));
        return (await test.Settings.FindAsync<CampaignRow>(campaign.Id.Value))!;
    }

    // As the schedule does it: the rows that it gives back are written, unless another run wrote them first.
    private static async Task RunAsync(TestSystem test, CampaignRow row)
    {
        var result = await new CampaignEnder(test.Settings, test.Ledger, test.Domain.Campaigns).RunAsync(row.Id, row.DeadlineUnixMilliseconds);
        Assert.Null(result.Fault);
        if (result.Rows.Length > 0) await test.Settings.WriteAsync(result.Rows);
    }

    private static async Task AssertEndedAsync(TestSystem test, CampaignRow row, Payee payee, List<Wallet> wallets, bool reachesGoal, UInt128 total, string[]? spent = null)
    {
        Assert.Equal((reachesGoal ? CampaignStatus.Succeeded : CampaignStatus.Failed, reachesGoal ? total : UInt128.Zero), (await SeenAsync(test, row)) is var seen ? (seen.Status, seen.Total) : default);
        Assert.Empty(await test.Ledger.ReadOpenHoldsAsync(TransferCode.Pledge));
        var fee = new Amount(Asset.Usd, total).ShareRoundedDown(100).Units;
        Assert.Equal(reachesGoal ? $"{new Amount(Asset.Usd, total - fee).ToDecimalString()} held 0" : "0 held 0", await test.BalanceAsync(payee));
        for (var i = 0; spent is not null && i < wallets.Count; i++) Assert.Equal($"{(Usd("10") - Usd(spent[i])).ToDecimalString()} held 0", await test.BalanceAsync(wallets[i]));
        Assert.Equal(Settings.RowState.Closed, (await test.Settings.FindAsync<CampaignRow>(row.Id))!.State);
    }

    private static async Task<(CampaignStatus Status, UInt128 Total, UInt128 Pledges)> SeenAsync(TestSystem test, CampaignRow row) =>
        Given(await test.Domain.Campaigns.ReadAsync(new(row.Id))) is var seen ? (seen.Status, seen.Total.Units, seen.Pledges) : default;

    private static async Task<string> HeadroomAsync(TestSystem test, Wallet wallet) => Assert.Single(Given(await test.Domain.WalletCaps.ReadAsync(wallet.Id)).Caps).Headroom.ToDecimalString();

    private static async Task SubmitAsync(TestSystem test, params Command[] commands) =>
        Assert.All(await test.Ledger.SubmitAsync(commands), result => Assert.Equal(Outcome.Done, result.Outcome));

    private static Command[] Linked(Command[] chain) => [.. chain.Select((command, i) => command with { Linked = i < chain.Length - 1 })];
}
