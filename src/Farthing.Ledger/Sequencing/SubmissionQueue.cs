using System.Diagnostics;

namespace Farthing.Ledger.Sequencing;

/// <summary>Submissions on their way to the writer, in order of arrival. Thread-safe.</summary>
/// <remarks>
/// Every round costs a flush and the waking of threads, however small it is. So under load the writer lets others run first for as long as that brings
/// more, until enough wait, a millisecond at most; a few that come now and then are taken at once.
/// </remarks>
/// <param name="longestGathering">How long it lets others go first. Default: a millisecond.</param>
/// <param name="letOthersRun">How. Default: gives up the processor to whoever waits for it.</param>
internal sealed class SubmissionQueue(TimeSpan? longestGathering = null, Action? letOthersRun = null)
{
    /// <summary>After a round of up to this size nobody is let go first.</summary>
    public const int Few = 4;

    /// <summary>The most commands that wait. Beyond it new ones are refused; a single larger submission is taken when nothing else waits.</summary>
    public const int MaxCommands = 1 << 18;

    /// <summary>With so many waiting the writer begins: if it let all come, nobody would have anything to do while it flushes.</summary>
    public const int Enough = 32;

    // Others had the processor so often, and nothing came of it: they wait for answers, or for nothing.
    private const int EnoughInVain = 4;

    private readonly TimeSpan longestGathering = longestGathering ?? TimeSpan.FromMilliseconds(1);
    private readonly Action letOthersRun = letOthersRun ?? (static () => Thread.Yield());
    private readonly object gate = new();

    // Owned by the writer.
    private int lastCount;

    // Guarded by the gate.
    private List<Submission> waiting = [];
    private List<Submission> spare = [];
    private int commands;
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
            if (waiting.Count == 1) Monitor.Pulse(gate);
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
        }
        if (lastCount > Few) Gather();
        lock (gate)
        {
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

    private void Gather()
    {
        var began = Stopwatch.GetTimestamp();
        var seen = 0;
        for (var inVain = 0; inVain < EnoughInVain && Stopwatch.GetElapsedTime(began) < longestGathering; inVain++)
        {
            letOthersRun();
            lock (gate)
            {
                if (woken || closed) return;
                if (waiting.Count > seen) inVain = -1;
                seen = waiting.Count;
                if (seen >= Enough) return;
            }
        }
    }
}
