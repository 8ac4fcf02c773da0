using System.Text.Json.Nodes;
using Farthing.Protocol;
using Farthing.Simulator;

namespace Farthing.Client.Tests;

/// <summary>A paying handler where a site meters what is used: what its budget lets it hold, and what it does not believe of the site.</summary>
public sealed class MeteredHandlerTests : IAsyncLifetime
{
    private readonly Budget budget = Budget.InAll("0.010 USD", perRequest: "0.004 USD");
    private MeteredWorld world = null!;
    private FarthingClient wallet = null!;
    private HttpClient http = null!;

    public async ValueTask InitializeAsync()
    {
        world = await MeteredWorld.StartAsync();
        wallet = new FarthingClient(world.Server, MeteredWorld.WalletKey, time: new ImpatientTime());
        http = wallet.CreateHttpClient(budget);
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        wallet.Dispose();
        budget.Dispose();
        await world.DisposeAsync();
    }

    [Fact]
    public async Task Within_the_budget_one_meter_after_another_is_started_and_each_counts_what_it_cost()
    {
        for (var word = 1; word <= 9; word++)
        {
            Assert.Equal("a word", await http.GetStringAsync(world.WordsUrl, TestContext.Current.CancellationToken));
            // Those before are known to have cost all that they held; the one that runs counts its ceiling.
            Assert.Equal((((word - 1) / 3) + 1, 1), (world.Started, world.Running));
            Assert.Equal(Amount.Parse("0.003 USD") * (uint)world.Started, budget.Spent);
        }

        // A thousandth is left, and the next meter would hold three, though a word costs one.
        var refused = await NotPaidAsync();
        Assert.Equal(NotPaidReason.OverBudget, refused.Reason);
        Assert.Contains("0.001 USD is left", refused.Message, StringComparison.Ordinal);
        Assert.Equal((3, 0, 9), (world.Started, world.Running, world.Served));
        Assert.Equal(Amount.Parse("0.009 USD"), budget.Spent);
    }

    [Fact]
    public async Task What_one_request_may_cost_bounds_the_ceiling_and_not_the_price_of_a_unit()
    {
        world.Ceiling = Amount.Parse("0.005 USD");
        world.Pricing = MeteredWorld.Metered("0.001", 1, "0.005");
        var refused = await NotPaidAsync();
        Assert.Equal(NotPaidReason.OverBudget, refused.Reason);
        Assert.Contains("asks 0.005 USD, and one request may cost 0.004 USD", refused.Message, StringComparison.Ordinal);
        Assert.Equal((0, 0), (world.Started, world.Served));
        Assert.True(budget.Spent.IsZero);

        // A unit that costs all that is held is within it.
        world.Price = world.Ceiling = Amount.Parse("0.004 USD");
        world.Pricing = MeteredWorld.Metered("0.004", 1, "0.004");
        Assert.Equal("a word", await http.GetStringAsync(world.WordsUrl, TestContext.Current.CancellationToken));
        Assert.Equal(Amount.Parse("0.004 USD"), budget.Spent);
    }

    public static TheoryData<string, string> Dearer => new()
    {
        { "a word costs more", MeteredWorld.Metered("0.0011", 1, "0.003").ToJsonString() },
        { "the price is for fewer words", MeteredWorld.Metered("0.001", 1, "0.003").ToJsonString() },
        { "it counts time", MeteredWorld.Metered("0.001", 2, "0.003", per: "second").ToJsonString() },
        { "another currency", MeteredWorld.Metered("0.001", 2, "0.003", currency: "EUR").ToJsonString() },
        { "it is paid at once", """{"model":"per-use","price":{"amount":"0.001","currency":"USD"}}""" },
    };

    [Theory]
    [MemberData(nameof(Dearer))]
    public async Task An_offer_that_is_dearer_than_the_site_says_holds_nothing(string what, string pricing)
    {
        world.Count = 2;
        world.Pricing = JsonNode.Parse(pricing)!.AsObject();
        var refused = await NotPaidAsync();
        Assert.True(refused.Reason == NotPaidReason.TermsUnusable, $"{what}: {refused}");
        Assert.Equal((0, 0), (world.Started, world.Served));
        Assert.True(budget.Spent.IsZero);
    }

    [Fact]
    public async Task An_offer_that_is_cheaper_is_used_and_one_that_would_hold_more_is_refused()
    {
        world.Pricing = MeteredWorld.Metered("0.001", 1, "0.004");
        var refused = await NotPaidAsync();
        Assert.Equal((NotPaidReason.Refused, "ceiling_too_high"), (refused.Reason, Assert.IsType<FarthingException>(refused.InnerException).Problem.Code));
        Assert.Equal(0, world.Started);
        Assert.True(budget.Spent.IsZero);

        world.Pricing = MeteredWorld.Metered("0.001", 3, "0.003");
        Assert.Equal("a word", await http.GetStringAsync(world.WordsUrl, TestContext.Current.CancellationToken));
        Assert.Equal((1, 1), (world.Started, world.Served));
    }

    private Task<NotPaidException> NotPaidAsync() => Assert.ThrowsAsync<NotPaidException>(() => http.GetAsync(world.WordsUrl, TestContext.Current.CancellationToken));
}
