using Farthing.Protocol;

namespace Farthing.Payments.Desk;

/// <summary>What a wallet asks to pay: exactly one of an offer, terms, or a payee with an amount. The payer may name the amount of some offers, too.</summary>
public sealed record PaymentRequest
{
    /// <summary>The longest reference, in characters.</summary>
    public const int MaxReferenceLength = 255;

    /// <summary>The largest quantity.</summary>
    public const uint MaxQuantity = 1_000_000;

    /// <summary>Who pays.</summary>
    public required Id<WalletKind> Wallet { get; init; }

    /// <summary>The key of this request.</summary>
    public required IdempotencyKey Key { get; init; }

    /// <summary>What the key is a key of: the same key makes another payment in another scope.</summary>
    internal string KeyScope { get; init; } = "pay";

    /// <summary>The mandate that it is paid under, without asking; null for what the wallet's owner pays.</summary>
    public Id<MandateKind>? Mandate { get; init; }

    /// <summary>True if the mandate's own key was shown, to which the key of the request then belongs.</summary>
    public bool ByMandateKey { get; init; }

    /// <summary>The offer that is bought.</summary>
    public Id<OfferKind>? Offer { get; init; }

    /// <summary>How many of it, 1 by default.</summary>
    public uint Quantity { get; init; } = 1;

    /// <summary>The token of a site's terms.</summary>
    public string? Terms { get; init; }

    /// <summary>Who is paid, with <see cref="Amount"/>.</summary>
    public Id<PayeeKind>? Payee { get; init; }

    /// <summary>How much, with <see cref="Payee"/>, or with an offer or terms whose amount the payer names.</summary>
    public Amount? Amount { get; init; }

    /// <summary>True if <see cref="Amount"/> is what is owed by now on <see cref="Offer"/>, a subscription or a table of fares, be it closed to others or not.</summary>
    internal bool IsPriced { get; init; }

    /// <summary>The merchant's or payer's own words for it, 1 to 255 characters; encrypted before it is journaled.</summary>
    public string? Reference { get; init; }

    /// <summary>What is particular about it.</summary>
    internal PaymentTraits Traits => (HoldMilliseconds is null ? PaymentTraits.None : PaymentTraits.Metered) | (IsPriced || Tab is not null ? PaymentTraits.RefundedByPayeeOnly : PaymentTraits.None);

    /// <summary>True to hold the money until the payee posts or voids it.</summary>
    public bool Hold { get; init; }

    /// <summary>For how long a meter's ceiling is held; null for whatever is no meter.</summary>
    internal long? HoldMilliseconds { get; init; }

    /// <summary>At most so much may be held; null if the payer takes what the offer says. Of meters only.</summary>
    public Amount? MostHeld { get; init; }

    /// <summary>True if whoever waits for the answer only passes it on then, without ever blocking: see <see cref="Ledger.Ledger.SubmitAsync"/>.</summary>
    public bool ResumesBriefly { get; init; }

    /// <summary>True if it is the same request whichever of the site's terms it is made by.</summary>
    internal bool IsSameByAnyTerms { get; init; }

    /// <summary>The tab that it pays, whose <see cref="Amount"/> is what is owed at that moment, and so no part of what the key stands for; null for every other payment.</summary>
    internal Id<TabKind>? Tab { get; init; }

    /// <summary>Who shares in it, where that follows from the <see cref="Tab"/> and not from an offer.</summary>
    internal IReadOnlyList<Offers.Split> Splits { get; init; } = [];

    /// <summary>What is carried out together with it, or not at all; its ids follow from <see cref="KeyId"/>.</summary>
    internal IReadOnlyList<Ledger.Command> Alongside { get; init; } = [];

    /// <summary>The id that the key stands for; zero if there is no key.</summary>
    internal UInt128 KeyId() => Key.Text is null ? UInt128.Zero
        : Key.DeriveId(KeyScope, ByMandateKey ? new Caller(CallerKind.Mandate, Mandate!.Value.Value) : new Caller(CallerKind.Wallet, Wallet.Value));

    /// <summary>The digest of every field that the payer names, but the key.</summary>
    internal UInt128 Digest()
    {
        var bytes = new CanonicalBytes(stackalloc byte[512]);
        bytes.Add("pay");
        bytes.Add(Wallet.Value);
        bytes.Add(Offer?.Value);
        bytes.Add((UInt128)Quantity);
        bytes.Add(IsSameByAnyTerms ? null : Terms);
        bytes.Add(Payee?.Value);
        bytes.Add(Tab is null ? Amount : null);
        bytes.Add(Reference);
        bytes.Add((UInt128)(Hold ? 1u : 0u));
        bytes.Add(Mandate?.Value);
        bytes.Add(Tab?.Value);
        if (MostHeld is not null) bytes.Add(MostHeld);
        return bytes.ToDigest();
    }
}
