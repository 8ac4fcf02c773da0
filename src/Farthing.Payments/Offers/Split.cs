using Farthing.Protocol;

namespace Farthing.Payments.Offers;

/// <summary>A payee's share of what an offer earns after the fee. Immutable; safe to share between threads.</summary>
/// <param name="Payee">Who gets it.</param>
/// <param name="BasisPoints">Hundredths of a percent, 1 to 9,999; those of an offer add up to <see cref="Whole"/>.</param>
public sealed record Split(Id<PayeeKind> Payee, uint BasisPoints)
{
    /// <summary>What the shares of an offer add up to.</summary>
    public const uint Whole = 10_000;

    /// <summary>The most payees that share an offer, its owner included.</summary>
    public const int MaxPayees = 10;
}
