using Farthing.Ledger.Journal;
using Farthing.Ledger.Journal.Sealing;
using Farthing.Protocol;
using Microsoft.Extensions.Time.Testing;

namespace Farthing.Ledger.Tests.Journal.Sealing;

/// <summary>A whole ledger over segments of 1 MiB: what is sealed is remembered as if it were not.</summary>
public class SealingTests
{
    private const int SegmentsOfStory = 3;
    private const long Day = 24 * 60 * 60 * 1000;

    private static readonly DateTimeOffset Start = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    // A segment takes some nine hundred of them.
    private static readonly byte[] LongMemo = [.. Enumerable.Repeat((byte)7, Command.MaxMemoLength)];

    [Fact]
    public async Task Repetitions_of_sealed_ids_are_answered_as_the_first_time_now_and_after_a_restart()
    {
        using var directory = new TemporaryDirectory();
        var time = new FakeTimeProvider(Start);
        Story story;
        await using (var ledger = TestLedger.Open(directory, time))
        {
            story = await Story.TellAsync(ledger, time);
            await SealedAsync(directory);
            await story.AssertRememberedAsync(ledger);
        }
        await using (var reopened = TestLedger.Open(directory, time)) await story.AssertRememberedAsync(reopened);
        Assert.True(LedgerCheck.Run(directory.Path).IsSound);
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("empty")]
    [InlineData("half")]
    [InlineData("header changed")]
    [InlineData("of another segment")]
    [InlineData("of another journal")]
    [InlineData("of another content")]
    public async Task An_index_that_is_not_right_is_made_again(string what)
    {
        using var directory = new TemporaryDirectory();
        var time = new FakeTimeProvider(Start);
        Story story;
        await using (var ledger = TestLedger.Open(directory, time))
        {
            story = await Story.TellAsync(ledger, time);
            await SealedAsync(directory);
        }

        var path = IndexPath(directory, 1);
        var sound = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        var header = SegmentIndexHeader.Read(sound)!;
        var bad = sound.ToArray();
        switch (what)
        {
            case "missing":
                File.Delete(path);
                break;
            case "empty":
                bad = [];
                break;
            case "half":
                bad = sound[..(sound.Length / 2)];
                break;
            case "header changed":
                bad[90] ^= 4;
                break;
            case "of another segment":
                bad = await File.ReadAllBytesAsync(IndexPath(directory, 0), TestContext.Current.CancellationToken);
                break;
            case "of another journal":
                (header with { Journal = header.Journal + 1 }).Write(bad);
                break;
            default:
                (header with { LastFrameHash = header.LastFrameHash + 1 }).Write(bad);
                break;
        }
        if (what != "missing") await File.WriteAllBytesAsync(path, bad, TestContext.Current.CancellationToken);

        await using var reopened = TestLedger.Open(directory, time);
        Assert.Equal(sound, await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken));
        await story.AssertRememberedAsync(reopened);
    }

    [Theory]
    [InlineData((int)IndexPart.Frames)]
    [InlineData((int)IndexPart.IdFilter)]
    [InlineData((int)IndexPart.Ids)]
    [InlineData((int)IndexPart.CitationFilter)]
    [InlineData((int)IndexPart.Citations)]
    [InlineData((int)IndexPart.Accounts)]
    [InlineData((int)IndexPart.Marks)]
    public async Task A_part_that_is_damaged_while_nobody_looked_is_made_again_when_somebody_does(int part)
    {
        using var directory = new TemporaryDirectory();
        var time = new FakeTimeProvider(Start);
        Story story;
        await using (var ledger = TestLedger.Open(directory, time))
        {
            story = await Story.TellAsync(ledger, time);
            await SealedAsync(directory);
        }

        var damaged = 0;
        for (var segment = 0; segment < SegmentsOfStory; segment++)
        {
            var header = SegmentIndexHeader.Read(await File.ReadAllBytesAsync(IndexPath(directory, segment), TestContext.Current.CancellationToken))!;
            using var file = DurableFile.OpenForWriting(IndexPath(directory, segment));
            if (header.LengthOf((IndexPart)part) == 0) continue;
            // All of it, so that whatever is asked of it would be answered wrongly.
            file.Write(new byte[header.LengthOf((IndexPart)part)], header.Offsets()[part]);
            damaged++;
        }
        Assert.True(damaged >= 1);
        await using var reopened = TestLedger.Open(directory, time);
        await story.AssertRememberedAsync(reopened);
    }

    [Fact]
    public async Task Opening_reads_nothing_that_a_snapshot_and_indexes_stand_for_and_damage_there_concerns_who_asks_for_it()
    {
        using var directory = new TemporaryDirectory();
        var time = new FakeTimeProvider(Start);
        Story story;
        await using (var ledger = TestLedger.Open(directory, time))
        {
            story = await Story.TellAsync(ledger, time);
            await SealedAsync(directory);
            await TestLedger.UntilAsync(() => new(ledger.SnapshotSize > 0));
        }
        // The second frame of the journal: nobody looks at it, except for a whole check and whoever needs what is in it.
        (long From, long End) damaged;
        using (var file = DurableFile.OpenForWriting(directory.Segment(0)))
        {
            var header = new byte[FrameHeader.Length];
            file.Read(header, Frame.BlockBytes);
            Assert.True(FrameHeader.TryRead(header, Frame.MaxBytes, out var first));
            file.Read(header, Frame.BlockBytes + first.FrameBytes);
            Assert.True(FrameHeader.TryRead(header, Frame.MaxBytes, out var second));
            damaged = (second.FirstPosition, second.EndPosition);
            // Of the last record's last byte one bit: it can still be read, and says something else.
            var at = Frame.BlockBytes + first.FrameBytes + FrameHeader.Length + second.RecordBytes - 1;
            file.Read(header.AsSpan(0, 1), at);
            file.Write([(byte)(header[0] ^ 1)], at);
        }
        Assert.Contains("00000000.segment", LedgerCheck.Run(directory.Path).Damage);
        await using (var reopened = TestLedger.Open(directory, time))
        {
            Assert.Empty(reopened.RecoveryNotes);
            Assert.True(reopened.SnapshotSize > 0);
            await story.AssertRefusedAsDamagedAsync(reopened, damaged.From, damaged.End);
            await story.AssertRememberedAsync(reopened, damaged.From, damaged.End);
        }

        // Without a snapshot everything is read, and the damage found.
        Directory.Delete(Path.Combine(directory.Path, "snapshots"), recursive: true);
        Assert.Contains("00000000.segment", Assert.Throws<LedgerDamagedException>(() => TestLedger.Open(directory, time)).Message);
    }

    [Fact]
    public async Task What_a_process_left_unsealed_is_sealed_by_the_next_one()
    {
        using var directory = new TemporaryDirectory();
        var time = new FakeTimeProvider(Start);
        Story story;
        // A directory where the index belongs: it cannot be written, and work is refused until it can.
        Directory.CreateDirectory(IndexPath(directory, 0) + ".new");
        await using (var ledger = TestLedger.Open(directory, time))
        {
            story = await Story.TellAsync(ledger, time);
            await TestLedger.UntilAsync(() => new(ledger.NotReadyReason is not null));
            Assert.Contains("no room for the index of 00000000.segment: access is denied. Make room", ledger.NotReadyReason);
            await Assert.ThrowsAsync<LedgerUnreadyException>(async () => await ledger.SubmitAsync([TestLedger.Transfer(900, 1)]));
        }
        Directory.Delete(IndexPath(directory, 0) + ".new");
        await using var reopened = TestLedger.Open(directory, time);
        Assert.Null(reopened.NotReadyReason);
        Assert.True(File.Exists(IndexPath(directory, 0)));
        await Story.ExpireAsync(reopened, time);
        await story.AssertRememberedAsync(reopened);
    }

    [Fact]
    public async Task Work_goes_on_by_itself_once_an_index_can_be_written()
    {
        using var directory = new TemporaryDirectory();
        var time = new FakeTimeProvider(Start);
        Directory.CreateDirectory(IndexPath(directory, 0) + ".new");
        await using var ledger = TestLedger.Open(directory, time);
        var story = await Story.TellAsync(ledger, time);
        await TestLedger.UntilAsync(() => new(ledger.NotReadyReason is not null));
        Directory.Delete(IndexPath(directory, 0) + ".new");
        await TestLedger.UntilAsync(() => new(ledger.NotReadyReason is null));
        await TestLedger.UntilAsync(() => new(File.Exists(IndexPath(directory, 0))));
        await Story.ExpireAsync(ledger, time);
        await story.AssertRememberedAsync(ledger);
    }

    private static string IndexPath(TemporaryDirectory directory, int segment) => Path.Combine(directory.Journal, IndexFiles.FileName(segment));

    private static Task SealedAsync(TemporaryDirectory directory) =>
        TestLedger.UntilAsync(() => new(Enumerable.Range(0, SegmentsOfStory).All(segment => File.Exists(IndexPath(directory, segment))))).InTimeAsync();

    /// <summary>What was sent, and what was answered, over more than <see cref="SegmentsOfStory"/> segments.</summary>
    private sealed class Story
    {
        private readonly List<(Command[] Chain, CommandResult[] Answers)> sent = [];
        private readonly HashSet<UInt128> cited = [];
        private bool isRefused;
        private long now;
        private ulong counter;

        /// <summary>Sends it all, or as much as the ledger takes.</summary>
        public static async Task<Story> TellAsync(Ledger ledger, FakeTimeProvider time)
        {
            var story = new Story { now = time.GetUtcNow().ToUnixTimeMilliseconds() };
            await TestLedger.FundAsync(ledger, units: 100_000_000);
            for (var part = 0; part < 3 * SegmentsOfStory && !story.isRefused; part++)
            {
                await story.TellPartAsync(ledger);
                time.Advance(TimeSpan.FromMinutes(1));
                story.now = time.GetUtcNow().ToUnixTimeMilliseconds();
            }
            if (!story.isRefused) await ExpireAsync(ledger, time);
            return story;
        }

        /// <summary>The holds that were left open expire.</summary>
        public static async Task ExpireAsync(Ledger ledger, FakeTimeProvider time)
        {
            time.Advance(TimeSpan.FromHours(2));
            await TestLedger.UntilAsync(async () => (await ledger.ReadOpenHoldsAsync(TransferCode.Payment)).Count == 0);
        }

        /// <summary>What has its records between two positions, sent again: that place cannot be read, and nothing happens.</summary>
        public async Task AssertRefusedAsDamagedAsync(Ledger ledger, long from, long end)
        {
            var size = ledger.DurableSize;
            var refused = 0;
            foreach (var (chain, _) in sent.Where(entry => entry.Answers[0].Position >= from && entry.Answers[0].Position < end))
            {
                foreach (var again in new[] { chain, [Command.Claim(chain[0].Id, 99, 1)] })
                    Assert.Contains("00000000.segment", (await Assert.ThrowsAsync<LedgerDamagedException>(async () => await ledger.SubmitAsync(again))).Message);
                await Assert.ThrowsAsync<LedgerDamagedException>(async () => await ledger.FindAsync(chain[0].Id));
                refused++;
            }
            Assert.True(refused > 0);
            Assert.Equal(size, ledger.DurableSize);
        }

        /// <summary>Everything that was sent, sent again, and what else follows from it.</summary>
        /// <param name="ledger">Whom it is sent to.</param>
        /// <param name="unreadFrom">What has its records from this position on, before <paramref name="unreadEnd"/>, is left out, and what cites it.</param>
        /// <param name="unreadEnd">Default: nothing is.</param>
        public async Task AssertRememberedAsync(Ledger ledger, long unreadFrom = 0, long unreadEnd = 0)
        {
            var size = ledger.DurableSize;
            var unread = sent.Where(entry => entry.Answers[0].Position >= unreadFrom && entry.Answers[0].Position < unreadEnd).SelectMany(entry => entry.Chain).Select(command => command.Id).ToHashSet();
            var asked = sent.Where(entry => !unread.Contains(entry.Chain[0].Id) && !unread.Contains(entry.Chain[0].Cited)).ToList();
            Assert.True(asked.Count > 2 * sent.Count / 3);
            foreach (var (chain, answers) in asked)
            {
                var again = await ledger.SubmitAsync(chain);
                Assert.Equal(answers.Select(answer => answer with { IsDuplicate = true, UnixMilliseconds = 0 }), again.Select(answer => answer with { UnixMilliseconds = 0 }));
                foreach (var command in chain)
                {
                    // In its chain or alone, but with another digest: never anew.
                    var other = await ledger.SubmitAsync([Command.Claim(command.Id, 99, 1)]);
                    Assert.Equal(Outcome.IdAlreadyUsed, Assert.Single(other).Outcome);
                }
                if (chain.Length > 1) Assert.Equal(Outcome.IdAlreadyUsed, (await ledger.SubmitAsync([chain[0] with { Linked = false }]))[0].Outcome);
            }
            Assert.Equal(size, ledger.DurableSize);

            foreach (var (chain, answers) in asked.Where(entry => entry.Answers[0].Position % 7 == 0 || cited.Contains(entry.Chain[0].Id)))
            {
                Assert.Equal(answers[0].Position, (await ledger.FindAsync(chain[0].Id))!.Value.Position);
                Assert.Equal(cited.Contains(chain[0].Id) ? 1 : 0, (await ledger.ReadCitationsAsync(chain[0].Id)).Count);
                await AssertNotOpenAnyMoreAsync(ledger, chain[0], answers[0].Outcome);
            }
            Assert.Null(await ledger.FindAsync(new UInt128(3, 3)));
            Assert.Equal(RecordKind.OpenAccount, (await ledger.FindAsync(TestLedger.Alice))!.Value.Command.Kind);
            Assert.Equal((Outcome.Done, 1L, true), Fields((await ledger.SubmitAsync([Command.OpenAccount(TestLedger.Alice, Asset.Usd, AccountFlags.DebitsMustNotExceedCredits)]))[0]));
            Assert.Equal(Outcome.IdAlreadyUsed, (await ledger.SubmitAsync([Command.Claim(TestLedger.Alice, 1, 2)]))[0].Outcome);
            Assert.Equal(Outcome.IdAlreadyUsed, (await ledger.SubmitAsync([Command.OpenAccount(asked[0].Chain[0].Id, Asset.Usd, AccountFlags.None)]))[0].Outcome);
            Assert.Equal(Outcome.CitedIsNotAHold, (await ledger.SubmitAsync([Command.Post(NextId(now), 7, TestLedger.Alice, 0)]))[0].Outcome);
        }

        private static (Outcome, long, bool) Fields(CommandResult result) => (result.Outcome, result.Position, result.IsDuplicate);

        private async Task AssertNotOpenAnyMoreAsync(Ledger ledger, Command command, Outcome outcome)
        {
            var expected = (command.Kind, outcome) switch
            {
                (_, not Outcome.Done) => Outcome.CitedWasRefused,
                (RecordKind.Hold, _) => (await ledger.ReadCitationsAsync(command.Id))[0].Command.Kind switch
                {
                    RecordKind.Post => Outcome.HoldAlreadyPosted,
                    RecordKind.Void => Outcome.HoldAlreadyVoided,
                    _ => Outcome.HoldExpired,
                },
                _ => Outcome.CitedIsNotAHold,
            };
            Assert.Equal(expected, (await ledger.SubmitAsync([Command.Void(NextId(now), 7, command.Id)]))[0].Outcome);
        }

        // Ids of now, of long ago, of no time, and of minutes to come, in single commands and chains, done and refused.
        private async Task TellPartAsync(Ledger ledger)
        {
            var waiting = new List<(Command[], Task<CommandResult[]>)>();
            var soon = now + Day / 24;
            for (var i = 0; i < 120; i++)
            {
                var time = (i % 6) switch { 0 => 0, 1 => now - 400 * Day + i, 2 => now + 200_000, 3 => 1 + i, _ => now };
                Send(Command.Transfer(NextId(time), 7, TestLedger.Alice, TestLedger.Shop, TestLedger.Usd(i % 5 == 0 ? 900_000_000u : 3), TransferCode.Payment, soon, memo: LongMemo));
                Send(
                    Command.Transfer(NextId(time), 7, TestLedger.Alice, TestLedger.Shop, TestLedger.Usd(2), TransferCode.Payment, memo: LongMemo) with { Linked = true },
                    Command.Transfer(NextId(time), 7, TestLedger.Shop, TestLedger.Clearing, TestLedger.Usd(1), TransferCode.Fee, memo: LongMemo));
                Send(Command.Hold(NextId(time), 7, TestLedger.Alice, TestLedger.Shop, TestLedger.Usd(5), TransferCode.Payment, soon));
            }
            await FinishAsync();

            var holds = sent.Where(entry => entry.Chain[0].Kind == RecordKind.Hold && !cited.Contains(entry.Chain[0].Id)).Select(entry => entry.Chain[0].Id).ToList();
            var paid = sent.Where(entry => entry is { Chain: [{ Kind: RecordKind.Transfer }], Answers: [{ Outcome: Outcome.Done }] } && !cited.Contains(entry.Chain[0].Id)).Select(entry => entry.Chain[0].Id).ToList();
            for (var i = 0; i < Math.Min(60, Math.Min(holds.Count, paid.Count)); i++)
            {
                Send(i % 2 == 0 ? Command.Post(NextId(now), 7, holds[i], 0) : Command.Void(NextId(now), 7, holds[i]));
                // Those of the part before too, which may be sealed by now.
                Send(Command.Refund(NextId(now), 7, paid[i], 1, TransferCode.Refund));
            }
            await FinishAsync();
            foreach (var (chain, _) in sent)
            {
                // Those that nothing resolves expire.
                if (chain[0].Kind == RecordKind.Hold) cited.Add(chain[0].Id);
                if (chain[0].Kind == RecordKind.Refund) cited.Add(chain[0].Cited);
            }

            void Send(params Command[] chain)
            {
                if (isRefused) return;
                try
                {
                    waiting.Add((chain, ledger.SubmitAsync(chain).AsTask()));
                }
                catch (LedgerUnreadyException)
                {
                    isRefused = true;
                }
            }

            async Task FinishAsync()
            {
                foreach (var (chain, answer) in waiting)
                {
                    try
                    {
                        sent.Add((chain, await answer));
                    }
                    catch (LedgerUnreadyException)
                    {
                        isRefused = true;
                    }
                }
                waiting.Clear();
            }
        }

        private UInt128 NextId(long time) => new((ulong)time << 16, 1_000_000 + ++counter);
    }
}
