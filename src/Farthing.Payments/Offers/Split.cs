using System.Text.Json;
using Farthing.Payments.Payees;
using Farthing.Protocol;

namespace Farthing.Payments.Offers;

/// <summary>A payee's share of what an offer or a campaign earns after the fee. Immutable; safe to share between threads.</summary>
/// <param name="Payee">Who gets it.</param>
/// <param name="BasisPoints">Hundredths of a percent, 1 to 9,999; those of one offer add up to <see cref="Whole"/>.</param>
public sealed record Split(Id<PayeeKind> Payee, uint BasisPoints)
{
    /// <summary>What all shares add up to.</summary>
    public const uint Whole = 10_000;

    /// <summary>The most payees that share, the owner included.</summary>
    public const int MaxPayees = 10;

    /// <summary>Why an offer or a campaign cannot be shared like this, or null. No splits at all are nothing to refuse.</summary>
    internal static async ValueTask<Refusal?> CheckAsync(IReadOnlyList<Split> splits, Payee owner, PayeeDirectory payees)
    {
        if (splits.Count == 0) return null;
        if (splits.Count is < 2 or > MaxPayees) return Invalid($"Shares are those of 2 to {MaxPayees} payees, yours included.");
        if (splits.Any(split => split.BasisPoints is 0 or >= Whole)) return Invalid($"A share must be 1 to {Whole - 1} basis points.");
        if (splits.DistinctBy(split => split.Payee).Count() != splits.Count) return Invalid("A payee has two shares. Add them together.");
        if (splits.All(split => split.Payee != owner.Id)) return Invalid($"The payee {owner.Id}, whose it is, has no share. List it too.");
        var sum = splits.Sum(split => split.BasisPoints);
        if (sum != Whole) return Invalid($"The shares add up to {sum} basis points. They must add up to exactly {Whole}.");
        foreach (var split in splits)
        {
            if (await payees.FindAsync(split.Payee) is not { } payee) return PayeeDirectory.NotFound(split.Payee);
            if (payee.Asset != owner.Asset)
                return new(RefusalCodes.CurrencyMismatch, $"The payee {split.Payee} is paid in {payee.Asset}, but {owner.Id}, whose it is, in {owner.Asset}.");
        }

        return null;
    }

    /// <summary>Splits as a row keeps them; null for none.</summary>
    internal static string? ToText(IReadOnlyList<Split> splits) => splits.Count == 0 ? null : JsonSerializer.Serialize([.. splits.Select(SplitJson.From)], StoredJson.Default.SplitJsonArray);

    /// <summary>Splits that a row keeps.</summary>
    internal static IReadOnlyList<Split> FromText(string? text) => text is null ? [] : [.. JsonSerializer.Deserialize(text, StoredJson.Default.SplitJsonArray)!.Select(split => split.Read())];

    private static Refusal Invalid(string detail) => new(RefusalCodes.InvalidSplits, detail);
}

/// <summary>A <see cref="Split"/> as it travels and as it is stored.</summary>
/// <param name="Payee">Who gets it.</param>
/// <param name="BasisPoints">Hundredths of a percent.</param>
public sealed record SplitJson(string Payee, uint BasisPoints)
{
    /// <summary>Writes a split.</summary>
    public static SplitJson From(Split split)
    {
        ArgumentNullException.ThrowIfNull(split);
        return new(split.Payee.ToString(), split.BasisPoints);
    }

    /// <summary>Reads a split that a row keeps.</summary>
    /// <exception cref="InvalidOperationException">It was not written by this program.</exception>
    internal Split Read() => Id<PayeeKind>.TryParse(Payee, out var payee) ? new(payee, BasisPoints) : throw new InvalidOperationException($"The settings have a share of '{Payee}', which is no payee.");
}
