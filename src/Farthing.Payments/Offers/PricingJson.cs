using System.Text.Json.Serialization;
using Farthing.Payments.Calendars;
using Farthing.Payments.Fares;
using Farthing.Protocol;

namespace Farthing.Payments.Offers;

/// <summary>A <see cref="Pricing"/> as it travels and as it is stored: the member <c>model</c> names the case, whose members follow.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "model")]
[JsonDerivedType(typeof(PerUseJson), "per-use")]
[JsonDerivedType(typeof(PayWhatYouWantJson), "pay-what-you-want")]
[JsonDerivedType(typeof(OnTabJson), "tab")]
[JsonDerivedType(typeof(MeteredJson), "metered")]
[JsonDerivedType(typeof(PerPeriodJson), "subscription")]
[JsonDerivedType(typeof(FareTableJson), "fares")]
public abstract record PricingJson
{
    private protected PricingJson()
    {
    }

    /// <summary>Reads what it says, without asking whether that makes sense.</summary>
    /// <param name="field">Where it stands in the body, such as <c>pricing</c>.</param>
    public abstract Answer<Pricing> Read(string field);
}

/// <summary><see cref="PerUse"/> as it travels.</summary>
/// <param name="Price">The price of one use.</param>
public sealed record PerUseJson(AmountJson Price) : PricingJson
{
    /// <summary>How long what is bought only once is the wallet's; for ever by default.</summary>
    public int? OwnedForSeconds { get; init; }

    /// <summary>The most that a wallet pays in a calendar day; no such cap by default.</summary>
    public AmountJson? DayCap { get; init; }

    /// <summary>Whose days: a name of the IANA database, UTC by default.</summary>
    public string? TimeZone { get; init; }

    /// <inheritdoc/>
    public override Answer<Pricing> Read(string field)
    {
        if (WireAmounts.Read(Price, $"{field}.price", out var price) is { } refusal) return refusal;
        if (DayCap is null)
            return TimeZone is null ? new PerUse(price) { OwnedForSeconds = OwnedForSeconds } : new Refusal(RefusalCodes.InvalidPricing, $"{field}.timeZone goes with dayCap only.");
        return WireAmounts.Read(DayCap, $"{field}.dayCap", out var most) is { } unread ? unread
            : new PerUse(price) { OwnedForSeconds = OwnedForSeconds, DayCap = new(most, TimeZone ?? TimeZones.Utc) };
    }
}

/// <summary><see cref="PayWhatYouWant"/> as it travels.</summary>
/// <param name="Minimum">The least that is taken.</param>
public sealed record PayWhatYouWantJson(AmountJson Minimum) : PricingJson
{
    /// <summary>What the payer may be shown to choose from; none by default.</summary>
    public IReadOnlyList<AmountJson>? Suggested { get; init; }

    /// <inheritdoc/>
    public override Answer<Pricing> Read(string field)
    {
        if (WireAmounts.Read(Minimum, $"{field}.minimum", out var minimum) is { } refusal) return refusal;
        var suggested = new List<Amount>();
        foreach (var sent in Suggested ?? [])
        {
            if (WireAmounts.Read(sent, $"{field}.suggested[{suggested.Count}]", out var amount) is { } unread) return unread;
            suggested.Add(amount);
        }

        return new PayWhatYouWant(minimum, suggested);
    }
}

/// <summary><see cref="OnTab"/> as it travels.</summary>
/// <param name="Price">The price of one read.</param>
public sealed record OnTabJson(AmountJson Price) : PricingJson
{
    /// <summary>At most how much a tab owes; 5, or 0.0001 BTC, by default.</summary>
    public AmountJson? PayAt { get; init; }

    /// <summary>How long a read may stay unpaid; thirty days by default.</summary>
    public int? DueAfterSeconds { get; init; }

    /// <inheritdoc/>
    public override Answer<Pricing> Read(string field)
    {
        if (WireAmounts.Read(Price, $"{field}.price", out var price) is { } refusal) return refusal;
        var payAt = OnTab.DefaultPayAt(price.Asset);
        if (PayAt is not null && WireAmounts.Read(PayAt, $"{field}.payAt", out payAt) is { } unread) return unread;
        return new OnTab(price, payAt, DueAfterSeconds ?? OnTab.DefaultDueAfterSeconds);
    }
}

/// <summary><see cref="Metered"/> as it travels.</summary>
/// <param name="Price">The price of <see cref="Count"/> of them.</param>
/// <param name="Per">What is counted: <c>unit</c>, <c>second</c>, <c>minute</c> or <c>hour</c>.</param>
/// <param name="Ceiling">What is held: at most so much is paid.</param>
/// <param name="SilentAfterSeconds">A meter of which nothing is reported for so long is stopped.</param>
public sealed record MeteredJson(AmountJson Price, string Per, AmountJson Ceiling, int SilentAfterSeconds) : PricingJson
{
    private static readonly Dictionary<string, MeteredBy> Words = new()
    {
        ["unit"] = MeteredBy.Unit,
        ["second"] = MeteredBy.Second,
        ["minute"] = MeteredBy.Minute,
        ["hour"] = MeteredBy.Hour,
    };

    /// <summary>How many of them the price is for; 1 by default.</summary>
    public uint? Count { get; init; }

    /// <inheritdoc/>
    public override Answer<Pricing> Read(string field)
    {
        if (WireAmounts.Read(Price, $"{field}.price", out var price) is { } refusal) return refusal;
        if (WireAmounts.Read(Ceiling, $"{field}.ceiling", out var ceiling) is { } unread) return unread;
        if (Words.TryGetValue(Per, out var by)) return new Metered(price, by, Count ?? 1, ceiling, SilentAfterSeconds);
        return new Refusal(RefusalCodes.InvalidField, $"{field}.per must be unit, second, minute or hour.");
    }
}
