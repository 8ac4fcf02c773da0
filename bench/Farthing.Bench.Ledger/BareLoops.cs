using System.Buffers.Binary;
using System.Diagnostics;

namespace Farthing.Bench.Ledger;

/// <summary>What any durable ledger would have to do at the least: know the id, move the balances, write as many bytes, flush, answer. No proofs, no history.</summary>
/// <param name="directory">Where the file is made; the same disk as the ledger's.</param>
/// <param name="shape">How many bytes the ledger wrote in this run.</param>
internal sealed class BareLoops(string directory, FrameShape shape)
{
    private const int Accounts = 10_000;

    /// <summary>Writes and flushes one block at a time.</summary>
    public Stretch Lone(TimeSpan warmUp, TimeSpan measured)
    {
        using var file = new BareFile(directory);
        using var block = new BareBuffer(BareFile.BlockBytes);
        var clock = new Clock(warmUp, measured);
        while (true)
        {
            var began = Stopwatch.GetTimestamp();
            file.Commit(block);
            if (!clock.Note(began, 1)) return clock.ToStretch();
        }
    }

    /// <summary>Two buffers: one is filled with the next batch while the other one is written and flushed.</summary>
    /// <param name="batch">How many transfers are flushed together.</param>
    /// <param name="isApplied">False to write bytes alone.</param>
    /// <param name="warmUp">Not measured.</param>
    /// <param name="measured">How long it runs after that.</param>
    public Stretch Pipelined(int batch, bool isApplied, TimeSpan warmUp, TimeSpan measured)
    {
        var accounts = isApplied ? new BareAccounts(Accounts) : null;
        using var file = new BareFile(directory);
        using var first = new BareBuffer(shape.FrameBytes(batch));
        using var second = new BareBuffer(shape.FrameBytes(batch));
        using var free = new SemaphoreSlim(2);
        using var ready = new SemaphoreSlim(0);
        var buffers = new[] { first, second };
        var began = new long[2];
        var clock = new Clock(warmUp, measured);
        var isOver = false;
        var flusher = new Thread(() =>
        {
            for (var i = 0; !isOver; i ^= 1)
            {
                ready.Wait();
                file.Commit(buffers[i]);
                isOver = !clock.Note(began[i], batch);
                free.Release();
            }
        });
        flusher.Start();
        var workload = new Workload(Accounts);
        for (var i = 0; !Volatile.Read(ref isOver); i ^= 1)
        {
            free.Wait();
            began[i] = Stopwatch.GetTimestamp();
            for (var n = 0; n < batch; n++)
            {
                var movement = workload.Next();
                accounts?.Apply(movement);
                Write(buffers[i].Bytes.Slice(n * shape.RecordBytes, shape.RecordBytes), movement);
            }
            ready.Release();
        }
        flusher.Join();
        return clock.ToStretch();
    }

    /// <summary>Callers that each wait for their own transfer, and one thread that flushes whatever they have handed over.</summary>
    public async Task<Stretch> GroupCommitAsync(int callers, TimeSpan warmUp, TimeSpan measured)
    {
        using var file = new BareFile(directory);
        var group = new BareGroup(file, shape, callers);
        var clock = new Clock(warmUp, measured);
        await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
        {
            var workload = new Workload(Accounts);
            while (true)
            {
                var began = Stopwatch.GetTimestamp();
                await group.CommitAsync(workload.Next());
                if (!clock.Note(began, 1)) return;
            }
        })));
        group.Close();
        return clock.ToStretch();
    }

    private static void Write(Span<byte> destination, in Movement movement)
    {
        BinaryPrimitives.WriteUInt128LittleEndian(destination, movement.Id);
        BinaryPrimitives.WriteUInt128LittleEndian(destination[16..], movement.Digest);
        BinaryPrimitives.WriteInt32LittleEndian(destination[32..], movement.Debit);
        BinaryPrimitives.WriteInt32LittleEndian(destination[36..], movement.Credit);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[40..], movement.Units);
        destination[44..].Fill((byte)(movement.Units & 0xff));
    }

    /// <summary>One thread that makes groups of what waits. Under load it gives the callers it has just answered a moment to come again, which is faster.</summary>
    private sealed class BareGroup
    {
        private const int Few = 4;
        private static readonly TimeSpan LongestGathering = TimeSpan.FromMilliseconds(1);

        private readonly BareFile file;
        private readonly FrameShape shape;
        private readonly BareAccounts accounts = new(Accounts);
        private readonly Thread thread;
        private readonly object gate = new();

        // Guarded by the gate.
        private List<(Movement Movement, TaskCompletionSource Done)> waiting = [];
        private int lastCount;
        private bool closed;

        public BareGroup(BareFile file, FrameShape shape, int callers)
        {
            this.file = file;
            this.shape = shape;
            thread = new Thread(() => Run(callers));
            thread.Start();
        }

        public Task CommitAsync(in Movement movement)
        {
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (gate)
            {
                waiting.Add((movement, done));
                if (waiting.Count == 1 || waiting.Count == lastCount) Monitor.Pulse(gate);
            }
            return done.Task;
        }

        public void Close()
        {
            lock (gate)
            {
                closed = true;
                Monitor.Pulse(gate);
            }
            thread.Join();
        }

        private void Run(int callers)
        {
            using var buffer = new BareBuffer(shape.FrameBytes(callers));
            List<(Movement Movement, TaskCompletionSource Done)> taken = [];
            while (true)
            {
                lock (gate)
                {
                    while (waiting.Count == 0 && !closed) Monitor.Wait(gate);
                    if (waiting.Count == 0) return;
                    if (lastCount > Few && waiting.Count < lastCount) Monitor.Wait(gate, LongestGathering);
                    (waiting, taken) = (taken, waiting);
                    lastCount = taken.Count;
                }
                buffer.Length = shape.FrameBytes(taken.Count);
                for (var i = 0; i < taken.Count; i++)
                {
                    accounts.Apply(taken[i].Movement);
                    Write(buffer.Bytes.Slice(i * shape.RecordBytes, shape.RecordBytes), taken[i].Movement);
                }
                file.Commit(buffer);
                foreach (var (_, done) in taken) done.SetResult();
                taken.Clear();
            }
        }
    }
}
