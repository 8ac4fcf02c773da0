using System.Text.RegularExpressions;

namespace Farthing.Server.Tests.Rest;

/// <summary>Money that wallets ask of wallets, alone and by split bills.</summary>
public sealed partial class RequestTests(SharedServer server)
{
    private readonly Api api = server.Api;

    [Fact]
    public async Task A_request_is_seen_by_both_and_paid_by_the_one_who_was_asked()
    {
        var (alice, bob) = (await api.NewWalletAsync(), await api.NewWalletAsync("10"));
        var asked = await AskAsync(alice, bob, "2.5", "tickets");
        Assert.Equal((201, "open", "sent", "2.5", "tickets", await HandleAsync(bob)), (asked.Status, asked["status"], asked["direction"], asked.Amount("amount"), asked["note"], asked["counterparty"]));
        Assert.Equal(asked.Text, (await api.GetAsync(asked.Headers.Location!.ToString(), alice.Key)).Text);
        var seen = await api.GetAsync(asked.Headers.Location!.ToString(), bob.Key);
        Assert.Equal(("open", "received", "tickets", await HandleAsync(alice)), (seen["status"], seen["direction"], seen["note"], seen["counterparty"]));

        var accepted = await api.PostAsync($"/v1/people/requests/{asked["id"]}/accept", bob.Key, null);
        Assert.Equal((200, "accepted"), (accepted.Status, accepted["status"]));
        Assert.Equal(("7.5", "0"), await api.BalanceAsync(bob));
        Assert.Equal(("2.5", "0"), await api.BalanceAsync(alice));
        var payment = await api.GetAsync($"/v1/people/payments/{accepted["payment"]}", alice.Key);
        Assert.Equal(("received", "2.5", "tickets", asked["id"]), (payment["direction"], payment.Amount("amount"), payment["note"], payment["request"]));
        Assert.Equal(accepted["payment"], (await api.GetAsync(asked.Headers.Location!.ToString(), alice.Key))["payment"]);
    }

    [Fact]
    public async Task Accepting_again_pays_once_and_a_refusal_stays_with_its_key()
    {
        var (alice, bob) = (await api.NewWalletAsync(), await api.NewWalletAsync("1"));
        var asked = await AskAsync(alice, bob, "3");
        var path = $"/v1/people/requests/{asked["id"]}/accept";
        var (poor, rich) = (Api.NewKey(), Api.NewKey());
        for (var i = 0; i < 3; i++) Expect.Problem(await api.PostAsync(path, bob.Key, null), 402, "insufficient_funds");
        var refused = await api.PostAsync(path, bob.Key, null, poor);
        Expect.Problem(refused, 402, "insufficient_funds");
        Assert.Equal("2", refused.Amount("missing"));
        await api.TopUpAsync(bob, "10");
        Assert.Equal(refused.Text, (await api.PostAsync(path, bob.Key, null, poor)).Text);
        Assert.Equal("open", (await api.GetAsync(asked.Headers.Location!.ToString(), bob.Key))["status"]);

        var replies = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => api.PostAsync(path, bob.Key, null, i % 2 == 0 ? rich : Api.NewKey())));
        Assert.All(replies, reply => Assert.Equal((200, "accepted", replies[0]["payment"]), (reply.Status, reply["status"], reply["payment"])));
        Assert.Equal(("8", "0"), await api.BalanceAsync(bob));
        Assert.Equal(("3", "0"), await api.BalanceAsync(alice));
        Assert.Equal(refused.Text, (await api.PostAsync(path, bob.Key, null, poor)).Text);
        var other = await AskAsync(alice, bob, "1");
        Expect.Problem(await api.PostAsync($"/v1/people/requests/{other["id"]}/accept", bob.Key, null, rich), 409, "idempotency_conflict");
    }

    [Fact]
    public async Task Accepting_counts_on_the_wallets_own_caps_and_leaves_the_request_open_if_they_are_used_up()
    {
        var (alice, bob) = (await api.NewWalletAsync(), await api.NewWalletAsync("10"));
        Assert.Equal(200, (await api.PostAsync($"/v1/wallets/{bob.Id}/caps", bob.Key, $$"""{"perMonth":{{Api.Amount("2")}}}""")).Status);
        var path = (await AskAsync(alice, bob, "2.5")).Headers.Location!.ToString();
        var key = Api.NewKey();
        var over = await api.PostAsync($"{path}/accept", bob.Key, null, key);
        Expect.Problem(over, 402, "cap_exceeded");
        Assert.Equal(("wallet.perMonth", "2"), (over["cap"], over.Amount("headroom")));
        Assert.Equal(200, (await api.PostAsync($"/v1/wallets/{bob.Id}/caps", bob.Key, "{}")).Status);
        Assert.Equal(over.Text, (await api.PostAsync($"{path}/accept", bob.Key, null, key)).Text);
        Assert.Equal("accepted", (await api.PostAsync($"{path}/accept", bob.Key, null))["status"]);
        Assert.Equal(("7.5", "0"), await api.BalanceAsync(bob));
    }

    [Fact]
    public async Task Of_accepting_declining_and_cancelling_at_once_exactly_one_wins()
    {
        const int Rounds = 30;
        var (alice, bob) = (await api.NewWalletAsync(), await api.NewWalletAsync("100"));
        var paid = 0;
        var winners = new HashSet<string>();
        for (var round = 0; round < Rounds; round++)
        {
            var id = (await AskAsync(alice, bob, "1"))["id"];
            Task<Reply>[] racers =
            [
                api.PostAsync($"/v1/people/requests/{id}/accept", bob.Key, null), api.PostAsync($"/v1/people/requests/{id}/decline", bob.Key, null),
                api.PostAsync($"/v1/people/requests/{id}/cancel", alice.Key, null),
            ];
            if (round % 2 == 1) Array.Reverse(racers);
            var replies = await Task.WhenAll(racers);
            var won = Assert.Single(replies, reply => reply.Status == 200);
            var status = won["status"]!;
            winners.Add(status);
            if (status == "accepted") paid++;
            Assert.All(replies.Where(reply => reply != won), reply =>
            {
                Expect.Problem(reply, 409, "request_ended");
                Assert.Equal(status, reply["requestStatus"]);
            });
            Assert.Equal(status, (await api.GetAsync($"/v1/people/requests/{id}", alice.Key))["status"]);
        }

        Assert.NotEmpty(winners);
        Assert.Equal((100 - paid).ToString(), (await api.BalanceAsync(bob)).Balance);
        Assert.Equal(paid.ToString(), (await api.BalanceAsync(alice)).Balance);
    }

    [Fact]
    public async Task A_declined_or_cancelled_request_moves_nothing_and_says_the_same_when_it_is_ended_again()
    {
        var (alice, bob) = (await api.NewWalletAsync(), await api.NewWalletAsync("5"));
        foreach (var (end, status, who, other) in new[] { ("decline", "declined", bob, alice), ("cancel", "cancelled", alice, bob) })
        {
            var path = $"/v1/people/requests/{(await AskAsync(alice, bob, "1"))["id"]}";
            Expect.Problem(await api.PostAsync($"{path}/{end}", other.Key, null), 403, "forbidden");
            var ended = await api.PostAsync($"{path}/{end}", who.Key, null);
            Assert.Equal((200, status), (ended.Status, ended["status"]));
            Assert.Equal(ended.Text, (await api.PostAsync($"{path}/{end}", who.Key, null)).Text);
            var late = await api.PostAsync($"{path}/accept", bob.Key, null);
            Expect.Problem(late, 409, "request_ended");
            Assert.Equal(status, late["requestStatus"]);
        }

        Assert.Equal(("5", "0"), await api.BalanceAsync(bob));
        Assert.Empty(await api.StatementAsync(alice));
    }

    [Theory]
    [InlineData("10", 3, false, "3.333334 3.333333 3.333333")]
    [InlineData("10", 2, true, "3.333333 3.333333")]
    [InlineData("0.000005", 3, false, "0.000002 0.000002 0.000001")]
    [InlineData("100", 7, true, "12.5 12.5 12.5 12.5 12.5 12.5 12.5")]
    public async Task A_bill_is_split_evenly_to_the_last_unit(string amount, int count, bool includeMe, string parts)
    {
        var alice = await api.NewWalletAsync();
        var others = await WalletsAsync(count);
        var bill = await api.PostAsync("/v1/people/bills", alice.Key, await BillAsync(amount, others, more: includeMe ? ",\"includeMe\":true" : ""));
        Assert.True(bill.Status == 201, bill.Text);
        var requests = bill.Json["requests"]!.AsArray();
        Assert.Equal(parts.Split(' '), requests.Select(request => request!["amount"]!["amount"]!.GetValue<string>()));
        Assert.Equal(bill.Text, (await api.GetAsync(bill.Headers.Location!.ToString(), alice.Key)).Text);
        for (var i = 0; i < count; i++)
        {
            var got = (await api.GetAsync("/v1/people/requests", others[i].Key)).Json["lines"]!.AsArray();
            Assert.Equal(requests[i]!["id"]!.GetValue<string>(), Assert.Single(got)!["id"]!.GetValue<string>());
        }
    }

    [Fact]
    public async Task Given_shares_must_add_up_and_a_bill_is_made_once_and_whole()
    {
        var alice = await api.NewWalletAsync();
        var others = await WalletsAsync(2);
        var shares = $$"""[{"from":"{{await HandleAsync(others[0])}}","amount":{{Api.Amount("7")}}},{"from":"{{await HandleAsync(others[1])}}","amount":{{Api.Amount("1.5")}}}]""";
        string Body(string own) => $$"""{"amount":{{Api.Amount("10")}},"shares":{{shares}},"ownShare":{{Api.Amount(own)}},"note":"the cabin"}""";
        Expect.Problem(await api.PostAsync("/v1/people/bills", alice.Key, Body("1.499999")), 400, "shares_must_sum");
        Expect.Problem(await api.PostAsync("/v1/people/bills", alice.Key, Body("1.500001")), 400, "shares_must_sum");

        var key = Api.NewKey();
        var bills = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => api.PostAsync("/v1/people/bills", alice.Key, Body("1.5"), key)));
        Assert.All(bills, bill => Assert.Equal((201, bills[0].Text), (bill.Status, bill.Text)));
        Expect.Problem(await api.PostAsync("/v1/people/bills", alice.Key, await BillAsync("10", others), key), 409, "idempotency_conflict");
        Assert.Equal(2, (await api.GetAsync("/v1/people/requests?direction=sent", alice.Key)).Json["lines"]!.AsArray().Count);

        // Whoever paid shows, and a repeat of the making says what it said.
        await api.TopUpAsync(others[1], "2");
        var id = bills[0].Json["requests"]![1]!["id"]!.GetValue<string>();
        Assert.Equal(200, (await api.PostAsync($"/v1/people/requests/{id}/accept", others[1].Key, null)).Status);
        var read = await api.GetAsync(bills[0].Headers.Location!.ToString(), alice.Key);
        Assert.Equal(["open", "accepted"], read.Json["requests"]!.AsArray().Select(request => request!["status"]!.GetValue<string>()));
        Assert.Equal(bills[0].Text, (await api.PostAsync("/v1/people/bills", alice.Key, Body("1.5"), key)).Text);
        Assert.Equal(("1.5", "0"), await api.BalanceAsync(alice));
    }

    [Fact]
    public async Task Lists_are_read_in_pages_newest_first()
    {
        var (alice, bob) = (await api.NewWalletAsync(), await api.NewWalletAsync());
        var made = new List<string>();
        for (var i = 1; i <= 5; i++) made.Insert(0, (await AskAsync(alice, bob, $"{i}"))["id"]!);
        foreach (var (wallet, direction) in new[] { (alice, "sent"), (bob, "received") })
        {
            var (ids, next) = (new List<string>(), "");
            do
            {
                var page = await api.GetAsync($"/v1/people/requests?direction={direction}&pageSize=2{next}", wallet.Key);
                ids.AddRange(page.Json["lines"]!.AsArray().Select(line => line!["id"]!.GetValue<string>()));
                next = page["next"] is { } cursor ? $"&cursor={cursor}" : "";
                if (next.Length > 0) Expect.Problem(await api.GetAsync($"/v1/people/requests?direction={(direction == "sent" ? "received" : "sent")}{next}", wallet.Key), 400, "invalid_cursor");
            }
            while (next.Length > 0);
            Assert.Equal(made, ids);
        }

        Assert.Empty((await api.GetAsync("/v1/people/requests", alice.Key)).Json["lines"]!.AsArray());
        Expect.Problem(await api.GetAsync("/v1/people/requests?direction=both", alice.Key), 400, "invalid_field");
    }

    [Fact]
    public async Task Requests_and_bills_of_others_answer_as_if_unknown()
    {
        var (alice, bob, eve) = (await api.NewWalletAsync(), await api.NewWalletAsync(), await api.NewWalletAsync("5"));
        var asked = await AskAsync(alice, bob, "1");
        var path = asked.Headers.Location!.ToString();
        Expect.Problem(await api.GetAsync(path, eve.Key), 404, "request_not_found");
        foreach (var end in new[] { "accept", "decline", "cancel" }) Expect.Problem(await api.PostAsync($"{path}/{end}", eve.Key, null), 404, "request_not_found");
        Expect.Problem(await api.PostAsync($"{path}/accept", alice.Key, null), 403, "forbidden");
        Expect.Problem(await api.GetAsync($"/v1/people/bills/{asked["bill"]}", bob.Key), 404, "bill_not_found");
        Expect.Problem(await api.GetAsync($"/v1/people/bills/{asked["bill"]}", eve.Key), 404, "bill_not_found");
        Expect.Problem(await api.GetAsync($"/v1/people/bills/bil{asked["id"]![3..]}", alice.Key), 404, "bill_not_found");
        Assert.Equal("open", (await api.GetAsync(path, alice.Key))["status"]);
    }

    [Fact]
    public async Task Who_asked_and_was_erased_can_no_longer_be_paid()
    {
        var (alice, bob) = (await api.NewWalletAsync(), await api.NewWalletAsync("5"));
        var asked = await AskAsync(alice, bob, "1", "the note");
        Assert.Equal(200, (await api.PostAsync($"/v1/wallets/{alice.Id}/erase", alice.Key, null)).Status);
        Expect.Problem(await api.PostAsync($"{asked.Headers.Location}/accept", bob.Key, null), 404, "handle_not_found");
        Assert.Equal("the note", (await api.GetAsync(asked.Headers.Location!.ToString(), bob.Key))["note"]);
        Expect.Problem(await api.GetAsync(asked.Headers.Location!.ToString(), alice.Key), 410, "wallet_erased");
        Assert.Equal("declined", (await api.PostAsync($"{asked.Headers.Location}/decline", bob.Key, null))["status"]);
    }

    [Theory]
    [InlineData("requests", """{"from":"HANDLE"}""", "missing_field")]
    [InlineData("requests", """{"from":"OWN","amount":AMOUNT}""", "invalid_field")]
    [InlineData("requests", """{"from":"nobody","amount":AMOUNT}""", "invalid_id")]
    [InlineData("requests", """{"from":"EURO","amount":AMOUNT}""", "currency_mismatch")]
    [InlineData("requests", """{"from":"HANDLE","amount":{"amount":"1","currency":"EUR"}}""", "currency_mismatch")]
    [InlineData("requests", """{"from":"HANDLE","amount":{"amount":"0","currency":"USD"}}""", "amount_must_not_be_zero")]
    [InlineData("requests", """{"from":"HANDLE","amount":AMOUNT,"lifetimeSeconds":59}""", "invalid_field")]
    [InlineData("requests", """{"from":"HANDLE","amount":AMOUNT,"lifetimeSeconds":7776001}""", "invalid_field")]
    [InlineData("requests", """{"from":"HANDLE","amount":AMOUNT,"lifetimeSeconds":-1}""", "invalid_field")]
    [InlineData("requests", """{"from":"HANDLE","amount":AMOUNT,"lifetimeSeconds":"60"}""", "invalid_field")]
    [InlineData("requests", """{"from":"HANDLE","amount":AMOUNT,"note":"a\u0000b"}""", "invalid_field")]
    [InlineData("bills", """{"amount":AMOUNT,"shares":[]}""", "invalid_field")]
    [InlineData("bills", """{"amount":AMOUNT,"shares":[null]}""", "invalid_field")]
    [InlineData("bills", """{"amount":AMOUNT,"shares":[{"from":"HANDLE"},{"from":"HANDLE"}]}""", "invalid_field")]
    [InlineData("bills", """{"amount":AMOUNT,"shares":[{"from":"HANDLE"},{"from":"OWN"}]}""", "invalid_field")]
    [InlineData("bills", """{"amount":AMOUNT,"shares":[{"from":"HANDLE"},{"from":"EURO"}]}""", "currency_mismatch")]
    [InlineData("bills", """{"amount":AMOUNT,"shares":[{"from":"HANDLE"},{"from":"OTHER","amount":AMOUNT}]}""", "invalid_field")]
    [InlineData("bills", """{"amount":AMOUNT,"shares":[{"from":"HANDLE"}],"ownShare":AMOUNT}""", "invalid_field")]
    [InlineData("bills", """{"amount":AMOUNT,"shares":[{"from":"HANDLE","amount":AMOUNT}],"includeMe":true}""", "invalid_field")]
    [InlineData("bills", """{"amount":AMOUNT,"shares":[{"from":"HANDLE","amount":AMOUNT},{"from":"OTHER","amount":AMOUNT}]}""", "shares_must_sum")]
    [InlineData("bills", """{"amount":AMOUNT,"shares":[{"from":"HANDLE","amount":{"amount":"1","currency":"EUR"}}]}""", "currency_mismatch")]
    [InlineData("bills", """{"amount":{"amount":"0.000001","currency":"USD"},"shares":[{"from":"HANDLE"},{"from":"OTHER"}]}""", "invalid_field")]
    [InlineData("bills", """{"amount":AMOUNT,"shares":[{"from":"HANDLE","weight":2}]}""", "unknown_field")]
    [InlineData("bills", """{"amount":AMOUNT,"shares":MANY}""", "invalid_field")]
    public async Task What_makes_no_sense_is_refused_by_name_and_nobody_is_asked(string call, string body, string code)
    {
        var (alice, bob, carol) = (await api.NewWalletAsync(), await api.NewWalletAsync("10"), await api.NewWalletAsync("10"));
        var euro = await api.NewWalletAsync(currency: "EUR");
        body = body.Replace("OWN", await HandleAsync(alice)).Replace("OTHER", await HandleAsync(carol)).Replace("EURO", await HandleAsync(euro)).Replace("AMOUNT", Api.Amount("10"))
            .Replace("MANY", $"[{string.Join(',', Enumerable.Repeat("""{"from":"HANDLE"}""", 51))}]").Replace("HANDLE", await HandleAsync(bob));
        Expect.Problem(await api.PostAsync($"/v1/people/{call}", alice.Key, body), 400, code);
        Assert.Empty((await api.GetAsync("/v1/people/requests?direction=sent", alice.Key)).Json["lines"]!.AsArray());
        Assert.Empty((await api.GetAsync("/v1/people/requests", bob.Key)).Json["lines"]!.AsArray());
    }

    [Fact]
    public async Task The_examples_of_the_page_are_made_as_they_stand()
    {
        var (alice, bob) = (await api.NewWalletAsync("100"), await api.NewWalletAsync());
        var page = await File.ReadAllTextAsync(Path.Combine(PricingPagesTests.Root(), "docs", "pricing", "person-to-person.md"), TestContext.Current.CancellationToken);
        var examples = Example().Matches(page).Select(match => match.Groups[1].Value).ToList();
        Assert.Equal(3, examples.Count);
        foreach (var (call, example) in new[] { "payments", "requests", "bills" }.Zip(examples))
        {
            var made = await api.PostAsync($"/v1/people/{call}", alice.Key, example.Replace("hdl_7ZD8Y2M6K3T5V7W9XAZBCDEFGH", await HandleAsync(bob), StringComparison.Ordinal));
            Assert.True(made.Status == 201, made.Text);
        }
    }

    private async Task<Account[]> WalletsAsync(int count)
    {
        var wallets = new Account[count];
        for (var i = 0; i < count; i++) wallets[i] = await api.NewWalletAsync();
        return wallets;
    }

    private async Task<string> HandleAsync(Account wallet) => (await api.GetAsync($"/v1/wallets/{wallet.Id}", wallet.Key))["handle"]!;

    private async Task<Reply> AskAsync(Account asker, Account asked, string amount, string? note = null)
    {
        var reply = await api.PostAsync("/v1/people/requests", asker.Key, $$"""{"from":"{{await HandleAsync(asked)}}","amount":{{Api.Amount(amount)}}{{(note is null ? "" : $",\"note\":\"{note}\"")}}}""");
        Assert.True(reply.Status == 201, reply.Text);
        return reply;
    }

    private async Task<string> BillAsync(string amount, Account[] others, string more = "")
    {
        var shares = new List<string>();
        foreach (var other in others) shares.Add($$"""{"from":"{{await HandleAsync(other)}}"}""");
        return $$"""{"amount":{{Api.Amount(amount)}},"shares":[{{string.Join(',', shares)}}]{{more}}}""";
    }

    [GeneratedRegex("```json\n(.*?)\n```")]
    private static partial Regex Example();
}
