using System.Globalization;

namespace Farthing.Protocol.Fees;

/// <summary>A part of a whole, in millionths: 68,400 for 6.84 %. It may be more than the whole.</summary>
/// <param name="Millionths">Hundredths of basis points.</param>
/// <remarks>The default value is nothing. Immutable; safe to share between threads.</remarks>
public readonly record struct FeeShare(UInt128 Millionths)
{
    /// <summary>A million millionths.</summary>
    public const uint Whole = 1_000_000;

    /// <summary>The share that <paramref name="part"/> is of <paramref name="whole"/>, rounded up: a cost is never said to be smaller than it is.</summary>
    /// <exception cref="DivideByZeroException">The whole is nothing.</exception>
    public static FeeShare Of(Amount part, Amount whole) => new(((part.Units * Whole) + whole.Units - 1) / whole.Units);

    /// <summary>The percentage, for people, to the nearest: two decimals (<c>6.84 %</c>), four below a hundredth (<c>0.0020 %</c>), none from a hundred on (<c>3,000 %</c>).</summary>
    public override string ToString()
    {
        var steps = Millionths < 100u ? 1u : Millionths < Whole ? 100u : 10_000u;
        var rounded = (Millionths + (steps / 2)) / steps * steps;
        var (percent, rest) = (rounded / 10_000, (uint)(rounded % 10_000));
        var decimals = steps == 10_000 ? "" : steps == 1 && rounded != 0 ? $".{rest:0000}" : $".{rest / 100:00}";
        return string.Create(CultureInfo.InvariantCulture, $"{percent:N0}{decimals} %");
    }
}
