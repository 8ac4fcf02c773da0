using Farthing.Protocol;

namespace Farthing.Client;

/// <summary>Cards that ride on capped fares.</summary>
/// <remarks>Takes the wallet's key; readers tell of taps with the payee's.</remarks>
public sealed class FareCalls
{
    private readonly Caller caller;

    internal FareCalls(Caller caller) => this.caller = caller;

    /// <summary>Registers a card that rides on the fares of an offer and is paid under a mandate.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<FareCard> RegisterFareCardAsync(Id<OfferKind> offer, Id<MandateKind> mandate, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync("/v1/fares/cards", new NewFareCard { Offer = offer, Mandate = mandate }, Wire.Default.NewFareCard, idempotencyKey, Wire.Default.FareCard, cancellation);

    /// <summary>The wallet's cards, newest first.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Listing<FareCard> ListFareCardsAsync() => caller.List("/v1/fares/cards", Wire.Default.PageFareCard);

    /// <summary>Says under what mandate a card's days are paid from now on. What is missing of earlier days is asked for at once.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<FareCard> ChangeFareMandateAsync(Id<FareCardKind> card, Id<MandateKind> mandate, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/fares/cards/{card}/mandate", new FareMandate { Mandate = mandate }, Wire.Default.FareMandate, idempotencyKey, Wire.Default.FareCard, cancellation);

    /// <summary>Closes a card: taps from now on are refused.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<FareCard> CloseFareCardAsync(Id<FareCardKind> card, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/fares/cards/{card}/close", null, Wire.Default.FareCard, cancellation);

    /// <summary>Tells of a tap. Its key is the reader's own id of it. Takes the payee's key.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<FareTap> TakeFareTapAsync(NewFareTap tap, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync("/v1/fares/taps", tap, Wire.Default.NewFareTap, idempotencyKey, Wire.Default.FareTap, cancellation);

    /// <summary>Reads a fare day of a card: its journeys and what they come to.</summary>
    /// <param name="card">The card.</param>
    /// <param name="date">The day; the one that runs if null.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<FareDay> ReadFareDayAsync(Id<FareCardKind> card, DateOnly? date = null, CancellationToken cancellation = default) =>
        caller.GetAsync($"/v1/fares/journeys?card={card}{Query.AndDate(date)}", Wire.Default.FareDay, cancellation);
}

/// <summary>Body of a card.</summary>
internal sealed record NewFareCard
{
    /// <summary>The offer of its fares.</summary>
    public required Id<OfferKind> Offer { get; init; }

    /// <summary>The mandate that pays.</summary>
    public required Id<MandateKind> Mandate { get; init; }
}

/// <summary>Body of another mandate.</summary>
internal sealed record FareMandate
{
    /// <summary>The mandate that pays.</summary>
    public required Id<MandateKind> Mandate { get; init; }
}

/// <summary>A card.</summary>
public sealed record FareCard
{
    /// <summary>Its id, by which readers know it.</summary>
    public required Id<FareCardKind> Id { get; init; }

    /// <summary><c>active</c> or <c>closed</c>.</summary>
    public required string Status { get; init; }

    /// <summary>The offer of its fares.</summary>
    public required Id<OfferKind> Offer { get; init; }

    /// <summary>The mandate that pays.</summary>
    public required Id<MandateKind> Mandate { get; init; }

    /// <summary>The oldest day that could not be paid, for want of which taps are refused; or null.</summary>
    public DateOnly? UnpaidDate { get; init; }

    /// <summary>When it was registered.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>A tap to be told of.</summary>
public sealed record NewFareTap
{
    /// <summary>The offer of the fares.</summary>
    public required Id<OfferKind> Offer { get; init; }

    /// <summary>The card.</summary>
    public required Id<FareCardKind> Card { get; init; }

    /// <summary>What took the tap.</summary>
    public required string Reader { get; init; }

    /// <summary><c>in</c> or <c>out</c>, with fares by zone.</summary>
    public string? Direction { get; init; }

    /// <summary>Where, with fares by zone.</summary>
    public string? Zone { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset TappedAt { get; init; }
}

/// <summary>A tap that was taken.</summary>
public sealed record FareTap
{
    /// <summary>Its id.</summary>
    public required Id<FareTapKind> Id { get; init; }

    /// <summary>The card.</summary>
    public required Id<FareCardKind> Card { get; init; }

    /// <summary>The fare day that it belongs to.</summary>
    public required DateOnly Date { get; init; }
}

/// <summary>A card's journeys from 04:30 to 04:30, and what they come to.</summary>
public sealed record FareDay
{
    /// <summary>The day.</summary>
    public required DateOnly Date { get; init; }

    /// <summary>When it starts.</summary>
    public required DateTimeOffset StartsAt { get; init; }

    /// <summary>When it ends.</summary>
    public required DateTimeOffset EndsAt { get; init; }

    /// <summary>The journeys.</summary>
    public required IReadOnlyList<Journey> Journeys { get; init; }

    /// <summary>What they cost one by one.</summary>
    public required Amount Singles { get; init; }

    /// <summary>What the cap of the day took off.</summary>
    public required Amount DayCapTookOff { get; init; }

    /// <summary>What the cap of the week took off.</summary>
    public required Amount WeekCapTookOff { get; init; }

    /// <summary>What was told of too late to be asked for.</summary>
    public required Amount Forgiven { get; init; }

    /// <summary>What is owed.</summary>
    public required Amount Owed { get; init; }

    /// <summary>What of it is paid.</summary>
    public required Amount Paid { get; init; }

    /// <summary>The code why what is missing could not be paid, or null.</summary>
    public string? LastRefusal { get; init; }

    /// <summary>When the day is next paid, adjusted or tried again, or null.</summary>
    public DateTimeOffset? NextAt { get; init; }
}

/// <summary>One journey.</summary>
public sealed record Journey
{
    /// <summary>When it began.</summary>
    public required DateTimeOffset BeganAt { get; init; }

    /// <summary>Where, or null.</summary>
    public string? From { get; init; }

    /// <summary>When it ended, or null.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Where, or null.</summary>
    public string? To { get; init; }

    /// <summary>What it costs.</summary>
    public required Amount Fare { get; init; }

    /// <summary>False if a tap is missing.</summary>
    public required bool Complete { get; init; }
}
