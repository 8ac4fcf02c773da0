using Farthing.Protocol;

namespace Farthing.Payments.Desk;

/// <summary>What a price leg remembers in the open, in its second reference: the fee and refund window in force, whether a meter runs, and the wallet's blind index of the reference.</summary>
/// <remarks>128 bits: version 1 (8), basis points (16), seconds (32), metered (8: 0 or 1), index (64).</remarks>
internal readonly record struct PaymentTag(uint FeeBasisPoints, uint RefundWindowSeconds, ulong WalletReference, bool IsMetered = false)
{
    private const byte Version = 1;

    public UInt128 Pack() => new(((ulong)Version << 56) | ((ulong)FeeBasisPoints << 40) | ((ulong)RefundWindowSeconds << 8) | (IsMetered ? 1UL : 0), WalletReference);

    /// <summary>Reads the tag of a record.</summary>
    /// <exception cref="InvalidOperationException">It is of a version that this program does not know.</exception>
    public static PaymentTag Of(UInt128 reference2)
    {
        var upper = (ulong)(reference2 >> 64);
        if (upper >> 56 != Version) throw new InvalidOperationException($"A payment was written by another version of this program (tag {reference2:x32}).");
        return new((uint)((upper >> 40) & 0xFFFF), (uint)((upper >> 8) & 0xFFFF_FFFF), (ulong)(reference2 & ulong.MaxValue), (upper & 0xFF) != 0);
    }

    /// <summary>The fee out of an amount.</summary>
    public Amount FeeOf(Amount amount) => amount.ShareRoundedDown(FeeBasisPoints);

    /// <summary>Until when what is paid now can be refunded; zero for never.</summary>
    public long RefundableUntil(long nowUnixMilliseconds) => RefundWindowSeconds == 0 ? 0 : nowUnixMilliseconds + (RefundWindowSeconds * 1000L);
}
