using Farthing.Protocol;

namespace Farthing.Payments.Desk;

/// <summary>Amounts that a caller names for a part of a payment, and the digest of such a request.</summary>
internal static class Amounts
{
    public static Refusal? Check(Amount amount, Asset asset)
    {
        if (amount.Asset != asset) return new(RefusalCodes.CurrencyMismatch, $"The amount is in {amount.Asset}, but {asset} is wanted.");
        if (amount.IsZero) return new(RefusalCodes.AmountMustNotBeZero, "The amount must be more than zero.");
        return amount.Units <= Amount.MaxUnits ? null : new(RefusalCodes.AmountTooLarge, "The amount is too large.");
    }

    public static UInt128 Digest(string purpose, Caller caller, Id<PaymentKind> payment, Amount? amount)
    {
        var bytes = new CanonicalBytes(stackalloc byte[192]);
        bytes.Add(purpose);
        bytes.Add((UInt128)(byte)caller.Kind);
        bytes.Add(caller.Account);
        bytes.Add(payment.Value);
        bytes.Add(amount);
        return bytes.ToDigest();
    }
}
