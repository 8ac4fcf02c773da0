using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Farthing.Protocol;

/// <summary>Why a text is not an amount. The names are the stable error codes of <c>docs/errors.md</c>, in the order of the checks.</summary>
public enum AmountError
{
    /// <summary>The text is an amount.</summary>
    None,

    /// <summary>Not of the form digits, or digits, a point and digits; blanks, signs, exponents and separators are all refused.</summary>
    InvalidAmount,

    /// <summary>A minus sign before a number.</summary>
    AmountMustNotBeNegative,

    /// <summary>More digits after the point than the asset has decimals.</summary>
    TooManyDecimals,

    /// <summary>More than <see cref="Amount.MaxTextLength"/> characters, or too large to be counted.</summary>
    AmountTooLarge,
}

/// <summary>An exact quantity of one asset, counted in its smallest unit.</summary>
/// <param name="Asset">What is counted.</param>
/// <param name="Units">How many of the asset's smallest unit: 20,000 for 0.02 USD.</param>
/// <remarks>The default value is zero of no asset. Arithmetic is checked, and mixing assets throws. Immutable; safe to share between threads.</remarks>
public readonly record struct Amount(Asset Asset, UInt128 Units)
{
    /// <summary>The longest text that is read as an amount.</summary>
    public const int MaxTextLength = 40;

    /// <summary>The largest amount that a payment may name: 10^24 units, a million times a million million dollars.</summary>
    public static readonly UInt128 MaxUnits = UInt128.Parse("1000000000000000000000000", CultureInfo.InvariantCulture);

    /// <summary>True if nothing is counted.</summary>
    public bool IsZero => Units == UInt128.Zero;

    /// <summary>Reads a decimal text such as <c>0.02</c>: digits, then optionally a point and digits. No sign, blank, exponent or separator.</summary>
    /// <param name="text">The text of the number, without the currency.</param>
    /// <param name="asset">The asset whose scale applies.</param>
    /// <param name="amount">The amount, if the answer is <see cref="AmountError.None"/>.</param>
    /// <returns>Why the text is no amount, or <see cref="AmountError.None"/>. More decimals than the asset has is an error, not a rounding. Never throws.</returns>
    public static AmountError TryParse(ReadOnlySpan<char> text, Asset asset, out Amount amount)
    {
        amount = default;
        if (text.Length > MaxTextLength) return AmountError.AmountTooLarge;

        var negative = text.Length > 0 && text[0] == '-';
        var digits = negative ? text[1..] : text;
        var point = digits.IndexOf('.');
        var whole = point < 0 ? digits : digits[..point];
        var fraction = point < 0 ? [] : digits[(point + 1)..];
        if (!IsDigits(whole) || (point >= 0 && !IsDigits(fraction))) return AmountError.InvalidAmount;
        if (whole.Length > 1 && whole[0] == '0') return AmountError.InvalidAmount;
        if (negative) return AmountError.AmountMustNotBeNegative;
        if (fraction.Length > asset.Scale) return AmountError.TooManyDecimals;

        var units = UInt128.Zero;
        for (var i = 0; i < whole.Length + asset.Scale; i++)
        {
            var digit = i < whole.Length ? whole[i] - '0'
                : i - whole.Length < fraction.Length ? fraction[i - whole.Length] - '0'
                : 0;
            units = (units * 10) + (uint)digit;
            if (units > MaxUnits) return AmountError.AmountTooLarge;
        }

        amount = new Amount(asset, units);
        return AmountError.None;
    }

    /// <summary>Reads a price as written in source code: <c>"0.002 USD"</c>.</summary>
    /// <exception cref="FormatException">The text is not a positive decimal, one blank and a known currency.</exception>
    public static Amount Parse(string price)
    {
        ArgumentNullException.ThrowIfNull(price);
        var blank = price.IndexOf(' ');
        if (blank < 0 || !Asset.TryGetCurrency(price.AsSpan(blank + 1), out var asset))
            throw new FormatException($"'{price}' is not a price. Write a decimal, one blank and a currency, such as \"0.002 USD\".");
        var error = TryParse(price.AsSpan(0, blank), asset, out var amount);
        return error == AmountError.None && !amount.IsZero
            ? amount
            : throw new FormatException($"'{price}' is not a price ({(error == AmountError.None ? "zero" : error)}). Write a positive decimal, such as \"0.002 USD\".");
    }

    /// <summary>Adds two amounts of one asset.</summary>
    /// <exception cref="InvalidOperationException">The assets differ.</exception>
    /// <exception cref="OverflowException">The sum cannot be counted.</exception>
    public static Amount operator +(Amount left, Amount right) => new(SameAsset(left, right), checked(left.Units + right.Units));

    /// <summary>Subtracts an amount of the same asset.</summary>
    /// <exception cref="InvalidOperationException">The assets differ.</exception>
    /// <exception cref="OverflowException">The difference is negative.</exception>
    public static Amount operator -(Amount left, Amount right) => new(SameAsset(left, right), checked(left.Units - right.Units));

    /// <summary>The price of <paramref name="quantity"/> pieces.</summary>
    /// <exception cref="OverflowException">The product cannot be counted.</exception>
    public static Amount operator *(Amount price, uint quantity) => quantity == 1 ? price : new(price.Asset, checked(price.Units * quantity));

    /// <summary>The share of <paramref name="basisPoints"/> hundredths of a percent, rounded down to a whole unit.</summary>
    public Amount ShareRoundedDown(uint basisPoints) =>
        // Dividing 128 bits costs more than all the rest of pricing, and no usual amount needs them.
        Units <= uint.MaxValue ? new(Asset, (ulong)Units * basisPoints / 10_000) : new(Asset, checked(Units * basisPoints) / 10_000);

    /// <summary>The shortest decimal that reads back as this amount: <c>0.02</c>, without the currency.</summary>
    public string ToDecimalString()
    {
        Span<char> buffer = stackalloc char[MaxDecimalLength];
        return new string(buffer[..Format(buffer)]);
    }

    /// <summary>Writes <see cref="ToDecimalString"/> as ASCII. Needs at most 96 bytes.</summary>
    /// <returns>How many bytes were written.</returns>
    public int FormatUtf8(Span<byte> destination)
    {
        Span<char> buffer = stackalloc char[MaxDecimalLength];
        var length = Format(buffer);
        for (var i = 0; i < length; i++) destination[i] = (byte)buffer[i];
        return length;
    }

    /// <summary>The amount as people are shown it: at least two decimals, all that are needed, and the currency: <c>10.00 USD</c>, <c>0.0002 USD</c>.</summary>
    public string ToPriceString()
    {
        var text = ToDecimalString();
        var point = text.IndexOf('.', StringComparison.Ordinal);
        var decimals = point < 0 ? 0 : text.Length - point - 1;
        var padded = decimals >= 2 ? text : $"{text}{(point < 0 ? "." : "")}{new string('0', 2 - decimals)}";
        return Asset.Code is null ? padded : $"{padded} {Asset.Code}";
    }

    /// <summary>The amount with its currency: <c>0.02 USD</c>.</summary>
    public override string ToString() => Asset.Code is null ? ToDecimalString() : $"{ToDecimalString()} {Asset.Code}";

    private const int MaxDecimalLength = 96;

    private int Format(Span<char> buffer)
    {
        Span<char> digits = stackalloc char[48];
        var count = 0;
        if (Units <= ulong.MaxValue)
        {
            ((ulong)Units).TryFormat(digits, out count, default, CultureInfo.InvariantCulture);
        }
        else
        {
            Units.TryFormat(digits, out count, default, CultureInfo.InvariantCulture);
        }

        var length = 0;
        var whole = count - Asset.Scale;
        if (whole <= 0)
        {
            buffer[length++] = '0';
        }
        else
        {
            digits[..whole].CopyTo(buffer);
            length = whole;
        }

        var end = count;
        while (end > Math.Max(whole, 0) && digits[end - 1] == '0') end--;
        if (end <= Math.Max(whole, 0)) return length;

        buffer[length++] = '.';
        for (var i = whole; i < 0; i++) buffer[length++] = '0';
        for (var i = Math.Max(whole, 0); i < end; i++) buffer[length++] = digits[i];
        return length;
    }

    private static bool IsDigits(ReadOnlySpan<char> text) => text.Length > 0 && text.IndexOfAnyExceptInRange('0', '9') < 0;

    [SuppressMessage("Style", "IDE0046", Justification = "A throw reads better as a statement.")]
    private static Asset SameAsset(Amount left, Amount right)
    {
        if (left.Asset != right.Asset) throw new InvalidOperationException($"Cannot combine {left} with {right}: the assets differ.");
        return left.Asset;
    }
}
