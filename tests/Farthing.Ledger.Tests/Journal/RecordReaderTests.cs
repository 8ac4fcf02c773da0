using Farthing.Ledger.Journal;
using Farthing.Protocol;

namespace Farthing.Ledger.Tests.Journal;

public class RecordReaderTests
{
    [Fact]
    public async Task A_bit_that_turned_is_never_shown_or_proven_and_concerns_its_frame_only()
    {
        using var directory = new TemporaryDirectory();
        await using var ledger = TestLedger.Open(directory);
        await TestLedger.FundAsync(ledger);
        for (var batch = 0; batch < 3; batch++) await ledger.SubmitAsync([.. Enumerable.Range(0, 5).Select(i => TestLedger.Transfer(100 + (UInt128)(5 * batch + i), 1))]);
        await ledger.GetCheckpointAsync(19);

        // Records 9 to 13 stand in the third frame: each part of it in turn, last the byte that would only look like more money.
        var frame = 3L * Frame.BlockBytes;
        using var file = DurableFile.OpenForWriting(directory.Segment(0));
        var offsets = new[] { 1, 33, 50, FrameHeader.SeedOffset + 5, FrameHeader.Length + 3, Frame.BlockBytes - 1, FrameHeader.Length + 60 };
        foreach (var at in offsets)
        {
            Turn(file, frame + at);
            for (var position = 9; position < 14; position++)
            {
                AssertDamaged(() => ledger.Read(position));
                AssertDamaged(() => ledger.Prove(position, 19));
            }
            AssertDamaged(() => ledger.ReadFrom(9).First());
            await Assert.ThrowsAsync<LedgerDamagedException>(() => ledger.FindAsync(105).AsTask());
            await Assert.ThrowsAsync<LedgerDamagedException>(() => ledger.ReadStatementAsync(TestLedger.Shop, null, 10).AsTask());
            await Assert.ThrowsAsync<LedgerDamagedException>(() => ledger.ReadStatementAsync(TestLedger.Shop, 12, 3).AsTask());
            Assert.Equal([18, 17, 16, 15, 14], (await ledger.ReadStatementAsync(TestLedger.Shop, null, 5)).Select(record => record.Position));
            Assert.Equal(8, ledger.Read(8).Position);
            Turn(file, frame + at);
        }
        Assert.Equal(15, (await ledger.ReadStatementAsync(TestLedger.Shop, null, 20)).Count);
        Assert.Equal(19, ledger.ReadFrom(0).Count());
    }

    [Fact]
    public void What_was_found_sound_is_remembered_and_nothing_else()
    {
        var sound = new SoundFrames();
        var random = new Random(1);
        var places = Enumerable.Range(0, 3_000).Select(_ => new FramePlace(random.Next(12) * random.Next(12), random.Next(1, Segment.MaxBytes / Frame.BlockBytes))).ToHashSet();
        var others = places.Select(place => place with { Block = place.Block ^ 1 }).Where(place => !places.Contains(place)).ToList();
        Assert.True(places.Count > 2_900 && others.Count > 2_900);
        Parallel.ForEach(places, place =>
        {
            Assert.False(sound.Contains(place));
            sound.Add(place);
            Assert.True(sound.Contains(place));
        });
        Assert.All(places, place => Assert.True(sound.Contains(place)));
        Assert.All(others, place => Assert.False(sound.Contains(place)));
    }

    private static void AssertDamaged<T>(Func<T> read) => Assert.Contains("is not what was written", Assert.Throws<LedgerDamagedException>(() => read()).Message);

    private static void Turn(DurableFile file, long at)
    {
        Span<byte> one = stackalloc byte[1];
        file.Read(one, at);
        one[0] ^= 0x10;
        file.Write(one, at);
    }
}
