using Farthing.Protocol;

namespace Farthing.Payments.Wallets;

/// <summary>A wallet as it is. Immutable; safe to share between threads.</summary>
public sealed record Wallet(Id<WalletKind> Id, Asset Asset);

/// <summary>A wallet and the key that was issued for it.</summary>
public sealed record IssuedWallet(Wallet Wallet, string Key);

/// <summary>A wallet with its money: <see cref="Balance"/> is what can be spent, <see cref="Held"/> what is set aside.</summary>
public sealed record WalletBalance(Wallet Wallet, Amount Balance, Amount Held);

/// <summary>Wallets: making, reading, erasing; those of browsers included.</summary>
/// <remarks>Thread-safe. Every write is idempotent, also across a crash.</remarks>
public sealed class WalletDirectory
{
    /// <summary>Makes a wallet for whoever asks. The key must be random (<see cref="IdempotencyKey.IsRandomEnough"/>), as it stands for its owner.</summary>
    public ValueTask<Answer<IssuedWallet>> CreateAsync(IdempotencyKey key, Asset asset) => throw new NotImplementedException();

    /// <summary>The wallet of a browser's cookie, made if there is none. Two calls at once make one wallet.</summary>
    /// <param name="browserSecret">The opaque cookie: 256 random bits as base64url.</param>
    /// <param name="asset">The currency of a new wallet.</param>
    public ValueTask<Answer<Wallet>> OpenForBrowserAsync(string browserSecret, Asset asset) => throw new NotImplementedException();

    /// <summary>The wallet of a browser's cookie in a currency, or null.</summary>
    public ValueTask<Wallet?> FindForBrowserAsync(string browserSecret, Asset asset) => throw new NotImplementedException();

    /// <summary>A wallet, or null.</summary>
    public ValueTask<Wallet?> FindAsync(Id<WalletKind> id) => throw new NotImplementedException();

    /// <summary>A wallet with its balance and what is held.</summary>
    public ValueTask<Answer<WalletBalance>> ReadAsync(Id<WalletKind> id) => throw new NotImplementedException();

    /// <summary>Destroys the key of the wallet's memos, for ever. What is left of its balance stays in the ledger; the wallet can no longer be used.</summary>
    public ValueTask<Answer<Wallet>> EraseAsync(Id<WalletKind> id) => throw new NotImplementedException();
}
