namespace Farthing.Protocol.Fees;

/// <summary>What the operator of a payment server takes of each payment, out of the payee's share.</summary>
public static class OperatorFee
{
    /// <summary>The fee where the operator sets none: half a percent, so that payments over a cheap rail cost less than one percent in all.</summary>
    public const uint DefaultBasisPoints = 50;
}
