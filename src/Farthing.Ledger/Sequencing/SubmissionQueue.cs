namespace Farthing.Ledger.Sequencing;

/// <summary>Submissions on their way to the writer, in order of arrival. Thread-safe.</summary>
/// <remarks>
/// Every round costs a flush and the waking of three threads, however small it is. So under load the writer waits until as many are there as the last
/// time, a millisecond at most; a few that come now and then are taken at once.
/// </remarks>
/// <param name="longestGathering">How long it waits. Default: a millisecond.</param>
internal sealed class SubmissionQueue(TimeSpan? longestGathering = null)
{
    /// <summary>Rounds up to this size are not waited for.</summary>
    public const int Few = 4;

    /// <summary>The most commands that wait. Beyond it new ones are refused; a single larger submission is taken when nothing else waits.</summary>
    public const int MaxCommands = 1 << 18;

    private readonly TimeSpan longestGathering = longestGathering ?? TimeSpan.FromMilliseconds(1);
    private readonly object gate = new();

    // Guarded by the gate.
    private List<Submission> waiting = [];
    private List<Submission> spare = [];
    private int commands;
    private int lastCount;
    private bool woken;
    private bool closed;

    /// <summary>How many commands wait. Read anywhere, and old by then.</summary>
    public int Commands => Volatile.Read(ref commands);

    /// <exception cref="LedgerUnreadyException">Too much waits already, or the ledger is closing.</exception>
    public void Add(Submission submission)
    {
        lock (gate)
        {
            if (closed) throw new LedgerUnreadyException("The ledger is closing.");
            if (commands > 0 && submission.Commands.Length > MaxCommands - commands)
                throw new LedgerUnreadyException($"{commands} commands are waiting already. Try again in a moment.");
            waiting.Add(submission);
            commands += submission.Commands.Length;
            if (waiting.Count == 1 || waiting.Count == lastCount) Monitor.Pulse(gate);
        }
    }

    /// <summary>Waits for submissions, or to be woken.</summary>
    /// <param name="taken">What waited, possibly nothing; valid until the next call.</param>
    /// <returns>False when the queue is closed and empty.</returns>
    public bool Take(out List<Submission> taken)
    {
        lock (gate)
        {
            while (waiting.Count == 0 && !woken && !closed) Monitor.Wait(gate);
            if (waiting.Count < lastCount && lastCount > Few && !woken && !closed) Monitor.Wait(gate, longestGathering);
            spare.Clear();
            taken = waiting;
            (waiting, spare) = (spare, waiting);
            commands = 0;
            lastCount = taken.Count;
            woken = false;
            return taken.Count > 0 || !closed;
        }
    }

    /// <summary>Makes the writer look at the clock.</summary>
    public void Wake()
    {
        lock (gate)
        {
            woken = true;
            Monitor.Pulse(gate);
        }
    }

    public void Close()
    {
        lock (gate)
        {
            closed = true;
            Monitor.Pulse(gate);
        }
    }
}
