using System.Runtime.InteropServices;
using Farthing.Ledger.Journal.Sealing;
using Farthing.Ledger.State;

namespace Farthing.Ledger.Journal;

/// <summary>Carries out a journal's batches again, and holds the outcome against what is written. Not thread-safe.</summary>
/// <param name="state">What they are carried out on.</param>
/// <param name="sealedIds">Knows the ids that the state was told to leave to sealed segments; null if it keeps all.</param>
internal sealed class Replay(LedgerState state, SealedIds? sealedIds = null)
{
    private readonly BatchBuffer buffer = new();
    private readonly List<Command> chain = [];
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

    private static JournalRecord Read(in FrameHeader header, int index, ref ReadOnlySpan<byte> bytes)
    {
        if (!RecordCodec.TryRead(bytes, header.FirstPosition + index, header.UnixMilliseconds, out var record, out var length))
            throw Damage.At(header, $"record {header.FirstPosition + index} cannot be read");
        bytes = bytes[length..];
        return record;
    }

    private void ApplyChain()
    {
        if (chain.Count == 0) return;
        if (results.Length < chain.Count) results = new CommandResult[chain.Count];
        var commands = CollectionsMarshal.AsSpan(chain);
        sealedIds?.Prepare(state, commands);
        state.ApplyChain(commands, results.AsSpan(0, chain.Count), buffer);
        chain.Clear();
    }
}
