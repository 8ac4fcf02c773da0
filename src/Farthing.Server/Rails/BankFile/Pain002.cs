using System.Xml.Linq;
using Farthing.Payments;
using Farthing.Protocol;

namespace Farthing.Server.Rails.BankFile;

/// <summary>What a bank says of one transfer. Immutable.</summary>
/// <param name="EndToEndId">The reference that the transfer bore, or null.</param>
/// <param name="Status">The bank's code; null if that of the block or the file holds.</param>
/// <param name="Reason">Why, in the bank's code and words, or null.</param>
internal sealed record ReportedTransfer(string? EndToEndId, string? Status, string? Reason);

/// <summary>What a bank says of a block of payments, or of a file. Immutable.</summary>
/// <param name="Id">Which.</param>
/// <param name="Status">The bank's code, or null.</param>
/// <param name="Reason">Why, or null.</param>
/// <param name="Count">How many transfers the bank saw in it, or null.</param>
/// <param name="Sum">What the bank saw them come to, or null.</param>
internal sealed record ReportedPart(string Id, string? Status, string? Reason, long? Count, Amount? Sum);

/// <summary>A bank's report of what became of a file that it was given.</summary>
/// <param name="MessageId">The bank's own number of it.</param>
/// <param name="File">The file.</param>
/// <param name="Blocks">Its blocks that the bank says something of.</param>
/// <param name="Transfers">The transfers that the bank says something of by themselves.</param>
internal sealed record StatusReport(string MessageId, ReportedPart File, IReadOnlyList<ReportedPart> Blocks, IReadOnlyList<ReportedTransfer> Transfers) : BankMessage(MessageId);

/// <summary>Reads what banks say of the files that they were given: ISO 20022 pain.002.001.10 and pain.002.001.03.</summary>
/// <remarks>
/// The rules are those of CustomerPaymentStatusReportV10 (ISO 20022 Message Definition Report "Payments Initiation", edition of February 2019) and of V03 (edition of 2009),
/// https://www.iso20022.org/iso-20022-message-definitions: whatever is read, and what stands beside it; and that what is inside what was rejected was rejected, and what is inside what was taken was not.
/// </remarks>
internal static class Pain002
{
    /// <summary>The bank will not pay it.</summary>
    public const string Rejected = "RJCT";

    /// <summary>Some of it was rejected.</summary>
    public const string Partly = "PART";

    private const string Common = """
        Document = CstmrPmtStsRpt:Message
        Header = MsgId:Text35 CreDtTm:DateTime InitgPty? FwdgAgt? DbtrAgt? CdtrAgt?
        Why = Orgtr? Rsn?:Reason AddtlInf*:Text105
        Reason = Cd:Text4 | Prtry:Text35
        """;

    private const string V10 = Common + """

        Message = GrpHdr:Header OrgnlGrpInfAndSts:File OrgnlPmtInfAndSts*:Block SplmtryData*
        File = OrgnlMsgId:Text35 OrgnlMsgNmId:Text35 OrgnlCreDtTm?:DateTime OrgnlNbOfTxs?:Digits15 OrgnlCtrlSum?:Decimal GrpSts?:Text4 StsRsnInf*:Why NbOfTxsPerSts*
        Block = OrgnlPmtInfId:Text35 OrgnlNbOfTxs?:Digits15 OrgnlCtrlSum?:Decimal PmtInfSts?:Text4 StsRsnInf*:Why NbOfTxsPerSts* TxInfAndSts*:Transaction
        Transaction = StsId?:Text35 OrgnlInstrId?:Text35 OrgnlEndToEndId?:Text35 OrgnlUETR?:Uuid TxSts?:Text4 StsRsnInf*:Why ChrgsInf* TrckrData? AccptncDtTm?:DateTime AcctSvcrRef?:Text35 ClrSysRef?:Text35 OrgnlTxRef? SplmtryData*
        """;

    private const string V03 = Common + """

        Message = GrpHdr:Header OrgnlGrpInfAndSts:File OrgnlPmtInfAndSts*:Block
        File = OrgnlMsgId:Text35 OrgnlMsgNmId:Text35 OrgnlCreDtTm?:DateTime OrgnlNbOfTxs?:Digits15 OrgnlCtrlSum?:Decimal GrpSts?:GroupStatus StsRsnInf*:Why NbOfTxsPerSts*
        Block = OrgnlPmtInfId:Text35 OrgnlNbOfTxs?:Digits15 OrgnlCtrlSum?:Decimal PmtInfSts?:GroupStatus StsRsnInf*:Why NbOfTxsPerSts* TxInfAndSts*:Transaction
        GroupStatus = one of ACTC RCVD PART RJCT PDNG ACCP ACSP ACSC ACWC
        TransferStatus = one of ACTC RJCT PDNG ACCP ACSP ACSC ACWC
        Transaction = StsId?:Text35 OrgnlInstrId?:Text35 OrgnlEndToEndId?:Text35 TxSts?:TransferStatus StsRsnInf*:Why ChrgsInf* AccptncDtTm?:DateTime AcctSvcrRef?:Text35 ClrSysRef?:Text35 OrgnlTxRef?
        """;

    private static readonly string[] Taken = ["ACTC", "RCVD", "PDNG", "ACCP", "ACSP", "ACSC", "ACWC"];

    /// <summary>The versions that are read, the newest first.</summary>
    public static IReadOnlyList<BankMessage.Kind> Kinds { get; } = [BankMessage.Kind.Of("pain.002.001.10", V10, Read), BankMessage.Kind.Of("pain.002.001.03", V03, Read)];

    private static Answer<BankMessage> Read(XElement root)
    {
        const string Path = "/Document/CstmrPmtStsRpt";
        var message = root.Elements().Single();
        var original = BankMessage.At(message, "OrgnlGrpInfAndSts")!;
        if (!BankMessage.At(original, "OrgnlMsgNmId")!.Value.StartsWith("pain.001", StringComparison.Ordinal)) return BankMessage.Broken($"{Path}/OrgnlGrpInfAndSts/OrgnlMsgNmId is no pain.001: the report is of another message.");
        var file = ReadPart(original, "OrgnlMsgId", "GrpSts");
        var (blocks, transfers) = (new List<ReportedPart>(), new List<ReportedTransfer>());
        foreach (var element in All(message, "OrgnlPmtInfAndSts"))
        {
            var block = ReadPart(element, "OrgnlPmtInfId", "PmtInfSts");
            blocks.Add(block);
            var path = $"{Path}/OrgnlPmtInfAndSts[{blocks.Count}]";
            if (FindContradiction(file.Status, block.Status, $"{path}/PmtInfSts") is { } fault) return BankMessage.Broken(fault);
            var count = 0;
            foreach (var one in All(element, "TxInfAndSts"))
            {
                var transfer = new ReportedTransfer(BankMessage.At(one, "OrgnlEndToEndId")?.Value, BankMessage.At(one, "TxSts")?.Value, ReasonOf(one));
                count++;
                if (FindContradiction(block.Status ?? file.Status, transfer.Status, $"{path}/TxInfAndSts[{count}]/TxSts") is { } wrong) return BankMessage.Broken(wrong);
                transfers.Add(transfer);
            }
        }

        return new StatusReport(BankMessage.At(message, "GrpHdr", "MsgId")!.Value, file, blocks, transfers);
    }

    private static ReportedPart ReadPart(XElement part, string id, string status) => new(
        BankMessage.At(part, id)!.Value, BankMessage.At(part, status)?.Value, ReasonOf(part), BankMessage.At(part, "OrgnlNbOfTxs") is { } count ? long.Parse(count.Value, System.Globalization.CultureInfo.InvariantCulture) : null,
        BankMessage.At(part, "OrgnlCtrlSum") is { } sum && Amount.TryParse(MessageRules.PlainNumber(sum.Value), Asset.Eur, out var read) == AmountError.None ? read : null);

    private static string? FindContradiction(string? outer, string? inner, string path) =>
        outer == Rejected && inner is not null and not Rejected ? $"{path} is not {Rejected}, and all around it was rejected."
        : Taken.Contains(outer, StringComparer.Ordinal) && inner == Rejected ? $"{path} is {Rejected}, and all around it was taken." : null;

    private static string? ReasonOf(XElement element)
    {
        var reasons = All(element, "StsRsnInf").Select(why => BankReason.Of((BankMessage.At(why, "Rsn", "Cd") ?? BankMessage.At(why, "Rsn", "Prtry"))?.Value, All(why, "AddtlInf").Select(one => one.Value))).OfType<string>().ToList();
        return reasons.Count == 0 ? null : string.Join("; ", reasons);
    }

    private static IEnumerable<XElement> All(XElement element, string name) => element.Elements(element.Name.Namespace + name);
}
