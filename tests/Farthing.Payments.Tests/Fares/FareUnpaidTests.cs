using Farthing.Ledger;
using Farthing.Payments.Fares;
using Farthing.Payments.Schedules;
using static Farthing.Payments.Tests.Fares.Rider;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests.Fares;

/// <summary>Days that are not paid, cards that end, and how many of both there are.</summary>
public sealed class FareUnpaidTests
{
    [Fact]
    public async Task An_unpaid_day_refuses_new_taps_until_it_is_paid_and_takes_those_made_before()
    {
        await using var rider = await Rider.StartAsync(Flat, "1");
        var cards = rider.Test.Domain.FareCards;
        await rider.TapAsync();
        await rider.MoveToAsync("2026-12-01T06:00:00Z");
        Assert.Equal("1 held 0", await rider.BalanceAsync());
        var day = await rider.ReadDayAsync(Monday);
        Assert.Equal(("insufficient_funds", Time("2026-12-01T07:00:00Z")), (day.Fault, day.NextAt));
        Assert.Equal(Monday, Given(await cards.ListAsync(rider.Wallet.Id, null, 10)).Lines[0].UnpaidDate);
        Refused(RefusalCodes.FareUnpaid, await rider.TryTapAsync());
        await rider.TapAsync("2026-12-01T04:29:00Z");
        // Nor does it ride on with another card of the same operator.
        Refused(RefusalCodes.FareUnpaid, await cards.RegisterAsync(rider.Wallet.Id, rider.Test.NewKey(), rider.Offer.Id, rider.Card.Mandate));
        await rider.TopUpAsync("9");
        await rider.AskAgainAsync();
        Assert.Equal("6.5 held 0", await rider.BalanceAsync());
        Assert.Null(Given(await cards.ListAsync(rider.Wallet.Id, null, 10)).Lines[0].UnpaidDate);
        await rider.TapAsync();
        Given(await cards.RegisterAsync(rider.Wallet.Id, rider.Test.NewKey(), rider.Offer.Id, rider.Card.Mandate));
    }

    [Fact]
    public async Task An_unpaid_day_is_asked_for_again_after_one_hour_six_hours_and_then_daily_for_eight_weeks()
    {
        await using var rider = await Rider.StartAsync(Flat, "1");
        await rider.TapAsync();
        await rider.MoveToAsync("2026-12-01T04:30:00Z");
        var tried = new List<DateTimeOffset>();
        while ((await rider.ReadDayAsync(Monday)).NextAt is { } next)
        {
            tried.Add(next);
            rider.Test.Time.SetUtcNow(next);
            await rider.RunDueAsync();
        }

        Assert.Equal([Time("2026-12-01T05:30:00Z"), Time("2026-12-01T11:30:00Z"), Time("2026-12-02T11:30:00Z"), Time("2026-12-03T11:30:00Z")], tried.Take(4));
        Assert.Equal((57, Time("2027-01-25T11:30:00Z")), (tried.Count, tried[^1]));
        Assert.Empty(await rider.LinesAsync());
        // Nobody asks any more, but what is owed can be paid for ever.
        Assert.Equal((0, null), await BacklogAsync(rider));
        Refused(RefusalCodes.FareUnpaid, await rider.TryTapAsync());
        await rider.TopUpAsync("9");
        await rider.AskAgainAsync();
        Assert.Equal(["payment -1.75"], await rider.LinesAsync());
        await rider.TapAsync();
    }

    [Fact]
    public async Task A_topped_up_wallet_pays_at_the_next_try_by_itself()
    {
        await using var rider = await Rider.StartAsync(Flat, "1");
        await rider.TapAsync();
        await rider.MoveToAsync("2026-12-01T04:30:00Z");
        await rider.TopUpAsync("9");
        await rider.MoveToAsync("2026-12-01T05:29:59.999Z");
        Assert.Equal("10 held 0", await rider.BalanceAsync());
        await rider.MoveToAsync("2026-12-01T05:30:00Z");
        Assert.Equal("8.25 held 0", await rider.BalanceAsync());
    }

    [Fact]
    public async Task A_revoked_mandate_pays_nothing_more_and_another_one_pays_what_is_missing()
    {
        await using var rider = await Rider.StartAsync(Flat);
        await rider.TapAsync();
        Given(await rider.Test.Domain.Mandates.RevokeAsync(rider.Wallet.Id, rider.Card.Mandate));
        await rider.MoveToAsync("2026-12-01T04:30:00Z");
        Assert.Equal("mandate_revoked", (await rider.ReadDayAsync(Monday)).Fault);
        var (cards, key) = (rider.Test.Domain.FareCards, rider.Test.NewKey());
        Refused(RefusalCodes.MandateRevoked, await cards.ChangeMandateAsync(rider.Wallet.Id, rider.Test.NewKey(), rider.Card.Id, rider.Card.Mandate));
        var another = await MandateAsync(rider.Test, rider.Wallet, rider.Operator);
        Assert.Equal(another, Given(await cards.ChangeMandateAsync(rider.Wallet.Id, key, rider.Card.Id, another)).Mandate);
        await rider.RunDueAsync();
        Assert.Equal(["payment -1.75"], await rider.LinesAsync());
        Refused(RefusalCodes.IdempotencyConflict, await cards.ChangeMandateAsync(rider.Wallet.Id, key, rider.Card.Id, await MandateAsync(rider.Test, rider.Wallet, rider.Operator)));
    }

    [Fact]
    public async Task What_a_payee_without_money_owes_a_rider_is_shown_and_given_back_later()
    {
        await using var rider = await Rider.StartAsync(Zoned);
        await rider.InAsync("2026-11-30T10:00:00Z", "1");
        await rider.MoveToAsync("2026-12-03T04:30:00Z");
        await rider.Test.SpendAsync(rider.Operator, "5");
        await rider.OutAsync("2026-11-30T11:00:00Z", "1");
        await rider.RunDueAsync();
        Assert.Equal("payee_funds_insufficient", (await rider.ReadDayAsync(Monday)).Fault);
        // The rider owes nothing, so the card is good.
        Given(await rider.TryTapAsync(null, TapDirection.In, "1"));
        Given(await rider.Test.Desk.PayAsync(rider.Test.Pay(await rider.Test.NewWalletAsync("9"), rider.Operator, "9")));
        await rider.MoveToAsync("2026-12-03T05:30:00Z");
        Assert.Equal(["payment -6", "refund 3.2"], await rider.LinesAsync());
        Assert.Null((await rider.ReadDayAsync(Monday)).Fault);
    }

    [Fact]
    public async Task Erasing_a_wallet_ends_its_cards_and_what_they_owe()
    {
        await using var rider = await Rider.StartAsync(Flat, "2");
        var (fares, cards) = (rider.Test.Domain.Fares, rider.Test.Domain.FareCards);
        await rider.TapAsync();
        await rider.TapAsync();
        await rider.MoveToAsync("2026-12-01T04:30:00Z");
        await rider.TapAsync("2026-12-01T04:29:00Z");
        Given(await rider.Test.Domain.Wallets.EraseAsync(rider.Wallet.Id));
        for (var round = 0; round < 2; round++)
        {
            Refused(RefusalCodes.FareCardClosed, await rider.TryTapAsync("2026-11-30T20:00:00Z"));
            Refused(RefusalCodes.WalletErased, await fares.ReadDayAsync(rider.Wallet.Id, rider.Card.Id, Monday));
            Refused(RefusalCodes.WalletErased, await cards.ListAsync(rider.Wallet.Id, null, 10));
            Refused(RefusalCodes.WalletErased, await cards.CloseAsync(rider.Wallet.Id, rider.Card.Id));
            Refused(RefusalCodes.WalletErased, await cards.ChangeMandateAsync(rider.Wallet.Id, rider.Test.NewKey(), rider.Card.Id, rider.Card.Mandate));
            Refused(RefusalCodes.WalletErased, await cards.RegisterAsync(rider.Wallet.Id, rider.Test.NewKey(), rider.Offer.Id, rider.Card.Mandate));
            await rider.RunDueAsync();
            await rider.Test.RestartAsync();
            (fares, cards) = (rider.Test.Domain.Fares, rider.Test.Domain.FareCards);
        }

        await rider.MoveToAsync("2026-12-02T04:30:00Z");
        Assert.Equal((0, null), await BacklogAsync(rider));
        Assert.Equal("0 held 0", await rider.Test.BalanceAsync(rider.Operator));
    }

    [Fact]
    public async Task Erasing_a_wallet_blanks_where_its_cards_were_held_to_readers()
    {
        await using var rider = await Rider.StartAsync(Zoned);
        await rider.InAsync("2026-11-30T10:00:00Z", "1");
        await rider.OutAsync("2026-11-30T10:30:00Z", "2");
        await rider.MoveToAsync("2026-12-01T04:30:00Z");
        var (key, before) = (rider.Test.NewKey(), await rider.Test.BalanceAsync(rider.Operator));
        var late = new NewFareTap(rider.Offer.Id, rider.Card.Id, "Gate 9", TapDirection.In, "1", Time("2026-11-30T11:00:00Z"));
        var taken = Given(await rider.Test.Domain.Fares.TakeAsync(rider.Operator.Id, key, late));
        Assert.Equal(["1 Gate 9", "2 Gate 1", "1 Gate 1"], await ReadersAsync());
        // Cut off before the wallet itself is erased.
        rider.Test.Settings.BeforeErasing = () => throw new IOException("The process is thought to have ended here.");
        await Assert.ThrowsAsync<IOException>(async () => await rider.Test.Domain.Wallets.EraseAsync(rider.Wallet.Id));
        Assert.Equal([" ", " ", " "], await ReadersAsync());
        Refused(RefusalCodes.WalletErased, await rider.Test.Domain.Fares.ReadDayAsync(rider.Wallet.Id, rider.Card.Id, Monday));
        await rider.Test.RestartAsync();
        await rider.RunDueAsync();
        Given(await rider.Test.Domain.Wallets.EraseAsync(rider.Wallet.Id));
        Assert.Equal([" ", " ", " "], await ReadersAsync());
        // The reader's repeat is answered as before, and leaves nothing.
        Assert.Equal(taken, Given(await rider.Test.Domain.Fares.TakeAsync(rider.Operator.Id, key, late)));
        await rider.RunDueAsync();
        Assert.Equal(before, await rider.Test.BalanceAsync(rider.Operator));

        async Task<List<string>> ReadersAsync() => [.. (await rider.Test.Settings.ListAsync<FareTapRow>(rider.Card.Id.Value, null, 10)).Select(tap => $"{tap.Zone} {tap.Reader}")];
    }

    [Fact]
    public async Task A_paused_wallet_owes_its_day_until_it_is_resumed_and_a_closed_one_for_ever()
    {
        await using var rider = await Rider.StartAsync(Flat, "1.75");
        await rider.TapAsync();
        Given(await rider.Test.Domain.WalletCaps.PauseAsync(rider.Wallet.Id, rider.Test.NewKey()));
        await rider.MoveToAsync("2026-12-01T04:30:00Z");
        Assert.Equal("wallet_frozen", (await rider.ReadDayAsync(Monday)).Fault);
        Given(await rider.Test.Domain.WalletCaps.ResumeAsync(rider.Wallet.Id, rider.Test.NewKey()));
        await rider.MoveToAsync("2026-12-01T05:30:00Z");
        Assert.Equal(["payment -1.75"], await rider.LinesAsync());
        await rider.TapAsync();
        var closing = rider.Test.Time.GetUtcNow().ToUnixTimeMilliseconds();
        var closed = await rider.Test.Ledger.SubmitAsync([Command.ChangeAccount(RecordKind.CloseAccount, (UInt128)(ulong)closing << 80, rider.Wallet.Id.Value)]);
        Assert.Equal(Outcome.Done, closed[0].Outcome);
        await rider.MoveToAsync("2026-12-02T04:30:00Z");
        var day = await rider.ReadDayAsync(Monday.PlusDays(1));
        Assert.Equal(("account_closed", null), (day.Fault, day.NextAt));
    }

    [Fact]
    public async Task A_card_has_at_most_a_hundred_taps_in_a_fare_day()
    {
        await using var rider = await Rider.StartAsync(Flat);
        var key = rider.Test.NewKey();
        var first = new NewFareTap(rider.Offer.Id, rider.Card.Id, "Bus 7", null, null, Time("2026-11-30T09:00:00Z"));
        Given(await rider.Test.Domain.Fares.TakeAsync(rider.Operator.Id, key, first));
        for (var i = 1; i < 96; i++) await rider.TapAsync();
        var racing = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () => await rider.TryTapAsync())));
        Assert.Equal(4, racing.Count(answer => answer.IsGiven));
        Refused(RefusalCodes.TooManyFareTaps, await rider.TryTapAsync());
        Given(await rider.Test.Domain.Fares.TakeAsync(rider.Operator.Id, key, first));
        await rider.TapAsync("2026-11-30T04:29:59.999Z");
        rider.Test.Time.SetUtcNow(Time("2026-12-01T04:30:00Z"));
        await rider.TapAsync();
        Assert.Equal(100, (await rider.ReadDayAsync(Monday)).Priced.Journeys.Count);
    }

    [Fact]
    public async Task A_wallet_has_at_most_twenty_cards_those_closed_in_eight_weeks_included()
    {
        await using var rider = await Rider.StartAsync(Flat);
        var (cards, key) = (rider.Test.Domain.FareCards, rider.Test.NewKey());
        var second = Given(await RegisterAsync(key));
        for (var i = 2; i < 18; i++) Given(await RegisterAsync(rider.Test.NewKey()));
        var racing = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () => await RegisterAsync(rider.Test.NewKey()))));
        Assert.Equal(2, racing.Count(answer => answer.IsGiven));
        Given(await cards.CloseAsync(rider.Wallet.Id, rider.Card.Id));
        var over = rider.Test.NewKey();
        Refused(RefusalCodes.TooManyFareCards, await RegisterAsync(over));
        Assert.Equal(second.Id, Given(await RegisterAsync(key)).Id);
        rider.Test.Time.Advance(TimeSpan.FromDays(56));
        Given(await RegisterAsync(over));
        Refused(RefusalCodes.TooManyFareCards, await RegisterAsync(rider.Test.NewKey()));

        ValueTask<Answer<FareCard>> RegisterAsync(IdempotencyKey key) => cards.RegisterAsync(rider.Wallet.Id, key, rider.Offer.Id, rider.Card.Mandate);
    }

    private static async Task<(int Due, long? Next)> BacklogAsync(Rider rider) => await rider.Test.Domain.Schedule.ReadBacklogAsync() is { } backlog ? (backlog.Due, backlog.NextRunUnixMilliseconds) : default;
}
