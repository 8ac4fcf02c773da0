using System.Globalization;
using Farthing.Ledger;
using Farthing.Payments.Desk;
using Farthing.Payments.Schedules;
using Farthing.Payments.Settings;
using Farthing.Protocol;

namespace Farthing.Payments.Payouts;

/// <summary>Takes a payout from its hold to its end: tells the rail, asks it, and does in the ledger what it says.</summary>
/// <remarks>
/// Thread-safe; one payout is never driven twice at once. That the rail is about to be told is written down before it is told. From then on it is asked by reference, and told
/// again only if it knows nothing of the reference a good while later, so that what it still has on its way is known by then.
/// </remarks>
internal sealed class PayoutDriver(ISettingsStore settings, Ledger.Ledger ledger, ChartOfAccounts chart, PayoutRails rails, TimeProvider time) : IDue
{
    /// <summary>So long after it was told, a rail that knows nothing of a payout is believed.</summary>
    public static readonly TimeSpan Doubt = TimeSpan.FromMinutes(1);

    // A rail that hangs must not keep the schedule's places; well below the doubt, so that it is not told again while it may still be at it.
    private static readonly TimeSpan LongestCall = TimeSpan.FromSeconds(30);

    private const int MaxNoteLength = 200;

    public async ValueTask<DueResult> RunAsync(UInt128 subject, long dueUnixMilliseconds)
    {
        if (await settings.FindAsync<PayoutRow>(subject) is not { } row) return DueResult.Done();
        var destination = await settings.GetAsync<PayoutDestinationRow>(row.Destination);
        // A rail that the operator has switched off keeps what it has.
        if (rails.Find(destination.Rail) is not { } rail) return DueResult.Undecided(RefusalCodes.RailNotAvailable);
        switch (row.Stage)
        {
            case PayoutState.Preparing when time.GetUtcNow() - row.ChangedAt > Doubt:
                // So late the row may be an older copy, and the rail may have been told: it is asked first.
                return DueResult.Again(Now(), row.In(PayoutState.Sent, PayoutCause.None, null, time.GetUtcNow()) with { ToldAt = Now() });
            case PayoutState.Preparing:
                return await TellAsync(row.In(PayoutState.Sent, PayoutCause.None, null, time.GetUtcNow()), rail, destination);
            case PayoutState.Reviewing when row.Cause == PayoutCause.Refused:
                return await GiveBackAsync(row, PayoutCause.Refused, row.Note) is { } returned ? End(returned) : DueResult.Undecided(RefusalCodes.NotReady);
            case PayoutState.Sent or PayoutState.Done:
                return await AskAsync(row, rail, destination);
            default:
                return DueResult.Done();
        }
    }

    /// <summary>Whether the rail of a payout has heard of it, which settings that are an older copy may not know.</summary>
    /// <returns>Null if it does not answer.</returns>
    public async ValueTask<bool?> IsToldAsync(PayoutRow row)
    {
        var destination = await settings.GetAsync<PayoutDestinationRow>(row.Destination);
        return rails.Find(destination.Rail) is { } rail && await TryAskAsync(row, rail) is { } answer ? answer.Status != PayoutRailStatus.Unknown : null;
    }

    /// <summary>Gives the money of a payout back that did not leave.</summary>
    /// <returns>The row as it then is, to be written: as done if the money has left, which an older copy of the settings does not know; null if the ledger takes no work.</returns>
    public async ValueTask<PayoutRow?> GiveBackAsync(PayoutRow row, PayoutCause cause, string? note)
    {
        if (await PayoutLegs.FindEndAsync(ledger, row) is { } ended && (ended.Stage == PayoutState.Done || ended.Cause == PayoutCause.RailReturned)) return ended;
        if (await ledger.TrySubmitAsync(PayoutLegs.GiveBack(row.Id)) is not { } results) return null;
        if (results[0].Outcome != Outcome.Done) throw new InvalidOperationException($"The money of the payout {row.Id:x32} was not given back: {results[0].Outcome}.");
        return row.In(PayoutState.Returned, cause, note, time.GetUtcNow());
    }

    private async ValueTask<DueResult> TellAsync(PayoutRow row, IPayoutRail rail, PayoutDestinationRow destination)
    {
        if (await PayoutLegs.FindEndAsync(ledger, row) is { } ended) return End(ended with { Version = row.Version });
        row = row with { ToldAt = Now() };
        if (!await settings.WriteAsync(row)) return DueResult.Again(Now());
        PayoutRailAnswer answer;
        try
        {
            answer = await rail.PayAsync(new OutgoingPayout(new(row.Id), new(row.Owner), row.Arrives, destination.Destination)).AsTask().WaitAsync(LongestCall, time);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            return DueResult.Undecided(RefusalCodes.RailUnreachable);
        }

        return await SettleAsync(row, answer, rail.Name);
    }

    private async ValueTask<DueResult> AskAsync(PayoutRow row, IPayoutRail rail, PayoutDestinationRow destination)
    {
        if (await TryAskAsync(row, rail) is not { } answer) return DueResult.Undecided(RefusalCodes.RailUnreachable);
        if (answer.Status != PayoutRailStatus.Unknown || row.Stage != PayoutState.Sent) return await SettleAsync(row, answer, rail.Name);
        var believed = row.ToldAt!.Value + (long)Doubt.TotalMilliseconds;
        if (Now() < believed) return DueResult.Again(believed);
        // It was asked only because nobody knew whether it had been told.
        if (row.Cause is PayoutCause.NewDestination or PayoutCause.LargeAmount) return DueResult.Done(row.In(PayoutState.Reviewing, row.Cause, null, time.GetUtcNow()));
        return await TellAsync(row with { Version = row.Version + 1 }, rail, destination);
    }

    /// <returns>Null if it does not answer.</returns>
    private async ValueTask<PayoutRailAnswer?> TryAskAsync(PayoutRow row, IPayoutRail rail)
    {
        try
        {
            return await rail.AskAsync(new(row.Id)).AsTask().WaitAsync(LongestCall, time);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            return null;
        }
    }

    private async ValueTask<DueResult> SettleAsync(PayoutRow row, PayoutRailAnswer answer, string rail)
    {
        var changed = row;
        if (row.Stage == PayoutState.Sent)
        {
            if (answer.Status == PayoutRailStatus.Failed)
                return await GiveBackAsync(row, PayoutCause.RailFailed, Shortened(answer.Note)) is { } returned ? End(returned) : DueResult.Undecided(RefusalCodes.NotReady);
            if (answer.Status is PayoutRailStatus.Pending or PayoutRailStatus.Unknown)
                return Shortened(answer.Note) is { } note && note != row.Note ? Later(answer, row with { Note = note, Version = row.Version + 1 }) : Later(answer);
            if (!await TryPayAsync(row, rail)) return DueResult.Undecided(RefusalCodes.NotReady);
            changed = row.In(PayoutState.Done, PayoutCause.None, null, time.GetUtcNow());
        }

        if (answer.Status is PayoutRailStatus.Returned or PayoutRailStatus.Failed)
        {
            if (await TryReturnAsync(row, rail, answer.CameBack ?? row.Arrives) is not { } back) return DueResult.Undecided(RefusalCodes.NotReady);
            return DueResult.Done(row.In(PayoutState.Returned, PayoutCause.RailReturned, Shortened(answer.Note), time.GetUtcNow()) with { ReturnedUnits = back });
        }

        return ReferenceEquals(changed, row) ? Later(answer) : Later(answer, changed);
    }

    /// <summary>What is done may still come back: the rail is asked about it.</summary>
    private DueResult End(PayoutRow ended) => ended.Stage == PayoutState.Done ? DueResult.Again(Now(), ended) : DueResult.Done(ended);

    private DueResult Later(PayoutRailAnswer answer, params ISettingsRow[] rows) =>
        answer.AskAgainAfter is { } wait ? DueResult.Again(Now() + Math.Max(1, (long)wait.TotalMilliseconds), rows) : DueResult.Done(rows);

    private async ValueTask<bool> TryPayAsync(PayoutRow row, string rail)
    {
        if (!row.Cost.IsZero && !await chart.TryOpenAsync(ChartOfAccounts.RailCost(rail, row.Cost.Asset), row.Cost.Asset)) return false;
        if (await ledger.TrySubmitAsync(PayoutLegs.Pay(row, rail)) is not { } results) return false;
        return results.All(result => result.Outcome == Outcome.Done) ? true : throw new InvalidOperationException($"The payout {row.Id:x32} was paid, and the ledger refused that: {Refusals.OfChain(results)}.");
    }

    /// <returns>The units that came back, or null if the ledger takes no work.</returns>
    private async ValueTask<string?> TryReturnAsync(PayoutRow row, string rail, Amount cameBack)
    {
        // What was booked stays, whatever the rail says afterwards.
        if (await PayoutLegs.FindEndAsync(ledger, row) is { ReturnedUnits: { } booked }) return booked;
        if (cameBack.IsZero || cameBack.Asset != row.Arrives.Asset || cameBack.Units > row.Arrives.Units)
            throw new InvalidOperationException($"Of the payout {row.Id:x32} {row.Arrives} was paid, and the rail says that {cameBack} came back.");
        if (cameBack != row.Arrives && !await chart.TryOpenAsync(ChartOfAccounts.RailCost(rail, cameBack.Asset), cameBack.Asset)) return null;
        if (await ledger.TrySubmitAsync(PayoutLegs.Return(row, rail, cameBack)) is not { } results) return null;
        return results.All(result => result.Outcome == Outcome.Done)
            ? cameBack.Units.ToString(CultureInfo.InvariantCulture)
            : throw new InvalidOperationException($"The payout {row.Id:x32} came back, and the ledger refused that: {Refusals.OfChain(results)}.");
    }

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();

    private static string? Shortened(string? note) => note is { Length: > MaxNoteLength } ? note[..MaxNoteLength] : note;
}
