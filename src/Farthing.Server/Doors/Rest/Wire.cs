using System.Text.Json.Serialization;
using Farthing.Payments.Offers;
using Farthing.Protocol;

namespace Farthing.Server.Doors.Rest;

// What travels, call by call. Bodies are read strictly along these types; OpenAPI describes them; absent members are left out.

/// <summary>A body without members.</summary>
internal sealed record NoFields;

/// <summary>Body of <c>POST /v1/payees</c>.</summary>
internal sealed record NewPayeeBody
{
    public required string Name { get; init; }
    public required string Currency { get; init; }
    public string? Website { get; init; }
    public string? SigningKey { get; init; }
    public int? RefundsPerWalletPerMonth { get; init; }
    public IReadOnlyList<string>? Tags { get; init; }
}

/// <summary>A payee that was made, with its key.</summary>
internal sealed record PayeeMade(string Id, string Name, string Currency, string Key, string? Website, string? SigningKey, int RefundsPerWalletPerMonth, IReadOnlyList<string>? Tags);

/// <summary>A payee and its money.</summary>
internal sealed record PayeeJson(string Id, string Name, string Currency, AmountJson Balance, AmountJson Held, string? Website, string? SigningKey, int RefundsPerWalletPerMonth, IReadOnlyList<string>? Tags);

/// <summary>Body of <c>POST /v1/entitlements/renew</c>.</summary>
internal sealed record RenewEntitlementBody
{
    public required string Entitlement { get; init; }
}

/// <summary>Body of <c>POST /v1/entitlements</c>.</summary>
internal sealed record ShowEntitlementBody
{
    public required string Terms { get; init; }
}

/// <summary>An entitlement.</summary>
internal sealed record EntitlementJson(string Entitlement);

/// <summary>A new key.</summary>
internal sealed record KeyMade(string Key);

/// <summary>Body of <c>POST /v1/offers</c>.</summary>
internal sealed record NewOfferBody
{
    public required string Name { get; init; }
    public string? Resource { get; init; }
    public AmountJson? Price { get; init; }
    public PricingJson? Pricing { get; init; }
    public IReadOnlyList<SplitJson>? Splits { get; init; }
    public IReadOnlyList<string>? Resources { get; init; }
    public int? RefundWindowSeconds { get; init; }
}

/// <summary>An offer.</summary>
internal sealed record OfferJson(
    string Id, string Payee, string Name, string? Resource, PricingJson Pricing, IReadOnlyList<SplitJson>? Splits, IReadOnlyList<string>? Resources, int RefundWindowSeconds, string Status, string CreatedAt);

/// <summary>A page of offers.</summary>
internal sealed record OfferPage(IReadOnlyList<OfferJson> Lines, string? Next);

/// <summary>Body of <c>POST /v1/wallets</c>.</summary>
internal sealed record NewWalletBody
{
    public required string Currency { get; init; }
}

/// <summary>A wallet that was made, with its key.</summary>
internal sealed record WalletMade(string Id, string Currency, string Key);

/// <summary>A wallet and its money.</summary>
internal sealed record WalletJson(string Id, string Currency, AmountJson Balance, AmountJson Held, AmountJson? Owed, string Handle);

/// <summary>A wallet that was erased.</summary>
internal sealed record WalletErased(string Id, string Status);

/// <summary>Body of <c>POST /v1/wallets/{id}/top-ups</c>.</summary>
internal sealed record NewTopUpBody
{
    public required AmountJson Amount { get; init; }
    public required string Rail { get; init; }
    public string? Sandbox { get; init; }
    public string? ReturnUrl { get; init; }
}

/// <summary>A top-up.</summary>
internal sealed record TopUpJson(string Id, string Status, AmountJson Amount, AmountJson Cost, AmountJson Credited, string? NextAction);

/// <summary>What a top-up would cost.</summary>
internal sealed record TopUpCostJson(AmountJson Amount, AmountJson Cost, AmountJson Credited);

/// <summary>One line of a statement.</summary>
internal sealed record StatementLineJson(
    string Kind, AmountJson Amount, AmountJson Held, AmountJson Balance, string? Payment, string? TopUp, string? PersonalPayment, string? Campaign, string? Pledge, string? Payout, string? Counterparty, string? Title, string? Reference, string CreatedAt);

/// <summary>A page of a statement.</summary>
internal sealed record StatementPage(IReadOnlyList<StatementLineJson> Lines, string? Next);

/// <summary>Body of <c>POST /v1/payments</c>.</summary>
internal record NewPaymentBody
{
    public string? Offer { get; init; }
    public uint? Quantity { get; init; }
    public string? Terms { get; init; }
    public string? Payee { get; init; }
    public AmountJson? Amount { get; init; }
    public string? Reference { get; init; }
    public string? Mandate { get; init; }
    public bool? Hold { get; init; }
}

/// <summary>One payment of a batch.</summary>
internal sealed record BatchPaymentBody : NewPaymentBody
{
    public string? IdempotencyKey { get; init; }
}

/// <summary>Body of <c>POST /v1/payments/batch</c>.</summary>
internal sealed record BatchBody
{
    public required IReadOnlyList<BatchPaymentBody> Payments { get; init; }
}

/// <summary>A payment, as its wallet or its payee sees it. Written by <see cref="PaymentWriter"/>.</summary>
internal sealed record PaymentJson
{
    public required string Id { get; init; }
    public required string Status { get; init; }
    public required AmountJson Amount { get; init; }
    public required AmountJson Fee { get; init; }
    public required AmountJson Refunded { get; init; }
    public required string Payee { get; init; }
    public string? Wallet { get; init; }
    public string? Payer { get; init; }
    public string? Tab { get; init; }
    public string? Offer { get; init; }
    public string? Reference { get; init; }
    public string? Resource { get; init; }
    public required string CreatedAt { get; init; }
    public string? RefundableUntil { get; init; }
    public string? Entitlement { get; init; }
}

/// <summary>A page of payments.</summary>
internal sealed record PaymentPage(IReadOnlyList<PaymentJson> Lines, string? Next);

/// <summary>What became of one payment of a batch: exactly one of the two is there.</summary>
internal sealed record BatchResultJson(PaymentJson? Payment, ProblemJson? Problem);

/// <summary>What became of a batch, in the order of the request.</summary>
internal sealed record BatchAnswer(IReadOnlyList<BatchResultJson> Results);

/// <summary>Body of a post or a refund.</summary>
internal sealed record AmountBody
{
    public AmountJson? Amount { get; init; }
}

/// <summary>A refund.</summary>
internal sealed record RefundJson(string Id, string Payment, AmountJson Amount, AmountJson FeeReturned, string CreatedAt);

/// <summary>A refusal: problem details of RFC 9457, to which a code may add facts.</summary>
internal sealed record ProblemJson(string Type, string Title, int Status, string Detail, string Code, string Retry);

/// <summary>What shows that the log only grew.</summary>
internal sealed record ConsistencyJson(long From, long To, IReadOnlyList<string> Hashes);

/// <summary>Something that failed when it was last tried.</summary>
internal sealed record FailingJson(string Kind, string Subject, string DueAt, string TriedAgainAt, int Attempt, string Code);

/// <summary>What falls due, and what of it fails.</summary>
internal sealed record ScheduleJson(int DueNow, string? OldestDue, string? NextDue, int Failing, IReadOnlyList<FailingJson> Lines, string? Next);

/// <summary>Body of <c>POST /v1/test/clock</c>: one of the two.</summary>
internal sealed record MoveClockBody
{
    public string? Now { get; init; }
    public string? Advance { get; init; }
}

/// <summary>What the server's clock shows.</summary>
internal sealed record ClockJson(string Now);

/// <summary>Reads and writes what travels, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    AllowOutOfOrderMetadataProperties = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    MaxDepth = BodyDiagnosis.MaxDepth)]
[JsonSerializable(typeof(NoFields))]
[JsonSerializable(typeof(NewPayeeBody))]
[JsonSerializable(typeof(PayeeMade))]
[JsonSerializable(typeof(PayeeJson))]
[JsonSerializable(typeof(KeyMade))]
[JsonSerializable(typeof(NewOfferBody))]
[JsonSerializable(typeof(OfferJson))]
[JsonSerializable(typeof(OfferPage))]
[JsonSerializable(typeof(NewWalletBody))]
[JsonSerializable(typeof(WalletMade))]
[JsonSerializable(typeof(WalletJson))]
[JsonSerializable(typeof(WalletErased))]
[JsonSerializable(typeof(NewTopUpBody))]
[JsonSerializable(typeof(TopUpJson))]
[JsonSerializable(typeof(TopUpCostJson))]
[JsonSerializable(typeof(AutomaticTopUpBody))]
[JsonSerializable(typeof(AutomaticTopUpJson))]
[JsonSerializable(typeof(RecoveryCodeBody))]
[JsonSerializable(typeof(RecoveryCodeJson))]
[JsonSerializable(typeof(RecoveryStatusJson))]
[JsonSerializable(typeof(WalletPayoutJson))]
[JsonSerializable(typeof(WalletPayoutsJson))]
[JsonSerializable(typeof(StatementPage))]
[JsonSerializable(typeof(NewMandateBody))]
[JsonSerializable(typeof(MandateJson))]
[JsonSerializable(typeof(MandatePage))]
[JsonSerializable(typeof(WalletCapsBody))]
[JsonSerializable(typeof(WalletCapsJson))]
[JsonSerializable(typeof(WalletStatusJson))]
[JsonSerializable(typeof(NewPaymentBody))]
[JsonSerializable(typeof(NewPersonalPaymentBody))]
[JsonSerializable(typeof(PersonalPaymentJson))]
[JsonSerializable(typeof(NewRequestBody))]
[JsonSerializable(typeof(NewBillBody))]
[JsonSerializable(typeof(RequestJson))]
[JsonSerializable(typeof(RequestPage))]
[JsonSerializable(typeof(BillJson))]
[JsonSerializable(typeof(NewRoundUpBody))]
[JsonSerializable(typeof(RoundUpJson))]
[JsonSerializable(typeof(RoundUpPage))]
[JsonSerializable(typeof(NewCampaignBody))]
[JsonSerializable(typeof(CampaignJson))]
[JsonSerializable(typeof(CampaignPage))]
[JsonSerializable(typeof(NewPledgeBody))]
[JsonSerializable(typeof(PledgeJson))]
[JsonSerializable(typeof(TabJson))]
[JsonSerializable(typeof(TabPage))]
[JsonSerializable(typeof(TabTotalsJson))]
[JsonSerializable(typeof(NewMeterBody))]
[JsonSerializable(typeof(MeterReportBody))]
[JsonSerializable(typeof(MeterJson))]
[JsonSerializable(typeof(BatchBody))]
[JsonSerializable(typeof(PaymentPage))]
[JsonSerializable(typeof(BatchAnswer))]
[JsonSerializable(typeof(AmountBody))]
[JsonSerializable(typeof(RefundJson))]
[JsonSerializable(typeof(Receipt))]
[JsonSerializable(typeof(ChangeJson))]
[JsonSerializable(typeof(ConsistencyJson))]
[JsonSerializable(typeof(NewTipBody))]
[JsonSerializable(typeof(TipJson))]
[JsonSerializable(typeof(MonthlyTipJson))]
[JsonSerializable(typeof(MonthlyTipPage))]
[JsonSerializable(typeof(NewSubscriptionBody))]
[JsonSerializable(typeof(ChangeSubscriptionBody))]
[JsonSerializable(typeof(SubscriptionJson))]
[JsonSerializable(typeof(SubscribedJson))]
[JsonSerializable(typeof(SubscriptionPage))]
[JsonSerializable(typeof(UseSubscriptionBody))]
[JsonSerializable(typeof(SubscriptionUseJson))]
[JsonSerializable(typeof(SubscriptionEventJson))]
[JsonSerializable(typeof(SubscriptionEventPage))]
[JsonSerializable(typeof(NewFareCardBody))]
[JsonSerializable(typeof(FareMandateBody))]
[JsonSerializable(typeof(NewFareTapBody))]
[JsonSerializable(typeof(FareCardJson))]
[JsonSerializable(typeof(FareCardPage))]
[JsonSerializable(typeof(FareTapJson))]
[JsonSerializable(typeof(FareDayJson))]
[JsonSerializable(typeof(FeesJson))]
[JsonSerializable(typeof(BankFileJson))]
[JsonSerializable(typeof(BankFilesJson))]
[JsonSerializable(typeof(NotificationTakenJson))]
[JsonSerializable(typeof(NotedTransferJson))]
[JsonSerializable(typeof(TransferFailureBody))]
[JsonSerializable(typeof(PayoutSettingBody))]
[JsonSerializable(typeof(PayoutSettingJson))]
[JsonSerializable(typeof(NewPayoutBody))]
[JsonSerializable(typeof(RefusePayoutBody))]
[JsonSerializable(typeof(PayoutJson))]
[JsonSerializable(typeof(PayoutPage))]
[JsonSerializable(typeof(PayeePayoutsJson))]
[JsonSerializable(typeof(PayoutCostJson))]
[JsonSerializable(typeof(NewWebhookBody))]
[JsonSerializable(typeof(ChangeWebhookBody))]
[JsonSerializable(typeof(RotateSecretBody))]
[JsonSerializable(typeof(ReplayBody))]
[JsonSerializable(typeof(WebhookJson))]
[JsonSerializable(typeof(WebhookPage))]
[JsonSerializable(typeof(DeliveryPage))]
[JsonSerializable(typeof(ScheduleJson))]
[JsonSerializable(typeof(MoveClockBody))]
[JsonSerializable(typeof(ClockJson))]
[JsonSerializable(typeof(RenewEntitlementBody))]
[JsonSerializable(typeof(ShowEntitlementBody))]
[JsonSerializable(typeof(EntitlementJson))]
internal sealed partial class Wire : JsonSerializerContext;
