using System.Runtime.CompilerServices;
using Farthing.Payments;
using Farthing.Payments.Settings;
using Farthing.Payments.TopUps;
using Farthing.Protocol;
using Stripe;
using Stripe.Checkout;

namespace Farthing.Server.Rails.Card;

/// <summary>Cards, through Stripe: the payer pays on a page of Stripe's, so that no card number comes near us.</summary>
/// <remarks>
/// Each top-up has one Checkout Session, made under an idempotency key that follows from the top-up's id. Its id is stored before the page's address is given to anybody:
/// a session that a crash made us forget cannot be paid, so making another one never collects twice. What Stripe says of the session is all that is believed.
/// At a page that was asked to, the payer leaves a card: Stripe keeps it, and <see cref="LeftCards"/> charges it while the payer is away. Thread-safe.
/// </remarks>
internal sealed class CardRail : ISavingRail, IDisposable
{
    /// <summary>Its name on the wire.</summary>
    public const string RailName = "card";

    /// <summary>The member of Stripe's metadata that says which top-up something belongs to.</summary>
    public const string TopUpMember = "top_up";

    /// <summary>The member that says which payout of a wallet a refund is.</summary>
    public const string PayoutMember = "payout";

    /// <summary>The longest address to return to.</summary>
    public const int MaxReturnUrlLength = 180;

    // As many as Stripe gives at once.
    private const int PageLength = 100;

    // Of a session at which the payer leaves the card, in its metadata.
    private const string LeavesMember = "leaves_card";

    // How instructions of ours begin; one of a payer's is an address.
    private const string Save = "save ";
    private const string Use = "saved ";

    /// <summary>What payers and the operator read at Stripe.</summary>
    public const string Description = "Top-up of a Farthing wallet";

    // Stripe tells at once by an event; asking is for when that is lost.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly StripeCalls calls;
    private readonly StripeClient stripe;
    private readonly ISettingsStore settings;
    private readonly LeftCards cards;

    /// <summary>Speaks to Stripe when it is first used.</summary>
    /// <param name="options">Where, and as whom.</param>
    /// <param name="settings">Where ids of Stripe's are kept.</param>
    /// <param name="report">Told what the operator should know, without secrets.</param>
    public CardRail(CardOptions options, ISettingsStore settings, Action<string> report)
    {
        this.settings = settings;
        calls = new StripeCalls(options, report);
        stripe = calls.Stripe;
        cards = new LeftCards(calls, settings);
    }

    /// <inheritdoc/>
    public string Name => RailName;

    /// <inheritdoc/>
    public TimeSpan LongestPause => Patience;

    /// <inheritdoc/>
    public Refusal? Check(Amount amount, string? instruction) => CardMoney.Check(amount)
        ?? (IsReturnUrl(instruction) ? null : new Refusal(RefusalCodes.InvalidField, $"returnUrl must be an http or https address of at most {MaxReturnUrlLength} characters, without name and password."));

    /// <inheritdoc/>
    public bool CollectsUnasked => true;

    /// <inheritdoc/>
    public string InstructionToSave(string instruction) => Save + instruction;

    /// <inheritdoc/>
    public string InstructionToUse(Id<TopUpKind> agreed) => Use + agreed;

    /// <inheritdoc/>
    public Id<TopUpKind>? AgreedIn(string? instruction) => instruction is not null && instruction.StartsWith(Use, StringComparison.Ordinal) && Id<TopUpKind>.TryParse(instruction.AsSpan(Use.Length), out var agreed) ? agreed : null;

    /// <inheritdoc/>
    public ValueTask<SavedCard?> FindSavedAsync(Id<TopUpKind> agreed) => cards.FindAsync(agreed);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<Id<TopUpKind>>> ListSavedAsync() => cards.ListAsync();

    /// <inheritdoc/>
    public ValueTask<bool> TryRemoveAsync(Id<TopUpKind> agreed) => cards.TryRemoveAsync(agreed);

    /// <inheritdoc/>
    public async ValueTask<RailAnswer> CollectAsync(Id<TopUpKind> reference, Amount amount, string? instruction)
    {
        if (AgreedIn(instruction) is { } agreed) return await cards.ChargeAsync(reference, amount, agreed);
        if (await settings.FindAsync<CardTopUpRow>(reference.Value) is { } known) return await AskAsync(known);
        Session? session = null;
        var answer = await calls.TryAsync(isNew: true, async () => AnswerOf(session = await StripeCalls.OnceAsync($"{reference}", key => stripe.V1.Checkout.Sessions.CreateAsync(SessionFor(reference, amount, instruction!), key))));
        if (session is null) return answer;
        // Whoever came first has shown its page, if Stripe should have made two.
        return await settings.WriteAsync(new CardTopUpRow(reference.Value, session.Id, RowState.Active)) ? answer : await AskAsync(reference);
    }

    /// <inheritdoc/>
    public async ValueTask<RailAnswer> AskAsync(Id<TopUpKind> reference) =>
        await settings.FindAsync<CardTopUpRow>(reference.Value) is { } row ? await AskAsync(row) : new RailAnswer(RailStatus.Unknown);

    /// <inheritdoc/>
    public bool CanReturn => true;

    /// <inheritdoc/>
    public Amount RoundDown(Amount amount) => CardMoney.RoundDown(amount);

    /// <inheritdoc/>
    public async ValueTask<RailAnswer> ReturnAsync(string reference, Id<TopUpKind> topUp, Amount amount)
    {
        if (await settings.FindAsync<CardTopUpRow>(topUp.Value) is not { } row) return new(RailStatus.Failed);
        var payment = row.IsPayment ? row.StripeId : null;
        var found = await calls.TryAsync(isNew: false, async () =>
        {
            payment ??= (await stripe.V1.Checkout.Sessions.GetAsync(row.StripeId)).PaymentIntentId;
            return new RailAnswer(payment is null ? RailStatus.Failed : RailStatus.Unknown);
        });
        if (found.Status != RailStatus.Unknown) return found;
        return await calls.TryAsync(isNew: true, async () => AnswerOf(await StripeCalls.OnceAsync(reference, async key =>
            // Stripe keeps the key for a day only, and the next one is tried only if the error before left nothing behind: what was made before is looked for.
            await FindRefundAsync(payment!, reference) ?? await stripe.V1.Refunds.CreateAsync(
                new RefundCreateOptions { PaymentIntent = payment, Amount = CardMoney.ToCents(amount), Metadata = new Dictionary<string, string> { [PayoutMember] = reference } }, key))));
    }

    /// <summary>The top-up that an object of Stripe's belongs to, by its payment; null if it is none of ours.</summary>
    /// <returns>False if Stripe does not answer.</returns>
    public async ValueTask<(bool IsAnswered, Id<TopUpKind>? TopUp)> FindTopUpAsync(string paymentIntent)
    {
        Id<TopUpKind>? found = null;
        var answer = await calls.TryAsync(isNew: false, async () =>
        {
            found = TopUpIn((await stripe.V1.PaymentIntents.GetAsync(paymentIntent)).Metadata);
            return new RailAnswer(RailStatus.Posted);
        });
        return (answer.Status != RailStatus.Unreachable, found);
    }

    /// <summary>The disputes, then the refunds, that were made since a moment, whatever they are of; newest first.</summary>
    /// <returns>Each with its id, and with what changes when there is something new about it.</returns>
    /// <exception cref="StripeException">Stripe refuses; other exceptions of HTTP calls if it does not answer.</exception>
    public async IAsyncEnumerable<(string Id, string State, IHasObject About)> ListTakenAsync(DateTimeOffset since, [EnumeratorCancellation] CancellationToken stop)
    {
        var created = new DateRangeOptions { GreaterThanOrEqual = since.UtcDateTime };
        await foreach (var dispute in stripe.V1.Disputes.ListAutoPagingAsync(new DisputeListOptions { Created = created, Limit = PageLength }, cancellationToken: stop))
            yield return (dispute.Id, $"{dispute.Status} {dispute.BalanceTransactions.Count}", dispute);
        await foreach (var refund in stripe.V1.Refunds.ListAutoPagingAsync(new RefundListOptions { Created = created, Limit = PageLength }, cancellationToken: stop))
        {
            // Its status may be null.
            yield return (refund.Id, $"{refund.Status}", refund);
        }
    }

    /// <summary>The top-up that metadata names, if any.</summary>
    public static Id<TopUpKind>? TopUpIn(Dictionary<string, string>? metadata) =>
        metadata is not null && metadata.TryGetValue(TopUpMember, out var text) && Id<TopUpKind>.TryParse(text, out var id) ? id : null;

    /// <inheritdoc/>
    public void Dispose() => calls.Dispose();

    private ValueTask<RailAnswer> AskAsync(CardTopUpRow row) => row.IsPage ? AskPageAsync(row) : AskChargeAsync(row);

    private ValueTask<RailAnswer> AskPageAsync(CardTopUpRow row) => calls.TryAsync(isNew: false, async () =>
    {
        var session = await stripe.V1.Checkout.Sessions.GetAsync(row.StripeId);
        var answer = AnswerOf(session);
        if (answer.Status != RailStatus.Posted || session.PaymentIntentId is not { } payment) return answer;
        if (session.Metadata?.ContainsKey(LeavesMember) == true) answer = answer with { LeftCard = await cards.TryKeepAsync(new(row.Id), payment) };
        return await AddTakingsAsync(answer, payment);
    });

    private async ValueTask<RailAnswer> AskChargeAsync(CardTopUpRow row)
    {
        var (answer, payment) = await cards.AskAsync(row);
        return answer.Status == RailStatus.Posted ? await calls.TryAsync(isNew: false, () => AddTakingsAsync(answer, payment!)) : answer;
    }

    private static RailAnswer AnswerOf(Session session) => (session.Status, session.PaymentStatus) switch
    {
        ("complete", "paid") => new(RailStatus.Posted),
        ("expired", _) => new(RailStatus.Failed) { Fault = AutomaticTopUpFaults.PageExpired },
        // What Stripe may say one day is not decided either.
        _ => new(RailStatus.Pending, session.Url),
    };

    private async Task<RailAnswer> AddTakingsAsync(RailAnswer answer, string payment)
    {
        var takings = new List<RailTaking>();
        var failed = new List<string>();
        await foreach (var dispute in stripe.V1.Disputes.ListAutoPagingAsync(new DisputeListOptions { PaymentIntent = payment }))
        {
            // Its status has many words, and Stripe adds some; whether it cost money is what was booked for it. An inquiry costs none. What is booked is in the currency
            // of the Stripe account, and may come back at another rate than it went: so not the sum counts, but whether each withdrawal has its return.
            var booked = dispute.BalanceTransactions;
            takings.Add(new(dispute.Id, CardMoney.FromCents(dispute.Amount, dispute.Currency), booked.Count(one => one.Amount < 0) > booked.Count(one => one.Amount > 0)));
        }

        await foreach (var refund in stripe.V1.Refunds.ListAutoPagingAsync(new RefundListOptions { PaymentIntent = payment }))
        {
            // Those of ours were taken from the wallet before they were made.
            if (PayoutOf(refund) is not { } payout) takings.Add(new(refund.Id, CardMoney.FromCents(refund.Amount, refund.Currency), !HasFailed(refund)));
            else if (HasFailed(refund)) failed.Add(payout);
        }

        return answer with { Takings = takings, FailedReturns = failed };
    }

    private async Task<Stripe.Refund?> FindRefundAsync(string payment, string reference)
    {
        await foreach (var refund in stripe.V1.Refunds.ListAutoPagingAsync(new RefundListOptions { PaymentIntent = payment }))
        {
            if (PayoutOf(refund) == reference) return refund;
        }

        return null;
    }

    private static RailAnswer AnswerOf(Stripe.Refund refund) => refund.Status switch
    {
        "succeeded" => new(RailStatus.Posted),
        "failed" or "canceled" => new(RailStatus.Failed) { Fault = refund.FailureReason },
        _ => new(RailStatus.Pending),
    };

    private static bool HasFailed(Stripe.Refund refund) => AnswerOf(refund).Status == RailStatus.Failed;

    private static string? PayoutOf(Stripe.Refund refund) => refund.Metadata?.GetValueOrDefault(PayoutMember);

    private static SessionCreateOptions SessionFor(Id<TopUpKind> reference, Amount amount, string instruction)
    {
        var leavesCard = instruction.StartsWith(Save, StringComparison.Ordinal);
        var options = PageFor(reference, amount, leavesCard ? instruction[Save.Length..] : instruction);
        if (!leavesCard) return options;
        // A customer of its own for each card: what Stripe has of one setting is found by it, and goes with it.
        options.CustomerCreation = "always";
        options.PaymentIntentData.SetupFutureUsage = "off_session";
        options.Metadata[LeavesMember] = "true";
        return options;
    }

    private static SessionCreateOptions PageFor(Id<TopUpKind> reference, Amount amount, string returnUrl) => new()
    {
        Mode = "payment",
        ClientReferenceId = reference.ToString(),
        // A card is decided while the payer looks; other ways may take days.
        AllowedPaymentMethodTypes = ["card"],
        // The payer is charged exactly what was asked, in the wallet's currency.
        AdaptivePricing = new SessionAdaptivePricingOptions { Enabled = false },
        LineItems =
        [
            new SessionLineItemOptions
            {
                Quantity = 1,
                PriceData = new SessionLineItemPriceDataOptions
                {
                    Currency = CardMoney.CodeOf(amount.Asset),
                    UnitAmount = CardMoney.ToCents(amount),
                    ProductData = new SessionLineItemPriceDataProductDataOptions { Name = Description },
                },
            },
        ],
        Metadata = new Dictionary<string, string> { [TopUpMember] = reference.ToString() },
        PaymentIntentData = new SessionPaymentIntentDataOptions { Metadata = new Dictionary<string, string> { [TopUpMember] = reference.ToString() } },
        SuccessUrl = returnUrl,
        CancelUrl = returnUrl,
    };

    private static bool IsReturnUrl(string? text) => text is { Length: <= MaxReturnUrlLength }
        && Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.UserInfo.Length == 0;
}
