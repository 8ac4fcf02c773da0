using System.Numerics;
using Farthing.Payments.Desk;
using Farthing.Payments.Meters;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Payments.RoundUps;
using Farthing.Payments.Tabs;
using Farthing.Payments.Tests.Year;
using Farthing.Payments.Wallets;
using Farthing.Protocol;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

/// <summary>
/// The process ends between any two steps of a purchase, be they writes of the settings or appends to the journal. Everything is opened again, the same is asked with the
/// same keys, and there is exactly one of each. By default the process ends once, before the last step; the long run ends it after each.
/// </summary>
public sealed class PricingCrashTests
{
    private static bool IsLong => Environment.GetEnvironmentVariable("FARTHING_LONG") == "1";

    [Fact]
    public Task A_first_read_opens_one_tab_and_is_owed_once() => EndAfterEachAsync(7, "read 0.04 USD, Open, owed 0.04 USD, in all open 0.04 USD paid 0 USD lost 0 USD", async test =>
    {
        var (payee, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync());
        var read = Buy(test, wallet, await OnTabAsync(test, payee));
        return async () => $"read {Given(await test.Desk.PayAsync(read)).Amount}, {await TabAsync(test, wallet, payee)}";
    });

    [Fact]
    public Task A_further_read_is_owed_once() => EndAfterEachAsync(1, "read 0.04 USD, Full, owed 0.08 USD, in all open 0.08 USD paid 0 USD lost 0 USD", async test =>
    {
        var (payee, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync());
        var offer = await OnTabAsync(test, payee);
        Given(await test.Desk.PayAsync(Buy(test, wallet, offer)));
        var read = Buy(test, wallet, offer);
        return async () => $"read {Given(await test.Desk.PayAsync(read)).Amount}, {await TabAsync(test, wallet, payee)}";
    });

    [Fact]
    public Task A_tab_is_paid_once() => EndAfterEachAsync(1, "paid 0.08 USD, Open, owed 0 USD, in all open 0 USD paid 0.08 USD lost 0 USD, wallet 0.92 held 0, payee 0.0792 held 0", async test =>
    {
        var (payee, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync("1"));
        var offer = await OnTabAsync(test, payee);
        for (var i = 0; i < 2; i++) Given(await test.Desk.PayAsync(Buy(test, wallet, offer)));
        var key = test.NewKey();
        var tab = Assert.Single(Given(await test.Domain.Tabs.ListAsync(As(wallet), null, 10)).Lines);
        return async () => $"paid {Given(await test.Domain.Tabs.PayAsync(wallet.Id, tab.Id, key)).Amount}, {await TabAsync(test, wallet, payee)}, {await BalancesAsync(test, wallet, payee)}";
    });

    [Fact]
    public Task A_top_up_pays_a_full_tab_once() => EndAfterEachAsync(3, "Posted, Open, owed 0 USD, in all open 0 USD paid 0.08 USD lost 0 USD, wallet 0.92 held 0, payee 0.0792 held 0", async test =>
    {
        var (payee, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync());
        var offer = await OnTabAsync(test, payee);
        for (var i = 0; i < 2; i++) Given(await test.Desk.PayAsync(Buy(test, wallet, offer)));
        return await TopUpAsync(test, wallet, payee);
    });

    [Fact]
    public Task A_tab_that_is_not_paid_in_time_is_lost_once() => EndAfterEachAsync(2, "Lost, owed 0.04 USD, in all open 0 USD paid 0 USD lost 0.04 USD", async test =>
    {
        var (payee, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync());
        Given(await test.Desk.PayAsync(Buy(test, wallet, await OnTabAsync(test, payee))));
        test.Time.Advance(TimeSpan.FromDays(31));
        return async () =>
        {
            await test.RunDueAsync();
            return await TabAsync(test, wallet, payee);
        };
    });

    [Fact]
    public Task A_lost_tab_is_made_good_once_by_a_top_up() => EndAfterEachAsync(3, "Posted, Open, owed 0 USD, in all open 0 USD paid 0.04 USD lost 0 USD, wallet 0.96 held 0, payee 0.0396 held 0", async test =>
    {
        var (payee, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync());
        Given(await test.Desk.PayAsync(Buy(test, wallet, await OnTabAsync(test, payee))));
        test.Time.Advance(TimeSpan.FromDays(31));
        await test.RunDueAsync();
        return await TopUpAsync(test, wallet, payee);
    });

    [Fact]
    public Task A_meter_is_started_once() => EndAfterEachAsync(2, "Held, ceiling 0.5 USD, wallet 0.5 held 0.5, payee 0 held 0.5", async test =>
    {
        var (payee, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync("1"));
        var start = Buy(test, wallet, await MeteredAsync(test, payee));
        return async () =>
        {
            var meter = Given(await test.Domain.Meters.StartAsync(start));
            return $"{meter.Payment.Status}, ceiling {meter.Ceiling}, {await BalancesAsync(test, wallet, payee)}";
        };
    });

    [Fact]
    public Task A_meter_whose_start_is_repeated_when_its_silence_is_over_still_stops_by_itself() => EndAfterEachAsync(4, "started at 0 USD, wallet 0.9 held 0, payee 0.099 held 0", async test =>
    {
        var (payee, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync("1"));
        var start = Buy(test, wallet, await MeteredAsync(test, payee));
        return async () =>
        {
            var meter = Given(await test.Domain.Meters.StartAsync(start));
            await StopBySilenceAsync(test);
            return $"started at {meter.Cost}, {await BalancesAsync(test, wallet, payee)}";
        };
    }, afterTheEnd: StopBySilenceAsync);

    [Fact]
    public async Task A_meter_stops_by_itself_however_often_its_start_is_cut_off_and_though_nobody_repeats_it()
    {
        await using var test = await StartAsync();
        var (payee, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync("1"));
        var start = Buy(test, wallet, await MeteredAsync(test, payee));
        // Behind its rows; then, as there are rows, behind each of what is left to do. In between the schedule finds nothing to stop.
        foreach (var step in new[] { 1, 1, 2 })
        {
            test.Moments.EndAt(2 * step);
            await AskInVainAsync(test, async () => Given(await test.Domain.Meters.StartAsync(start)).ToString());
            Assert.True(test.Moments.Ended.IsCompleted);
            await test.RestartAsync();
            await StopBySilenceAsync(test);
            Assert.EndsWith(" held 0", await test.BalanceAsync(wallet), StringComparison.Ordinal);
        }

        Assert.Equal("wallet 0.9 held 0, payee 0.099 held 0", await BalancesAsync(test, wallet, payee));
        await CheckBooksAsync(test);
    }

    [Fact]
    public Task What_a_meter_reports_is_counted_once() => EndAfterEachAsync(1, "7 units, cost 0.07 USD, Held", async test =>
    {
        var (payee, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync("1"));
        var id = Given(await test.Domain.Meters.StartAsync(Buy(test, wallet, await MeteredAsync(test, payee, MeteredBy.Unit)))).Id;
        return async () =>
        {
            var meter = Given(await test.Domain.Meters.ReportAsync(payee.Id, id, 7));
            return $"{meter.Units} units, cost {meter.Cost}, {meter.Payment.Status}";
        };
    });

    [Fact]
    public Task What_several_counters_of_a_site_report_is_counted_once_each() => EndAfterEachAsync(3, "12 units, cost 0.12 USD, Held, wallet 0.5 held 0.5, payee 0 held 0.5", async test =>
    {
        var (payee, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync("1"));
        var id = Given(await test.Domain.Meters.StartAsync(Buy(test, wallet, await MeteredAsync(test, payee, MeteredBy.Unit)))).Id;
        return () => ReportAsync(test, wallet, payee, id, 3, 4, 5);
    });

    [Fact]
    public Task Counters_that_together_pass_the_ceiling_are_paid_it_once() => EndAfterEachAsync(3, "70 units, cost 0.5 USD, Posted, wallet 0.5 held 0, payee 0.495 held 0", async test =>
    {
        var (payee, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync("1"));
        var id = Given(await test.Domain.Meters.StartAsync(Buy(test, wallet, await MeteredAsync(test, payee, MeteredBy.Unit)))).Id;
        return () => ReportAsync(test, wallet, payee, id, 30, 40);
    });

    [Fact]
    public async Task A_meter_past_its_ceiling_is_paid_no_more_though_everything_ends_before_it_is_stopped_and_no_counter_comes_again()
    {
        await using var test = await StartAsync();
        var (payee, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync("1"));
        var id = Given(await test.Domain.Meters.StartAsync(Buy(test, wallet, await MeteredAsync(test, payee, MeteredBy.Unit)))).Id;
        // Behind the second report's rows, and before the hold is posted.
        test.Moments.EndAt(2 * 2);
        await AskInVainAsync(test, () => ReportAsync(test, wallet, payee, id, 30, 40));
        Assert.True(test.Moments.Ended.IsCompleted);
        await test.RestartAsync();
        Assert.Equal("wallet 0.5 held 0.5, payee 0 held 0.5", await BalancesAsync(test, wallet, payee));
        await StopBySilenceAsync(test);
        Assert.Equal("wallet 0.5 held 0, payee 0.495 held 0", await BalancesAsync(test, wallet, payee));
        await CheckBooksAsync(test);
    }

    [Fact]
    public Task A_meter_that_is_stopped_is_paid_once() => EndAfterEachAsync(1, "Posted, cost 0.03 USD, wallet 0.97 held 0, payee 0.0297 held 0", async test =>
    {
        var (payee, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync("1"));
        var id = Given(await test.Domain.Meters.StartAsync(Buy(test, wallet, await MeteredAsync(test, payee)))).Id;
        test.Time.Advance(TimeSpan.FromSeconds(3));
        return async () =>
        {
            var meter = Given(await test.Domain.Meters.StopAsync(As(wallet), id));
            return $"{meter.Payment.Status}, cost {meter.Cost}, {await BalancesAsync(test, wallet, payee)}";
        };
    });

    [Fact]
    public Task A_meter_that_fell_silent_is_paid_once() => EndAfterEachAsync(2, "Posted, cost 0.1 USD, wallet 0.9 held 0, payee 0.099 held 0", async test =>
    {
        var (payee, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync("1"));
        var id = Given(await test.Domain.Meters.StartAsync(Buy(test, wallet, await MeteredAsync(test, payee)))).Id;
        test.Time.Advance(TimeSpan.FromSeconds(60));
        return async () =>
        {
            await test.RunDueAsync();
            var meter = Given(await test.Domain.Meters.ReadAsync(As(payee), id));
            return $"{meter.Payment.Status}, cost {meter.Cost}, {await BalancesAsync(test, wallet, payee)}";
        };
    });

    [Fact]
    public Task A_bundle_is_bought_once_and_covers_what_it_lists() => EndAfterEachAsync(3, "one payment of 0.5 USD, entitled True, wallet 0.5 held 0, payee 0.2475 held 0, other 0.2475 held 0", async test =>
    {
        var (payee, other, wallet) = (await test.NewPayeeAsync(), await test.NewPayeeAsync(), await test.NewWalletAsync("1"));
        var offer = Given(await test.Domain.Offers.CreateAsync(payee.Id, test.NewKey(),
            new NewOffer("The archive", null, new PerUse(Usd("0.5"))) { Resources = ["/archive/*"], Splits = [new(payee.Id, 5000), new(other.Id, 5000)] }));
        PaymentRequest[] requests =
        [
            Buy(test, wallet, offer),
            // Another key for the same bundle, and a page of it.
            Buy(test, wallet, offer),
            new() { Wallet = wallet.Id, Key = test.NewKey(), Terms = test.TermsOf(payee, resource: "/archive/1", lifetimeSeconds: 100_000) },
        ];
        return async () =>
        {
            var answers = new List<Payment>();
            foreach (var request in requests) answers.Add(Given(await test.Desk.PayAsync(request)));
            var one = Assert.Single(answers.DistinctBy(answer => answer.Id));
            return $"one payment of {one.Amount}, entitled {answers[2].Entitlement is not null}, {await BalancesAsync(test, wallet, payee)}, other {await test.BalanceAsync(other)}";
        };
    });

    [Fact]
    public Task A_day_is_used_up_once_and_then_costs_nothing() => EndAfterEachAsync(4, "0.06 USD, 0.04 USD, 0.04 USD, 2 payments, wallet 0.9 held 0, payee 0.099 held 0", async test =>
    {
        var (payee, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync("1"));
        var offer = Given(await test.Domain.Offers.CreateAsync(payee.Id, test.NewKey(), new NewOffer("The newspaper", null, new PerUse(Usd("0.06")) { DayCap = new(Usd("0.1"), "Europe/Paris") })));
        var requests = Enumerable.Range(0, 3).Select(_ => Buy(test, wallet, offer)).ToList();
        return async () =>
        {
            var answers = new List<Payment>();
            foreach (var request in requests) answers.Add(Given(await test.Desk.PayAsync(request)));
            return $"{string.Join(", ", answers.Select(answer => answer.Amount))}, {answers.DistinctBy(answer => answer.Id).Count()} payments, {await BalancesAsync(test, wallet, payee)}";
        };
    });

    [Fact]
    public Task A_months_round_up_is_begun_once() => EndAfterEachAsync(1, "Active, one, 0 paid", async test =>
    {
        var (charity, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync("1"));
        var key = test.NewKey();
        return async () =>
        {
            var made = Given(await test.Domain.RoundUps.CreateAsync(wallet.Id, key, new NewRoundUp(charity.Id, null, Usd("0.1"), null, null)));
            Assert.Equal(made.Id, Assert.Single(Given(await test.Domain.RoundUps.ListAsync(wallet.Id, null, 10)).Lines).Id);
            return $"{made.Status}, one, {made.Paid} paid";
        };
    });

    [Fact]
    public Task A_months_round_up_is_given_once() => EndAfterEachAsync(3, "paid 1 missed 0, to come 0 USD, wallet 9.9 held 0, payee 0.0693 held 0", async test =>
    {
        var (shop, charity, wallet) = (await test.NewPayeeAsync(), await test.NewPayeeAsync(), await test.NewWalletAsync("10"));
        var id = Given(await test.Domain.RoundUps.CreateAsync(wallet.Id, test.NewKey(), new NewRoundUp(charity.Id, null, Usd("0.1"), null, null))).Id;
        Given(await test.Desk.PayAsync(test.Pay(wallet, shop, "0.03")));
        test.Time.Advance(TimeSpan.FromDays(31));
        return async () =>
        {
            await test.RunDueAsync();
            var seen = Given(await test.Domain.RoundUps.ReadAsync(wallet.Id, id));
            return $"paid {seen.Paid} missed {seen.Missed}, to come {seen.SoFar}, {await BalancesAsync(test, wallet, charity)}";
        };
    });

    /// <summary>Ends everything after a step, opens it again and asks again.</summary>
    /// <param name="steps">How many steps what is asked takes.</param>
    /// <param name="expected">What is answered and to be seen then.</param>
    /// <param name="prepare">Makes what is there before, and gives what is asked, each time with the same keys.</param>
    /// <param name="afterTheEnd">What happens between the end and the repeat.</param>
    private static async Task EndAfterEachAsync(int steps, string expected, Func<TestSystem, Task<Func<Task<string>>>> prepare, Func<TestSystem, Task>? afterTheEnd = null)
    {
        var ended = 0;
        foreach (var step in Enumerable.Range(1, steps + 1).Where(step => IsLong || step == Math.Max(1, steps - 1)))
        {
            await using var test = await StartAsync();
            var ask = await prepare(test);
            // The moment after it.
            test.Moments.EndAt(2 * step);
            if (step <= steps)
            {
                await AskInVainAsync(test, ask);
                Assert.True(test.Moments.Ended.IsCompleted, $"There is no step {step}.");
                await test.RestartAsync();
                if (afterTheEnd is not null) await afterTheEnd(test);
                ended++;
            }

            Assert.Equal($"After step {step}: {expected}", $"After step {step}: {await ask()}");
            Assert.False(test.Moments.Ended.IsCompleted, $"There is a step {step}.");
            test.Moments.EndAt(0);
            Assert.Equal(expected, await ask());
            await CheckBooksAsync(test);
        }

        Assert.Equal(IsLong ? steps : 1, ended);
    }

    private static async Task AskInVainAsync(TestSystem test, Func<Task<string>> ask)
    {
        try
        {
            await await Task.WhenAny(ask(), test.Moments.Ended);
        }
        catch (Exception) when (test.Moments.Ended.IsCompleted)
        {
            // Nobody hears the answer.
        }
    }

    /// <summary>Every account holds what its records add up to and is not below zero, each asset sums to zero, and statements to balances.</summary>
    internal static async Task CheckBooksAsync(TestSystem test)
    {
        var books = new Books();
        foreach (var record in test.Ledger.ReadFrom(0)) books.Add(record);
        Assert.True(books.Checked > 0);
        foreach (var (id, account) in books.Accounts.Where(account => !account.Value.HasEnded)) Assert.Equal(account.Balances, (await test.Ledger.ReadAccountAsync(id))!.Value.Balances);
        foreach (var asset in books.Accounts.Values.GroupBy(account => account.Asset))
            Assert.Equal(Sum(asset.Select(account => account.DebitsPosted)), Sum(asset.Select(account => account.CreditsPosted)));
        foreach (var caller in books.Accounts.Keys.SelectMany(id => new Caller[] { new(CallerKind.Wallet, id), new(CallerKind.Payee, id) }))
        {
            var isKnown = caller.Kind == CallerKind.Wallet ? await test.Domain.Wallets.FindAsync(caller.Wallet) is not null : await test.Domain.Payees.FindAsync(caller.Payee) is not null;
            if (!isKnown) continue;
            var lines = Given(await test.Domain.Statements.ReadAsync(caller, null, 200)).Lines;
            var balances = books.Accounts[caller.Account].Balances;
            Assert.Equal((BigInteger)balances.CreditsPosted - balances.DebitsPosted, lines.Aggregate(BigInteger.Zero, (sum, line) => sum + line.SignedUnits));
        }

        static BigInteger Sum(IEnumerable<UInt128> units) => units.Aggregate(BigInteger.Zero, (sum, one) => sum + one);
    }

    private static async Task<Func<Task<string>>> TopUpAsync(TestSystem test, Wallet wallet, Payee payee)
    {
        // The rail's account is there.
        await test.NewWalletAsync("1");
        var key = test.NewKey();
        return async () =>
        {
            var topUp = Given(await test.Domain.TopUps.TopUpAsync(wallet.Id, key, Usd("1"), "sandbox", null));
            return $"{topUp.Status}, {await TabAsync(test, wallet, payee)}, {await BalancesAsync(test, wallet, payee)}";
        };
    }

    /// <summary>Each counter reports all that it has counted; one that hears that the meter is stopped says nothing more.</summary>
    private static async Task<string> ReportAsync(TestSystem test, Wallet wallet, Payee payee, Id<MeterKind> id, params long[] counted)
    {
        for (var counter = 0; counter < counted.Length; counter++)
        {
            var answer = await test.Domain.Meters.ReportAsync(payee.Id, id, counted[counter], $"counter-{counter}");
            if (answer.Refusal?.Code != RefusalCodes.MeterStopped) Given(answer);
        }

        var meter = Given(await test.Domain.Meters.ReadAsync(As(payee), id));
        return $"{meter.Units} units, cost {meter.Cost}, {meter.Payment.Status}, {await BalancesAsync(test, wallet, payee)}";
    }

    private static Task StopBySilenceAsync(TestSystem test)
    {
        test.Time.Advance(TimeSpan.FromMinutes(1));
        return test.RunDueAsync();
    }

    private static PaymentRequest Buy(TestSystem test, Wallet wallet, Offer offer) => new() { Wallet = wallet.Id, Key = test.NewKey(), Offer = offer.Id };

    private static async Task<Offer> OnTabAsync(TestSystem test, Payee payee) =>
        Given(await test.Domain.Offers.CreateAsync(payee.Id, test.NewKey(), new NewOffer("One article", null, new OnTab(Usd("0.04"), Usd("0.1"), OnTab.DefaultDueAfterSeconds))));

    private static async Task<Offer> MeteredAsync(TestSystem test, Payee payee, MeteredBy by = MeteredBy.Second) =>
        Given(await test.Domain.Offers.CreateAsync(payee.Id, test.NewKey(), new NewOffer("A seat", null, new Metered(Usd("0.01"), by, 1, Usd("0.5"), 10))));

    private static async Task<string> TabAsync(TestSystem test, Wallet wallet, Payee payee)
    {
        var tab = Assert.Single(Given(await test.Domain.Tabs.ListAsync(As(wallet), null, 10)).Lines);
        var totals = Given(await test.Domain.Tabs.ReadTotalsAsync(payee.Id));
        return $"{tab.Status}, owed {tab.Owed}, in all open {totals.Open} paid {totals.Paid} lost {totals.Lost}";
    }

    private static async Task<string> BalancesAsync(TestSystem test, Wallet wallet, Payee payee) => $"wallet {await test.BalanceAsync(wallet)}, payee {await test.BalanceAsync(payee)}";
}
