using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Farthing.Protocol;

/// <summary>SHA-256 of short inputs at the speed of the processor.</summary>
/// <remarks>
/// The ledger hashes several times per transfer. The framework's call costs some 600 ns whatever the length, most of it in looking up the algorithm. Here the
/// input is padded on the stack, and libcrypto is called once, for whole blocks. Where libcrypto 3 is missing, and for long inputs, the framework's call is
/// used. Thread-safe.
/// </remarks>
public static unsafe class Sha256
{
    /// <summary>Bytes of a hash.</summary>
    public const int HashLength = 32;

    private const int BlockLength = 64;

    // A one and the length in bits.
    private const int MinPadding = 1 + sizeof(ulong);

    /// <summary>Enough for a memo with its salt. A longer input would keep the garbage collector waiting.</summary>
    private const int MaxBlocks = 17;

    private static ReadOnlySpan<uint> InitialState =>
        [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

    private static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<Context*, byte*, nuint, int> Update = FindUpdate();

    /// <summary>True if libcrypto was found.</summary>
    internal static bool IsNative => Update != null;

    /// <summary>Writes the hash of <paramref name="data"/> into the first 32 bytes of <paramref name="destination"/>, which may overlap it.</summary>
    /// <exception cref="ArgumentException">The destination is shorter than 32 bytes.</exception>
    public static void Hash(ReadOnlySpan<byte> data, Span<byte> destination) => Hash(data, default, destination);

    /// <summary>Writes the hash of <paramref name="first"/> followed by <paramref name="second"/> into the first 32 bytes of <paramref name="destination"/>, which may overlap either.</summary>
    /// <exception cref="ArgumentException">The destination is shorter than 32 bytes.</exception>
    [SkipLocalsInit]
    public static void Hash(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> destination)
    {
        if (destination.Length < HashLength) throw new ArgumentException("A hash needs 32 bytes.", nameof(destination));
        var length = (long)first.Length + second.Length;
        var blocks = (length + MinPadding + BlockLength - 1) / BlockLength;
        if (!IsNative || blocks > MaxBlocks)
        {
            HashManaged(first, second, destination);
            return;
        }

        var bytes = stackalloc byte[MaxBlocks * BlockLength];
        var padded = new Span<byte>(bytes, (int)blocks * BlockLength);
        first.CopyTo(padded);
        second.CopyTo(padded[first.Length..]);
        padded[(int)length..].Clear();
        padded[(int)length] = 0x80;
        BinaryPrimitives.WriteInt64BigEndian(padded[^sizeof(long)..], length * 8);
        Digest(bytes, padded.Length, destination);
    }

    /// <summary>The same by the framework's hash: the fallback, and what the tests compare with.</summary>
    internal static void HashManaged(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> destination)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(first);
        hash.AppendData(second);
        hash.GetHashAndReset(destination);
    }

    private static void Digest(byte* blocks, int length, Span<byte> destination)
    {
        Context context;
        var state = new Span<uint>(context.State, HashLength / sizeof(uint));
        InitialState.CopyTo(state);
        // So the blocks are hashed where they are, and not gathered first.
        context.BitsBefore = 0;
        context.BytesGathered = 0;
        Update(&context, blocks, (nuint)length);
        BinaryPrimitives.ReverseEndianness(state, MemoryMarshal.Cast<byte, uint>(destination));
    }

    private static delegate* unmanaged[Cdecl, SuppressGCTransition]<Context*, byte*, nuint, int> FindUpdate() =>
        BitConverter.IsLittleEndian && NativeLibrary.TryLoad("libcrypto.so.3", out var library) && NativeLibrary.TryGetExport(library, "SHA256_Update", out var address)
            ? (delegate* unmanaged[Cdecl, SuppressGCTransition]<Context*, byte*, nuint, int>)address
            : null;

    /// <summary>SHA256_CTX, as openssl/sha.h has it.</summary>
    private struct Context
    {
        public fixed uint State[HashLength / sizeof(uint)];
        public ulong BitsBefore;
        public fixed byte Gathered[BlockLength];
        public uint BytesGathered;
        public uint Length;
    }
}
