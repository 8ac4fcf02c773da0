using Farthing.Ledger.Tests.State;
using Farthing.Protocol;

namespace Farthing.Simulation;

/// <summary>A frame as it was written, and the world after it. The first one of a world stands for the beginning, and has no place.</summary>
/// <param name="Place">Where its bytes went; null if they went nowhere yet.</param>
/// <param name="Model">The naive ledger after it.</param>
/// <param name="Digest">The state's digest after it.</param>
/// <param name="Edge">The tree after it.</param>
internal sealed record WrittenFrame((string Path, long Offset, byte[] Bytes)? Place, NaiveLedger Model, UInt128 Digest, TreeEdge Edge)
{
    /// <summary>How many records there were then.</summary>
    public long EndPosition => Edge.Size;

    public byte[] Root => Edge.Root();

    public bool IsWholeOn(SimulatedDisk disk)
    {
        var (path, offset, bytes) = Place!.Value;
        var content = disk.Content(path);
        return content.Length >= offset + bytes.Length && content.Slice((int)offset, bytes.Length).SequenceEqual(bytes);
    }
}

/// <summary>What is on disk when the ledger is opened, judged by its bytes and not by any of the ledger's code.</summary>
/// <param name="Whole">Of each frame that must be there, whether it is; the beginning always is.</param>
/// <param name="IsInFlightWhole">Whether the frame is that was being written.</param>
/// <param name="IsHeadBad">True if a segment's first block is not what it was.</param>
/// <param name="Ends">How many records there were after each frame.</param>
/// <param name="SignedSize">How many records the stored checkpoint signs; null if it is none that was ever signed.</param>
internal sealed record Forecast(bool[] Whole, bool IsInFlightWhole, bool IsHeadBad, long[] Ends, long? SignedSize)
{
    /// <param name="disk">As the crash left it.</param>
    /// <param name="frames">The beginning, and all that must be there.</param>
    /// <param name="inFlight">The frame that was being written.</param>
    /// <param name="segmentHeads">The first block of each segment.</param>
    /// <param name="signedSize">See above.</param>
    public static Forecast Of(SimulatedDisk disk, IReadOnlyList<WrittenFrame> frames, WrittenFrame? inFlight, IReadOnlyDictionary<string, byte[]> segmentHeads, long? signedSize) => new(
        [.. frames.Select((frame, number) => number == 0 || frame.IsWholeOn(disk))],
        inFlight is not null && inFlight.IsWholeOn(disk),
        // A head that was never seen is that of a segment that was just given its name.
        disk.Paths.Any(path => segmentHeads.TryGetValue(path, out var head) && !disk.Content(path)[..head.Length].SequenceEqual(head)),
        [.. frames.Select(frame => frame.EndPosition)],
        signedSize);

    /// <summary>How many frames there are in the end, for one who reads from behind a frame on and is not told of damage.</summary>
    public int FramesFrom(int from) => GoodFrom(from) == Whole.Length - 1 && IsInFlightWhole ? Whole.Length : GoodFrom(from);

    /// <summary>Whether one who reads from behind a frame on must come by damage: a whole frame follows one that is not, or more is signed than is there, or a segment's head is bad.</summary>
    public bool MustReportFrom(int from)
    {
        var good = GoodFrom(from);
        var isFollowed = good < Whole.Length - 1 && (IsInFlightWhole || Whole.AsSpan(good + 2).Contains(true));
        return isFollowed || IsHeadBad || SignedSize is null || SignedSize > Ends[good];
    }

    public override string ToString() => $"frames {string.Concat(Whole.Select(whole => whole ? '+' : '-'))}, the one in flight {IsInFlightWhole}, a head is bad {IsHeadBad}, {SignedSize} of {Ends[^1]} records are signed";

    private int GoodFrom(int from)
    {
        var bad = Array.IndexOf(Whole, false, from + 1);
        return bad < 0 ? Whole.Length - 1 : bad - 1;
    }
}
