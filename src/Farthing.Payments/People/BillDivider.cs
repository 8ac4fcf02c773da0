using Farthing.Payments.Desk;
using Farthing.Protocol;

namespace Farthing.Payments.People;

/// <summary>Says what each is asked for of a bill: exactly the whole together, to the unit.</summary>
internal static class BillDivider
{
    /// <summary>Divides a bill whose form is right otherwise.</summary>
    /// <param name="bill">The bill.</param>
    /// <param name="parts">What each share asks, in their order.</param>
    /// <returns>Why it cannot be divided, or null.</returns>
    public static Refusal? Divide(NewBill bill, out Amount[] parts)
    {
        parts = [];
        var given = bill.Shares.Count(share => share.Amount is not null);
        if (given == 0) return bill.OwnShare is null ? DivideEvenly(bill, out parts) : new(RefusalCodes.InvalidField, "An own share goes with the shares of all others: give theirs, or includeMe to divide evenly.");
        if (given < bill.Shares.Count) return new(RefusalCodes.InvalidField, "Either every share has an amount, or none.");
        if (bill.IncludeMe) return new(RefusalCodes.InvalidField, "includeMe is for a bill that is divided evenly. Where shares are given, yours is ownShare.");

        var sum = bill.OwnShare ?? new(bill.Amount.Asset, UInt128.Zero);
        foreach (var share in bill.Shares)
        {
            if (Amounts.Check(share.Amount!.Value, bill.Amount.Asset) is { } refusal) return refusal;
            sum += share.Amount.Value;
        }

        if (sum != bill.Amount) return new(RefusalCodes.SharesMustSum, $"The shares are {sum} together, and the bill is {bill.Amount}.");
        parts = [.. bill.Shares.Select(share => share.Amount!.Value)];
        return null;
    }

    // The asker stands first, and so has the units that cannot be divided.
    private static Refusal? DivideEvenly(NewBill bill, out Amount[] parts)
    {
        parts = [];
        var own = bill.IncludeMe ? 1 : 0;
        var units = new UInt128[bill.Shares.Count + own];
        var weights = new UInt128[units.Length];
        Array.Fill(weights, UInt128.One);
        Payments.Shares.Divide(bill.Amount.Units, weights, units);
        if (units[^1] == UInt128.Zero) return new(RefusalCodes.InvalidField, $"{bill.Amount} is less than a unit for each of {units.Length}.");
        parts = [.. units[own..].Select(part => new Amount(bill.Amount.Asset, part))];
        return null;
    }
}
