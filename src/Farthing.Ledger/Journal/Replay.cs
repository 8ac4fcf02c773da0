using Farthing.Ledger.State;

namespace Farthing.Ledger.Journal;

/// <summary>Carries out a journal's batches again, and holds the outcome against what is written. Not thread-safe.</summary>
internal sealed class Replay(LedgerState state)
{
    private readonly BatchBuffer buffer = new();
    private readonly List<Command> chain = [];
    private readonly List<JournalRecord> remembered = [];
    private CommandResult[] results = new CommandResult[32];

    /// <exception cref="LedgerDamagedException">The records cannot be read, or carrying them out gives something else.</exception>
    public void Apply(Frame frame)
    {
        var header = frame.Header;
        if (header.UnixMilliseconds < state.UnixMilliseconds) throw Damage.At(header, "its time is before that of the batch before it");
        buffer.Clear();
        state.BeginBatch(header.UnixMilliseconds, buffer);

        var bytes = frame.Records.Span;
        for (var index = 0; index < header.RecordCount; index++)
        {
            var record = Read(header, index, ref bytes);
            // Expiries come by themselves at the head of a batch.
            if (record.Command.Kind == RecordKind.Expire) continue;
            if (record.ChainIndex == 0) ApplyChain();
            chain.Add(record.ToCommand());
        }
        ApplyChain();

        if (!bytes.IsEmpty || !buffer.Bytes.AsSpan(0, buffer.Length).SequenceEqual(frame.Records.Span))
            throw Damage.At(header, "carrying out its commands again gives other records");
        if (state.Digest != header.StateDigest) throw Damage.At(header, "carrying out its commands again gives other balances");
    }

    /// <summary>Takes from a batch only what its ids were bound to: the rest of what it did was restored.</summary>
    /// <exception cref="LedgerDamagedException">The records cannot be read.</exception>
    public void Remember(Frame frame)
    {
        var bytes = frame.Records.Span;
        for (var index = 0; index < frame.Header.RecordCount; index++)
        {
            var record = Read(frame.Header, index, ref bytes);
            remembered.Add(record);
            if (!record.Command.Linked) RememberChain();
        }
    }

    private static JournalRecord Read(in FrameHeader header, int index, ref ReadOnlySpan<byte> bytes)
    {
        if (!RecordCodec.TryRead(bytes, header.FirstPosition + index, header.UnixMilliseconds, out var record, out var length))
            throw Damage.At(header, $"record {header.FirstPosition + index} cannot be read");
        bytes = bytes[length..];
        return record;
    }

    private void RememberChain()
    {
        var boundCount = remembered.Count(record => LedgerState.BindsItsId(record.Command));
        var boundIndex = 0;
        for (var i = 0; i < remembered.Count; i++)
        {
            var record = remembered[i];
            var binds = LedgerState.BindsItsId(record.Command);
            state.Remember(record, new(record.Position, i, i == remembered.Count - 1, boundIndex, binds && boundIndex == boundCount - 1));
            if (binds) boundIndex++;
        }
        remembered.Clear();
    }

    private void ApplyChain()
    {
        if (chain.Count == 0) return;
        if (results.Length < chain.Count) results = new CommandResult[chain.Count];
        state.ApplyChain(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(chain), results.AsSpan(0, chain.Count), buffer);
        chain.Clear();
    }
}
