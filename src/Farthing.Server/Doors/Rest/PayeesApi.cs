using Farthing.Payments;
using Farthing.Payments.Payees;
using Farthing.Protocol;

namespace Farthing.Server.Doors.Rest;

/// <summary><c>/v1/payees</c>: who is paid.</summary>
internal static class PayeesApi
{
    private const int MaxNameLength = 100;
    private const int MaxRefunds = 1000;

    private const string PayeeExample = """
        {"id":"pye_01JD8Y2M6K3T5V7W9XAZBCDEFG","name":"The Farthing Newsroom","currency":"USD","balance":{"amount":"12.3456","currency":"USD"},"held":{"amount":"0","currency":"USD"},"website":"https://news.example","refundsPerWalletPerMonth":5}
        """;

    public static void Map(RestRoutes door)
    {
        door.Post("/v1/payees", CreateAsync, new RestCall
        {
            OperationId = "createPayee",
            Tag = "Payees",
            Summary = "Make a payee",
            Description = "The key is shown in this answer; the same Idempotency-Key shows it again. signingKey is the base64 of the 32-byte Ed25519 public key of its terms; website is the origin that pay pages may return to. tags are what the operator says of the payee, such as news: a mandate can be for all payees with a tag.",
            Key = KeyOwner.Operator,
            TakesIdempotencyKey = true,
            Body = typeof(NewPayeeBody),
            Status = StatusCodes.Status201Created,
            Answer = typeof(PayeeMade),
            BodyExample = """{"name":"The Farthing Newsroom","currency":"USD","website":"https://news.example"}""",
            AnswerExample = """{"id":"pye_01JD8Y2M6K3T5V7W9XAZBCDEFG","name":"The Farthing Newsroom","currency":"USD","key":"fk_pye_…","website":"https://news.example","refundsPerWalletPerMonth":5}""",
            Refusals = [RefusalCodes.UnknownCurrency, RefusalCodes.OwnSite],
        });
        door.Get("/v1/payees/{id}", ReadAsync, new RestCall
        {
            OperationId = "readPayee",
            Tag = "Payees",
            Summary = "Read a payee and its balance",
            Key = KeyOwner.Payee,
            Query = [QueryMember.At],
            Answer = typeof(PayeeJson),
            AnswerExample = PayeeExample,
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.PayeeNotFound],
        });
        door.Get("/v1/payees/{id}/statement", ReadStatementAsync, new RestCall
        {
            OperationId = "readPayeeStatement",
            Tag = "Payees",
            Summary = "Read what changed a payee's balance, newest first",
            Key = KeyOwner.Payee,
            IsPaged = true,
            Query = [QueryMember.Since, QueryMember.Until],
            Answer = typeof(StatementPage),
            AnswerExample = Statements.PayeeExample,
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.PayeeNotFound],
        });
        door.Post("/v1/payees/{id}/keys/rotate", RotateAsync, new RestCall
        {
            OperationId = "rotatePayeeKey",
            Tag = "Payees",
            Summary = "Issue a new key and end the old one",
            Description = "The old key ends at once; it is taken once more only where this call is repeated with the same random Idempotency-Key, because its answer was not heard. The operator can issue a payee's key too, for one that lost its own.",
            Key = KeyOwner.PayeeOrOperator,
            TakesIdempotencyKey = true,
            EndsBearerKey = true,
            Body = typeof(NoFields),
            BodyIsOptional = true,
            Answer = typeof(KeyMade),
            BodyExample = "{}",
            AnswerExample = """{"key":"fk_pye_…"}""",
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.PayeeNotFound],
        });
    }

    private static async ValueTask<Refusal?> CreateAsync(RestRequest request)
    {
        var body = await request.ReadBodyAsync(Wire.Default.NewPayeeBody);
        if (!body.IsGiven) return body.Refusal;
        if (ReadNewPayee(body.Value, out var asked) is { } refusal) return refusal;

        var made = await request.System.Payees.CreateAsync(request.Key, asked);
        if (!made.IsGiven) return made.Refusal;
        var payee = made.Value.Payee;
        var answer = new PayeeMade(payee.Id.ToString(), payee.Name, payee.Asset.Code, made.Value.Key, payee.Website, payee.SigningKey?.ToString(), payee.RefundsPerWalletPerMonth, payee.Tags.Count == 0 ? null : payee.Tags);
        return await request.AnswerAsync(answer, Wire.Default.PayeeMade, $"/v1/payees/{answer.Id}");
    }

    private static Refusal? ReadNewPayee(NewPayeeBody body, out NewPayee asked)
    {
        asked = null!;
        if (!WireTexts.IsLine(body.Name, MaxNameLength)) return WireTexts.Refuse("name", MaxNameLength);
        if (WireAmounts.ReadCurrency(body.Currency, out var asset) is { } refusal) return refusal;
        if (body.Website is not null && !IsOrigin(body.Website)) return new Refusal(RefusalCodes.InvalidField, "website must be an origin such as https://news.example, without a path.");
        VerifyingKey? signingKey = null;
        if (body.SigningKey is not null && !VerifyingKey.TryParse(body.SigningKey, out signingKey))
            return new Refusal(RefusalCodes.InvalidField, "signingKey must be the base64 of a 32-byte Ed25519 public key.");
        var refunds = body.RefundsPerWalletPerMonth ?? NewPayee.DefaultRefundsPerWalletPerMonth;
        if (refunds is < 0 or > MaxRefunds) return new Refusal(RefusalCodes.InvalidField, $"refundsPerWalletPerMonth must be 0 to {MaxRefunds}.");
        if (body.Tags?.Contains(null!) == true) return new Refusal(RefusalCodes.InvalidField, "A tag of the list is null.");
        asked = new NewPayee(body.Name, asset, body.Website, signingKey, refunds) { Tags = body.Tags ?? [] };
        return null;
    }

    // The text must be the origin exactly as browsers write it, because it is compared with what they send.
    private static bool IsOrigin(string text) =>
        text.Length <= 255 && Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.GetLeftPart(UriPartial.Authority) == text;

    private static async ValueTask<Refusal?> ReadAsync(RestRequest request)
    {
        if (await OwnIdAsync(request) is { } refusal) return refusal;
        if (request.ReadTime(QueryMember.At, out var at) is { } malformed) return malformed;
        var read = await request.System.Payees.ReadAsync(request.Caller.Payee, at);
        if (!read.IsGiven) return read.Refusal;
        var (payee, balance, held) = read.Value;
        var answer = new PayeeJson(payee.Id.ToString(), payee.Name, payee.Asset.Code, AmountJson.From(balance), AmountJson.From(held), payee.Website, payee.SigningKey?.ToString(), payee.RefundsPerWalletPerMonth, payee.Tags.Count == 0 ? null : payee.Tags);
        return await request.AnswerAsync(answer, Wire.Default.PayeeJson);
    }

    private static async ValueTask<Refusal?> ReadStatementAsync(RestRequest request) =>
        await OwnIdAsync(request) ?? await Statements.AnswerAsync(request);

    private static async ValueTask<Refusal?> RotateAsync(RestRequest request)
    {
        if (await OwnIdAsync(request) is { } refusal) return refusal;
        var body = await request.ReadBodyAsync(Wire.Default.NoFields);
        if (!body.IsGiven) return body.Refusal;
        if (request.ReadId<PayeeKind>("id", out var id) is { } malformed) return malformed;
        var key = await request.System.Payees.RotateKeyAsync(id, request.Key);
        return key.IsGiven ? await request.AnswerAsync(new KeyMade(key.Value), Wire.Default.KeyMade) : key.Refusal;
    }

    public static async ValueTask<Refusal?> OwnIdAsync(RestRequest request)
    {
        if (request.ReadId<PayeeKind>("id", out var id) is { } refusal) return refusal;
        if (id == request.Caller.Payee) return null;
        if (await request.System.Payees.FindAsync(id) is null) return new Refusal(RefusalCodes.PayeeNotFound, $"There is no payee {id}.");
        return request.Caller.Kind == CallerKind.Operator ? null : new Refusal(RefusalCodes.Forbidden, "This key is of another payee.");
    }
}
