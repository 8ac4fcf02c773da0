using Farthing.Ledger;
using Farthing.Protocol;

namespace Farthing.Payments.Desk;

/// <summary>Ends held payments for their payees: posts or voids them.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class HoldEnder(Ledger.Ledger ledger, PaymentReader reader, TimeProvider time)
{
    public async ValueTask<Answer<Payment>> PostAsync(Caller caller, Id<PaymentKind> id, IdempotencyKey key, Amount? amount)
    {
        var found = await FindAsync(caller, id);
        if (!found.IsGiven) return found.Refusal;
        var payment = found.Value;
        if (amount is { } given && Amounts.Check(given, payment.Asset) is { } refusal) return refusal;

        var postId = key.DeriveId("post", caller);
        var digest = Amounts.Digest("post", caller, id, amount);
        if (await ledger.FindAsync(postId) is { } known) return await RepeatAsync(payment, known, digest);

        var refundableUntil = payment.Tag.RefundableUntil(ledger.NowUnixMilliseconds(time));
        var posted = amount ?? new(payment.Asset, payment.Price.Command.Units);
        var post = Command.Post(postId, digest, id.Value, amount?.Units ?? UInt128.Zero, refundableUntil);
        var fee = payment.Tag.FeeOf(posted);
        return await EndAsync(payment, digest, fee.IsZero
            ? [post]
            : [post, Command.Transfer(LegIds.FeeOf(postId), digest, payment.Payee, ChartOfAccounts.Fees(payment.Asset), fee, TransferCode.Fee, refundableUntil)]);
    }

    public async ValueTask<Answer<Payment>> VoidAsync(Caller caller, Id<PaymentKind> id, IdempotencyKey key)
    {
        var found = await FindAsync(caller, id);
        if (!found.IsGiven) return found.Refusal;
        var voidId = key.DeriveId("void", caller);
        var digest = Amounts.Digest("void", caller, id, null);
        return await ledger.FindAsync(voidId) is { } known
            ? await RepeatAsync(found.Value, known, digest)
            : await EndAsync(found.Value, digest, [Command.Void(voidId, digest, id.Value)]);
    }

    private async ValueTask<Answer<PaymentRecords>> FindAsync(Caller caller, Id<PaymentKind> id)
    {
        var found = await reader.FindAsync(caller, id);
        return found.IsGiven && caller.Kind != CallerKind.Payee ? new Refusal(RefusalCodes.Forbidden, "Only the payee can post or void a held payment.") : found;
    }

    private async ValueTask<Answer<Payment>> EndAsync(PaymentRecords payment, UInt128 digest, Command[] chain)
    {
        if (await ledger.TrySubmitAsync(chain) is not { } results) return LedgerCalls.NotReady;
        // What the ledger journaled is the answer, whether now or for another request with this key a moment ago.
        if (await ledger.FindAsync(chain[0].Id) is { } record) return await RepeatAsync(payment, record, digest);
        return Refusals.OfEndOfHold(Refusals.OfChain(results));
    }

    private async ValueTask<Answer<Payment>> RepeatAsync(PaymentRecords payment, JournalRecord record, UInt128 digest)
    {
        if (record.Command.Digest != digest) return Payees.PayeeDirectory.Conflict;
        if (record.Outcome == Outcome.Done) return await reader.DescribeAsync(PaymentRecords.AsEnded(payment.Price, record));
        var outcome = record.Outcome == Outcome.ChainRefused && await ledger.FindAsync(LegIds.FeeOf(record.Command.Id)) is { } fee ? fee.Outcome : record.Outcome;
        return Refusals.OfEndOfHold(outcome);
    }
}
