using System.Diagnostics.CodeAnalysis;
using Farthing.Protocol;

namespace Farthing.Ledger.State;

/// <summary>A hold that is neither posted, voided nor expired.</summary>
internal sealed class OpenHold : IDeadlined
{
    public required UInt128 Id { get; init; }

    /// <summary>The number of the account that is debited.</summary>
    public required int Debit { get; init; }

    /// <summary>The number of the account that is credited.</summary>
    public required int Credit { get; init; }

    public required UInt128 Units { get; init; }

    public required TransferCode Code { get; init; }

    public required long Deadline { get; init; }

    public required long Position { get; init; }

    /// <summary>The position of its chain's first record: holds of one chain expire together.</summary>
    public required long ChainStart { get; init; }

    /// <summary>What it adds to the digest of all open holds.</summary>
    public required UInt128 DigestShare { get; init; }

    public bool IsLive { get; set; } = true;
}

/// <summary>All open holds, with what is needed to undo the current chain and to know their digest.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class HoldTable
{
    private readonly Dictionary<UInt128, OpenHold> holds = [];
    private readonly DeadlineQueue<OpenHold> deadlines = new();
    private readonly List<OpenHold> changed = [];
    private UInt128 digestBefore;

    /// <summary>The sum of all open holds' hashes, modulo 2^128.</summary>
    public UInt128 Digest { get; private set; }

    public IEnumerable<OpenHold> All => holds.Values;

    /// <summary>When the next hold expires, Unix milliseconds, or long.MaxValue.</summary>
    public long NextDeadline => deadlines.TryPeek(out var hold) ? hold.Deadline : long.MaxValue;

    public bool TryFind(UInt128 id, [NotNullWhen(true)] out OpenHold? hold) => holds.TryGetValue(id, out hold);

    public void Add(OpenHold hold)
    {
        holds.Add(hold.Id, hold);
        deadlines.Add(hold);
        changed.Add(hold);
        Digest = unchecked(Digest + hold.DigestShare);
    }

    public void Remove(OpenHold hold)
    {
        hold.IsLive = false;
        holds.Remove(hold.Id);
        changed.Add(hold);
        Digest = unchecked(Digest - hold.DigestShare);
    }

    /// <summary>The next hold whose deadline is not after <paramref name="time"/>.</summary>
    public bool TryPeekDue(long time, [NotNullWhen(true)] out OpenHold? hold) => deadlines.TryPeek(out hold) && hold.Deadline <= time;

    public void Sweep() => deadlines.Sweep(holds.Count);

    public void Commit()
    {
        changed.Clear();
        digestBefore = Digest;
    }

    public void RollBack()
    {
        for (var i = changed.Count - 1; i >= 0; i--)
        {
            var hold = changed[i];
            hold.IsLive = !hold.IsLive;
            if (hold.IsLive) holds.Add(hold.Id, hold);
            else holds.Remove(hold.Id);
        }

        changed.Clear();
        Digest = digestBefore;
    }
}
