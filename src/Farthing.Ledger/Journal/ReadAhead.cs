using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Farthing.Ledger.Journal;

/// <summary>Reads a journal's frames, and what commands are in them, on a thread of its own, a little ahead of whoever carries them out again.</summary>
/// <remarks>What cannot be read is thrown once all before it was taken. Taking and disposing are for one thread.</remarks>
internal sealed class ReadAhead : IDisposable
{
    private const int PortionCount = 3;

    private readonly IEnumerable<Frame> frames;
    private readonly long firstSequence;
    private readonly BlockingCollection<Portion> free = [];
    private readonly BlockingCollection<Portion> ready = [];
    private readonly Thread thread;

    // Owned by the one who takes.
    private Portion? current;
    private int taken;

    /// <param name="frames">From now on enumerated on that thread only.</param>
    /// <param name="firstSequence">Of the frames before this one the commands are not wanted.</param>
    public ReadAhead(IEnumerable<Frame> frames, long firstSequence)
    {
        this.frames = frames;
        this.firstSequence = firstSequence;
        for (var i = 0; i < PortionCount; i++) free.Add(new());
        thread = new Thread(Run) { IsBackground = true, Name = "farthing reader" };
        thread.Start();
    }

    /// <summary>Takes the next frame.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="commands">Its commands; valid until the next call.</param>
    /// <returns>False at the end.</returns>
    /// <exception cref="LedgerDamagedException">It cannot be read.</exception>
    public bool TryTake([NotNullWhen(true)] out Frame? frame, out ReadOnlySpan<Command> commands)
    {
        while (current is null || taken == current.Frames.Count)
        {
            if (TakePortion()) continue;
            frame = null;
            commands = default;
            return false;
        }
        var start = taken == 0 ? 0 : current.Frames[taken - 1].CommandsEnd;
        (frame, var end) = current.Frames[taken++];
        commands = CollectionsMarshal.AsSpan(current.Commands)[start..end];
        return true;
    }

    public void Dispose()
    {
        free.CompleteAdding();
        thread.Join();
        free.Dispose();
        ready.Dispose();
    }

    private bool TakePortion()
    {
        if (current is not null)
        {
            current.Failure?.Throw();
            current.Clear();
            free.Add(current);
        }
        taken = 0;
        return ready.TryTake(out current, Timeout.Infinite);
    }

    private void Run()
    {
        using var source = frames.GetEnumerator();
        var goesOn = true;
        while (goesOn && free.TryTake(out var portion, Timeout.Infinite))
        {
            goesOn = TryFill(portion, source);
            ready.Add(portion);
        }
        ready.CompleteAdding();
    }

    // False at the end, be it of the journal or of what can be read.
    private bool TryFill(Portion portion, IEnumerator<Frame> source)
    {
        try
        {
            while (!portion.IsMuch)
            {
                if (!source.MoveNext()) return false;
                var frame = source.Current;
                if (frame.Header.Sequence >= firstSequence) Replay.ReadCommands(frame, portion.Commands);
                portion.Frames.Add((frame, portion.Commands.Count));
            }
            return true;
        }
        catch (Exception failure)
        {
            portion.Failure = ExceptionDispatchInfo.Capture(failure);
            return false;
        }
    }

    // Frames may be small, and to wake a thread for each would cost more than to read it.
    private sealed class Portion
    {
        private const int ManyFrames = 256;
        private const int ManyCommands = 4096;

        public List<(Frame Frame, int CommandsEnd)> Frames { get; } = [];

        public List<Command> Commands { get; } = [];

        public ExceptionDispatchInfo? Failure { get; set; }

        public bool IsMuch => Frames.Count >= ManyFrames || Commands.Count >= ManyCommands;

        public void Clear()
        {
            Frames.Clear();
            Commands.Clear();
        }
    }
}
