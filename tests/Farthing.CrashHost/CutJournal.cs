using Farthing.Ledger.Journal;
using Farthing.Ledger.State;

namespace Farthing.CrashHost;

/// <summary>A real journal whose appends are steps, each with a moment before it and one after it: one for each submission to the ledger, as nothing else is submitted meanwhile.</summary>
/// <param name="journal">The real one.</param>
/// <param name="moments">Counts them.</param>
/// <param name="beforeAppending">May hold up the disk.</param>
internal sealed class CutJournal(IJournal journal, Moments moments, Action? beforeAppending = null) : IJournal
{
    public UInt128 Number => journal.Number;

    public string? NotReadyReason => moments.Ended.IsCompleted ? "Everything has ended." : journal.NotReadyReason;

    public int MaxBatchBytes => journal.MaxBatchBytes;

    public IEnumerable<Frame> ReadFrames(JournalMark from) => journal.ReadFrames(from);

    public IEnumerable<Frame> ReadFrames(JournalMark from, int throughSegment) => journal.ReadFrames(from, throughSegment);

    public bool TryReadHeader(FramePlace place, out FrameHeader header) => journal.TryReadHeader(place, out header);

    public string? Recover() => journal.Recover();

    public FrameHeader Append(in FrameHeader batch, BatchBuffer records)
    {
        beforeAppending?.Invoke();
        // If all ends here, so does the ledger's writer, and nobody is answered. What was on its way when all ended elsewhere is taken still.
        if (!moments.Ended.IsCompleted) moments.Pass();
        var appended = journal.Append(batch, records);
        // If all ends here, who asked may still be answered, and nothing follows.
        moments.Come();
        return appended;
    }

    public void Read(FramePlace place, int offset, Span<byte> destination) => journal.Read(place, offset, destination);

    public void Dispose() => journal.Dispose();
}
