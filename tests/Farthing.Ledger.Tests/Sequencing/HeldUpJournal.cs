using Farthing.Ledger.Journal;
using Farthing.Ledger.State;

namespace Farthing.Ledger.Tests.Sequencing;

/// <summary>A journal whose flushes a test can hold up or make fail.</summary>
internal sealed class HeldUpJournal(IJournal journal) : IJournal
{
    private readonly ManualResetEventSlim open = new(initialState: true);
    private readonly SemaphoreSlim arrived = new(0);
    private volatile Exception? failure;
    private volatile string? notReadyReason;
    private int appended;

    /// <summary>How many frames were appended.</summary>
    public int Appended => Volatile.Read(ref appended);

    public string? NotReadyReason
    {
        get => notReadyReason ?? journal.NotReadyReason;
        set => notReadyReason = value;
    }

    public int MaxBatchBytes => journal.MaxBatchBytes;

    /// <summary>Called before anything is read of a single frame.</summary>
    public Action? OnRead { get; set; }

    public void HoldUp() => open.Reset();

    public void LetGo() => open.Set();

    public void FailWith(Exception error) => failure = error;

    /// <summary>Waits until a flush has begun.</summary>
    public async Task FlushBeganAsync() => Assert.True(await arrived.WaitAsync(TestLedger.Deadline, TestContext.Current.CancellationToken));

    public UInt128 Number => journal.Number;

    public IEnumerable<Frame> ReadFrames(JournalMark from) => journal.ReadFrames(from);

    public IEnumerable<Frame> ReadFrames(JournalMark from, int throughSegment) => journal.ReadFrames(from, throughSegment);

    public bool TryReadHeader(FramePlace place, out FrameHeader header) => journal.TryReadHeader(place, out header);

    public string? Recover() => journal.Recover();

    public FrameHeader Append(in FrameHeader batch, BatchBuffer records)
    {
        arrived.Release();
        Assert.True(open.Wait(TestLedger.Deadline, CancellationToken.None));
        if (failure is { } error) throw error;
        var header = journal.Append(batch, records);
        Interlocked.Increment(ref appended);
        return header;
    }

    public void Read(FramePlace place, int offset, Span<byte> destination)
    {
        OnRead?.Invoke();
        journal.Read(place, offset, destination);
    }

    public void Dispose()
    {
        journal.Dispose();
        open.Dispose();
        arrived.Dispose();
    }
}
