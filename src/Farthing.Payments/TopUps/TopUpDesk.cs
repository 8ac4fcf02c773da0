using Farthing.Protocol;

namespace Farthing.Payments.TopUps;

/// <summary>Money on its way into a wallet. Immutable.</summary>
/// <param name="Id">Its id, also the rail's reference.</param>
/// <param name="Wallet">Where it goes.</param>
/// <param name="Amount">How much.</param>
/// <param name="Status"><see cref="RailStatus.Pending"/>, <see cref="RailStatus.Posted"/> or <see cref="RailStatus.Failed"/>.</param>
/// <param name="NextAction">What the payer has to do, or null.</param>
public sealed record TopUp(Id<TopUpKind> Id, Id<WalletKind> Wallet, Amount Amount, RailStatus Status, string? NextAction);

/// <summary>Top-ups: a hold from the rail's clearing account, the rail's call, then a post or a void.</summary>
/// <remarks>Thread-safe. Idempotent, also across a crash: what was cut off is asked of the rail again by reference.</remarks>
public sealed class TopUpDesk
{
    /// <summary>The largest single top-up, in whole units of the currency. 1,000.</summary>
    public const int MaxWholeAmount = 1000;

    /// <summary>Tops up a wallet.</summary>
    public ValueTask<Answer<TopUp>> TopUpAsync(Id<WalletKind> wallet, IdempotencyKey key, Amount amount, string rail, string? instruction) => throw new NotImplementedException();

    /// <summary>A top-up as its wallet may see it.</summary>
    public ValueTask<Answer<TopUp>> ReadAsync(Caller caller, Id<TopUpKind> id) => throw new NotImplementedException();

    /// <summary>Asks the rails about everything that is pending and finishes what is decided. Called at start-up and then every second.</summary>
    public ValueTask AskPendingAsync() => throw new NotImplementedException();
}
