using Farthing.Payments.Fares;
using Farthing.Protocol;
using static Farthing.Payments.Tests.Fares.Rider;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests.Fares;

/// <summary>Days of capped fares, from taps to money.</summary>
public sealed class FareDeskTests
{
    [Fact]
    public async Task A_day_is_charged_once_after_its_end_up_to_its_cap()
    {
        await using var rider = await Rider.StartAsync(Flat);
        for (var i = 0; i < 4; i++) await rider.TapAsync();
        Assert.Equal(("5.25", "1.75", "0"), await rider.DayAsync());
        await rider.MoveToAsync("2026-12-01T04:29:59.999Z");
        Assert.Equal("100 held 0", await rider.BalanceAsync());
        await rider.MoveToAsync("2026-12-01T04:30:00Z");
        Assert.Equal("94.75 held 0", await rider.BalanceAsync());
        await rider.MoveToAsync("2026-12-03T00:00:00Z");
        Assert.Equal(["payment -5.25"], await rider.LinesAsync());
        Assert.Equal(("5.25", "1.75", "5.25"), await rider.DayAsync(Monday));
    }

    [Fact]
    public async Task Late_taps_charge_the_difference_for_three_days_and_nothing_after()
    {
        await using var rider = await Rider.StartAsync(Flat);
        await rider.TapAsync();
        await rider.MoveToAsync("2026-12-01T12:00:00Z");
        Assert.Equal("98.25 held 0", await rider.BalanceAsync());
        await rider.TapAsync("2026-11-30T11:00:00Z");
        await rider.RunDueAsync();
        Assert.Equal(["payment -1.75", "payment -1.75"], await rider.LinesAsync());
        await rider.MoveToAsync("2026-12-04T04:30:00Z");
        await rider.TapAsync("2026-11-30T11:30:00Z");
        await rider.RunDueAsync();
        Assert.Equal(["payment -1.75", "payment -1.75"], await rider.LinesAsync());
        Assert.Equal(Usd("1.75"), (await rider.ReadDayAsync(Monday)).Priced.Forgiven);
    }

    [Fact]
    public async Task An_incomplete_journey_delays_the_charge_and_its_late_tap_ends_the_wait()
    {
        await using var rider = await Rider.StartAsync(Zoned);
        await rider.TapAsync(null, TapDirection.In, "1");
        await rider.MoveToAsync("2026-12-01T20:00:00Z");
        Assert.Equal("100 held 0", await rider.BalanceAsync());
        await rider.OutAsync("2026-11-30T12:40:00Z", "2");
        await rider.RunDueAsync();
        Assert.Equal("96.5 held 0", await rider.BalanceAsync());
    }

    [Fact]
    public async Task What_stays_incomplete_is_charged_as_stated_and_given_back_when_it_is_completed_weeks_later()
    {
        await using var rider = await Rider.StartAsync(Zoned);
        await rider.TapAsync(null, TapDirection.In, "1");
        await rider.MoveToAsync("2026-12-03T04:29:59.999Z");
        Assert.Equal("100 held 0", await rider.BalanceAsync());
        await rider.MoveToAsync("2026-12-03T04:30:00Z");
        Assert.Equal("94 held 0", await rider.BalanceAsync());
        await rider.MoveToAsync("2027-01-26T04:29:59.999Z");
        await rider.OutAsync("2026-11-30T12:40:00Z", "2");
        await rider.RunDueAsync();
        Assert.Equal(("96.5 held 0", "3.5"), (await rider.BalanceAsync(), (await rider.DayAsync(Monday)).Paid));
        rider.Test.Time.Advance(TimeSpan.FromMilliseconds(1));
        Refused(RefusalCodes.FareTapTooLate, await rider.TryTapAsync("2026-11-30T12:50:00Z", TapDirection.In, "1"));
    }

    [Fact]
    public async Task A_late_tap_before_the_end_of_a_week_gives_back_what_it_changes_in_the_next()
    {
        await using var rider = await Rider.StartAsync(Zoned);
        // Out on Monday morning, with no way in that anybody knew of; it was on Sunday night.
        await rider.MoveToAsync("2026-12-07T05:00:00Z");
        await rider.TapAsync(null, TapDirection.Out, "1");
        await rider.MoveToAsync("2026-12-10T04:30:00Z");
        Assert.Equal(["payment -6"], await rider.LinesAsync());
        await rider.InAsync("2026-12-07T02:10:00Z", "1");
        await rider.RunDueAsync();
        // Three days after Sunday it is forgiven, and Monday owes nothing.
        Assert.Equal(["payment -6", "refund 6"], await rider.LinesAsync());
        Assert.Equal(("0", "2.8"), ((await rider.ReadDayAsync(Monday.PlusDays(7))).Priced.Owed.ToDecimalString(), (await rider.ReadDayAsync(Monday.PlusDays(6))).Priced.Forgiven.ToDecimalString()));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Whatever_is_heard_of_when_what_is_paid_in_the_end_is_what_a_naive_pricer_says(int seed)
    {
        await using var rider = await Rider.StartAsync(seed == 3 ? Flat : Zoned, "900");
        var (random, start) = (new Random(seed), Time("2026-11-30T12:00:00Z").ToUnixTimeMilliseconds());
        // In and out again as people ride, in any order and with taps that get lost; most are heard of at once, some within days, some within weeks, never two in a millisecond.
        var asked = Enumerable.Range(0, 35).Select(_ => random.Next(14 * 24 * 60)).SelectMany(minute => new[] { (minute, TapDirection.In), (minute + random.Next(10, 200), TapDirection.Out) })
            .Where(_ => random.Next(8) > 0).DistinctBy(tap => tap.Item1).Select((tap, i) =>
            {
                var tapped = start + (tap.Item1 * 60_000L);
                var late = random.Next(4) switch { 0 => random.NextInt64(50L * 24 * 3_600_000), 1 => random.NextInt64(4L * 24 * 3_600_000), _ => 0 };
                return (Tapped: tapped, Arrives: tapped + late + i, Direction: tap.Item2, Zone: random.Next(2) == 0 ? "1" : "2");
            }).OrderBy(tap => tap.Arrives).ToList();
        var heard = new List<FareTap>();
        foreach (var (tapped, arrives, direction, zone) in asked)
        {
            rider.Test.Time.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(arrives));
            await rider.RunDueAsync();
            var at = DateTimeOffset.FromUnixTimeMilliseconds(tapped).ToString("O");
            var taken = Given(seed == 3 ? await rider.TryTapAsync(at) : await rider.TryTapAsync(at, direction, zone));
            if (heard.Count % 20 == 19) await rider.Test.RestartAsync();
            heard.Add(seed == 3 ? new(taken.Id.Value, tapped, arrives, null, null) : new(taken.Id.Value, tapped, arrives, direction, zone));
        }

        await rider.MoveToAsync("2027-02-17T00:00:00Z");
        var (table, london) = ((FareTable)rider.Offer.Pricing, NodaTime.DateTimeZoneProviders.Tzdb["Europe/London"]);
        var owed = Enumerable.Range(0, 3).SelectMany(week => NaiveFares.Owed(table, london, Monday.PlusWeeks(week), heard)).ToList();
        for (var i = 0; i < owed.Count; i++) Assert.Equal(owed[i], (long)(await rider.ReadDayAsync(Monday.PlusDays(i))).Paid.Units);
        Assert.Equal($"{new Amount(Asset.Usd, Usd("900").Units - (UInt128)owed.Sum()).ToDecimalString()} held 0", await rider.BalanceAsync());
        await PricingCrashTests.CheckBooksAsync(rider.Test);
        var lines = await rider.LinesAsync();
        Assert.True(lines.Count(line => line.StartsWith("payment", StringComparison.Ordinal)) > 8, string.Join('\n', lines));
        Assert.True(seed == 3 || lines.Any(line => line.StartsWith("refund", StringComparison.Ordinal)), string.Join('\n', lines));
    }

    [Fact]
    public async Task A_tap_is_taken_once_and_its_key_for_no_other()
    {
        await using var rider = await Rider.StartAsync(Flat);
        var key = rider.Test.NewKey();
        var tap = new NewFareTap(rider.Offer.Id, rider.Card.Id, "Bus 7", null, null, rider.Test.Time.GetUtcNow());
        var first = Given(await rider.Test.Domain.Fares.TakeAsync(rider.Operator.Id, key, tap));
        Assert.Equal(first, Given(await rider.Test.Domain.Fares.TakeAsync(rider.Operator.Id, key, tap)));
        Refused(RefusalCodes.IdempotencyConflict, await rider.Test.Domain.Fares.TakeAsync(rider.Operator.Id, key, tap with { Reader = "Bus 8" }));
        Assert.Equal(("1.75", "0", "0"), await rider.DayAsync());
    }

    [Fact]
    public async Task Fee_and_shares_of_a_fare_are_those_of_any_payment_and_return_with_the_difference()
    {
        await using var test = await TestSystem.StartAsync(new() { FeeBasisPoints = 333 });
        var (depot, city) = (await test.NewPayeeAsync(), await test.NewPayeeAsync());
        var rider = await JoinAsync(test, Uncapped, "100", new(depot.Id, 1234), new(city.Id, 2666));
        test.Time.Advance(TimeSpan.FromDays(7));
        await rider.InAsync("2026-11-30T10:00:00Z", "1");
        await rider.InAsync("2026-11-30T11:00:00Z", "1");
        await rider.MoveToAsync("2026-12-03T04:30:00Z");
        Assert.Equal(["payment -12"], await rider.LinesAsync());
        // 12 less a fee of 0.3996 is shared.
        Assert.Equal(["7.076244", "1.431489", "3.092667"], await SharesAsync());
        await rider.OutAsync("2026-11-30T11:40:00Z", "2");
        await rider.RunDueAsync();
        Assert.Equal(["payment -12", "refund 2.5"], await rider.LinesAsync());
        // Exactly as if 9.5 had been paid, less a fee of 0.31635.
        Assert.Equal(["5.602027", "1.133262", "2.448361"], await SharesAsync());

        async Task<string[]> SharesAsync() => [.. new[] { await test.BalanceAsync(rider.Operator), await test.BalanceAsync(depot), await test.BalanceAsync(city) }.Select(balance => balance.Split(' ')[0])];
    }

    [Fact]
    public async Task The_wallet_cannot_take_back_what_it_rode_for_and_the_payee_can_give_it_back()
    {
        await using var rider = await Rider.StartAsync(Zoned);
        await rider.InAsync("2026-11-30T10:00:00Z", "1");
        await rider.MoveToAsync("2026-12-03T04:30:00Z");
        var paid = Given(await rider.Test.Domain.Statements.ReadAsync(As(rider.Wallet), null, 1)).Lines[0].Payment!.Value;
        foreach (var amount in new Amount?[] { null, Usd("0.01") }) Refused(RefusalCodes.RefundByPayeeOnly, await rider.Test.Desk.RefundAsync(As(rider.Wallet), paid, rider.Test.NewKey(), amount));
        Given(await rider.Test.Desk.RefundAsync(As(rider.Operator), paid, rider.Test.NewKey(), Usd("4")));
        // The late tap lowers the day by 3.20, of which 2 are left; what was given by hand stays given, and is not asked for again.
        await rider.OutAsync("2026-11-30T11:00:00Z", "1");
        await rider.MoveToAsync("2026-12-05T00:00:00Z");
        Assert.Equal(["payment -6", "refund 4", "refund 2"], await rider.LinesAsync());
        var day = await rider.ReadDayAsync(Monday);
        Assert.Equal(("2.8", null, null), (day.Paid.ToDecimalString(), day.Fault, day.NextAt));
    }

    [Fact]
    public async Task A_payment_that_the_payee_gave_back_in_whole_leaves_nothing_to_adjust()
    {
        await using var rider = await Rider.StartAsync(Zoned);
        await rider.InAsync("2026-11-30T10:00:00Z", "1");
        await rider.MoveToAsync("2026-12-03T04:30:00Z");
        var paid = Given(await rider.Test.Domain.Statements.ReadAsync(As(rider.Wallet), null, 1)).Lines[0].Payment!.Value;
        Given(await rider.Test.Desk.RefundAsync(As(rider.Operator), paid, rider.Test.NewKey(), null));
        await rider.OutAsync("2026-11-30T11:00:00Z", "1");
        await rider.RunDueAsync();
        Assert.Equal(["payment -6", "refund 6"], await rider.LinesAsync());
        Assert.Null((await rider.ReadDayAsync(Monday)).Fault);
    }

    [Fact]
    public async Task A_closed_table_takes_no_new_cards_and_those_that_it_has_ride_on()
    {
        await using var rider = await Rider.StartAsync(Flat);
        await rider.TapAsync();
        Given(await rider.Test.Domain.Offers.CloseAsync(rider.Operator.Id, rider.Offer.Id));
        Refused(RefusalCodes.OfferClosed, await rider.Test.Domain.FareCards.RegisterAsync(rider.Wallet.Id, rider.Test.NewKey(), rider.Offer.Id, rider.Card.Mandate));
        await rider.TapAsync();
        await rider.MoveToAsync("2026-12-01T04:30:00Z");
        Assert.Equal(["payment -3.5"], await rider.LinesAsync());
        await rider.TapAsync("2026-11-30T20:00:00Z");
        await rider.RunDueAsync();
        Assert.Equal(["payment -3.5", "payment -1.75"], await rider.LinesAsync());
    }

    [Fact]
    public async Task What_cannot_be_is_refused_by_name()
    {
        await using var rider = await Rider.StartAsync(Zoned);
        var (fares, cards, now) = (rider.Test.Domain.Fares, rider.Test.Domain.FareCards, rider.Test.Time.GetUtcNow());
        var stranger = await rider.Test.NewWalletAsync();
        var shop = await rider.Test.NewPayeeAsync();
        Refused(RefusalCodes.OfferNotFound, await fares.TakeAsync(shop.Id, rider.Test.NewKey(), new(rider.Offer.Id, rider.Card.Id, "Gate", TapDirection.In, "1", now)));
        Refused(RefusalCodes.FareCardNotFound, await fares.ReadDayAsync(stranger.Id, rider.Card.Id, null));
        Refused(RefusalCodes.FareCardNotFound, await fares.TakeAsync(rider.Operator.Id, rider.Test.NewKey(), new(rider.Offer.Id, new(7), "Gate", TapDirection.In, "1", now)));
        Refused(RefusalCodes.MandateNotFound, await cards.RegisterAsync(stranger.Id, rider.Test.NewKey(), rider.Offer.Id, rider.Card.Mandate));
        Refused(RefusalCodes.MandateScopeExceeded, await cards.RegisterAsync(rider.Wallet.Id, rider.Test.NewKey(), rider.Offer.Id, await MandateAsync(rider.Test, rider.Wallet, shop)));
        Refused(RefusalCodes.FareCardNotFound, await cards.CloseAsync(stranger.Id, rider.Card.Id));
        Refused(RefusalCodes.FareCardNotFound, await cards.ChangeMandateAsync(stranger.Id, rider.Test.NewKey(), rider.Card.Id, rider.Card.Mandate));
        Refused(RefusalCodes.InvalidField, await rider.TryTapAsync(null, TapDirection.In, "3"));
        Refused(RefusalCodes.InvalidField, await rider.TryTapAsync(null, null, null));
        Refused(RefusalCodes.InvalidField, await rider.TryTapAsync("2026-11-30T12:06:00Z", TapDirection.In, "1"));
        Refused(RefusalCodes.InvalidField, await rider.TryTapAsync("2026-11-23T11:54:59.999Z", TapDirection.In, "1"));
        Refused(RefusalCodes.FareTapTooLate, await rider.TryTapAsync("0001-01-01T00:00:00Z", TapDirection.In, "1"));
        Refused(RefusalCodes.InvalidField, await rider.TryTapAsync("9999-12-31T23:59:59Z", TapDirection.In, "1"));
        Given(await cards.CloseAsync(rider.Wallet.Id, rider.Card.Id));
        Refused(RefusalCodes.FareCardClosed, await rider.TryTapAsync(null, TapDirection.In, "1"));
        await rider.InAsync("2026-11-30T11:59:00Z", "1");
    }
}
