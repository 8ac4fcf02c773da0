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
}

/// <summary>What a rail says of a collection.</summary>
/// <param name="Status">Where it stands.</param>
/// <param name="NextAction">What the payer has to do, such as a page to open; null for nothing.</param>
public readonly record struct RailAnswer(RailStatus Status, string? NextAction = null);

/// <summary>How outside money comes in. References are idempotent: collecting twice with one reference collects once.</summary>
/// <remarks>Thread-safe. A rail is called only behind a journaled hold, and is asked again by reference after a crash.</remarks>
public interface IRail
{
    /// <summary>Its name on the wire, such as <c>sandbox</c>.</summary>
    string Name { get; }

    /// <summary>Collects an amount.</summary>
    /// <param name="reference">The top-up's id.</param>
    /// <param name="amount">How much.</param>
    /// <param name="instruction">Rail-specific words of the request; the sandbox's <c>fail</c> and <c>delay:SECONDS</c>; null for none.</param>
    ValueTask<RailAnswer> CollectAsync(Id<TopUpKind> reference, Amount amount, string? instruction);

    /// <summary>Where a collection stands.</summary>
    ValueTask<RailAnswer> AskAsync(Id<TopUpKind> reference);
}
