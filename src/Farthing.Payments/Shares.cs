using System.Numerics;

namespace Farthing.Payments;

/// <summary>Exact division of an amount among several, by the method of the largest remainder.</summary>
internal static class Shares
{
    /// <summary>Divides units in proportion to weights. The shares add up to exactly what is divided, and each is less than one unit from its exact part.</summary>
    /// <param name="units">What is divided.</param>
    /// <param name="weights">
    /// The proportions: basis points, or what each still has. Of weights that add up to at least <paramref name="units"/>, no share is more than its weight;
    /// if they add up to it, the shares are the weights. A weight of zero gets nothing.
    /// </param>
    /// <param name="shares">As many as the weights; written over. Where remainders are equal, the earlier one gets the unit.</param>
    /// <exception cref="ArgumentException">There are not as many shares as weights, or units but nobody to have them.</exception>
    /// <exception cref="OverflowException">The weights add up to more than 128 bits.</exception>
    public static void Divide(UInt128 units, ReadOnlySpan<UInt128> weights, Span<UInt128> shares)
    {
        if (shares.Length != weights.Length) throw new ArgumentException("There must be as many shares as weights.", nameof(shares));
        var whole = UInt128.Zero;
        foreach (var weight in weights) whole = checked(whole + weight);
        if (whole == UInt128.Zero && units != UInt128.Zero) throw new ArgumentException("Units can only be divided among those with a weight.", nameof(weights));
        if (whole == UInt128.Zero)
        {
            shares.Clear();
            return;
        }

        Span<UInt128> remainders = weights.Length <= 32 ? stackalloc UInt128[weights.Length] : new UInt128[weights.Length];
        var left = units;
        for (var i = 0; i < weights.Length; i++)
        {
            (shares[i], remainders[i]) = MultiplyAndDivide(units, weights[i], whole);
            left -= shares[i];
        }

        // The remainders add up to `left` times the whole and each is less than the whole: more of them than `left` are not zero, unless all are.
        for (; left != UInt128.Zero; left--)
        {
            var largest = 0;
            for (var i = 1; i < remainders.Length; i++)
            {
                if (remainders[i] > remainders[largest]) largest = i;
            }

            shares[largest]++;
            remainders[largest] = UInt128.Zero;
        }
    }

    private static (UInt128 Quotient, UInt128 Remainder) MultiplyAndDivide(UInt128 units, UInt128 weight, UInt128 whole)
    {
        if (UInt128.LeadingZeroCount(units) + UInt128.LeadingZeroCount(weight) >= 128) return UInt128.DivRem(units * weight, whole);
        var quotient = BigInteger.DivRem((BigInteger)units * weight, whole, out var remainder);
        return ((UInt128)quotient, (UInt128)remainder);
    }
}
