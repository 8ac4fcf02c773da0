using System.Buffers.Text;
using System.Security.Cryptography;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Protocol;

namespace Farthing.Payments.Desk;

/// <summary>Terms that this server writes for a site that cannot sign: of what an offer names, at the offer's price, and back to the payee's own site.</summary>
/// <remarks>
/// Whoever asks chooses neither the price nor, beyond what the offer covers, the resource: an entitlement opens a resource, whatever was paid for it. Thread-safe.
/// </remarks>
internal sealed class OfferTerms(OfferDirectory offers, PayeeDirectory payees, SigningKey key, TimeProvider time)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    /// <summary>Verifies what <see cref="WriteAsync"/> signs.</summary>
    public VerifyingKey Verifier { get; } = key.Verifier;

    /// <summary>The refusal of terms that lead elsewhere than to the payee's site.</summary>
    public static Refusal Strange { get; } = new(RefusalCodes.TermsForAnotherSite, "The terms lead to a site that the payee has not registered.");

    /// <summary>Writes terms. Moves nothing.</summary>
    /// <param name="id">The offer.</param>
    /// <param name="resource">What of it is bought; null for what it names.</param>
    /// <param name="returnUrl">Where the browser goes back to; null for nowhere.</param>
    /// <param name="nonce">What the entitlement is bound to; null for a random one.</param>
    public async ValueTask<Answer<string>> WriteAsync(Id<OfferKind> id, string? resource, string? returnUrl, string? nonce)
    {
        if (await offers.FindAsync(id) is not { } offer) return OfferDirectory.NotFound(id);
        var payee = await payees.LoadAsync(offer.Payee.Value);
        if (payee is null) return PayeeDirectory.NotFound(offer.Payee);
        if (!payee.Payee.MayReturnTo(returnUrl)) return Strange;
        resource ??= offer.Resource;
        if (resource is null) return new Refusal(RefusalCodes.InvalidField, "The offer names no resource, so a page cannot sell it by itself: give the offer one, or sign terms.");
        if (resource != offer.Resource && !offer.Covers(resource)) return new Refusal(RefusalCodes.InvalidField, "The offer does not cover that resource.");
        try
        {
            return new Terms
            {
                Payee = offer.Payee,
                Offer = offer.Id,
                Resource = resource,
                Title = offer.Name,
                ReturnUrl = returnUrl,
                Once = true,
                Expires = time.GetUtcNow() + Lifetime,
                Nonce = nonce ?? Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32)),
            }.Sign(key);
        }
        catch (InvalidOperationException)
        {
            return new Refusal(RefusalCodes.InvalidField, "nonce must be 16 to 64 letters, digits, hyphens and underscores, and return an address of at most 2,048 visible ASCII characters.");
        }
    }
}
