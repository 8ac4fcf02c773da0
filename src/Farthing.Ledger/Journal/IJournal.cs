using Farthing.Ledger.State;

namespace Farthing.Ledger.Journal;

/// <summary>Where batches are remembered: a directory of segments here, a table of batches in a cluster, memory in a simulation.</summary>
/// <remarks>
/// Used in this order: <see cref="ReadFrames(JournalMark)"/> to its end, <see cref="Recover"/>, then <see cref="Append"/> by one thread, and by any
/// <see cref="Read"/> and <see cref="ReadFrames(JournalMark, int)"/>.
/// </remarks>
internal interface IJournal : IDisposable
{
    /// <summary>A random number that this journal has and no other.</summary>
    UInt128 Number { get; }

    /// <summary>Why no new work should be taken now (no room for the next segment), or null. Read anywhere.</summary>
    string? NotReadyReason { get; }

    /// <summary>The most bytes of records and their offsets that one frame holds.</summary>
    int MaxBatchBytes { get; }

    /// <summary>Every frame from a mark to the end, each checked in itself and against the one before. May be called again.</summary>
    /// <param name="from">The beginning, or behind a frame that <see cref="TryReadHeader"/> found.</param>
    /// <exception cref="LedgerDamagedException">Something other than a torn last frame is wrong.</exception>
    IEnumerable<Frame> ReadFrames(JournalMark from);

    /// <summary>The same, but only to the end of a segment that the journal has gone on from; while others append.</summary>
    IEnumerable<Frame> ReadFrames(JournalMark from, int throughSegment);

    /// <summary>The header of the frame at a place; false if no good frame stands there. Any place may be asked for.</summary>
    bool TryReadHeader(FramePlace place, out FrameHeader header);

    /// <summary>Makes ready to append behind the last frame read: forces that frame to disk, and cuts a torn one after it.</summary>
    /// <returns>What was cut, in words; null for nothing.</returns>
    string? Recover();

    /// <summary>Appends a batch as the next frame, and returns once it is durable.</summary>
    /// <param name="batch">The header's sequence, place and previous hash are filled in here.</param>
    /// <param name="records">The batch's records.</param>
    /// <returns>The header as written.</returns>
    /// <exception cref="IOException">It may or may not be there; nothing more may be appended.</exception>
    FrameHeader Append(in FrameHeader batch, BatchBuffer records);

    /// <summary>Reads bytes of a frame that was read or appended before, counted from the frame's beginning.</summary>
    void Read(FramePlace place, int offset, Span<byte> destination);
}
