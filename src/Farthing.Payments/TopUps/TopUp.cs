using Farthing.Protocol;

namespace Farthing.Payments.TopUps;

/// <summary>Money on its way into a wallet. Immutable.</summary>
/// <param name="Id">Its id, also the rail's reference.</param>
/// <param name="Wallet">Where it goes.</param>
/// <param name="Amount">What the payer is asked for.</param>
/// <param name="Cost">What the rail takes of that; the rest is the wallet's.</param>
/// <param name="Status"><see cref="RailStatus.Pending"/>, <see cref="RailStatus.Posted"/> or <see cref="RailStatus.Failed"/>.</param>
/// <param name="NextAction">What the payer has to do, or null.</param>
public sealed record TopUp(Id<TopUpKind> Id, Id<WalletKind> Wallet, Amount Amount, Amount Cost, RailStatus Status, string? NextAction)
{
    /// <summary>What comes to the wallet.</summary>
    public Amount Credited => Amount - Cost;
}
