namespace Farthing.Payments.TopUps;

/// <summary>What follows a top-up's hold has the hold's id with a number in the low byte.</summary>
internal static class TopUpLegs
{
    public static UInt128 PostOf(UInt128 id) => id | 1;

    public static UInt128 VoidOf(UInt128 id) => id | 2;

    /// <summary>The credit of money that came in after the hold had ended.</summary>
    public static UInt128 LateOf(UInt128 id) => id | 3;
}
