using Farthing.Payments;
using Farthing.Payments.Offers;
using Farthing.Protocol;

namespace Farthing.Server.Doors.Rest;

/// <summary><c>/v1/offers</c>: what is sold.</summary>
internal static class OffersApi
{
    private const int MaxNameLength = 200;
    private const int MaxResourceLength = 512;

    private const string OfferExample = """
        {"id":"off_01JD8Y2M6K3T5V7W9XAZBCDEFG","payee":"pye_01JD8Y2M6K3T5V7W9XAZBCDEFG","name":"One article","resource":"/articles/rain","pricing":{"model":"per-use","price":{"amount":"0.02","currency":"USD"}},"refundWindowSeconds":900,"status":"open","createdAt":"2026-11-23T09:30:00.000Z"}
        """;

    public static void Map(RestRoutes door)
    {
        door.Post("/v1/offers", CreateAsync, new RestCall
        {
            OperationId = "createOffer",
            Tag = "Offers",
            Summary = "Make an offer",
            Description = "Exactly one of: pricing, or price, which is short for the model per-use. All amounts are in the payee's currency. "
                + "splits shares what is paid, after the fee, among 2 to 10 payees, the offer's own included, by basisPoints that add up to 10,000. "
                + "resources makes it a bundle, which a wallet buys once, and which covers terms of any of up to 100 resources of the payee; one that ends in an asterisk is every resource that begins like it. "
                + "refundWindowSeconds is 0 (never) to 7776000 (90 days), 900 by default.",
            Key = KeyOwner.Payee,
            TakesIdempotencyKey = true,
            Body = typeof(NewOfferBody),
            Status = StatusCodes.Status201Created,
            Answer = typeof(OfferJson),
            BodyExample = """{"name":"One article","resource":"/articles/rain","price":{"amount":"0.02","currency":"USD"},"splits":[{"payee":"pye_01JD8Y2M6K3T5V7W9XAZBCDEFG","basisPoints":7000},{"payee":"pye_01JD8Y2M6K3T5V7W9XAZBCDEFH","basisPoints":3000}],"refundWindowSeconds":900}""",
            AnswerExample = OfferExample,
            Refusals = [.. PaymentsApi.AmountRefusals, RefusalCodes.CurrencyMismatch, RefusalCodes.InvalidPricing, RefusalCodes.InvalidSplits, RefusalCodes.TooManyBundles, RefusalCodes.InvalidId, RefusalCodes.PayeeNotFound],
        });
        door.Get("/v1/offers", ListAsync, new RestCall
        {
            OperationId = "listOffers",
            Tag = "Offers",
            Summary = "List the payee's offers, newest first",
            Key = KeyOwner.Payee,
            IsPaged = true,
            Answer = typeof(OfferPage),
            AnswerExample = $$"""{"lines":[{{OfferExample}}]}""",
        });
        door.Get("/v1/offers/{id}", ReadAsync, new RestCall
        {
            OperationId = "readOffer",
            Tag = "Offers",
            Summary = "Read an offer",
            Answer = typeof(OfferJson),
            AnswerExample = OfferExample,
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.OfferNotFound],
        });
        door.Post("/v1/offers/{id}/close", CloseAsync, new RestCall
        {
            OperationId = "closeOffer",
            Tag = "Offers",
            Summary = "Close an offer",
            Description = "Closing a closed offer changes nothing. What was paid stays paid.",
            Key = KeyOwner.Payee,
            Body = typeof(NoFields),
            BodyIsOptional = true,
            Answer = typeof(OfferJson),
            BodyExample = "{}",
            AnswerExample = OfferExample.Replace("open", "closed", StringComparison.Ordinal),
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.OfferNotFound],
        });
    }

    private static async ValueTask<Refusal?> CreateAsync(RestRequest request)
    {
        var body = await request.ReadBodyAsync(Wire.Default.NewOfferBody);
        if (!body.IsGiven) return body.Refusal;
        if (ReadNewOffer(body.Value, out var asked) is { } refusal) return refusal;
        var made = await request.System.Offers.CreateAsync(request.Caller.Payee, request.Key, asked);
        return made.IsGiven ? await request.AnswerAsync(From(made.Value), Wire.Default.OfferJson, $"/v1/offers/{made.Value.Id}") : made.Refusal;
    }

    private static Refusal? ReadNewOffer(NewOfferBody body, out NewOffer asked)
    {
        asked = null!;
        if (!WireTexts.IsLine(body.Name, MaxNameLength)) return WireTexts.Refuse("name", MaxNameLength);
        if (body.Resource is not null && !WireTexts.IsLine(body.Resource, MaxResourceLength)) return WireTexts.Refuse("resource", MaxResourceLength);
        var pricing = ReadPricing(body);
        if (!pricing.IsGiven) return pricing.Refusal;
        if (WireSplits.Read(body.Splits, out var splits) is { } unshared) return unshared;

        var window = body.RefundWindowSeconds ?? NewOffer.DefaultRefundWindowSeconds;
        if (window is < 0 or > NewOffer.MaxRefundWindowSeconds) return new Refusal(RefusalCodes.InvalidField, $"refundWindowSeconds must be 0 to {NewOffer.MaxRefundWindowSeconds}.");
        if (body.Resources is { Count: 0 }) return new Refusal(RefusalCodes.InvalidField, "resources is empty. Leave it out, and a purchase covers just what it is bought for.");
        asked = new NewOffer(body.Name, body.Resource, pricing.Value, window) { Splits = splits, Resources = body.Resources ?? [] };
        return null;
    }

    private static Answer<Pricing> ReadPricing(NewOfferBody body) => body switch
    {
        { Price: null, Pricing: { } pricing } => pricing.Read("pricing"),
        { Price: { } price, Pricing: null } => WireAmounts.Read(price, "price", out var amount) is { } refusal ? refusal : new PerUse(amount),
        { Price: null } => new Refusal(RefusalCodes.MissingField, "An offer needs a price or a pricing."),
        _ => new Refusal(RefusalCodes.InvalidField, "An offer has exactly one of: price or pricing."),
    };

    private static async ValueTask<Refusal?> ListAsync(RestRequest request)
    {
        if (request.ReadPage(out var cursor, out var pageSize) is { } refusal) return refusal;
        var page = await request.System.Offers.ListAsync(request.Caller.Payee, cursor, pageSize);
        return page.IsGiven
            ? await request.AnswerAsync(new OfferPage([.. page.Value.Lines.Select(From)], page.Value.Next), Wire.Default.OfferPage)
            : page.Refusal;
    }

    private static async ValueTask<Refusal?> ReadAsync(RestRequest request)
    {
        if (request.ReadId<OfferKind>("id", out var id) is { } refusal) return refusal;
        // A page of any site may show what it costs.
        request.Http.Response.Headers.AccessControlAllowOrigin = "*";
        return await request.System.Offers.FindAsync(id) is { } offer
            ? await request.AnswerAsync(From(offer), Wire.Default.OfferJson)
            : new Refusal(RefusalCodes.OfferNotFound, $"There is no offer {id}.");
    }

    private static async ValueTask<Refusal?> CloseAsync(RestRequest request)
    {
        if (request.ReadId<OfferKind>("id", out var id) is { } refusal) return refusal;
        var body = await request.ReadBodyAsync(Wire.Default.NoFields);
        if (!body.IsGiven) return body.Refusal;
        if (await request.System.Offers.FindAsync(id) is not { } offer) return new Refusal(RefusalCodes.OfferNotFound, $"There is no offer {id}.");
        if (offer.Payee != request.Caller.Payee) return new Refusal(RefusalCodes.Forbidden, "This offer is another payee's.");
        var closed = await request.System.Offers.CloseAsync(request.Caller.Payee, id);
        return closed.IsGiven ? await request.AnswerAsync(From(closed.Value), Wire.Default.OfferJson) : closed.Refusal;
    }

    private static OfferJson From(Offer offer) => new(
        offer.Id.ToString(),
        offer.Payee.ToString(),
        offer.Name,
        offer.Resource,
        offer.Pricing.ToJson(),
        WireSplits.Write(offer.Splits),
        offer.Resources.Count == 0 ? null : offer.Resources,
        offer.RefundWindowSeconds,
        offer.IsClosed ? "closed" : "open",
        WireTime.Format(offer.CreatedAt));
}
