using Farthing.Protocol;

namespace Farthing.Payments.Payees;

/// <summary>A payee as it is. Immutable; safe to share between threads.</summary>
/// <param name="Id">Its id, which is also its ledger account.</param>
/// <param name="Name">What payers are shown; 1 to 100 characters.</param>
/// <param name="Asset">What it is paid in.</param>
/// <param name="Website">The origin that pay pages may return to, such as <c>https://news.example</c>; null for none.</param>
/// <param name="SigningKey">The key of its terms; null for none.</param>
/// <param name="RefundsPerWalletPerMonth">How many one-click refunds a wallet has with it in a calendar month (UTC).</param>
public sealed record Payee(Id<PayeeKind> Id, string Name, Asset Asset, string? Website, VerifyingKey? SigningKey, int RefundsPerWalletPerMonth);

/// <summary>What is asked for a new payee.</summary>
public sealed record NewPayee(string Name, Asset Asset, string? Website = null, VerifyingKey? SigningKey = null, int RefundsPerWalletPerMonth = NewPayee.DefaultRefundsPerWalletPerMonth)
{
    /// <summary>Five.</summary>
    public const int DefaultRefundsPerWalletPerMonth = 5;
}

/// <summary>A payee and the key that was issued for it.</summary>
public sealed record IssuedPayee(Payee Payee, string Key);

/// <summary>A payee with its money: what it can spend, and what is held for it.</summary>
public sealed record PayeeBalance(Payee Payee, Amount Balance, Amount Held);

/// <summary>Payees: making, reading, keys.</summary>
/// <remarks>Thread-safe. Every write is idempotent, also across a crash.</remarks>
public sealed class PayeeDirectory
{
    /// <summary>Makes a payee: settings row, ledger account, then active. The same key gives the same payee and the same issued key.</summary>
    public ValueTask<Answer<IssuedPayee>> CreateAsync(IdempotencyKey key, NewPayee request) => throw new NotImplementedException();

    /// <summary>A payee, or null. Answered from memory once it was read.</summary>
    public ValueTask<Payee?> FindAsync(Id<PayeeKind> id) => throw new NotImplementedException();

    /// <summary>A payee with its balance and what is held for it.</summary>
    public ValueTask<Answer<PayeeBalance>> ReadAsync(Id<PayeeKind> id) => throw new NotImplementedException();

    /// <summary>Issues a new key and ends the old one.</summary>
    /// <returns>The new key.</returns>
    public ValueTask<Answer<string>> RotateKeyAsync(Id<PayeeKind> id, IdempotencyKey key) => throw new NotImplementedException();
}
