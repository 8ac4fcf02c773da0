using Farthing.Protocol;

namespace Farthing.Payments;

/// <summary>Who asks, as the bearer key says.</summary>
public enum CallerKind : byte
{
    /// <summary>Nobody in particular.</summary>
    Anonymous,

    /// <summary>The operator of this server.</summary>
    Operator,

    /// <summary>A payee.</summary>
    Payee,

    /// <summary>A wallet's owner.</summary>
    Wallet,
}

/// <summary>Who asks. The default value is anonymous. Immutable; safe to share between threads.</summary>
/// <param name="Kind">What kind of key was shown.</param>
/// <param name="Account">The payee's or wallet's id as a number; zero for the others.</param>
public readonly record struct Caller(CallerKind Kind, UInt128 Account)
{
    /// <summary>The wallet, if <see cref="Kind"/> is <see cref="CallerKind.Wallet"/>.</summary>
    public Id<WalletKind> Wallet => new(Kind == CallerKind.Wallet ? Account : default);

    /// <summary>The payee, if <see cref="Kind"/> is <see cref="CallerKind.Payee"/>.</summary>
    public Id<PayeeKind> Payee => new(Kind == CallerKind.Payee ? Account : default);
}

/// <summary>The key that makes a write happen once: 1 to 255 visible ASCII characters, scoped to its caller.</summary>
/// <remarks>Immutable; safe to share between threads.</remarks>
public readonly record struct IdempotencyKey
{
    private IdempotencyKey(string text) => Text = text;

    /// <summary>The key as sent.</summary>
    public string Text { get; }

    /// <summary>True if the key could be random with 128 bits: a UUID, or at least 22 characters out of <c>A-Z a-z 0-9 - _</c> of which at least 10 differ.</summary>
    public bool IsRandomEnough => throw new NotImplementedException();

    /// <summary>Reads a key. Never throws.</summary>
    public static bool TryParse(string? text, out IdempotencyKey key) => throw new NotImplementedException();

    /// <summary>The id that this key stands for: the time of a UUID version 7, or zero, then 72 bits of SHA-256(purpose, caller, key), then eight zero bits,
    /// which number the legs of the chain.</summary>
    public UInt128 DeriveId(string purpose, Caller caller) => throw new NotImplementedException();
}
