using Farthing.Protocol;

namespace Farthing.Client;

/// <summary>Offers that are paid for again each week or month.</summary>
/// <remarks>Takes the wallet's key; reading, using and cancelling take the payee's too.</remarks>
public sealed class SubscriptionCalls
{
    private readonly Caller caller;

    internal SubscriptionCalls(Caller caller) => this.caller = caller;

    /// <summary>Subscribes to an offer: pays the first period now, and each further one when it begins.</summary>
    /// <param name="offer">The offer.</param>
    /// <param name="idempotencyKey">The key of this subscription.</param>
    /// <param name="timeZone">Whose days: a name of the IANA database; UTC if null.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Subscribed> CreateSubscriptionAsync(Id<OfferKind> offer, string idempotencyKey, string? timeZone = null, CancellationToken cancellation = default) =>
        caller.PostAsync("/v1/subscriptions", new NewSubscription { Offer = offer, TimeZone = timeZone }, Wire.Default.NewSubscription, idempotencyKey, Wire.Default.Subscribed, cancellation);

    /// <summary>The wallet's subscriptions, newest first.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Listing<Subscription> ListSubscriptionsAsync() => caller.List("/v1/subscriptions", Wire.Default.PageSubscription);

    /// <summary>What happened to the subscriptions of the wallet, or of the payee, newest first.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Listing<SubscriptionEvent> ListSubscriptionEventsAsync() => caller.List("/v1/subscriptions/events", Wire.Default.PageSubscriptionEvent);

    /// <summary>Reads a subscription.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Subscription> ReadSubscriptionAsync(Id<SubscriptionKind> subscription, CancellationToken cancellation = default) =>
        caller.GetAsync($"/v1/subscriptions/{subscription}", Wire.Default.Subscription, cancellation);

    /// <summary>Uses units of a subscription; extras are paid at once.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<SubscriptionUse> UseSubscriptionAsync(Id<SubscriptionKind> subscription, string idempotencyKey, uint? quantity = null, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/subscriptions/{subscription}/uses", new NewSubscriptionUse { Quantity = quantity }, Wire.Default.NewSubscriptionUse, idempotencyKey, Wire.Default.SubscriptionUse, cancellation);

    /// <summary>Cancels a subscription. The period that is paid goes on to its end.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<SubscriptionEvent> CancelSubscriptionAsync(Id<SubscriptionKind> subscription, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/subscriptions/{subscription}/cancel", idempotencyKey, Wire.Default.SubscriptionEvent, cancellation);

    /// <summary>Pauses a subscription once the period that is paid has ended.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<SubscriptionEvent> PauseSubscriptionAsync(Id<SubscriptionKind> subscription, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/subscriptions/{subscription}/pause", idempotencyKey, Wire.Default.SubscriptionEvent, cancellation);

    /// <summary>Takes a pause back that has not begun, or pays a new period that begins now.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<SubscriptionEvent> ResumeSubscriptionAsync(Id<SubscriptionKind> subscription, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/subscriptions/{subscription}/resume", idempotencyKey, Wire.Default.SubscriptionEvent, cancellation);

    /// <summary>Changes to another offer of the same payee: at once if it is dearer, else from the next period on.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<SubscriptionEvent> ChangeSubscriptionAsync(Id<SubscriptionKind> subscription, Id<OfferKind> offer, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/subscriptions/{subscription}/change", new SubscriptionChange { Offer = offer }, Wire.Default.SubscriptionChange, idempotencyKey, Wire.Default.SubscriptionEvent, cancellation);
}

/// <summary>Body of a subscription.</summary>
internal sealed record NewSubscription
{
    /// <summary>The offer.</summary>
    public required Id<OfferKind> Offer { get; init; }

    /// <summary>Whose days.</summary>
    public string? TimeZone { get; init; }
}

/// <summary>Body of a use.</summary>
internal sealed record NewSubscriptionUse
{
    /// <summary>How many units.</summary>
    public uint? Quantity { get; init; }
}

/// <summary>Body of a change.</summary>
internal sealed record SubscriptionChange
{
    /// <summary>The other offer.</summary>
    public required Id<OfferKind> Offer { get; init; }
}

/// <summary>A subscription that has begun.</summary>
public sealed record Subscribed
{
    /// <summary>What paid its first period.</summary>
    public required Id<PaymentKind> Payment { get; init; }

    /// <summary>The subscription.</summary>
    public required Subscription Subscription { get; init; }
}

/// <summary>A subscription.</summary>
public sealed record Subscription
{
    /// <summary>Its id.</summary>
    public required Id<SubscriptionKind> Id { get; init; }

    /// <summary><c>active</c>, <c>pausing</c>, <c>paused</c>, <c>past-due</c>, <c>cancelled</c> or <c>ended</c>.</summary>
    public required string Status { get; init; }

    /// <summary>Who pays; only the wallet itself sees it.</summary>
    public Id<WalletKind>? Wallet { get; init; }

    /// <summary>Who pays, as the payee knows it.</summary>
    public Id<PayerKind>? Payer { get; init; }

    /// <summary>Who is paid.</summary>
    public required Id<PayeeKind> Payee { get; init; }

    /// <summary>Its offer.</summary>
    public required Id<OfferKind> Offer { get; init; }

    /// <summary>Its offer from the next period on, if another.</summary>
    public Id<OfferKind>? NextOffer { get; init; }

    /// <summary>Whose days.</summary>
    public required string TimeZone { get; init; }

    /// <summary>When the period that is paid began.</summary>
    public required DateTimeOffset PeriodStart { get; init; }

    /// <summary>When it ends.</summary>
    public required DateTimeOffset PeriodEnd { get; init; }

    /// <summary>When it is paid next, or null.</summary>
    public DateTimeOffset? NextAt { get; init; }

    /// <summary>The code why the newest renewal was not paid, or null.</summary>
    public string? LastRefusal { get; init; }

    /// <summary>What is left of the units that are included, or null.</summary>
    public int? UnitsLeft { get; init; }

    /// <summary>What is left of the period's cap of extras, or null.</summary>
    public Amount? ExtraLeft { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>Something that happened to a subscription.</summary>
public sealed record SubscriptionEvent
{
    /// <summary>Its id.</summary>
    public required Id<EventKind> Id { get; init; }

    /// <summary>To which.</summary>
    public required Id<SubscriptionKind> Subscription { get; init; }

    /// <summary><c>started</c>, <c>renewed</c>, <c>renewal-refused</c>, <c>changed</c>, <c>paused</c>, <c>resumed</c>, <c>cancelled</c> or <c>ended</c>.</summary>
    public required string Kind { get; init; }

    /// <summary><c>payer</c>, <c>payee</c> or <c>schedule</c>.</summary>
    public required string By { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Its offer then.</summary>
    public required Id<OfferKind> Offer { get; init; }

    /// <summary>What was paid by it, or null.</summary>
    public Id<PaymentKind>? Payment { get; init; }

    /// <summary>From when on it holds, if later.</summary>
    public DateTimeOffset? EffectiveAt { get; init; }

    /// <summary>The code why nothing was paid, or null.</summary>
    public string? Refusal { get; init; }
}

/// <summary>Units that were used.</summary>
public sealed record SubscriptionUse
{
    /// <summary>Of which.</summary>
    public required Id<SubscriptionKind> Subscription { get; init; }

    /// <summary>How many.</summary>
    public required int Quantity { get; init; }

    /// <summary>How many of them the period includes.</summary>
    public required int Included { get; init; }

    /// <summary>What paid the others, or null.</summary>
    public Id<PaymentKind>? Payment { get; init; }

    /// <summary>What they cost, or null.</summary>
    public Amount? Amount { get; init; }
}
