using Farthing.Protocol;

namespace Farthing.Client;

/// <summary>What a payee sells, and how it is priced.</summary>
/// <remarks>Offers are made and closed with the payee's key; anyone may read one.</remarks>
public sealed class OfferCalls
{
    private readonly Caller caller;

    internal OfferCalls(Caller caller) => this.caller = caller;

    /// <summary>Makes an offer.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Offer> CreateOfferAsync(NewOffer offer, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync("/v1/offers", offer, Wire.Default.NewOffer, idempotencyKey, Wire.Default.Offer, cancellation);

    /// <summary>The payee's offers, newest first.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Listing<Offer> ListOffersAsync() => caller.List("/v1/offers", Wire.Default.PageOffer);

    /// <summary>Reads an offer. Takes no key.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Offer> ReadOfferAsync(Id<OfferKind> offer, CancellationToken cancellation = default) =>
        caller.GetAsync($"/v1/offers/{offer}", Wire.Default.Offer, cancellation);

    /// <summary>Closes an offer. What was paid stays paid; closing a closed one changes nothing.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Offer> CloseOfferAsync(Id<OfferKind> offer, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/offers/{offer}/close", null, Wire.Default.Offer, cancellation);
}

/// <summary>An offer to be made: with a <see cref="Price"/>, or a <see cref="Pricing"/>.</summary>
public sealed record NewOffer
{
    /// <summary>What payers see.</summary>
    public required string Name { get; init; }

    /// <summary>The path that it sells, or null.</summary>
    public string? Resource { get; init; }

    /// <summary>Short for <see cref="PerUse"/> with this price.</summary>
    public Amount? Price { get; init; }

    /// <summary>How it is priced.</summary>
    public Pricing? Pricing { get; init; }

    /// <summary>Who shares what is paid, after the fee: 2 to 10 payees, the offer's own included.</summary>
    public IReadOnlyList<Split>? Splits { get; init; }

    /// <summary>Makes it a bundle of up to 100 paths; one that ends in an asterisk is every path that begins like it.</summary>
    public IReadOnlyList<string>? Resources { get; init; }

    /// <summary>How long payments can be refunded: 0 to 7,776,000 seconds; 900 if null.</summary>
    public int? RefundWindowSeconds { get; init; }
}

/// <summary>An offer.</summary>
public sealed record Offer
{
    /// <summary>Its id.</summary>
    public required Id<OfferKind> Id { get; init; }

    /// <summary>Whose it is.</summary>
    public required Id<PayeeKind> Payee { get; init; }

    /// <summary>What payers see.</summary>
    public required string Name { get; init; }

    /// <summary>The path that it sells, or null.</summary>
    public string? Resource { get; init; }

    /// <summary>How it is priced.</summary>
    public required Pricing Pricing { get; init; }

    /// <summary>Who shares what is paid, or null.</summary>
    public IReadOnlyList<Split>? Splits { get; init; }

    /// <summary>The paths of a bundle, or null.</summary>
    public IReadOnlyList<string>? Resources { get; init; }

    /// <summary>How long payments can be refunded.</summary>
    public required int RefundWindowSeconds { get; init; }

    /// <summary><c>open</c> or <c>closed</c>.</summary>
    public required string Status { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>A payee's share of what an offer or a campaign earns after the fee.</summary>
public sealed record Split
{
    /// <summary>Who.</summary>
    public required Id<PayeeKind> Payee { get; init; }

    /// <summary>How much: hundredths of a percent; all of them add up to 10,000.</summary>
    public required uint BasisPoints { get; init; }
}
