using Farthing.Ledger.Journal;
using Farthing.Ledger.State;

namespace Farthing.CrashHost;

/// <summary>A real journal whose appends are steps: one for each submission to the ledger, as nothing else is submitted meanwhile.</summary>
internal sealed class KillingJournal(IJournal journal, Moments moments) : IJournal
{
    public UInt128 Number => journal.Number;

    public string? NotReadyReason => journal.NotReadyReason;

    public int MaxBatchBytes => journal.MaxBatchBytes;

    public IEnumerable<Frame> ReadFrames(JournalMark from) => journal.ReadFrames(from);

    public IEnumerable<Frame> ReadFrames(JournalMark from, int throughSegment) => journal.ReadFrames(from, throughSegment);

    public bool TryReadHeader(FramePlace place, out FrameHeader header) => journal.TryReadHeader(place, out header);

    public string? Recover() => journal.Recover();

    public FrameHeader Append(in FrameHeader batch, BatchBuffer records)
    {
        moments.Pass();
        var appended = journal.Append(batch, records);
        moments.Pass();
        return appended;
    }

    public void Read(FramePlace place, int offset, Span<byte> destination) => journal.Read(place, offset, destination);

    public void Dispose() => journal.Dispose();
}
