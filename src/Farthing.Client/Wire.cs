using System.Text.Json;
using System.Text.Json.Serialization;
using Farthing.Protocol;

namespace Farthing.Client;

/// <summary>A wallet that was made, with its key.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Currency">Its currency's code.</param>
/// <param name="Key">Whoever has it can spend the wallet's money.</param>
public sealed record WalletMade(Id<WalletKind> Id, string Currency, string Key);

/// <summary>A wallet and its money.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Currency">Its currency's code.</param>
/// <param name="Balance">What can be spent.</param>
/// <param name="Held">What is set aside for held payments.</param>
public sealed record Wallet(Id<WalletKind> Id, string Currency, Amount Balance, Amount Held);

/// <summary>Money in.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Status"><c>pending</c>, <c>posted</c> or <c>failed</c>.</param>
/// <param name="Amount">How much.</param>
/// <param name="NextAction">What the payer has still to do, or null.</param>
public sealed record TopUp(Id<TopUpKind> Id, string Status, Amount Amount, string? NextAction);

/// <summary>What to pay: exactly one of terms, an offer, or a payee with an amount.</summary>
public sealed record NewPayment
{
    /// <summary>The token of a site's terms.</summary>
    public string? Terms { get; init; }

    /// <summary>The offer that is bought.</summary>
    public Id<OfferKind>? Offer { get; init; }

    /// <summary>How many of the offer; one by default.</summary>
    public uint? Quantity { get; init; }

    /// <summary>Who is paid, with <see cref="Amount"/>.</summary>
    public Id<PayeeKind>? Payee { get; init; }

    /// <summary>How much, with <see cref="Payee"/>.</summary>
    public Amount? Amount { get; init; }

    /// <summary>The payer's own words for it, 1 to 255 characters.</summary>
    public string? Reference { get; init; }

    /// <summary>True to set the money aside until the payee posts or voids the payment.</summary>
    public bool? Hold { get; init; }
}

/// <summary>A payment.</summary>
public sealed record Payment
{
    /// <summary>Its id.</summary>
    public required Id<PaymentKind> Id { get; init; }

    /// <summary><c>held</c>, <c>posted</c>, <c>voided</c> or <c>expired</c>.</summary>
    public required string Status { get; init; }

    /// <summary>The price.</summary>
    public required Amount Amount { get; init; }

    /// <summary>The operator's fee, out of the payee's share.</summary>
    public required Amount Fee { get; init; }

    /// <summary>What was given back.</summary>
    public required Amount Refunded { get; init; }

    /// <summary>Who is paid.</summary>
    public required Id<PayeeKind> Payee { get; init; }

    /// <summary>Who paid; only the wallet itself sees it.</summary>
    public Id<WalletKind>? Wallet { get; init; }

    /// <summary>The offer that was bought, or null.</summary>
    public Id<OfferKind>? Offer { get; init; }

    /// <summary>The payer's words for it, or null.</summary>
    public string? Reference { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Until when it can be refunded, or null.</summary>
    public DateTimeOffset? RefundableUntil { get; init; }

    /// <summary>What the site accepts as paid; only in the answer to a payment by terms.</summary>
    public string? Entitlement { get; init; }
}

/// <summary>A refund.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Payment">What was given back.</param>
/// <param name="Amount">How much of it.</param>
/// <param name="CreatedAt">When.</param>
public sealed record Refund(Id<RefundKind> Id, Id<PaymentKind> Payment, Amount Amount, DateTimeOffset CreatedAt);

/// <summary>One line of a statement.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Amount">By how much the balance changed: a decimal with a minus sign where it fell.</param>
/// <param name="Balance">What could be spent afterwards.</param>
/// <param name="Payment">The payment, if it was one.</param>
/// <param name="TopUp">The top-up, if it was one.</param>
/// <param name="Counterparty">Who was on the other side, if there was someone.</param>
/// <param name="CreatedAt">When.</param>
public sealed record StatementLine(string Kind, AmountJson Amount, Amount Balance, Id<PaymentKind>? Payment, Id<TopUpKind>? TopUp, string? Counterparty, DateTimeOffset CreatedAt);

/// <summary>A page of a statement, newest first.</summary>
/// <param name="Lines">The lines.</param>
/// <param name="Next">The cursor of the next page, or null at the end.</param>
public sealed record StatementPage(IReadOnlyList<StatementLine> Lines, string? Next);

/// <summary>Why a server refused.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">The stable code: see <c>docs/errors.md</c>.</param>
/// <param name="Title">What it means.</param>
/// <param name="Detail">What it means here, and what to do.</param>
/// <param name="Retry">Whether to repeat: with the <c>same_key</c>, with a <c>new_key</c>, or <c>never</c>.</param>
public sealed record Problem(int Status, string? Code, string? Title, string? Detail, string? Retry);

/// <summary>Body of a wallet to be made.</summary>
internal sealed record NewWallet(string Currency);

/// <summary>Body of a top-up.</summary>
internal sealed record NewTopUp(Amount Amount, string Rail);

/// <summary>Body of a refund.</summary>
internal sealed record NewRefund(Amount? Amount);

/// <summary>Reads answers and writes bodies. Members that this version does not know are passed over, so that a newer server can be used.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    Converters = [
        typeof(AmountConverter), typeof(IdConverter<WalletKind>), typeof(IdConverter<PayeeKind>), typeof(IdConverter<OfferKind>),
        typeof(IdConverter<PaymentKind>), typeof(IdConverter<RefundKind>), typeof(IdConverter<TopUpKind>)])]
[JsonSerializable(typeof(NewWallet))]
[JsonSerializable(typeof(WalletMade))]
[JsonSerializable(typeof(Wallet))]
[JsonSerializable(typeof(NewTopUp))]
[JsonSerializable(typeof(TopUp))]
[JsonSerializable(typeof(NewPayment))]
[JsonSerializable(typeof(Payment))]
[JsonSerializable(typeof(NewRefund))]
[JsonSerializable(typeof(Refund))]
[JsonSerializable(typeof(StatementPage))]
[JsonSerializable(typeof(Problem))]
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
