using Farthing.Protocol;

namespace Farthing.Payments.Offers;

/// <summary>An offer of several resources of its payee: who has bought it need not pay for any of them.</summary>
internal static class Bundle
{
    /// <summary>The most resources that one offer lists.</summary>
    public const int MaxResources = 100;

    /// <summary>The most such offers of a payee, closed ones included: each is looked through whenever somebody meets terms of that payee.</summary>
    public const int MaxPerPayee = 100;

    private const char AnyRest = '*';

    /// <summary>True if one of the listed resources is this one; one that ends in an asterisk is every resource that begins like it.</summary>
    public static bool Covers(this Offer offer, string resource)
    {
        foreach (var listed in offer.Resources)
        {
            if (listed[^1] == AnyRest ? resource.AsSpan().StartsWith(listed.AsSpan(0, listed.Length - 1), StringComparison.Ordinal) : listed == resource) return true;
        }

        return false;
    }

    /// <summary>What its purchase is known by in place of a resource: a wallet buys it once, whatever resource is named beside it.</summary>
    /// <returns>A text with a control character, which no resource of terms has.</returns>
    public static string SubjectOf(Id<OfferKind> offer) => $"\n{offer}";

    /// <summary>Why an offer cannot list these resources, or null.</summary>
    public static Refusal? Check(IReadOnlyList<string> resources)
    {
        if (resources.Count > MaxResources) return Invalid($"An offer lists at most {MaxResources} resources. End one with an asterisk for all that begin like it.");
        if (resources.Any(resource => !Words.AreShown(resource, NewOffer.MaxResourceLength)))
            return Invalid($"Each of resources must be 1 to {NewOffer.MaxResourceLength} characters, without control characters.");
        return resources.Distinct(StringComparer.Ordinal).Count() == resources.Count ? null : Invalid("resources lists one twice.");
    }

    private static Refusal Invalid(string detail) => new(RefusalCodes.InvalidField, detail);
}
