using System.Collections.Frozen;

namespace Farthing.Server.Rails.BankFile;

/// <summary>Why a bank did not pay a transfer, or sent it back, in words for people.</summary>
/// <remarks>The codes are those of ISO 20022's external code sets, ExternalStatusReason1Code and ExternalReturnReason1Code, as the European Payments Council's EPC132-08 uses them; the words are ours.</remarks>
internal static class BankReason
{
    private const int MaxLength = 180;

    private static readonly FrozenDictionary<string, string> Words = new Dictionary<string, string>
    {
        ["AC01"] = "the account number is wrong",
        ["AC03"] = "the payee's account number is wrong",
        ["AC04"] = "the account is closed",
        ["AC06"] = "the account is blocked",
        ["AC13"] = "the account is of a kind that cannot be paid so",
        ["AG01"] = "the account does not take such transfers",
        ["AG02"] = "the bank does not know that kind of transfer",
        ["AM01"] = "the amount is zero",
        ["AM02"] = "the amount is above what is allowed",
        ["AM03"] = "the currency is not paid",
        ["AM04"] = "there was too little money on the account that pays",
        ["AM05"] = "the bank takes it for a repetition",
        ["AM09"] = "the amount is wrong",
        ["AM10"] = "the sum of the file is wrong",
        ["BE01"] = "the name does not fit the account",
        ["BE04"] = "the payee's address is missing or wrong",
        ["BE05"] = "the bank does not know who sent the file",
        ["BE06"] = "the bank does not know the payee",
        ["BE07"] = "the operator's address is missing or wrong",
        ["CNOR"] = "the payee's bank does not take part",
        ["CURR"] = "the currency is wrong",
        ["CUST"] = "the operator asked for it",
        ["DNOR"] = "the operator's bank does not take part",
        ["DT01"] = "the date is wrong",
        ["DUPL"] = "the bank takes it for a repetition",
        ["FF01"] = "the file's format is wrong",
        ["FOCR"] = "the operator's bank asked for it back",
        ["FRAD"] = "it was held to be fraud",
        ["MD07"] = "the account's owner has died",
        ["MS02"] = "the payee gave no reason",
        ["MS03"] = "the bank gave no reason",
        ["NARR"] = "the bank says why in words",
        ["NOAS"] = "nobody answered at the payee's bank",
        ["RC01"] = "the bank's code is wrong",
        ["RC04"] = "the payee's bank's code is wrong",
        ["RC07"] = "the bank's BIC is wrong",
        ["RR01"] = "the law asks for the operator's account, which is missing",
        ["RR02"] = "the law asks for the operator's name or address, which is missing",
        ["RR03"] = "the law asks for the payee's name or address, which is missing",
        ["RR04"] = "the law does not allow it",
        ["TECH"] = "the bank had a technical fault",
        ["TM01"] = "the file came too late for that day",
        ["UPAY"] = "the payment was not due",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, string> States = new Dictionary<string, string>
    {
        ["RCVD"] = "it has received it",
        ["ACTC"] = "it could read it",
        ["PDNG"] = "it looks at it still",
        ["ACCP"] = "it has checked it",
        ["ACSP"] = "it is paying it",
        ["ACWC"] = "it is paying it, with a change",
        ["ACSC"] = "it has settled it",
        ["ACCC"] = "the payee's bank has credited it",
        ["CANC"] = "it was cancelled",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>What a bank says of a transfer that it did not reject: ExternalPaymentTransactionStatus1Code, and why.</summary>
    public static string OfState(string code, string? reason) => $"the bank says {code}{(States.TryGetValue(code, out var words) ? $": {words}" : "")}{(reason is null ? "" : $"; {reason}")}";

    /// <summary>The code, what it means, and the bank's own words; null if the bank gave none of them. A code that is not known stands for itself.</summary>
    public static string? Of(string? code, IEnumerable<string> own)
    {
        var words = string.Join(' ', own.Select(one => one.Trim())).Trim();
        var meaning = code is not null && Words.TryGetValue(code, out var known) ? $"{code} {known}" : code?.Trim() ?? "";
        var whole = meaning.Length > 0 && words.Length > 0 ? $"{meaning}: {words}" : meaning + words;
        var reason = new string([.. whole.Where(c => !char.IsControl(c))]);
        return reason.Length == 0 ? null : reason.Length > MaxLength ? reason[..MaxLength] : reason;
    }
}
