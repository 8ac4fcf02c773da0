using Farthing.Ledger;
using Farthing.Payments.Calendars;
using Farthing.Payments.Desk;
using Farthing.Payments.Payees;
using Farthing.Payments.Tabs;
using Farthing.Payments.Wallets;
using Farthing.Protocol;

namespace Farthing.Payments.Mandates;

/// <summary>Why a payment was outside a mandate or over a cap, with the cap's name and what is left of it.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class CapRefusals(Ledger.Ledger ledger, MandateDirectory mandates, WalletCaps walletCaps)
{
    /// <summary>A payment whose price was lowered to what was left of an offer's day, when less was left by the time it reached the ledger.</summary>
    private static readonly Refusal DayChanged = new(RefusalCodes.CapsChanged, "Less was left of the offer's cap on the day when the payment reached the ledger. Pay with a new key.");

    /// <summary>What was on its way for longer than the ledger knows an account that has ended.</summary>
    private static readonly Refusal TooLate = new(RefusalCodes.CapsChanged, "A day, week or month of the caps was over long before the payment reached the ledger. Pay with a new key.");

    public static Refusal Revoked(Mandate mandate) => new(RefusalCodes.MandateRevoked, $"The mandate {mandate.Id} was revoked. Pay by asking, or give another one.");

    public static Refusal Ended(Mandate mandate) => new(RefusalCodes.MandateEnded, $"The mandate {mandate.Id} has ended. Pay by asking, or give another one.");

    public static Refusal OutOfScope(Mandate mandate, Payee payee) => new(RefusalCodes.MandateScopeExceeded,
        $"The mandate {mandate.Id} is for {(mandate.Scope.Tag is { } tag ? $"payees with the tag {tag}" : "another payee")}, and not for {payee.Id}.");

    public static Refusal EachExceeded(Mandate mandate, Amount price) => Exceeded("mandate.each", price, mandate.Each, mandate.Each);

    /// <summary>Why money did not leave a wallet, from the journal alone: balance and headroom are those of then, so that a repeated refusal says the same.</summary>
    /// <param name="price">The record of the transfer or hold that would have taken it; the rest of its chain stands behind it.</param>
    public async ValueTask<Refusal> ExplainAsync(JournalRecord price)
    {
        var culprit = Refusals.CulpritOf(ledger, price);
        if (LegIds.UseNumberOf(culprit.Command.Id, price.Command.Id) is { } number) return await ExplainAsync(price, culprit, number);
        return culprit.Outcome == Outcome.InsufficientFunds && culprit.Position == price.Position
            ? Refusals.InsufficientFunds(new Amount(price.Command.Asset, price.Command.Units), new Amount(price.Command.Asset, price.DebitAfter.Available))
            : Refusals.OfPayment(culprit.Outcome);
    }

    private async ValueTask<Refusal> ExplainAsync(JournalRecord price, JournalRecord use, int number)
    {
        if (number == LegIds.UseOfDayCap)
            return use.Outcome switch { Outcome.InsufficientFunds => DayChanged, Outcome.DebitAccountNotFound => TooLate, _ => Refusals.OfPayment(use.Outcome) };
        var legs = PaymentRecords.LegsOf(ledger, price);
        var firstNumber = number - (number % LegIds.UsesPerSet);
        // The gate's account is the mandate's own id, or that of the wallet's caps.
        var gate = legs.First(leg => LegIds.UseNumberOf(leg.Command.Id, price.Command.Id) == firstNumber).Command.Debit;
        var isMandate = firstNumber == LegIds.FirstUseOfMandate;
        var mandate = isMandate ? (await mandates.LoadAsync(gate) ?? throw new InvalidOperationException($"The mandate {gate:x32} has no row.")).Mandate : null;
        if (use.Outcome == Outcome.DebitAccountFrozen)
        {
            if (mandate is not null) return Revoked(mandate);
            await walletCaps.FinishAsync(new(price.Command.Debit));
            return new(RefusalCodes.CapsChanged, "The wallet's caps were being changed. Pay with a new key.");
        }

        // A gate ends with its mandate; an allowance, with its day, week or month.
        if (use.Outcome == Outcome.DebitAccountNotFound) return mandate is not null && number == firstNumber ? Ended(mandate) : TooLate;
        if (use.Outcome != Outcome.InsufficientFunds || CountedCaps.PeriodOf(number) is not { } period) return Refusals.OfPayment(use.Outcome);

        var caps = mandate?.Caps ?? await walletCaps.ReadCapsAsync(gate);
        var currency = TabAccounts.CurrencyOf(price.Command.Asset);
        var limit = caps.Of(period)!.Value;
        var headroom = new Amount(currency, use.DebitAfter.Available);
        var name = period switch { CalendarPeriod.Day => "perDay", CalendarPeriod.Week => "perWeek", _ => "perMonth" };
        return Exceeded($"{(isMandate ? "mandate" : "wallet")}.{name}", new Amount(currency, price.Command.Units), limit, headroom);
    }

    private static Refusal Exceeded(string cap, Amount price, Amount limit, Amount headroom) => new(RefusalCodes.CapExceeded,
        $"The cap {cap} is {limit}, {headroom} of it is left, and {price} is needed.",
        new Dictionary<string, object> { ["cap"] = cap, ["capAmount"] = AmountJson.From(limit), ["headroom"] = AmountJson.From(headroom) });
}
