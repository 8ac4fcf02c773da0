using Farthing.Payments;

namespace Farthing.Server.Doors.Rest;

/// <summary><c>/v1/entitlements</c>: for programs whose wallet has bought something, and for sites whose visitors cannot be sent to the wallet in the middle of a film.</summary>
internal static class EntitlementsApi
{
    private const string Example = """{"entitlement":"eyJ…"}""";

    public static void Map(RestRoutes door)
    {
        door.Post("/v1/entitlements", ShowAsync, new RestCall
        {
            OperationId = "showEntitlement",
            Tag = "Gate",
            Summary = "Show a site that the wallet has bought what its terms ask",
            Description = "For terms that name an offer to which the wallet subscribes, or a resource that it has bought: the entitlement that the site accepts, for an hour at most. It pays nothing and subscribes to nothing, "
                + "whatever the terms are. A program that meets a challenge of the intent subscription asks it.",
            Key = KeyOwner.Wallet,
            Body = typeof(ShowEntitlementBody),
            Answer = typeof(EntitlementJson),
            BodyExample = """{"terms":"eyJ…"}""",
            AnswerExample = Example,
            Refusals = [RefusalCodes.TermsInvalid, RefusalCodes.TermsExpired, RefusalCodes.TermsForAnotherSite, RefusalCodes.PayeeNotFound, RefusalCodes.PayeeHasNoSigningKey, RefusalCodes.NotCovered, RefusalCodes.WalletErased],
        });
        door.Post("/v1/entitlements/renew", RenewAsync, new RestCall
        {
            OperationId = "renewEntitlement",
            Tag = "Gate",
            Summary = "Continue an entitlement that is over, or soon will be",
            Description = "While the money can be given back an entitlement lives at most 60 seconds. A site that is asked for the next part of what a browser has bought shows the old one, until a day after it was over, "
                + "and gets one for the same browser and resource. It takes no key: whoever has an entitlement has what it opens, and gets nothing more. What stands on a subscription or a tab is renewed by redirect only.",
            Body = typeof(RenewEntitlementBody),
            Answer = typeof(EntitlementJson),
            BodyExample = Example,
            AnswerExample = Example,
            Refusals = [RefusalCodes.EntitlementOver],
        });
    }

    private static async ValueTask<Refusal?> ShowAsync(RestRequest request)
    {
        var body = await request.ReadBodyAsync(Wire.Default.ShowEntitlementBody);
        if (!body.IsGiven) return body.Refusal;
        var shown = await request.System.Desk.ShowEntitlementAsync(request.Caller.Wallet, body.Value.Terms);
        if (!shown.IsGiven) return shown.Refusal;
        return shown.Value is { } entitlement
            ? await request.AnswerAsync(new EntitlementJson(entitlement), Wire.Default.EntitlementJson)
            : new Refusal(RefusalCodes.NotCovered, "The wallet has not bought this, and subscribes to nothing that opens it. Nothing was paid.");
    }

    private static async ValueTask<Refusal?> RenewAsync(RestRequest request)
    {
        var body = await request.ReadBodyAsync(Wire.Default.RenewEntitlementBody);
        if (!body.IsGiven) return body.Refusal;
        return await request.System.Desk.ContinueEntitlementAsync(body.Value.Entitlement) is { } fresh
            ? await request.AnswerAsync(new EntitlementJson(fresh), Wire.Default.EntitlementJson)
            : new Refusal(RefusalCodes.EntitlementOver, "It is none of this server, over for more than a day, or what it stands on was given back or is over.");
    }
}
