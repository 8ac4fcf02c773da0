using System.Text.Json;
using System.Text.Json.Serialization;
using Farthing.Protocol;

namespace Farthing.Client;

/// <summary>Why a server refused.</summary>
public sealed record Problem
{
    /// <summary>The HTTP status.</summary>
    public int Status { get; init; }

    /// <summary>The stable code: see <c>docs/errors.md</c>. Null if the answer is not that of a payment server.</summary>
    public string? Code { get; init; }

    /// <summary>Where the code is explained.</summary>
    public string? Type { get; init; }

    /// <summary>What it means.</summary>
    public string? Title { get; init; }

    /// <summary>What it means here, and what to do.</summary>
    public string? Detail { get; init; }

    /// <summary>Whether to repeat: with the <c>same_key</c>, with a <c>new_key</c>, or <c>never</c>.</summary>
    public string? Retry { get; init; }

    /// <summary>What else the server says, such as <c>missing</c>; null if nothing.</summary>
    [JsonExtensionData]
    [JsonInclude]
    public IDictionary<string, JsonElement>? Facts { get; internal set; }
}

/// <summary>Reads answers and writes bodies, without reflection. Members that this version does not know are passed over, so that a newer server can be used.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowOutOfOrderMetadataProperties = true,
    RespectNullableAnnotations = true,
    Converters = [
        typeof(AmountConverter),
        typeof(IdConverter<BillKind>), typeof(IdConverter<CampaignKind>), typeof(IdConverter<EventKind>), typeof(IdConverter<FareCardKind>),
        typeof(IdConverter<FareTapKind>), typeof(IdConverter<HandleKind>), typeof(IdConverter<MandateKind>), typeof(IdConverter<MeterKind>),
        typeof(IdConverter<OfferKind>), typeof(IdConverter<PayeeKind>), typeof(IdConverter<PayerKind>), typeof(IdConverter<PaymentKind>),
        typeof(IdConverter<PayoutKind>), typeof(IdConverter<PersonalPaymentKind>), typeof(IdConverter<PledgeKind>), typeof(IdConverter<RefundKind>),
        typeof(IdConverter<RequestKind>), typeof(IdConverter<RoundUpKind>), typeof(IdConverter<SubscriptionKind>), typeof(IdConverter<TabKind>),
        typeof(IdConverter<TipKind>), typeof(IdConverter<TopUpKind>), typeof(IdConverter<WalletKind>),
        typeof(IdConverter<WebhookKind>)])]
[JsonSerializable(typeof(AutomaticTopUp))]
[JsonSerializable(typeof(NewAutomaticTopUp))]
[JsonSerializable(typeof(Batch))]
[JsonSerializable(typeof(BatchAnswer))]
[JsonSerializable(typeof(Bill))]
[JsonSerializable(typeof(Campaign))]
[JsonSerializable(typeof(Change))]
[JsonSerializable(typeof(Consistency))]
[JsonSerializable(typeof(FareCard))]
[JsonSerializable(typeof(FareDay))]
[JsonSerializable(typeof(FareMandate))]
[JsonSerializable(typeof(FareTap))]
[JsonSerializable(typeof(FeeTable))]
[JsonSerializable(typeof(KeyMade))]
[JsonSerializable(typeof(Mandate))]
[JsonSerializable(typeof(Meter))]
[JsonSerializable(typeof(MeterReport))]
[JsonSerializable(typeof(MoneyRequest))]
[JsonSerializable(typeof(MonthlyTip))]
[JsonSerializable(typeof(NewBill))]
[JsonSerializable(typeof(NewCampaign))]
[JsonSerializable(typeof(NewFareCard))]
[JsonSerializable(typeof(NewFareTap))]
[JsonSerializable(typeof(NewMandate))]
[JsonSerializable(typeof(NewMeter))]
[JsonSerializable(typeof(NewMoneyRequest))]
[JsonSerializable(typeof(NewOffer))]
[JsonSerializable(typeof(NewPayee))]
[JsonSerializable(typeof(NewPayment))]
[JsonSerializable(typeof(TermsToShow))]
[JsonSerializable(typeof(ShownEntitlement))]
[JsonSerializable(typeof(NewPayoutSetting))]
[JsonSerializable(typeof(NewPersonalPayment))]
[JsonSerializable(typeof(NewPledge))]
[JsonSerializable(typeof(NewRoundUp))]
[JsonSerializable(typeof(NewSubscription))]
[JsonSerializable(typeof(NewSubscriptionUse))]
[JsonSerializable(typeof(NewTip))]
[JsonSerializable(typeof(NewTopUp))]
[JsonSerializable(typeof(NewWallet))]
[JsonSerializable(typeof(NewWalletCaps))]
[JsonSerializable(typeof(NewWebhook))]
[JsonSerializable(typeof(Offer))]
[JsonSerializable(typeof(Page<Campaign>))]
[JsonSerializable(typeof(Page<FareCard>))]
[JsonSerializable(typeof(Page<Mandate>))]
[JsonSerializable(typeof(Page<MoneyRequest>))]
[JsonSerializable(typeof(Page<MonthlyTip>))]
[JsonSerializable(typeof(Page<Offer>))]
[JsonSerializable(typeof(Page<Payment>))]
[JsonSerializable(typeof(Page<Payout>))]
[JsonSerializable(typeof(Page<RoundUp>))]
[JsonSerializable(typeof(Page<StatementLine>))]
[JsonSerializable(typeof(Page<Subscription>))]
[JsonSerializable(typeof(Page<SubscriptionEvent>))]
[JsonSerializable(typeof(Page<Tab>))]
[JsonSerializable(typeof(Page<Webhook>))]
[JsonSerializable(typeof(Page<WebhookDelivery>))]
[JsonSerializable(typeof(PartAmount))]
[JsonSerializable(typeof(Payee))]
[JsonSerializable(typeof(PayeeMade))]
[JsonSerializable(typeof(Payment))]
[JsonSerializable(typeof(PayeePayouts))]
[JsonSerializable(typeof(Payout))]
[JsonSerializable(typeof(PayoutCost))]
[JsonSerializable(typeof(PayoutRefusal))]
[JsonSerializable(typeof(PayoutSetting))]
[JsonSerializable(typeof(PersonalPayment))]
[JsonSerializable(typeof(Pledge))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(RecoveryCode))]
[JsonSerializable(typeof(Refund))]
[JsonSerializable(typeof(Replay))]
[JsonSerializable(typeof(RoundUp))]
[JsonSerializable(typeof(Schedule))]
[JsonSerializable(typeof(SecretRotation))]
[JsonSerializable(typeof(Subscribed))]
[JsonSerializable(typeof(Subscription))]
[JsonSerializable(typeof(SubscriptionChange))]
[JsonSerializable(typeof(SubscriptionEvent))]
[JsonSerializable(typeof(SubscriptionUse))]
[JsonSerializable(typeof(Tab))]
[JsonSerializable(typeof(TabTotals))]
[JsonSerializable(typeof(Tip))]
[JsonSerializable(typeof(TopUp))]
[JsonSerializable(typeof(TopUpCost))]
[JsonSerializable(typeof(Wallet))]
[JsonSerializable(typeof(WalletCaps))]
[JsonSerializable(typeof(WalletMade))]
[JsonSerializable(typeof(WalletPayout))]
[JsonSerializable(typeof(WalletPayouts))]
[JsonSerializable(typeof(WalletStatus))]
[JsonSerializable(typeof(Webhook))]
[JsonSerializable(typeof(WebhookChange))]
internal sealed partial class Wire : JsonSerializerContext;

/// <summary><c>{"amount":"0.02","currency":"USD"}</c>.</summary>
internal sealed class AmountConverter : JsonConverter<Amount>
{
    public override Amount Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        string? text = null;
        string? currency = null;
        if (reader.TokenType != JsonTokenType.StartObject) throw new JsonException("An amount is an object.");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString();
            if (!reader.Read() || reader.TokenType != JsonTokenType.String) throw new JsonException("The members of an amount are texts.");
            if (name == "amount") text = reader.GetString();
            if (name == "currency") currency = reader.GetString();
        }

        return Asset.TryGetCurrency(currency, out var asset) && Amount.TryParse(text, asset, out var amount) == AmountError.None
            ? amount
            : throw new JsonException("An amount is a decimal and a known currency.");
    }

    public override void Write(Utf8JsonWriter writer, Amount value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        writer.WriteString("amount", value.ToDecimalString());
        writer.WriteString("currency", value.Asset.Code);
        writer.WriteEndObject();
    }
}

/// <summary><c>"pay_01J…"</c>.</summary>
internal sealed class IdConverter<T> : JsonConverter<Id<T>> where T : IIdKind
{
    public override Id<T> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && Id<T>.TryParse(reader.GetString(), out var id) ? id : throw new JsonException($"An id starts with {T.Prefix}_.");

    public override void Write(Utf8JsonWriter writer, Id<T> value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
