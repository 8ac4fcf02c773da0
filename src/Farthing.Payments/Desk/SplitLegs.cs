using Farthing.Ledger;
using Farthing.Payments.Offers;
using Farthing.Protocol;

namespace Farthing.Payments.Desk;

/// <summary>The shares of a payment: transfers from the payee of the price to the others, of what is left after the fee.</summary>
internal static class SplitLegs
{
    /// <summary>Writes a transfer for each payee other than the owner whose share is not nothing.</summary>
    /// <param name="chain">Where to.</param>
    /// <param name="id">The price or post.</param>
    /// <param name="digest">Of the request.</param>
    /// <param name="owner">The payee of the price.</param>
    /// <param name="net">The price less the fee.</param>
    /// <param name="splits">Of the offer.</param>
    /// <param name="refundableUntil">As that of the price.</param>
    /// <returns>How many were written.</returns>
    public static int Write(Span<Command> chain, UInt128 id, UInt128 digest, UInt128 owner, Amount net, IReadOnlyList<Split> splits, long refundableUntil)
    {
        Span<UInt128> weights = stackalloc UInt128[Split.MaxPayees];
        Span<UInt128> shares = stackalloc UInt128[Split.MaxPayees];
        for (var i = 0; i < splits.Count; i++) weights[i] = splits[i].BasisPoints;
        Shares.Divide(net.Units, weights[..splits.Count], shares[..splits.Count]);

        var length = 0;
        for (var i = 0; i < splits.Count; i++)
        {
            if (splits[i].Payee.Value == owner || shares[i] == UInt128.Zero) continue;
            chain[length++] = Command.Transfer(LegIds.SplitOf(id, i), digest, owner, splits[i].Payee.Value, new Amount(net.Asset, shares[i]), TransferCode.Split, refundableUntil);
        }

        return length;
    }

    /// <summary>What <see cref="Write"/> writes; nothing if nobody shares.</summary>
    public static Command[] Of(UInt128 id, UInt128 digest, UInt128 owner, Amount net, IReadOnlyList<Split> splits, long refundableUntil)
    {
        if (splits.Count == 0) return [];
        var chain = new Command[splits.Count];
        return chain[..Write(chain, id, digest, owner, net, splits, refundableUntil)];
    }

    /// <summary>What a refund takes back from the payees, in proportion to what each still has of the payment, so that the last refund leaves nobody anything.</summary>
    /// <param name="ledger">The ledger.</param>
    /// <param name="splits">The shares as they were given.</param>
    /// <param name="refundId">The refund of the price.</param>
    /// <param name="digest">Of the request.</param>
    /// <param name="net">What is given back, less the fee that comes back with it.</param>
    /// <param name="netKept">What all of them have before, less the fee.</param>
    public static async ValueTask<List<Command>> RefundAsync(Ledger.Ledger ledger, IReadOnlyList<JournalRecord> splits, UInt128 refundId, UInt128 digest, UInt128 net, UInt128 netKept)
    {
        // The first is the owner of the offer.
        var weights = new UInt128[splits.Count + 1];
        weights[0] = netKept;
        for (var i = 0; i < splits.Count; i++)
        {
            var left = splits[i].Command.Units;
            foreach (var refund in await ledger.ReadCitationsAsync(splits[i].Command.Id))
            {
                if (refund.Outcome == Outcome.Done) left -= refund.Command.Units;
            }

            weights[i + 1] = left;
            weights[0] -= left;
        }

        var shares = new UInt128[weights.Length];
        Shares.Divide(net, weights, shares);
        var refunds = new List<Command>(splits.Count);
        for (var i = 0; i < splits.Count; i++)
        {
            var split = splits[i].Command.Id;
            if (shares[i + 1] != UInt128.Zero) refunds.Add(Command.Refund(LegIds.SameOf(refundId, split), digest, split, shares[i + 1], TransferCode.SplitRefund));
        }

        return refunds;
    }
}
