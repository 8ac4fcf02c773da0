using System.Numerics;
using Farthing.Ledger;
using Farthing.Payments.Offers;

namespace Farthing.Payments.Tests.Year;

/// <summary>A share or fee of a payment.</summary>
internal sealed record BookedLeg(UInt128 Payee, UInt128 Units)
{
    public UInt128 Back { get; set; }

    public UInt128 Kept => Units - Back;
}

/// <summary>What the records say of a payment, between wallet and payee or between two wallets, or of a pledge.</summary>
internal sealed class BookedPayment(in JournalRecord price)
{
    public UInt128 Id { get; } = price.Command.Id;

    public UInt128 Wallet { get; } = price.Command.Debit;

    public UInt128 Payee { get; } = price.Command.Credit;

    public UInt128 Asked { get; } = price.Command.Units;

    public bool IsHold { get; } = price.Command.Kind == RecordKind.Hold;

    public long Position { get; } = price.Position;

    public long UnixMilliseconds { get; } = price.UnixMilliseconds;

    /// <summary>What was posted; null while it is held, zero if it was voided or expired.</summary>
    public UInt128? Posted { get; set; } = price.Command.Kind == RecordKind.Hold ? null : price.Command.Units;

    public RecordKind? EndedBy { get; set; }

    public UInt128 Refunded { get; set; }

    public int Refunds { get; set; }

    public BookedLeg? Fee { get; set; }

    public List<BookedLeg> Shares { get; } = [];

    public List<Counter> Counters { get; } = [];

    /// <summary>Takes off the counts what does not leave the wallet after all.</summary>
    public void GiveBack(UInt128 units)
    {
        foreach (var counter in Counters) counter.Net -= units;
    }

    /// <summary>The fee and the shares of what was posted, by arithmetic of this test.</summary>
    public void CheckDivision(Offer? offer, uint feeBasisPoints)
    {
        var posted = (BigInteger)Posted!.Value;
        var fee = posted * feeBasisPoints / 10_000;
        Assert.True(fee == (BigInteger)(Fee?.Units ?? UInt128.Zero), $"The fee of payment {Id:x32} of {posted} is {Fee?.Units}, and not {fee}.");
        var net = posted - fee;
        if (offer is null || offer.Splits.Count == 0)
        {
            Assert.Empty(Shares);
            return;
        }

        var parts = offer.Splits.Select((split, i) => (split.Payee, i, Whole: net * split.BasisPoints / 10_000, Remainder: net * split.BasisPoints % 10_000)).ToArray();
        var left = (int)(net - parts.Aggregate(BigInteger.Zero, (sum, part) => sum + part.Whole));
        var lucky = parts.OrderByDescending(part => part.Remainder).ThenBy(part => part.i).Take(left).Select(part => part.i).ToHashSet();
        var expected = parts.Select(part => (Payee: part.Payee.Value, Units: (UInt128)part.Whole + (lucky.Contains(part.i) ? 1u : 0u))).Where(part => part.Payee != Payee && part.Units > 0).ToArray();
        Assert.Equal(expected, Shares.Select(share => (share.Payee, share.Units)));
    }

    /// <summary>What everybody still has of it adds up to what is kept.</summary>
    public void CheckKept(Offer? offer, uint feeBasisPoints)
    {
        var kept = Posted!.Value - Refunded;
        var fee = (BigInteger)kept * feeBasisPoints / 10_000;
        Assert.True(fee == (BigInteger)(Fee?.Kept ?? UInt128.Zero), $"Of payment {Id:x32} {kept} are kept, of which {Fee?.Kept} are the fee, and not {fee}.");
        var net = (BigInteger)kept - fee;
        var owner = net;
        foreach (var share in Shares)
        {
            owner -= (BigInteger)share.Kept;
            var basisPoints = offer!.Splits.Single(split => split.Payee.Value == share.Payee).BasisPoints;
            Assert.True(BigInteger.Abs(((BigInteger)share.Kept * 10_000) - (net * basisPoints)) <= 10_000 * (Refunds + 1), $"The share {share} of payment {Id:x32} of {net} is not {basisPoints} basis points.");
        }

        Assert.True(owner.Sign >= 0, $"The payee of {Id:x32} is left with {owner}.");
        Assert.True(kept > 0 || Shares.All(share => share.Kept == 0), $"Somebody still has some of payment {Id:x32}, which was given back.");
    }
}
