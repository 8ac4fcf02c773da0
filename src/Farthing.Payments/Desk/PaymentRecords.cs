using Farthing.Ledger;
using Farthing.Payments.Tabs;
using Farthing.Protocol;

namespace Farthing.Payments.Desk;

/// <summary>The records of one payment that the ledger carried out, and what they add up to.</summary>
/// <remarks>Immutable; safe to share between threads.</remarks>
internal sealed class PaymentRecords
{
    private PaymentRecords(JournalRecord price, JournalRecord? end, IReadOnlyList<JournalRecord> refunds)
    {
        Price = price;
        End = end;
        Refunds = refunds;
        Tag = PaymentTag.Of(price.Command.Reference2);
        Status = (price.Command.Kind, end?.Command.Kind) switch
        {
            (RecordKind.Transfer, _) or (_, RecordKind.Post) => PaymentStatus.Posted,
            (_, RecordKind.Void) => PaymentStatus.Voided,
            (_, RecordKind.Expire) => PaymentStatus.Expired,
            _ => PaymentStatus.Held,
        };
        var refunded = UInt128.Zero;
        foreach (var refund in refunds) refunded += refund.Command.Units;
        Refunded = new(Asset, refunded);
    }

    /// <summary>The price: a transfer or a hold.</summary>
    public JournalRecord Price { get; }

    /// <summary>The post, void or expiry of a hold.</summary>
    public JournalRecord? End { get; }

    /// <summary>Refunds of the price, oldest first.</summary>
    public IReadOnlyList<JournalRecord> Refunds { get; }

    public PaymentTag Tag { get; }

    public PaymentStatus Status { get; }

    public Amount Refunded { get; }

    public UInt128 Id => Price.Command.Id;

    /// <summary>What is debited: the wallet, or the room of the tab that it was read on, whose id is the tab's.</summary>
    public UInt128 Debit => Price.Command.Debit;

    /// <summary>What is credited: the payee, or what the tab owes.</summary>
    public UInt128 Credit => Price.Command.Credit;

    /// <summary>True if it was read on tab, so that no money moved.</summary>
    public bool IsOnTab => TabAccounts.IsTab(Price.Command.Asset);

    /// <summary>The currency.</summary>
    public Asset Asset => TabAccounts.CurrencyOf(Price.Command.Asset);

    /// <summary>What a refund cites: the price, or the post of a hold.</summary>
    public JournalRecord Posted => Status == PaymentStatus.Posted && End is { } post ? post : Price;

    public Amount Amount => new(Asset, Posted.Command.Units);

    public Amount Kept => Amount - Refunded;

    /// <summary>The fee out of what the payee keeps; nothing before the post.</summary>
    public Amount Fee => Status == PaymentStatus.Posted ? Tag.FeeOf(Kept) : new(Asset, UInt128.Zero);

    /// <summary>Until when it can be refunded, Unix milliseconds; zero for never.</summary>
    public long RefundableUntil => Status == PaymentStatus.Posted ? Posted.Command.DeadlineUnixMilliseconds : 0;

    /// <summary>True while the purchase is good: held, or posted, not wholly refunded, and no part of it taken back by the wallet.</summary>
    /// <remarks>Who takes back all but the last unit has returned the purchase; a payee that gives a part back has lowered its price.</remarks>
    public bool Stands => Status == PaymentStatus.Held || (Status == PaymentStatus.Posted && !Kept.IsZero && !Refunds.Any(refund => RefundTag.IsByWallet(refund)));

    /// <summary>Reads a payment as it is.</summary>
    /// <returns>Null if there is no payment with this id, or it was refused.</returns>
    public static async ValueTask<PaymentRecords?> FindAsync(Ledger.Ledger ledger, UInt128 id) =>
        await ledger.FindAsync(id) is { } price && IsPayment(price) ? await ReadAsync(ledger, price, long.MaxValue) : null;

    /// <summary>Reads what became of a price among the first <paramref name="size"/> records.</summary>
    public static async ValueTask<PaymentRecords> ReadAsync(Ledger.Ledger ledger, JournalRecord price, long size)
    {
        JournalRecord? end = null;
        if (price.Command.Kind == RecordKind.Hold)
        {
            foreach (var citation in await ledger.ReadCitationsAsync(price.Command.Id))
            {
                if (citation.Outcome == Outcome.Done && citation.Position < size) end = citation;
            }

            if (end is not { Command.Kind: RecordKind.Post }) return new(price, end, []);
        }

        var posted = end ?? price;
        var refunds = await ledger.ReadCitationsAsync(posted.Command.Id);
        return new(price, end, [.. refunds.Where(refund => refund.Outcome == Outcome.Done && refund.Position < size)]);
    }

    /// <summary>What was carried out, or refused, together with a price or post, in its order.</summary>
    public static List<JournalRecord> LegsOf(Ledger.Ledger ledger, JournalRecord head)
    {
        var legs = new List<JournalRecord>();
        for (var record = head; record.Command.Linked; legs.Add(record)) record = ledger.Read(record.Position + 1);
        return legs;
    }

    /// <summary>The uses of caps among what was carried out together with a price or post.</summary>
    public static IEnumerable<UInt128> UsesOf(Ledger.Ledger ledger, JournalRecord head) =>
        LegsOf(ledger, head).Where(leg => LegIds.UseNumberOf(leg.Command.Id, head.Command.Id) is not null).Select(leg => leg.Command.Id);

    /// <summary>The payment as it was when it was made.</summary>
    public static PaymentRecords AsMade(JournalRecord price) => new(price, null, []);

    /// <summary>The payment as it was when its hold was posted or voided.</summary>
    public static PaymentRecords AsEnded(JournalRecord price, JournalRecord end) => new(price, end, []);

    /// <summary>True for the price of a payment that was carried out.</summary>
    public static bool IsPayment(in JournalRecord record) =>
        record is { Outcome: Outcome.Done, Command: { Code: TransferCode.Payment, Kind: RecordKind.Transfer or RecordKind.Hold } };
}
