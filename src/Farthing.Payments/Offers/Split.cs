using Farthing.Payments.Payees;
using Farthing.Protocol;

namespace Farthing.Payments.Offers;

/// <summary>A payee's share of what an offer earns after the fee. Immutable; safe to share between threads.</summary>
/// <param name="Payee">Who gets it.</param>
/// <param name="BasisPoints">Hundredths of a percent, 1 to 9,999; those of an offer add up to <see cref="Whole"/>.</param>
public sealed record Split(Id<PayeeKind> Payee, uint BasisPoints)
{
    /// <summary>What the shares of an offer add up to.</summary>
    public const uint Whole = 10_000;

    /// <summary>The most payees that share an offer, its owner included.</summary>
    public const int MaxPayees = 10;

    /// <summary>Why an offer cannot be shared like this, or null. No splits at all are nothing to refuse.</summary>
    internal static async ValueTask<Refusal?> CheckAsync(IReadOnlyList<Split> splits, Payee owner, PayeeDirectory payees)
    {
        if (splits.Count == 0) return null;
        if (splits.Count is < 2 or > MaxPayees) return Invalid($"An offer is shared by 2 to {MaxPayees} payees, its own included.");
        if (splits.Any(split => split.BasisPoints is 0 or >= Whole)) return Invalid($"A share must be 1 to {Whole - 1} basis points.");
        if (splits.DistinctBy(split => split.Payee).Count() != splits.Count) return Invalid("A payee has two shares. Add them together.");
        if (splits.All(split => split.Payee != owner.Id)) return Invalid($"The offer's own payee {owner.Id} has no share. List it too.");
        var sum = splits.Sum(split => split.BasisPoints);
        if (sum != Whole) return Invalid($"The shares add up to {sum} basis points. They must add up to exactly {Whole}.");
        foreach (var split in splits)
        {
            if (await payees.FindAsync(split.Payee) is not { } payee) return PayeeDirectory.NotFound(split.Payee);
            if (payee.Asset != owner.Asset)
                return new(RefusalCodes.CurrencyMismatch, $"The payee {split.Payee} is paid in {payee.Asset}, but the offer's own payee in {owner.Asset}.");
        }

        return null;
    }

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
}
