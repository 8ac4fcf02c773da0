using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Farthing.Server.Tests.Rest;

public sealed partial class OpenApiTests(SharedServer server)
{
    // The table of the REST door: method, path, success, and the statuses it refuses with.
    private static readonly Dictionary<string, string> Table = new()
    {
        ["post /v1/payees"] = "201 400 401 403 409 413 415 500 503",
        ["get /v1/payees/{id}"] = "200 400 401 403 404 500 503",
        ["get /v1/payees/{id}/statement"] = "200 400 401 403 404 500 503",
        ["post /v1/payees/{id}/keys/rotate"] = "200 400 401 403 404 409 413 415 500 503",
        ["post /v1/offers"] = "201 400 401 403 404 409 413 415 500 503",
        ["get /v1/offers"] = "200 400 401 403 500 503",
        ["get /v1/offers/{id}"] = "200 400 404 500 503",
        ["post /v1/offers/{id}/close"] = "200 400 401 403 404 413 415 500 503",
        ["post /v1/wallets"] = "201 400 409 413 415 429 500 503",
        ["get /v1/wallets/{id}"] = "200 400 401 403 404 410 500 503",
        ["get /v1/wallets/{id}/statement"] = "200 400 401 403 404 410 500 503",
        ["post /v1/wallets/{id}/erase"] = "200 400 401 403 404 413 415 500 503",
        ["get /v1/wallets/{id}/caps"] = "200 400 401 403 404 410 500 503",
        ["post /v1/wallets/{id}/caps"] = "200 400 401 403 404 409 410 413 415 500 503",
        ["post /v1/wallets/{id}/pause"] = "200 400 401 403 404 409 410 413 415 500 503",
        ["post /v1/wallets/{id}/resume"] = "200 400 401 403 404 409 410 413 415 500 503",
        ["post /v1/mandates"] = "201 400 401 403 404 409 410 413 415 500 503",
        ["get /v1/mandates"] = "200 400 401 403 410 500 503",
        ["get /v1/mandates/{id}"] = "200 400 401 403 404 410 500 503",
        ["post /v1/mandates/{id}/revoke"] = "200 400 401 403 404 410 413 415 500 503",
        ["post /v1/wallets/{id}/top-ups"] = "201 400 401 403 404 409 410 413 415 500 503",
        ["get /v1/wallets/{id}/top-ups/cost"] = "200 400 401 403 404 410 500 503",
        ["post /v1/wallets/{id}/payouts"] = "201 400 401 402 403 404 409 410 413 415 500 503",
        ["get /v1/wallets/{id}/payouts"] = "200 400 401 403 404 410 500 503",
        ["get /v1/wallets/{id}/payouts/{payoutId}"] = "200 400 401 403 404 410 500 503",
        ["post /v1/wallets/{id}/recovery-code"] = "201 400 401 403 404 409 410 413 415 500 503",
        ["post /v1/wallets/{id}/recovery-code/confirm"] = "200 400 401 403 404 410 413 415 429 500 503",
        ["post /v1/wallets/recover"] = "201 400 403 409 410 413 415 429 500 503",
        ["post /v1/wallets/{id}/automatic-top-up"] = "200 400 401 403 404 409 410 413 415 500 503",
        ["get /v1/wallets/{id}/automatic-top-up"] = "200 400 401 403 404 410 500 503",
        ["post /v1/wallets/{id}/automatic-top-up/stop"] = "200 400 401 403 404 409 410 413 415 500 503",
        ["post /v1/rails/card/events"] = "200 400 413 500 503",
        ["get /v1/wallets/{id}/top-ups/{topUpId}"] = "200 400 401 403 404 410 500 503",
        ["post /v1/payments"] = "201 400 401 402 403 404 409 410 413 415 500 503",
        ["get /v1/payments"] = "200 400 401 403 500 503",
        ["post /v1/payments/batch"] = "200 400 401 403 413 415 500 503",
        ["get /v1/payments/{id}"] = "200 400 401 403 404 500 503",
        ["post /v1/payments/{id}/post"] = "200 400 401 403 404 409 413 415 500 503",
        ["post /v1/payments/{id}/void"] = "200 400 401 403 404 409 413 415 500 503",
        ["post /v1/payments/{id}/refunds"] = "201 400 401 403 404 409 410 413 415 500 503",
        ["get /v1/payments/{id}/receipt"] = "200 400 401 403 404 409 500 503",
        ["post /v1/people/payments"] = "201 400 401 402 403 404 409 410 413 415 500 503",
        ["get /v1/people/payments/{id}"] = "200 400 401 403 404 410 500 503",
        ["post /v1/people/requests"] = "201 400 401 403 404 409 410 413 415 500 503",
        ["get /v1/people/requests"] = "200 400 401 403 410 500 503",
        ["get /v1/people/requests/{id}"] = "200 400 401 403 404 410 500 503",
        ["post /v1/people/requests/{id}/accept"] = "200 400 401 402 403 404 409 410 413 415 500 503",
        ["post /v1/people/requests/{id}/decline"] = "200 400 401 403 404 409 410 413 415 500 503",
        ["post /v1/people/requests/{id}/cancel"] = "200 400 401 403 404 409 410 413 415 500 503",
        ["post /v1/people/bills"] = "201 400 401 403 404 409 410 413 415 500 503",
        ["get /v1/people/bills/{id}"] = "200 400 401 403 404 410 500 503",
        ["post /v1/campaigns"] = "201 400 401 403 404 409 413 415 500 503",
        ["get /v1/campaigns"] = "200 400 401 403 500 503",
        ["get /v1/campaigns/{id}"] = "200 400 404 500 503",
        ["post /v1/campaigns/{id}/pledges"] = "201 400 401 402 403 404 409 410 413 415 500 503",
        ["get /v1/campaigns/{id}/pledges/{pledgeId}"] = "200 400 401 403 404 410 500 503",
        ["post /v1/campaigns/{id}/pledges/{pledgeId}/withdraw"] = "200 400 401 403 404 409 410 413 415 500 503",
        ["post /v1/round-ups"] = "201 400 401 403 404 409 410 413 415 500 503",
        ["get /v1/round-ups"] = "200 400 401 403 410 500 503",
        ["get /v1/round-ups/{id}"] = "200 400 401 403 404 410 500 503",
        ["post /v1/round-ups/{id}/cancel"] = "200 400 401 403 404 410 413 415 500 503",
        ["get /v1/ledger/checkpoint"] = "200 500 503",
        ["get /v1/ledger/tile/{level}/{index}"] = "200 404 500 503",
        ["get /v1/ledger/consistency"] = "200 400 404 500 503",
        ["get /v1/ledger/changes"] = "200 400 401 403 429 500 503",
        ["get /v1/ledger/key"] = "200 500 503",
        ["get /v1/tabs"] = "200 400 401 403 410 500 503",
        ["get /v1/tabs/{id}"] = "200 400 401 403 404 410 500 503",
        ["post /v1/tabs/{id}/pay"] = "201 400 401 402 403 404 409 410 413 415 500 503",
        ["get /v1/payees/{id}/tabs"] = "200 400 401 403 404 500 503",
        ["post /v1/meters"] = "201 400 401 402 403 404 409 410 413 415 500 503",
        ["get /v1/meters/{id}"] = "200 400 401 403 404 410 500 503",
        ["post /v1/meters/{id}/report"] = "200 400 401 403 404 409 413 415 500 503",
        ["post /v1/meters/{id}/stop"] = "200 400 401 403 404 409 410 413 415 500 503",
        ["post /v1/tips"] = "201 400 401 402 403 404 409 410 413 415 500 503",
        ["get /v1/tips"] = "200 400 401 403 410 500 503",
        ["get /v1/tips/{id}"] = "200 400 401 403 404 410 500 503",
        ["post /v1/tips/{id}/cancel"] = "200 400 401 403 404 410 413 415 500 503",
        ["post /v1/subscriptions"] = "201 400 401 402 403 404 409 410 413 415 500 503",
        ["get /v1/subscriptions"] = "200 400 401 403 410 500 503",
        ["get /v1/subscriptions/events"] = "200 400 401 403 410 500 503",
        ["get /v1/subscriptions/{id}"] = "200 400 401 403 404 410 500 503",
        ["post /v1/subscriptions/{id}/uses"] = "200 400 401 402 403 404 409 410 413 415 500 503",
        ["post /v1/subscriptions/{id}/cancel"] = "200 400 401 403 404 409 410 413 415 500 503",
        ["post /v1/subscriptions/{id}/pause"] = "200 400 401 403 404 409 410 413 415 500 503",
        ["post /v1/subscriptions/{id}/resume"] = "200 400 401 402 403 404 409 410 413 415 500 503",
        ["post /v1/subscriptions/{id}/change"] = "200 400 401 402 403 404 409 410 413 415 500 503",
        ["post /v1/fares/cards"] = "201 400 401 402 403 404 409 410 413 415 500 503",
        ["get /v1/fares/cards"] = "200 400 401 403 410 500 503",
        ["post /v1/fares/cards/{id}/mandate"] = "200 400 401 403 404 409 410 413 415 500 503",
        ["post /v1/fares/cards/{id}/close"] = "200 400 401 403 404 410 413 415 500 503",
        ["post /v1/fares/taps"] = "201 400 401 402 403 404 409 413 415 500 503",
        ["get /v1/fares/journeys"] = "200 400 401 403 404 410 500 503",
        ["post /v1/entitlements"] = "200 400 401 403 404 409 410 413 415 500 503",
        ["post /v1/entitlements/renew"] = "200 400 409 413 415 500 503",
        ["get /v1/gate"] = "204 400 401 404 500 503",
        ["get /v1/fees"] = "200 400 500 503",
        ["post /v1/payees/{id}/payout-setting"] = "200 400 401 403 404 409 413 415 500 503",
        ["get /v1/payees/{id}/payout-setting"] = "200 400 401 403 404 409 500 503",
        ["post /v1/payees/{id}/payouts"] = "201 400 401 403 404 409 413 415 500 503",
        ["post /v1/payees/{id}/payouts/cost"] = "200 400 401 403 404 409 413 415 500 503",
        ["get /v1/payees/{id}/payouts"] = "200 400 401 403 404 500 503",
        ["post /v1/rails/bank-file/files"] = "201 400 401 403 409 413 415 500 503",
        ["get /v1/rails/bank-file/files"] = "200 400 401 403 500 503",
        ["get /v1/rails/bank-file/files/{messageId}"] = "200 400 401 403 404 500 503",
        ["post /v1/rails/bank-file/notifications"] = "200 400 401 403 404 409 413 500 503",
        ["post /v1/rails/bank-file/failures"] = "200 400 401 403 404 409 413 415 500 503",
        ["get /v1/payouts"] = "200 400 401 403 500 503",
        ["get /v1/payouts/{id}"] = "200 400 401 403 404 500 503",
        ["post /v1/payouts/{id}/release"] = "200 400 401 403 404 409 413 415 500 503",
        ["post /v1/payouts/{id}/refuse"] = "200 400 401 403 404 409 413 415 500 503",
        ["post /v1/webhooks"] = "201 400 401 403 409 413 415 500 503",
        ["get /v1/webhooks"] = "200 400 401 403 500 503",
        ["get /v1/webhooks/{id}"] = "200 400 401 403 404 500 503",
        ["get /v1/webhooks/{id}/deliveries"] = "200 400 401 403 404 500 503",
        ["post /v1/webhooks/{id}/change"] = "200 400 401 403 404 409 413 415 500 503",
        ["post /v1/webhooks/{id}/pause"] = "200 400 401 403 404 409 413 415 500 503",
        ["post /v1/webhooks/{id}/resume"] = "200 400 401 403 404 409 413 415 500 503",
        ["post /v1/webhooks/{id}/secret/rotate"] = "200 400 401 403 404 409 413 415 500 503",
        ["post /v1/webhooks/{id}/replays"] = "200 400 401 403 404 409 413 415 500 503",
        ["post /v1/webhooks/{id}/close"] = "200 400 401 403 404 413 415 500 503",
        ["get /v1/schedule"] = "200 400 401 403 500 503",
        ["get /metrics"] = "200 401 403 500 503",
        ["get /v1/entitlement-key"] = "200 500 503",
    };

    // What these do can be done only once, or has keys in its body.
    private static readonly string[] Keyless = ["/close", "/erase", "/cancel", "/revoke", "/decline", "/withdraw", "/stop", "/report", "/batch", "/confirm", "/release", "/refuse", "/cost", "/notifications", "/failures", "/renew", "/entitlements"];

    private readonly Api api = server.Api;

    [Fact]
    public async Task Every_call_is_described_with_every_status_it_answers_with()
    {
        var described = (await OperationsAsync()).ToDictionary(
            operation => operation.Name, operation => string.Join(' ', operation.Node["responses"]!.AsObject().Select(response => response.Key).Order(StringComparer.Ordinal)));
        Assert.Equal(["Payees", "Offers", "Wallets", "Mandates", "Top-ups", "Payments", "Tabs", "Meters", "Tips", "Subscriptions", "Fares", "People", "Campaigns", "Round-ups", "Gate", "Fees", "Payouts", "Webhooks", "Ledger"], (await DocumentAsync())["tags"]!.AsArray().Select(tag => tag!["name"]!.GetValue<string>()));
        Assert.Equal(Table.OrderBy(call => call.Key, StringComparer.Ordinal), described.OrderBy(call => call.Key, StringComparer.Ordinal));
    }

    [Fact]
    public async Task Every_call_that_takes_money_from_a_wallet_names_all_that_can_stop_it()
    {
        var paying = 0;
        foreach (var (name, operation) in await OperationsAsync())
        {
            var codes = operation["responses"]!.AsObject().Where(response => response.Key[0] != '2')
                .SelectMany(response => response.Value!["content"]!["application/problem+json"]!["examples"]!.AsObject().Select(example => example.Key)).ToHashSet();
            if (!codes.Contains("insufficient_funds")) continue;
            paying++;
            Assert.True(codes.IsSupersetOf(["cap_exceeded", "caps_changed", "wallet_frozen", "wallet_erased", "wallet_in_debt"]), $"{name}: {string.Join(' ', codes)}");
        }

        Assert.True(paying >= 5, $"Only {paying} calls take money from a wallet.");
    }

    [Fact]
    public async Task Every_call_has_words_schemas_examples_parameters_and_keys()
    {
        var ids = new HashSet<string>();
        foreach (var (name, operation) in await OperationsAsync())
        {
            Assert.True(ids.Add(operation["operationId"]!.GetValue<string>()), name);
            Assert.False(string.IsNullOrWhiteSpace(operation["summary"]?.GetValue<string>()), name);
            Assert.Single(operation["tags"]!.AsArray());
            var parameters = operation["parameters"]?.AsArray().Select(parameter => parameter!["name"]!.GetValue<string>()).ToHashSet() ?? [];
            foreach (Match inPath in Parameter().Matches(name)) Assert.Contains(inPath.Groups[1].Value, parameters);
            if (name.StartsWith("post", StringComparison.Ordinal))
            {
                // In the form of its sender, and repeated by it.
                if (name is "post /v1/rails/card/events" or "post /v1/rails/bank-file/notifications") continue;
                var body = operation["requestBody"]!["content"]!["application/json"]!;
                var schema = body["schema"]!["$ref"]!.GetValue<string>();
                Assert.True(schema.EndsWith("/NoFields", StringComparison.Ordinal) || body["example"] is not null, name);
                var takesKey = name.Contains("/subscriptions/", StringComparison.Ordinal) || name.Contains("/automatic-top-up/", StringComparison.Ordinal) || !Keyless.Any(end => name.EndsWith(end, StringComparison.Ordinal));
                Assert.Equal(takesKey, parameters.Contains("Idempotency-Key"));
            }

            foreach (var (status, response) in operation["responses"]!.AsObject())
            {
                if (status == "204")
                {
                    Assert.Null(response!["content"]);
                    continue;
                }

                var (mediaType, content) = Assert.Single(response!["content"]!.AsObject());
                Assert.True(content!["schema"] is not null, $"{name} {status}");
                if (status[0] == '2') Assert.True(content["example"] is not null, $"{name} {status}");
                else Assert.Equal("application/problem+json", mediaType);
                if (status[0] != '2') Assert.NotEmpty(content["examples"]!.AsObject());
            }

            var isOpen = operation["responses"]!["401"]?["content"]!["application/problem+json"]!["examples"]!["unauthorized"] is null;
            Assert.Equal(isOpen, (operation["security"]?.AsArray().Count ?? 0) == 0);
        }

        Assert.Equal(Table.Count, ids.Count);
    }

    [Fact]
    public async Task Every_type_of_event_is_described_with_its_headers_and_members()
    {
        var webhooks = (await DocumentAsync())["webhooks"]!.AsObject();
        Assert.True(webhooks.Count >= 20, $"Only {webhooks.Count} types are described.");
        Assert.All(webhooks, one =>
        {
            var post = one.Value!["post"]!;
            Assert.Equal(["webhook-id", "webhook-timestamp", "webhook-signature"], post["parameters"]!.AsArray().Select(parameter => parameter!["name"]!.GetValue<string>()));
            var body = post["requestBody"]!["content"]!["application/json"]!["schema"]!["properties"]!;
            Assert.Equal(one.Key, body["type"]!["const"]!.GetValue<string>());
            Assert.True(body["data"]!["properties"]!.AsObject().Count >= 4, one.Key);
        });
    }

    [Fact]
    public async Task Every_reference_within_the_document_leads_somewhere()
    {
        var document = await DocumentAsync();
        var references = Reference().Matches(document.ToJsonString()).Select(match => match.Groups[1].Value).Distinct().ToList();
        Assert.True(references.Count > 15);
        Assert.All(references, reference =>
        {
            JsonNode? node = document;
            foreach (var part in reference.Split('/').Skip(1)) node = node?[part];
            Assert.True(node is not null, reference);
        });
        Assert.Equal(["#/components/schemas/FareTable", "#/components/schemas/Metered", "#/components/schemas/OnTab", "#/components/schemas/PayWhatYouWant", "#/components/schemas/PerPeriod", "#/components/schemas/PerUse"],
            document["components"]!["schemas"]!["Pricing"]!["discriminator"]!["mapping"]!.AsObject().Select(model => model.Value!.GetValue<string>()).Order(StringComparer.Ordinal));
        Assert.Equal(["mandateKey", "operatorKey", "payeeKey", "walletKey"], document["components"]!["securitySchemes"]!.AsObject().Select(scheme => scheme.Key).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Schemas_of_bodies_take_no_other_fields_and_name_those_that_must_be_there()
    {
        var schemas = (await DocumentAsync())["components"]!["schemas"]!.AsObject();
        foreach (var name in new[] { "NewPaymentBody", "NewTopUpBody", "AmountBody", "BatchBody", "NewWalletBody", "NewOfferBody", "NewPayeeBody" })
            Assert.False(schemas[name]!["additionalProperties"]!.GetValue<bool>(), name);
        Assert.Equal(["amount", "rail"], schemas["NewTopUpBody"]!["required"]!.AsArray().Select(field => field!.GetValue<string>()));
        Assert.Equal(["amount", "currency"], schemas["Amount"]!["required"]!.AsArray().Select(field => field!.GetValue<string>()));
    }

    [Fact]
    public async Task The_answers_of_payments_have_exactly_the_members_that_are_described()
    {
        var schemas = (await DocumentAsync())["components"]!["schemas"]!.AsObject();
        var described = schemas["Payment"]!["properties"]!.AsObject().Select(property => property.Key).ToHashSet();
        var payee = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("1");
        var offer = await api.NewOfferAsync(payee);
        var paid = await api.PostAsync("/v1/payments", wallet.Key, $$"""{"offer":"{{offer}}","reference":"a"}""");
        var seen = await api.GetAsync($"/v1/payments/{paid["id"]}", payee.Key);
        var answered = paid.Json.AsObject().Concat(seen.Json.AsObject()).Select(member => member.Key).ToHashSet();
        Assert.Equal(described.Except(["resource", "entitlement", "tab"]).Order(StringComparer.Ordinal), answered.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_reference_page_loads_nothing_from_elsewhere()
    {
        var page = await api.GetAsync("/reference/");
        Assert.Equal((200, "text/html"), (page.Status, page.MediaType));
        Assert.DoesNotContain("http://", page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("https://", page.Text, StringComparison.Ordinal);
        Assert.Contains("default-src 'none'", Assert.Single(page.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
        foreach (Match script in Script().Matches(page.Text)) Assert.Equal(200, (await api.GetAsync($"/reference/{script.Groups[1].Value}")).Status);
    }

    [Fact]
    public async Task The_page_of_errors_explains_every_code_that_is_described()
    {
        var page = await api.GetAsync("/docs/errors");
        Assert.Equal(200, page.Status);
        var codes = 0;
        foreach (var (_, operation) in await OperationsAsync())
        {
            foreach (var (status, response) in operation["responses"]!.AsObject().Where(response => response.Key[0] != '2'))
            {
                foreach (var (code, example) in response!["content"]!["application/problem+json"]!["examples"]!.AsObject())
                {
                    Assert.Equal(status, example!["value"]!["status"]!.ToString());
                    Assert.Contains($"id=\"{code}\"", page.Text, StringComparison.Ordinal);
                    codes++;
                }
            }
        }

        Assert.True(codes > 200, $"Only {codes} codes were found.");
    }

    private async Task<JsonNode> DocumentAsync()
    {
        var reply = await api.GetAsync("/openapi/v1.json");
        Assert.True(reply.Status == 200, reply.Text);
        return reply.Json;
    }

    private async Task<List<(string Name, JsonNode Node)>> OperationsAsync() =>
        (await DocumentAsync())["paths"]!.AsObject()
            .SelectMany(path => path.Value!.AsObject().Select(operation => ($"{operation.Key} {path.Key}", operation.Value!)))
            .ToList();

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Parameter();

    [GeneratedRegex("\"(#/[^\"]+)\"")]
    private static partial Regex Reference();

    [GeneratedRegex("src=\"([^\"]+)\"")]
    private static partial Regex Script();
}
