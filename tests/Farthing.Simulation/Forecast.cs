using Farthing.Ledger.Tests.State;

namespace Farthing.Simulation;

/// <summary>A frame as it was written, and the world after it. The first one of a world stands for the beginning, and has no place.</summary>
/// <param name="Place">Where its bytes went; null if they went nowhere yet.</param>
/// <param name="Model">The naive ledger after it.</param>
/// <param name="Digest">The state's digest after it.</param>
/// <param name="Root">The tree's root after it.</param>
/// <param name="EndPosition">How many records there were then.</param>
internal sealed record WrittenFrame((string Path, long Offset, byte[] Bytes)? Place, NaiveLedger Model, UInt128 Digest, byte[] Root, long EndPosition)
{
    public bool IsWholeOn(SimulatedDisk disk)
    {
        var (path, offset, bytes) = Place!.Value;
        var content = disk.Content(path);
        return content.Length >= offset + bytes.Length && content.Slice((int)offset, bytes.Length).SequenceEqual(bytes);
    }
}

/// <summary>What an opening must come to, judged by the bytes on disk and not by any of the ledger's code.</summary>
/// <param name="Frames">How many frames are served, if no damage is reported.</param>
/// <param name="MustReport">True if damage must be reported.</param>
/// <param name="Why">Both in words.</param>
internal sealed record Forecast(int Frames, bool MustReport, string Why)
{
    /// <param name="disk">As the crash left it.</param>
    /// <param name="frames">The beginning, and all that must be there.</param>
    /// <param name="inFlight">The frame that was being written.</param>
    /// <param name="segmentHeads">The first block of each segment.</param>
    /// <param name="signedSize">How many records the stored checkpoint signs; null if it is none that was ever signed.</param>
    public static Forecast Of(SimulatedDisk disk, IReadOnlyList<WrittenFrame> frames, WrittenFrame? inFlight, IReadOnlyDictionary<string, byte[]> segmentHeads, long? signedSize)
    {
        var isInFlightWhole = inFlight is not null && inFlight.IsWholeOn(disk);
        var all = frames.Count - 1;
        var good = 0;
        while (good < all && frames[good + 1].IsWholeOn(disk)) good++;
        // A head that was never seen is that of a segment that was just given its name.
        var isHeadBad = disk.Paths.Any(path => segmentHeads.TryGetValue(path, out var head) && !disk.Content(path)[..head.Length].SequenceEqual(head));
        var isFollowed = good < all && (isInFlightWhole || Enumerable.Range(good + 2, all - good - 1).Any(frame => frames[frame].IsWholeOn(disk)));
        var isMoreSigned = signedSize is null || signedSize > frames[good].EndPosition;
        return new(good == all && isInFlightWhole ? all + 1 : good, isHeadBad || isFollowed || isMoreSigned,
            $"{good} of {all} frames are whole, and the one in flight {isInFlightWhole}; a whole one follows a bad one {isFollowed}, more is signed {isMoreSigned}, a segment's head is bad {isHeadBad}");
    }
}
