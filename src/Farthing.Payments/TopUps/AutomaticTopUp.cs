using Farthing.Protocol;

namespace Farthing.Payments.TopUps;

/// <summary>Whether a wallet is topped up by itself.</summary>
public enum AutomaticTopUpStatus : byte
{
    /// <summary>It was stopped, or stopped itself.</summary>
    Off,

    /// <summary>Its owner has not been at the card page yet.</summary>
    Waiting,

    /// <summary>It is.</summary>
    On,
}

/// <summary>How a wallet is topped up by itself. Immutable.</summary>
/// <param name="Floor">Below what.</param>
/// <param name="Amount">By how much.</param>
/// <param name="MostPerDay">How often on a day, in UTC.</param>
/// <param name="Rail">By what.</param>
/// <param name="Status">Whether it is.</param>
/// <param name="Fault">Why it stopped itself, or what went wrong last: a code of <see cref="AutomaticTopUpFaults"/> or of <c>docs/errors.md</c>; null for nothing.</param>
/// <param name="NextAction">The page at which its owner agrees and leaves a card; null if it waits for none.</param>
/// <param name="Card">The card it is charged to, as far as that is known; null if there is none.</param>
public sealed record AutomaticTopUp(Amount Floor, Amount Amount, int MostPerDay, string Rail, AutomaticTopUpStatus Status, string? Fault, string? NextAction, SavedCard? Card)
{
    /// <summary>False while it waits for a card, and once it was stopped or stopped itself.</summary>
    public bool IsOn => Status == AutomaticTopUpStatus.On;

    /// <summary>The fault in a sentence for its owner; null if there is none.</summary>
    public string? Reason => Fault is null ? null : AutomaticTopUpFaults.Explain(Fault);
}
