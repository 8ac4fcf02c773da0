using Farthing.Ledger;

namespace Farthing.Payments.Desk;

/// <summary>What a refund remembers in the open, in its second reference: who asked for it.</summary>
/// <remarks>128 bits: version 1 (8), zero (119), asked by the wallet (1).</remarks>
internal static class RefundTag
{
    private const ulong Version = 1UL << 56;

    /// <summary>The tag of a refund that this caller asks for.</summary>
    public static UInt128 Of(Caller caller) => new(Version, caller.Kind == CallerKind.Wallet ? 1UL : 0);

    /// <summary>True if the wallet took the money back by itself.</summary>
    public static bool IsByWallet(in JournalRecord refund) => (refund.Command.Reference2 & UInt128.One) == UInt128.One;
}
