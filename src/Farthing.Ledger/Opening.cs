using Farthing.Ledger.Journal;
using Farthing.Ledger.Journal.Sealing;
using Farthing.Ledger.Snapshots;
using Farthing.Ledger.State;

namespace Farthing.Ledger;

/// <summary>Brings a state machine to the end of a journal: from the newest snapshot that is sound, else from the first byte.</summary>
/// <remarks>Nothing but the journal need be there or good. Not thread-safe.</remarks>
/// <param name="journal">Read to its end.</param>
/// <param name="snapshots">Those that are there.</param>
/// <param name="sealer">Seals what the journal has gone on from.</param>
/// <param name="sealedIds">Knows the ids of what is sealed.</param>
/// <param name="follower">Who is told of the frames.</param>
internal sealed class Opening(IJournal journal, SnapshotDirectory snapshots, Sealer sealer, SealedIds sealedIds, FrameFollower follower)
{
    private readonly List<string> notes = [];
    private long followed;

    /// <summary>Which snapshots could not be used, and why.</summary>
    public IReadOnlyList<string> Notes => notes;

    /// <summary>The snapshot that was used; null if there was none.</summary>
    public SnapshotHeader? Restored { get; private set; }

    /// <exception cref="LedgerDamagedException">The journal is damaged somewhere else than in a torn last frame.</exception>
    public LedgerState Run()
    {
        foreach (var segment in snapshots.List())
        {
            if (TryRunFrom(segment) is { } state) return state;
        }
        var replayed = new LedgerState();
        ReadOn(replayed, JournalMark.Beginning);
        return replayed;
    }

    private LedgerState? TryRunFrom(int segment)
    {
        try
        {
            using var snapshot = snapshots.Open(segment, out var mark);
            var state = Restore(snapshot);
            ReadOn(state, mark);
            Restored = snapshot.Header;
            return state;
        }
        catch (Exception problem)
        {
            // Whatever it is, the journal alone decides: what is wrong with that one comes out again when it is read without a snapshot.
            notes.Add($"{snapshots.PathOf(segment)} was not used: it {(problem is SnapshotException ? problem.Message : $"does not lead to the journal's end. {problem.Message}")}");
            return null;
        }
    }

    /// <exception cref="SnapshotException">It is damaged, or what it holds does not fit together.</exception>
    internal static LedgerState Restore(SnapshotReader snapshot)
    {
        var header = snapshot.Header;
        var state = new LedgerState();
        state.Expect(checked((int)header.Accounts));
        foreach (var account in snapshot.ReadAccounts()) state.Restore(account);
        if (!state.HasAllHeirs) throw new SnapshotException("has an account without its heir");
        foreach (var hold in snapshot.ReadHolds())
        {
            if (!state.TryRestore(hold)) throw new SnapshotException($"has a hold without its accounts, {hold.Id:x32}");
        }
        foreach (var refundable in snapshot.ReadRefundables())
        {
            if (!state.TryRestore(refundable, header.UnixMilliseconds)) throw new SnapshotException($"has a refundable without its accounts, {refundable.Id:x32}");
        }
        if (state.Digest != header.StateDigest) throw new SnapshotException($"has other balances than the journal at {header.Place}");
        state.StandAt(header.NextPosition, header.UnixMilliseconds);
        return state;
    }

    // What is before the mark is not carried out again; its ids are in sealed segments.
    private void ReadOn(LedgerState state, JournalMark mark)
    {
        var replay = new Replay(state, sealedIds);
        sealer.BeginAgain();
        using var ahead = new ReadAhead(journal.ReadFrames(BeginningFor(mark)), mark.Sequence);
        while (ahead.TryTake(out var frame, out var commands))
        {
            sealer.Pass(frame.Header);
            if (frame.Header.Sequence >= mark.Sequence) replay.Apply(frame, commands);
            if (frame.Header.Sequence < followed) continue;
            follower.Follow(frame);
            followed = frame.Header.Sequence + 1;
        }
        // Ids of a segment are known when it is sealed, and that is when the next one has begun.
        if (mark.Sequence > 0 && !sealer.HasSealed(mark)) throw new SnapshotException("does not stand at the end of a segment that the journal has gone on from");
    }

    // Behind the snapshot; or earlier, at the head of the segment where the follower goes on, as segments are sealed whole.
    private JournalMark BeginningFor(JournalMark mark)
    {
        if (follower.From.Sequence >= mark.Sequence) return mark;
        var head = new FramePlace(follower.From.Place.Segment, 1);
        return journal.TryReadHeader(head, out var first) ? new(head, first.Sequence, first.FirstPosition, first.PreviousHash) : JournalMark.Beginning;
    }
}

/// <summary>Who is told of a journal's frames while it is opened: each from a mark on once, in order, and maybe some before it.</summary>
internal readonly record struct FrameFollower(JournalMark From, Action<Frame> Follow);
