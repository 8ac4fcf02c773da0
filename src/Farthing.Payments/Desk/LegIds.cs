namespace Farthing.Payments.Desk;

/// <summary>The legs of a chain are numbered in the low byte of its id, which is zero for the price, post, refund or top-up itself.</summary>
internal static class LegIds
{
    private const byte LegMask = 0xFF;

    /// <summary>The fee of a price or post, or the refund of the fee beside a refund.</summary>
    public static UInt128 FeeOf(UInt128 id) => id | 1;

    /// <summary>The use of an allowance beside a refund.</summary>
    public static UInt128 AllowanceOf(UInt128 id) => id | 2;

    /// <summary>The id that the legs of a chain share.</summary>
    public static UInt128 HeadOf(UInt128 id) => id & ~(UInt128)LegMask;
}
