using System.Xml.Linq;
using Farthing.Payments;
using Farthing.Protocol;

namespace Farthing.Server.Rails.BankFile;

/// <summary>What a bank says that it booked, as far as it concerns transfers. Immutable.</summary>
/// <param name="EndToEndId">The reference that the transfer bore; null if it bore none.</param>
/// <param name="IsCredit">True if money came into the account: what comes back.</param>
/// <param name="IsBooked">True if it is booked, and not only announced.</param>
/// <param name="IsReturn">True if the bank says that it takes something back.</param>
/// <param name="Amount">How much, in euro; null if it is in another currency, or the file does not say it of this transfer.</param>
/// <param name="Reason">The bank's code and words for a return, or null.</param>
internal sealed record BookedTransfer(string? EndToEndId, bool IsCredit, bool IsBooked, bool IsReturn, Amount? Amount, string? Reason);

/// <summary>A bank's notification.</summary>
/// <param name="MessageId">The bank's own number of it.</param>
/// <param name="Accounts">The IBANs of the accounts that it is of; null for one without.</param>
/// <param name="Transfers">What it says, in its sequence.</param>
internal sealed record BankNotification(string MessageId, IReadOnlyList<string?> Accounts, IReadOnlyList<BookedTransfer> Transfers) : BankMessage(MessageId);

/// <summary>Reads what banks say that they booked: ISO 20022 camt.054.001.08 and camt.054.001.02.</summary>
/// <remarks>
/// The rules are those of BankToCustomerDebitCreditNotificationV08 (ISO 20022 Message Definition Report "Bank-to-Customer Cash Management", edition of February 2019) and of V02 (edition of 2009),
/// https://www.iso20022.org/iso-20022-message-definitions: whatever is read, and what stands beside it. A message may be one page of several: each says all of its own entries, so each is taken as it comes.
/// </remarks>
internal static class Camt054
{
    private const string Common = """
        Document = BkToCstmrDbtCdtNtfctn:Message
        Page = PgNb:Digits5 LastPgInd:YesNo
        AccountId = IBAN:Iban | Othr
        Direction = one of CRDT DBIT
        Copy = one of CODU COPY DUPL
        Day = Dt:Date | DtTm:DateTime
        Code = Domn?:Domain Prtry?:OwnCode
        Domain = Cd:Text4 Fmly:Family
        Family = Cd:Text4 SubFmlyCd:Text4
        OwnCode = Cd:Text35 Issr?:Text35
        Amounts = InstdAmt?:OtherAmount TxAmt?:OtherAmount CntrValAmt?:OtherAmount AnncdPstngAmt? PrtryAmt*
        OtherAmount = Amt:Amount CcyXchg?
        Batch = MsgId?:Text35 PmtInfId?:Text35 NbOfTxs?:Digits15 TtlAmt?:Amount CdtDbtInd?:Direction
        Details = Btch?:Batch TxDtls*:Transaction
        Return = OrgnlBkTxCd? Orgtr? Rsn?:Reason AddtlInf*:Text105
        Reason = Cd:Text4 | Prtry:Text35
        """;

    private const string V08 = Common + """

        Message = GrpHdr:Header Ntfctn+:Notification SplmtryData*
        Header = MsgId:Text35 CreDtTm:DateTime MsgRcpt? MsgPgntn?:Page OrgnlBizQry? AddtlInf?:Text500
        Notification = Id:Text35 NtfctnPgntn?:Page ElctrncSeqNb?:Number RptgSeq? LglSeqNb?:Number CreDtTm?:DateTime FrToDt? CpyDplctInd?:Copy RptgSrc? Acct:Account RltdAcct? Intrst* TxsSummry? Ntry*:Entry AddtlNtfctnInf?:Text500
        Account = Id:AccountId Tp? Ccy?:Currency Nm?:Text70 Prxy? Ownr? Svcr?
        Entry = NtryRef?:Text35 Amt:Amount CdtDbtInd:Direction RvslInd?:YesNo Sts:Status BookgDt?:Day ValDt?:Day AcctSvcrRef?:Text35 Avlbty* BkTxCd:Code ComssnWvrInd?:YesNo AddtlInfInd? AmtDtls?:Amounts Chrgs? TechInptChanl? Intrst? CardTx? NtryDtls*:Details AddtlNtryInf?:Text500
        Status = Cd:Text4 | Prtry:Text35
        Transaction = Refs?:References Amt?:Amount CdtDbtInd?:Direction AmtDtls?:Amounts Avlbty* BkTxCd?:Code Chrgs? Intrst? RltdPties? RltdAgts? LclInstrm? Purp? RltdRmtInf* RmtInf? RltdDts? RltdPric? RltdQties* FinInstrmId? Tax? RtrInf?:Return CorpActn? SfkpgAcct? CshDpst* CardTx? AddtlTxInf?:Text500 SplmtryData*
        References = MsgId?:Text35 AcctSvcrRef?:Text35 PmtInfId?:Text35 InstrId?:Text35 EndToEndId?:Text35 UETR?:Uuid TxId?:Text35 MndtId?:Text35 ChqNb?:Text35 ClrSysRef?:Text35 AcctOwnrTxId?:Text35 AcctSvcrTxId?:Text35 MktInfrstrctrTxId?:Text35 PrcgId?:Text35 Prtry*
        """;

    private const string V02 = Common + """

        Message = GrpHdr:Header Ntfctn+:Notification
        Header = MsgId:Text35 CreDtTm:DateTime MsgRcpt? MsgPgntn?:Page AddtlInf?:Text500
        Notification = Id:Text35 ElctrncSeqNb?:Number LglSeqNb?:Number CreDtTm:DateTime FrToDt? CpyDplctInd?:Copy RptgSrc? Acct:Account RltdAcct? Intrst* TxsSummry? Ntry*:Entry AddtlNtfctnInf?:Text500
        Account = Id:AccountId Tp? Ccy?:Currency Nm?:Text70 Ownr? Svcr?
        Entry = NtryRef?:Text35 Amt:Amount CdtDbtInd:Direction RvslInd?:YesNo Sts:Status BookgDt?:Day ValDt?:Day AcctSvcrRef?:Text35 Avlbty* BkTxCd:Code ComssnWvrInd?:YesNo AddtlInfInd? AmtDtls?:Amounts Chrgs* TechInptChanl? Intrst* NtryDtls*:Details AddtlNtryInf?:Text500
        Status = one of BOOK PDNG INFO
        Transaction = Refs?:References AmtDtls?:Amounts Avlbty* BkTxCd?:Code Chrgs* Intrst* RltdPties? RltdAgts? Purp? RltdRmtInf* RmtInf? RltdDts? RltdPric? RltdQties* FinInstrmId? Tax? RtrInf?:Return CorpActn? SfkpgAcct? AddtlTxInf?:Text500
        References = MsgId?:Text35 AcctSvcrRef?:Text35 PmtInfId?:Text35 InstrId?:Text35 EndToEndId?:Text35 TxId?:Text35 MndtId?:Text35 ChqNb?:Text35 ClrSysRef?:Text35 Prtry?
        """;

    /// <summary>The versions that are read, the newest first.</summary>
    public static IReadOnlyList<BankMessage.Kind> Kinds { get; } = [BankMessage.Kind.Of("camt.054.001.08", V08, Read), BankMessage.Kind.Of("camt.054.001.02", V02, Read)];

    private static Answer<BankMessage> Read(XElement root)
    {
        var message = root.Elements().Single();
        var (accounts, ids, transfers) = (new List<string?>(), new HashSet<string>(StringComparer.Ordinal), new List<BookedTransfer>());
        foreach (var part in All(message, "Ntfctn"))
        {
            if (!ids.Add(BankMessage.At(part, "Id")!.Value)) return BankMessage.Broken($"/Document/BkToCstmrDbtCdtNtfctn/Ntfctn[{accounts.Count + 1}]/Id is that of another Ntfctn: it must differ.");
            accounts.Add(BankMessage.At(part, "Acct", "Id", "IBAN")?.Value);
            foreach (var booked in All(part, "Ntry")) transfers.AddRange(ReadEntry(booked));
        }

        return new BankNotification(BankMessage.At(message, "GrpHdr", "MsgId")!.Value, accounts, transfers);
    }

    private static IEnumerable<BookedTransfer> ReadEntry(XElement booked)
    {
        var isBooked = (BankMessage.At(booked, "Sts", "Cd") ?? BankMessage.At(booked, "Sts"))!.Value == "BOOK";
        var isReturn = BankMessage.At(booked, "RvslInd")?.Value.Trim() is "true" or "1";
        var details = All(booked, "NtryDtls").SelectMany(one => All(one, "TxDtls")).ToList();
        if (details.Count == 0) yield return new(null, IsCredit(booked)!.Value, isBooked, isReturn, AmountOf(BankMessage.At(booked, "Amt")), null);
        foreach (var detail in details)
        {
            // A detail may go the other way than the sum that it is part of.
            var isCredit = IsCredit(detail) ?? IsCredit(booked)!.Value;
            var amount = BankMessage.At(detail, "Amt") ?? BankMessage.At(detail, "AmtDtls", "TxAmt", "Amt") ?? (details.Count == 1 ? BankMessage.At(booked, "Amt") : null);
            // What came in by itself is what the entry says: a detail may still say what was sent, before the fee.
            if (isCredit && details.Count == 1 && IsCredit(booked)!.Value) amount = BankMessage.At(booked, "Amt");
            yield return new(BankMessage.At(detail, "Refs", "EndToEndId")?.Value, isCredit, isBooked, isReturn || BankMessage.At(detail, "RtrInf") is not null, AmountOf(amount), ReasonOf(detail));
        }
    }

    private static IEnumerable<XElement> All(XElement element, string name) => element.Elements(element.Name.Namespace + name);

    private static bool? IsCredit(XElement element) => BankMessage.At(element, "CdtDbtInd") is { } direction ? direction.Value == "CRDT" : null;

    private static Amount? AmountOf(XElement? amount)
    {
        if (amount is null || amount.Attribute("Ccy")!.Value != Asset.Eur.Code) return null;
        return Amount.TryParse(MessageRules.PlainNumber(amount.Value), Asset.Eur, out var read) == AmountError.None ? read : null;
    }

    private static string? ReasonOf(XElement detail)
    {
        if (BankMessage.At(detail, "RtrInf") is not { } returned) return null;
        return BankReason.Of((BankMessage.At(returned, "Rsn", "Cd") ?? BankMessage.At(returned, "Rsn", "Prtry"))?.Value, All(returned, "AddtlInf").Select(one => one.Value));
    }
}
