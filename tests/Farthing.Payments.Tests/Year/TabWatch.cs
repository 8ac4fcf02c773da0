using Farthing.Ledger;
using Farthing.Payments.Offers;
using Farthing.Protocol;

namespace Farthing.Payments.Tests.Year;

/// <summary>Tabs as the records alone make them: what is read is owed until it is paid or taken back, and no tab owes more than its cap.</summary>
internal sealed class TabWatch
{
    private readonly Dictionary<UInt128, UInt128> owed = [];

    public Dictionary<UInt128, BookedPayment> Reads { get; } = [];

    /// <summary>The payments of tabs.</summary>
    public HashSet<UInt128> Payments { get; } = [];

    /// <summary>How many tabs were lost, and how many of these were paid after all.</summary>
    public int Lost { get; private set; }

    public int MadeGood { get; private set; }

    public UInt128 LargestOverrun { get; private set; }

    public static bool IsTab(Asset asset) => asset.Code == "tab:USD";

    /// <summary>A read moves room of its tab to what the tab owes.</summary>
    public void AddRead(BookedPayment read, OnTab pricing)
    {
        Reads.Add(read.Id, read);
        Assert.Equal(read.Wallet | 1, read.Payee);
        var now = owed[read.Wallet] = owed.GetValueOrDefault(read.Wallet) + read.Asked;
        if (now > pricing.PayAt.Units) LargestOverrun = UInt128.Max(LargestOverrun, now - pricing.PayAt.Units);
    }

    public void AddRefund(BookedPayment read, UInt128 units) => owed[read.Wallet] -= units;

    /// <summary>If a payment pays a tab, as much room comes back as was paid, and no more than was owed.</summary>
    public void AddPayment(BookedPayment payment, List<JournalRecord> chain)
    {
        var legs = chain.FindAll(leg => IsTab(leg.Command.Asset) && leg.Command.Kind == RecordKind.Transfer);
        if (legs.Count == 0) return;
        Assert.Equal(2, legs.Count);
        var room = legs[1].Command.Credit;
        Assert.Equal(room | 1, legs[0].Command.Debit);
        Assert.All(legs, leg => Assert.Equal(payment.Asked, leg.Command.Units));
        Assert.True(payment.Asked > 0 && payment.Asked <= owed[room], $"Payment {payment.Id:x32} pays {payment.Asked} of a tab that owes {owed[room]}.");
        owed[room] -= payment.Asked;
        Payments.Add(payment.Id);
        if (chain.Exists(leg => leg.Command.Kind == RecordKind.UnfreezeAccount)) MadeGood++;
    }

    /// <summary>A loss is all that a tab owes, and shuts it.</summary>
    public void AddLoss(List<JournalRecord> chain)
    {
        if (chain is not [{ Command: { Kind: RecordKind.Transfer, Code: TransferCode.Allowance } } loss, { Command.Kind: RecordKind.FreezeAccount }] || !IsTab(loss.Command.Asset)) return;
        Assert.Equal(owed[loss.Command.Debit ^ 1], loss.Command.Units);
        Lost++;
    }
}
