using Farthing.Ledger.Journal;
using Farthing.Ledger.Tests.Journal.Sealing;

namespace Farthing.Ledger.Tests.Journal;

public class ReadAheadTests
{
    private static readonly List<Frame> Frames = [.. IndexedJournal.Random(seed: 5, commands: 20_000, segmentBlocks: 64).ReadFrames(JournalMark.Beginning)];

    [Fact]
    public void Frames_come_in_order_with_the_commands_that_were_wanted()
    {
        var firstSequence = Frames.Count / 3;
        using var ahead = new ReadAhead(Frames, firstSequence);
        var (taken, commandCount) = (0, 0);
        for (; ahead.TryTake(out var frame, out var commands); taken++)
        {
            Assert.Same(Frames[taken], frame);
            var expected = new List<Command>();
            if (taken >= firstSequence) Replay.ReadCommands(frame, expected);
            Assert.Equal(expected.Select(command => command.Id), commands.ToArray().Select(command => command.Id));
            commandCount += commands.Length;
        }

        Assert.Equal(Frames.Count, taken);
        Assert.True(commandCount > 10_000, $"{commandCount} commands are too few to fill more than one portion.");
        Assert.False(ahead.TryTake(out _, out _));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100)]
    public void What_cannot_be_read_is_thrown_behind_all_that_can_be(int sound)
    {
        Assert.True(sound < Frames.Count);
        using var ahead = new ReadAhead(Broken(), firstSequence: 0);
        for (var taken = 0; taken < sound; taken++) Assert.True(ahead.TryTake(out _, out _));
        Assert.Throws<LedgerDamagedException>(() => ahead.TryTake(out _, out _));

        IEnumerable<Frame> Broken() => Frames.Take(sound).Concat(Frames.Skip(sound).Take(1).Select<Frame, Frame>(_ => throw new LedgerDamagedException("broken")));
    }

    [Fact]
    public void Whoever_needs_no_more_need_not_take_the_rest()
    {
        var read = 0;
        using (var ahead = new ReadAhead(Endless(), firstSequence: long.MaxValue))
        {
            Assert.True(ahead.TryTake(out _, out _));
        }

        Assert.InRange(read, 1, 10_000);

        IEnumerable<Frame> Endless()
        {
            while (true)
            {
                read++;
                yield return Frames[0];
            }
        }
    }
}
