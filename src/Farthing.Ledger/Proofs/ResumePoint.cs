using System.Buffers.Binary;
using System.IO.Hashing;
using Farthing.Ledger.Journal;
using Farthing.Protocol;

namespace Farthing.Ledger.Proofs;

/// <summary>How far the tiles are on disk: what an opening goes on from. <c>docs/spec/tree.md</c> gives each byte.</summary>
/// <param name="Size">How many leaves; a frame ends there.</param>
/// <param name="Place">Where that frame stands.</param>
/// <param name="FrameHash">Its hash, which follows from all frames before it.</param>
/// <param name="Root">The root over the leaves.</param>
internal sealed record ResumePoint(long Size, FramePlace Place, UInt128 FrameHash, byte[] Root)
{
    public const string FileName = "resume";

    public const int Length = HashedLength + 16;

    private const int HashedLength = 80;

    private static ReadOnlySpan<byte> Magic => "FARTHTRE"u8;

    private static ReadOnlySpan<byte> Format => [1, 0, 0, 0];

    public byte[] Write()
    {
        var bytes = new byte[Length];
        Magic.CopyTo(bytes);
        Format.CopyTo(bytes.AsSpan(8));
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), Place.Segment);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(16), Place.Block);
        // Four bytes stay zero.
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(24), Size);
        BinaryPrimitives.WriteUInt128LittleEndian(bytes.AsSpan(32), FrameHash);
        Root.CopyTo(bytes, 48);
        BinaryPrimitives.WriteUInt128LittleEndian(bytes.AsSpan(HashedLength), XxHash128.HashToUInt128(bytes.AsSpan(0, HashedLength)));
        return bytes;
    }

    /// <returns>Null for anything but a whole point of this format. Never throws.</returns>
    public static ResumePoint? Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Length || !bytes[..8].SequenceEqual(Magic) || !bytes[8..12].SequenceEqual(Format)) return null;
        if (BinaryPrimitives.ReadUInt128LittleEndian(bytes[HashedLength..]) != XxHash128.HashToUInt128(bytes[..HashedLength])) return null;
        var size = BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]);
        if (size <= 0) return null;
        return new(size, new(BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]), BinaryPrimitives.ReadInt32LittleEndian(bytes[16..])),
            BinaryPrimitives.ReadUInt128LittleEndian(bytes[32..]), bytes.Slice(48, MerkleTree.HashLength).ToArray());
    }
}
