using Farthing.Protocol;

namespace Farthing.Payments.Desk;

/// <summary>What is particular about a payment. Numbers are stored.</summary>
[Flags]
internal enum PaymentTraits : byte
{
    None = 0,

    /// <summary>A meter says what it costs in the end.</summary>
    Metered = 1,

    /// <summary>It pays for what is used already or goes on, so its payee alone can give it back.</summary>
    RefundedByPayeeOnly = 2,
}

/// <summary>What a price leg remembers in the open, in its second reference: the fee and refund window in force, its traits, and the wallet's blind index of the reference.</summary>
/// <remarks>128 bits: version 1 (8), basis points (16), seconds (32), traits (8), index (64).</remarks>
internal readonly record struct PaymentTag(uint FeeBasisPoints, uint RefundWindowSeconds, ulong WalletReference, PaymentTraits Traits = PaymentTraits.None)
{
    private const byte Version = 1;

    public UInt128 Pack() => new(((ulong)Version << 56) | ((ulong)FeeBasisPoints << 40) | ((ulong)RefundWindowSeconds << 8) | (ulong)Traits, WalletReference);

    /// <summary>Reads the tag of a record.</summary>
    /// <exception cref="InvalidOperationException">It is of a version that this program does not know.</exception>
    public static PaymentTag Of(UInt128 reference2)
    {
        var upper = (ulong)(reference2 >> 64);
        if (upper >> 56 != Version) throw new InvalidOperationException($"A payment was written by another version of this program (tag {reference2:x32}).");
        return new((uint)((upper >> 40) & 0xFFFF), (uint)((upper >> 8) & 0xFFFF_FFFF), (ulong)(reference2 & ulong.MaxValue), (PaymentTraits)(upper & 0xFF));
    }

    /// <summary>Whether it has a trait.</summary>
    public bool Has(PaymentTraits trait) => (Traits & trait) != 0;

    /// <summary>The fee out of an amount.</summary>
    public Amount FeeOf(Amount amount) => amount.ShareRoundedDown(FeeBasisPoints);

    /// <summary>Until when what is paid now can be refunded; zero for never.</summary>
    public long RefundableUntil(long nowUnixMilliseconds) => RefundWindowSeconds == 0 ? 0 : nowUnixMilliseconds + (RefundWindowSeconds * 1000L);
}
