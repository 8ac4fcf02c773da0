using Farthing.Payments.Mandates;
using Farthing.Protocol;

namespace Farthing.Payments.Wallets;

/// <summary>A wallet as it is kept in memory.</summary>
/// <remarks>Immutable but for the pseudonym last used; safe to share between threads.</remarks>
internal sealed class WalletEntry(Id<WalletKind> id, Asset asset, byte[]? memoKey, int keyGeneration, CountedCaps? caps, int version)
{
    // Written by whoever pays last; each value is whole, as a reference is written at once.
    private volatile Tuple<UInt128, Id<PayerKind>>? lastPayer;

    public Wallet Wallet { get; } = new(id, asset);

    public Asset Asset => Wallet.Asset;

    public UInt128 Account => Wallet.Id.Value;

    /// <summary>What seals and opens its memos; null once the key was destroyed.</summary>
    public MemoCipher? Memos { get; } = memoKey is null ? null : new MemoCipher(memoKey);

    public bool IsErased => Memos is null;

    public int KeyGeneration => keyGeneration;

    /// <summary>That of its row: of two that were read, the greater is the newer.</summary>
    public int Version => version;

    /// <summary>What all its payments are counted on; null if it has no caps of its own.</summary>
    public CountedCaps? Caps => caps;

    /// <summary>Its pseudonym with a payee.</summary>
    public Id<PayerKind> PayerTo(UInt128 payee, LabelledSecrets secrets)
    {
        if (lastPayer is { } last && last.Item1 == payee) return last.Item2;
        var payer = secrets.PayerOf(Account, payee);
        lastPayer = new(payee, payer);
        return payer;
    }
}
