using Farthing.Ledger;
using Farthing.Ledger.State;
using Farthing.Ledger.Tests.State;

namespace Farthing.Simulation;

/// <summary>One chain, and what became of it.</summary>
internal sealed record Submission(Command[] Chain)
{
    public CommandResult[] Results { get; private init; } = new CommandResult[Chain.Length];

    /// <summary>The answer that was given before; null if there was none.</summary>
    public CommandResult[]? First { get; private init; }

    public bool IsSentAgain { get; private init; }

    public Submission Again(bool isUnanswered) => this with { Results = new CommandResult[Chain.Length], First = isUnanswered ? First : Results, IsSentAgain = isUnanswered };
}

/// <summary>Chains that were applied together, and the world after them.</summary>
internal sealed record Batch(long FirstPosition, long UnixMilliseconds)
{
    public BatchBuffer Records { get; } = new();

    public List<Submission> Answers { get; } = [];

    public NaiveLedger Model { get; set; } = null!;

    public UInt128 Digest { get; set; }
}
