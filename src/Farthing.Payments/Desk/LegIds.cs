using Farthing.Ledger;

namespace Farthing.Payments.Desk;

/// <summary>The legs of a chain are numbered in the low byte of its id, which is zero for the price, post, refund or top-up itself.</summary>
internal static class LegIds
{
    private const byte LegMask = 0xFF;
    private const byte FirstSplit = 0x10;
    private const byte FirstUse = 0x20;

    /// <summary>The fee of a price or post, or the refund of the fee beside a refund.</summary>
    public static UInt128 FeeOf(UInt128 id) => id | 1;

    /// <summary>The use of a refund allowance beside a refund.</summary>
    public static UInt128 AllowanceOf(UInt128 id) => id | 2;

    /// <summary>What says which offer's splits a held price has.</summary>
    public static UInt128 SplitsOf(UInt128 id) => id | 3;

    /// <summary>The share of the payee with this number in an offer's splits, or its refund beside a refund.</summary>
    public static UInt128 SplitOf(UInt128 id, int number) => id | (UInt128)(FirstSplit + number);

    /// <summary>The use of the cap with this number, its post, void or refund.</summary>
    public static UInt128 UseOf(UInt128 id, int number) => id | (UInt128)(FirstUse + number);

    /// <summary>The same leg of another chain.</summary>
    public static UInt128 SameOf(UInt128 id, UInt128 leg) => id | (leg & LegMask);

    /// <summary>The id that the legs of a chain share.</summary>
    public static UInt128 HeadOf(UInt128 id) => id & ~(UInt128)LegMask;
}
