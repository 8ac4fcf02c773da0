using Farthing.Ledger.Journal;

namespace Farthing.Ledger.Sequencing;

/// <summary>Forces batches to disk, one after the other, and only then answers. Whatever goes wrong here ends the process.</summary>
/// <remarks>Does so on a thread of its own, so that the writer can go on, and on the writer's where that is cheaper than to hand over.</remarks>
internal sealed class Flusher
{
    /// <summary>What is said when a flush fails: nobody knows then what is on disk, and a second flush may say that all is well.</summary>
    public const string Failure = "The journal could not be written. Nothing unacknowledged is lost by starting again; look at the disk first.";

    /// <summary>Of those who resume briefly, so many of a batch do so on the thread that flushed it.</summary>
    public const int MostAnsweredHere = 64;

    private readonly Handover handover;
    private readonly IJournal journal;
    private readonly FrameIndex frames;
    private readonly Watermark durable;
    private readonly Action<FrameHeader, Batch> follow;
    private readonly LedgerMetrics metrics;
    private readonly Action<string, Exception> endProcess;
    private readonly Thread thread;

    /// <param name="handover">Where batches come from.</param>
    /// <param name="journal">Where they go.</param>
    /// <param name="frames">Learns where they are.</param>
    /// <param name="parts">Who is told afterwards.</param>
    public Flusher(Handover handover, IJournal journal, FrameIndex frames, FlusherParts parts)
    {
        this.handover = handover;
        this.journal = journal;
        this.frames = frames;
        durable = parts.Durable;
        follow = parts.Follow;
        metrics = parts.Metrics;
        endProcess = parts.EndProcess;
        thread = new Thread(Run) { IsBackground = true, Name = "farthing flusher" };
    }

    public void Start() => thread.Start();

    /// <summary>Waits until the last batch is durable and answered; the writer must have ended.</summary>
    public void Join() => thread.Join();

    /// <summary>Forces a batch to disk and answers. By one thread at a time; after a failure never again.</summary>
    public void Flush(Batch batch)
    {
        FrameHeader header = default;
        if (batch.Records.Offsets.Count > 0)
        {
            var begun = metrics.Begin();
            header = journal.Append(new FrameHeader
            {
                FirstPosition = batch.FirstPosition,
                UnixMilliseconds = batch.UnixMilliseconds,
                StateDigest = batch.StateDigest,
                Seed = batch.Seed,
            }, batch.Records);
            metrics.Flushed(begun);
            frames.Add(header);
            durable.Advance(header.EndPosition);
        }
        Answer(batch.Answers);
        follow(header, batch);
    }

    // To wake a thread of the pool costs more than most answers do. So those who resume briefly do so here, if they are few enough that the next batch hardly waits for them.
    private static void Answer(List<Submission> answers)
    {
        // The others first, who can begin on another processor meanwhile.
        var brief = 0;
        foreach (var submission in answers)
        {
            if (!submission.ResumesBriefly) submission.Answer();
            else if (++brief > MostAnsweredHere) ThreadPool.UnsafeQueueUserWorkItem(submission, preferLocal: false);
        }
        var left = Math.Min(brief, MostAnsweredHere);
        for (var i = 0; left > 0; i++)
        {
            if (!answers[i].ResumesBriefly) continue;
            answers[i].Answer();
            left--;
        }
    }

    private void Run()
    {
        try
        {
            while (handover.Take() is { } batch) Flush(batch);
        }
        catch (Exception error)
        {
            endProcess(Failure, error);
        }
    }
}

/// <summary>Whom the flusher tells.</summary>
/// <param name="Durable">How many records are on disk.</param>
/// <param name="Follow">Takes over each batch that was answered.</param>
/// <param name="Metrics">Measures each flush.</param>
/// <param name="EndProcess">Ends the process with a message.</param>
internal readonly record struct FlusherParts(Watermark Durable, Action<FrameHeader, Batch> Follow, LedgerMetrics Metrics, Action<string, Exception> EndProcess);
