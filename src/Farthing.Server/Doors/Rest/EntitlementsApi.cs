using Farthing.Payments;

namespace Farthing.Server.Doors.Rest;

/// <summary><c>/v1/entitlements</c>: for sites whose visitors cannot be sent to the wallet in the middle of a film.</summary>
internal static class EntitlementsApi
{
    public static void Map(RestRoutes door) => door.Post("/v1/entitlements/renew", RenewAsync, new RestCall
    {
        OperationId = "renewEntitlement",
        Tag = "Gate",
        Summary = "Continue an entitlement that is over, or soon will be",
        Description = "While the money can be given back an entitlement lives at most 60 seconds. A site that is asked for the next part of what a browser has bought shows the old one, until a day after it was over, "
            + "and gets one for the same browser and resource. It takes no key: whoever has an entitlement has what it opens, and gets nothing more. What stands on a subscription or a tab is renewed by redirect only.",
        Body = typeof(RenewEntitlementBody),
        Answer = typeof(EntitlementJson),
        BodyExample = """{"entitlement":"eyJ…"}""",
        AnswerExample = """{"entitlement":"eyJ…"}""",
        Refusals = [RefusalCodes.EntitlementOver],
    });

    private static async ValueTask<Refusal?> RenewAsync(RestRequest request)
    {
        var body = await request.ReadBodyAsync(Wire.Default.RenewEntitlementBody);
        if (!body.IsGiven) return body.Refusal;
        return await request.System.Desk.ContinueEntitlementAsync(body.Value.Entitlement) is { } fresh
            ? await request.AnswerAsync(new EntitlementJson(fresh), Wire.Default.EntitlementJson)
            : new Refusal(RefusalCodes.EntitlementOver, "It is none of this server, over for more than a day, or what it stands on was given back or is over.");
    }
}
