using System.Collections.Concurrent;
using Farthing.Ledger.Journal;
using Farthing.Ledger.Snapshots;
using Farthing.Ledger.State;
using Farthing.Ledger.Tests.Journal;
using Farthing.Ledger.Tests.Journal.Sealing;
using Farthing.Ledger.Tests.State;

namespace Farthing.Ledger.Tests.Snapshots;

/// <summary>Snapshots of random ledgers, each made out of the one before and of records, and what a ledger restored from one does.</summary>
public class SnapshotStateTests
{
    private static readonly int Worlds = Environment.GetEnvironmentVariable("FARTHING_LONG") == "1" ? 1_000 : 100;
    private const int BatchesPerWorld = 150;
    private const int LeastSaved = 500;

    [Fact]
    public void A_restored_ledger_goes_on_as_the_one_that_replayed_everything()
    {
        var saved = new ConcurrentDictionary<string, long>();
        Parallel.For(0, Worlds, seed =>
        {
            using var directory = new TemporaryDirectory();
            var journal = RunJournal(seed);
            var frames = journal.ReadFrames(JournalMark.Beginning).ToList();
            string? before = null;
            for (int from = 0, until; from < frames.Count; from = until)
            {
                until = frames.FindLastIndex(frame => frame.Header.Place.Segment == frames[from].Header.Place.Segment) + 1;
                var path = Path.Combine(directory.Path, $"{until}");
                var header = Make(before, frames.GetRange(from, until - from), path);
                saved.AddOrUpdate("accounts", header.Accounts, (_, sum) => sum + header.Accounts);
                var ends = ReadParts(path).Item1.Count(account => !account.End.IsNever);
                saved.AddOrUpdate("accounts that end", ends, (_, sum) => sum + ends);
                saved.AddOrUpdate("holds", header.Holds, (_, sum) => sum + header.Holds);
                saved.AddOrUpdate("refundables", header.Refundables, (_, sum) => sum + header.Refundables);
                GoOn(seed, path, journal, until);
                before = path;
            }
        });
        Assert.Equal(4, saved.Count);
        Assert.All(saved, kind => Assert.True(kind.Value > LeastSaved, $"Only {kind.Value} {kind.Key} were saved."));
    }

    [Fact]
    public void The_same_snapshot_comes_out_however_many_steps_lead_to_it()
    {
        using var directory = new TemporaryDirectory();
        var frames = Run(seed: 7);
        var atOnce = Path.Combine(directory.Path, "at once");
        Make(null, frames, atOnce);
        string? before = null;
        for (var i = 0; i < frames.Count; i += 10)
        {
            var path = Path.Combine(directory.Path, $"{i}");
            Make(before, frames.GetRange(i, Math.Min(10, frames.Count - i)), path);
            before = path;
        }
        Assert.Equal(ReadAll(atOnce), ReadAll(before!));
    }

    [Fact]
    public void Changes_on_top_of_the_wrong_snapshot_are_refused()
    {
        using var directory = new TemporaryDirectory();
        var frames = Run(seed: 3);
        var early = Path.Combine(directory.Path, "early");
        var half = frames.Count / 2;
        Make(null, frames.GetRange(0, half), early);
        // The first half is there twice, or not at all.
        Assert.Throws<InvalidOperationException>(() => Make(early, frames, early + " 1"));
        Assert.Throws<InvalidOperationException>(() => Make(null, frames.GetRange(half, frames.Count - half), early + " 2"));
    }

    /// <summary>The frames of a random ledger.</summary>
    internal static List<Frame> Run(int seed) => [.. RunJournal(seed).ReadFrames(JournalMark.Beginning)];

    // The journal of a random ledger, in segments of up to sixty frames.
    private static MemoryJournal RunJournal(int seed)
    {
        var chains = new RandomChains(seed);
        var random = new Random(seed);
        var ledger = new RecordedLedger();
        for (var next = chains.Beginning(); ledger.Batches.Count < BatchesPerWorld; next = [.. Enumerable.Range(0, random.Next(0, 12)).Select(_ => chains.NextChain())])
        {
            var answers = ledger.Apply(chains.Now, next);
            for (var i = 0; i < next.Length; i++) chains.Learn(next[i], answers[i]);
            chains.PassTime();
        }
        var journal = new MemoryJournal(segmentBlocks: 10_000);
        var left = random.Next(1, 60);
        foreach (var batch in ledger.Batches)
        {
            IndexedJournal.Append(journal, batch.FirstPosition, batch.Time, batch.Digest, batch.Records().Select(record => record.Bytes));
            if (--left > 0) continue;
            journal.BeginSegment();
            left = random.Next(1, 60);
        }
        return journal;
    }

    internal static SnapshotHeader Make(string? before, List<Frame> frames, string path)
    {
        using var reader = before is null ? null : new SnapshotReader(before);
        using var writer = new SnapshotWriter(path);
        var changes = new SnapshotChanges();
        foreach (var frame in frames) changes.Add(frame);
        changes.Merge(reader, writer);
        return writer.Complete(SnapshotHeader.Behind(5, frames[^1].Header));
    }

    private static void GoOn(int seed, string path, MemoryJournal journal, int from)
    {
        var frames = journal.ReadFrames(JournalMark.Beginning).ToList();
        using var reader = new SnapshotReader(path);
        var state = Opening.Restore(reader);
        Assert.Equal(frames[from - 1].Header.StateDigest, state.Digest);
        Assert.Equal(frames[from - 1].Header.EndPosition, state.NextPosition);
        var replay = new Replay(state, IndexedJournal.Seal(journal, frames[from - 1].Header.Place.Segment + 1));
        try
        {
            // Applying a frame compares each byte of its records, and the digest.
            foreach (var frame in frames.Skip(from)) replay.Apply(frame);
        }
        catch (LedgerDamagedException error)
        {
            Assert.Fail($"World {seed}, restored behind batch {from - 1}: {error.Message}");
        }
    }

    private static (List<SavedAccount>, List<SavedHold>, List<SavedRefundable>) ReadParts(string path)
    {
        using var reader = new SnapshotReader(path);
        return ([.. reader.ReadAccounts()], [.. reader.ReadHolds()], [.. reader.ReadRefundables()]);
    }

    private static string ReadAll(string path)
    {
        var (accounts, holds, refundables) = ReadParts(path);
        Assert.True(accounts.Count > 5 && holds.Count > 0 && refundables.Count > 0);
        return string.Join('\n', accounts) + string.Join('\n', holds) + string.Join('\n', refundables);
    }
}
