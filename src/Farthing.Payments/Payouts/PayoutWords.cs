using Farthing.Protocol;

namespace Farthing.Payments.Payouts;

/// <summary>What a payout's state is called for people: why it is there, and what its payee can do.</summary>
internal static class PayoutWords
{
    public static (string Reason, string WhatToDo) Of(PayoutRow row, string rail, bool isRailUnreachable) => (row.Stage, row.Cause) switch
    {
        (PayoutState.Preparing, PayoutCause.Released) => ("The operator released it, and it goes to the rail next.", Nothing),
        (PayoutState.Preparing, _) => ("Its money is set aside, and it goes to the rail next.", Nothing),
        (PayoutState.Reviewing, PayoutCause.NewDestination) => ("Nothing was released to this destination before, so the operator looks at it first.", "Nothing: its money is set aside. If the destination is not yours, tell the operator at once."),
        (PayoutState.Reviewing, PayoutCause.Refused) => ($"The operator refused it ({row.Note}), and its money is being given back.", Nothing),
        (PayoutState.Reviewing, _) => ("It is above what leaves by itself, so the operator looks at it first.", "Nothing: its money is set aside."),
        (PayoutState.Sent, _) when isRailUnreachable => ($"The rail {rail} does not answer. It is asked by reference until it does; nothing is paid twice.", Nothing),
        (PayoutState.Sent, _) => ($"The rail {rail} has it{Because(row)}, and has not said that it arrived.", Nothing),
        (PayoutState.Done, _) => ($"The rail {rail} says that it arrived.", "Nothing. Look for the reference endToEndId on the account's statement."),
        (PayoutState.Returned, PayoutCause.Refused) => ($"The operator refused it ({row.Note}). All of it is on the balance again.", "Ask the operator, or set another destination; then ask for a new payout."),
        (PayoutState.Returned, PayoutCause.RailFailed) => ($"The rail {rail} did not pay it{Because(row)}. All of it is on the balance again.", "Check the destination; then ask for a new payout."),
        (PayoutState.Returned, PayoutCause.None) => ("It was not paid. All of it is on the balance again.", "Ask the operator; then ask for a new payout."),
        (PayoutState.Returned, _) => (
            $"It arrived and came back{Because(row)}. {Back(row).ToPriceString()} is on the balance again{(row.Cost.IsZero ? "" : $"; the rail keeps its {row.Cost.ToPriceString()}")}{(Back(row) == row.Arrives ? "" : $"; {(row.Arrives - Back(row)).ToPriceString()} was kept by a bank on the way back")}.", "Check the destination; then ask for a new payout."),
        _ => throw new InvalidOperationException($"A payout has the state {row.Stage}, which this version does not know."),
    };

    private const string Nothing = "Nothing: it goes on by itself.";

    private static Amount Back(PayoutRow row) => row.Returned ?? row.Arrives;

    private static string Because(PayoutRow row) => row.Note is null ? "" : $" ({row.Note})";
}
