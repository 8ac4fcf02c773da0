using Farthing.Payments;
using Farthing.Payments.Tabs;
using Farthing.Protocol;

namespace Farthing.Server.Doors.Rest;

/// <summary>A tab, as its wallet or its payee sees it.</summary>
internal sealed record TabJson(string Id, string Payee, string? Wallet, string? Payer, string Status, AmountJson Owed, AmountJson Cap, string? DueAt, string CreatedAt);

/// <summary>A page of tabs.</summary>
internal sealed record TabPage(IReadOnlyList<TabJson> Lines, string? Next);

/// <summary>All tabs of a payee together.</summary>
internal sealed record TabTotalsJson(AmountJson Open, AmountJson Paid, AmountJson Lost);

/// <summary><c>/v1/tabs</c>: what wallets owe for what they have read. Reading itself is a payment of an offer with the model tab.</summary>
internal static class TabsApi
{
    private const string Example = """
        {"id":"tab_01JD8Y2M6K3T5V7W9XAZBCDEFG","payee":"pye_01JD8Y2M6K3T5V7W9XAZBCDEFG","wallet":"wal_01JD8Y2M6K3T5V7W9XAZBCDEFG","status":"open","owed":{"amount":"0.42","currency":"USD"},"cap":{"amount":"5","currency":"USD"},"dueAt":"2026-12-23T09:30:00.000Z","createdAt":"2026-11-23T09:30:00.000Z"}
        """;

    private static readonly PathMember IdMember = new("id", "The id of a tab.", "^tab_[0-7][0-9A-HJKMNP-TV-Z]{25}$", "tab_01JD8Y2M6K3T5V7W9XAZBCDEFG");

    public static void Map(RestRoutes door)
    {
        door.Get("/v1/tabs", ListAsync, new RestCall
        {
            OperationId = "listTabs",
            Tag = "Tabs",
            Summary = "List the tabs of a wallet, or those with a payee, newest first",
            Description = "A wallet sees what it owes whom; a payee sees what it is owed, by pseudonyms.",
            Key = KeyOwner.WalletOrPayee,
            IsPaged = true,
            Answer = typeof(TabPage),
            AnswerExample = $$"""{"lines":[{{Example}}]}""",
            Refusals = [RefusalCodes.WalletErased],
        });
        door.Get("/v1/tabs/{id}", ReadAsync, new RestCall
        {
            OperationId = "readTab",
            Tag = "Tabs",
            Summary = "Read a tab",
            Description = "status is open, full (nothing more is read on it until it is paid) or lost (it was not paid by dueAt; what it owes is booked as a loss, and is paid all the same). dueAt goes by the oldest read that is not paid; payments pay reads in their order.",
            Key = KeyOwner.WalletOrPayee,
            Path = [IdMember],
            Answer = typeof(TabJson),
            AnswerExample = Example,
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.TabNotFound, RefusalCodes.WalletErased],
        });
        door.Post("/v1/tabs/{id}/pay", PayAsync, new RestCall
        {
            OperationId = "payTab",
            Tag = "Tabs",
            Summary = "Pay what a tab owes",
            Description = "One payment, from the wallet's balance, of all that is owed at this moment; what is read meanwhile stays owed. A full or lost tab is paid by itself, too: when a top-up, or the next read, finds that the balance suffices for all of it.",
            Key = KeyOwner.Wallet,
            TakesIdempotencyKey = true,
            Path = [IdMember],
            Body = typeof(NoFields),
            BodyIsOptional = true,
            Status = StatusCodes.Status201Created,
            Answer = typeof(PaymentJson),
            BodyExample = "{}",
            AnswerExample = PaymentsApi.WalletExample,
            Refusals =
            [
                RefusalCodes.InvalidId, RefusalCodes.TabNotFound, RefusalCodes.NothingOwed, RefusalCodes.InsufficientFunds, RefusalCodes.WalletInDebt, RefusalCodes.CapExceeded, RefusalCodes.CapsChanged,
                RefusalCodes.WalletFrozen, RefusalCodes.AccountClosed, RefusalCodes.WalletErased,
            ],
        });
        door.Get("/v1/payees/{id}/tabs", ReadTotalsAsync, new RestCall
        {
            OperationId = "readTabTotals",
            Tag = "Tabs",
            Summary = "Read what all tabs with a payee owe, paid and lost",
            Description = "open is what can still be paid in time, lost what was not; paid is all that was ever paid on tabs.",
            Key = KeyOwner.Payee,
            Answer = typeof(TabTotalsJson),
            AnswerExample = """{"open":{"amount":"41.3","currency":"USD"},"paid":{"amount":"2300.02","currency":"USD"},"lost":{"amount":"12.5","currency":"USD"}}""",
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.PayeeNotFound],
        });
    }

    private static async ValueTask<Refusal?> ListAsync(RestRequest request)
    {
        if (request.ReadPage(out var cursor, out var pageSize) is { } refusal) return refusal;
        var page = await request.System.Tabs.ListAsync(request.Caller, cursor, pageSize);
        return page.IsGiven ? await request.AnswerAsync(new TabPage([.. page.Value.Lines.Select(tab => From(tab, request.Caller))], page.Value.Next), Wire.Default.TabPage) : page.Refusal;
    }

    private static async ValueTask<Refusal?> ReadAsync(RestRequest request)
    {
        if (request.ReadId<TabKind>("id", out var id) is { } refusal) return refusal;
        var read = await request.System.Tabs.ReadAsync(request.Caller, id);
        return read.IsGiven ? await request.AnswerAsync(From(read.Value, request.Caller), Wire.Default.TabJson) : read.Refusal;
    }

    private static async ValueTask<Refusal?> PayAsync(RestRequest request)
    {
        if (request.ReadId<TabKind>("id", out var id) is { } refusal) return refusal;
        var body = await request.ReadBodyAsync(Wire.Default.NoFields);
        if (!body.IsGiven) return body.Refusal;
        var paid = await request.System.Tabs.PayAsync(request.Caller.Wallet, id, request.Key);
        return paid.IsGiven ? await PaymentWriter.AnswerAsync(request, paid.Value, $"/v1/payments/{paid.Value.Id}") : paid.Refusal;
    }

    private static async ValueTask<Refusal?> ReadTotalsAsync(RestRequest request)
    {
        if (await PayeesApi.OwnIdAsync(request) is { } refusal) return refusal;
        var read = await request.System.Tabs.ReadTotalsAsync(request.Caller.Payee);
        return read.IsGiven
            ? await request.AnswerAsync(new TabTotalsJson(AmountJson.From(read.Value.Open), AmountJson.From(read.Value.Paid), AmountJson.From(read.Value.Lost)), Wire.Default.TabTotalsJson)
            : read.Refusal;
    }

    private static TabJson From(Tab tab, Caller caller) => new(
        tab.Id.ToString(),
        tab.Payee.ToString(),
        caller.Kind == CallerKind.Wallet ? tab.Wallet.ToString() : null,
        caller.Kind == CallerKind.Payee ? tab.Payer.ToString() : null,
        tab.Status.ToString().ToLowerInvariant(),
        AmountJson.From(tab.Owed),
        AmountJson.From(tab.Cap),
        tab.DueAt is { } due ? WireTime.Format(due) : null,
        WireTime.Format(tab.CreatedAt));
}
