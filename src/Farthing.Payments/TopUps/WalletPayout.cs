using Farthing.Protocol;

namespace Farthing.Payments.TopUps;

/// <summary>A part of a wallet's payout: what goes back to one top-up. Immutable.</summary>
/// <param name="TopUp">The top-up.</param>
/// <param name="Amount">How much of it.</param>
/// <param name="Status"><see cref="RailStatus.Pending"/>, <see cref="RailStatus.Posted"/> or <see cref="RailStatus.Failed"/>: then it is the wallet's again.</param>
public sealed record WalletPayoutPart(Id<TopUpKind> TopUp, Amount Amount, RailStatus Status);

/// <summary>Unspent money on its way back to where it came from. Immutable.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Wallet">Whose.</param>
/// <param name="Parts">What goes back to which top-up, newest top-up first.</param>
/// <param name="CreatedAt">When.</param>
public sealed record WalletPayout(Id<PayoutKind> Id, Id<WalletKind> Wallet, IReadOnlyList<WalletPayoutPart> Parts, DateTimeOffset CreatedAt)
{
    /// <summary>What was asked to go back.</summary>
    public Amount Amount => Sum(_ => true);

    /// <summary>What has gone back.</summary>
    public Amount Returned => Sum(part => part.Status == RailStatus.Posted);

    /// <summary>Pending as long as a part is; posted if any of it has gone back; else failed.</summary>
    public RailStatus Status => Parts.Any(part => part.Status == RailStatus.Pending) ? RailStatus.Pending : Returned.IsZero ? RailStatus.Failed : RailStatus.Posted;

    private Amount Sum(Func<WalletPayoutPart, bool> which) =>
        Parts.Where(which).Aggregate(new Amount(Parts[0].Amount.Asset, UInt128.Zero), (sum, part) => sum + part.Amount);
}
