using Farthing.Protocol;

namespace Farthing.Server.Tests.Rest;

/// <summary>Offers and their pricings: making, reading, listing, closing. What each model costs is in its own tests.</summary>
public sealed class OfferTests(SharedServer server)
{
    private readonly Api api = server.Api;

    [Fact]
    public async Task An_offer_is_made_read_by_anyone_listed_and_closed()
    {
        var payee = await api.NewPayeeAsync();
        var made = await api.PostAsync("/v1/offers", payee.Key,
            $$$"""{"name":"One article","resource":"/articles/rain","pricing":{"model":"per-use","price":{{{Api.Amount("0.02")}}}},"refundWindowSeconds":60}""");
        Assert.Equal(201, made.Status);

        var read = await api.GetAsync(made.Headers.Location!.ToString());
        Assert.Equal((200, "One article", "/articles/rain", "60", "open", payee.Id), (read.Status, read["name"], read["resource"], read["refundWindowSeconds"], read["status"], read["payee"]));
        Assert.Equal("""{"model":"per-use","price":{"amount":"0.02","currency":"USD"}}""", read.Json["pricing"]!.ToJsonString());
        Assert.Equal(made.Text, read.Text);
        var shortly = await api.PostAsync("/v1/offers", payee.Key, $$"""{"name":"One article","price":{{Api.Amount("0.02")}}}""");
        Assert.Equal(read.Json["pricing"]!.ToJsonString(), shortly.Json["pricing"]!.ToJsonString());

        var closed = await api.PostAsync($"/v1/offers/{made["id"]}/close", payee.Key, null);
        Assert.Equal((200, "closed"), (closed.Status, closed["status"]));
        Assert.Equal(closed.Text, (await api.PostAsync($"/v1/offers/{made["id"]}/close", payee.Key, "{}")).Text);

        var wallet = await api.NewWalletAsync("1");
        Expect.Problem(await api.PostAsync("/v1/payments", wallet.Key, $$"""{"offer":"{{made["id"]}}"}"""), 409, "offer_closed");
        Assert.Equal(("1", "0"), await api.BalanceAsync(wallet));
    }

    [Fact]
    public async Task Offers_are_listed_in_pages_newest_first()
    {
        var payee = await api.NewPayeeAsync();
        var made = new List<string>();
        for (var i = 0; i < 5; i++) made.Add(await api.NewOfferAsync(payee));
        made.Reverse();

        var listed = new List<string>();
        var path = "/v1/offers?pageSize=2";
        for (var pages = 0; pages < 10; pages++)
        {
            var page = await api.GetAsync(path, payee.Key);
            listed.AddRange(page.Json["lines"]!.AsArray().Select(line => line!["id"]!.GetValue<string>()));
            if (page["next"] is not { } next) break;
            path = $"/v1/offers?pageSize=2&cursor={Uri.EscapeDataString(next)}";
        }

        Assert.Equal(made, listed);
    }

    public static TheoryData<string, string> BadOffers
    {
        get
        {
            const string Dollar = """{"amount":"1","currency":"USD"}""";
            const string Half = """{"amount":"0.5","currency":"USD"}""";
            var data = new TheoryData<string, string>
            {
                { "", "missing_field" },
                { $$""" "price":{{Dollar}},"pricing":{"model":"per-use","price":{{Dollar}}} """, "invalid_field" },
                { """ "price":{"amount":"0","currency":"USD"} """, "amount_must_not_be_zero" },
                { """ "price":{"amount":"-1","currency":"USD"} """, "amount_must_not_be_negative" },
                { """ "price":{"amount":0.02,"currency":"USD"} """, "amount_must_be_a_string" },
                { """ "price":0.02 """, "amount_must_be_a_string" },
                { """ "price":{"amount":"1","currency":"EUR"} """, "currency_mismatch" },
                { """ "price":{"amount":"0.0000001","currency":"USD"} """, "too_many_decimals" },
                { $$""" "price":{{Dollar}},"refundWindowSeconds":7776001 """, "invalid_field" },
                { $$""" "price":{{Dollar}},"refundWindowSeconds":-1 """, "invalid_field" },
                { $$""" "price":{{Dollar}},"resource":"" """, "invalid_field" },
                { $$""" "price":{{Dollar}},"resources":"/a" """, "invalid_field" },
                { $$""" "price":{{Dollar}},"resources":[] """, "invalid_field" },
                { $$""" "pricing":{"model":"per-use","price":{{Half}},"dayCap":{{Dollar}}},"resources":["/a"] """, "invalid_pricing" },
                { $$""" "price":{{Dollar}},"resources":[null] """, "invalid_field" },
                { $$""" "price":{{Dollar}},"resources":[7] """, "invalid_field" },
                { $$""" "price":{{Dollar}},"resources":["/a","/a"] """, "invalid_field" },
                { $$""" "price":{{Dollar}},"resources":["/a\n"] """, "invalid_field" },
                { $$""" "price":{{Dollar}},"resources":["{{new string('a', 513)}}"] """, "invalid_field" },
                { $$""" "price":{{Dollar}},"resources":[{{string.Join(',', Enumerable.Range(0, 101).Select(i => $"\"/{i}\""))}}] """, "invalid_field" },
                { $$""" "price":{{Dollar}},"splits":[] """, "invalid_splits" },
                { $$""" "price":{{Dollar}},"splits":{} """, "invalid_field" },
                { $$""" "price":{{Dollar}},"splits":[null] """, "invalid_field" },
            };
            (string Pricing, string Code)[] pricings =
            [
                ("7", "invalid_field"), ("null", "missing_field"), ("[]", "invalid_field"), ("{}", "missing_field"), ($$"""{"price":{{Dollar}}}""", "missing_field"),
                ($$"""{"model":"monthly","price":{{Dollar}}}""", "invalid_field"), ($$"""{"model":null,"price":{{Dollar}}}""", "invalid_field"),
                ($$"""{"model":7,"price":{{Dollar}}}""", "invalid_field"), ($$"""{"model":"Per-Use","price":{{Dollar}}}""", "invalid_field"),
                ($$"""{"model":"per-use","model":"per-use","price":{{Dollar}}}""", "unknown_field"),
                ($$"""{"model":"per-use","price":{{Dollar}},"price":{{Dollar}}}""", "unknown_field"),
                ("""{"model":"per-use"}""", "missing_field"), ("""{"model":"per-use","price":null}""", "invalid_field"),
                ("""{"model":"per-use","price":1}""", "amount_must_be_a_string"), ("""{"model":"per-use","price":{"amount":1,"currency":"USD"}}""", "amount_must_be_a_string"),
                ($$"""{"model":"per-use","price":{{Dollar}},"minimum":{{Dollar}}}""", "unknown_field"), ($$"""{"model":"per-use","price":{{Dollar}},"tip":1}""", "unknown_field"),
                ("""{"model":"per-use","price":{"amount":"0","currency":"USD"}}""", "amount_must_not_be_zero"),
                ($$"""{"model":"per-use","price":{{Dollar}},"ownedForSeconds":59}""", "invalid_pricing"), ($$"""{"model":"per-use","price":{{Dollar}},"ownedForSeconds":0}""", "invalid_pricing"),
                ($$"""{"model":"per-use","price":{{Dollar}},"ownedForSeconds":-86400}""", "invalid_pricing"), ($$"""{"model":"per-use","price":{{Dollar}},"ownedForSeconds":315360001}""", "invalid_pricing"),
                ($$"""{"model":"per-use","price":{{Dollar}},"ownedForSeconds":"86400"}""", "invalid_field"), ($$"""{"model":"per-use","price":{{Dollar}},"ownedForSeconds":1e5}""", "invalid_field"),
                ($$"""{"model":"pay-what-you-want","minimum":{{Dollar}},"ownedForSeconds":86400}""", "unknown_field"),
                ($$"""{"model":"per-use","price":{{Dollar}},"dayCap":{{Half}}}""", "invalid_pricing"), ($$"""{"model":"per-use","price":{{Dollar}},"timeZone":"UTC"}""", "invalid_pricing"),
                ($$"""{"model":"per-use","price":{{Half}},"dayCap":{{Api.Amount("2", "EUR")}}}""", "currency_mismatch"), ($$"""{"model":"per-use","price":{{Half}},"dayCap":2}""", "amount_must_be_a_string"),
                ($$"""{"model":"per-use","price":{{Half}},"dayCap":{{Api.Amount("0")}}}""", "amount_must_not_be_zero"),
                ($$"""{"model":"per-use","price":{{Half}},"dayCap":{{Dollar}},"timeZone":"Europe/Atlantis"}""", "invalid_pricing"), ($$"""{"model":"per-use","price":{{Half}},"dayCap":{{Dollar}},"timeZone":""}""", "invalid_pricing"),
                ($$"""{"model":"per-use","price":{{Half}},"dayCap":{{Dollar}},"timeZone":"europe/paris"}""", "invalid_pricing"), ($$"""{"model":"per-use","price":{{Half}},"dayCap":{{Dollar}},"timeZone":2}""", "invalid_field"),
                ("""{"model":"per-use","price":{"amount":"1","currency":"EUR"}}""", "currency_mismatch"),
                ("""{"model":"pay-what-you-want"}""", "missing_field"), ($$"""{"model":"pay-what-you-want","price":{{Dollar}}}""", "unknown_field"),
                ("""{"model":"pay-what-you-want","minimum":{"amount":"0","currency":"USD"}}""", "amount_must_not_be_zero"),
                ("""{"model":"pay-what-you-want","minimum":{"amount":"1","currency":"BTC"}}""", "currency_mismatch"),
                ($$"""{"model":"pay-what-you-want","minimum":{{Dollar}},"suggested":[{{Half}}]}""", "invalid_pricing"),
                ($$"""{"model":"pay-what-you-want","minimum":{{Half}},"suggested":[{{Dollar}},{{Dollar}}]}""", "invalid_pricing"),
                ($$"""{"model":"pay-what-you-want","minimum":{{Half}},"suggested":[{{Dollar}},{"amount":"2","currency":"EUR"}]}""", "currency_mismatch"),
                ($$"""{"model":"pay-what-you-want","minimum":{{Half}},"suggested":[{"amount":"0","currency":"USD"}]}""", "amount_must_not_be_zero"),
                ($$"""{"model":"pay-what-you-want","minimum":{{Half}},"suggested":[{"amount":2,"currency":"USD"}]}""", "amount_must_be_a_string"),
                ($$"""{"model":"pay-what-you-want","minimum":{{Half}},"suggested":{{Dollar}}}""", "invalid_field"),
                ($$"""{"model":"pay-what-you-want","minimum":{{Half}},"suggested":[null]}""", "invalid_field"),
                ($$"""{"model":"pay-what-you-want","minimum":{{Half}},"suggested":[{{string.Join(',', Enumerable.Range(1, 11).Select(i => Api.Amount($"{i}")))}}]}""", "invalid_pricing"),
            ];
            foreach (var (pricing, code) in pricings) data.Add($"\"pricing\":{pricing}", code);
            return data;
        }
    }

    [Theory(DisableDiscoveryEnumeration = true)]
    [MemberData(nameof(BadOffers))]
    public async Task An_offer_is_refused_what_makes_no_sense(string members, string code)
    {
        var payee = await api.NewPayeeAsync();
        var body = $"{{\"name\":\"A\"{(members.Length == 0 ? "" : ",")}{members}}}";
        Expect.Problem(await api.PostAsync("/v1/offers", payee.Key, body), 400, code);
        Assert.Empty((await api.GetAsync("/v1/offers", payee.Key)).Json["lines"]!.AsArray());
    }

    [Fact]
    public async Task An_offer_can_be_shared_by_payees_and_says_by_whom()
    {
        var (owner, friend) = (await api.NewPayeeAsync(), await api.NewPayeeAsync());
        var splits = Splits((owner.Id, 6_667), (friend.Id, 3_333));
        var made = await api.PostAsync("/v1/offers", owner.Key, $$"""{"name":"A duet","price":{{Api.Amount("0.02")}},"splits":{{splits}}}""");
        Assert.Equal(201, made.Status);
        Assert.Equal(splits, made.Json["splits"]!.ToJsonString());
        Assert.Equal(made.Text, (await api.GetAsync($"/v1/offers/{made["id"]}")).Text);
        Assert.Equal(splits, Assert.Single((await api.GetAsync("/v1/offers", owner.Key)).Json["lines"]!.AsArray())!["splits"]!.ToJsonString());
    }

    [Fact]
    public async Task What_is_paid_is_shared_to_the_last_unit_and_a_refund_takes_the_same_shares_back()
    {
        var (owner, friend) = (await api.NewPayeeAsync(), await api.NewPayeeAsync());
        var wallet = await api.NewWalletAsync("1");
        var offer = await api.NewOfferAsync(owner, "0.02", $",\"splits\":{Splits((owner.Id, 6_667), (friend.Id, 3_333))}");
        var paid = await api.PostAsync("/v1/payments", wallet.Key, $$"""{"offer":"{{offer}}"}""");
        Assert.Equal((201, "0.02", "0.0002"), (paid.Status, paid.Amount("amount"), paid.Amount("fee")));
        // 0.0198 is left after the fee: 0.01320066 and 0.00659934, of which the first has the larger remainder.
        Assert.Equal((("0.98", "0"), ("0.013201", "0"), ("0.006599", "0")), (await api.BalanceAsync(wallet), await api.BalanceAsync(owner), await api.BalanceAsync(friend)));

        Assert.Equal(201, (await api.PostAsync($"/v1/payments/{paid["id"]}/refunds", wallet.Key, null)).Status);
        Assert.Equal((("1", "0"), ("0", "0"), ("0", "0")), (await api.BalanceAsync(wallet), await api.BalanceAsync(owner), await api.BalanceAsync(friend)));
    }

    [Fact]
    public async Task Splits_that_do_not_share_the_offer_are_refused()
    {
        var (owner, friend, stranger) = (await api.NewPayeeAsync(), await api.NewPayeeAsync(), await api.NewPayeeAsync("EUR"));
        var crowd = new List<(string, int)> { (owner.Id, 1_000) };
        for (var i = 0; i < 10; i++) crowd.Add((Api.UnknownId<PayeeKind>(), 900));
        (string Splits, int Status, string Code)[] cases =
        [
            (Splits((owner.Id, 10_000)), 400, "invalid_splits"), (Splits([.. crowd]), 400, "invalid_splits"),
            (Splits((owner.Id, 6_667), (friend.Id, 3_332)), 400, "invalid_splits"), (Splits((owner.Id, 6_667), (friend.Id, 3_334)), 400, "invalid_splits"),
            (Splits((owner.Id, 10_000), (friend.Id, 0)), 400, "invalid_splits"), (Splits((owner.Id, 5_000), (owner.Id, 5_000)), 400, "invalid_splits"),
            (Splits((friend.Id, 5_000), (stranger.Id, 5_000)), 400, "invalid_splits"), (Splits((owner.Id, 5_000), (stranger.Id, 5_000)), 400, "currency_mismatch"),
            (Splits((owner.Id, 5_000), (Api.UnknownId<PayeeKind>(), 5_000)), 404, "payee_not_found"), (Splits((owner.Id, 5_000), (owner.Id.Replace("pye", "wal", StringComparison.Ordinal), 5_000)), 400, "invalid_id"),
            ($$"""[{"payee":"{{owner.Id}}","basisPoints":-1},{"payee":"{{friend.Id}}","basisPoints":10001}]""", 400, "invalid_field"),
            ($$"""[{"payee":"{{owner.Id}}","basisPoints":5000.5},{"payee":"{{friend.Id}}","basisPoints":4999.5}]""", 400, "invalid_field"),
            ($$"""[{"payee":"{{owner.Id}}","basisPoints":4294967296},{"payee":"{{friend.Id}}","basisPoints":1}]""", 400, "invalid_field"),
            ($$"""[{"payee":"{{owner.Id}}"},{"payee":"{{friend.Id}}","basisPoints":5000}]""", 400, "missing_field"),
            ($$"""[{"payee":"{{owner.Id}}","percent":50},{"payee":"{{friend.Id}}","basisPoints":5000}]""", 400, "unknown_field"),
        ];
        foreach (var (splits, status, code) in cases)
            Expect.Problem(await api.PostAsync("/v1/offers", owner.Key, $$"""{"name":"A duet","price":{{Api.Amount("0.02")}},"splits":{{splits}}}"""), status, code);
        Assert.Empty((await api.GetAsync("/v1/offers", owner.Key)).Json["lines"]!.AsArray());
    }

    [Fact]
    public async Task An_offer_is_closed_only_by_its_payee()
    {
        var offer = await api.NewOfferAsync(await api.NewPayeeAsync());
        var other = await api.NewPayeeAsync();
        Expect.Problem(await api.PostAsync($"/v1/offers/{offer}/close", other.Key, null), 403, "forbidden");
        Expect.Problem(await api.PostAsync($"/v1/offers/{Api.UnknownId<OfferKind>()}/close", other.Key, null), 404, "offer_not_found");
        Assert.Equal("open", (await api.GetAsync($"/v1/offers/{offer}"))["status"]);
    }

    private static string Splits(params (string Payee, int BasisPoints)[] splits) =>
        $"[{string.Join(',', splits.Select(split => $$"""{"payee":"{{split.Payee}}","basisPoints":{{split.BasisPoints}}}"""))}]";
}
