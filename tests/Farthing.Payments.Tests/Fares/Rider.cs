using System.Globalization;
using Farthing.Payments.Fares;
using Farthing.Payments.Mandates;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Payments.Wallets;
using Farthing.Protocol;
using NodaTime;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests.Fares;

/// <summary>A wallet with a card of a transit operator in London. The card is a week old when the test begins, on Monday, 30 November 2026, at noon.</summary>
internal sealed record Rider(TestSystem Test, Payee Operator, Offer Offer, Wallet Wallet, FareCard Card) : IAsyncDisposable
{
    public static readonly FareTable Flat = new(new FlatFare(Usd("1.75")), Usd("5.25"), Usd("24.70"), "Europe/London");

    public static readonly FareTable Zoned = new(
        new ZoneFares([new("1", "1", Usd("2.80")), new("1", "2", Usd("3.50")), new("2", "2", Usd("1.90"))], Usd("6")), Usd("8.50"), Usd("42.70"), "Europe/London");

    /// <summary>The same fares with caps that nobody reaches.</summary>
    public static readonly FareTable Uncapped = Zoned with { PerDay = Usd("1000"), PerWeek = Usd("9000") };

    public static readonly LocalDate Monday = new(2026, 11, 30);

    /// <summary>A rider in a system of its own, which ends with it.</summary>
    public static async Task<Rider> StartAsync(FareTable table, string amount = "100", PaymentOptions? options = null)
    {
        var rider = await JoinAsync(await TestSystem.StartAsync(options), table, amount);
        rider.Test.Time.Advance(TimeSpan.FromDays(7));
        return rider;
    }

    /// <summary>A rider in a system where there may be others, with a new card.</summary>
    public static async Task<Rider> JoinAsync(TestSystem test, FareTable table, string amount = "100", params Split[] sharers)
    {
        var transit = await test.NewPayeeAsync();
        var own = sharers.Length == 0 ? [] : new Split[] { new(transit.Id, 10_000 - (uint)sharers.Sum(sharer => sharer.BasisPoints)) };
        var offer = Given(await test.Domain.Offers.CreateAsync(transit.Id, test.NewKey(), new NewOffer("City transit", null, table) { Splits = [.. own, .. sharers] }));
        var wallet = await test.NewWalletAsync(amount);
        var card = Given(await test.Domain.FareCards.RegisterAsync(wallet.Id, test.NewKey(), offer.Id, await MandateAsync(test, wallet, transit)));
        return new(test, transit, offer, wallet, card);
    }

    public static async Task<Id<MandateKind>> MandateAsync(TestSystem test, Wallet wallet, Payee payee) =>
        Given(await test.Domain.Mandates.CreateAsync(wallet.Id, test.NewKey(), new(new(payee.Id, null), null, new(Usd("1000"), null, null), null, null))).State.Mandate.Id;

    public async Task TapAsync(string? at = null, TapDirection? direction = null, string? zone = null) => Given(await TryTapAsync(at, direction, zone));

    public Task InAsync(string at, string zone) => TapAsync(at, TapDirection.In, zone);

    public Task OutAsync(string at, string zone) => TapAsync(at, TapDirection.Out, zone);

    public ValueTask<Answer<TakenFareTap>> TryTapAsync(string? at = null, TapDirection? direction = null, string? zone = null) =>
        Test.Domain.Fares.TakeAsync(Operator.Id, Test.NewKey(), new(Offer.Id, Card.Id, "Gate 1", direction, zone, at is null ? Test.Time.GetUtcNow() : Time(at)));

    /// <summary>Has what is missing paid now, under the same mandate.</summary>
    public async Task AskAgainAsync()
    {
        Given(await Test.Domain.FareCards.ChangeMandateAsync(Wallet.Id, Test.NewKey(), Card.Id, Card.Mandate));
        await RunDueAsync();
    }

    public async Task<RiddenDay> ReadDayAsync(LocalDate? date = null) => Given(await Test.Domain.Fares.ReadDayAsync(Wallet.Id, Card.Id, date));

    public async Task<(string Owed, string DayCapTookOff, string Paid)> DayAsync(LocalDate? date = null)
    {
        var day = await ReadDayAsync(date);
        return (day.Priced.Owed.ToDecimalString(), day.Priced.DayCapTookOff.ToDecimalString(), day.Paid.ToDecimalString());
    }

    public Task<string> BalanceAsync() => Test.BalanceAsync(Wallet);

    public async Task TopUpAsync(string amount) => Given(await Test.Domain.TopUps.TopUpAsync(Wallet.Id, Test.NewKey(), Usd(amount), "sandbox", null));

    /// <summary>What the wallet paid and got back, oldest first.</summary>
    public async Task<List<string>> LinesAsync() =>
        [.. Given(await Test.Domain.Statements.ReadAsync(As(Wallet), null, 200)).Lines.Reverse().Where(line => line.Kind != "top_up").Select(line => $"{line.Kind} {line.SignedAmount}")];

    public async Task MoveToAsync(string time)
    {
        Test.Time.SetUtcNow(Time(time));
        await RunDueAsync();
    }

    /// <summary>Runs the schedule until nothing is due.</summary>
    public async Task RunDueAsync() => Assert.Empty(await RunScheduleAsync(async () => (await Test.Domain.Schedule.ReadBacklogAsync()).Due == 0));

    /// <summary>Runs the schedule until a condition holds.</summary>
    /// <returns>What failed meanwhile that nobody foresaw.</returns>
    public Task<IReadOnlyList<Exception>> RunScheduleAsync(Func<Task<bool>> isOver) => Test.RunScheduleAsync(isOver);

    public ValueTask DisposeAsync() => Test.DisposeAsync();

    public static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
