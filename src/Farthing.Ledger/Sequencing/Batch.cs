using Farthing.Ledger.Journal;
using Farthing.Ledger.State;

namespace Farthing.Ledger.Sequencing;

/// <summary>Commands that wait for their answer.</summary>
/// <param name="commands">The commands.</param>
/// <param name="resumesBriefly">True if whoever waits may go on on the thread that answers.</param>
internal sealed class Submission(Command[] commands, bool resumesBriefly = false)
    : TaskCompletionSource<CommandResult[]>(resumesBriefly ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously), IThreadPoolWorkItem
{
    public bool ResumesBriefly => resumesBriefly;

    public Command[] Commands { get; } = commands;

    public CommandResult[] Results { get; } = new CommandResult[commands.Length];

    /// <summary>How many commands were applied. Owned by the writer.</summary>
    public int Applied { get; set; }

    /// <summary>Why the rest of it was left; null if all was applied. Owned by the writer.</summary>
    public LedgerDamagedException? Damage { get; set; }

    /// <summary>Answers that no work is taken; none of it was applied.</summary>
    public void Refuse(string why) => Fail(new LedgerUnreadyException(why));

    /// <summary>Answers, once what was applied is durable.</summary>
    public void Answer()
    {
        if (Damage is { } damage) Fail(damage);
        else SetResult(Results);
    }

    void IThreadPoolWorkItem.Execute() => Answer();

    // Who promised to resume briefly meant good news: an error is logged, explained, and thrown through many frames.
    private void Fail(Exception error)
    {
        if (resumesBriefly) ThreadPool.UnsafeQueueUserWorkItem(static failed => failed.Submission.SetException(failed.Error), (Submission: this, Error: error), preferLocal: false);
        else SetException(error);
    }

    /// <summary>The length of the chain that begins at <see cref="Applied"/>.</summary>
    public int NextChainLength()
    {
        var length = 1;
        while (Applied + length < Commands.Length && Commands[Applied + length - 1].Linked) length++;
        return length;
    }
}

/// <summary>What goes to disk together, and who is answered when it is there.</summary>
/// <remarks>Owned by one thread at a time: the writer, the flusher, the tree follower, then the pool again.</remarks>
internal sealed class Batch
{
    public BatchBuffer Records { get; } = new();

    /// <summary>Those whose last command was applied in this batch. An answer without a record of its own waits here for what it saw.</summary>
    public List<Submission> Answers { get; } = [];

    public int Commands { get; set; }

    public long FirstPosition { get; set; }

    public long UnixMilliseconds { get; set; }

    public UInt128 StateDigest { get; set; }

    public byte[] Seed { get; } = new byte[FrameHeader.SeedLength];

    /// <summary>True if the next chain did not fit, so that nothing more is added.</summary>
    public bool IsFull { get; set; }

    public bool IsEmpty => Records.Offsets.Count == 0 && Answers.Count == 0;

    public void Clear()
    {
        Records.Clear();
        Answers.Clear();
        Commands = 0;
        IsFull = false;
    }
}

/// <summary>A fixed number of batches. Whoever wants one when all are out waits: that bounds memory, and slows the writer down to the slowest of flusher and tree.</summary>
internal sealed class BatchPool
{
    /// <summary>One being applied, one ready, one being flushed, and some for the tree to lag.</summary>
    public const int Count = 8;

    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromMilliseconds(100);

    private readonly object gate = new();
    private readonly Stack<Batch> free = new(Enumerable.Range(0, Count).Select(_ => new Batch()));

    /// <summary>An empty batch, once there is one.</summary>
    public Batch Rent() => Rent(static () => false)!;

    /// <summary>The same; null once waiting is in vain.</summary>
    /// <param name="isInVain">Asked now and then while waiting.</param>
    public Batch? Rent(Func<bool> isInVain)
    {
        lock (gate)
        {
            while (free.Count == 0)
            {
                if (isInVain()) return null;
                Monitor.Wait(gate, AskAgainAfter);
            }
            return free.Pop();
        }
    }

    public void Return(Batch batch)
    {
        batch.Clear();
        lock (gate)
        {
            free.Push(batch);
            Monitor.Pulse(gate);
        }
    }
}
