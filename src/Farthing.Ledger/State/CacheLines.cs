using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Farthing.Ledger.State;

/// <summary>Memory that is needed soon, asked for in time, so that nobody waits for it.</summary>
internal static class CacheLines
{
    private const int LineBytes = 64;

    /// <summary>Asks for all of an item. Changes nothing.</summary>
    public static void Prefetch<T>(ref readonly T item)
    {
        for (var at = 0; at < Unsafe.SizeOf<T>(); at += LineBytes) PrefetchLine(in Unsafe.AddByteOffset(ref Unsafe.AsRef(in item), at));
        // Items do not begin with a line, so that their last byte may be in one more.
        if (Unsafe.SizeOf<T>() > sizeof(ulong)) PrefetchLine(in Unsafe.AddByteOffset(ref Unsafe.AsRef(in item), Unsafe.SizeOf<T>() - 1));
    }

    private static unsafe void PrefetchLine<T>(ref readonly T line)
    {
        if (Sse.IsSupported) Sse.Prefetch0(Unsafe.AsPointer(ref Unsafe.AsRef(in line)));
    }
}
