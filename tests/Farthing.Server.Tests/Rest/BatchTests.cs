using System.Text;

namespace Farthing.Server.Tests.Rest;

public sealed class BatchTests(SharedServer server)
{
    private readonly Api api = server.Api;

    [Fact]
    public async Task Each_payment_of_a_batch_stands_alone_and_answers_in_order()
    {
        var payee = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("10");
        var repeated = Api.NewKey();
        var batch = Batch(
            With(Api.NewKey(), Api.Payment(payee, "1")),
            With(Api.NewKey(), Api.Payment(payee, "100")),
            With(Api.NewKey(), Api.Payment(payee, "-1")),
            With(repeated, Api.Payment(payee, "2")),
            With(repeated, Api.Payment(payee, "2")),
            With(repeated, Api.Payment(payee, "3")),
            Api.Payment(payee, "1"),
            With(Api.NewKey(), Api.Payment(payee, "4", hold: true)));
        var answered = await api.SendAsync(HttpMethod.Post, "/v1/payments/batch", wallet.Key, null, Api.JsonContent(batch));

        Assert.True(answered.Status == 200, answered.Text);
        var results = answered.Json["results"]!.AsArray();
        Assert.Equal(
            ["posted", "insufficient_funds", "amount_must_not_be_negative", "posted", "posted", "idempotency_conflict", "idempotency_key_missing", "held"],
            results.Select(result => (result!["payment"]?["status"] ?? result["problem"]!["code"])!.GetValue<string>()));
        Assert.Equal(results[3]!.ToJsonString(), results[4]!.ToJsonString());
        Assert.Equal(402, results[1]!["problem"]!["status"]!.GetValue<int>());
        Assert.Equal(("3", "4"), await api.BalanceAsync(wallet));

        // The same keys alone, and the whole batch again.
        var alone = await api.PostAsync("/v1/payments", wallet.Key, Api.Payment(payee, "2"), repeated);
        Assert.Equal(results[3]!["payment"]!.ToJsonString(), alone.Json.ToJsonString());
        var again = await api.SendAsync(HttpMethod.Post, "/v1/payments/batch", wallet.Key, null, Api.JsonContent(batch));
        Assert.Equal(answered.Text, again.Text);
        Assert.Equal(("3", "4"), await api.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_full_batch_of_ten_thousand_is_paid_and_one_more_is_refused_whole()
    {
        var payee = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("10");
        var payments = Enumerable.Range(0, 10_000).Select(_ => With(Api.NewKey(), Api.Payment(payee, "0.0001"))).ToArray();
        var refused = await api.SendAsync(HttpMethod.Post, "/v1/payments/batch", wallet.Key, null, Api.JsonContent(Batch([.. payments, payments[0]])));
        Expect.Problem(refused, 400, "invalid_field");
        Assert.Equal(("10", "0"), await api.BalanceAsync(wallet));

        var answered = await api.SendAsync(HttpMethod.Post, "/v1/payments/batch", wallet.Key, null, Api.JsonContent(Batch(payments)));
        Assert.Equal(200, answered.Status);
        Assert.Equal(10_000, answered.Json["results"]!.AsArray().Count(result => result!["payment"]?["status"]?.GetValue<string>() == "posted"));
        Assert.Equal(("9", "0"), await api.BalanceAsync(wallet));
    }

    [Fact]
    public async Task A_batch_is_counted_before_anything_is_made_of_it()
    {
        var wallet = await api.NewWalletAsync("10");

        // Were it read before it is counted, the unknown field would be the reason.
        var tooMany = Batch([.. Enumerable.Repeat("{}", 10_000), """{"tip":1}"""]);
        var refused = await api.SendAsync(HttpMethod.Post, "/v1/payments/batch", wallet.Key, null, Api.JsonContent(tooMany));
        Expect.Problem(refused, 400, "invalid_field");
        Assert.Contains("10000", refused["detail"], StringComparison.Ordinal);

        var million = Batch([.. Enumerable.Repeat("{}", 1_390_000)]);
        Expect.Problem(await api.SendAsync(HttpMethod.Post, "/v1/payments/batch", wallet.Key, null, Api.JsonContent(million)), 400, "invalid_field");
        Assert.Equal(("10", "0"), await api.BalanceAsync(wallet));
    }

    [Fact]
    public async Task Many_batches_at_once_take_turns_and_are_all_answered()
    {
        var payee = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("10");
        var good = Enumerable.Range(0, 20).Select(_ => Batch([.. Enumerable.Range(0, 50).Select(_ => With(Api.NewKey(), Api.Payment(payee, "0.001")))]));
        var bad = Enumerable.Repeat("""{"payments":[}""", 20);
        var replies = await Task.WhenAll(good.Concat(bad).Select(body => api.SendAsync(HttpMethod.Post, "/v1/payments/batch", wallet.Key, null, Api.JsonContent(body))).ToList());
        Assert.Equal((20, 20), (replies.Count(reply => reply.Status == 200), replies.Count(reply => reply.Status == 400)));
        Assert.Equal(("9", "0"), await api.BalanceAsync(wallet));
    }

    [Theory]
    [InlineData("""{"payments":[]}""", 400, "invalid_field")]
    [InlineData("""{}""", 400, "missing_field")]
    [InlineData("""{"payments":{}}""", 400, "invalid_field")]
    [InlineData("""{"payments":[null]}""", 400, "invalid_field")]
    [InlineData("""{"payments":[{"idempotencyKey":"k","tip":"1"}]}""", 400, "unknown_field")]
    public async Task A_batch_of_the_wrong_form_is_refused_whole(string body, int status, string code)
    {
        var wallet = await api.NewWalletAsync("10");
        Expect.Problem(await api.SendAsync(HttpMethod.Post, "/v1/payments/batch", wallet.Key, null, Api.JsonContent(body)), status, code);
    }

    [Fact]
    public async Task One_unknown_field_refuses_the_whole_batch_before_anything_is_paid()
    {
        var payee = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("10");
        var good = With(Api.NewKey(), Api.Payment(payee, "1"));
        var bad = With(Api.NewKey(), Api.Payment(payee, "1")).Replace("\"payee\"", "\"tip\":true,\"payee\"", StringComparison.Ordinal);
        var refused = await api.SendAsync(HttpMethod.Post, "/v1/payments/batch", wallet.Key, null, Api.JsonContent(Batch(good, bad)));
        Expect.Problem(refused, 400, "unknown_field");
        Assert.Contains("payments[1].tip", refused["detail"], StringComparison.Ordinal);
        Assert.Equal(("10", "0"), await api.BalanceAsync(wallet));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_batch_over_four_mebibytes_is_refused_also_when_chunked(bool isChunked)
    {
        var wallet = await api.NewWalletAsync("10");
        var bytes = Encoding.UTF8.GetBytes($$"""{"payments":[{"idempotencyKey":"{{new string('k', 4 << 20)}}"}]}""");
        using HttpContent content = isChunked ? new ChunkedContent(bytes) : new ByteArrayContent(bytes);
        content.Headers.ContentType = new("application/json");
        Expect.Problem(await api.SendAsync(HttpMethod.Post, "/v1/payments/batch", wallet.Key, null, content), 413, "body_too_large");
    }

    private static string Batch(params string[] payments) => $$"""{"payments":[{{string.Join(',', payments)}}]}""";

    private static string With(string key, string payment) => $$"""{"idempotencyKey":"{{key}}",{{payment[1..]}}""";
}
