using Farthing.Payments.Calendars;
using Farthing.Payments.Desk;
using Farthing.Payments.Fares;
using Farthing.Payments.Meters;
using Farthing.Payments.Offers;
using Farthing.Payments.RoundUps;
using Farthing.Payments.Subscriptions;
using Farthing.Protocol;

namespace Farthing.Payments.Tests.Year;

/// <summary>What people do that goes on by itself: tabs, meters, subscriptions, round-ups.</summary>
internal sealed partial class Life
{
    private readonly List<(Id<WalletKind> Wallet, Id<TabKind> Tab)> tabs = [];
    private readonly List<Meter> running = [];
    private readonly List<(Person Person, Shop Shop, Id<SubscriptionKind> Id)> subscribed = [];
    private readonly List<(Person Person, Id<RoundUpKind> Id)> roundingUp = [];
    private readonly HashSet<Person> rounders = [];

    /// <summary>The events of all subscriptions, the round-ups and the meters as they are at the end.</summary>
    public List<SubscriptionEvent> SubscriptionEvents { get; } = [];

    public List<RoundUp> RoundUps { get; } = [];

    public List<Meter> Meters { get; } = [];

    private Deed PlanStanding(Person person) => random.Next(30) switch
    {
        < 6 => PayAsync(Buying(person, PopularShop().Tab)),
        < 7 => PayTabAsync(),
        < 10 => PayForADayAsync(person),
        < 13 => StartMeterAsync(person),
        < 15 => ReportAsync(),
        < 17 => StopMeterAsync(),
        < 19 => SubscribeAsync(person),
        < 21 => UseAsync(),
        < 23 => ChangeSubscriptionAsync(),
        < 27 => RideAsync(person),
        < 29 => GetOutAsync(),
        _ => RoundUpAsync(person),
    };

    private PaymentRequest Buying(Person person, Offer offer) => new() { Wallet = person.Wallet, Key = NewKey(), Offer = offer.Id };

    /// <summary>So often that the rest of the day costs nothing.</summary>
    private Deed PayForADayAsync(Person person)
    {
        var offer = PopularShop().DayCapped;
        return PayManyAsync([.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => Buying(person, offer))]);
    }

    private Deed PayTabAsync()
    {
        if (tabs.Count == 0) return PayPersonAsync(people[0]);
        var ((wallet, tab), key) = (tabs[random.Next(tabs.Count)], NewKey());
        return new(async domain => Note("tabs paid", await domain.Tabs.PayAsync(wallet, tab, key), Told));
    }

    private Deed StartMeterAsync(Person person)
    {
        var meters = PopularShop().Meters;
        var mandate = person.Mandates.Count > 0 && random.Next(3) == 0 ? person.Mandates[random.Next(person.Mandates.Count)].Id : (Id<MandateKind>?)null;
        var request = Buying(person, meters[random.Next(meters.Count)]) with { Mandate = mandate };
        return new(async domain => Note("meters", await domain.Meters.StartAsync(request), meter =>
        {
            Log.Told(meter.Payment, offers[meter.Offer.Value]);
            if (mandate is { } under) Log.PaidUnder.TryAdd(meter.Payment.Id.Value, under.Value);
            Log.Meters.TryAdd(meter.Id.Value, null);
            Keep(running, meter);
        }));
    }

    private Deed ReportAsync()
    {
        if (running.Count == 0) return StartMeterAsync(people[0]);
        var meter = running[^(1 + random.Next(Math.Min(running.Count, 40)))];
        long? units = meter.Units is null ? null : random.Next(1, 2000);
        return new(async domain => Note("reports", await domain.Meters.ReportAsync(meter.Payment.Payee, meter.Id, units), Stopped));
    }

    private Deed StopMeterAsync()
    {
        if (running.Count == 0) return StartMeterAsync(people[0]);
        var meter = running[^(1 + random.Next(Math.Min(running.Count, 40)))];
        var caller = random.Next(2) == 0 ? new Caller(CallerKind.Wallet, meter.Payment.Wallet.Value) : new Caller(CallerKind.Payee, meter.Payment.Payee.Value);
        return new(async domain => Note("stops", await domain.Meters.StopAsync(caller, meter.Id), Stopped));
    }

    private void Stopped(Meter meter)
    {
        if (meter.StoppedAt is null) return;
        Log.Meters[meter.Id.Value] = meter.Cost.Units;
        if (running.RemoveAll(other => other.Id == meter.Id) > 0 && meter.Payment.Status == PaymentStatus.Posted) Keep(posted, meter.Payment);
    }

    private Deed SubscribeAsync(Person person)
    {
        var (shop, key) = (PopularShop(), NewKey());
        var offer = shop.Subscriptions[random.Next(shop.Subscriptions.Count)];
        return new(async domain => Note("subscriptions", await domain.Subscriptions.SubscribeAsync(person.Wallet, key, offer.Id, person.Zone.Id), begun =>
        {
            Told(begun.Payment);
            Keep(periods, begun.Payment);
            Keep(subscribed, (person, shop, begun.Subscription.Id));
        }));
    }

    private Deed UseAsync()
    {
        if (subscribed.Count == 0) return SubscribeAsync(people[0]);
        var ((person, shop, id), key, quantity) = (subscribed[random.Next(subscribed.Count)], NewKey(), (uint)random.Next(1, 9));
        var caller = random.Next(3) == 0 ? new Caller(CallerKind.Payee, shop.Payee.Id.Value) : new Caller(CallerKind.Wallet, person.Wallet.Value);
        return new(async domain => Note("uses of subscriptions", await domain.Subscriptions.UseAsync(caller, key, id, quantity), use =>
        {
            if (use.Extra is not { } extra) return;
            Log.Count("extras");
            Told(extra);
        }));
    }

    private Deed ChangeSubscriptionAsync()
    {
        if (subscribed.Count == 0) return SubscribeAsync(people[0]);
        var ((person, shop, id), key, how) = (subscribed[random.Next(subscribed.Count)], NewKey(), random.Next(5));
        var (payer, payee) = (new Caller(CallerKind.Wallet, person.Wallet.Value), new Caller(CallerKind.Payee, shop.Payee.Id.Value));
        var next = shop.Subscriptions[random.Next(shop.Subscriptions.Count)].Id;
        var either = random.Next(2) == 0 ? payer : payee;
        return how switch
        {
            0 => new(async domain => Note("cancelled subscriptions", await domain.Subscriptions.CancelAsync(either, key, id), _ => { })),
            1 => new(async domain => Note("paused subscriptions", await domain.Subscriptions.PauseAsync(payer, key, id), _ => { })),
            2 => new(async domain => Note("resumed subscriptions", await domain.Subscriptions.ResumeAsync(payer, key, id), _ => { })),
            _ => new(async domain => Note("changed subscriptions", await domain.Subscriptions.ChangeAsync(payer, key, id, next), _ => { })),
        };
    }

    private Deed RoundUpAsync(Person person)
    {
        if (roundingUp.Count > 0 && random.Next(8) == 0)
        {
            var (owner, id) = roundingUp[random.Next(roundingUp.Count)];
            return new(async domain => Note("ends of round-ups", await domain.RoundUps.CancelAsync(owner.Wallet, id), _ => { }));
        }

        var (key, request) = (NewKey(), new NewRoundUp(PopularShop().Payee.Id, null, new(Asset.Usd, 1_000_000), Units(100_000, 4_000_000), person.Zone.Id));
        return new(async domain => Note("round-ups", await domain.RoundUps.CreateAsync(person.Wallet, key, request), made =>
        {
            rounders.Add(person);
            Keep(roundingUp, (person, made.Id));
        }));
    }

    private async Task AddStandingOffersAsync(Shop shop)
    {
        const int Day = 86_400;
        var (price, read) = (Units(100, 200_000), Units(1000, 2_000_000));
        shop.Tab = await MakeOfferAsync(shop, new("On tab", null, new OnTab(read, read * (uint)random.Next(1, 6), random.Next(3, 25) * Day), 30 * Day));
        shop.DayCapped = await MakeOfferAsync(shop, new("Never more than that today", null, new PerUse(price) { DayCap = new(price * 2u + new Amount(Asset.Usd, 1), Zones[random.Next(Zones.Length)]) }, 3600));
        shop.Meters.Add(await MakeOfferAsync(shop, new("By the hour", null, new Metered(Units(100, 60_000), MeteredBy.Hour, 1, new(Asset.Usd, 500_000), Day), 7 * Day)));
        shop.Meters.Add(await MakeOfferAsync(shop, new("By the unit", null, new Metered(Units(100, 60_000), MeteredBy.Unit, 70, new(Asset.Usd, 300_000), Day), 7 * Day) { Splits = NewSplits(shop) }));
        var every = random.Next(2) == 0 ? CalendarPeriod.Week : CalendarPeriod.Month;
        foreach (var times in new uint[] { 1, 2 })
        {
            var pricing = new PerPeriod(price * times, every) { Included = random.Next(1, 12), Extra = new Extra(Units(10, 5000), new Amount(Asset.Usd, 20_000)) };
            shop.Subscriptions.Add(await MakeOfferAsync(shop, new("For each period", null, pricing, 7 * Day)));
        }
    }

    /// <summary>What the schedule did, nobody was told of at once: it is read at the end.</summary>
    private async Task ReadStandingAsync()
    {
        foreach (var shop in shops) SubscriptionEvents.AddRange(await ReadAllAsync(cursor => house.Domain.Subscriptions.ListEventsAsync(new(CallerKind.Payee, shop.Payee.Id.Value), cursor, 100)));
        foreach (var (person, card) in cards) FareDays.AddRange((await house.Settings.ListAsync<FareDayRow>(card.Id.Value, null, 1000)).Select(day => (person.Wallet.Value, day)));
        foreach (var person in rounders) RoundUps.AddRange(await ReadAllAsync(cursor => house.Domain.RoundUps.ListAsync(person.Wallet, cursor, 100)));
        foreach (var meter in Log.Meters.Keys)
            Meters.Add(TestSystem.Given(await house.Domain.Meters.ReadAsync(new(CallerKind.Wallet, Log.Payments[meter].Wallet), new(meter))));
    }

    private static async Task<List<T>> ReadAllAsync<T>(Func<string?, ValueTask<Answer<Page<T>>>> list)
    {
        var all = new List<T>();
        for (string? cursor = null; ;)
        {
            var page = TestSystem.Given(await list(cursor));
            all.AddRange(page.Lines);
            if ((cursor = page.Next) is null) return all;
        }
    }
}
