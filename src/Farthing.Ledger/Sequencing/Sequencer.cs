using System.Security.Cryptography;
using Farthing.Ledger.Journal.Sealing;
using Farthing.Ledger.State;

namespace Farthing.Ledger.Sequencing;

/// <summary>The writer: takes what waits, applies it in memory, and makes batches of it. Owns the state machine.</summary>
/// <remarks>Submitting and reading are thread-safe.</remarks>
internal sealed class Sequencer
{
    // What a timer waits does not follow a clock that is set, nor a machine that slept: whoever waits longer looks again.
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan UnreadyRetry = TimeSpan.FromSeconds(1);

    // More than any record takes: the codec's fixed fields at their longest, and a memo.
    private const int MaxRecordBytes = 512 + Command.MaxMemoLength;
    private const int MaxChainBytes = 32 * (MaxRecordBytes + sizeof(int));

    // Up to so many commands, to flush a batch here costs less than to wake the flusher; beyond it, the next ones should be applied meanwhile.
    private const int FewCommands = 256;

    private readonly SubmissionQueue queue = new();
    private readonly Handover handover;
    private readonly Flusher flusher;
    private readonly BatchPool pool;
    private readonly ClockGuard clock;

    // Why what is applied now would not be flushed soon, or null.
    private readonly Func<string?> noRoomReason;
    private readonly Action<string, Exception> endProcess;
    private readonly Thread thread;
    private readonly ITimer wake;
    private readonly int maxCommands;
    private readonly int maxBytes;

    // Held by the writer while it applies, and by readers for a moment.
    private readonly Lock stateGate = new();
    private readonly LedgerState state;
    private readonly SealedIds sealedIds;

    // The deadline that the timer is set for; none once it has fired.
    private long armedFor = long.MaxValue;

    // Owned by the writer.
    private bool isFlushing;

    public Sequencer(LedgerState state, SealedIds sealedIds, SequencerLimits limits, ClockGuard clock, TimeProvider time, Handover handover, Flusher flusher, BatchPool pool, Func<string?> noRoomReason, Action<string, Exception> endProcess)
    {
        this.state = state;
        this.sealedIds = sealedIds;
        this.clock = clock;
        this.handover = handover;
        this.flusher = flusher;
        this.pool = pool;
        this.noRoomReason = noRoomReason;
        this.endProcess = endProcess;
        maxCommands = limits.Commands;
        maxBytes = limits.Bytes;
        wake = time.CreateTimer(_ => Wake(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        thread = new Thread(Run) { IsBackground = true, Name = "farthing writer" };
    }

    /// <summary>How many commands wait. Read anywhere.</summary>
    public int QueuedCommands => queue.Commands;

    public void Start()
    {
        thread.Start();
        queue.Wake();
    }

    /// <exception cref="LedgerUnreadyException">Nothing was done.</exception>
    public ValueTask<CommandResult[]> SubmitAsync(Command[] commands, bool resumesBriefly)
    {
        var submission = new Submission(commands, resumesBriefly);
        queue.Add(submission);
        return new(submission.Task);
    }

    /// <summary>Looks at the state between two batches or submissions; what is seen may not be durable yet.</summary>
    public TResult Look<TArgument, TResult>(TArgument argument, Func<LedgerState, TArgument, TResult> look)
    {
        lock (stateGate) return look(state, argument);
    }

    /// <summary>Applies what waits, and ends.</summary>
    public void Close()
    {
        queue.Close();
        thread.Join();
        wake.Dispose();
    }

    private void Run()
    {
        try
        {
            while (queue.Take(out var submissions))
            {
                // They came before anybody knew. What is applied would not be flushed soon, and whoever reads it would wait for that.
                if (noRoomReason() is { } why) submissions.ForEach(submission => submission.Refuse(why));
                else ApplyAll(submissions);
                ArmWake();
            }
        }
        catch (Exception error)
        {
            // The state may be half changed, and what is in memory would no longer be what is on disk.
            endProcess(isFlushing ? Flusher.Failure : "The ledger's writer failed. This is a bug; everything acknowledged is on disk.", error);
        }
        finally
        {
            handover.Close();
        }
    }

    private void ApplyAll(List<Submission> submissions)
    {
        var now = clock.BeginBatch();
        var batch = state.NextDeadline <= now ? TryBegin(now) : handover.TakeBack(now);
        for (var i = 0; i < submissions.Count; i++)
        {
            var submission = submissions[i];
            if (i + LedgerState.SlotsAhead < submissions.Count) state.PrefetchSlots(submissions[i + LedgerState.SlotsAhead].Commands[0]);
            if (i + LedgerState.AccountsAhead < submissions.Count) state.PrefetchAccounts(submissions[i + LedgerState.AccountsAhead].Commands[0]);
            while (true)
            {
                // What is begun is finished, however long that takes; what is not may as well be refused.
                batch ??= submission.Applied > 0 ? Begin(clock.BeginBatch(), pool.Rent()) : TryBegin(clock.BeginBatch());
                if (batch is null)
                {
                    submission.Refuse(noRoomReason() ?? "There was no room on the disk a moment ago. Try again.");
                    break;
                }
                if (Apply(submission, batch))
                {
                    batch.Answers.Add(submission);
                    break;
                }
                batch.IsFull = true;
                Put(ref batch);
            }
        }
        if (batch is not null) Put(ref batch);
    }

    // True if all of it is applied; false if the batch is full.
    private bool Apply(Submission submission, Batch batch)
    {
        lock (stateGate)
        {
            while (submission.Applied < submission.Commands.Length)
            {
                var length = submission.NextChainLength();
                state.PrefetchBehind(submission.Commands, submission.Applied, length);
                if (batch.Commands > 0 && (batch.Commands + length > maxCommands || Room(batch) < MaxChainBytes)) return false;
                var chain = submission.Commands.AsSpan(submission.Applied, length);
                if (!TryPrepare(submission, chain)) return true;
                state.ApplyChain(chain, submission.Results.AsSpan(submission.Applied, length), batch.Records);
                submission.Applied += length;
                batch.Commands += length;
            }
            return true;
        }
    }

    // An old record that is damaged concerns those who ask for it, each time they do: everybody else is still served.
    private bool TryPrepare(Submission submission, ReadOnlySpan<Command> chain)
    {
        try
        {
            sealedIds.Prepare(state, chain);
            return true;
        }
        catch (LedgerDamagedException damage)
        {
            submission.Damage = damage;
            return false;
        }
    }

    // Null if all batches are held up by a disk without room.
    private Batch? TryBegin(long now) => pool.Rent(() => noRoomReason() is not null) is { } batch ? Begin(now, batch) : null;

    private Batch Begin(long now, Batch batch)
    {
        RandomNumberGenerator.Fill(batch.Seed);
        lock (stateGate)
        {
            batch.FirstPosition = state.NextPosition;
            batch.UnixMilliseconds = now;
            state.BeginBatch(now, batch.Records);
        }
        return batch;
    }

    private void Put(ref Batch? batch)
    {
        if (batch!.IsEmpty)
        {
            pool.Return(batch);
        }
        else
        {
            batch.StateDigest = state.Digest;
            if (batch.Commands <= FewCommands && handover.IsIdle)
            {
                isFlushing = true;
                flusher.Flush(batch);
                isFlushing = false;
            }
            else
            {
                handover.Put(batch);
            }
        }
        batch = null;
    }

    private int Room(Batch batch) => maxBytes - batch.Records.Length - sizeof(int) * batch.Records.Offsets.Count;

    private void Wake()
    {
        Volatile.Write(ref armedFor, long.MaxValue);
        queue.Wake();
    }

    private void ArmWake()
    {
        if (state.NextDeadline == Volatile.Read(ref armedFor)) return;
        Volatile.Write(ref armedFor, state.NextDeadline);
        if (state.NextDeadline == long.MaxValue) return;
        long now;
        do
        {
            now = clock.BeginBatch();
            var wait = clock.NotReadyReason is null && noRoomReason() is null
                ? TimeSpan.FromMilliseconds(Math.Clamp(state.NextDeadline - now, 0, (long)LongestWait.TotalMilliseconds))
                : UnreadyRetry;
            wake.Change(wait, Timeout.InfiniteTimeSpan);
        }
        // A clock that was moved on before the timer was set would be waited for too long by as much.
        while (clock.BeginBatch() > now);
    }
}

/// <summary>How large a batch may become.</summary>
internal readonly record struct SequencerLimits(int Commands, int Bytes);
