using System.Diagnostics.CodeAnalysis;

namespace Farthing.Ledger.State;

/// <summary>A transfer or post that can still be refunded.</summary>
/// <remarks>It may be kept for a while after its deadline. By then its accounts may have ended, and their numbers may be others': they mean nothing any more.</remarks>
internal sealed class Refundable : IDeadlined
{
    public required UInt128 Id { get; init; }

    /// <summary>The number of the account that was credited, and would give back.</summary>
    public required int Giver { get; init; }

    /// <summary>The number of the account that was debited, and would receive.</summary>
    public required int Receiver { get; init; }

    /// <summary>Refunds are carried out up to and including this time.</summary>
    public required long Deadline { get; init; }

    public required long Position { get; init; }

    /// <summary>What was not given back yet.</summary>
    public required UInt128 UnitsLeft { get; set; }

    /// <summary>The newest refund of it, or -1.</summary>
    public required long LastCitation { get; set; }

    public bool IsLive { get; set; } = true;
}

/// <summary>What can still be refunded, with what is needed to undo the current chain and to know its digest.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class RefundableTable
{
    // By position, not by id: neighbours in time are neighbours in memory, while each id would touch another page.
    private readonly Dictionary<long, Refundable> refundables = [];
    private readonly DeadlineQueue<Refundable> deadlines = new();
    private readonly List<(Refundable Refundable, UInt128 UnitsLeft, long LastCitation, bool WasAdded)> changes = [];
    private UInt128 digestBefore;

    /// <summary>The sum of the hashes of all that can be refunded, modulo 2^128.</summary>
    public UInt128 Digest { get; private set; }

    /// <summary>The transfer or post whose record stands at a position, if it can still be refunded.</summary>
    public bool TryFind(long position, [NotNullWhen(true)] out Refundable? refundable) => refundables.TryGetValue(position, out refundable);

    public void Add(Refundable refundable)
    {
        refundables.Add(refundable.Position, refundable);
        deadlines.Add(refundable);
        changes.Add((refundable, refundable.UnitsLeft, refundable.LastCitation, true));
        Digest = unchecked(Digest + StateDigest.Of(refundable));
    }

    /// <summary>Gives some of it back.</summary>
    /// <returns>The refund before this one, or -1.</returns>
    public long Take(Refundable refundable, UInt128 units, long position)
    {
        var previous = refundable.LastCitation;
        changes.Add((refundable, refundable.UnitsLeft, previous, false));
        Digest = unchecked(Digest - StateDigest.Of(refundable));
        refundable.UnitsLeft -= units;
        refundable.LastCitation = position;
        Digest = unchecked(Digest + StateDigest.Of(refundable));
        return previous;
    }

    /// <summary>Forgets at most so many whose deadline is before <paramref name="time"/>, between chains.</summary>
    public void Forget(long time, int count)
    {
        for (; count > 0 && deadlines.TryPeek(out var refundable) && refundable.Deadline < time; count--)
        {
            refundable.IsLive = false;
            refundables.Remove(refundable.Position);
            Digest = unchecked(Digest - StateDigest.Of(refundable));
        }

        digestBefore = Digest;
    }

    public void Sweep() => deadlines.Sweep(refundables.Count);

    public void Commit()
    {
        changes.Clear();
        digestBefore = Digest;
    }

    public void RollBack()
    {
        for (var i = changes.Count - 1; i >= 0; i--)
        {
            var (refundable, unitsLeft, lastCitation, wasAdded) = changes[i];
            refundable.UnitsLeft = unitsLeft;
            refundable.LastCitation = lastCitation;
            if (!wasAdded) continue;
            refundable.IsLive = false;
            refundables.Remove(refundable.Position);
        }

        changes.Clear();
        Digest = digestBefore;
    }
}
