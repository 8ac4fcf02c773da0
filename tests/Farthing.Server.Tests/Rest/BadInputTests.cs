using System.Text;
using Farthing.Protocol;

namespace Farthing.Server.Tests.Rest;

/// <summary>Every kind of bad input at every call that moves money: a refusal with its own code, and nothing moves.</summary>
public sealed class BadInputTests(SharedServer server)
{
    private readonly Api api = server.Api;

    /// <summary>The calls that move money, by name.</summary>
    private static readonly string[] Calls = ["top-up", "payment", "hold", "batch", "post", "refund by payee", "refund by wallet"];

    public static TheoryData<string, string, string> BadAmounts
    {
        get
        {
            (string Json, string Code)[] amounts =
            [
                ("\"-1\"", "amount_must_not_be_negative"), ("\"-0.000001\"", "amount_must_not_be_negative"), ("\"0\"", "amount_must_not_be_zero"), ("\"0.000000\"", "amount_must_not_be_zero"),
                ("\"NaN\"", "invalid_amount"), ("\"Infinity\"", "invalid_amount"), ("\"1e3\"", "invalid_amount"), ("\"1,5\"", "invalid_amount"), ("\"1,000\"", "invalid_amount"),
                ("\" 1\"", "invalid_amount"), ("\"1 \"", "invalid_amount"), ("\"\"", "invalid_amount"), ("\"+1\"", "invalid_amount"), ("\".5\"", "invalid_amount"), ("\"1.\"", "invalid_amount"),
                ("\"01\"", "invalid_amount"), ("\"0x10\"", "invalid_amount"), ("\"١\"", "invalid_amount"), ("\"1\\u0000\"", "invalid_amount"),
                ("\"0.0000001\"", "too_many_decimals"), ("\"1.0000000\"", "too_many_decimals"),
                ("\"" + new string('9', 40) + "\"", "amount_too_large"), ("\"" + new string('1', 41) + "\"", "amount_too_large"), ("\"" + new string('1', 4000) + "\"", "amount_too_large"),
                ("1", "amount_must_be_a_string"), ("0.02", "amount_must_be_a_string"), ("1e3", "amount_must_be_a_string"), ("-1", "amount_must_be_a_string"),
                ("true", "invalid_field"), ("null", "invalid_field"), ("[]", "invalid_field"), ("{}", "invalid_field"), ("\"\\ud800\"", "invalid_field"),
            ];
            var data = new TheoryData<string, string, string>();
            foreach (var call in Calls)
            {
                foreach (var (json, code) in amounts) data.Add(call, $$"""{"amount":{{json}},"currency":"USD"}""", code);
                data.Add(call, """{"amount":"1","currency":"EUR"}""", "currency_mismatch");
                data.Add(call, """{"amount":"1","currency":"usd"}""", "unknown_currency");
                data.Add(call, """{"amount":"1","currency":""}""", "unknown_currency");
                data.Add(call, """{"amount":"1"}""", "missing_field");
                data.Add(call, """{"currency":"USD"}""", "missing_field");
                data.Add(call, """{"amount":"1","currency":"USD","scale":6}""", "unknown_field");
                data.Add(call, """{"amount":"1","amount":"1","currency":"USD"}""", "unknown_field");
                data.Add(call, """{"Amount":"1","currency":"USD"}""", "unknown_field");
                data.Add(call, "1", "amount_must_be_a_string");
                data.Add(call, "\"1\"", "invalid_field");
            }

            return data;
        }
    }

    [Theory(DisableDiscoveryEnumeration = true)]
    [MemberData(nameof(BadAmounts))]
    public async Task A_bad_amount_is_refused_by_name_and_nothing_moves(string call, string amount, string code)
    {
        var scene = await SceneAsync();
        var reply = await CallAsync(scene, call, amount);
        if (call == "batch" && reply.Status == 200)
        {
            // A value that is no amount is the one payment's own refusal.
            Assert.Equal(code, reply.Json["results"]![0]!["problem"]!["code"]!.GetValue<string>());
        }
        else
        {
            Expect.Problem(reply, 400, code);
        }

        await AssertNothingMovedAsync(scene);
    }

    public static TheoryData<string, string> Targets
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var call in Calls.Append("void"))
            {
                foreach (var fault in new[] { "malformed", "truncated", "trailing", "comment", "utf8", "bom", "deep", "unknown", "twice", "list", "null", "text", "form", "large", "chunked" }) data.Add(call, fault);
            }

            return data;
        }
    }

    [Theory(DisableDiscoveryEnumeration = true)]
    [MemberData(nameof(Targets))]
    public async Task A_bad_body_is_refused_by_name_and_nothing_moves(string call, string fault)
    {
        var scene = await SceneAsync();
        var most = call == "batch" ? 4 << 20 : 1 << 20;
        var good = Encoding.UTF8.GetBytes(call == "void" ? "{}" : Body(scene, call, Api.Amount("1")));
        var (bytes, mediaType, status, code) = fault switch
        {
            "malformed" => ("{\"amount\":}"u8.ToArray(), "application/json", 400, "malformed_json"),
            "truncated" => (good[..^1], "application/json", 400, "malformed_json"),
            "trailing" => ([.. good, .. "{}"u8], "application/json", 400, "malformed_json"),
            "comment" => ([.. good, .. "//x"u8], "application/json", 400, "malformed_json"),
            "utf8" => ("{\"reference\":\"\xff\"}".Select(c => (byte)c).ToArray(), "application/json", 400, "invalid_utf8"),
            "bom" => ([0xEF, 0xBB, 0xBF, .. good], "application/json", 400, "malformed_json"),
            "deep" => (Encoding.ASCII.GetBytes($$"""{"amount":{{new string('[', 5000)}}{{new string(']', 5000)}}}"""), "application/json", 400, "json_too_deep"),
            "unknown" => ([.. call == "void" ? "{\"tip\":1"u8 : "{\"tip\":1,"u8, .. good[1..]], "application/json", 400, "unknown_field"),
            "twice" => (Encoding.UTF8.GetBytes(Twice(scene, call)), "application/json", 400, "unknown_field"),
            "list" => ([.. "["u8, .. good, .. "]"u8], "application/json", 400, "invalid_field"),
            "null" => ("null"u8.ToArray(), "application/json", 400, "invalid_field"),
            "text" => (good, "text/plain", 415, "unsupported_media_type"),
            "form" => ("amount=1"u8.ToArray(), "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
            _ => ([.. good[..^1], .. Enumerable.Repeat((byte)' ', most), .. "}"u8], "application/json", 413, "body_too_large"),
        };
        using HttpContent content = fault == "chunked" ? new ChunkedContent(bytes) : new ByteArrayContent(bytes);
        content.Headers.ContentType = new(mediaType);
        var (path, bearer) = Target(scene, call);
        var reply = await api.SendAsync(HttpMethod.Post, path, bearer, Api.NewKey(), content);
        Expect.Problem(reply, status, code);
        await AssertNothingMovedAsync(scene);
    }

    [Theory]
    [InlineData("")]
    [InlineData("wal_01JD8Y2M6K3T5V7W9XAZBCDEFG")]
    [InlineData("off_01JD8Y2M6K3T5V7W9XAZBCDEF")]
    [InlineData("off_01jd8y2m6k3t5v7w9xazbcdefg")]
    [InlineData("off_81JD8Y2M6K3T5V7W9XAZBCDEFG")]
    [InlineData("off_01JD8Y2M6K3T5V7W9XAZBCDEFU")]
    [InlineData("off_00000000000000000000000000")]
    [InlineData("01JD8Y2M6K3T5V7W9XAZBCDEFG")]
    public async Task An_id_of_the_wrong_form_or_kind_is_refused(string id)
    {
        var scene = await SceneAsync();
        Expect.Problem(await api.PostAsync("/v1/payments", scene.Wallet.Key, $$"""{"offer":"{{id}}"}"""), 400, "invalid_id");
        Expect.Problem(await api.PostAsync("/v1/payments", scene.Wallet.Key, $$"""{"payee":"{{id}}","amount":{{Api.Amount("1")}}}"""), 400, "invalid_id");
        if (id.Length > 0)
        {
            Expect.Problem(await api.GetAsync($"/v1/offers/{id.Replace("off", "pye", StringComparison.Ordinal)}"), 400, "invalid_id");
            Expect.Problem(await api.GetAsync($"/v1/wallets/{id}", scene.Wallet.Key), id.StartsWith("wal", StringComparison.Ordinal) ? 404 : 400, id.StartsWith("wal", StringComparison.Ordinal) ? "wallet_not_found" : "invalid_id");
            Expect.Problem(await api.PostAsync($"/v1/payments/{id}/post", scene.Payee.Key, null), 400, "invalid_id");
            Expect.Problem(await api.PostAsync($"/v1/payments/{id}/void", scene.Payee.Key, null), 400, "invalid_id");
            Expect.Problem(await api.PostAsync($"/v1/payments/{id}/refunds", scene.Payee.Key, null), 400, "invalid_id");
        }

        await AssertNothingMovedAsync(scene);
    }

    [Fact]
    public async Task An_id_that_names_nothing_is_refused()
    {
        var scene = await SceneAsync();
        Expect.Problem(await api.PostAsync("/v1/payments", scene.Wallet.Key, $$"""{"offer":"{{Api.UnknownId<OfferKind>()}}"}"""), 404, "offer_not_found");
        Expect.Problem(await api.PostAsync("/v1/payments", scene.Wallet.Key, Api.Payment(new Account(Api.UnknownId<PayeeKind>(), ""), "1")), 404, "payee_not_found");
        foreach (var action in new[] { "post", "void", "refunds" })
            Expect.Problem(await api.PostAsync($"/v1/payments/{Api.UnknownId<PaymentKind>()}/{action}", scene.Payee.Key, null), 404, "payment_not_found");
        Expect.Problem(await api.GetAsync($"/v1/payees/{Api.UnknownId<PayeeKind>()}", scene.Payee.Key), 404, "payee_not_found");
        Expect.Problem(await api.GetAsync($"/v1/offers/{Api.UnknownId<OfferKind>()}"), 404, "offer_not_found");
        await AssertNothingMovedAsync(scene);
    }

    [Theory]
    [InlineData("""{}""", "missing_field")]
    [InlineData("""{"quantity":2}""", "missing_field")]
    [InlineData("""{"amount":{"amount":"1","currency":"USD"}}""", "missing_field")]
    [InlineData("""{"payee":"PAYEE"}""", "missing_field")]
    [InlineData("""{"offer":"OFFER","payee":"PAYEE"}""", "invalid_field")]
    [InlineData("""{"offer":"OFFER","terms":"x"}""", "invalid_field")]
    [InlineData("""{"offer":"OFFER","amount":{"amount":"1","currency":"USD"}}""", "invalid_field")]
    [InlineData("""{"offer":"OFFER","quantity":0}""", "invalid_field")]
    [InlineData("""{"offer":"OFFER","quantity":-1}""", "invalid_field")]
    [InlineData("""{"offer":"OFFER","quantity":1.5}""", "invalid_field")]
    [InlineData("""{"offer":"OFFER","quantity":"2"}""", "invalid_field")]
    [InlineData("""{"offer":"OFFER","quantity":1000001}""", "invalid_field")]
    [InlineData("""{"offer":"OFFER","quantity":99999999999999999999}""", "invalid_field")]
    [InlineData("""{"payee":"PAYEE","amount":{"amount":"1","currency":"USD"},"quantity":2}""", "invalid_field")]
    [InlineData("""{"offer":"OFFER","hold":"true"}""", "invalid_field")]
    [InlineData("""{"offer":"OFFER","hold":1}""", "invalid_field")]
    [InlineData("""{"offer":"OFFER","reference":""}""", "invalid_field")]
    [InlineData("""{"offer":"OFFER","reference":"a\nb"}""", "invalid_field")]
    [InlineData("""{"offer":"OFFER","reference":7}""", "invalid_field")]
    [InlineData("""{"offer":7}""", "invalid_field")]
    [InlineData("""{"offer":"OFFER","Hold":true}""", "unknown_field")]
    [InlineData("""{"offer":"OFFER","wallet":"someone"}""", "unknown_field")]
    public async Task A_payment_that_makes_no_sense_is_refused(string body, string code)
    {
        var scene = await SceneAsync();
        body = body.Replace("OFFER", scene.Offer, StringComparison.Ordinal).Replace("PAYEE", scene.Payee.Id, StringComparison.Ordinal);
        Expect.Problem(await api.PostAsync("/v1/payments", scene.Wallet.Key, body), 400, code);
        await AssertNothingMovedAsync(scene);
    }

    [Fact]
    public async Task A_reference_of_more_than_255_characters_is_refused()
    {
        var scene = await SceneAsync();
        Expect.Problem(await api.PostAsync("/v1/payments", scene.Wallet.Key, Api.Payment(scene.Payee, "1", reference: new string('r', 256))), 400, "invalid_field");
        await AssertNothingMovedAsync(scene);
    }

    [Fact]
    public async Task A_missing_wrong_or_foreign_key_moves_nothing_at_any_call()
    {
        var scene = await SceneAsync();
        var otherWallet = await api.NewWalletAsync("5");
        var otherPayee = await api.NewPayeeAsync();
        foreach (var call in Calls.Append("void"))
        {
            var (path, bearer) = Target(scene, call);
            var body = call == "void" ? "{}" : Body(scene, call, Api.Amount("1"));
            foreach (var wrong in new[] { null, "", "x", bearer + "x", bearer[..^1], bearer.ToUpperInvariant() })
                Expect.Problem(await api.PostAsync(path, wrong, body), 401, "unauthorized");
            Expect.Problem(await api.PostAsync(path, ServerProcess.OperatorKey, body), 403, "forbidden");

            if (call is "payment" or "hold" or "batch")
            {
                Expect.Problem(await api.PostAsync(path, scene.Payee.Key, body), 403, "forbidden");
                continue;
            }

            var (status, code) = call == "top-up" ? (403, "forbidden") : (404, "payment_not_found");
            Expect.Problem(await api.PostAsync(path, bearer == scene.Payee.Key ? otherPayee.Key : otherWallet.Key, body), status, code);
        }

        await AssertNothingMovedAsync(scene);
        Assert.Equal(("5", "0"), await api.BalanceAsync(otherWallet));
    }

    [Fact]
    public async Task A_missing_malformed_or_clashing_idempotency_key_moves_nothing_at_any_call()
    {
        var scene = await SceneAsync();
        foreach (var call in Calls.Append("void").Where(call => call != "batch"))
        {
            var (path, bearer) = Target(scene, call);
            var body = call == "void" ? "{}" : Body(scene, call, Api.Amount("1"));
            Expect.Problem(await api.SendAsync(HttpMethod.Post, path, bearer, null, Api.JsonContent(body)), 400, "idempotency_key_missing");
            Expect.Problem(await api.SendAsync(HttpMethod.Post, path, bearer, new string('k', 256), Api.JsonContent(body)), 400, "idempotency_key_invalid");
            Expect.Problem(await api.SendAsync(HttpMethod.Post, path, bearer, "two words", Api.JsonContent(body)), 400, "idempotency_key_invalid");
            var ahead = Guid.CreateVersion7(TimeProvider.System.GetUtcNow().AddMinutes(10)).ToString();
            Expect.Problem(await api.SendAsync(HttpMethod.Post, path, bearer, ahead, Api.JsonContent(body)), 400, "idempotency_key_in_future");
        }

        await AssertNothingMovedAsync(scene);
    }

    [Theory]
    [InlineData("?pageSize=0", "invalid_field")]
    [InlineData("?pageSize=201", "invalid_field")]
    [InlineData("?pageSize=-1", "invalid_field")]
    [InlineData("?pageSize=ten", "invalid_field")]
    [InlineData("?pageSize=1&pageSize=2", "invalid_field")]
    [InlineData("?cursor=nonsense", "invalid_cursor")]
    [InlineData("?cursor=", "invalid_cursor")]
    public async Task A_bad_page_is_refused(string query, string code)
    {
        var scene = await SceneAsync();
        Expect.Problem(await api.GetAsync($"/v1/wallets/{scene.Wallet.Id}/statement{query}", scene.Wallet.Key), 400, code);
        Expect.Problem(await api.GetAsync($"/v1/offers{query}", scene.Payee.Key), 400, code);
        Expect.Problem(await api.GetAsync($"/v1/payments{query}&reference=a", scene.Wallet.Key), 400, code);
    }

    [Fact]
    public async Task An_unknown_address_or_method_is_a_problem_too()
    {
        Expect.Problem(await api.GetAsync("/v1/nothing"), 404, "not_found");
        Expect.Problem(await api.GetAsync("/v1/payments/batch/x"), 404, "not_found");
        Expect.Problem(await api.SendAsync(HttpMethod.Delete, "/v1/payments", null, null, null), 405, "method_not_allowed");
        Expect.Problem(await api.SendAsync(HttpMethod.Put, "/v1/wallets", null, null, null), 405, "method_not_allowed");
    }

    /// <summary>A wallet with ten dollars of which two are held and one is paid.</summary>
    private sealed record Scene(Account Payee, Account Wallet, string Offer, string Held, string Posted, (string, string) WalletBefore, (string, string) PayeeBefore);

    private async Task<Scene> SceneAsync()
    {
        var payee = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("10");
        var offer = await api.NewOfferAsync(payee);
        var held = await api.PayAsync(wallet, payee, "2", hold: true);
        var posted = await api.PayAsync(wallet, payee, "1");
        return new Scene(payee, wallet, offer, held, posted, ("7", "2"), ("0.99", "2"));
    }

    private async Task AssertNothingMovedAsync(Scene scene)
    {
        Assert.Equal(scene.WalletBefore, await api.BalanceAsync(scene.Wallet));
        Assert.Equal(scene.PayeeBefore, await api.BalanceAsync(scene.Payee));
    }

    private Task<Reply> CallAsync(Scene scene, string call, string amount)
    {
        var (path, bearer) = Target(scene, call);
        return api.PostAsync(path, bearer, Body(scene, call, amount));
    }

    private static (string Path, string Bearer) Target(Scene scene, string call) => call switch
    {
        "top-up" => ($"/v1/wallets/{scene.Wallet.Id}/top-ups", scene.Wallet.Key),
        "payment" or "hold" => ("/v1/payments", scene.Wallet.Key),
        "batch" => ("/v1/payments/batch", scene.Wallet.Key),
        "post" => ($"/v1/payments/{scene.Held}/post", scene.Payee.Key),
        "void" => ($"/v1/payments/{scene.Held}/void", scene.Payee.Key),
        "refund by payee" => ($"/v1/payments/{scene.Posted}/refunds", scene.Payee.Key),
        "refund by wallet" => ($"/v1/payments/{scene.Posted}/refunds", scene.Wallet.Key),
        _ => throw new ArgumentOutOfRangeException(nameof(call), call, "No such call."),
    };

    /// <summary>A body that is good but for one field that stands there twice. A void knows none, so there any field is one too many.</summary>
    private static string Twice(Scene scene, string call)
    {
        if (call == "void") return """{"amount":1,"amount":1}""";
        var good = Body(scene, call, Api.Amount("1"));
        var field = $"\"amount\":{Api.Amount("1")}";
        Assert.Contains(field, good, StringComparison.Ordinal);
        return good.Replace(field, $"{field},{field}", StringComparison.Ordinal);
    }

    private static string Body(Scene scene, string call, string amount) => call switch
    {
        "top-up" => $$"""{"amount":{{amount}},"rail":"sandbox"}""",
        "payment" => $$"""{"payee":"{{scene.Payee.Id}}","amount":{{amount}}}""",
        "hold" => $$"""{"payee":"{{scene.Payee.Id}}","hold":true,"amount":{{amount}}}""",
        "batch" => $$"""{"payments":[{"idempotencyKey":"{{Api.NewKey()}}","payee":"{{scene.Payee.Id}}","amount":{{amount}}}]}""",
        _ => $$"""{"amount":{{amount}}}""",
    };
}
