using Farthing.Ledger.Journal;
using Farthing.Ledger.State;

namespace Farthing.CrashHost;

/// <summary>A real journal whose appends are steps: one for each submission to the ledger, as nothing else is submitted meanwhile.</summary>
internal sealed class KillingJournal(IJournal journal, Moments moments) : IJournal
{
    public string? NotReadyReason => journal.NotReadyReason;

    public int MaxBatchBytes => journal.MaxBatchBytes;

    public IEnumerable<Frame> ReadFrames() => journal.ReadFrames();

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
