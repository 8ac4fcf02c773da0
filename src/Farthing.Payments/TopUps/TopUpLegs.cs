namespace Farthing.Payments.TopUps;

/// <summary>What belongs to a top-up has the id of its hold with a number in the low byte.</summary>
internal static class TopUpLegs
{
    public static UInt128 PostOf(UInt128 id) => id | 1;

    public static UInt128 VoidOf(UInt128 id) => id | 2;

    /// <summary>The credit of money that came in after the hold had ended.</summary>
    public static UInt128 LateOf(UInt128 id) => id | 3;

    /// <summary>The hold of what the rail takes, beside that of what is the wallet's. What follows it is numbered as above, from there.</summary>
    public static UInt128 CostOf(UInt128 id) => id | 4;
}
