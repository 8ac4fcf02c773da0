using Farthing.Payments;
using Farthing.Protocol;

namespace Farthing.Server.Doors.Rest;

/// <summary><c>/v1/wallets</c>: who pays.</summary>
internal static class WalletsApi
{
    public static void Map(RestRoutes door, WalletCreationLimit creations)
    {
        door.Post("/v1/wallets", request => CreateAsync(request, creations), new RestCall
        {
            OperationId = "createWallet",
            Tag = "Wallets",
            Summary = "Make a wallet",
            Description = "For anyone, a limited number a minute from one address. Whoever knows the Idempotency-Key can read the wallet's key, so it must be random: a UUID, or at least 22 random characters.",
            TakesIdempotencyKey = true,
            Body = typeof(NewWalletBody),
            Status = StatusCodes.Status201Created,
            Answer = typeof(WalletMade),
            BodyExample = """{"currency":"USD"}""",
            AnswerExample = """{"id":"wal_01JD8Y2M6K3T5V7W9XAZBCDEFG","currency":"USD","key":"fk_wal_…"}""",
            Refusals = [RefusalCodes.UnknownCurrency, RefusalCodes.RateLimited],
        });
        door.Get("/v1/wallets/{id}", ReadAsync, new RestCall
        {
            OperationId = "readWallet",
            Tag = "Wallets",
            Summary = "Read a wallet and its balance",
            Description = "balance is what can be spent; held is set aside for payments that are not posted yet, and is not part of balance. owed is there while a chargeback has taken more than the wallet had: until that is topped up the wallet pays nothing. handle is what other people pay and ask this wallet by: give it to whom you like; it tells nothing of the wallet.",
            Key = KeyOwner.Wallet,
            Query = [QueryMember.At],
            Answer = typeof(WalletJson),
            AnswerExample = """{"id":"wal_01JD8Y2M6K3T5V7W9XAZBCDEFG","currency":"USD","balance":{"amount":"9.98","currency":"USD"},"held":{"amount":"0","currency":"USD"},"handle":"hdl_7ZD8Y2M6K3T5V7W9XAZBCDEFGH"}""",
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.WalletNotFound, RefusalCodes.WalletErased],
        });
        door.Get("/v1/wallets/{id}/statement", ReadStatementAsync, new RestCall
        {
            OperationId = "readWalletStatement",
            Tag = "Wallets",
            Summary = "Read what changed a wallet's balance, newest first",
            Key = KeyOwner.Wallet,
            IsPaged = true,
            Query = [QueryMember.Since, QueryMember.Until],
            Answer = typeof(StatementPage),
            AnswerExample = Statements.WalletExample,
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.WalletNotFound, RefusalCodes.WalletErased],
        });
        door.Post("/v1/wallets/{id}/erase", EraseAsync, new RestCall
        {
            OperationId = "eraseWallet",
            Tag = "Wallets",
            Summary = "Erase a wallet for ever",
            Description = "Destroys the key of what its payments were for, revokes its mandates and ends its monthly tips. The ledger and every receipt stay sound; the wallet cannot be used again, and what is left in it cannot be spent.",
            Key = KeyOwner.Wallet,
            Body = typeof(NoFields),
            BodyIsOptional = true,
            Answer = typeof(WalletErased),
            BodyExample = "{}",
            AnswerExample = """{"id":"wal_01JD8Y2M6K3T5V7W9XAZBCDEFG","status":"erased"}""",
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.WalletNotFound],
        });
    }

    /// <summary>Checks that the id in the path is the caller's own wallet.</summary>
    public static async ValueTask<Refusal?> OwnIdAsync(RestRequest request)
    {
        if (request.ReadId<WalletKind>("id", out var id) is { } refusal) return refusal;
        if (id == request.Caller.Wallet) return null;
        return await request.System.Wallets.FindAsync(id) is null
            ? new Refusal(RefusalCodes.WalletNotFound, $"There is no wallet {id}.")
            : new Refusal(RefusalCodes.Forbidden, "This key is of another wallet.");
    }

    private static async ValueTask<Refusal?> CreateAsync(RestRequest request, WalletCreationLimit creations)
    {
        var body = await request.ReadBodyAsync(Wire.Default.NewWalletBody);
        if (!body.IsGiven) return body.Refusal;
        if (WireAmounts.ReadCurrency(body.Value.Currency, out var asset) is { } unknown) return unknown;
        if (creations.Count(request.Http) is { } tooMany) return tooMany;
        var made = await request.System.Wallets.CreateAsync(request.Key, asset);
        if (!made.IsGiven) return made.Refusal;
        var answer = new WalletMade(made.Value.Wallet.Id.ToString(), made.Value.Wallet.Asset.Code, made.Value.Key);
        return await request.AnswerAsync(answer, Wire.Default.WalletMade, $"/v1/wallets/{answer.Id}");
    }

    private static async ValueTask<Refusal?> ReadAsync(RestRequest request)
    {
        if (await OwnIdAsync(request) is { } refusal) return refusal;
        if (request.ReadTime(QueryMember.At, out var at) is { } malformed) return malformed;
        var read = await request.System.Wallets.ReadAsync(request.Caller.Wallet, at);
        if (!read.IsGiven) return read.Refusal;
        var (wallet, balance, held) = read.Value;
        var owed = await request.System.Debts.ReadAsync(wallet.Id, wallet.Asset);
        var answer = new WalletJson(wallet.Id.ToString(), wallet.Asset.Code, AmountJson.From(balance), AmountJson.From(held), owed.IsZero ? null : AmountJson.From(owed), request.System.People.HandleOf(wallet.Id).ToString());
        return await request.AnswerAsync(answer, Wire.Default.WalletJson);
    }

    private static async ValueTask<Refusal?> ReadStatementAsync(RestRequest request) =>
        await OwnIdAsync(request) ?? await Statements.AnswerAsync(request);

    private static async ValueTask<Refusal?> EraseAsync(RestRequest request)
    {
        if (await OwnIdAsync(request) is { } refusal) return refusal;
        var body = await request.ReadBodyAsync(Wire.Default.NoFields);
        if (!body.IsGiven) return body.Refusal;
        var erased = await request.System.Wallets.EraseAsync(request.Caller.Wallet);
        return erased.IsGiven ? await request.AnswerAsync(new WalletErased(erased.Value.Id.ToString(), "erased"), Wire.Default.WalletErased) : erased.Refusal;
    }
}
