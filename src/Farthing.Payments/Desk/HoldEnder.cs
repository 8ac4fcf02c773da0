using Farthing.Ledger;
using Farthing.Payments.Offers;
using Farthing.Protocol;

namespace Farthing.Payments.Desk;

/// <summary>Ends held payments for their payees: posts or voids them.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class HoldEnder(Ledger.Ledger ledger, PaymentReader reader, OfferDirectory offers, TimeProvider time)
{
    public async ValueTask<Answer<Payment>> PostAsync(Caller caller, Id<PaymentKind> id, IdempotencyKey key, Amount? amount)
    {
        var found = await FindAsync(caller, id);
        if (!found.IsGiven) return found.Refusal;
        var payment = found.Value;
        if (payment.Tag.Has(PaymentTraits.Metered)) return new Refusal(RefusalCodes.PaymentMetered, $"A meter says what this payment costs. Stop it: POST /v1/meters/{new Id<MeterKind>(payment.Id)}/stop.");
        if (amount is { } given && Amounts.Check(given, payment.Asset) is { } refusal) return refusal;

        var postId = key.DeriveId("post", caller);
        var digest = Amounts.Digest("post", caller, id, amount);
        if (await ledger.FindAsync(postId) is { } known) return await RepeatAsync(payment, known, digest);
        return await PostAsync(payment, postId, digest, amount);
    }

    /// <summary>Ends a held payment with what it costs: posts that, or voids it if it is nothing. Only the first end with an id counts, and its answer is given to all.</summary>
    public async ValueTask<Answer<Payment>> EndAsync(PaymentRecords payment, UInt128 endId, Amount cost)
    {
        if (cost.IsZero) return await VoidAsync(payment, endId, endId);
        return await PostAsync(payment, endId, endId, cost);
    }

    private async ValueTask<Answer<Payment>> PostAsync(PaymentRecords payment, UInt128 postId, UInt128 digest, Amount? amount)
    {
        var refundableUntil = payment.Tag.RefundableUntil(ledger.NowUnixMilliseconds(time));
        var posted = amount ?? new(payment.Asset, payment.Price.Command.Units);
        var fee = payment.Tag.FeeOf(posted);
        var chain = new List<Command> { Command.Post(postId, digest, payment.Id, amount?.Units ?? UInt128.Zero, refundableUntil) };
        if (!fee.IsZero) chain.Add(Command.Transfer(LegIds.FeeOf(postId), digest, payment.Credit, ChartOfAccounts.Fees(payment.Asset), fee, TransferCode.Fee, refundableUntil));
        chain.AddRange(SplitLegs.Of(postId, digest, payment.Credit, posted - fee, await FindSplitsAsync(payment), refundableUntil));
        foreach (var use in PaymentRecords.UsesOf(ledger, payment.Price)) chain.Add(Command.Post(LegIds.SameOf(postId, use), digest, use, amount?.Units ?? UInt128.Zero, refundableUntil));
        return await EndAsync(payment, digest, [.. chain]);
    }

    public async ValueTask<Answer<Payment>> VoidAsync(Caller caller, Id<PaymentKind> id, IdempotencyKey key)
    {
        var found = await FindAsync(caller, id);
        if (!found.IsGiven) return found.Refusal;
        var voidId = key.DeriveId("void", caller);
        var digest = Amounts.Digest("void", caller, id, null);
        return await ledger.FindAsync(voidId) is { } known
            ? await RepeatAsync(found.Value, known, digest)
            : await VoidAsync(found.Value, voidId, digest);
    }

    private ValueTask<Answer<Payment>> VoidAsync(PaymentRecords payment, UInt128 voidId, UInt128 digest) =>
        EndAsync(payment, digest, [Command.Void(voidId, digest, payment.Id), .. PaymentRecords.UsesOf(ledger, payment.Price).Select(use => Command.Void(LegIds.SameOf(voidId, use), digest, use))]);

    private async ValueTask<IReadOnlyList<Split>> FindSplitsAsync(PaymentRecords payment)
    {
        var legs = PaymentRecords.LegsOf(ledger, payment.Price);
        var claim = legs.FindIndex(leg => leg.Command.Kind == RecordKind.Claim);
        if (claim < 0) return [];
        var offer = new Id<OfferKind>(legs[claim].Command.Cited);
        return (await offers.FindAsync(offer) ?? throw new InvalidOperationException($"The payment {payment.Id:x32} has the splits of the offer {offer}, which has no row.")).Splits;
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
        return Refusals.OfEndOfHold(Refusals.OfChain(ledger, record));
    }
}
