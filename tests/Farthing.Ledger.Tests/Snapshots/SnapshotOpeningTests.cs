using Farthing.Ledger.Journal;
using Farthing.Ledger.Journal.Sealing;
using Farthing.Ledger.Snapshots;
using Farthing.Ledger.Tests.State;
using Farthing.Protocol;
using Microsoft.Extensions.Time.Testing;

namespace Farthing.Ledger.Tests.Snapshots;

/// <summary>Whole ledgers with segments of 1 MiB: what snapshots they make, and what they are opened from when snapshots are good, bad or gone.</summary>
public class SnapshotOpeningTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Opened_from_a_snapshot_or_from_the_first_byte_a_ledger_writes_the_same_records(int seed)
    {
        using var directory = new TemporaryDirectory();
        using var copy = new TemporaryDirectory();
        var chains = new RandomChains(seed);
        var time = new FakeTimeProvider(DateTimeOffset.FromUnixTimeMilliseconds(chains.Now));
        await using (var ledger = TestLedger.Open(directory, time))
        {
            foreach (var chain in chains.Beginning()) await ledger.SubmitAsync(chain);
            while (Segments(directory) < 4) await RoundAsync(ledger, chains, time);
            await SnapshotAsync(directory, ledger, through: 1);
        }
        CopyAll(directory.Path, copy.Path);
        Directory.Delete(Snapshots(copy), recursive: true);

        // More of the same to both, in a known order; those that made the chains before remember what can be cited.
        var next = new List<(long Now, Command[] Chain)>();
        await using (var ledger = TestLedger.Open(directory, time))
        {
            Assert.Empty(ledger.RecoveryNotes);
            Assert.True(ledger.SnapshotSize > 0);
            for (var i = 0; i < 400; i++)
            {
                if (i % 10 == 0) chains.PassTime();
                var chain = chains.NextChain();
                next.Add((chains.Now, chain));
                time.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(chains.Now));
                chains.Learn(chain, await ledger.SubmitAsync(chain));
            }
        }
        time = new FakeTimeProvider(DateTimeOffset.FromUnixTimeMilliseconds(next[0].Now));
        // Nothing to open from; one is made meanwhile.
        Assert.False(Directory.Exists(Snapshots(copy)));
        await using (var ledger = TestLedger.Open(copy, time))
        {
            foreach (var (now, chain) in next)
            {
                time.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(now));
                await ledger.SubmitAsync(chain);
            }
        }
        var (restored, replayed) = (Records(directory), Records(copy));
        // Which records share a batch is the machine's doing.
        Assert.True(restored.Count > 300, $"Only {restored.Count} batches.");
        Assert.True(string.Concat(replayed) == string.Concat(restored), "The records differ.");
        Assert.True(LedgerCheck.Run(directory.Path).IsSound);
    }

    [Fact]
    public async Task Two_generations_are_kept_and_the_older_one_serves_when_the_newer_is_gone()
    {
        using var directory = await MakeAsync();
        Assert.Equal(2, Files(directory).Length);
        var newest = Open(directory);
        File.Delete(Files(directory)[1]);
        var older = Open(directory);
        Assert.InRange(older, 1, newest - 1);
        File.Delete(Files(directory)[0]);
        Assert.Equal(0, Open(directory));
    }

    [Fact]
    public async Task A_flipped_bit_anywhere_in_a_snapshot_is_noticed_and_named()
    {
        using var directory = await MakeAsync();
        var (path, older) = NewestAndSizeOfOlder(directory);
        var sound = File.ReadAllBytes(path);
        for (var at = 0; at < sound.Length; at += at < SnapshotHeader.Length ? 3 : 1)
        {
            var bytes = sound.ToArray();
            bytes[at] ^= (byte)(1 << (at % 8));
            File.WriteAllBytes(path, bytes);
            Assert.Equal(older, Open(directory, $"{path} was not used: it "));
        }
    }

    [Fact]
    public async Task A_shortened_or_lengthened_snapshot_is_noticed_and_named()
    {
        using var directory = await MakeAsync();
        var (path, older) = NewestAndSizeOfOlder(directory);
        var sound = File.ReadAllBytes(path);
        foreach (var length in new[] { 0, 1, SnapshotHeader.Length - 1, SnapshotHeader.Length, sound.Length - 1, sound.Length + 1 })
        {
            var bytes = sound.ToArray();
            Array.Resize(ref bytes, length);
            File.WriteAllBytes(path, bytes);
            Assert.Equal(older, Open(directory, $"{path} was not used: it "));
        }
    }

    [Fact]
    public async Task Without_a_sound_snapshot_everything_is_replayed_and_a_new_one_is_made()
    {
        using var directory = await MakeAsync();
        var size = 0L;
        foreach (var path in Files(directory)) File.WriteAllText(path, "not a snapshot");
        File.WriteAllText(Files(directory)[1] + ".new", "half a snapshot");
        await using (var ledger = TestLedger.Open(directory))
        {
            Assert.Equal(2, ledger.RecoveryNotes.Count);
            size = ledger.DurableSize;
            // What was sealed before is enough for a new one at once.
            await SnapshotAsync(directory, ledger, through: 2);
        }
        Assert.Single(Files(directory));
        Assert.Empty(Directory.GetFiles(Snapshots(directory), "*.new"));
        Assert.InRange(Open(directory), 1, size);
    }

    [Fact]
    public async Task A_snapshot_of_another_journal_is_refused()
    {
        using var directory = await MakeAsync();
        using var other = await MakeAsync();
        var (path, older) = NewestAndSizeOfOlder(directory);
        File.Copy(Files(other)[1], path, overwrite: true);
        Assert.Equal(older, Open(directory, $"{path} was not used: it belongs to another journal"));
    }

    [Fact]
    public async Task A_snapshot_under_anothers_name_is_refused()
    {
        using var directory = await MakeAsync();
        var (path, older) = NewestAndSizeOfOlder(directory);
        var wrong = Path.Combine(Snapshots(directory), SnapshotDirectory.FileName(77));
        File.Move(path, wrong);
        Assert.Equal(older, Open(directory, $"{wrong} was not used: it has another's name"));
    }

    [Fact]
    public async Task A_snapshot_whose_segments_are_gone_is_refused()
    {
        using var directory = await MakeAsync();
        // An old backup of the journal under newer snapshots, and no checkpoint that tells.
        var files = Files(directory);
        for (var number = Segments(directory) - 1; number >= 1; number--) File.Delete(directory.Segment(number));
        File.Delete(Path.Combine(directory.Path, "checkpoint"));
        await using var ledger = TestLedger.Open(directory);
        Assert.Equal(files.Length, ledger.RecoveryNotes.Count);
        Assert.All(ledger.RecoveryNotes, note => Assert.Contains("that the journal does not have", note));
        Assert.Equal(0, ledger.SnapshotSize);
        Assert.True(ledger.DurableSize > 0);
    }

    [Fact]
    public async Task A_directory_that_cannot_hold_snapshots_stops_no_payment()
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllText(Snapshots(directory), "in the way");
        await using var ledger = TestLedger.Open(directory);
        await TestLedger.FundAsync(ledger, 1_000_000_000);
        await FillAsync(ledger, directory, segments: 3);
        await TestLedger.UntilAsync(() => new(ledger.SnapshotProblem is not null));
        Assert.Null(ledger.NotReadyReason);
        Assert.Contains("No snapshot could be written", ledger.SnapshotProblem);
        Assert.DoesNotContain(directory.Path, ledger.SnapshotProblem);

        File.Delete(Snapshots(directory));
        await FillAsync(ledger, directory, segments: Segments(directory) + 1);
        await TestLedger.UntilAsync(() => new(ledger.SnapshotSize > 0));
        Assert.Null(ledger.SnapshotProblem);
    }

    private static string Snapshots(TemporaryDirectory directory) => Path.Combine(directory.Path, "snapshots");

    private static string[] Files(TemporaryDirectory directory) => [.. Directory.GetFiles(Snapshots(directory), "*.snapshot").Order()];

    private static int Segments(TemporaryDirectory directory) => Directory.GetFiles(directory.Journal, "*.segment").Length;

    /// <summary>A closed ledger of a few segments with two snapshots.</summary>
    private static async Task<TemporaryDirectory> MakeAsync()
    {
        var directory = new TemporaryDirectory();
        await using var ledger = TestLedger.Open(directory);
        await TestLedger.FundAsync(ledger, 1_000_000_000);
        for (var segments = 2; segments <= 4; segments++)
        {
            await FillAsync(ledger, directory, segments);
            await SnapshotAsync(directory, ledger, through: segments - 2);
        }
        return directory;
    }

    /// <summary>Submits until there are so many segments and the last one is in use.</summary>
    private static async Task FillAsync(Ledger ledger, TemporaryDirectory directory, int segments)
    {
        var memo = new byte[Command.MaxMemoLength];
        while (Segments(directory) <= segments)
        {
            var id = (UInt128)(ulong)ledger.DurableSize + 1_000_000;
            var commands = Enumerable.Range(0, 64).Select(i =>
                Command.Transfer(id + (UInt128)i, 7, TestLedger.Alice, TestLedger.Shop, TestLedger.Usd(1), TransferCode.Payment, memo: memo));
            Assert.All(await ledger.SubmitAsync([.. commands]), result => Assert.Equal(Outcome.Done, result.Outcome));
        }
    }

    private static async Task RoundAsync(Ledger ledger, RandomChains chains, FakeTimeProvider time)
    {
        chains.PassTime();
        time.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(chains.Now));
        var waiting = Enumerable.Range(0, 40).Select(_ => chains.NextChain()).Select(chain => (chain, ledger.SubmitAsync(chain).AsTask())).ToList();
        foreach (var (chain, answer) in waiting) chains.Learn(chain, await answer);
    }

    /// <summary>Waits for the snapshot behind a segment, or a newer one: the follower leaves out those that it is too late for.</summary>
    private static Task SnapshotAsync(TemporaryDirectory directory, Ledger ledger, int through) => TestLedger.UntilAsync(() =>
    {
        Assert.Null(ledger.SnapshotProblem);
        return new(ledger.SnapshotSize > 0 && Files(directory) is [.., var newest] && string.CompareOrdinal(Path.GetFileName(newest), SnapshotDirectory.FileName(through)) >= 0);
    });

    private static (string Newest, long SizeOfOlder) NewestAndSizeOfOlder(TemporaryDirectory directory)
    {
        var (newest, aside) = (Files(directory)[1], Path.Combine(directory.Path, "aside"));
        File.Move(newest, aside);
        var older = Open(directory);
        File.Move(aside, newest);
        return (newest, older);
    }

    /// <summary>How many records the snapshot covers that an opening begins with, which makes these notes on its way.</summary>
    private static long Open(TemporaryDirectory directory, params string[] notes)
    {
        using var journal = FileJournal.Open(directory.Journal, TestLedger.SegmentBytes);
        var next = JournalMark.Beginning;
        var files = new IndexFiles(journal, directory.Journal);
        var segments = new SealedSegments(files, journal.Number);
        var frames = new FrameIndex(segments);
        using var sealer = new Sealer(files, segments, (message, error) => throw new InvalidOperationException(message, error));
        var opening = new Opening(journal, new(directory.Path, journal), sealer, new(segments, new(journal, frames)), new(JournalMark.Beginning, frame =>
        {
            frames.Add(frame.Header);
            next = JournalMark.After(frame.Header);
        }));
        Assert.Equal(opening.Run().NextPosition, next.Position);
        Assert.Equal(notes.Length, opening.Notes.Count);
        Assert.All(notes.Zip(opening.Notes), pair => Assert.StartsWith(pair.First, pair.Second));
        return opening.Restored?.NextPosition ?? 0;
    }

    private static List<string> Records(TemporaryDirectory directory)
    {
        using var journal = FileJournal.Open(directory.Journal, TestLedger.SegmentBytes);
        return [.. journal.ReadFrames(JournalMark.Beginning).Select(frame => Convert.ToHexString(frame.Records.Span))];
    }

    private static void CopyAll(string from, string to)
    {
        foreach (var path in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, path));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(path, target, overwrite: true);
        }
    }
}
