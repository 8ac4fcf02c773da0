using Farthing.Ledger.Journal;
using Farthing.Ledger.State;

namespace Farthing.Payments.Tests;

/// <summary>The end of the process as both stores see it: from a step on neither takes anything more, until they are opened again.</summary>
/// <remarks>A step is a write of the settings or an append to the journal. What would end before a step ends after the one before it.</remarks>
internal sealed class Cut
{
    private int stepsLeft = int.MaxValue;
    private volatile bool isOver;

    /// <summary>True once the last step was taken.</summary>
    public bool IsOver => isOver;

    /// <summary>Ends everything after so many steps to come.</summary>
    public void After(int steps) => Volatile.Write(ref stepsLeft, steps);

    /// <summary>A step was taken.</summary>
    public void Pass()
    {
        if (Volatile.Read(ref stepsLeft) != int.MaxValue && Interlocked.Decrement(ref stepsLeft) == 0) isOver = true;
    }

    public void ThrowIfOver()
    {
        if (isOver) throw new IOException("The process is thought to have ended here.");
    }
}

/// <summary>A real journal whose appends are steps.</summary>
internal sealed class CutJournal(IJournal journal, Cut cut) : IJournal
{
    public UInt128 Number => journal.Number;

    public string? NotReadyReason => cut.IsOver ? "The process is thought to have ended." : journal.NotReadyReason;

    public int MaxBatchBytes => journal.MaxBatchBytes;

    public IEnumerable<Frame> ReadFrames(JournalMark from) => journal.ReadFrames(from);

    public IEnumerable<Frame> ReadFrames(JournalMark from, int throughSegment) => journal.ReadFrames(from, throughSegment);

    public bool TryReadHeader(FramePlace place, out FrameHeader header) => journal.TryReadHeader(place, out header);

    public string? Recover() => journal.Recover();

    public FrameHeader Append(in FrameHeader batch, BatchBuffer records)
    {
        var appended = journal.Append(batch, records);
        cut.Pass();
        return appended;
    }

    public void Read(FramePlace place, int offset, Span<byte> destination) => journal.Read(place, offset, destination);

    public void Dispose() => journal.Dispose();
}
