using Farthing.AspNetCore;
using Farthing.Payments;
using Farthing.Payments.Calendars;
using Farthing.Payments.Offers;
using Farthing.Protocol;
using Farthing.Server.Doors.Gate;

namespace Farthing.Server.Doors.Rest;

/// <summary><c>/v1/gate</c>: whether a visitor of somebody's web server has paid, for nginx's <c>auth_request</c> and Caddy's <c>forward_auth</c>.</summary>
internal static class GateApi
{
    private const string AnswerMember = "answer";
    private const string PayeeHeader = "X-Farthing-Payee";
    private const string KeyHeader = "X-Farthing-Key";
    private const string PriceHeader = "X-Farthing-Price";
    private const string MethodHeader = "X-Forwarded-Method";
    private const string AddressHeader = "X-Forwarded-Uri";

    private static readonly Dictionary<string, PaymentUse> Uses = new() { ["page"] = PaymentUse.Page, ["per-call"] = PaymentUse.PerCall, ["once"] = PaymentUse.Once };

    public static void Map(RestRoutes door, SiteGates gates) => door.Get("/v1/gate", request => AnswerAsync(request, gates), new RestCall
    {
        OperationId = "askGate",
        Tag = "Gate",
        Summary = "Ask whether a visitor of a web server has paid",
        Description = "For web servers, whose configurations are in docs/guides/nginx.md and docs/guides/caddy.md. The configuration sets these headers, each once, over whatever the visitor sent: "
            + $"{PayeeHeader}, the id of the payee; {KeyHeader}, the base64 of the seed of the key that signs its terms; {PriceHeader}, such as 0.02 USD, and after a blank page (the default), per-call or once, or the id of an offer to subscribe to; "
            + $"{MethodHeader} and {AddressHeader}, the visitor's method and target. The visitor's own headers are passed on. 204 lets the visitor pass. Otherwise the answer is the visitor's: "
            + "402 with a page and a Payment challenge; 303 or 302 to the wallet and back; 308 to the one spelling in which an address is sold.",
        Query = [new QueryMember(AnswerMember, "check: 401 in place of what the visitor is answered. page: only what the visitor is answered, never 204. Absent: both.")],
        Status = StatusCodes.Status204NoContent,
        AnswerExample = "",
        Refusals = [RefusalCodes.NotPaid, RefusalCodes.GateMisconfigured, RefusalCodes.NotFound],
    });

    private static async ValueTask<Refusal?> AnswerAsync(RestRequest request, SiteGates gates)
    {
        var http = request.Http;
        if (ReadWanted(http.Request, out var wanted) is { } malformed) return malformed;
        http.Response.Headers.CacheControl = "no-store";
        if (ReadHeader(http, PayeeHeader, out var payee) is { } noPayee) return noPayee;
        if (ReadHeader(http, KeyHeader, out var key) is { } noKey) return noKey;
        if (ReadHeader(http, PriceHeader, out var price) is { } noPrice) return noPrice;
        if (ReadHeader(http, MethodHeader, out var method) is { } noMethod) return noMethod;
        if (ReadHeader(http, AddressHeader, out var target) is { } noTarget) return noTarget;
        var gate = await gates.FindAsync(payee, key);
        if (!gate.IsGiven) return gate.Refusal;
        var demand = await ReadPriceAsync(price, gate.Value, request.System);
        if (!demand.IsGiven) return demand.Refusal;

        if (AskedAddress.TryRead(target) is not { } address) return wanted == GateAnswer.Check ? NotPaid : AddressNotForSale;
        if (!address.IsPlain)
        {
            if (wanted == GateAnswer.Check) return NotPaid;
            if (!HttpMethods.IsGet(method) && !HttpMethods.IsHead(method)) return AddressNotForSale;
            http.Response.StatusCode = StatusCodes.Status308PermanentRedirect;
            http.Response.Headers.Location = address.Plain;
            return null;
        }

        return await new Visit(gate.Value, demand.Value, method, address).TryAnswerAsync(http, wanted) ? null : NotPaid;
    }

    private static Refusal NotPaid { get; } = new(RefusalCodes.NotPaid, "The same call with answer=page says what to answer the visitor.");

    private static Refusal AddressNotForSale { get; } = new(RefusalCodes.NotFound, "Nothing is sold at this address: it is spelled in a way that servers read differently.");

    private static Refusal? ReadWanted(HttpRequest request, out GateAnswer wanted)
    {
        wanted = GateAnswer.Whole;
        if (!request.Query.TryGetValue(AnswerMember, out var values)) return null;
        switch (values.ToString())
        {
            case "check":
                wanted = GateAnswer.Check;
                return null;
            case "page":
                wanted = GateAnswer.Page;
                return null;
            default:
                return new Refusal(RefusalCodes.InvalidField, $"{AnswerMember} must be check, page or absent.");
        }
    }

    // Sent twice, one of them may be the visitor's.
    private static Refusal? ReadHeader(HttpContext http, string name, out string value)
    {
        var values = http.Request.Headers[name];
        value = values.Count == 1 ? values[0]! : "";
        return value.Length > 0 ? null : SiteGates.Refuse($"The web server's configuration must set {name}, once.");
    }

    private static async ValueTask<Answer<Demand>> ReadPriceAsync(string text, SiteGate gate, PaymentSystem system)
    {
        // What is subscribed to says itself what it costs.
        if (Id<OfferKind>.TryParse(text, out var id))
        {
            return await system.Offers.FindAsync(id) is { Pricing: PerPeriod plan } offer && offer.Payee == gate.Payee
                ? new Demand(plan.Price, PaymentUse.Page, new PlanDemand(id, offer.Name, plan.Every == CalendarPeriod.Week ? "week" : "month"))
                : SiteGates.Refuse($"{PriceHeader} names an offer that is no subscription of this payee.");
        }

        var use = PaymentUse.Page;
        var last = text.LastIndexOf(' ');
        if (last >= 0 && Uses.TryGetValue(text[(last + 1)..], out var named))
        {
            use = named;
            text = text[..last];
        }

        try
        {
            var price = Amount.Parse(text);
            return price.Asset == gate.Asset ? new Demand(price, use) : SiteGates.Refuse($"{PriceHeader} must be in {gate.Asset}, which the payee is paid in.");
        }
        catch (FormatException e)
        {
            return SiteGates.Refuse($"{PriceHeader}: {e.Message}");
        }
    }
}
