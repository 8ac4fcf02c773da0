using Farthing.Protocol;

namespace Farthing.Ledger.State;

/// <summary>Where the state machine writes its records: the payload of one batch.</summary>
/// <remarks>Not thread-safe; used by the writer, then handed over whole.</remarks>
internal sealed class BatchBuffer
{
    // Written only by RecordCodec. Offsets[i] is where record i begins in Bytes.
    public byte[] Bytes = new byte[64 << 10];
    public int Length;
    public List<int> Offsets { get; } = [];
    public void Clear() { Length = 0; Offsets.Clear(); }
}

/// <summary>The ledger's state machine: no clock, no I/O, no async. The same commands at the same times give the same state and the same bytes.</summary>
/// <remarks>Not thread-safe: the owner serialises.</remarks>
internal sealed class LedgerState
{
    /// <summary>The position of the next record.</summary>
    public long NextPosition => throw new NotImplementedException();

    /// <summary>The last batch's time, Unix milliseconds.</summary>
    public long UnixMilliseconds => throw new NotImplementedException();

    /// <summary>An order-independent digest of all accounts and open holds, kept up to date as they change.</summary>
    public UInt128 Digest => throw new NotImplementedException();

    /// <summary>When the next hold expires, or long.MaxValue.</summary>
    public long NextDeadline => throw new NotImplementedException();

    /// <summary>Begins a batch: sets the time, which must not go back, and journals the expiries that are due, at most 1,024 and the rest of the last one's chain.</summary>
    public void BeginBatch(long unixMilliseconds, BatchBuffer buffer) => throw new NotImplementedException();

    /// <summary>Carries out one chain, all or none; appends its records, refused ones included, unless the refusal is one that is not journaled or all are duplicates.</summary>
    public void ApplyChain(ReadOnlySpan<Command> chain, Span<CommandResult> results, BatchBuffer buffer) => throw new NotImplementedException();

    public bool TryGetAccount(UInt128 id, out AccountSnapshot account) => throw new NotImplementedException();

    /// <summary>Where the record bound to an id stands.</summary>
    public bool TryGetPosition(UInt128 id, out long position) => throw new NotImplementedException();

    /// <summary>The newest record that cites an id, or -1.</summary>
    public long LastCitation(UInt128 id) => throw new NotImplementedException();

    /// <summary>Open holds with a code, oldest first.</summary>
    public List<UInt128> OpenHolds(TransferCode code) => throw new NotImplementedException();

    /// <summary>Totals per asset of posted debits and credits over all accounts; equal if the ledger is sound.</summary>
    public IReadOnlyDictionary<Asset, (UInt128 Debits, UInt128 Credits)> Totals() => throw new NotImplementedException();
}

/// <summary>The bytes of a record, little-endian and variable-length; <c>docs/spec/journal.md</c> describes each one.</summary>
internal static class RecordCodec
{
    public static void Append(BatchBuffer buffer, in JournalRecord record) => throw new NotImplementedException();

    /// <summary>Reads the record that begins at the start of <paramref name="bytes"/>. The memo is copied.</summary>
    /// <returns>False for malformed bytes. Never throws.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, long position, long unixMilliseconds, out JournalRecord record, out int length) => throw new NotImplementedException();
}
