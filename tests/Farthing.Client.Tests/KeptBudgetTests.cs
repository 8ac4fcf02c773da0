using System.Net;
using Farthing.Client.Purchases;
using Farthing.Protocol;
using Farthing.Simulator;

namespace Farthing.Client.Tests;

/// <summary>A budget in a file: what is bought is bought once, whenever the process ends.</summary>
public sealed class KeptBudgetTests : IAsyncLifetime
{
    private readonly TemporaryDirectory directory = new();
    private PaidWorld world = null!;

    public async ValueTask InitializeAsync() => world = await PaidWorld.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await world.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task Spending_goes_on_where_it_was()
    {
        for (var i = 1; i <= 5; i++)
        {
            using var budget = Budget.PerDay("0.10 USD").KeptIn(directory["budget"]);
            Assert.Equal(Amount.Parse("0.02 USD").Units * (UInt128)(i - 1), budget.Spent.Units);
            Assert.Equal(HttpStatusCode.OK, await GetAsync(budget));
        }

        using var full = Budget.PerDay("0.10 USD").KeptIn(directory["budget"]);
        Assert.Equal(NotPaidReason.OverBudget, (await Assert.ThrowsAsync<NotPaidException>(() => GetAsync(full))).Reason);
        Assert.Equal(5, world.Payments);
        full.Dispose();

        // Raised by its owner; spent once in all it counts the same.
        using var raised = Budget.InAll("0.12 USD").KeptIn(directory["budget"]);
        Assert.Equal(HttpStatusCode.OK, await GetAsync(raised));
        Assert.Equal(raised.MostInAll, raised.Spent);
    }

    [Theory]
    [InlineData(3, 2)]
    [InlineData(0, 1)]
    public async Task What_opens_the_page_for_a_minute_is_asked_for_again_when_it_is_old(int minutes, int asked)
    {
        var (budget, time) = (Budget.InAll("1 USD"), new ImpatientTime());
        world.InsteadOfAnswering = http =>
        {
            http.Abort();
            return Task.CompletedTask;
        };
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => ReadAsync());
        world.InsteadOfAnswering = null;
        time.Ahead += TimeSpan.FromMinutes(minutes);
        Assert.Equal(HttpStatusCode.OK, await ReadAsync());
        Assert.Equal((asked, 1), (world.Attempts, world.Payments));

        async Task<HttpStatusCode> ReadAsync()
        {
            using var wallet = new FarthingClient(world.Server, PaidWorld.WalletKey, null, time);
            using var http = new HttpClient(new PayingHandler(wallet, budget) { InnerHandler = new SocketsHttpHandler() });
            using var response = await http.GetAsync(world.ArticleUrl, TestContext.Current.CancellationToken);
            return response.StatusCode;
        }
    }

    [Fact]
    public async Task What_was_given_back_meanwhile_is_bought_anew()
    {
        world.AnswersToLose = 3;
        using (var budget = Budget.InAll("1 USD").KeptIn(directory["budget"])) await Assert.ThrowsAsync<NotPaidException>(() => GetAsync(budget));
        world.IsGivenBack = true;
        using var later = Budget.InAll("1 USD").KeptIn(directory["budget"]);
        // Nothing opens the page; but whoever asks a third time is not held by the first.
        Assert.Equal(NotPaidReason.GivenBack, (await Assert.ThrowsAsync<NotPaidException>(() => GetAsync(later))).Reason);
        Assert.Equal((2, "0.04"), (world.Payments, later.Spent.ToDecimalString()));
        world.IsGivenBack = false;
        Assert.Equal(HttpStatusCode.OK, await GetAsync(later));
        Assert.Equal((3, "0.06"), (world.Payments, later.Spent.ToDecimalString()));
    }

    [Fact]
    public void A_name_that_was_forgotten_and_is_used_again_leaves_the_file_readable()
    {
        var now = new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);
        var (challenge, charge) = world.Ask();
        // In memory where there is such a place: each purchase is forced to disk.
        var folder = Directory.Exists("/dev/shm") ? Directory.CreateDirectory($"/dev/shm/farthing-{Guid.NewGuid():N}").FullName : directory["names"];
        Directory.CreateDirectory(folder);
        try
        {
            var file = Path.Combine(folder, "budget");
            using (var budget = Budget.InAll("1000 USD").KeptIn(file))
            {
                for (var i = 0; i < PurchaseBook.MaxRemembered; i++) Buy(budget, $"key {i}", $"name {i}", i < 3_000 ? now : now.AddDays(40));
                Buy(budget, "key a", "name a", now.AddDays(40));
                Buy(budget, "key b", "name 0", now.AddDays(40));
            }

            using var again = Budget.InAll("1000 USD").KeptIn(file);
            Assert.Equal((UInt128)(PurchaseBook.MaxRemembered + 2) * charge.Amount.Units, again.Spent.Units);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        void Buy(Budget budget, string key, string name, DateTimeOffset at) => budget.Purchases.EndAnswered(budget.Purchases.Begin(key, "request", name, "payer", challenge, charge, at));
    }

    [Theory]
    [InlineData("before the site is asked", 0)]
    [InlineData("when the site asks to be paid", 0)]
    [InlineData("before the payment server is asked", 1)]
    [InlineData("when the payment was made", 1)]
    [InlineData("before the paid request", 1)]
    [InlineData("when the site has served", 1)]
    public async Task Process_that_ends_at_any_moment_pays_once(string moment, int begunBefore)
    {
        var isSite = moment is "before the site is asked" or "when the site asks to be paid" or "before the paid request" or "when the site has served";
        var isPaid = moment is "before the paid request" or "when the site has served";
        var isAnswered = moment.StartsWith("when", StringComparison.Ordinal);
        var cuts = 0;
        CuttingLine Line(bool site) => new(
            (request, answered) => site == isSite && answered == isAnswered && request.Method == (site ? HttpMethod.Get : HttpMethod.Post) && request.Headers.Authorization is { Scheme: "Payment" } == isPaid,
            () =>
            {
                cuts++;
                File.Copy(directory["budget"], directory["as it was"]);
            });

        using (var budget = Budget.PerDay("0.03 USD").KeptIn(directory["budget"]))
            await Assert.ThrowsAsync<CutException>(() => GetAsync(budget, Line(false), Line(true)));
        Assert.Equal(1, cuts);

        // What the process did after that moment never was.
        using var later = Budget.PerDay("0.03 USD").KeptIn(directory["as it was"]);
        Assert.Equal(begunBefore, later.Spent.IsZero ? 0 : 1);
        Assert.Equal(HttpStatusCode.OK, await GetAsync(later));
        Assert.Equal(1, world.Payments);
        Assert.Equal(Amount.Parse("0.02 USD"), later.Spent);

        // That one is answered, so this is another request, which the budget has nothing left for.
        Assert.Equal(NotPaidReason.OverBudget, (await Assert.ThrowsAsync<NotPaidException>(() => GetAsync(later))).Reason);
        Assert.Equal(1, world.Payments);
    }

    [Fact]
    public async Task Purchase_at_an_address_that_leads_elsewhere_goes_on_too()
    {
        var line = new CuttingLine((request, answered) => !answered && request.Headers.Authorization is { Scheme: "Payment" }, () => { });
        using (var budget = Budget.PerDay("0.03 USD").KeptIn(directory["budget"]))
            await Assert.ThrowsAsync<CutException>(() => GetAsync(budget, toSite: line, path: "/moved"));
        using var later = Budget.PerDay("0.03 USD").KeptIn(directory["budget"]);
        Assert.Equal(HttpStatusCode.OK, await GetAsync(later, path: "/moved"));
        Assert.Equal(1, world.Payments);
    }

    [Fact]
    public async Task Server_that_will_not_speak_of_an_earlier_payment_does_not_make_it_undone()
    {
        world.AnswersToLose = FarthingClient.MaxAttempts;
        using (var budget = Budget.PerDay("0.03 USD").KeptIn(directory["budget"]))
            await Assert.ThrowsAsync<NotPaidException>(() => GetAsync(budget));
        Assert.Equal(1, world.Payments);

        // Such as a mandate that was revoked meanwhile.
        world.Refusal = (403, "forbidden");
        using (var later = Budget.PerDay("0.03 USD").KeptIn(directory["budget"]))
        {
            for (var i = 0; i < 2; i++) Assert.Equal(NotPaidReason.Unclear, (await Assert.ThrowsAsync<NotPaidException>(() => GetAsync(later))).Reason);
            Assert.Equal(Amount.Parse("0.02 USD"), later.Spent);
        }

        world.Refusal = null;
        using var last = Budget.PerDay("0.03 USD").KeptIn(directory["budget"]);
        Assert.Equal(HttpStatusCode.OK, await GetAsync(last));
        Assert.Equal(1, world.Payments);
    }

    [Fact]
    public async Task Line_that_was_being_written_is_as_if_it_never_was()
    {
        world.Refusal = (503, "not_ready");
        using (var budget = Budget.PerDay("1 USD").KeptIn(directory["budget"]))
        {
            await Assert.ThrowsAsync<NotPaidException>(() => GetAsync(budget));
            await Assert.ThrowsAsync<NotPaidException>(() => GetAsync(budget, path: "/articles/rain?b"));
        }

        var whole = await File.ReadAllBytesAsync(directory["budget"], TestContext.Current.CancellationToken);
        var ends = whole.Index().Where(at => at.Item == (byte)'\n').Select(at => at.Index + 1).ToList();
        Assert.Equal(3, ends.Count);
        var opened = 0;
        foreach (var length in Enumerable.Range(0, whole.Length + 1).Where(length => length % 11 == 0 || ends.Any(end => Math.Abs(end - length) < 3)))
        {
            await File.WriteAllBytesAsync(directory["cut"], whole[..length], TestContext.Current.CancellationToken);
            // No first line, and more than a beginning of one, is no file of ours.
            if (length >= 32 && length < ends[0])
            {
                Assert.Throws<InvalidDataException>(() => Budget.PerDay("1 USD").KeptIn(directory["cut"]));
                continue;
            }

            using var budget = Budget.PerDay("1 USD").KeptIn(directory["cut"]);
            Assert.Equal(Amount.Parse("0.02 USD").Units * (UInt128)ends.Skip(1).Count(end => end <= length), budget.Spent.Units);
            opened++;
        }

        Assert.True(opened > 100, $"Only {opened} were opened.");
    }

    [Fact]
    public async Task Damage_before_a_purchase_is_named_and_not_cut_off()
    {
        world.Refusal = (503, "not_ready");
        for (var i = 0; i < 2; i++)
        {
            // Opened twice: the purchases of the first time are written anew.
            using var budget = Budget.PerDay("1 USD").KeptIn(directory["budget"]);
            await Assert.ThrowsAsync<NotPaidException>(() => GetAsync(budget, path: $"/articles/rain?{i}"));
            await Assert.ThrowsAsync<NotPaidException>(() => GetAsync(budget, path: $"/articles/rain?{i}{i}"));
        }

        var whole = await File.ReadAllBytesAsync(directory["budget"], TestContext.Current.CancellationToken);
        var lastLine = Array.LastIndexOf(whole, (byte)'\n', whole.Length - 2) + 1;
        var random = new Random(7);
        for (var i = 0; i < 300; i++)
        {
            var damaged = whole.ToArray();
            damaged[random.Next(lastLine)] ^= (byte)(1 << random.Next(8));
            await File.WriteAllBytesAsync(directory["damaged"], damaged, TestContext.Current.CancellationToken);
            Assert.Throws<InvalidDataException>(() => Budget.PerDay("1 USD").KeptIn(directory["damaged"]));
        }

        // Without its last line of the first time it has lost something, too.
        var lines = whole.AsSpan()[..lastLine].ToArray();
        var known = Array.LastIndexOf(lines, (byte)'\n', Array.LastIndexOf(lines, (byte)'\n', lines.Length - 2) - 1) + 1;
        await File.WriteAllBytesAsync(directory["damaged"], whole[..known], TestContext.Current.CancellationToken);
        Assert.Throws<InvalidDataException>(() => Budget.PerDay("1 USD").KeptIn(directory["damaged"]));
        await File.WriteAllTextAsync(directory["damaged"], new string('x', 100), TestContext.Current.CancellationToken);
        Assert.Throws<InvalidDataException>(() => Budget.PerDay("1 USD").KeptIn(directory["damaged"]));
    }

    [Fact]
    public async Task File_belongs_to_one_program_at_a_time()
    {
        using (var first = Budget.PerDay("1 USD").KeptIn(directory["budget"]))
        {
            for (var i = 0; i < 3; i++)
            {
                var refused = Assert.Throws<IOException>(() => Budget.PerDay("1 USD").KeptIn(directory["budget"]));
                Assert.Contains("in use by another program", refused.Message, StringComparison.Ordinal);
            }

            Assert.Equal(HttpStatusCode.OK, await GetAsync(first));
        }

        using var second = Budget.PerDay("1 USD").KeptIn(directory["budget"]);
        Assert.Equal(Amount.Parse("0.02 USD"), second.Spent);
        Assert.Throws<InvalidDataException>(() =>
        {
            second.Dispose();
            Budget.PerDay("1 EUR").KeptIn(directory["budget"]).Dispose();
        });
    }

    [Fact]
    public async Task Budget_that_cannot_be_written_down_is_not_spent()
    {
        var budget = Budget.PerDay("1 USD").KeptIn(directory["budget"]);
        budget.Dispose();
        Assert.Equal(NotPaidReason.BudgetNotKept, (await Assert.ThrowsAsync<NotPaidException>(() => GetAsync(budget))).Reason);
        Assert.Equal(0, world.Attempts);
        Assert.True(budget.Spent.IsZero);
    }

    [Fact]
    public void File_of_a_year_stays_small_and_forgets_no_name_too_early()
    {
        var time = DateTimeOffset.Parse("2026-11-23T12:00:00Z", System.Globalization.CultureInfo.InvariantCulture);
        var (challenge, charge) = world.Ask();
        using (var budget = Budget.PerDay("1 USD").KeptIn(directory["budget"]))
        {
            for (var i = 0; i < 1_500; i++)
            {
                var purchase = budget.Purchases.Begin($"key {i}", "request", i % 250 == 0 ? $"name {i}" : null, "payer", challenge, charge, time.AddHours(6 * i));
                budget.Purchases.EndAnswered(purchase);
            }
        }

        Assert.InRange(new FileInfo(directory["budget"]).Length, 1, 2 << 20);
        using var later = Budget.PerDay("1 USD").KeptIn(directory["budget"]);
        Assert.NotNull(later.Purchases.Resume("request", "name 1250", "payer"));
        Assert.Null(later.Purchases.Resume("request", null, "payer"));
        Assert.Equal(NotPaidReason.NameTaken, Assert.Throws<NotPaidException>(() => later.Purchases.Resume("other request", "name 1250", "payer")).Reason);
        Assert.InRange(new FileInfo(directory["budget"]).Length, 1, 64 << 10);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("order 42")]
    public async Task Key_that_took_the_place_of_another_goes_on_with_what_that_one_began(string? name)
    {
        string KeyOf(Id<WalletKind> wallet, int generation) => $"fk_{wallet}_{generation}_{new string((char)('a' + generation), 43)}";
        var owner = Id<WalletKind>.New(TimeProvider.System);
        world.Key = KeyOf(owner, 1);
        world.AnswersToLose = FarthingClient.MaxAttempts;
        using (var budget = Budget.PerDay("0.05 USD").KeptIn(directory["budget"]))
            Assert.Equal(NotPaidReason.Unclear, (await Assert.ThrowsAsync<NotPaidException>(() => GetAsync(budget, name: name))).Reason);

        // The wallet was recovered. Its old key can ask for nothing, which says nothing of what was paid.
        var old = world.Key;
        world.Key = KeyOf(owner, 2);
        using (var budget = Budget.PerDay("0.05 USD").KeptIn(directory["budget"]))
        {
            Assert.Equal(NotPaidReason.Unclear, (await Assert.ThrowsAsync<NotPaidException>(() => GetAsync(budget, name: name, key: old))).Reason);
            Assert.Equal(HttpStatusCode.OK, await GetAsync(budget, name: name));
            Assert.Equal((1, "0.02"), (world.Payments, budget.Spent.ToDecimalString()));
        }

        // Another wallet's is another purchase.
        world.AnswersToLose = FarthingClient.MaxAttempts;
        using var last = Budget.PerDay("0.07 USD").KeptIn(directory["budget"]);
        await Assert.ThrowsAsync<NotPaidException>(() => GetAsync(last, path: "/articles/rain?b"));
        world.Key = KeyOf(Id<WalletKind>.New(TimeProvider.System), 2);
        Assert.Equal(HttpStatusCode.OK, await GetAsync(last, path: "/articles/rain?b"));
        Assert.Equal((3, "0.06"), (world.Payments, last.Spent.ToDecimalString()));
    }

    private async Task<HttpStatusCode> GetAsync(Budget budget, HttpMessageHandler? toServer = null, HttpMessageHandler? toSite = null, string path = "/articles/rain", string? name = null, string? key = null)
    {
        using var wallet = new FarthingClient(world.Server, key ?? world.Key, toServer, new ImpatientTime());
        using var http = new HttpClient(new PayingHandler(wallet, budget) { InnerHandler = toSite ?? new SocketsHttpHandler() });
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(world.Site, path));
        if (name is not null) request.Options.Set(PayingHandler.NameOption, name);
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        return response.StatusCode;
    }
}
