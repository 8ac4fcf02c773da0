using System.Globalization;
using System.Net;
using Farthing.Payments.Settings;
using Farthing.Payments.TopUps;
using Farthing.Protocol;
using Stripe;

namespace Farthing.Server.Rails.Card;

/// <summary>Cards that payers left at Stripe, and their charges while the payer is away.</summary>
/// <remarks>
/// Each charge is a payment intent that is made and confirmed in one call, under an idempotency key that follows from the top-up's id. Stripe keeps such a key for a day only, so whatever a crash or a
/// silence left open is first looked for among the intents of the card's customer, by the top-up in their metadata: the customer is written down before the call. Thread-safe, but for one top-up
/// called by one at a time.
/// </remarks>
internal sealed class LeftCards(StripeCalls calls, ISettingsStore settings)
{
    // As many as Stripe gives at once.
    private const int PageLength = 100;

    // How far Stripe's clock and ours may be apart; the id of an automatic top-up is of the beginning of its day, or earlier.
    private static readonly TimeSpan Slack = TimeSpan.FromDays(1);

    private readonly StripeClient stripe = calls.Stripe;

    /// <summary>Remembers the card that was left at a page, as soon as its payment is in.</summary>
    /// <param name="agreed">The page's top-up.</param>
    /// <param name="payment">The id of its payment intent.</param>
    /// <returns>False if Stripe keeps none.</returns>
    public async Task<bool> TryKeepAsync(Id<TopUpKind> agreed, string payment)
    {
        if (await settings.FindAsync<LeftCardRow>(agreed.Value) is not null) return true;
        var intent = await stripe.V1.PaymentIntents.GetAsync(payment, new PaymentIntentGetOptions { Expand = ["payment_method"] });
        if (intent is not { CustomerId: { } customer, PaymentMethod: { } method } || method.CustomerId != customer) return false;
        var expires = method.Card is { ExpYear: > 0 } card ? string.Create(CultureInfo.InvariantCulture, $"{card.ExpYear:D4}-{card.ExpMonth:D2}") : null;
        // Whoever came first has written the same.
        await settings.WriteAsync(new LeftCardRow(agreed.Value, customer, method.Id, method.Card?.Brand, method.Card?.Last4, expires, RowState.Active));
        return true;
    }

    /// <summary>A card that was left and not removed; null if there is none.</summary>
    public async ValueTask<SavedCard?> FindAsync(Id<TopUpKind> agreed) =>
        await settings.FindAsync<LeftCardRow>(agreed.Value) is { State: RowState.Active } row ? new SavedCard(row.Brand, row.LastFour, row.Expires) : null;

    /// <summary>All cards that were left and not removed.</summary>
    public async ValueTask<IReadOnlyList<Id<TopUpKind>>> ListAsync() => [.. (await settings.ListActiveAsync<LeftCardRow>()).Select(row => new Id<TopUpKind>(row.Id))];

    /// <summary>Has Stripe forget a card, and forgets it here.</summary>
    /// <returns>True if nothing can be charged to it any more; false if it is to be tried again.</returns>
    public async ValueTask<bool> TryRemoveAsync(Id<TopUpKind> agreed)
    {
        if (await settings.FindAsync<LeftCardRow>(agreed.Value) is not { State: RowState.Active } row) return true;
        var answer = await calls.TryAsync(isNew: false, async () =>
        {
            try
            {
                // One that belongs to no customer any more was removed, and cannot be removed again.
                if ((await stripe.V1.PaymentMethods.GetAsync(row.PaymentMethod)).CustomerId is not null) await stripe.V1.PaymentMethods.DetachAsync(row.PaymentMethod);
            }
            catch (StripeException e) when (e.HttpStatusCode == HttpStatusCode.NotFound)
            {
                // Stripe knows nothing of it any more.
            }

            return new RailAnswer(RailStatus.Posted);
        });
        return answer.Status == RailStatus.Posted && await settings.WriteAsync(row with { Customer = "", PaymentMethod = "", Brand = null, LastFour = null, Expires = null, State = RowState.Closed, Version = row.Version + 1 });
    }

    /// <summary>Charges a card that was left, unless it was charged for this top-up already.</summary>
    public async ValueTask<RailAnswer> ChargeAsync(Id<TopUpKind> reference, Amount amount, Id<TopUpKind> agreed)
    {
        var row = await settings.FindAsync<CardTopUpRow>(reference.Value);
        if (row is not null && (await AskAsync(row)).Answer is { Status: not RailStatus.Unknown } known) return known;
        if (await settings.FindAsync<LeftCardRow>(agreed.Value) is not { State: RowState.Active } card) return new(RailStatus.Failed) { Fault = AutomaticTopUpFaults.CardRemoved };
        if (row is null)
        {
            row = new CardTopUpRow(reference.Value, card.Customer, RowState.Creating);
            if (!await settings.WriteAsync(row)) return new(RailStatus.Unreachable);
        }

        PaymentIntent? made = null;
        var answer = await calls.TryAsync(isNew: true, async () => AnswerOf(made = await StripeCalls.OnceAsync($"{reference}", async key => await FindIntentAsync(card.Customer, reference) ?? await MakeIntentAsync(reference, amount, card, key))));
        if (made is not null) await settings.WriteAsync(row with { StripeId = made.Id, State = RowState.Active, Version = row.Version + 1 });
        return answer;
    }

    /// <summary>Where a charge stands, and the id of its payment intent; <see cref="RailStatus.Unknown"/> if Stripe never heard of it.</summary>
    public async ValueTask<(RailAnswer Answer, string? Payment)> AskAsync(CardTopUpRow row)
    {
        PaymentIntent? found = null;
        var answer = await calls.TryAsync(isNew: false, async () =>
        {
            found = row.IsPayment ? await stripe.V1.PaymentIntents.GetAsync(row.StripeId) : await FindIntentAsync(row.StripeId, new(row.Id));
            return found is null ? new(RailStatus.Unknown) : AnswerOf(found);
        });
        if (!row.IsPayment && found is not null) await settings.WriteAsync(row with { StripeId = found.Id, State = RowState.Active, Version = row.Version + 1 });
        return (answer, found?.Id);
    }

    private static RailAnswer AnswerOf(PaymentIntent intent) => (intent.Status, intent.LastPaymentError) switch
    {
        ("succeeded", _) => new(RailStatus.Posted),
        ("canceled", null) => new(RailStatus.Failed) { Fault = AutomaticTopUpFaults.CardDeclined },
        // What goes on at this moment is not decided, and what Stripe may say one day is not either.
        ("processing", _) or (_, null) => new(RailStatus.Pending),
        // It was confirmed once, with nobody there: what wants more than that is confirmed by nobody.
        var (_, error) => new(RailStatus.Failed) { Fault = CardFaults.Of(error) ?? AutomaticTopUpFaults.CardDeclined },
    };

    private async Task<PaymentIntent?> FindIntentAsync(string customer, Id<TopUpKind> reference)
    {
        var since = DateTimeOffset.FromUnixTimeMilliseconds((long)(reference.Value >> 80)) - Slack;
        var options = new PaymentIntentListOptions { Customer = customer, Created = new DateRangeOptions { GreaterThanOrEqual = since.UtcDateTime }, Limit = PageLength };
        await foreach (var intent in stripe.V1.PaymentIntents.ListAutoPagingAsync(options))
        {
            if (CardRail.TopUpIn(intent.Metadata) == reference) return intent;
        }

        return null;
    }

    private async Task<PaymentIntent> MakeIntentAsync(Id<TopUpKind> reference, Amount amount, LeftCardRow card, RequestOptions key)
    {
        try
        {
            return await stripe.V1.PaymentIntents.CreateAsync(new PaymentIntentCreateOptions
            {
                Amount = CardMoney.ToCents(amount),
                Currency = CardMoney.CodeOf(amount.Asset),
                Customer = card.Customer,
                PaymentMethod = card.PaymentMethod,
                AllowedPaymentMethodTypes = ["card"],
                Confirm = true,
                OffSession = true,
                Description = CardRail.Description,
                Metadata = new Dictionary<string, string> { [CardRail.TopUpMember] = reference.ToString() },
            }, key);
        }
        catch (StripeException e) when (e.HttpStatusCode == HttpStatusCode.PaymentRequired && e.StripeError?.PaymentIntent is { } declined)
        {
            // Its intent stays, and says why.
            declined.LastPaymentError ??= e.StripeError;
            return declined;
        }
    }
}
