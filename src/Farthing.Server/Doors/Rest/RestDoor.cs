using Farthing.Payments;
using Farthing.Server.Doors.Gate;
using Farthing.Server.Rails.Card;
using Microsoft.Extensions.Primitives;

namespace Farthing.Server.Doors.Rest;

/// <summary>Carries out one call.</summary>
/// <returns>Why it was refused, or null if it was answered.</returns>
internal delegate ValueTask<Refusal?> RestHandler(RestRequest request);

/// <summary>The REST door: every call under <c>/v1</c>.</summary>
/// <remarks>
/// Calls are plain request delegates without model binding or filters: a payment must cost little more than Kestrel itself.
/// The order of the checks is the same everywhere: bearer key, its owner, idempotency key, ids of the path, body.
/// </remarks>
internal static class RestDoor
{
    /// <summary>Maps every call; those of the test clock only if there is one.</summary>
    public static void MapRest(
        this IEndpointRouteBuilder routes, PaymentSystem system, LedgerApi ledger, WalletCreationLimit walletCreations, ChangeFeed changes, ScrapedMetrics metrics, SiteGates gates, CardEvents? cardEvents, BankFilesApi bankFiles, TestClock? testClock)
    {
        var door = new RestRoutes(routes, system);
        PayeesApi.Map(door);
        OffersApi.Map(door);
        WalletsApi.Map(door, walletCreations);
        WalletCapsApi.Map(door);
        RecoveryApi.Map(door);
        MandatesApi.Map(door);
        TopUpsApi.Map(door);
        AutomaticTopUpsApi.Map(door);
        WalletPayoutsApi.Map(door);
        RailEventsApi.Map(door, cardEvents);
        PaymentsApi.Map(door);
        PaymentActionsApi.Map(door);
        TabsApi.Map(door);
        MetersApi.Map(door);
        TipsApi.Map(door);
        SubscriptionsApi.Map(door);
        FaresApi.Map(door);
        PeopleApi.Map(door);
        RequestsApi.Map(door);
        CampaignsApi.Map(door);
        RoundUpsApi.Map(door);
        GateApi.Map(door, gates);
        EntitlementsApi.Map(door);
        FeesApi.Map(door);
        PayoutSettingsApi.Map(door);
        PayoutsApi.Map(door);
        bankFiles.Map(door);
        WebhooksApi.Map(door);
        ledger.Map(door);
        changes.Map(door);
        ScheduleApi.Map(door);
        MetricsApi.Map(door, metrics);
        if (testClock is not null) TestClockApi.Map(door, testClock);
    }
}

/// <summary>Maps calls with their descriptions.</summary>
internal sealed class RestRoutes(IEndpointRouteBuilder routes, PaymentSystem system)
{
    public void Get(string pattern, RestHandler handler, RestCall call) => Map(HttpMethods.Get, pattern, handler, call);

    public void Post(string pattern, RestHandler handler, RestCall call) => Map(HttpMethods.Post, pattern, handler, call);

    private void Map(string method, string pattern, RestHandler handler, RestCall call)
    {
        Task HandleAsync(HttpContext http) => RunAsync(http, handler, call);

        // OpenAPI finds an endpoint by its method; what it says comes from the call.
        routes.MapMethods(pattern, [method], HandleAsync).ShortCircuit().WithMetadata(call, ((RequestDelegate)HandleAsync).Method);
    }

    // Who is let in is known without a wait, all but the first time: only this step is kept on the heap while the handler waits for the disk.
    private async Task RunAsync(HttpContext http, RestHandler handler, RestCall call)
    {
        var admitted = await AdmitAsync(http, call);
        var refusal = admitted.IsGiven ? await handler(admitted.Value) : admitted.Refusal;
        if (refusal is not null) await Problem.AnswerAsync(http, refusal);
    }

    private async ValueTask<Answer<RestRequest>> AdmitAsync(HttpContext http, RestCall call)
    {
        var caller = default(Caller);
        if (call.Key != KeyOwner.Anyone)
        {
            if (!TryReadBearer(http.Request.Headers.Authorization, out var bearer))
                return new Refusal(RefusalCodes.Unauthorized, "Send the header Authorization: Bearer, a blank and your key.");
            if ((await system.AuthenticateAsync(bearer) ?? await AuthenticateRepeatAsync(http, call, bearer)) is not { } found) return new Refusal(RefusalCodes.Unauthorized, "The key is not known here, or was replaced by a newer one.");
            if (!IsOwner(call.Key, found.Kind)) return new Refusal(RefusalCodes.Forbidden, $"This call takes the key of {NameOf(call.Key)}.");
            caller = found;
        }

        var key = default(IdempotencyKey);
        if (call.TakesIdempotencyKey && ReadKey(http.Request.Headers["Idempotency-Key"], out key) is { } refusal) return refusal;
        return new RestRequest(http, system, call, caller, key);
    }

    /// <summary>Who repeats a call that ended the bearer key shown; null for every other call and caller.</summary>
    private ValueTask<Caller?> AuthenticateRepeatAsync(HttpContext http, RestCall call, string bearer) =>
        call.EndsBearerKey && ReadKey(http.Request.Headers["Idempotency-Key"], out var key) is null ? system.AuthenticateRepeatedRotationAsync(bearer, key) : default;

    private static bool TryReadBearer(StringValues header, out string bearer)
    {
        const string Scheme = "Bearer ";
        bearer = "";
        if (header.Count != 1 || header[0] is not { } text || !text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)) return false;
        bearer = text[Scheme.Length..].Trim(' ');
        return bearer.Length > 0;
    }

    private static Refusal? ReadKey(StringValues header, out IdempotencyKey key)
    {
        key = default;
        if (header.Count == 0 || string.IsNullOrEmpty(header[0]))
            return new Refusal(RefusalCodes.IdempotencyKeyMissing, "Send the header Idempotency-Key: a new one with each new request, the same one when you repeat a request.");
        return header.Count == 1 && IdempotencyKey.TryParse(header[0], out key)
            ? null
            : new Refusal(RefusalCodes.IdempotencyKeyInvalid, "An Idempotency-Key is 1 to 255 visible ASCII characters, sent once.");
    }

    private static bool IsOwner(KeyOwner wanted, CallerKind found) => wanted switch
    {
        KeyOwner.Operator => found == CallerKind.Operator,
        KeyOwner.Payee => found == CallerKind.Payee,
        KeyOwner.PayeeOrOperator => found is CallerKind.Payee or CallerKind.Operator,
        KeyOwner.Wallet => found == CallerKind.Wallet,
        KeyOwner.WalletOrMandate => found is CallerKind.Wallet or CallerKind.Mandate,
        KeyOwner.Party => found is CallerKind.Wallet or CallerKind.Mandate or CallerKind.Payee,
        _ => found is CallerKind.Wallet or CallerKind.Payee,
    };

    private static string NameOf(KeyOwner owner) => owner switch
    {
        KeyOwner.Operator => "the operator",
        KeyOwner.Payee => "a payee",
        KeyOwner.PayeeOrOperator => "a payee or the operator",
        KeyOwner.Wallet => "a wallet",
        KeyOwner.WalletOrMandate => "a wallet or mandate",
        KeyOwner.Party => "a wallet, mandate or payee",
        _ => "a wallet or payee",
    };
}
