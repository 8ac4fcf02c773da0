using Farthing.Protocol;

namespace Farthing.Payments.TopUps;

/// <summary>Where outside money stands.</summary>
public enum RailStatus : byte
{
    /// <summary>The rail knows nothing of this reference.</summary>
    Unknown,

    /// <summary>Under way.</summary>
    Pending,

    /// <summary>The money is in.</summary>
    Posted,

    /// <summary>It will not come.</summary>
    Failed,

    /// <summary>The outside party does not answer: nothing is known, and it is to be asked again.</summary>
    Unreachable,
}

/// <summary>What a rail says of a collection.</summary>
/// <param name="Status">Where it stands.</param>
/// <param name="NextAction">What the payer has to do, such as a page to open; null for nothing.</param>
public readonly record struct RailAnswer(RailStatus Status, string? NextAction = null)
{
    /// <summary>Why it failed: a code of <see cref="AutomaticTopUpFaults"/>, or the rail's own word; null if it did not, or nothing is said.</summary>
    public string? Fault { get; init; }

    /// <summary>Whether the payer left a card with it, by which can be collected again: see <see cref="ISavingRail"/>.</summary>
    public bool LeftCard { get; init; }

    /// <summary>What was taken back of a collection that is in, and not by us: chargebacks, and refunds made at the outside party.</summary>
    public IReadOnlyList<RailTaking> Takings { get => field ?? []; init; }

    /// <summary>References of what we gave back of a collection that is in, and that could not be delivered in the end.</summary>
    public IReadOnlyList<string> FailedReturns { get => field ?? []; init; }
}

/// <summary>Money of a collection that the outside party has taken back from us, or had taken and has returned.</summary>
/// <param name="Reference">The outside party's own id of it; it never changes.</param>
/// <param name="Amount">How much.</param>
/// <param name="IsTaken">True while it is taken; false once it was returned, such as when a dispute was won.</param>
public sealed record RailTaking(string Reference, Amount Amount, bool IsTaken);

/// <summary>How outside money comes in. References are idempotent: collecting twice with one reference collects once.</summary>
/// <remarks>
/// Thread-safe. A rail is called only behind a journaled hold, and is asked again by reference after a crash. It throws for faults of this side only; an outside party
/// that is down is <see cref="RailStatus.Unreachable"/>.
/// </remarks>
public interface IRail
{
    /// <summary>Its name on the wire, such as <c>sandbox</c>.</summary>
    string Name { get; }

    /// <summary>How long at most to wait between two questions about what is pending. Zero to ask each time.</summary>
    TimeSpan LongestPause => TimeSpan.Zero;

    /// <summary>Why it would not collect this, or null. Asks nobody.</summary>
    /// <param name="amount">How much.</param>
    /// <param name="instruction">As below.</param>
    Refusal? Check(Amount amount, string? instruction) => null;

    /// <summary>Collects an amount.</summary>
    /// <param name="reference">The top-up's id.</param>
    /// <param name="amount">How much.</param>
    /// <param name="instruction">Rail-specific words of the request; the sandbox's <c>fail</c> and <c>delay:SECONDS</c>; null for none.</param>
    ValueTask<RailAnswer> CollectAsync(Id<TopUpKind> reference, Amount amount, string? instruction);

    /// <summary>Where a collection stands.</summary>
    ValueTask<RailAnswer> AskAsync(Id<TopUpKind> reference);

    /// <summary>Whether it can collect while the payer is away.</summary>
    bool CollectsUnasked => false;

    /// <summary>Whether it gives money back to where a collection came from.</summary>
    bool CanReturn => false;

    /// <summary>As much of an amount as it can give back: whole cents, where it counts in cents.</summary>
    Amount RoundDown(Amount amount) => amount;

    /// <summary>Gives back a part of a collection, or says where that stands: the same reference gives back once, however often it is said.</summary>
    /// <param name="reference">Its reference: the text of a payout's id.</param>
    /// <param name="topUp">The collection.</param>
    /// <param name="amount">How much.</param>
    ValueTask<RailAnswer> ReturnAsync(string reference, Id<TopUpKind> topUp, Amount amount) => new(new RailAnswer(RailStatus.Failed));
}
