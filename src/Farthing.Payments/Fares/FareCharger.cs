using System.Globalization;
using Farthing.Payments.Desk;
using Farthing.Payments.Offers;
using Farthing.Payments.Schedules;
using Farthing.Payments.Settings;
using Farthing.Protocol;

namespace Farthing.Payments.Fares;

/// <summary>Brings what was paid for a fare day to what its taps say is owed: by the day's one payment, and after late taps by a payment or refund of the difference.</summary>
/// <remarks>
/// Thread-safe. What a day is to be brought to is written down first, with the instant that the ids of its payment or refunds are derived from: a repeat after a crash asks for the same,
/// whatever taps were heard of since. Those are looked at once that is done.
/// </remarks>
internal sealed class FareCharger(ISettingsStore settings, FareBook book, OfferDirectory offers, PaymentMaker maker, RefundMaker refunds, TimeProvider time) : IDue
{
    // Then daily, until no tap of the day would be taken any more.
    private static readonly int[] PauseHours = [1, 6, 24];

    // After these it is useless to try again.
    private static readonly RefusalCode[] Ends = [RefusalCodes.WalletErased, RefusalCodes.WalletNotFound, RefusalCodes.PayeeNotFound, RefusalCodes.AccountClosed];

    /// <inheritdoc/>
    public async ValueTask<DueResult> RunAsync(UInt128 subject, long dueUnixMilliseconds)
    {
        var row = await settings.GetAsync<FareDayRow>(subject);
        var card = await settings.GetAsync<FareCardRow>(row.Owner);
        if (card.State == RowState.Erased) return DueResult.Done();
        var offer = await offers.GetAsync(card.Offer);
        var table = (FareTable)offer.Pricing;
        while (true)
        {
            if (row.NextUnits is null)
            {
                var priced = await book.PriceAsync(table, row.Owner, row.ReadDate());
                var chargedAt = priced.ChargedAt(table.Singles);
                if (Now() < chargedAt) return DueResult.Next(chargedAt);
                if (priced.Owed.Units == row.Settled) return row.Fault is null ? DueResult.Done() : DueResult.Done(WithoutFault(row) with { Version = row.Version + 1 });
                row = await WriteAsync(row with
                {
                    NextUnits = priced.Owed.Units.ToString(CultureInfo.InvariantCulture),
                    NextMandate = card.Mandate,
                    NextUnixMilliseconds = Math.Max(dueUnixMilliseconds, row.NextUnixMilliseconds + 1),
                });
            }

            var payments = row.ReadPayments();
            var (settled, owed) = (row.Settled, UInt128.Parse(row.NextUnits!, CultureInfo.InvariantCulture));
            var fault = owed > settled ? await PayAsync(row, card, offer, owed - settled, payments) : await RefundAsync(row, offer, settled - owed, payments);
            if (fault?.Code == RefusalCodes.NotReady) return DueResult.Undecided(RefusalCodes.NotReady);
            if (fault?.Code == RefusalCodes.CapsChanged)
            {
                // The journal has that refusal under the ids of the instant, which therefore never pay: the next try has others.
                await WriteAsync(row with { NextUnixMilliseconds = row.NextUnixMilliseconds + 1 });
                return DueResult.Undecided(RefusalCodes.CapsChanged);
            }

            var next = row.With(payments.Where(payment => payment.Kept > 0)) with { NextUnits = null, NextMandate = null };
            if (fault is not null) return await FailAsync(next, fault, isUnpaid: owed > settled, table, dueUnixMilliseconds);
            // Once more: taps may have been heard of since a run that was cut off wrote down what it was about to do.
            row = await WriteAsync(WithoutFault(next));
        }
    }

    /// <summary>Shows what could not be paid or given back. The refusal is bound to its instant; from a later one it is asked anew.</summary>
    private async ValueTask<DueResult> FailAsync(FareDayRow row, Refusal fault, bool isUnpaid, FareTable table, long dueUnixMilliseconds)
    {
        var again = Math.Max(Now(), dueUnixMilliseconds) + (PauseHours[Math.Min(row.Failures, PauseHours.Length - 1)] * 3_600_000L);
        // The earlier one was later if the clock had leapt ahead.
        var failed = Math.Min(row.FailedUnixMilliseconds ?? long.MaxValue, Now());
        row = await WriteAsync(row with { Failures = row.Failures + 1, Fault = fault.Code.Code, FailedUnixMilliseconds = isUnpaid ? failed : null });
        return Ends.Contains(fault.Code) || again >= FareDay.On(table.Zone, row.ReadDate()).ClosedUnixMilliseconds ? DueResult.Done() : DueResult.Next(again);
    }

    /// <summary>Writes the row at once, and not with the schedule's: nobody else changes it, and it must stand before the ledger is asked.</summary>
    private async ValueTask<FareDayRow> WriteAsync(FareDayRow row)
    {
        row = row with { Version = row.Version + 1 };
        return await settings.WriteAsync(row) ? row : throw new InvalidOperationException($"The fare day {row.Id:x32} was changed by somebody else.");
    }

    private static FareDayRow WithoutFault(FareDayRow row) => row with { Failures = 0, Fault = null, FailedUnixMilliseconds = null };

    private async ValueTask<Refusal?> PayAsync(FareDayRow row, FareCardRow card, Offer offer, UInt128 units, List<FarePayment> payments)
    {
        var paid = await maker.PayAsync(new PaymentRequest
        {
            Wallet = new(card.Owner),
            Key = IdempotencyKey.ForDue(row.Id, row.NextUnixMilliseconds),
            KeyScope = "due",
            Mandate = new(row.NextMandate!.Value),
            Offer = offer.Id,
            Amount = new(((FareTable)offer.Pricing).PerDay.Asset, units),
            IsPriced = true,
            Reference = new Id<FareCardKind>(card.Id).ToString(),
        });
        if (paid.IsGiven) payments.Add(new(paid.Value.Id, units));
        return paid.Refusal;
    }

    /// <summary>Gives back from the newest payments first. Which and how much follows from the row alone, so that a repeat asks for the same.</summary>
    private async ValueTask<Refusal?> RefundAsync(FareDayRow row, Offer offer, UInt128 units, List<FarePayment> payments)
    {
        for (var i = payments.Count - 1; units > 0; i--)
        {
            var part = UInt128.Min(units, payments[i].Kept);
            var asked = new Amount(((FareTable)offer.Pricing).PerDay.Asset, part);
            if (await RefundAsync(row, new(CallerKind.Payee, offer.Payee.Value), payments[i].Id, asked) is { } fault) return fault;
            payments[i] = payments[i] with { Kept = payments[i].Kept - part };
            units -= part;
        }

        return null;
    }

    private async ValueTask<Refusal?> RefundAsync(FareDayRow row, Caller payee, Id<PaymentKind> id, Amount asked)
    {
        var given = await refunds.RefundAsync(payee, id, IdempotencyKey.ForDue(id.Value, row.NextUnixMilliseconds), asked);
        // Where the payee gave some of it back by hand before, all that is left is given back; that may be nothing.
        if (given.Refusal?.Code == RefusalCodes.ExceedsRefundable) given = await refunds.RefundAsync(payee, id, IdempotencyKey.ForDue(id.Value + 1, row.NextUnixMilliseconds), null);
        return given.Refusal?.Code == RefusalCodes.ExceedsRefundable ? null : given.Refusal;
    }

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();
}
