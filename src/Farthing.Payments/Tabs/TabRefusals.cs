using Farthing.Protocol;

namespace Farthing.Payments.Tabs;

/// <summary>Why a read was not put on a tab, or a tab not paid.</summary>
internal static class TabRefusals
{
    public static Refusal Unpaid(TabEntry tab, Amount owed, bool isLost) => new(
        RefusalCodes.TabUnpaid,
        isLost
            ? $"{owed} is owed on a tab that was not paid in time. Pay it: POST /v1/tabs/{tab.Id}/pay, or top up as much and read again."
            : $"{owed} is owed on a tab that takes at most {tab.Cap}. Pay it: POST /v1/tabs/{tab.Id}/pay, or top up as much and read again.",
        new Dictionary<string, object> { ["tab"] = tab.Id.ToString(), ["payee"] = new Id<PayeeKind>(tab.Payee).ToString(), ["owed"] = AmountJson.From(owed) });

    public static Refusal NothingOwed { get; } = new(RefusalCodes.NothingOwed, "Nothing is owed on this tab.");

    /// <summary>A payment of a tab that came after reads on it were refunded.</summary>
    public static Refusal LessOwed { get; } = new(RefusalCodes.NothingOwed, "Less was owed when the payment reached the ledger, as a read was refunded in that moment. Pay with a new key.");

    /// <summary>A refund of a read that the tab no longer owes.</summary>
    public static Refusal Settled { get; } = new(RefusalCodes.TabSettled, "The tab no longer owes this read: it was paid since, or booked as a loss. The payee can refund the payment that paid the tab.");

    public static Refusal NoReceipt { get; } = new(RefusalCodes.ReadOnTab, "A read on tab moves no money, so it has no receipt. The payment that pays the tab has one.");

    public static Refusal NoHold { get; } = new(RefusalCodes.InvalidField, "What is read on tab cannot be held: leave hold out.");
}
