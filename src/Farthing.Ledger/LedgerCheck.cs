using Farthing.Ledger.Journal;
using Farthing.Ledger.Journal.Sealing;
using Farthing.Ledger.Proofs;
using Farthing.Ledger.State;
using Farthing.Protocol;
using Microsoft.Win32.SafeHandles;

namespace Farthing.Ledger;

/// <summary>Reads a journal from its first byte, carries everything out again, and says what it found. Changes nothing.</summary>
/// <remarks>
/// Believes no index that is there. Ids of segments that were read are sought in indexes of its own, among the system's temporary files: some 30 bytes an id, in memory
/// if there is no room. So it takes the memory of the accounts and of a segment.
/// </remarks>
public static class LedgerCheck
{
    /// <summary>Checks the journal of a data directory.</summary>
    /// <param name="directory">The directory given in <see cref="LedgerOptions.Directory"/>. It is not locked: while a ledger is running on it, a batch that is
    /// just being written may show as a torn end.</param>
    /// <param name="key">If given, the stored checkpoint's signature is checked too.</param>
    /// <returns>What was found; damage is part of it, not an exception.</returns>
    /// <exception cref="DirectoryNotFoundException">There is no journal.</exception>
    public static LedgerCheckReport Run(string directory, CheckpointKey? key = null)
    {
        ArgumentNullException.ThrowIfNull(directory);
        return Run(directory, key, Disk.Real);
    }

    internal static LedgerCheckReport Run(string directory, CheckpointKey? key, Disk disk)
    {
        var checkpoint = StoredCheckpoint.Read(directory, key, disk);
        var state = new LedgerState();
        var tree = new JournalTree(checkpoint?.Size ?? 0);
        var report = new LedgerCheckReport { Root = tree.Root(), Totals = new Dictionary<Asset, (UInt128, UInt128)>() };
        try
        {
            using var journal = FileJournal.OpenForReading(FileJournal.DirectoryIn(directory), disk);
            if (journal is null) return report with { Damage = $"There is no segment in {FileJournal.DirectoryIn(directory)}." };
            using var scratch = new ScratchDirectory();
            var indexes = new IndexFiles(journal, scratch.Path, ScratchDisk.Instance);
            var segments = new SealedSegments(indexes, journal.Number);
            var replay = new Replay(state, new(segments, new(journal, new(segments))));
            foreach (var frame in journal.ReadFrames(JournalMark.Beginning))
            {
                if (frame.Header.Place.Segment > segments.Count) segments.Add(indexes.OpenOrMake(segments.Count, frame.Header.PreviousHash, frame.Header.FirstPosition));
                replay.Apply(frame);
                tree.Add(frame);
                report = report with { Batches = report.Batches + 1 };
            }
            report = report with { TornBytes = journal.TornBytes };
        }
        catch (LedgerDamagedException damage)
        {
            report = report with { Damage = damage.Message };
        }

        report = report with { Records = tree.Size, Totals = state.Totals(), Root = tree.Root() };
        return checkpoint is null ? report : report with { Checkpoint = Compare(checkpoint, tree) };
    }

    private static CheckpointFinding Compare(StoredCheckpoint checkpoint, JournalTree tree)
    {
        if (checkpoint.Problem is { } problem) return new(checkpoint.Size, false, problem);
        if (checkpoint.Size > tree.Size) return new(checkpoint.Size, false, $"It signs {checkpoint.Size} records, but {tree.Size} can be read.");
        return tree.RootAtMark().AsSpan().SequenceEqual(checkpoint.Root)
            ? new(checkpoint.Size, true, "Its root is that of the journal's records.")
            : new(checkpoint.Size, false, "Its root is not that of the journal's records.");
    }

    private sealed class ScratchDirectory : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("farthing-check-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }

    // What is thrown away at the end need not outlast a power failure.
    private sealed class ScratchDisk : Disk
    {
        public static ScratchDisk Instance { get; } = new();

        public override void FlushFile(SafeFileHandle file, string path)
        {
        }

        public override void FlushDirectory(string path)
        {
        }
    }
}

/// <summary>What a check found.</summary>
public sealed record LedgerCheckReport
{
    /// <summary>How many records are sound.</summary>
    public long Records { get; init; }

    /// <summary>How many batches they were written in.</summary>
    public long Batches { get; init; }

    /// <summary>Per asset, everything that was ever debited and credited on accounts that are still there, posted, in the asset's units. The two are equal in a sound ledger.</summary>
    public required IReadOnlyDictionary<Asset, (UInt128 Debits, UInt128 Credits)> Totals { get; init; }

    /// <summary>The RFC 6962 root over the sound records, 32 bytes.</summary>
    public required byte[] Root { get; init; }

    /// <summary>The stored checkpoint; null if there is none.</summary>
    public CheckpointFinding? Checkpoint { get; init; }

    /// <summary>Bytes of a last batch whose write did not finish; the next start cuts them. Nothing in them was acknowledged.</summary>
    public long TornBytes { get; init; }

    /// <summary>The first damage with its file and offset, and what to do; null if there is none.</summary>
    public string? Damage { get; init; }

    /// <summary>True if nothing is wrong: no damage, debits equal credits, and the checkpoint matches. A torn end is not wrong.</summary>
    public bool IsSound => Damage is null && Checkpoint is not { Matches: false } && Totals.Values.All(total => total.Debits == total.Credits);
}

/// <summary>What a check found about the stored checkpoint.</summary>
/// <param name="Size">How many records it signs.</param>
/// <param name="Matches">True if the journal has them.</param>
/// <param name="Finding">The same in a sentence.</param>
public sealed record CheckpointFinding(long Size, bool Matches, string Finding);
