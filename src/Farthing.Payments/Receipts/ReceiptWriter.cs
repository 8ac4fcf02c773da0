using Farthing.Ledger;
using Farthing.Payments.Desk;
using Farthing.Payments.Tabs;
using Farthing.Protocol;

namespace Farthing.Payments.Receipts;

/// <summary>Receipts: proofs from the ledger, put together for a wallet or payee.</summary>
/// <remarks>Thread-safe.</remarks>
public sealed class ReceiptWriter
{
    private readonly Ledger.Ledger ledger;
    private readonly PaymentReader reader;
    private readonly SigningKey key;

    internal ReceiptWriter(Ledger.Ledger ledger, PaymentReader reader, SigningKey key)
    {
        this.ledger = ledger;
        this.reader = reader;
        this.key = key;
    }

    /// <summary>The receipt of a payment as of the newest stored checkpoint that covers all its legs; the payer's openings only for the wallet itself.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="payment">The payment.</param>
    /// <param name="cancellation">Ends the wait for the checkpoint.</param>
    public async ValueTask<Answer<Receipt>> WriteAsync(Caller caller, Id<PaymentKind> payment, CancellationToken cancellation = default)
    {
        var found = await reader.FindAsync(caller, payment);
        if (!found.IsGiven) return found.Refusal;
        if (found.Value.IsOnTab) return TabRefusals.NoReceipt;
        var newest = await ReadLegsAsync(found.Value, long.MaxValue);
        SignedCheckpoint checkpoint;
        try
        {
            checkpoint = await ledger.GetCheckpointAsync(newest[^1].Position + 1).AsTask().WaitAsync(cancellation);
        }
        catch (LedgerUnreadyException)
        {
            return LedgerCalls.NotReady;
        }

        // A refund may have come in between: the receipt must not leave out what its checkpoint covers.
        var size = checkpoint.Checkpoint.Size;
        var state = await PaymentRecords.ReadAsync(ledger, found.Value.Price, size);
        var legs = await ReadLegsAsync(state, size);
        var payer = caller.Kind == CallerKind.Wallet ? new Id<WalletKind>(caller.Account).ToString() : null;
        return Receipt.Sign(Describe(state), [.. legs.Select(leg => Prove(leg, size, payer))], checkpoint.Note, key);
    }

    private async ValueTask<List<JournalRecord>> ReadLegsAsync(PaymentRecords payment, long size)
    {
        List<JournalRecord> legs = [payment.Price, .. payment.Refunds];
        if (payment.End is { } end) legs.Add(end);
        foreach (var leg in PaymentRecords.LegsOf(ledger, payment.Posted).Where(leg => leg.Command.Code is TransferCode.Fee or TransferCode.Split))
        {
            legs.Add(leg);
            legs.AddRange((await ledger.ReadCitationsAsync(leg.Command.Id)).Where(refund => refund.Outcome == Outcome.Done && refund.Position < size));
        }

        legs.Sort((left, right) => left.Position.CompareTo(right.Position));
        return legs;
    }

    private ReceiptLeg Prove(JournalRecord record, long size, string? payer)
    {
        var proof = ledger.Prove(record.Position, size);
        // The payer of a fee is the payee: there is nothing of the wallet to open.
        var opens = payer is not null && record.Command.Code is (TransferCode.Payment or TransferCode.Refund);
        return new ReceiptLeg
        {
            Leaf = Convert.ToBase64String(proof.Leaf),
            Index = proof.Index,
            Proof = Convert.ToBase64String(proof.Proof),
            Payer = opens ? payer : null,
            PayerSalt = opens ? Convert.ToBase64String(proof.PayerSalt) : null,
        };
    }

    private static ReceiptPayment Describe(PaymentRecords payment) => new()
    {
        Id = new Id<PaymentKind>(payment.Id).ToString(),
        Status = payment.Status switch
        {
            PaymentStatus.Held => "held",
            PaymentStatus.Posted => "posted",
            PaymentStatus.Voided => "voided",
            _ => "expired",
        },
        Amount = AmountJson.From(payment.Amount),
        Fee = AmountJson.From(payment.Fee),
        Refunded = AmountJson.From(payment.Refunded),
        Payee = new Id<PayeeKind>(payment.Credit).ToString(),
        CreatedAt = DateTimeOffset.FromUnixTimeMilliseconds(payment.Price.UnixMilliseconds).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'"),
    };
}
