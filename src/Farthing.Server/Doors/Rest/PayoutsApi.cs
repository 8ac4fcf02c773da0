using Farthing.Payments;
using Farthing.Payments.Payouts;
using Farthing.Protocol;

namespace Farthing.Server.Doors.Rest;

/// <summary>Body of <c>POST /v1/payees/{id}/payouts</c>.</summary>
internal sealed record NewPayoutBody
{
    public AmountJson? Amount { get; init; }
}

/// <summary>Body of <c>POST /v1/payouts/{id}/refuse</c>.</summary>
internal sealed record RefusePayoutBody
{
    public required string Reason { get; init; }
}

/// <summary>A payout.</summary>
internal sealed record PayoutJson(
    string Id, string Payee, string State, string Reason, string WhatToDo, AmountJson Amount, AmountJson Cost, AmountJson Arrives, AmountJson? Returned, string Rail, PayoutDestinationJson Destination, string EndToEndId, string Trigger,
    string CreatedAt, string ChangedAt);

/// <summary>A page of payouts.</summary>
internal sealed record PayoutPage(IReadOnlyList<PayoutJson> Lines, string? Next);

/// <summary>Money that stays on a payee's balance.</summary>
internal sealed record StayingJson(string Why, AmountJson Amount, long? Seconds, string Reason);

/// <summary>A payee's payouts, and what could be paid out now.</summary>
internal sealed record PayeePayoutsJson(
    AmountJson Balance, AmountJson UnderWay, AmountJson Available, AmountJson? Cost, AmountJson? Arrives, string? Obstacle, IReadOnlyList<StayingJson> Staying, PayoutSettingJson? Setting, IReadOnlyList<PayoutJson> Lines, string? Next);

/// <summary>What a payout would cost.</summary>
internal sealed record PayoutCostJson(AmountJson Cost);

/// <summary><c>/v1/payees/{id}/payouts</c> and <c>/v1/payouts</c>: money out.</summary>
internal static class PayoutsApi
{
    private const string Example = """
        {"id":"out_01JD8Y2M6K3T5V7W9XAZBCDEFG","payee":"pye_01JD8Y2M6K3T5V7W9XAZBCDEFG","state":"reviewing","reason":"Nothing was released to this destination before, so the operator looks at it first.","whatToDo":"Nothing: its money is set aside. If the destination is not yours, tell the operator at once.","amount":{"amount":"50","currency":"EUR"},"cost":{"amount":"0.25","currency":"EUR"},"arrives":{"amount":"49.75","currency":"EUR"},"rail":"bank-file","destination":{"name":"The Farthing Newsroom","iban":"DE89370400440532013000"},"endToEndId":"OUT01JD8Y2M6K3T5V7W9XAZBCDEFG","trigger":"payee","createdAt":"2026-11-23T09:30:00.000Z","changedAt":"2026-11-23T09:30:00.000Z"}
        """;

    private const string States = "preparing, reviewing, sent, done or returned";

    private static readonly PathMember IdMember = new("id", "The id of a payout.", "^out_[0-7][0-9A-HJKMNP-TV-Z]{25}$", "out_01JD8Y2M6K3T5V7W9XAZBCDEFG");
    private static readonly QueryMember StateMember = new("state", $"Only those in this state: {States}.");
    private static readonly RefusalCode[] PlanRefusals =
    [
        .. PaymentsApi.AmountRefusals, RefusalCodes.CurrencyMismatch, RefusalCodes.InvalidId, RefusalCodes.PayeeNotFound, RefusalCodes.PayoutNotSet, RefusalCodes.RailNotAvailable, RefusalCodes.RailCostTooHigh,
        RefusalCodes.NothingToPayOut, RefusalCodes.PayoutExceedsAvailable,
    ];

    public static void Map(RestRoutes door)
    {
        door.Post("/v1/payees/{id}/payouts", CreateAsync, new RestCall
        {
            OperationId = "createPayout",
            Tag = "Payouts",
            Summary = "Pay a payee out",
            Description = "By rail and destination as set with POST /v1/payees/{id}/payout-setting. amount is what leaves the balance; without it, all that is available. What the rail takes is part of it: arrives is the rest. The money is set aside at once. The state says how far the payout is: preparing, reviewing (the operator looks at it), sent, done, returned.",
            Key = KeyOwner.PayeeOrOperator,
            TakesIdempotencyKey = true,
            Body = typeof(NewPayoutBody),
            BodyIsOptional = true,
            Status = StatusCodes.Status201Created,
            Answer = typeof(PayoutJson),
            BodyExample = """{"amount":{"amount":"50","currency":"EUR"}}""",
            AnswerExample = Example,
            Refusals = PlanRefusals,
        });
        door.Post("/v1/payees/{id}/payouts/cost", ReadCostAsync, new RestCall
        {
            OperationId = "readPayoutCost",
            Tag = "Payouts",
            Summary = "Ask what a payout would cost, without making it",
            Description = "Refused for every reason that the payout itself would be refused for now.",
            Key = KeyOwner.PayeeOrOperator,
            Body = typeof(NewPayoutBody),
            BodyIsOptional = true,
            Answer = typeof(PayoutCostJson),
            BodyExample = """{"amount":{"amount":"50","currency":"EUR"}}""",
            AnswerExample = """{"cost":{"amount":"0.25","currency":"EUR"}}""",
            Refusals = PlanRefusals,
        });
        door.Get("/v1/payees/{id}/payouts", ReadForPayeeAsync, new RestCall
        {
            OperationId = "listPayeePayouts",
            Tag = "Payouts",
            Summary = "Read what could be paid out now, why it is not more, and the payouts, newest first",
            Description = "available is what a payout without an amount would take now; staying lists the rest of the balance and why it stays: stillRefundable, mayBeDisputed, keptForDisputes, belowSmallestUnit. seconds is how old money must be to leave. underWay is set aside for payouts and no part of the balance. cost is what the rail would take of available; obstacle says in words why it would not pay that out, such as that it would take too much.",
            Key = KeyOwner.PayeeOrOperator,
            IsPaged = true,
            Answer = typeof(PayeePayoutsJson),
            AnswerExample = $$"""{"balance":{"amount":"12.3456","currency":"EUR"},"underWay":{"amount":"50","currency":"EUR"},"available":{"amount":"12","currency":"EUR"},"cost":{"amount":"0.25","currency":"EUR"},"arrives":{"amount":"11.75","currency":"EUR"},"staying":[{"why":"stillRefundable","amount":{"amount":"0.3456","currency":"EUR"},"seconds":900,"reason":"Received in the last 15 minutes, in which payers can take it back."}],"setting":{{PayoutSettingsApi.Example}},"lines":[{{Example}}]}""",
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.PayeeNotFound],
        });
        door.Get("/v1/payouts", ListAsync, new RestCall
        {
            OperationId = "listPayouts",
            Tag = "Payouts",
            Summary = "List the payouts of all payees, newest first",
            Description = "With state=reviewing, those that wait for the operator.",
            Key = KeyOwner.Operator,
            IsPaged = true,
            Query = [StateMember],
            Answer = typeof(PayoutPage),
            AnswerExample = $$"""{"lines":[{{Example}}]}""",
        });
        door.Get("/v1/payouts/{id}", ReadAsync, new RestCall
        {
            OperationId = "readPayout",
            Tag = "Payouts",
            Summary = "Read a payout",
            Description = "reason says in words why it is in its state, whatToDo what its payee can do.",
            Key = KeyOwner.PayeeOrOperator,
            Path = [IdMember],
            Answer = typeof(PayoutJson),
            AnswerExample = Example,
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.PayoutNotFound],
        });
        door.Post("/v1/payouts/{id}/release", ReleaseAsync, new RestCall
        {
            OperationId = "releasePayout",
            Tag = "Payouts",
            Summary = "Let a payout go that waits for the operator",
            Description = "Later payouts of this payee to the same destination need no look for being new. To release one that was released changes nothing.",
            Key = KeyOwner.Operator,
            Path = [IdMember],
            Body = typeof(NoFields),
            BodyIsOptional = true,
            Answer = typeof(PayoutJson),
            BodyExample = "{}",
            AnswerExample = Example.Replace("reviewing", "preparing", StringComparison.Ordinal).Replace("Nothing was released to this destination before, so the operator looks at it first.", "The operator released it, and it goes to the rail next.", StringComparison.Ordinal),
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.PayoutNotFound, RefusalCodes.PayoutNotInReview],
        });
        door.Post("/v1/payouts/{id}/refuse", RefuseAsync, new RestCall
        {
            OperationId = "refusePayout",
            Tag = "Payouts",
            Summary = "Refuse a payout that waits for the operator",
            Description = "All of its money goes back to the payee's balance, and the payee reads the reason. To refuse one that was refused changes nothing.",
            Key = KeyOwner.Operator,
            Path = [IdMember],
            Body = typeof(RefusePayoutBody),
            Answer = typeof(PayoutJson),
            BodyExample = """{"reason":"The account's name is not yours"}""",
            AnswerExample = Example.Replace("reviewing", "returned", StringComparison.Ordinal),
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.PayoutNotFound, RefusalCodes.PayoutNotInReview, RefusalCodes.RailUnreachable],
        });
    }

    /// <summary>Reads a payee's id from the path.</summary>
    /// <returns>Why it is not for this caller, or null.</returns>
    public static async ValueTask<(Refusal? Refusal, Id<PayeeKind> Payee)> OwnIdAsync(RestRequest request) =>
        await PayeesApi.OwnIdAsync(request) is { } refusal ? (refusal, default) : (request.ReadId<PayeeKind>("id", out var id), id);

    private static async ValueTask<Refusal?> CreateAsync(RestRequest request)
    {
        var (refusal, payee) = await OwnIdAsync(request);
        if (refusal is not null) return refusal;
        var asked = await ReadAmountAsync(request);
        if (asked.Refusal is not null) return asked.Refusal;
        var made = await request.System.Payouts.PayOutAsync(request.Caller, payee, request.Key, asked.Amount);
        return made.IsGiven ? await request.AnswerAsync(From(made.Value), Wire.Default.PayoutJson, $"/v1/payouts/{made.Value.Id}") : made.Refusal;
    }

    private static async ValueTask<Refusal?> ReadCostAsync(RestRequest request)
    {
        var (refusal, payee) = await OwnIdAsync(request);
        if (refusal is not null) return refusal;
        var asked = await ReadAmountAsync(request);
        if (asked.Refusal is not null) return asked.Refusal;
        var cost = await request.System.Payouts.ReadCostAsync(payee, asked.Amount);
        return cost.IsGiven ? await request.AnswerAsync(new PayoutCostJson(AmountJson.From(cost.Value)), Wire.Default.PayoutCostJson) : cost.Refusal;
    }

    private static async ValueTask<(Refusal? Refusal, Amount? Amount)> ReadAmountAsync(RestRequest request)
    {
        var body = await request.ReadBodyAsync(Wire.Default.NewPayoutBody);
        if (!body.IsGiven) return (body.Refusal, null);
        if (body.Value.Amount is null) return (null, null);
        return WireAmounts.Read(body.Value.Amount, "amount", out var amount) is { } malformed ? (malformed, null) : (null, amount);
    }

    private static async ValueTask<Refusal?> ReadForPayeeAsync(RestRequest request)
    {
        var (refusal, payee) = await OwnIdAsync(request);
        if (refusal is not null) return refusal;
        if (request.ReadPage(out var cursor, out var pageSize) is { } malformed) return malformed;
        var page = await request.System.Payouts.ListAsync(payee, cursor, pageSize);
        if (!page.IsGiven) return page.Refusal;
        var read = await request.System.Payouts.ReadStandingAsync(payee);
        if (!read.IsGiven) return read.Refusal;
        var standing = read.Value;
        var setting = await request.System.PayoutSettings.FindAsync(payee);
        var answer = new PayeePayoutsJson(
            AmountJson.From(standing.Balance),
            AmountJson.From(standing.UnderWay),
            AmountJson.From(standing.Available),
            standing.Cost is { } cost ? AmountJson.From(cost) : null,
            standing.Cost is { } taken ? AmountJson.From(standing.Available - taken) : null,
            standing.Obstacle?.Detail,
            [.. standing.Staying.Select(From)],
            setting is null ? null : PayoutSettingsApi.From(setting),
            [.. page.Value.Lines.Select(From)],
            page.Value.Next);
        return await request.AnswerAsync(answer, Wire.Default.PayeePayoutsJson);
    }

    private static async ValueTask<Refusal?> ListAsync(RestRequest request)
    {
        if (request.ReadPage(out var cursor, out var pageSize) is { } refusal) return refusal;
        PayoutState? state = null;
        if (request.Http.Request.Query.TryGetValue(StateMember.Name, out var words))
        {
            state = Enum.GetValues<PayoutState>().Cast<PayoutState?>().FirstOrDefault(known => WordOf(known!.Value) == words);
            if (state is null) return new Refusal(RefusalCodes.InvalidField, $"state must be {States}.");
        }

        var page = await request.System.Payouts.ListAllAsync(state, cursor, pageSize);
        return page.IsGiven ? await request.AnswerAsync(new PayoutPage([.. page.Value.Lines.Select(From)], page.Value.Next), Wire.Default.PayoutPage) : page.Refusal;
    }

    private static async ValueTask<Refusal?> ReadAsync(RestRequest request)
    {
        if (request.ReadId<PayoutKind>("id", out var id) is { } refusal) return refusal;
        return await AnswerAsync(request, await request.System.Payouts.ReadAsync(request.Caller, id));
    }

    private static async ValueTask<Refusal?> ReleaseAsync(RestRequest request)
    {
        if (request.ReadId<PayoutKind>("id", out var id) is { } refusal) return refusal;
        var body = await request.ReadBodyAsync(Wire.Default.NoFields);
        return body.IsGiven ? await AnswerAsync(request, await request.System.Payouts.ReleaseAsync(id)) : body.Refusal;
    }

    private static async ValueTask<Refusal?> RefuseAsync(RestRequest request)
    {
        if (request.ReadId<PayoutKind>("id", out var id) is { } refusal) return refusal;
        var body = await request.ReadBodyAsync(Wire.Default.RefusePayoutBody);
        return body.IsGiven ? await AnswerAsync(request, await request.System.Payouts.RefuseAsync(id, body.Value.Reason)) : body.Refusal;
    }

    private static async ValueTask<Refusal?> AnswerAsync(RestRequest request, Answer<Payout> payout) =>
        payout.IsGiven ? await request.AnswerAsync(From(payout.Value), Wire.Default.PayoutJson) : payout.Refusal;

    private static PayoutJson From(Payout payout) => new(
        payout.Id.ToString(),
        payout.Payee.ToString(),
        WordOf(payout.State),
        payout.Reason,
        payout.WhatToDo,
        AmountJson.From(payout.Amount),
        AmountJson.From(payout.Cost),
        AmountJson.From(payout.Arrives),
        payout.Returned is { } back ? AmountJson.From(back) : null,
        payout.Rail,
        PayoutSettingsApi.From(payout.Destination),
        payout.EndToEndId,
        payout.Trigger.ToString().ToLowerInvariant(),
        WireTime.Format(payout.CreatedAt),
        WireTime.Format(payout.ChangedAt));

    private static StayingJson From(StayingBehind staying)
    {
        var (why, reason) = staying.Why switch
        {
            StaysFor.Refunds => ("stillRefundable", $"Received in the last {Long(staying.Window)}, in which payers can take it back."),
            StaysFor.Disputes => ("mayBeDisputed", $"Received in the last {Long(staying.Window)}, in which those who topped up by card can dispute that with their bank."),
            StaysFor.Kept => ("keptForDisputes", $"The operator's part for disputes of what was received in the last {Long(staying.Window)}."),
            _ => ("belowSmallestUnit", "Less than the smallest amount that the rail can pay. It stays until it is enough."),
        };
        return new StayingJson(why, AmountJson.From(staying.Amount), staying.Window == TimeSpan.Zero ? null : (long)staying.Window.TotalSeconds, reason);
    }

    private static string Long(TimeSpan time) => time switch
    {
        { TotalDays: >= 2 } => $"{(int)time.TotalDays} days",
        { TotalHours: >= 2 } => $"{(int)time.TotalHours} hours",
        { TotalMinutes: >= 2 } => $"{(int)time.TotalMinutes} minutes",
        _ => $"{(int)time.TotalSeconds} seconds",
    };

    private static string WordOf(PayoutState state) => state.ToString().ToLowerInvariant();
}
