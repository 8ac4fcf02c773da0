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
    private readonly List<Command> read = [];
    private CommandResult[] results = new CommandResult[LedgerState.MaxChainLength];

    /// <exception cref="LedgerDamagedException">The records cannot be read, or carrying them out gives something else.</exception>
    public void Apply(Frame frame)
    {
        read.Clear();
        ReadCommands(frame, read);
        Apply(frame, CollectionsMarshal.AsSpan(read));
    }

    /// <param name="frame">The batch.</param>
    /// <param name="commands">What <see cref="ReadCommands"/> found in it.</param>
    /// <exception cref="LedgerDamagedException">Carrying them out gives something else.</exception>
    public void Apply(Frame frame, ReadOnlySpan<Command> commands)
    {
        var header = frame.Header;
        if (header.UnixMilliseconds < state.UnixMilliseconds) throw Damage.At(header, "its time is before that of the batch before it");
        buffer.Clear();
        state.BeginBatch(header.UnixMilliseconds, buffer);
        for (var start = 0; start < commands.Length;)
        {
            var length = 1;
            while (start + length < commands.Length && commands[start + length - 1].Linked) length++;
            state.PrefetchBehind(commands, start, length);
            ApplyChain(commands.Slice(start, length));
            start += length;
        }

        if (!buffer.Bytes.AsSpan(0, buffer.Length).SequenceEqual(frame.Records.Span))
            throw Damage.At(header, "carrying out its commands again gives other records");
        if (state.Digest != header.StateDigest) throw Damage.At(header, "carrying out its commands again gives other balances");
    }

    /// <summary>Adds the commands that a batch was made from. Expiries and ends of accounts are none: they come by themselves at its head.</summary>
    /// <exception cref="LedgerDamagedException">A record cannot be read.</exception>
    public static void ReadCommands(Frame frame, List<Command> commands)
    {
        var header = frame.Header;
        var bytes = frame.Records.Span;
        for (var position = header.FirstPosition; position < header.EndPosition; position++)
        {
            if (!RecordCodec.TryRead(bytes, position, header.UnixMilliseconds, out var record, out var length)) throw Damage.At(header, $"record {position} cannot be read");
            bytes = bytes[length..];
            if (!record.IsMadeByLedger) commands.Add(record.ToCommand());
        }
    }

    private void ApplyChain(ReadOnlySpan<Command> chain)
    {
        if (results.Length < chain.Length) results = new CommandResult[chain.Length];
        sealedIds?.Prepare(state, chain);
        state.ApplyChain(chain, results.AsSpan(0, chain.Length), buffer);
    }
}
