using Farthing.Ledger;
using Farthing.Payments.Tabs;
using Farthing.Protocol;

namespace Farthing.Payments.Desk;

/// <summary>Gives payments back, in whole or in part, and with them the operator's fee on what is given back.</summary>
/// <remarks>
/// Thread-safe. The fee that returns depends on what was given back before, so refunds of one payment come one after another:
/// fee(kept before) − fee(kept after), which over all parts is exactly the fee that was taken.
/// </remarks>
internal sealed class RefundMaker(Ledger.Ledger ledger, PaymentReader reader, RefundAllowances allowances)
{
    // A receipt carries every refund, and every part of the fee that came back with it.
    private const int MaxRefunds = 100;

    private static readonly Refusal ByPayeeOnly =
        new(RefusalCodes.RefundByPayeeOnly, "The payment paid for what was used already or goes on, as a tab, a period of a subscription or a fare is: only its payee can give it back. Ask the payee.");

    private readonly Turns turns = new(256);

    public async ValueTask<Answer<Refund>> RefundAsync(Caller caller, Id<PaymentKind> id, IdempotencyKey key, Amount? amount)
    {
        var found = await reader.FindAsync(caller, id);
        if (!found.IsGiven) return found.Refusal;
        if (amount is { } given && Amounts.Check(given, found.Value.Asset) is { } refusal) return refusal;

        var refundId = key.DeriveId("refund", caller);
        var digest = Amounts.Digest("refund", caller, id, amount);
        using var turn = await turns.EnterAsync(id.Value);
        if (await ledger.FindAsync(refundId) is { } known) return await RepeatAsync(found.Value, known, digest);
        var payment = await PaymentRecords.ReadAsync(ledger, found.Value.Price, long.MaxValue);
        if (caller.Kind == CallerKind.Wallet && payment.Tag.Has(PaymentTraits.RefundedByPayeeOnly)) return ByPayeeOnly;
        if (payment.Refunds.Count >= MaxRefunds - 1 && amount?.Units < payment.Kept.Units)
            return new Refusal(RefusalCodes.TooManyRefunds, $"This payment has {payment.Refunds.Count} refunds already, so the next must give back all of the {payment.Kept} that is left.");
        if (await BuildAsync(payment, caller, refundId, digest, amount) is not { } chain) return LedgerCalls.NotReady;
        if (await ledger.TrySubmitAsync(chain) is not { } results) return LedgerCalls.NotReady;
        return await ledger.FindAsync(refundId) is { } record ? await RepeatAsync(payment, record, digest) : Refusals.OfRefund(Refusals.OfChain(results), payment.Kept);
    }

    public async ValueTask<int> RefundsLeftAsync(Id<WalletKind> wallet, Id<PayeeKind> payee) => await allowances.LeftAsync(wallet.Value, payee.Value);

    /// <summary>The allowance, the fee, the shares, the price, the caps: fee and shares first, so that the payee has them when the price is taken back.</summary>
    private async ValueTask<Command[]?> BuildAsync(PaymentRecords payment, Caller caller, UInt128 refundId, UInt128 digest, Amount? amount)
    {
        var posted = payment.Posted.Command.Id;
        var given = amount ?? payment.Kept;
        if (payment.Status != PaymentStatus.Posted || given.IsZero || given.Units > payment.Kept.Units)
        {
            // The ledger refuses it by name, and remembers that it did.
            return [Command.Refund(refundId, digest, posted, amount?.Units ?? UInt128.Zero, TransferCode.Refund)];
        }

        var chain = new List<Command>(3);
        if (caller.Kind == CallerKind.Wallet)
        {
            var parties = await reader.FindPartiesAsync(payment);
            if (await allowances.TryOpenAsync(parties.Wallet, parties.Payee) is not { } allowance) return null;
            chain.Add(RefundAllowances.Use(LegIds.AllowanceOf(refundId), digest, allowance));
        }

        var fee = payment.Fee - payment.Tag.FeeOf(payment.Kept - given);
        if (!fee.IsZero) chain.Add(Command.Refund(LegIds.FeeOf(refundId), digest, LegIds.FeeOf(posted), fee.Units, TransferCode.FeeRefund));
        var splits = PaymentRecords.LegsOf(ledger, payment.Posted).FindAll(leg => leg.Command.Code == TransferCode.Split);
        if (splits.Count > 0) chain.AddRange(await SplitLegs.RefundAsync(ledger, splits, refundId, digest, given.Units - fee.Units, payment.Kept.Units - payment.Fee.Units));
        chain.Add(Command.Refund(refundId, digest, posted, given.Units, TransferCode.Refund, RefundTag.Of(caller)));
        // Room comes back in the windows that still last.
        foreach (var use in PaymentRecords.UsesOf(ledger, payment.Posted)) chain.Add(Command.Refund(LegIds.SameOf(refundId, use), digest, use, given.Units, TransferCode.Allowance, balancing: true));
        return [.. chain];
    }

    private async ValueTask<Answer<Refund>> RepeatAsync(PaymentRecords payment, JournalRecord record, UInt128 digest)
    {
        if (record.Command.Digest != digest) return Payees.PayeeDirectory.Conflict;
        var fee = await FindLegAsync(LegIds.FeeOf(record.Command.Id), digest);
        if (record.Outcome == Outcome.Done)
        {
            return new Refund(new(record.Command.Id), new(payment.Id), new Amount(payment.Asset, record.Command.Units),
                new Amount(payment.Asset, fee?.Command.Units ?? UInt128.Zero), DateTimeOffset.FromUnixTimeMilliseconds(record.UnixMilliseconds));
        }

        // What was left of the payment then, which is not what is left now.
        var before = await PaymentRecords.ReadAsync(ledger, payment.Price, record.Position);
        var allowance = await FindLegAsync(LegIds.AllowanceOf(record.Command.Id), digest);
        if (allowance is { Outcome: Outcome.InsufficientFunds })
            return new Refusal(RefusalCodes.RefundAllowanceExhausted, "This wallet has used up its one-click refunds with this payee for this month. Ask the payee, who can still refund.");
        // The first leg, whichever it was, stands so many records before the price as its number in the chain says.
        var first = ledger.Read(record.Position - record.ChainIndex);
        var outcome = Refusals.OfChain(ledger, first);
        return outcome == Outcome.InsufficientFunds && payment.IsOnTab ? TabRefusals.Settled : Refusals.OfRefund(outcome, before.Kept);
    }

    private async ValueTask<JournalRecord?> FindLegAsync(UInt128 id, UInt128 digest) =>
        await ledger.FindAsync(id) is { } leg && leg.Command.Digest == digest ? leg : null;
}
