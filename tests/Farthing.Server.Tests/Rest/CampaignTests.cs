using System.Numerics;
using System.Text.Json.Nodes;

namespace Farthing.Server.Tests.Rest;

/// <summary>Campaigns to their end, the clock being moved by hand.</summary>
[Collection(typeof(MovedClock))]
public sealed class CampaignTests(ClockServer server)
{
    private readonly Api api = server.Api;

    [Fact]
    public async Task A_campaign_that_reaches_its_goal_takes_every_pledge_and_pays_its_payee_less_the_fee()
    {
        var payee = await api.NewPayeeAsync();
        var (campaign, deadline) = await StartAsync(payee, "10");
        var (alice, bob) = (await api.NewWalletAsync("20"), await api.NewWalletAsync("20"));
        var first = await PledgeAsync(campaign, alice, "4");
        await PledgeAsync(campaign, bob, "6.000001");
        Assert.Equal(("16", "4"), await api.BalanceAsync(alice));
        Assert.Equal(("open", "10.000001", "2"), await SeenAsync(campaign));
        Assert.Equal(("0", "0"), await api.BalanceAsync(payee));

        await server.MoveToAsync(deadline);
        await EventuallyAsync(campaign, payee, "9.900001");
        Assert.Equal(("succeeded", "10.000001", "2"), await SeenAsync(campaign));
        Assert.Equal(("16", "0"), await api.BalanceAsync(alice));
        Assert.Equal(("13.999999", "0"), await api.BalanceAsync(bob));
        Assert.Equal("posted", (await api.GetAsync(first.Headers.Location!.ToString(), alice.Key))["status"]);

        Assert.Equal(["top_up", "pledge", "pledge_post"], Kinds(await SummedStatementAsync(alice)));
        var lines = await SummedStatementAsync(payee);
        Assert.Equal(["campaign", "fee"], Kinds(lines));
        Assert.Equal(("10.000001", campaign, "The printed edition"), (lines[0]["amount"]!["amount"]!.ToString(), lines[0]["campaign"]!.ToString(), lines[0]["title"]!.ToString()));
    }

    [Fact]
    public async Task What_a_campaign_comes_to_is_shared_by_its_splits_after_the_fee()
    {
        var (payee, other, alice) = (await api.NewPayeeAsync(), await api.NewPayeeAsync(), await api.NewWalletAsync("20"));
        var deadline = (await server.NowAsync()).AddDays(3);
        var body = CampaignBody("10", deadline, "all_or_nothing").TrimEnd('}') + $$""","splits":[{"payee":"{{payee.Id}}","basisPoints":6667},{"payee":"{{other.Id}}","basisPoints":3333}]}""";
        var key = Api.NewKey();
        var made = await api.PostAsync("/v1/campaigns", payee.Key, body, key);
        Assert.True(made.Status == 201, made.Text);
        Assert.Equal([payee.Id, other.Id], made.Json["splits"]!.AsArray().Select(split => split!["payee"]!.GetValue<string>()));
        Assert.Equal(made.Text, (await api.GetAsync(made.Headers.Location!.ToString())).Text);
        Expect.Problem(await api.PostAsync("/v1/campaigns", payee.Key, body.Replace("6667", "6666").Replace("3333", "3334"), key), 409, "idempotency_conflict");
        await PledgeAsync(made["id"]!, alice, "10.000001");

        await server.MoveToAsync(deadline);
        // 9.900001 are left: 6.6003306667 and 3.2996703333.
        await EventuallyAsync(made["id"]!, payee, "6.600331");
        Assert.Equal(("3.29967", "0"), await api.BalanceAsync(other));
        Assert.Equal(["campaign", "fee", "split"], Kinds(await SummedStatementAsync(payee)));
        var line = Assert.Single(await SummedStatementAsync(other));
        Assert.Equal(("split", made["id"]), (line["kind"]!.ToString(), line["campaign"]!.ToString()));
    }

    [Fact]
    public async Task A_campaign_that_misses_its_goal_by_a_millionth_takes_nothing_and_shows_nothing()
    {
        var payee = await api.NewPayeeAsync();
        var (campaign, deadline) = await StartAsync(payee, "10");
        var alice = await api.NewWalletAsync("20");
        var pledge = await PledgeAsync(campaign, alice, "9.999999");
        Assert.Equal(("open", "9.999999", "1"), await SeenAsync(campaign));

        await server.MoveToAsync(deadline);
        await Eventually.TrueAsync(async () => await api.BalanceAsync(alice) == ("20", "0"));
        Assert.Equal(("failed", "0", "1"), await SeenAsync(campaign));
        Assert.Equal("voided", (await api.GetAsync(pledge.Headers.Location!.ToString(), alice.Key))["status"]);
        Assert.Equal(["top_up", "pledge", "pledge_void"], Kinds(await SummedStatementAsync(alice)));
        Assert.Empty(await api.StatementAsync(payee));
    }

    [Fact]
    public async Task A_campaign_that_keeps_what_it_gets_needs_no_goal_and_one_without_pledges_fails()
    {
        var (payee, lonely) = (await api.NewPayeeAsync(), await api.NewPayeeAsync());
        var (campaign, deadline) = await StartAsync(payee, "100", "keep_what_you_get");
        var (empty, _) = await StartAsync(lonely, "100", "keep_what_you_get", deadline);
        var alice = await api.NewWalletAsync("5");
        await PledgeAsync(campaign, alice, "0.5");
        await server.MoveToAsync(deadline);
        await EventuallyAsync(campaign, payee, "0.495");
        Assert.Equal(("succeeded", "0.5", "1"), await SeenAsync(campaign));
        await Eventually.TrueAsync(async () => await SeenAsync(empty) == ("failed", "0", "0"));
    }

    [Fact]
    public async Task A_pledge_is_withdrawn_until_the_deadline_and_counts_no_more()
    {
        var payee = await api.NewPayeeAsync();
        var (campaign, deadline) = await StartAsync(payee, "3");
        var (alice, bob) = (await api.NewWalletAsync("10"), await api.NewWalletAsync("10"));
        var early = await PledgeAsync(campaign, alice, "2");
        var late = await PledgeAsync(campaign, alice, "2");
        await PledgeAsync(campaign, bob, "2");

        await server.MoveToAsync(deadline.AddMinutes(-1));
        var withdrawn = await api.PostAsync($"{early.Headers.Location}/withdraw", alice.Key, null);
        Assert.Equal((200, "voided"), (withdrawn.Status, withdrawn["status"]));
        Assert.Equal(withdrawn.Text, (await api.PostAsync($"{early.Headers.Location}/withdraw", alice.Key, null)).Text);
        Assert.Equal(("8", "2"), await api.BalanceAsync(alice));
        Assert.Equal(("open", "4", "2"), await SeenAsync(campaign));

        await server.MoveToAsync(deadline);
        Expect.Problem(await api.PostAsync($"{late.Headers.Location}/withdraw", alice.Key, null), 409, "campaign_over");
        Expect.Problem(await api.PostAsync($"/v1/campaigns/{campaign}/pledges", bob.Key, Body("1")), 409, "campaign_over");
        await EventuallyAsync(campaign, payee, "3.96");
        Expect.Problem(await api.PostAsync($"{late.Headers.Location}/withdraw", alice.Key, null), 409, "campaign_over");
        Assert.Equal(withdrawn.Text, (await api.PostAsync($"{early.Headers.Location}/withdraw", alice.Key, null)).Text);
        Assert.Equal(("8", "0"), await api.BalanceAsync(alice));
        await SummedStatementAsync(alice);
    }

    [Fact]
    public async Task Keys_are_remembered_past_the_deadline()
    {
        var payee = await api.NewPayeeAsync();
        var alice = await api.NewWalletAsync("1");
        var deadline = (await server.NowAsync()).AddHours(1);
        var (key, pledgeKey, refusedKey) = (Api.NewKey(), Api.NewKey(), Api.NewKey());
        var body = CampaignBody("1", deadline);
        var made = await api.PostAsync("/v1/campaigns", payee.Key, body, key);
        Assert.Equal(201, made.Status);
        var path = $"{made.Headers.Location}/pledges";
        var pledged = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => api.PostAsync(path, alice.Key, Body("0.75"), pledgeKey)));
        Assert.All(pledged, reply => Assert.Equal((201, pledged[0].Text), (reply.Status, reply.Text)));
        Assert.Equal(("0.25", "0.75"), await api.BalanceAsync(alice));
        var refused = await api.PostAsync(path, alice.Key, Body("0.5"), refusedKey);
        Expect.Problem(refused, 402, "insufficient_funds");
        Assert.Equal("0.25", refused.Amount("missing"));

        await server.MoveToAsync(deadline);
        await Eventually.TrueAsync(async () => await api.BalanceAsync(alice) == ("1", "0"));
        Assert.Equal(made.Text, (await api.PostAsync("/v1/campaigns", payee.Key, body, key)).Text);
        Assert.Equal(pledged[0].Text, (await api.PostAsync(path, alice.Key, Body("0.75"), pledgeKey)).Text);
        Assert.Equal(refused.Text, (await api.PostAsync(path, alice.Key, Body("0.5"), refusedKey)).Text);
        Expect.Problem(await api.PostAsync(path, alice.Key, Body("0.5"), pledgeKey), 409, "idempotency_conflict");
        Expect.Problem(await api.PostAsync("/v1/campaigns", payee.Key, CampaignBody("2", deadline), key), 409, "idempotency_conflict");
        Assert.Equal(("1", "0"), await api.BalanceAsync(alice));
    }

    [Fact]
    public async Task What_belongs_to_others_answers_as_if_unknown()
    {
        var (payee, other) = (await api.NewPayeeAsync(), await api.NewPayeeAsync());
        var (campaign, _) = await StartAsync(payee, "10");
        var (second, _) = await StartAsync(payee, "20");
        var (alice, eve) = (await api.NewWalletAsync("5"), await api.NewWalletAsync("5"));
        var pledge = await PledgeAsync(campaign, alice, "1");
        Expect.Problem(await api.GetAsync(pledge.Headers.Location!.ToString(), eve.Key), 404, "pledge_not_found");
        Expect.Problem(await api.PostAsync($"{pledge.Headers.Location}/withdraw", eve.Key, null), 404, "pledge_not_found");
        Expect.Problem(await api.PostAsync($"{pledge.Headers.Location}/withdraw", payee.Key, null), 403, "forbidden");
        Expect.Problem(await api.GetAsync($"/v1/campaigns/{second}/pledges/{pledge["id"]}", alice.Key), 404, "pledge_not_found");
        Expect.Problem(await api.PostAsync($"/v1/campaigns/{Api.UnknownId<Farthing.Protocol.CampaignKind>()}/pledges", alice.Key, Body("1")), 404, "campaign_not_found");
        Assert.Empty((await api.GetAsync("/v1/campaigns", other.Key)).Json["lines"]!.AsArray());
        var page = await api.GetAsync("/v1/campaigns?pageSize=1", payee.Key);
        var next = await api.GetAsync($"/v1/campaigns?pageSize=1&cursor={page["next"]}", payee.Key);
        Assert.Equal([second, campaign], new[] { page, next }.Select(reply => Assert.Single(reply.Json["lines"]!.AsArray())!["id"]!.GetValue<string>()));
    }

    [Fact]
    public async Task The_example_of_the_page_is_made_as_it_stands_but_for_its_deadline()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(PricingPagesTests.Root(), "docs", "pricing", "campaign.md"), TestContext.Current.CancellationToken);
        var example = page.Split("```json\n")[1].Split("\n```")[0];
        var made = await api.PostAsync("/v1/campaigns", (await api.NewPayeeAsync()).Key, example.Replace("2026-12-24T18:00:00Z", Text((await server.NowAsync()).AddDays(31)), StringComparison.Ordinal));
        Assert.True(made.Status == 201, made.Text);
    }

    [Theory]
    [InlineData("campaign", """{"name":"A","goal":AMOUNT,"mode":"all_or_nothing"}""", "missing_field")]
    [InlineData("campaign", """{"name":"A","goal":AMOUNT,"deadline":"PAST","mode":"all_or_nothing"}""", "invalid_field")]
    [InlineData("campaign", """{"name":"A","goal":AMOUNT,"deadline":"0001-01-01T00:00:00Z","mode":"all_or_nothing"}""", "invalid_field")]
    [InlineData("campaign", """{"name":"A","goal":AMOUNT,"deadline":"FAR","mode":"all_or_nothing"}""", "invalid_field")]
    [InlineData("campaign", """{"name":"A","goal":AMOUNT,"deadline":"tomorrow","mode":"all_or_nothing"}""", "invalid_field")]
    [InlineData("campaign", """{"name":"A","goal":AMOUNT,"deadline":"SOON","mode":"maybe"}""", "invalid_field")]
    [InlineData("campaign", """{"name":"A","goal":AMOUNT,"deadline":"SOON","mode":1}""", "invalid_field")]
    [InlineData("campaign", """{"name":" ","goal":AMOUNT,"deadline":"SOON","mode":"all_or_nothing"}""", "invalid_field")]
    [InlineData("campaign", """{"name":"A","goal":{"amount":"0","currency":"USD"},"deadline":"SOON","mode":"all_or_nothing"}""", "amount_must_not_be_zero")]
    [InlineData("campaign", """{"name":"A","goal":{"amount":"1","currency":"EUR"},"deadline":"SOON","mode":"all_or_nothing"}""", "currency_mismatch")]
    [InlineData("campaign", """{"name":"A","goal":AMOUNT,"deadline":"SOON","mode":"all_or_nothing","stretch":AMOUNT}""", "unknown_field")]
    [InlineData("campaign", """{"name":"A","goal":AMOUNT,"deadline":"SOON","mode":"all_or_nothing","splits":[]}""", "invalid_splits")]
    [InlineData("campaign", """{"name":"A","goal":AMOUNT,"deadline":"SOON","mode":"all_or_nothing","splits":[{"payee":"PAYEE","basisPoints":6667},{"payee":"OTHER","basisPoints":3334}]}""", "invalid_splits")]
    [InlineData("campaign", """{"name":"A","goal":AMOUNT,"deadline":"SOON","mode":"all_or_nothing","splits":[{"payee":"EURO","basisPoints":5000},{"payee":"PAYEE","basisPoints":5000}]}""", "currency_mismatch")]
    [InlineData("campaign", """{"name":"A","goal":AMOUNT,"deadline":"SOON","mode":"all_or_nothing","splits":[{"payee":"me","basisPoints":5000},{"payee":"PAYEE","basisPoints":5000}]}""", "invalid_id")]
    [InlineData("campaign", """{"name":"A","goal":AMOUNT,"deadline":"SOON","mode":"all_or_nothing","splits":[null]}""", "invalid_field")]
    [InlineData("pledge", "{}", "missing_field")]
    [InlineData("pledge", """{"amount":{"amount":"0","currency":"USD"}}""", "amount_must_not_be_zero")]
    [InlineData("pledge", """{"amount":{"amount":"-1","currency":"USD"}}""", "amount_must_not_be_negative")]
    [InlineData("pledge", """{"amount":{"amount":"1","currency":"EUR"}}""", "currency_mismatch")]
    [InlineData("pledge", """{"amount":{"amount":1,"currency":"USD"}}""", "amount_must_be_a_string")]
    [InlineData("pledge", """{"amount":AMOUNT,"to":"me"}""", "unknown_field")]
    public async Task What_makes_no_sense_is_refused_by_name_and_nothing_moves(string call, string body, string code)
    {
        var payee = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("5");
        var now = await server.NowAsync();
        body = body.Replace("AMOUNT", Api.Amount("1")).Replace("PAST", Text(now.AddSeconds(30))).Replace("FAR", Text(now.AddDays(367))).Replace("SOON", Text(now.AddDays(1)));
        body = body.Replace("PAYEE", payee.Id);
        if (body.Contains("OTHER")) body = body.Replace("OTHER", (await api.NewPayeeAsync()).Id);
        if (body.Contains("EURO")) body = body.Replace("EURO", (await api.NewPayeeAsync("EUR")).Id);
        if (call == "campaign")
        {
            Expect.Problem(await api.PostAsync("/v1/campaigns", payee.Key, body), 400, code);
            Assert.Empty((await api.GetAsync("/v1/campaigns", payee.Key)).Json["lines"]!.AsArray());
            return;
        }

        var (campaign, _) = await StartAsync(payee, "10");
        Expect.Problem(await api.PostAsync($"/v1/campaigns/{campaign}/pledges", wallet.Key, body), 400, code);
        Assert.Equal(("5", "0"), await api.BalanceAsync(wallet));
        Assert.Equal(("open", "0", "0"), await SeenAsync(campaign));
    }

    private async Task<(string Id, DateTimeOffset Deadline)> StartAsync(Account payee, string goal, string mode = "all_or_nothing", DateTimeOffset? deadline = null)
    {
        var end = deadline ?? (await server.NowAsync()).AddDays(3);
        var made = await api.PostAsync("/v1/campaigns", payee.Key, CampaignBody(goal, end, mode));
        Assert.True(made.Status == 201, made.Text);
        Assert.Equal(made.Text, (await api.GetAsync(made.Headers.Location!.ToString())).Text);
        return (made["id"]!, DateTimeOffset.Parse(made["deadline"]!));
    }

    private async Task<Reply> PledgeAsync(string campaign, Account wallet, string amount)
    {
        var pledge = await api.PostAsync($"/v1/campaigns/{campaign}/pledges", wallet.Key, Body(amount));
        Assert.True(pledge.Status == 201, pledge.Text);
        Assert.Equal(pledge.Text, (await api.GetAsync(pledge.Headers.Location!.ToString(), wallet.Key)).Text);
        return pledge;
    }

    private async Task<(string? Status, string Total, string? Pledges)> SeenAsync(string campaign)
    {
        var seen = await api.GetAsync($"/v1/campaigns/{campaign}");
        return (seen["status"], seen.Amount("total"), seen["pledges"]);
    }

    private async Task EventuallyAsync(string campaign, Account payee, string balance)
    {
        await Eventually.TrueAsync(async () => await SeenAsync(campaign) is ("succeeded", _, _));
        await Eventually.TrueAsync(async () => await api.BalanceAsync(payee) == (balance, "0"));
    }

    private async Task<List<JsonNode>> SummedStatementAsync(Account account)
    {
        var lines = await api.StatementAsync(account);
        var (balance, held) = await api.BalanceAsync(account);
        Assert.Equal(Money.Units(balance) + Money.Units(held), Money.Sum(lines, "amount"));
        Assert.Equal(Money.Units(held), Money.Sum(lines, "held"));
        Assert.NotEqual(BigInteger.Zero, Money.Sum(lines, "amount"));
        return lines;
    }

    private static string[] Kinds(List<JsonNode> lines) => [.. lines.Select(line => line["kind"]!.GetValue<string>())];

    private static string Body(string amount) => $$"""{"amount":{{Api.Amount(amount)}}}""";

    private static string CampaignBody(string goal, DateTimeOffset deadline, string mode = "all_or_nothing") =>
        $$"""{"name":"The printed edition","goal":{{Api.Amount(goal)}},"deadline":"{{Text(deadline)}}","mode":"{{mode}}"}""";

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'");
}
