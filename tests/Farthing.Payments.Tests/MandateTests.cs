using Farthing.Ledger;
using Farthing.Payments.Calendars;
using Farthing.Payments.Desk;
using Farthing.Payments.Mandates;
using Farthing.Payments.Payees;
using Farthing.Payments.Wallets;
using Farthing.Protocol;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

/// <summary>Standing permissions to pay, and the caps that they cannot overrun.</summary>
public sealed class MandateTests
{
    private static readonly Caps NoCaps = new(null, null, null);

    [Fact]
    public async Task A_mandate_pays_without_asking_up_to_its_caps_and_a_refusal_names_the_cap_and_what_is_left()
    {
        await using var test = await StartAsync();
        var (payee, wallet, mandate) = await NewMandateAsync(test, new(Usd("1"), Usd("1.2"), null), each: "0.4");

        Given(await test.Desk.PayAsync(Under(mandate, test.Pay(wallet, payee, "0.4"))));
        Given(await test.Desk.PayAsync(Under(mandate, test.Pay(wallet, payee, "0.35"))));
        IsOver("mandate.each", "0.4", "0.4", await test.Desk.PayAsync(Under(mandate, test.Pay(wallet, payee, "0.400001"))));
        var over = Under(mandate, test.Pay(wallet, payee, "0.250001"));
        IsOver("mandate.perDay", "1", "0.25", await test.Desk.PayAsync(over));
        Given(await test.Desk.PayAsync(Under(mandate, test.Pay(wallet, payee, "0.25"))));
        // The refusal stays what it was, also in the journal alone.
        IsOver("mandate.perDay", "1", "0.25", await test.Desk.PayAsync(over));
        await test.RestartAsync();
        IsOver("mandate.perDay", "1", "0.25", await test.Desk.PayAsync(over));

        // The next day has an allowance of its own; the week goes on.
        test.Time.Advance(TimeSpan.FromDays(1));
        IsOver("mandate.perWeek", "1.2", "0.2", await test.Desk.PayAsync(Under(mandate, test.Pay(wallet, payee, "0.21"))));
        Given(await test.Desk.PayAsync(Under(mandate, test.Pay(wallet, payee, "0.2"))));
        Assert.Equal("8.8 held 0", await test.BalanceAsync(wallet));
        Assert.Equal("1.188 held 0", await test.BalanceAsync(payee));
        var state = Given(await test.Domain.Mandates.ReadAsync(wallet.Id, mandate.Id));
        Assert.Equal((Usd("1.2"), Usd("0.8"), Usd("0")), (state.Used, state.Caps[0].Headroom, state.Caps[1].Headroom));
        // What the owner pays by asking is not of the mandate.
        Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "5")));
    }

    [Fact]
    public async Task The_first_use_of_a_window_that_is_too_large_says_that_all_of_the_cap_is_left()
    {
        await using var test = await StartAsync();
        var (payee, wallet, mandate) = await NewMandateAsync(test, new(Usd("0.1"), null, null), each: "1");
        var over = Under(mandate, test.Pay(wallet, payee, "0.100001"));
        IsOver("mandate.perDay", "0.1", "0.1", await test.Desk.PayAsync(over));
        Given(await test.Desk.PayAsync(Under(mandate, test.Pay(wallet, payee, "0.1"))));
        IsOver("mandate.perDay", "0.1", "0.1", await test.Desk.PayAsync(over));
    }

    [Theory]
    // 23 and 25 hours, a midnight that does not exist, and an ordinary one.
    [InlineData("Europe/Paris", "2027-03-27T23:00:00Z", "2027-03-28T22:00:00Z")]
    [InlineData("Europe/Paris", "2027-10-30T22:00:00Z", "2027-10-31T23:00:00Z")]
    [InlineData("Africa/Cairo", "2027-04-29T22:00:00Z", "2027-04-30T21:00:00Z")]
    [InlineData("Asia/Kathmandu", "2027-01-01T18:15:00Z", "2027-01-02T18:15:00Z")]
    public async Task A_day_ends_to_the_millisecond_in_its_time_zone(string zone, string start, string end)
    {
        await using var test = await StartAsync();
        var (payee, wallet, mandate) = await NewMandateAsync(test, new(Usd("0.1"), null, null), each: "1", zone: zone);

        await PayAtAsync(DateTimeOffset.Parse(start), null);
        await PayAtAsync(DateTimeOffset.Parse(start).AddMilliseconds(1), "0");
        await PayAtAsync(DateTimeOffset.Parse(end).AddMilliseconds(-1), "0");
        await PayAtAsync(DateTimeOffset.Parse(end), null);

        async Task PayAtAsync(DateTimeOffset moment, string? headroom)
        {
            test.Time.SetUtcNow(moment);
            var paid = await test.Desk.PayAsync(Under(mandate, test.Pay(wallet, payee, "0.1")));
            if (headroom is null) Assert.Equal(moment, Given(paid).CreatedAt);
            else IsOver("mandate.perDay", "0.1", headroom, paid);
        }
    }

    [Fact]
    public async Task What_reaches_the_ledger_long_after_its_mandate_has_ended_is_told_so_each_time()
    {
        await using var test = await StartAsync();
        var (payee, wallet, mandate) = await NewMandateAsync(test, new(Usd("1"), null, null), each: "1", endsAt: Start.AddMinutes(1));
        Given(await test.Desk.PayAsync(Under(mandate, test.Pay(wallet, payee, "0.1"))));
        var payment = Under(mandate, test.Pay(wallet, payee, "0.1"));
        Refused(RefusalCodes.MandateEnded, await test.AskAndWaitAsync(async () => await test.Desk.PayAsync(payment), TimeSpan.FromMinutes(10)));
        Refused(RefusalCodes.MandateEnded, await test.Desk.PayAsync(payment));
        Assert.Equal("9.9 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_day_that_ends_before_its_first_payment_reaches_the_ledger_leaves_it_to_the_next()
    {
        await using var test = await StartAsync();
        var (payee, wallet, mandate) = await NewMandateAsync(test, new(Usd("0.1"), null, null), each: "1");
        var other = await test.NewPayeeAsync();
        var midnight = DateTimeOffset.Parse("2026-11-24T00:00:00Z");
        await test.RestartAtAsync(midnight.AddMilliseconds(-1));
        // The first payment is prepared when the second one's payee is read.
        var found = 0;
        test.Settings.AfterFindingAPayee = () =>
        {
            if (++found == 2) test.Time.SetUtcNow(midnight);
            return Task.CompletedTask;
        };

        var answers = await test.Desk.PayManyAsync([Under(mandate, test.Pay(wallet, payee, "0.1")), test.Pay(wallet, other, "0.1")]);
        Assert.Equal((midnight, 2), (Given(answers[0]).CreatedAt, found));
        Given(answers[1]);
        IsOver("mandate.perDay", "0.1", "0", await test.Desk.PayAsync(Under(mandate, test.Pay(wallet, payee, "0.1"))));
    }

    [Fact]
    public async Task What_is_voided_expires_or_is_refunded_gives_back_to_its_window_and_to_no_other()
    {
        await using var test = await StartAsync();
        var (payee, wallet, mandate) = await NewMandateAsync(test, new(Usd("1"), null, null), each: "1");
        var paid = Given(await test.Desk.PayAsync(Under(mandate, test.Pay(wallet, payee, "0.3"))));
        var voided = Given(await test.Desk.PayAsync(Under(mandate, test.Pay(wallet, payee, "0.3", hold: true))));
        var posted = Given(await test.Desk.PayAsync(Under(mandate, test.Pay(wallet, payee, "0.4", hold: true))));
        Assert.Equal(Usd("0"), await HeadroomAsync());

        Given(await test.Desk.VoidAsync(As(payee), voided.Id, test.NewKey()));
        Assert.Equal(Usd("0.3"), await HeadroomAsync());
        Given(await test.Desk.PostAsync(As(payee), posted.Id, test.NewKey(), Usd("0.15")));
        Assert.Equal(Usd("0.55"), await HeadroomAsync());
        Given(await test.Desk.RefundAsync(As(wallet), paid.Id, test.NewKey(), Usd("0.1")));
        Assert.Equal(Usd("0.65"), await HeadroomAsync());
        Given(await test.Desk.RefundAsync(As(payee), posted.Id, test.NewKey(), null));
        Assert.Equal(Usd("0.8"), await HeadroomAsync());

        // A hold and a payment of one day that are ended and refunded on the next.
        var overnight = Given(await test.Desk.PayAsync(Under(mandate, test.Pay(wallet, payee, "0.5", hold: true))));
        test.Time.SetUtcNow(new DateTimeOffset(2026, 11, 23, 23, 59, 59, 999, TimeSpan.Zero));
        var last = Given(await test.Desk.PayAsync(Under(mandate, test.Pay(wallet, payee, "0.3"))));
        test.Time.Advance(TimeSpan.FromMilliseconds(1));
        Given(await test.Desk.PayAsync(Under(mandate, test.Pay(wallet, payee, "0.9"))));
        Given(await test.Desk.RefundAsync(As(payee), last.Id, test.NewKey(), null));
        Given(await test.Desk.PostAsync(As(payee), overnight.Id, test.NewKey(), Usd("0.2")));
        Assert.Equal(Usd("0.1"), await HeadroomAsync());
        await test.RestartAsync();
        Assert.Equal(Usd("0.1"), await HeadroomAsync());

        async Task<Amount> HeadroomAsync() => Given(await test.Domain.Mandates.ReadAsync(wallet.Id, mandate.Id)).Caps[0].Headroom;
    }

    [Fact]
    public async Task A_mandate_is_for_whom_it_says()
    {
        await using var test = await StartAsync();
        var (news, games) = (await test.NewPayeeAsync(tags: ["news", "eu"]), await test.NewPayeeAsync(tags: ["games"]));
        var (mine, other) = (await test.NewWalletAsync("1"), await test.NewWalletAsync("1"));
        var forNews = await GiveAsync(test, mine, new MandateScope(null, "news"), NoCaps);
        var forGames = await GiveAsync(test, mine, new MandateScope(games.Id, null), NoCaps);
        var forAnyone = await GiveAsync(test, mine, default, NoCaps);

        foreach (var (mandate, payee, isCovered) in new[] { (forNews, news, true), (forNews, games, false), (forGames, news, false), (forGames, games, true), (forAnyone, news, true), (forAnyone, games, true) })
        {
            var paid = await test.Desk.PayAsync(Under(mandate, test.Pay(mine, payee, "0.01")));
            if (isCovered) Given(paid);
            else Refused(RefusalCodes.MandateScopeExceeded, paid);
            Refused(RefusalCodes.MandateNotFound, await test.Desk.PayAsync(Under(mandate, test.Pay(other, payee, "0.01"))));
        }

        Assert.Equal("0.96 held 0", await test.BalanceAsync(mine));
        Assert.Equal("1 held 0", await test.BalanceAsync(other));
        // Nobody who names no cap gives an unlimited mandate.
        Assert.Equal((new Caps(null, null, Usd("5")), Usd("5")), (forAnyone.Caps, forAnyone.Each));
    }

    [Fact]
    public async Task A_mandate_ends_to_the_millisecond_and_at_once_when_it_is_revoked()
    {
        await using var test = await StartAsync();
        var end = Start.AddHours(1);
        var (payee, wallet, mandate) = await NewMandateAsync(test, new(Usd("1"), null, null), each: "1", endsAt: end);
        var kept = Given(await test.Desk.PayAsync(Under(mandate, test.Pay(wallet, payee, "0.1", hold: true))));
        test.Time.SetUtcNow(end.AddMilliseconds(-1));
        var request = Under(mandate, test.Pay(wallet, payee, "0.1"));
        var paid = Given(await test.Desk.PayAsync(request));
        test.Time.SetUtcNow(end);
        Refused(RefusalCodes.MandateEnded, await test.Desk.PayAsync(Under(mandate, test.Pay(wallet, payee, "0.1"))));
        Assert.Equal(paid.Id, Given(await test.Desk.PayAsync(request)).Id);
        Given(await test.Desk.PostAsync(As(payee), kept.Id, test.NewKey(), null));
        Assert.True(Given(await test.Domain.Mandates.ReadAsync(wallet.Id, mandate.Id)).HasEnded);

        var second = await GiveAsync(test, wallet, new(payee.Id, null), NoCaps);
        var before = Under(second, test.Pay(wallet, payee, "0.1"));
        var answers = Enumerable.Range(0, 64).Select(_ => test.Desk.PayAsync(Under(second, test.Pay(wallet, payee, "0.01"))).AsTask()).ToList();
        paid = Given(await test.Desk.PayAsync(before));
        Given(await test.Domain.Mandates.RevokeAsync(wallet.Id, second.Id));
        Given(await test.Domain.Mandates.RevokeAsync(wallet.Id, second.Id));
        var balance = await test.BalanceAsync(wallet);
        Refused(RefusalCodes.MandateRevoked, await test.Desk.PayAsync(Under(second, test.Pay(wallet, payee, "0.1"))));
        Assert.Equal(paid.Id, Given(await test.Desk.PayAsync(before)).Id);
        foreach (var answer in await Task.WhenAll(answers)) Assert.True(answer.IsGiven || answer.Refusal.Code == RefusalCodes.MandateRevoked);
        Assert.Equal(balance, await test.BalanceAsync(wallet));
        await test.RestartAsync();
        Refused(RefusalCodes.MandateRevoked, await test.Desk.PayAsync(Under(second, test.Pay(wallet, payee, "0.1"))));
        Assert.True(Given(await test.Domain.Mandates.ReadAsync(wallet.Id, second.Id)).Mandate.IsRevoked);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Sixty_four_clients_never_exceed_a_cap_by_one_millionth(int seed)
    {
        await using var test = await StartAsync();
        var cap = Usd("0.5");
        var (payee, wallet, mandate) = await NewMandateAsync(test, new(cap, Usd("0.9"), null), each: "0.01", zone: "Europe/Paris", money: "50");
        // A twentieth of a second before a Monday in Paris, so that the race goes over the end of a day, and of a week.
        test.Time.SetUtcNow(new DateTimeOffset(2026, 11, 29, 22, 59, 59, 950, TimeSpan.Zero));

        await Task.WhenAll(Enumerable.Range(0, 64).Select(client => Task.Run(() => RunAsync(new Random((seed * 1000) + client)))));

        var (paid, windows) = AuditCaps(test, wallet, mandate, cap, "Europe/Paris");
        Assert.True(paid > 100, $"Only {paid} payments.");
        Assert.True(windows >= 2, $"Only {windows} days.");
        await test.CloseAsync();
        Assert.True(LedgerCheck.Run(Path.Combine(test.Directory, "ledger")).IsSound);

        async Task RunAsync(Random random)
        {
            for (var i = 0; i < 12; i++)
            {
                var amount = new Amount(Asset.Usd, (UInt128)random.Next(1, 10_000));
                var answer = await test.Desk.PayAsync(Under(mandate, test.Pay(wallet, payee, amount.ToDecimalString(), hold: random.Next(2) == 0)));
                if (random.Next(8) == 0) test.Time.Advance(TimeSpan.FromMilliseconds(5));
                if (!answer.IsGiven)
                {
                    Refused(RefusalCodes.CapExceeded, answer);
                    continue;
                }

                var payment = answer.Value;
                if (payment.Status == PaymentStatus.Held)
                {
                    if (random.Next(2) == 0) Given(await test.Desk.VoidAsync(As(payee), payment.Id, test.NewKey()));
                    else if (random.Next(2) == 0) Given(await test.Desk.PostAsync(As(payee), payment.Id, test.NewKey(), new Amount(Asset.Usd, UInt128.Max(1, amount.Units / 2))));
                }
                else if (random.Next(2) == 0)
                {
                    Given(await test.Desk.RefundAsync(As(payee), payment.Id, test.NewKey(), new Amount(Asset.Usd, UInt128.Max(1, amount.Units / 3))));
                }
            }
        }
    }

    [Fact]
    public async Task A_mandate_is_given_once_for_a_key_and_nonsense_is_refused()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var key = test.NewKey();
        var asked = new NewMandate(new(payee.Id, null), Usd("0.1"), new(Usd("1"), null, null), "Europe/Paris", Start.AddDays(1));
        var made = Given(await test.Domain.Mandates.CreateAsync(wallet.Id, key, asked));
        Assert.Equal(made.Key, Given(await test.Domain.Mandates.CreateAsync(wallet.Id, key, asked)).Key);
        Refused(RefusalCodes.IdempotencyConflict, await test.Domain.Mandates.CreateAsync(wallet.Id, key, asked with { Each = Usd("0.2") }));
        await test.RestartAtAsync(Start.AddDays(2));
        Assert.Equal(made.Key, Given(await test.Domain.Mandates.CreateAsync(wallet.Id, key, asked)).Key);

        Refused(RefusalCodes.IdempotencyConflict, await test.Domain.Mandates.CreateAsync(wallet.Id, key, asked with { EndsAt = DateTimeOffset.UnixEpoch.AddYears(-10) }));

        foreach (var (wrong, code) in new[]
        {
            (asked, RefusalCodes.InvalidField),
            (asked with { EndsAt = test.Time.GetUtcNow() }, RefusalCodes.InvalidField),
            (asked with { EndsAt = DateTimeOffset.UnixEpoch.AddYears(-10) }, RefusalCodes.InvalidField),
            (asked with { EndsAt = null, TimeZone = "Mars/Olympus" }, RefusalCodes.InvalidField),
            (asked with { EndsAt = null, Scope = new(payee.Id, "news") }, RefusalCodes.InvalidField),
            (asked with { EndsAt = null, Scope = new(null, "No Tag") }, RefusalCodes.InvalidField),
            (asked with { EndsAt = null, Scope = new(new(1), null) }, RefusalCodes.PayeeNotFound),
            (asked with { EndsAt = null, Each = new Amount(Asset.Usd, 0) }, RefusalCodes.AmountMustNotBeZero),
            (asked with { EndsAt = null, Each = new Amount(Asset.Eur, 5) }, RefusalCodes.CurrencyMismatch),
            (asked with { EndsAt = null, Caps = new(null, new Amount(Asset.Usd, Amount.MaxUnits + 1), null) }, RefusalCodes.AmountTooLarge),
        })
            Refused(code, await test.Domain.Mandates.CreateAsync(wallet.Id, test.NewKey(), wrong));
        Assert.Single(Given(await test.Domain.Mandates.ListAsync(wallet.Id, null, 10)).Lines);
    }

    /// <summary>Follows the journal, and at each record adds up what every day's payments under the mandate still take, by the time of their prices alone.</summary>
    private static (int Payments, int Days) AuditCaps(TestSystem test, Wallet wallet, Mandate mandate, Amount cap, string zone)
    {
        Assert.True(TimeZones.TryFind(zone, out var found));
        var prices = new Dictionary<UInt128, (CalendarWindow Day, UInt128 Units)>();
        var days = new Dictionary<CalendarWindow, UInt128>();
        foreach (var record in test.Ledger.ReadFrom(0).Where(record => record.Outcome == Outcome.Done))
        {
            var command = record.Command;
            switch (command.Kind)
            {
                case RecordKind.Transfer or RecordKind.Hold when command.Code == TransferCode.Payment && command.Debit == wallet.Id.Value:
                    var day = CalendarWindow.Of(CalendarPeriod.Day, found, record.UnixMilliseconds);
                    prices[command.Id] = (day, command.Units);
                    days[day] = days.GetValueOrDefault(day) + command.Units;
                    Assert.True(days[day] <= cap.Units, $"{days[day]} of {cap.Units} were used.");
                    break;
                case RecordKind.Post or RecordKind.Void or RecordKind.Refund when prices.TryGetValue(command.Cited, out var price) && command.Code is TransferCode.Payment or TransferCode.Refund:
                    var left = command.Kind == RecordKind.Post ? command.Units : price.Units - (command.Kind == RecordKind.Void ? price.Units : command.Units);
                    days[price.Day] -= price.Units - left;
                    prices[command.Cited] = (price.Day, left);
                    break;
            }
        }

        Assert.Equal(mandate.Wallet, wallet.Id);
        return (prices.Count, days.Count);
    }

    private static async Task<(Payee Payee, Wallet Wallet, Mandate Mandate)> NewMandateAsync(TestSystem test, Caps caps, string each, string? zone = null, DateTimeOffset? endsAt = null, string money = "10")
    {
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync(money);
        return (payee, wallet, Given(await test.Domain.Mandates.CreateAsync(wallet.Id, test.NewKey(), new NewMandate(new(payee.Id, null), Usd(each), caps, zone, endsAt))).State.Mandate);
    }

    private static async Task<Mandate> GiveAsync(TestSystem test, Wallet wallet, MandateScope scope, Caps caps) =>
        Given(await test.Domain.Mandates.CreateAsync(wallet.Id, test.NewKey(), new NewMandate(scope, null, caps, null, null))).State.Mandate;

    private static PaymentRequest Under(Mandate mandate, PaymentRequest request) => request with { Mandate = mandate.Id };

    private static void IsOver(string cap, string limit, string headroom, Answer<Payment> answer)
    {
        Refused(RefusalCodes.CapExceeded, answer);
        var facts = answer.Refusal!.Facts!;
        Assert.Equal((cap, limit, headroom), (facts["cap"], ((AmountJson)facts["capAmount"]).Amount, ((AmountJson)facts["headroom"]).Amount));
    }
}
