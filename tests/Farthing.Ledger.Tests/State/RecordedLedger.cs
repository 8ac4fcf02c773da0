using Farthing.Ledger.Journal;
using Farthing.Ledger.State;
using Farthing.Ledger.Tests.Journal.Sealing;

namespace Farthing.Ledger.Tests.State;

/// <summary>A state machine that keeps the batches it journals, and can be replayed from nothing but their times and bytes.</summary>
/// <param name="maxCount">No count of an account passes this.</param>
/// <param name="world">If given, batches are also journaled there, and ids left to its sealed segments.</param>
internal sealed class RecordedLedger(UInt128? maxCount = null, SealedWorld? world = null)
{
    private readonly List<Batch> batches = [];
    private readonly BatchBuffer buffer = new();

    public LedgerState State { get; } = Create(maxCount);

    /// <summary>The records of every batch so far, in order.</summary>
    public IEnumerable<JournalRecord> Records => batches.SelectMany(batch => batch.Records()).Select(entry => entry.Record);

    public IReadOnlyList<Batch> Batches => batches;

    /// <summary>Carries out chains as one batch; without chains, only what is due happens.</summary>
    public CommandResult[][] Apply(long time, params Command[][] chains)
    {
        buffer.Clear();
        var firstPosition = State.NextPosition;
        State.BeginBatch(time, buffer);
        var answers = chains.Select(chain =>
        {
            var results = new CommandResult[chain.Length];
            world?.Ids.Prepare(State, chain);
            State.ApplyChain(chain, results, buffer);
            return results;
        }).ToArray();
        Assert.Equal(State.NextPosition - firstPosition, buffer.Offsets.Count);
        if (buffer.Length == 0) return answers;
        world?.Append(new FrameHeader { FirstPosition = firstPosition, UnixMilliseconds = time, StateDigest = State.Digest, Seed = new byte[FrameHeader.SeedLength] }, buffer);
        batches.Add(new Batch(time, firstPosition, buffer.Bytes.AsSpan(0, buffer.Length).ToArray(), State.Digest));
        return answers;
    }

    /// <summary>Replays all batches on a fresh state machine; each must give the same bytes and the same digest.</summary>
    public void AssertReplayGivesTheSame()
    {
        if (world is not null) Assert.Equal(State.Digest, world.Replay(Create(maxCount)).Digest);
        var fresh = Create(maxCount);
        var replayed = new BatchBuffer();
        var results = new CommandResult[LedgerState.MaxChainLength];
        foreach (var batch in batches)
        {
            replayed.Clear();
            fresh.BeginBatch(batch.Time, replayed);
            var chain = new List<Command>();
            foreach (var (record, _) in batch.Records())
            {
                if (record.IsMadeByLedger) continue;
                chain.Add(record.ToCommand());
                if (record.Command.Linked) continue;
                fresh.ApplyChain(chain.ToArray(), results, replayed);
                chain.Clear();
            }

            Assert.Empty(chain);
            Assert.True(replayed.Bytes.AsSpan(0, replayed.Length).SequenceEqual(batch.Bytes), $"The batch at position {batch.FirstPosition} replays to other bytes.");
            Assert.Equal(batch.Digest, fresh.Digest);
        }

        Assert.Equal(State.NextPosition, fresh.NextPosition);
        Assert.Equal(State.Digest, fresh.Digest);
    }

    private static LedgerState Create(UInt128? maxCount) => maxCount is { } max ? new LedgerState(max) : new LedgerState();

    internal sealed record Batch(long Time, long FirstPosition, byte[] Bytes, UInt128 Digest)
    {
        public IEnumerable<(JournalRecord Record, byte[] Bytes)> Records()
        {
            var at = 0;
            for (var position = FirstPosition; at < Bytes.Length; position++)
            {
                Assert.True(RecordCodec.TryRead(Bytes.AsSpan(at), position, Time, out var record, out var length));
                yield return (record, Bytes[at..(at + length)]);
                at += length;
            }
        }
    }
}
