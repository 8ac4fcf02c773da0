using System.Text.Json;
using System.Text.Json.Serialization;
using Farthing.Protocol;

namespace Farthing.Payments.Offers;

/// <summary>What an offer's row keeps as JSON, always the same for the same offer: its pricing, who shares it and what else it covers. Absent members are left out.</summary>
internal sealed record OfferDetails(PricingJson Pricing)
{
    public IReadOnlyList<SplitJson>? Splits { get; init; }

    public IReadOnlyList<string>? Resources { get; init; }

    public static OfferDetails From(NewOffer offer) => new(offer.Pricing.ToJson())
    {
        Splits = offer.Splits.Count == 0 ? null : [.. offer.Splits.Select(SplitJson.From)],
        Resources = offer.Resources.Count == 0 ? null : offer.Resources,
    };

    /// <summary>Reads what a row keeps.</summary>
    /// <exception cref="InvalidOperationException">It was not written by this program.</exception>
    public static OfferDetails Read(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, StoredJson.Default.OfferDetails) ?? throw Unknown(text);
        }
        catch (JsonException)
        {
            throw Unknown(text);
        }
    }

    public Pricing ReadPricing() => Pricing.Read("pricing") is { IsGiven: true } read ? read.Value : throw Unknown(ToText());

    public IReadOnlyList<Split> ReadSplits() => Splits is null ? [] : [.. Splits.Select(split => split.Read())];

    public string ToText() => JsonSerializer.Serialize(this, StoredJson.Default.OfferDetails);

    private static InvalidOperationException Unknown(string text) => new($"The settings have an offer that this version does not know: {text}");
}

/// <summary>Reads and writes what rows keep as JSON, without reflection, and as strictly as what travels.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(OfferDetails))]
[JsonSerializable(typeof(SplitJson[]))]
internal sealed partial class StoredJson : JsonSerializerContext;
