using System.Text.Json.Nodes;
using Farthing.Protocol;

namespace Farthing.Server.Tests.Rest;

/// <summary>Every call of <c>/v1/fares</c> with what makes no sense: a refusal with its own code, and nothing is made, moved or owed.</summary>
public sealed class FaresBadInputTests(SharedServer server)
{
    private const string Anyone = "\"anyone\":true,";

    private readonly Api api = server.Api;

    [Fact]
    public async Task What_makes_no_sense_is_refused_by_name_and_changes_nothing()
    {
        var rider = await Transit.StartAsync(api, "5", Transit.Zoned);
        var (other, flat, euro) = (await Transit.StartAsync(api, "5", Transit.Zoned), await Transit.StartAsync(api, "5"), await api.NewWalletAsync("5", "EUR"));
        var shop = await api.NewPayeeAsync();
        var article = await api.NewOfferAsync(rider.Payee);
        var closed = await Transit.StartAsync(api, "5");
        Assert.Equal(200, (await api.PostAsync($"/v1/offers/{closed.Offer}/close", closed.Payee.Key, null)).Status);
        var (anyone, elsewhere, euros) = (await MandateAsync(rider.Wallet, Anyone), await MandateAsync(rider.Wallet, $"\"payee\":\"{shop.Id}\","), await MandateAsync(euro, Anyone, "EUR"));
        var revoked = await MandateAsync(rider.Wallet, Anyone);
        Assert.Equal(200, (await api.PostAsync($"/v1/mandates/{revoked}/revoke", rider.Wallet.Key, null)).Status);
        var now = DateTimeOffset.UtcNow;
        var (noCard, noOffer, noMandate) = (Api.UnknownId<FareCardKind>(), Api.UnknownId<OfferKind>(), Api.UnknownId<MandateKind>());

        var card = new JsonObject { ["offer"] = rider.Offer, ["mandate"] = anyone };
        var tap = new JsonObject { ["offer"] = rider.Offer, ["card"] = rider.Card, ["reader"] = "Gate 4", ["direction"] = "in", ["zone"] = "1", ["tappedAt"] = Transit.Text(now) };
        (string Call, string Key, JsonObject Body, int Status, string Code)[] table =
        [
            .. WrongTypes("/v1/fares/cards", rider.Wallet.Key, card),
            ("/v1/fares/cards", rider.Wallet.Key, With(card, "offer", "off_1"), 400, "invalid_id"),
            ("/v1/fares/cards", rider.Wallet.Key, With(card, "offer", rider.Payee.Id), 400, "invalid_id"),
            ("/v1/fares/cards", rider.Wallet.Key, With(card, "offer", noOffer), 404, "offer_not_found"),
            ("/v1/fares/cards", rider.Wallet.Key, With(card, "offer", article), 400, "invalid_field"),
            ("/v1/fares/cards", rider.Wallet.Key, With(card, "offer", closed.Offer), 409, "offer_closed"),
            ("/v1/fares/cards", rider.Wallet.Key, With(card, "mandate", ""), 400, "invalid_id"),
            ("/v1/fares/cards", rider.Wallet.Key, With(card, "mandate", noMandate), 404, "mandate_not_found"),
            ("/v1/fares/cards", rider.Wallet.Key, With(card, "mandate", other.Mandate), 404, "mandate_not_found"),
            ("/v1/fares/cards", rider.Wallet.Key, With(card, "mandate", elsewhere), 403, "mandate_scope_exceeded"),
            ("/v1/fares/cards", rider.Wallet.Key, With(card, "mandate", revoked), 403, "mandate_revoked"),
            ("/v1/fares/cards", euro.Key, With(card, "mandate", euros), 400, "currency_mismatch"),
            ("/v1/fares/cards", rider.Payee.Key, card, 403, "forbidden"),
            .. WrongTypes($"/v1/fares/cards/{rider.Card}/mandate", rider.Wallet.Key, new JsonObject { ["mandate"] = anyone }),
            ($"/v1/fares/cards/{rider.Card}/mandate", rider.Wallet.Key, new() { ["mandate"] = revoked }, 403, "mandate_revoked"),
            ($"/v1/fares/cards/{rider.Card}/mandate", rider.Wallet.Key, new() { ["mandate"] = elsewhere }, 403, "mandate_scope_exceeded"),
            ($"/v1/fares/cards/{rider.Card}/mandate", rider.Wallet.Key, new() { ["mandate"] = other.Mandate }, 404, "mandate_not_found"),
            ($"/v1/fares/cards/{rider.Card}/mandate", other.Wallet.Key, new() { ["mandate"] = other.Mandate }, 404, "fare_card_not_found"),
            ($"/v1/fares/cards/{noCard}/mandate", rider.Wallet.Key, new() { ["mandate"] = anyone }, 404, "fare_card_not_found"),
            ("/v1/fares/cards/fcd_1/mandate", rider.Wallet.Key, new() { ["mandate"] = anyone }, 400, "invalid_id"),
            ($"/v1/fares/cards/{rider.Card}/close", other.Wallet.Key, [], 404, "fare_card_not_found"),
            ($"/v1/fares/cards/{rider.Card}/close", rider.Payee.Key, [], 403, "forbidden"),
            ($"/v1/fares/cards/{rider.Card}/close", rider.Wallet.Key, new() { ["why"] = "lost" }, 400, "unknown_field"),
            ("/v1/fares/cards/fcd_1/close", rider.Wallet.Key, [], 400, "invalid_id"),
            .. WrongTypes("/v1/fares/taps", rider.Payee.Key, tap, "direction", "zone"),
            ("/v1/fares/taps", shop.Key, tap, 404, "offer_not_found"),
            ("/v1/fares/taps", rider.Wallet.Key, tap, 403, "forbidden"),
            ("/v1/fares/taps", rider.Payee.Key, With(tap, "offer", article), 404, "offer_not_found"),
            ("/v1/fares/taps", rider.Payee.Key, With(tap, "offer", other.Offer), 404, "offer_not_found"),
            ("/v1/fares/taps", rider.Payee.Key, With(tap, "card", other.Card), 404, "fare_card_not_found"),
            ("/v1/fares/taps", rider.Payee.Key, With(tap, "card", noCard), 404, "fare_card_not_found"),
            ("/v1/fares/taps", rider.Payee.Key, With(tap, "card", rider.Wallet.Id), 400, "invalid_id"),
            ("/v1/fares/taps", rider.Payee.Key, With(tap, "reader", " "), 400, "invalid_field"),
            ("/v1/fares/taps", rider.Payee.Key, With(tap, "reader", new string('x', 101)), 400, "invalid_field"),
            ("/v1/fares/taps", rider.Payee.Key, With(tap, "reader", "Gate\u0007"), 400, "invalid_field"),
            ("/v1/fares/taps", rider.Payee.Key, With(tap, "direction", "up"), 400, "invalid_field"),
            ("/v1/fares/taps", rider.Payee.Key, With(tap, "direction", null), 400, "invalid_field"),
            ("/v1/fares/taps", rider.Payee.Key, With(tap, "zone", "3"), 400, "invalid_field"),
            ("/v1/fares/taps", rider.Payee.Key, With(tap, "zone", null), 400, "invalid_field"),
            ("/v1/fares/taps", flat.Payee.Key, With(With(tap, "offer", flat.Offer), "card", flat.Card), 400, "invalid_field"),
            .. new[] { "", "now", "2026-11-23", "2026-02-30T10:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T10:61:00Z", "10000-01-01T00:00:00Z", "1763892000" }
                .Select(time => ("/v1/fares/taps", rider.Payee.Key, With(tap, "tappedAt", time), 400, "invalid_field")),
            ("/v1/fares/taps", rider.Payee.Key, With(tap, "tappedAt", Transit.Text(now.AddMinutes(10))), 400, "invalid_field"),
            ("/v1/fares/taps", rider.Payee.Key, With(tap, "tappedAt", "9999-12-31T23:59:59.999Z"), 400, "invalid_field"),
            ("/v1/fares/taps", rider.Payee.Key, With(tap, "tappedAt", Transit.Text(now.AddHours(-1))), 400, "invalid_field"),
            ("/v1/fares/taps", rider.Payee.Key, With(tap, "tappedAt", Transit.Text(now.AddDays(-58))), 409, "fare_tap_too_late"),
            ("/v1/fares/taps", rider.Payee.Key, With(tap, "tappedAt", "0001-01-01T00:00:00Z"), 409, "fare_tap_too_late"),
            ("/v1/payments", rider.Wallet.Key, new() { ["offer"] = rider.Offer }, 400, "invalid_field"),
            ("/v1/payments", rider.Wallet.Key, new() { ["offer"] = rider.Offer, ["amount"] = JsonNode.Parse(Api.Amount("1")) }, 400, "invalid_field"),
        ];
        foreach (var (call, key, body, status, code) in table)
        {
            var reply = await api.PostAsync(call, key, body.ToJsonString());
            Assert.True((status, code) == (reply.Status, reply["code"]), $"{call} {body.ToJsonString()}: {status} {code} was expected, not {reply.Text}");
            Expect.Problem(reply, status, code);
        }

        (string Query, string Key, int Status, string Code)[] reads =
        [
            ("", rider.Wallet.Key, 400, "missing_field"),
            ("?card=fcd_1", rider.Wallet.Key, 400, "invalid_id"),
            ($"?card={rider.Card}&card={rider.Card}", rider.Wallet.Key, 400, "missing_field"),
            ($"?card={noCard}", rider.Wallet.Key, 404, "fare_card_not_found"),
            ($"?card={rider.Card}", other.Wallet.Key, 404, "fare_card_not_found"),
            ($"?card={rider.Card}", rider.Payee.Key, 403, "forbidden"),
            .. new[] { "", "yesterday", "2026-2-3", "2026-02-30", "2026-11-23T00:00:00Z", "9999-12-31", "0001-01-01", "-0001-01-01" }
                .Select(date => ($"?card={rider.Card}&date={date}", rider.Wallet.Key, 400, "invalid_field")),
        ];
        foreach (var (query, key, status, code) in reads) Expect.Problem(await api.GetAsync($"/v1/fares/journeys{query}", key), status, code);

        Assert.Single((await api.GetAsync("/v1/fares/cards", rider.Wallet.Key)).Json["lines"]!.AsArray());
        Assert.Equal(rider.Mandate, (await api.GetAsync("/v1/fares/cards", rider.Wallet.Key)).Json["lines"]![0]!["mandate"]!.GetValue<string>());
        Assert.Empty((await rider.DayAsync()).Json["journeys"]!.AsArray());
        Assert.Null((await rider.DayAsync())["nextAt"]);
        Assert.Equal("5", await rider.BalanceAsync(rider.Wallet));
    }

    [Fact]
    public async Task A_repeated_key_gives_the_first_answer_and_with_other_contents_a_conflict()
    {
        var rider = await Transit.StartAsync(api, "5");
        var (another, key) = (await MandateAsync(rider.Wallet, Anyone), Api.NewKey());
        var now = DateTimeOffset.UtcNow;
        foreach (var (call, bearer, body, field, other) in new[]
        {
            ("/v1/fares/cards", rider.Wallet.Key, new JsonObject { ["offer"] = rider.Offer, ["mandate"] = rider.Mandate }, "mandate", another),
            ($"/v1/fares/cards/{rider.Card}/mandate", rider.Wallet.Key, new JsonObject { ["mandate"] = another }, "mandate", rider.Mandate),
            ("/v1/fares/taps", rider.Payee.Key, new JsonObject { ["offer"] = rider.Offer, ["card"] = rider.Card, ["reader"] = "Bus 7", ["tappedAt"] = Transit.Text(now) }, "tappedAt", Transit.Text(now.AddSeconds(-1))),
        })
        {
            var first = await api.PostAsync(call, bearer, body.ToJsonString(), key);
            Assert.True(first.Status is 200 or 201, first.Text);
            Assert.Equal((first.Status, first.Text), await api.PostAsync(call, bearer, body.ToJsonString(), key) is var again ? (again.Status, again.Text) : default);
            Expect.Problem(await api.PostAsync(call, bearer, With(body, field, other).ToJsonString(), key), 409, "idempotency_conflict");
            Expect.Problem(await api.SendAsync(HttpMethod.Post, call, bearer, null, Api.JsonContent(body.ToJsonString())), 400, "idempotency_key_missing");
        }

        Assert.Equal(2, (await api.GetAsync("/v1/fares/cards", rider.Wallet.Key)).Json["lines"]!.AsArray().Count);
        Assert.Single((await rider.DayAsync()).Json["journeys"]!.AsArray());
        // A card that was closed twice was closed once.
        var closed = await api.PostAsync($"/v1/fares/cards/{rider.Card}/close", rider.Wallet.Key, null);
        Assert.Equal("closed", closed["status"]);
        Assert.Equal(closed.Text, (await api.PostAsync($"/v1/fares/cards/{rider.Card}/close", rider.Wallet.Key, null)).Text);
        Expect.Problem(await rider.TryTapAsync(DateTimeOffset.UtcNow), 409, "fare_card_closed");
    }

    [Theory]
    [InlineData("\"5.25\"", "\"1.25\"", "invalid_pricing")]
    [InlineData("\"24.70\"", "\"5\"", "invalid_pricing")]
    [InlineData("\"1.75\"", "\"0\"", "amount_must_not_be_zero")]
    [InlineData("\"1.75\"", "1.75", "amount_must_be_a_string")]
    [InlineData("\"24.70\",\"currency\":\"USD\"", "\"24.70\",\"currency\":\"EUR\"", "currency_mismatch")]
    [InlineData("\"currency\":\"USD\"", "\"currency\":\"EUR\"", "currency_mismatch")]
    [InlineData("\"flat\":{\"amount\":\"1.75\",\"currency\":\"USD\"},", "", "invalid_pricing")]
    [InlineData("\"perDay\":{\"amount\":\"5.25\",\"currency\":\"USD\"},", "", "missing_field")]
    [InlineData("\"model\":\"fares\",", "\"model\":\"fares\",\"timeZone\":\"London\",", "invalid_pricing")]
    [InlineData("\"model\":\"fares\",", "\"model\":\"fares\",\"timeZone\":1,", "invalid_field")]
    [InlineData("\"model\":\"fares\",", "\"model\":\"fares\",\"zones\":{\"pairs\":null,\"incomplete\":{\"amount\":\"1\",\"currency\":\"USD\"}},", "invalid_field")]
    [InlineData("\"model\":\"fares\",", "\"model\":\"fares\",\"price\":{\"amount\":\"1\",\"currency\":\"USD\"},", "unknown_field")]
    [InlineData("\"model\":\"fares\",", "\"model\":\"fares\",\"zones\":{\"pairs\":[],\"incomplete\":{\"amount\":\"1\",\"currency\":\"USD\"}},", "invalid_pricing")]
    public Task A_flat_table_that_makes_no_sense_is_refused(string part, string instead, string code) => IsRefusedAsync(Transit.Flat, part, instead, code);

    [Theory]
    [InlineData("{\"from\":\"1\",\"to\":\"2\",\"fare\":{\"amount\":\"3.50\",\"currency\":\"USD\"}},", "", "invalid_pricing")]
    [InlineData("\"to\":\"2\",\"fare\":{\"amount\":\"3.50\"", "\"to\":\"1\",\"fare\":{\"amount\":\"3.50\"", "invalid_pricing")]
    [InlineData("\"from\":\"1\",\"to\":\"1\"", "\"from\":\"\",\"to\":\"\"", "invalid_pricing")]
    [InlineData("\"amount\":\"6\"", "\"amount\":\"21\"", "invalid_pricing")]
    [InlineData("\"incomplete\"", "\"waitSeconds\":259201,\"incomplete\"", "invalid_pricing")]
    [InlineData("\"incomplete\"", "\"completeWithinSeconds\":59,\"incomplete\"", "invalid_pricing")]
    [InlineData("\"incomplete\"", "\"completeWithinSeconds\":43201,\"incomplete\"", "invalid_pricing")]
    [InlineData("\"incomplete\"", "\"waitSeconds\":\"1\",\"incomplete\"", "invalid_field")]
    [InlineData("\"pairs\":[", "\"pairs\":[null,", "invalid_field")]
    [InlineData("{\"from\":\"2\",\"to\":\"2\"", "{\"to\":\"2\"", "missing_field")]
    [InlineData("{\"from\":\"2\",\"to\":\"2\"", "{\"from\":null,\"to\":\"2\"", "invalid_field")]
    [InlineData("{\"from\":\"2\",\"to\":\"2\"", "{\"from\":\"2\",\"to\":2", "invalid_field")]
    [InlineData("\"incomplete\":{\"amount\":\"6\",\"currency\":\"USD\"}", "\"incomplete\":null", "invalid_field")]
    [InlineData("\"amount\":\"1.90\",\"currency\":\"USD\"", "\"amount\":\"1.90\",\"currency\":\"EUR\"", "currency_mismatch")]
    public Task A_table_of_zones_that_makes_no_sense_is_refused(string part, string instead, string code) => IsRefusedAsync(Transit.Zoned, part, instead, code);

    private async Task IsRefusedAsync(string pricing, string part, string instead, string code)
    {
        var payee = await api.NewPayeeAsync();
        Assert.Contains(part, pricing, StringComparison.Ordinal);
        Expect.Problem(await api.PostAsync("/v1/offers", payee.Key, $$"""{"name":"City transit","pricing":{{pricing.Replace(part, instead, StringComparison.Ordinal)}}}"""), 400, code);
        Assert.Empty((await api.GetAsync($"/v1/offers", payee.Key)).Json["lines"]!.AsArray());
    }

    private async Task<string> MandateAsync(Account wallet, string payee, string currency = "USD")
    {
        var mandate = await api.PostAsync("/v1/mandates", wallet.Key, $$"""{{{payee}}"perDay":{{Api.Amount("50", currency)}}}""");
        Assert.True(mandate.Status == 201, mandate.Text);
        return mandate["id"]!;
    }

    /// <summary>A body with a member too many, with none of each that is needed, and with each of a wrong type.</summary>
    private static IEnumerable<(string Call, string Key, JsonObject Body, int Status, string Code)> WrongTypes(string call, string key, JsonObject body, params string[] optional)
    {
        yield return (call, key, With(body, "note", "x"), 400, "unknown_field");
        foreach (var (name, _) in body)
        {
            var without = (JsonObject)body.DeepClone();
            without.Remove(name);
            yield return (call, key, without, 400, optional.Contains(name) ? "invalid_field" : "missing_field");
            foreach (var wrong in new[] { "1", "true", "[]", "{}", "null" })
            {
                if (wrong != "null" || !optional.Contains(name)) yield return (call, key, With(body, name, JsonNode.Parse(wrong)), 400, "invalid_field");
            }
        }
    }

    private static JsonObject With(JsonObject body, string name, JsonNode? value)
    {
        var changed = (JsonObject)body.DeepClone();
        changed[name] = value;
        return changed;
    }
}
