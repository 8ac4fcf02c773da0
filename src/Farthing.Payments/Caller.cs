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

    /// <summary>An app or agent that a wallet's owner gave a mandate.</summary>
    Mandate,
}

/// <summary>Who asks. The default value is anonymous. Immutable; safe to share between threads.</summary>
/// <param name="Kind">What kind of key was shown.</param>
/// <param name="Account">The payee's, wallet's or mandate's id as a number; zero for the others.</param>
public readonly record struct Caller(CallerKind Kind, UInt128 Account)
{
    /// <summary>The wallet, if <see cref="Kind"/> is <see cref="CallerKind.Wallet"/>.</summary>
    public Id<WalletKind> Wallet => new(Kind == CallerKind.Wallet ? Account : default);

    /// <summary>The mandate, if <see cref="Kind"/> is <see cref="CallerKind.Mandate"/>.</summary>
    public Id<MandateKind> Mandate => new(Kind == CallerKind.Mandate ? Account : default);

    /// <summary>The payee, if <see cref="Kind"/> is <see cref="CallerKind.Payee"/>.</summary>
    public Id<PayeeKind> Payee => new(Kind == CallerKind.Payee ? Account : default);
}
