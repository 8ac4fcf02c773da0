using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Farthing.Protocol;

/// <summary>SHA-256 of short inputs at the speed of the processor.</summary>
/// <remarks>
/// The ledger hashes several times per transfer. The framework's call costs some 600 ns whatever the length, most of it in looking up the algorithm;
/// libcrypto's own three calls on a context of the stack cost a fifth of that. Where libcrypto 3 is missing, the framework's call is used. Thread-safe.
/// </remarks>
public static unsafe class Sha256
{
    /// <summary>Bytes of a hash.</summary>
    public const int HashLength = 32;

    /// <summary>A longer input would keep the garbage collector waiting, so it is hashed with the ordinary transition.</summary>
    private const int MaxUninterruptedLength = 1024;

    /// <summary>SHA256_CTX of OpenSSL 3 has 112 bytes; the rest is room.</summary>
    private const int ContextLength = 128;

    private static readonly nint Library = NativeLibrary.TryLoad("libcrypto.so.3", out var library) ? library : 0;
    private static readonly nint InitExport = FindExport("SHA256_Init");
    private static readonly nint UpdateExport = FindExport("SHA256_Update");
    private static readonly nint FinalExport = FindExport("SHA256_Final");

    /// <summary>True if libcrypto was found.</summary>
    internal static bool IsNative { get; } = InitExport != 0 && UpdateExport != 0 && FinalExport != 0;

    /// <summary>Writes the hash of <paramref name="data"/> into the first 32 bytes of <paramref name="destination"/>, which may overlap it.</summary>
    /// <exception cref="ArgumentException">The destination is shorter than 32 bytes.</exception>
    public static void Hash(ReadOnlySpan<byte> data, Span<byte> destination) => Hash(data, default, destination);

    /// <summary>Writes the hash of <paramref name="first"/> followed by <paramref name="second"/> into the first 32 bytes of <paramref name="destination"/>, which may overlap either.</summary>
    /// <exception cref="ArgumentException">The destination is shorter than 32 bytes.</exception>
    [SkipLocalsInit]
    public static void Hash(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> destination)
    {
        if (destination.Length < HashLength) throw new ArgumentException("A hash needs 32 bytes.", nameof(destination));
        if (!IsNative)
        {
            HashManaged(first, second, destination);
            return;
        }

        var context = stackalloc byte[ContextLength];
        fixed (byte* a = first)
        fixed (byte* b = second)
        fixed (byte* to = destination)
        {
            if ((long)first.Length + second.Length <= MaxUninterruptedLength)
            {
                ((delegate* unmanaged[Cdecl, SuppressGCTransition]<byte*, int>)InitExport)(context);
                if (!first.IsEmpty) ((delegate* unmanaged[Cdecl, SuppressGCTransition]<byte*, byte*, nuint, int>)UpdateExport)(context, a, (nuint)first.Length);
                if (!second.IsEmpty) ((delegate* unmanaged[Cdecl, SuppressGCTransition]<byte*, byte*, nuint, int>)UpdateExport)(context, b, (nuint)second.Length);
                ((delegate* unmanaged[Cdecl, SuppressGCTransition]<byte*, byte*, int>)FinalExport)(to, context);
            }
            else
            {
                ((delegate* unmanaged[Cdecl]<byte*, int>)InitExport)(context);
                ((delegate* unmanaged[Cdecl]<byte*, byte*, nuint, int>)UpdateExport)(context, a, (nuint)first.Length);
                ((delegate* unmanaged[Cdecl]<byte*, byte*, nuint, int>)UpdateExport)(context, b, (nuint)second.Length);
                ((delegate* unmanaged[Cdecl]<byte*, byte*, int>)FinalExport)(to, context);
            }
        }
    }

    /// <summary>The same by the framework's hash: the fallback, and what the tests compare with.</summary>
    internal static void HashManaged(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> destination)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(first);
        hash.AppendData(second);
        hash.GetHashAndReset(destination);
    }

    private static nint FindExport(string name) =>
        Library != 0 && NativeLibrary.TryGetExport(Library, name, out var address) ? address : 0;
}
