using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Farthing.Protocol;

/// <summary>What a running meter covers: so many units at a price, and not one more, as their money is held.</summary>
/// <param name="Price">The price of <paramref name="Count"/> units. Members <c>amount</c> and <c>currency</c>.</param>
/// <param name="Count">How many units the price is for. Member <c>count</c>.</param>
/// <param name="Units">The most units that what is held pays for, whoever counts them. Member <c>units</c>.</param>
/// <remarks>Immutable; safe to share between threads.</remarks>
public sealed record MeterCover(Amount Price, long Count, long Units)
{
    /// <summary>The most units of one meter. A million millions.</summary>
    public const long MaxUnits = 1_000_000_000_000;

    /// <summary>True if all of it is within its bounds.</summary>
    internal bool IsWellFormed => Count is >= 1 and <= MaxUnits && Units is >= 1 and <= MaxUnits && !Price.IsZero && Price.Units <= Amount.MaxUnits && Asset.TryGetCurrency(Price.Asset.Code, out var asset) && asset == Price.Asset;

    /// <summary>Reads the members of the object that the reader stands on.</summary>
    internal static bool TryRead(ref Utf8JsonReader reader, [NotNullWhen(true)] out MeterCover? cover)
    {
        cover = null;
        var draft = new Draft();
        if (!StrictJson.TryReadMembers(ref reader, draft, ReadMember)) return false;
        if (draft.AmountText is null || draft.Count is not { } count || draft.Units is not { } units || !Asset.TryGetCurrency(draft.Currency, out var asset)) return false;
        if (Amount.TryParse(draft.AmountText, asset, out var price) != AmountError.None) return false;
        var candidate = new MeterCover(price, count, units);
        if (!candidate.IsWellFormed) return false;
        cover = candidate;
        return true;
    }

    internal void WriteMembers(Utf8JsonWriter writer)
    {
        writer.WriteString("amount", Price.ToDecimalString());
        writer.WriteString("currency", Price.Asset.Code);
        writer.WriteNumber("count", Count);
        writer.WriteNumber("units", Units);
    }

    private static bool ReadMember(ref Utf8JsonReader reader, string name, Draft draft)
    {
        switch (name)
        {
            case "amount" when StrictJson.TryGetText(ref reader, out var amount):
                draft.AmountText = amount;
                return true;
            case "currency" when StrictJson.TryGetText(ref reader, out var currency):
                draft.Currency = currency;
                return true;
            case "count" when StrictJson.TryGetCount(ref reader, out var count):
                draft.Count = count;
                return true;
            case "units" when StrictJson.TryGetCount(ref reader, out var units):
                draft.Units = units;
                return true;
            default:
                return false;
        }
    }

    /// <summary>Members as read, before it is known that they fit together.</summary>
    private sealed class Draft
    {
        public string? AmountText { get; set; }
        public string? Currency { get; set; }
        public long? Count { get; set; }
        public long? Units { get; set; }
    }
}
