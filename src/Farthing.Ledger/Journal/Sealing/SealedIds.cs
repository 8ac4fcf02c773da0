using Farthing.Ledger.State;

namespace Farthing.Ledger.Journal.Sealing;

/// <summary>Tells the state machine what sealed segments bind, before each chain; and others, whenever they ask.</summary>
/// <remarks><see cref="Prepare"/> is for the one who applies chains; the rest is thread-safe.</remarks>
internal sealed class SealedIds(SealedSegments segments, RecordReader records)
{
    // Owned by the one who applies: the chain that was read last.
    private readonly List<JournalRecord> chain = [];
    private long chainStart = -1;

    /// <summary>Looks up what only sealed segments know of a chain's ids. To be called before each chain is applied.</summary>
    /// <exception cref="LedgerDamagedException">A record that decides cannot be read, or is not what was written. The chain must not be applied; others may.</exception>
    public void Prepare(LedgerState state, ReadOnlySpan<Command> commands)
    {
        // The state says what it has left to them: an opening may begin again with another state.
        if (segments.EndPosition != state.SealedEnd)
        {
            var (times, end) = segments.Extent;
            state.ForgetIds(end, times);
        }
        foreach (var id in state.SeekIds(commands))
        {
            if (TryFind(id, out var record)) state.TellId(EntryOf(record), ResolutionOf(record));
        }
    }

    /// <summary>The record of a sealed segment that binds an id.</summary>
    /// <exception cref="LedgerDamagedException">It cannot be read, or is not what was written.</exception>
    public bool TryFind(UInt128 id, out JournalRecord record)
    {
        record = default;
        for (var isSecond = false; segments.TryFind(id, out var position); isSecond = true)
        {
            record = records.ReadChecked(position);
            if (record.Command.Id == id && !record.IsMadeByLedger) return true;
            Distrust(position, isSecond);
        }
        return false;
    }

    /// <summary>The newest record in sealed segments that posts, voids, expires or refunds an id, or -1.</summary>
    /// <remarks>Only the segments from the one on that binds the id are asked.</remarks>
    public long LastCitation(UInt128 id) => segments.TryFind(id, out var boundAt) ? segments.LastCitation(id, boundAt) : -1;

    private Citation? ResolutionOf(in JournalRecord record)
    {
        if (record.Command.Kind != RecordKind.Hold || record.Outcome != Outcome.Done) return null;
        for (var isSecond = false; segments.LastCitation(record.Command.Id, record.Position) is >= 0 and var position; isSecond = true)
        {
            var citing = records.ReadChecked(position);
            if (citing.Command.Cited == record.Command.Id) return new(citing.Command.Cited, position, citing.Command.Kind);
            Distrust(position, isSecond);
        }
        return null;
    }

    // An index named a record that is as it was written, but not what the index says.
    private void Distrust(long position, bool isSecond)
    {
        if (isSecond) throw new LedgerDamagedException($"The index of the segment of record {position} is wrong, and was just made. Check the disk and the memory.");
        segments.Distrust(position);
    }

    private IdEntry EntryOf(in JournalRecord record)
    {
        ReadChain(record);
        var (before, isLastBound) = (0, true);
        foreach (var other in chain)
        {
            if (other.Command.Kind == RecordKind.OpenAccount) continue;
            if (other.Position < record.Position) before++;
            if (other.Position > record.Position) isLastBound = false;
        }
        return new(record.Command.Id, record.Command.Digest, record.Position, record.Command.Kind, record.Outcome, record.ChainIndex, (byte)before, isLastBound);
    }

    // A repeated chain asks for each of its records: read once.
    private void ReadChain(in JournalRecord record)
    {
        var start = record.Position - record.ChainIndex;
        if (chainStart == start) return;
        chainStart = -1;
        chain.Clear();
        do chain.Add(records.ReadChecked(start + chain.Count));
        while (chain[^1].Command.Linked);
        chainStart = start;
    }
}
