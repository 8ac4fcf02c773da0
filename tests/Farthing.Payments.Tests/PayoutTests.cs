using System.Globalization;
using Farthing.Ledger;
using Farthing.Payments.Payees;
using Farthing.Payments.Payouts;
using Farthing.Protocol;
using Farthing.Protocol.Fees;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

public class PayoutTests
{
    private static readonly PaymentOptions Trusting = new() { FeeBasisPoints = 0, Payouts = new() { ReviewNewDestinations = false } };

    [Fact]
    public async Task A_payout_takes_what_is_available_in_whole_cents_and_leaves_what_can_be_refunded()
    {
        await using var test = await StartAsync(Trusting);
        var payee = await test.NewPayeeAsync();
        await EarnAsync(test, payee, "20.123456");
        var fresh = Given(await test.Domain.Payouts.ReadStandingAsync(payee.Id));
        Assert.Equal((Usd("20.123456"), Usd("0")), (fresh.Balance, fresh.Available));
        Assert.Equal(new StayingBehind(StaysFor.Refunds, Usd("20.123456"), TimeSpan.FromMinutes(15)), Assert.Single(fresh.Staying));
        Refused(RefusalCodes.PayoutNotSet, await test.Domain.Payouts.PayOutAsync(As(payee), payee.Id, test.NewKey(), null));
        await SetAsync(test, payee);
        Refused(RefusalCodes.NothingToPayOut, await test.Domain.Payouts.PayOutAsync(As(payee), payee.Id, test.NewKey(), null));

        test.Time.Advance(TimeSpan.FromMinutes(16));
        await EarnAsync(test, payee, "5");
        var standing = Given(await test.Domain.Payouts.ReadStandingAsync(payee.Id));
        Assert.Equal(Usd("20.12"), standing.Available);
        Assert.Equal([(StaysFor.Refunds, Usd("5")), (StaysFor.SmallestUnit, Usd("0.003456"))], standing.Staying.Select(staying => (staying.Why, staying.Amount)));
        var key = test.NewKey();
        var made = Given(await test.Domain.Payouts.PayOutAsync(As(payee), payee.Id, key, null));
        Assert.Equal((PayoutState.Preparing, Usd("20.12"), Usd("0"), "sandbox", PayoutTrigger.Payee), (made.State, made.Amount, made.Cost, made.Rail, made.Trigger));
        Assert.Equal("5.003456 held 0", await test.BalanceAsync(payee));
        Assert.Equal(Usd("20.12"), Given(await test.Domain.Payouts.ReadStandingAsync(payee.Id)).UnderWay);

        await test.RunDueAsync();

        var done = Given(await test.Domain.Payouts.ReadAsync(As(payee), made.Id));
        Assert.Equal(PayoutState.Done, done.State);
        Assert.Equal(Usd("20.12").Units, await TransitAsync(test));
        Assert.Equal(made.Id, Given(await test.Domain.Payouts.PayOutAsync(As(payee), payee.Id, key, null)).Id);
        Refused(RefusalCodes.IdempotencyConflict, await test.Domain.Payouts.PayOutAsync(As(payee), payee.Id, key, Usd("1")));
        var lines = Given(await test.Domain.Statements.ReadAsync(As(payee), null, 10)).Lines;
        Assert.Equal(["payout_post", "payout", "payment", "payment"], lines.Select(line => line.Kind));
        Assert.Equal(["-20.12", "0", "5", "20.123456"], lines.Select(line => line.SignedAmount));
        Assert.All(lines.Take(2), line => Assert.Equal(made.Id, line.Payout));
        Assert.Equal(Usd("5.003456"), lines[0].BalanceAfter);
    }

    [Fact]
    public async Task The_operator_looks_at_new_destinations_and_large_amounts_and_releases_or_refuses()
    {
        await using var test = await StartAsync(new() { FeeBasisPoints = 0, Payouts = new() { ReviewAboveWholeUnits = 10 } });
        var payee = await RichAsync(test, "100");
        await SetAsync(test, payee);

        var first = Given(await test.Domain.Payouts.PayOutAsync(As(payee), payee.Id, test.NewKey(), Usd("1")));
        test.Time.Advance(TimeSpan.FromSeconds(1));
        var second = Given(await test.Domain.Payouts.PayOutAsync(new(CallerKind.Operator, 0), payee.Id, test.NewKey(), Usd("2")));
        await test.RunDueAsync();
        Assert.Equal([second.Id, first.Id], Given(await test.Domain.Payouts.ListAllAsync(PayoutState.Reviewing, null, 10)).Lines.Select(payout => payout.Id));
        Assert.Equal("97 held 0", await test.BalanceAsync(payee));

        var refused = Given(await test.Domain.Payouts.RefuseAsync(second.Id, "Not your account"));
        Assert.Equal(PayoutState.Returned, refused.State);
        Assert.Contains("Not your account", refused.Reason, StringComparison.Ordinal);
        Assert.Equal(refused, Given(await test.Domain.Payouts.RefuseAsync(second.Id, "Another reason")));
        Refused(RefusalCodes.PayoutNotInReview, await test.Domain.Payouts.ReleaseAsync(second.Id));
        Assert.Equal("99 held 0", await test.BalanceAsync(payee));
        Assert.Equal(PayoutState.Preparing, Given(await test.Domain.Payouts.ReleaseAsync(first.Id)).State);
        await test.RunDueAsync();
        Assert.Equal(PayoutState.Done, Given(await test.Domain.Payouts.ReleaseAsync(first.Id)).State);
        Refused(RefusalCodes.PayoutNotInReview, await test.Domain.Payouts.RefuseAsync(first.Id, "Too late"));

        // The destination is known now, but not every amount.
        Assert.Equal(PayoutState.Preparing, Given(await test.Domain.Payouts.PayOutAsync(As(payee), payee.Id, test.NewKey(), Usd("10"))).State);
        var large = Given(await test.Domain.Payouts.PayOutAsync(As(payee), payee.Id, test.NewKey(), Usd("10.01")));
        Assert.Equal(PayoutState.Reviewing, large.State);
        await SetAsync(test, payee, name: "Somebody else");
        Assert.Equal(PayoutState.Reviewing, Given(await test.Domain.Payouts.PayOutAsync(As(payee), payee.Id, test.NewKey(), Usd("0.01"))).State);
        await test.RunDueAsync();
        Assert.Equal(Usd("11").Units, await TransitAsync(test));
        Assert.Equal("78.98 held 0", await test.BalanceAsync(payee));
    }

    [Theory]
    [InlineData(null, PayoutState.Done, "90")]
    [InlineData("fail", PayoutState.Returned, "100")]
    [InlineData("delay:90", PayoutState.Sent, "90")]
    [InlineData("timeout", PayoutState.Done, "90")]
    [InlineData("lost", PayoutState.Done, "90")]
    [InlineData("return:30", PayoutState.Returned, "100")]
    public async Task Whatever_the_rail_does_the_money_is_with_the_payee_or_gone_once(string? instruction, PayoutState state, string balance)
    {
        await using var test = await StartAsync(Trusting);
        var calls = new WatchedPayoutRail();
        test.WrapPayoutRail = rail => calls.Over(rail);
        await test.RestartAsync();
        var payee = await RichAsync(test, "100");
        await SetAsync(test, payee, instruction: instruction);

        var made = Given(await test.Domain.Payouts.PayOutAsync(As(payee), payee.Id, test.NewKey(), Usd("10")));
        await test.RunDueAsync();
        await test.RestartAsync();
        // What failed is asked again within ten minutes at most.
        for (var minute = 0; minute < 4; minute++)
        {
            test.Time.Advance(TimeSpan.FromSeconds(20));
            await test.RunDueAsync();
        }

        var payout = Given(await test.Domain.Payouts.ReadAsync(As(payee), made.Id));
        Assert.Equal(state, payout.State);
        Assert.NotEmpty(payout.WhatToDo);
        Assert.Equal($"{balance} held 0", await test.BalanceAsync(payee));
        Assert.Equal(instruction == "lost" ? 2 : 1, calls.Told);
        Assert.Equal(instruction is "fail" or "delay:90" or "return:30" ? UInt128.Zero : Usd("10").Units, await TransitAsync(test));
        if (instruction != "delay:90") return;
        test.Time.Advance(TimeSpan.FromSeconds(11));
        await test.RunDueAsync();
        Assert.Equal(PayoutState.Done, Given(await test.Domain.Payouts.ReadAsync(As(payee), made.Id)).State);
        Assert.Equal((1, Usd("10").Units), (calls.Told, await TransitAsync(test)));
    }

    [Fact]
    public async Task A_rail_that_does_not_answer_is_asked_by_reference_and_never_told_again_while_it_knows_of_it()
    {
        await using var test = await StartAsync(Trusting);
        var calls = new WatchedPayoutRail();
        test.WrapPayoutRail = rail => calls.Over(rail);
        await test.RestartAsync();
        var payee = await RichAsync(test, "100");
        await SetAsync(test, payee, instruction: "timeout");
        calls.IsDown = true;

        var made = Given(await test.Domain.Payouts.PayOutAsync(As(payee), payee.Id, test.NewKey(), Usd("10")));
        for (var hour = 0; hour < 3; hour++)
        {
            await test.RunDueAsync();
            test.Time.Advance(TimeSpan.FromHours(1));
        }

        await test.RunDueAsync();
        var silent = Given(await test.Domain.Payouts.ReadAsync(As(payee), made.Id));
        Assert.Equal(PayoutState.Sent, silent.State);
        Assert.Contains("does not answer", silent.Reason, StringComparison.Ordinal);
        Assert.Equal((1, "rail_unreachable"), (calls.Told, Assert.Single(Given(await test.Domain.Schedule.ListFailingAsync(null, 10)).Lines).Fault));

        calls.IsDown = false;
        test.Time.Advance(TimeSpan.FromHours(1));
        await test.RunDueAsync();
        Assert.Equal(PayoutState.Done, Given(await test.Domain.Payouts.ReadAsync(As(payee), made.Id)).State);
        Assert.Equal((1, Usd("10").Units), (calls.Told, await TransitAsync(test)));
    }

    [Fact]
    public async Task What_came_back_is_paid_out_again_without_waiting_once_more()
    {
        await using var test = await StartAsync(Trusting with { DefaultRefundWindow = TimeSpan.FromDays(10) });
        var payee = await test.NewPayeeAsync();
        await EarnAsync(test, payee, "10");
        test.Time.Advance(TimeSpan.FromDays(11));
        await SetAsync(test, payee, instruction: "return:60");
        Given(await test.Domain.Payouts.PayOutAsync(As(payee), payee.Id, test.NewKey(), null));
        await test.RunDueAsync();
        test.Time.Advance(TimeSpan.FromMinutes(2));
        await test.RunDueAsync();

        Assert.Equal(Usd("10"), Given(await test.Domain.Payouts.ReadStandingAsync(payee.Id)).Available);
        await SetAsync(test, payee);
        Given(await test.Domain.Payouts.PayOutAsync(As(payee), payee.Id, test.NewKey(), null));
        await test.RunDueAsync();
        Assert.Equal("0 held 0", await test.BalanceAsync(payee));
        Assert.Equal(Usd("10").Units, await TransitAsync(test));
    }

    [Fact]
    public async Task The_longest_refund_window_counts_that_of_shared_offers_too()
    {
        await using var test = await StartAsync(Trusting);
        var (owner, sharer) = (await test.NewPayeeAsync(), await test.NewPayeeAsync());
        var wallet = await test.NewWalletAsync("10");
        var offer = await test.NewOfferAsync(owner, "1", 7200, [new(owner.Id, 5_000), new(sharer.Id, 5_000)]);
        Given(await test.Desk.PayAsync(new() { Wallet = wallet.Id, Key = test.NewKey(), Offer = offer.Id }));
        test.Time.Advance(TimeSpan.FromMinutes(119));
        foreach (var payee in new[] { owner, sharer }) Assert.Equal((Usd("0"), TimeSpan.FromHours(2)), (await LookAsync(payee)));
        test.Time.Advance(TimeSpan.FromMinutes(2));
        foreach (var payee in new[] { owner, sharer }) Assert.Equal(Usd("0.5"), Given(await test.Domain.Payouts.ReadStandingAsync(payee.Id)).Available);

        async Task<(Amount, TimeSpan)> LookAsync(Payee payee) => Given(await test.Domain.Payouts.ReadStandingAsync(payee.Id)) is var standing ? (standing.Available, standing.Staying[0].Window) : default;
    }

    [Theory]
    [InlineData(null, "4", StaysFor.Disputes, "6")]
    [InlineData(1000u, "9.4", StaysFor.Kept, "0.6")]
    public async Task What_card_holders_may_dispute_stays_or_the_part_that_the_operator_keeps(uint? kept, string available, StaysFor why, string stays)
    {
        await using var test = await StartAsync(new() { FeeBasisPoints = 0, Payouts = new() { DisputeWindow = TimeSpan.FromDays(120), KeptBasisPoints = kept } });
        var payee = await test.NewPayeeAsync();
        await EarnAsync(test, payee, "4");
        test.Time.Advance(TimeSpan.FromDays(100));
        await EarnAsync(test, payee, "6");
        test.Time.Advance(TimeSpan.FromDays(21));
        var standing = Given(await test.Domain.Payouts.ReadStandingAsync(payee.Id));
        Assert.Equal(Usd(available), standing.Available);
        Assert.Equal(new StayingBehind(why, Usd(stays), TimeSpan.FromDays(120)), Assert.Single(standing.Staying));
    }

    [Fact]
    public async Task What_the_rail_takes_is_shown_before_taken_from_the_sum_and_refused_where_it_is_too_much()
    {
        var costs = new Dictionary<string, string> { ["sandbox"] = "bank-transfer" };
        await using var test = await StartAsync(new() { FeeBasisPoints = 0, Payouts = new() { ReviewNewDestinations = false, CostSchedules = costs } });
        var schedule = FeeSchedules.Published.Find("bank-transfer", Asset.Usd, new(2026, 11, 23))!;
        var cost = schedule.CostOf(Usd("10"));
        Assert.Equal(Usd("0.25"), cost);
        var payee = await RichAsync(test, "100");
        await SetAsync(test, payee, instruction: "return:30");

        var refused = await test.Domain.Payouts.PayOutAsync(As(payee), payee.Id, test.NewKey(), Usd("2.49"));
        Refused(RefusalCodes.RailCostTooHigh, refused);
        Assert.Equal("2.5", ((AmountJson)refused.Refusal!.Facts!["least"]).Amount);
        Assert.Equal("100 held 0", await test.BalanceAsync(payee));
        var standing = Given(await test.Domain.Payouts.ReadStandingAsync(payee.Id));
        Assert.Equal((Usd("100"), Usd("0.25"), null), (standing.Available, standing.Cost, standing.Obstacle));
        Assert.Equal(cost, Given(await test.Domain.Payouts.ReadCostAsync(payee.Id, Usd("10"))));
        var made = Given(await test.Domain.Payouts.PayOutAsync(As(payee), payee.Id, test.NewKey(), Usd("10")));
        Assert.Equal((cost, Usd("9.75")), (made.Cost, made.Arrives));
        await test.RunDueAsync();
        Assert.Equal(("90 held 0", Usd("9.75").Units), (await test.BalanceAsync(payee), await TransitAsync(test)));
        test.Time.Advance(TimeSpan.FromMinutes(1));
        await test.RunDueAsync();
        Assert.Equal(("99.75 held 0", UInt128.Zero), (await test.BalanceAsync(payee), await TransitAsync(test)));
        Assert.Equal(cost.Units, (await test.Ledger.ReadAccountAsync(ChartOfAccounts.RailCost("sandbox", Asset.Usd)))!.Value.Balances.Available);
        Assert.Contains("9.75 USD", Given(await test.Domain.Payouts.ReadAsync(As(payee), made.Id)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rail_whose_cost_nobody_knows_pays_nothing_out_and_what_is_dear_says_so()
    {
        var unknown = new Dictionary<string, string> { ["sandbox"] = "card-us" };
        await using var test = await StartAsync(new() { FeeBasisPoints = 0, Payouts = new() { CostSchedules = unknown } });
        var payee = await RichAsync(test, "100");
        await SetAsync(test, payee);
        Refused(RefusalCodes.RailNotAvailable, await test.Domain.Payouts.PayOutAsync(As(payee), payee.Id, test.NewKey(), null));
        Assert.Equal((null, RefusalCodes.RailNotAvailable), (Given(await test.Domain.Payouts.ReadStandingAsync(payee.Id)) is var standing ? standing.Cost : default, standing.Obstacle?.Code));
        Assert.Equal("100 held 0", await test.BalanceAsync(payee));
    }

    [Fact]
    public async Task A_rail_with_coarser_amounts_than_its_schedule_pays_nothing_out()
    {
        var finer = new Dictionary<string, string> { ["sandbox"] = "token" };
        await using var test = await StartAsync(new() { FeeBasisPoints = 0, Payouts = new() { CostSchedules = finer } });
        var payee = await RichAsync(test, "100");
        await SetAsync(test, payee);
        Refused(RefusalCodes.RailNotAvailable, await test.Domain.Payouts.PayOutAsync(As(payee), payee.Id, test.NewKey(), Usd("50")));
        Assert.Equal("100 held 0", await test.BalanceAsync(payee));
    }

    [Fact]
    public async Task A_rail_that_hangs_keeps_nobody_else_waiting_and_is_asked_before_it_is_told_again()
    {
        await using var test = await StartAsync(Trusting);
        var calls = new WatchedPayoutRail { Hangs = true };
        test.WrapPayoutRail = rail => calls.Over(rail);
        await test.RestartAsync();
        var payee = await RichAsync(test, "100");
        await SetAsync(test, payee);
        // More than the schedule does at once.
        for (var i = 0; i < 10; i++) Given(await test.Domain.Payouts.PayOutAsync(As(payee), payee.Id, test.NewKey(), Usd("1")));
        await test.RunScheduleAsync(async () =>
        {
            test.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
            if (calls.Told < 10) return false;
            calls.Hangs = false;
            return (await test.Domain.Payouts.ListAsync(payee.Id, null, 20)).Value!.Lines.All(payout => payout.State == PayoutState.Done);
        });
        Assert.Equal(("90 held 0", Usd("10").Units), (await test.BalanceAsync(payee), await TransitAsync(test)));
    }

    [Fact]
    public async Task A_payee_has_so_many_destinations_and_no_more()
    {
        await using var test = await StartAsync(Trusting);
        var payee = await test.NewPayeeAsync();
        var settings = test.Domain.PayoutSettings;
        for (var i = 0; i < PayoutSettings.MaxDestinations; i++) Given(await settings.SetAsync(payee.Id, test.NewKey(), new("sandbox", new($"Account {i}"))));
        Refused(RefusalCodes.TooManyDestinations, await settings.SetAsync(payee.Id, test.NewKey(), new("sandbox", new("One more"))));
        Assert.Equal("Account 0", Given(await settings.SetAsync(payee.Id, test.NewKey(), new("sandbox", new("Account 0")))).Destination.Name);
        Refused(RefusalCodes.InvalidDestination, await settings.SetAsync(payee.Id, test.NewKey(), new("sandbox", new("Account 0", new string('1', PayoutDestination.MaxPartLength + 1)))));
    }

    [Fact]
    public async Task Each_wrong_setting_and_payout_has_its_refusal_and_moves_nothing()
    {
        await using var test = await StartAsync(Trusting);
        var payee = await RichAsync(test, "100");
        var other = await test.NewPayeeAsync();
        var settings = test.Domain.PayoutSettings;
        var good = new NewPayoutSetting("sandbox", new("The Newsroom"));
        Refused(RefusalCodes.PayeeNotFound, await settings.SetAsync(Id<PayeeKind>.New(test.Time), test.NewKey(), good));
        Refused(RefusalCodes.RailNotAvailable, await settings.SetAsync(payee.Id, test.NewKey(), good with { Rail = "pigeon" }));
        Refused(RefusalCodes.InvalidDestination, await settings.SetAsync(payee.Id, test.NewKey(), good with { Destination = new(" ") }));
        Refused(RefusalCodes.InvalidDestination, await settings.SetAsync(payee.Id, test.NewKey(), good with { Destination = new("N", Instruction: "delay:soon") }));
        Refused(RefusalCodes.CurrencyMismatch, await settings.SetAsync(payee.Id, test.NewKey(), good with { Threshold = new(Asset.Eur, 1) }));
        Refused(RefusalCodes.InvalidField, await settings.SetAsync(payee.Id, test.NewKey(), good with { TimeZone = "Europe/Atlantis" }));
        Assert.Null(await settings.FindAsync(payee.Id));
        var key = test.NewKey();
        Assert.Equal(PayoutRhythm.Off, Given(await settings.SetAsync(payee.Id, key, good)).Rhythm);
        Given(await settings.SetAsync(payee.Id, key, good));
        Refused(RefusalCodes.IdempotencyConflict, await settings.SetAsync(payee.Id, key, good with { Rhythm = PayoutRhythm.Daily }));

        var desk = test.Domain.Payouts;
        Refused(RefusalCodes.CurrencyMismatch, await desk.PayOutAsync(As(payee), payee.Id, test.NewKey(), new(Asset.Eur, 1)));
        Refused(RefusalCodes.AmountMustNotBeZero, await desk.PayOutAsync(As(payee), payee.Id, test.NewKey(), Usd("0")));
        Refused(RefusalCodes.TooManyDecimals, await desk.PayOutAsync(As(payee), payee.Id, test.NewKey(), Usd("1.001")));
        Refused(RefusalCodes.PayoutExceedsAvailable, await desk.PayOutAsync(As(payee), payee.Id, test.NewKey(), Usd("100.01")));
        Refused(RefusalCodes.PayeeNotFound, await desk.PayOutAsync(As(payee), Id<PayeeKind>.New(test.Time), test.NewKey(), null));
        Refused(RefusalCodes.IdempotencyKeyInFuture, await desk.PayOutAsync(As(payee), payee.Id, Key(Guid.CreateVersion7(test.Time.GetUtcNow().AddMinutes(6)).ToString()), Usd("1")));
        var made = Given(await desk.PayOutAsync(As(payee), payee.Id, test.NewKey(), Usd("1")));
        Refused(RefusalCodes.PayoutNotFound, await desk.ReadAsync(As(other), made.Id));
        Refused(RefusalCodes.PayoutNotFound, await desk.ReadAsync(As(payee), Id<PayoutKind>.New(test.Time)));
        Refused(RefusalCodes.PayoutNotFound, await desk.ReleaseAsync(Id<PayoutKind>.New(test.Time)));
        Refused(RefusalCodes.PayoutNotFound, await desk.RefuseAsync(Id<PayoutKind>.New(test.Time), "No"));
        Refused(RefusalCodes.InvalidField, await desk.RefuseAsync(made.Id, " "));
        Refused(RefusalCodes.InvalidCursor, await desk.ListAsync(other.Id, "no cursor", 10));
        await desk.WakeAsync(Id<PayoutKind>.New(test.Time));
        Assert.Equal("99 held 0", await test.BalanceAsync(payee));
    }

    [Fact]
    public async Task Of_many_who_ask_at_once_none_is_given_more_than_is_there()
    {
        await using var test = await StartAsync(Trusting);
        var payee = await RichAsync(test, "10");
        await SetAsync(test, payee);
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(async () => await test.Domain.Payouts.PayOutAsync(As(payee), payee.Id, test.NewKey(), Usd("3")))));
        Assert.Equal((3, 13), (answers.Count(answer => answer.IsGiven), answers.Count(answer => answer.Refusal?.Code == RefusalCodes.PayoutExceedsAvailable)));
        await test.RunDueAsync();
        Assert.Equal(("1 held 0", Usd("9").Units), (await test.BalanceAsync(payee), await TransitAsync(test)));
    }

    internal static async Task<UInt128> TransitAsync(TestSystem test) => (await test.Ledger.ReadAccountAsync(ChartOfAccounts.RailTransit("sandbox", Asset.Usd)))?.Balances.Available ?? 0;

    internal static async Task SetAsync(TestSystem test, Payee payee, string? instruction = null, string name = "The Newsroom", PayoutRhythm rhythm = PayoutRhythm.Off, string? threshold = null, string? timeZone = null) =>
        Given(await test.Domain.PayoutSettings.SetAsync(payee.Id, test.NewKey(), new("sandbox", new(name, Instruction: instruction), threshold is null ? null : Usd(threshold), rhythm, timeZone)));

    /// <summary>A payee whose receipts are old.</summary>
    internal static async Task<Payee> RichAsync(TestSystem test, string amount)
    {
        var payee = await test.NewPayeeAsync();
        await EarnAsync(test, payee, amount);
        test.Time.Advance(TimeSpan.FromMinutes(16));
        return payee;
    }

    internal static async Task EarnAsync(TestSystem test, Payee payee, string amount)
    {
        var wallet = await test.NewWalletAsync(decimal.Ceiling(decimal.Parse(amount, CultureInfo.InvariantCulture)).ToString(CultureInfo.InvariantCulture));
        Given(await test.Desk.PayAsync(test.Pay(wallet, payee, amount)));
    }
}

/// <summary>A rail whose calls are counted, and which may be down.</summary>
internal sealed class WatchedPayoutRail : IPayoutRail
{
    private IPayoutRail rail = null!;
    private int told;

    public int Told => Volatile.Read(ref told);

    public bool IsDown { get; set; }

    /// <summary>What it says when it is asked, where no restore of ours reaches; null for what the rail beneath says.</summary>
    public PayoutRailAnswer? Remembers { get; set; }

    /// <summary>True if who is told never answers.</summary>
    public bool Hangs { get; set; }

    public string Name => rail.Name;

    public WatchedPayoutRail Over(IPayoutRail inner)
    {
        rail = inner;
        return this;
    }

    public int? DecimalsOf(Asset asset) => rail.DecimalsOf(asset);

    public Answer<PayoutDestination> Check(PayoutDestination destination, Asset asset) => rail.Check(destination, asset);

    public async ValueTask<PayoutRailAnswer> PayAsync(OutgoingPayout payout)
    {
        Interlocked.Increment(ref told);
        if (Hangs) await new TaskCompletionSource().Task;
        return await rail.PayAsync(payout);
    }

    public ValueTask<PayoutRailAnswer> AskAsync(Id<PayoutKind> reference) => IsDown ? throw new IOException("The line is cut.") : Remembers is { } answer ? new(answer) : rail.AskAsync(reference);
}
