using System.Globalization;
using Farthing.Protocol;

namespace Farthing.AspNetCore;

/// <summary>What is asked at an address.</summary>
/// <param name="Price">The price; of a plan, what a period costs; of a meter, what its count of units costs.</param>
/// <param name="Use">What a payment opens.</param>
/// <param name="Plan">What has to be subscribed to; null for what is paid for by itself.</param>
/// <remarks>Immutable; safe to share between threads.</remarks>
internal sealed record Demand(Amount Price, PaymentUse Use, PlanDemand? Plan = null)
{
    public Demand(PaymentRequirement requirement) : this(requirement.Price, requirement.Use)
    {
    }

    /// <summary>What counts the use; null for what has a price at once.</summary>
    public MeterDemand? Meter { get; init; }

    /// <summary>The price in words: <c>0.02 USD</c>, <c>5.00 USD a month</c>, <c>0.001 USD for each word</c>.</summary>
    public string PriceInWords => Meter is not null ? $"{Price.ToPriceString()} for {Meter.CountInWords}" : Plan is null ? Price.ToPriceString() : $"{Price.ToPriceString()} a {Plan.Every}";

    /// <summary>The offer that terms name; null if they name the price.</summary>
    public Id<OfferKind>? Offer => Plan?.Offer ?? Meter?.Offer;

    /// <summary>What is sold, as terms and entitlements name it; null for what is sold by its path.</summary>
    public string? Resource => Plan?.Resource ?? Meter?.Resource;

    /// <summary>What the offer is called, or null if terms name the page.</summary>
    public string? Name => Plan?.Name ?? Meter?.Name;
}

/// <summary>A plan.</summary>
/// <param name="Offer">The offer that is subscribed to.</param>
/// <param name="Name">What it is called.</param>
/// <param name="Every">How long a period is: <c>week</c> or <c>month</c>.</param>
internal sealed record PlanDemand(Id<OfferKind> Offer, string Name, string Every)
{
    /// <summary>What is sold, as terms and entitlements name it: no path, so that one entitlement opens all that asks for the plan.</summary>
    public string Resource { get; } = $"subscription:{Offer}";
}

/// <summary>What is metered.</summary>
/// <param name="Offer">The metered offer.</param>
/// <param name="Name">What it is called.</param>
/// <param name="Count">How many units the price is for.</param>
/// <param name="Unit">What one unit is called.</param>
/// <param name="Ceiling">What is held while the meter runs.</param>
internal sealed record MeterDemand(Id<OfferKind> Offer, string Name, long Count, string Unit, Amount Ceiling)
{
    /// <summary>How the resources of meters begin. A path begins with a slash, or with a method.</summary>
    public const string ResourcePrefix = "meter:";

    /// <summary>What is sold, as terms and entitlements name it: no path, so that one meter counts all that names the offer.</summary>
    public string Resource { get; } = $"{ResourcePrefix}{Offer}";

    /// <summary>How many units a request is before its handler adds any.</summary>
    public int UnitsPerRequest { get; init; } = 1;

    public string CountInWords => Count == 1 ? $"each {Unit}" : string.Create(CultureInfo.InvariantCulture, $"{Count:N0} {Unit}s");
}
