using Farthing.Payments.Campaigns;
using Farthing.Payments.Desk;
using Farthing.Payments.Mandates;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Payments.People;
using Farthing.Payments.Tips;
using Farthing.Protocol;
using NodaTime;

namespace Farthing.Payments.Tests.Year;

/// <summary>How large a year is.</summary>
/// <param name="AtOnce">So many deeds are under way at once.</param>
/// <param name="PlainPercent">So many of them just buy, by anybody; the others are of all kinds, and of the first few hundred people.</param>
internal sealed record YearSize(int Wallets, int Payees, int Days, int DeedsPerDay, int AtOnce, int PlainPercent, int Cuts, int DaysOff, long SegmentBytes);

/// <summary>Somebody with a wallet, who lives by the clock of a time zone.</summary>
internal sealed record Person(Id<WalletKind> Wallet, Id<HandleKind> Handle, DateTimeZone Zone, int WakesAt)
{
    public List<Mandate> Mandates { get; } = [];

    public bool IsPaused { get; set; }

    public bool HasCaps { get; set; }

    public bool IsShort { get; set; }
}

/// <summary>A payee and what it sells.</summary>
internal sealed record Shop(Payee Payee)
{
    public List<Offer> Offers { get; } = [];

    public Offer Tab { get; set; } = null!;

    public Offer DayCapped { get; set; } = null!;

    public List<Offer> Meters { get; } = [];

    public List<Offer> Subscriptions { get; } = [];

    public List<Campaign> Campaigns { get; } = [];
}

/// <summary>One thing to be done, again and again with the same key until it is answered. What the answer changes here is left to be done in the order of the deeds.</summary>
/// <param name="DoAsync">Does it; null if there is no answer yet.</param>
internal sealed record Deed(Func<PaymentSystem, ValueTask<Action?>> DoAsync);

/// <summary>A simulated stretch of time: people, payees, and what they do. The same seed plans the same.</summary>
/// <remarks>What is done at once is answered in no certain order, and ids are new each time, so two runs of a seed are alike but not equal.</remarks>
internal sealed partial class Life
{
    private const int Busy = 400;

    private static readonly string[] Zones =
    [
        "UTC", "Europe/Paris", "America/New_York", "Asia/Kathmandu", "Africa/Cairo", "America/Sao_Paulo", "Asia/Tokyo", "Australia/Lord_Howe", "Pacific/Auckland", "America/St_Johns",
    ];

    private readonly Random random;
    private readonly YearHouse house;
    private readonly YearSize size;
    private readonly List<Person> people = [];
    private readonly List<Shop> shops = [];
    private readonly Dictionary<UInt128, Offer> offers = [];
    private readonly List<Deed> unanswered = [];
    private int[] popularity = [];

    public Life(YearHouse house, YearSize size, int seed)
    {
        this.house = house;
        this.size = size;
        random = new Random(seed);
    }

    public YearLog Log { get; } = new();

    public IReadOnlyList<Person> People => people;

    public IReadOnlyList<Shop> Shops => shops;

    public int Cuts { get; private set; }

    private DateTimeOffset Now => house.Time.GetUtcNow();

    public async Task RunAsync()
    {
        await OpenShopsAsync();
        await OpenWalletsAsync();
        var turns = size.Days * size.DeedsPerDay / size.AtOnce;
        var step = TimeSpan.FromDays(size.Days) / turns;
        var (cuts, jumps) = (Pick(turns, size.Cuts), Pick(turns, size.DaysOff));
        for (var turn = 0; turn < turns; turn++)
        {
            var deeds = Plan();
            if (cuts.Contains(turn)) await CutAsync(deeds, step);
            else await DoAsync(deeds, turn);
            // Some turns come a long time after the one before, as clocks of machines that slept do.
            house.Time.Advance(jumps.Contains(turn) ? TimeSpan.FromHours(random.Next(20, 100)) : step * (0.5 + random.NextDouble()));
            await house.SettleAsync();
        }

        // What is still held has its end, and what is due by then is done.
        await DoAsync([.. TakeUnanswered()], 0);
        for (var weeks = 0; weeks < 5; weeks++)
        {
            house.Time.Advance(TimeSpan.FromDays(7));
            await house.SettleAsync();
        }

        (await TopUpAsync(people[0], 1_000_000).DoAsync(house.Domain))!();
        await house.SettleAsync();
        await ReadTipsAsync();
        await ReadStandingAsync();
    }

    private HashSet<int> Pick(int turns, int count)
    {
        var picked = new HashSet<int>();
        while (picked.Count < count) picked.Add(random.Next(turns / 20, turns));
        return picked;
    }

    /// <summary>What people do this turn: those who are awake where they live.</summary>
    private List<Deed> Plan()
    {
        var deeds = new List<Deed>(size.AtOnce);
        var records = house.Ledger.DurableSize;
        changing.Clear();
        deeds.AddRange(TakeUnanswered());
        while (deeds.Count < size.AtOnce)
        {
            var isPlain = random.Next(100) < size.PlainPercent;
            var among = isPlain ? people.Count : Math.Min(people.Count, Busy);
            var person = people[random.Next(among)];
            for (var tries = 0; tries < 3 && !IsAwake(person); tries++) person = people[random.Next(among)];
            deeds.Add(person.IsShort ? TopUpAsync(person, (uint)random.Next(2, 20) * 1_000_000u) : isPlain ? PayAsync(Buying(person)) : random.Next(4) == 0 ? PlanStanding(person) : Plan(person, records));
        }

        return deeds;
    }

    private Deed[] TakeUnanswered()
    {
        Deed[] taken = [.. unanswered];
        unanswered.Clear();
        return taken;
    }

    private bool IsAwake(Person person)
    {
        var hour = Instant.FromDateTimeOffset(Now).InZone(person.Zone).Hour;
        return (hour - person.WakesAt + 24) % 24 < 16;
    }

    private async Task DoAsync(List<Deed> deeds, int turn)
    {
        // Now and then a day ends somewhere while all is under way.
        var isMidnight = turn % 7 == 3;
        if (isMidnight)
        {
            var zone = people[random.Next(people.Count)].Zone;
            var midnight = zone.AtStartOfDay(Instant.FromDateTimeOffset(Now).InZone(zone).Date.PlusDays(1)).ToDateTimeOffset();
            var wait = midnight.ToUniversalTime() - Now - TimeSpan.FromMilliseconds(1);
            if (wait > TimeSpan.Zero) house.Time.Advance(wait);
            await house.SettleAsync();
        }

        var domain = house.Domain;
        var tasks = deeds.ConvertAll(deed => Task.Run(() => deed.DoAsync(domain).AsTask()));
        if (isMidnight)
        {
            await Task.WhenAny(tasks);
            house.Time.Advance(TimeSpan.FromMilliseconds(1));
        }

        await Task.WhenAll(tasks);
        await house.SettleAsync();
        Apply(deeds, tasks);
        // At midnight a period may be over whose renewal is on its way.
        Assert.True(isMidnight || unanswered.Count == 0);
    }

    /// <summary>Cuts everything off at a step of the settings, or when so many are answered, and opens it again, perhaps days later.</summary>
    private async Task CutAsync(List<Deed> deeds, TimeSpan step)
    {
        Cuts++;
        if (random.Next(2) == 0) house.Moments.EndAt(random.Next(1, 12));
        var domain = house.Domain;
        var tasks = deeds.ConvertAll(deed => Task.Run(() => TryAsync(deed, domain)));
        house.Time.Advance(step / 2);
        await Task.WhenAny(house.Moments.Ended, tasks[random.Next(tasks.Count)]);
        var off = random.Next(3) switch { 0 => TimeSpan.FromSeconds(random.Next(1, 100)), 1 => TimeSpan.FromHours(random.Next(1, 30)), _ => TimeSpan.FromDays(random.Next(1, 6)) };
        await house.ReopenAsync(off, Task.WhenAll(tasks));
        await house.SettleAsync();
        Apply(deeds, tasks);

        async Task<Action?> TryAsync(Deed deed, PaymentSystem domain)
        {
            try
            {
                return await deed.DoAsync(domain);
            }
            catch (Exception) when (house.Moments.Ended.IsCompleted)
            {
                return null;
            }
        }
    }

    private void Apply(List<Deed> deeds, List<Task<Action?>> tasks)
    {
        for (var i = 0; i < deeds.Count; i++)
        {
            if (tasks[i].Result is { } apply) apply();
            else unanswered.Add(deeds[i]);
        }
    }

    private async Task OpenShopsAsync()
    {
        for (var i = 0; i < size.Payees; i++)
        {
            IReadOnlyList<string> tags = (i % 3) switch { 0 => ["news"], 1 => ["music"], _ => [] };
            shops.Add(new(TestSystem.Given(await house.Domain.Payees.CreateAsync(NewKey(), new NewPayee($"Payee {i}", Asset.Usd, null, house.PayeeKey.Verifier, 3) { Tags = tags })).Payee));
        }

        // Zipf's law: the second is half as popular as the first.
        popularity = new int[size.Payees];
        for (var i = 0; i < size.Payees; i++) popularity[i] = (i == 0 ? 0 : popularity[i - 1]) + (1_000_000 / (i + 1));
        foreach (var shop in shops)
        {
            for (var kind = 0; kind < 5; kind++) shop.Offers.Add(await MakeOfferAsync(shop, NewOffer(shop, kind)));
            await AddStandingOffersAsync(shop);
        }

        await OpenTransitAsync();
    }

    private async Task<Offer> MakeOfferAsync(Shop shop, NewOffer asked)
    {
        var offer = TestSystem.Given(await house.Domain.Offers.CreateAsync(shop.Payee.Id, NewKey(), asked));
        offers.Add(offer.Id.Value, offer);
        return offer;
    }

    private NewOffer NewOffer(Shop shop, int kind)
    {
        int[] windows = [0, 900, 3600, 86_400, 7 * 86_400, 30 * 86_400];
        var window = windows[random.Next(windows.Length)];
        var price = Units(1, 900_000);
        return kind switch
        {
            0 => new("A use", null, new PerUse(price), window),
            1 => new("For a while", "/articles/0", new PerUse(price) { OwnedForSeconds = random.Next(60, 400_000) }, window),
            2 => new("All of it", null, new PerUse(price), window) { Resources = ["/all/*"] },
            3 => new("As you like", null, new PayWhatYouWant(Units(1, 1000), []), window),
            _ => new("Shared", null, new PerUse(price), window) { Splits = NewSplits(shop) },
        };
    }

    private List<Split> NewSplits(Shop owner)
    {
        var others = shops.Where(shop => shop != owner).ToArray();
        random.Shuffle(others);
        var count = random.Next(1, 1 + Math.Min(9, others.Length));
        var (splits, left) = (new List<Split>(), Split.Whole);
        foreach (var shop in others.Take(count))
        {
            var part = (uint)random.Next(1, (int)(left / 2));
            splits.Add(new(shop.Payee.Id, part));
            left -= part;
        }

        splits.Insert(random.Next(splits.Count + 1), new(owner.Payee.Id, left));
        return splits;
    }

    private async Task OpenWalletsAsync()
    {
        var made = new Person[size.Wallets];
        var keys = Enumerable.Range(0, size.Wallets).Select(_ => (Make: NewKey(), Fund: NewKey(), Zone: DateTimeZoneProviders.Tzdb[Zones[random.Next(Zones.Length)]], WakesAt: random.Next(5, 10), Amount: Units(1_000_000, 12_000_000))).ToArray();
        await Parallel.ForAsync(0, size.Wallets, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (i, _) =>
        {
            var wallet = TestSystem.Given(await house.Domain.Wallets.CreateAsync(keys[i].Make, Asset.Usd)).Wallet;
            var funded = TestSystem.Given(await house.Domain.TopUps.TopUpAsync(wallet.Id, keys[i].Fund, keys[i].Amount, house.Rail.Name, null));
            lock (Log) Log.TopUps.Add(funded.Id.Value, funded.Amount.Units);
            made[i] = new Person(wallet.Id, house.Domain.People.HandleOf(wallet.Id), keys[i].Zone, keys[i].WakesAt);
        });
        people.AddRange(made);
    }

    private async Task ReadTipsAsync()
    {
        foreach (var wallet in Log.MonthlyTips.Count == 0 ? [] : people)
        {
            MonthlyTips.AddRange(await ReadAllAsync(cursor => house.Domain.Tips.ListAsync(wallet.Wallet, cursor, 100)));
        }
    }

    /// <summary>The monthly tips as they are at the end.</summary>
    public List<MonthlyTip> MonthlyTips { get; } = [];

    private Shop PopularShop()
    {
        var at = Array.BinarySearch(popularity, random.Next(popularity[^1]));
        return shops[at < 0 ? ~at : at];
    }

    // Small amounts are much more frequent than large ones.
    private Amount Units(int least, int most) => new(Asset.Usd, (uint)(least + (random.Next(most - least + 1) >> random.Next(8))));

    private IdempotencyKey NewKey()
    {
        Span<byte> bytes = stackalloc byte[10];
        random.NextBytes(bytes);
        var tail = Convert.ToHexStringLower(bytes);
        var time = Now.ToUnixTimeMilliseconds().ToString("x12");
        return TestSystem.Key($"{time[..8]}-{time[8..]}-7{tail[..3]}-8{tail[3..6]}-{tail[6..18]}");
    }
}
