using System.Globalization;
using Farthing.Ledger;
using Farthing.Payments.Payees;
using Farthing.Payments.Schedules;
using Farthing.Payments.Settings;
using Farthing.Protocol;

namespace Farthing.Payments.Payouts;

/// <summary>What a payout is to be: all that its hold says.</summary>
internal sealed record PlannedPayout(Payee Payee, PayoutDestinationRow Destination, Amount Amount, Amount Cost);

/// <summary>Makes payouts: plans them, sets their money aside, and writes the row that the hold implies.</summary>
/// <remarks>Thread-safe. The hold comes first; a row that a crash kept from being written follows from it alone.</remarks>
internal sealed class PayoutMaker(ISettingsStore settings, Ledger.Ledger ledger, ChartOfAccounts chart, PayeeDirectory payees, PayoutBalances balances, PayoutRails rails, PaymentOptions options, TimeProvider time)
{
    /// <summary>What a payee would be paid out now, or why it would not be.</summary>
    /// <param name="payee">The payee.</param>
    /// <param name="setting">How it is paid out.</param>
    /// <param name="asked">How much; null for all that is available.</param>
    public async ValueTask<Answer<PlannedPayout>> PlanAsync(Payee payee, PayoutSettingRow setting, Amount? asked)
    {
        var destination = await settings.GetAsync<PayoutDestinationRow>(setting.Destination);
        if (rails.Find(destination.Rail) is not { } rail) return rails.NotAvailable;
        if (asked is { } wanted && Desk.Amounts.Check(wanted, payee.Asset) is { } refusal) return refusal;
        var (_, available, staying) = await balances.ReadAsync(payee, rail);
        var amount = asked ?? available;
        if (PayoutRails.RoundDown(rail, amount) != amount) return new Refusal(RefusalCodes.TooManyDecimals, $"The rail {rail.Name} pays {rail.DecimalsOf(payee.Asset)} decimals of {payee.Asset} at most.");
        if (amount.IsZero) return new Refusal(RefusalCodes.NothingToPayOut, staying.Count == 0 ? "The balance is empty." : "All of the balance stays behind for now; the payee's payouts say what for.");
        if (amount.Units > available.Units)
        {
            return new Refusal(RefusalCodes.PayoutExceedsAvailable, $"{available.ToPriceString()} can be paid out now.",
                new Dictionary<string, object> { ["available"] = AmountJson.From(available) });
        }

        var cost = rails.FindCost(rail, amount, time.GetUtcNow());
        return cost.IsGiven ? new PlannedPayout(payee, destination, amount, cost.Value) : cost.Refusal;
    }

    /// <summary>Sets the money of a payout aside.</summary>
    /// <param name="id">The payout's id.</param>
    /// <param name="planned">What it is to be.</param>
    /// <param name="trigger">What begins it.</param>
    /// <param name="claim">What binds a caller's key to it, in the same chain; or null.</param>
    /// <returns>Why not, or null.</returns>
    public async ValueTask<Refusal?> HoldAsync(UInt128 id, PlannedPayout planned, PayoutTrigger trigger, Command? claim = null)
    {
        var rail = planned.Destination.Rail;
        if (!await chart.TryOpenAsync(ChartOfAccounts.RailTransit(rail, planned.Amount.Asset), planned.Amount.Asset)) return LedgerCalls.NotReady;
        var hold = PayoutLegs.Hold(id, planned.Payee.Id.Value, rail, planned.Amount, planned.Cost, planned.Destination.Id, trigger);
        if (await ledger.TrySubmitAsync(claim is { } bound ? [bound, hold] : [hold]) is not { } results) return LedgerCalls.NotReady;
        return results.All(result => result.Outcome == Outcome.Done) ? null : RefusalOf(Desk.Refusals.OfChain(results));
    }

    /// <summary>Why a payout was refused when its money was to be set aside.</summary>
    public static Refusal RefusalOf(Outcome outcome) => outcome == Outcome.InsufficientFunds
        ? new(RefusalCodes.PayoutExceedsAvailable, "The balance was no longer enough when the money was to be set aside.")
        : Desk.Refusals.OfPayment(outcome);

    /// <summary>The rows of a payout whose hold is made: its own, and that of its place in the schedule. Null if its destination is lost: the settings are an older copy.</summary>
    public async ValueTask<(PayoutRow Payout, DueRow Due)?> DescribeAsync(JournalRecord held)
    {
        var command = held.Command;
        var (cost, trigger) = PayoutLegs.Read(command.Memo);
        if (await settings.FindAsync<PayoutDestinationRow>(command.Reference1) is not { } destination) return null;
        var cause = CauseOfReview(destination, new(command.Asset, command.Units));
        var at = DateTimeOffset.FromUnixTimeMilliseconds(held.UnixMilliseconds);
        var row = new PayoutRow(command.Id, command.Debit, destination.Id, Text(command.Units), Text(cost), command.Asset.Code, trigger, cause == PayoutCause.None ? PayoutState.Preparing : PayoutState.Reviewing, cause, null, null,
            null, at, RowState.Active, at);
        if (await PayoutLegs.FindEndAsync(ledger, row) is { } ended) row = ended with { Version = row.Version };
        // Nobody knows whether the rail was told meanwhile: it is asked first, and the operator's look comes after that.
        else if (time.GetUtcNow() - at > PayoutDriver.Doubt) row = row with { Stage = PayoutState.Sent, ToldAt = time.GetUtcNow().ToUnixTimeMilliseconds() };
        // What the operator looks at waits for the operator.
        var due = row.Stage is PayoutState.Reviewing or PayoutState.Returned ? (long?)null : held.UnixMilliseconds;
        return (row, new DueRow(row.Id, DueKind.Payout, due, due, 0, null, RowState.Active));
    }

    /// <summary>Writes the rows of a payout whose hold is made, unless they are there. Null if its destination is lost.</summary>
    public async ValueTask<PayoutRow?> FinishAsync(JournalRecord held)
    {
        if (await settings.FindAsync<PayoutRow>(held.Command.Id) is { } standing) return standing;
        if (await DescribeAsync(held) is not var (row, due)) return null;
        return await settings.WriteAsync(row, due) ? row : await settings.GetAsync<PayoutRow>(row.Id);
    }

    /// <summary>Finishes what was cut off between hold and row. What cannot be finished stays held.</summary>
    public async ValueTask FinishAllAsync(Action<string, Exception?> report)
    {
        foreach (var id in await ledger.ReadOpenHoldsAsync(TransferCode.Payout))
        {
            try
            {
                // A wallet's own money goes out over the same rails.
                if (await ledger.FindAsync(id) is not { } held || await FindPayeeAsync(held.Command.Debit) is null) continue;
                if (await FinishAsync(held) is null) report($"The destination of the payout {new Id<PayoutKind>(id)} is lost. Its money stays held until its payee sets that destination again.", null);
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                report($"The payout {new Id<PayoutKind>(id)} could not be written down; it is tried again.", error);
            }
        }
    }

    public ValueTask<Payee?> FindPayeeAsync(UInt128 id) => payees.FindAsync(new(id));

    private PayoutCause CauseOfReview(PayoutDestinationRow destination, Amount amount)
    {
        var review = options.Payouts;
        if (review.ReviewNewDestinations && !destination.IsKnown) return PayoutCause.NewDestination;
        if (review.ReviewAboveWholeUnits is not { } whole) return PayoutCause.None;
        var most = (UInt128)whole;
        for (var i = 0; i < amount.Asset.Scale; i++) most *= 10;
        return amount.Units > most ? PayoutCause.LargeAmount : PayoutCause.None;
    }

    private static string Text(UInt128 units) => units.ToString(CultureInfo.InvariantCulture);
}
