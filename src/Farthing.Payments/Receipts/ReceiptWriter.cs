using Farthing.Protocol;

namespace Farthing.Payments.Receipts;

/// <summary>Receipts: proofs from the ledger, put together for a wallet or payee.</summary>
/// <remarks>Thread-safe.</remarks>
public sealed class ReceiptWriter
{
    /// <summary>The receipt of a payment as of the newest stored checkpoint that covers all its legs; the payer's openings only for the wallet itself.</summary>
    public ValueTask<Answer<Receipt>> WriteAsync(Caller caller, Id<PaymentKind> payment) => throw new NotImplementedException();
}
