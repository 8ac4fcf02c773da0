using System.Text;
using System.Xml.Linq;
using Farthing.Payments.Payouts;
using Farthing.Server.Rails.BankFile;
using static Farthing.Payments.Tests.BankFile.BankFileFormatTests;
using static Farthing.Payments.Tests.BankFile.BankMessageTests;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests.BankFile;

/// <summary>What a bank reports of a file that it was given: what it rejects comes back, and nothing else moves.</summary>
public class StatusReportTests
{
    /// <summary>A file of three, one of which was rejected.</summary>
    /// <remarks>In the form of the sample in the Message Definition Report "Payments Initiation" (February 2019, part 3) and of the German banks' "Anlage 3 der DFÜ-Abkommen", chapter 2.2.3; names and numbers are ours.</remarks>
    internal const string Sample10 = """
        <?xml version="1.0" encoding="UTF-8"?>
        <Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10">
          <CstmrPmtStsRpt>
            <GrpHdr><MsgId>PSR-20261124-0001</MsgId><CreDtTm>2026-11-24T07:30:00.250+01:00</CreDtTm><DbtrAgt><FinInstnId><BICFI>COBADEFFXXX</BICFI></FinInstnId></DbtrAgt></GrpHdr>
            <OrgnlGrpInfAndSts><OrgnlMsgId>FTESTa1b2c3d4-00000001</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId><OrgnlNbOfTxs>3</OrgnlNbOfTxs><OrgnlCtrlSum>74.25</OrgnlCtrlSum><GrpSts>PART</GrpSts></OrgnlGrpInfAndSts>
            <OrgnlPmtInfAndSts>
              <OrgnlPmtInfId>FTESTa1b2c3d4-00000001</OrgnlPmtInfId><PmtInfSts>PART</PmtInfSts><NbOfTxsPerSts><DtldNbOfTxs>1</DtldNbOfTxs><DtldSts>RJCT</DtldSts></NbOfTxsPerSts>
              <TxInfAndSts>
                <StsId>1</StsId><OrgnlInstrId>NOTPROVIDED</OrgnlInstrId><OrgnlEndToEndId>OUT00000000000000000000000001</OrgnlEndToEndId><TxSts>RJCT</TxSts>
                <StsRsnInf><Orgtr><Id><OrgId><AnyBIC>COBADEFFXXX</AnyBIC></OrgId></Id></Orgtr><Rsn><Cd>AC01</Cd></Rsn><AddtlInf>IBAN ungueltig</AddtlInf></StsRsnInf>
                <OrgnlTxRef><Amt><InstdAmt Ccy="EUR">24.75</InstdAmt></Amt></OrgnlTxRef>
              </TxInfAndSts>
              <TxInfAndSts><OrgnlEndToEndId>OUT00000000000000000000000002</OrgnlEndToEndId><OrgnlUETR>8a562c67-ca16-48ba-b074-65581be6f001</OrgnlUETR><TxSts>ACSP</TxSts><AccptncDtTm>2026-11-24T07:00:00</AccptncDtTm></TxInfAndSts>
            </OrgnlPmtInfAndSts>
          </CstmrPmtStsRpt>
        </Document>
        """;

    /// <summary>A file that was rejected as a whole, in the version of 2009.</summary>
    internal const string Sample03 = """
        <Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.03"><CstmrPmtStsRpt>
          <GrpHdr><MsgId>2026112400001</MsgId><CreDtTm>2026-11-24T07:30:00</CreDtTm><InitgPty><Nm>Bank</Nm></InitgPty></GrpHdr>
          <OrgnlGrpInfAndSts><OrgnlMsgId>FTESTa1b2c3d4-00000001</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId><OrgnlNbOfTxs>3</OrgnlNbOfTxs><GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>AM04</Cd></Rsn></StsRsnInf><StsRsnInf><Rsn><Prtry>S7</Prtry></Rsn><AddtlInf>Limit</AddtlInf></StsRsnInf></OrgnlGrpInfAndSts>
          <OrgnlPmtInfAndSts><OrgnlPmtInfId>NOTPROVIDED</OrgnlPmtInfId><TxInfAndSts><OrgnlEndToEndId>OUT00000000000000000000000001</OrgnlEndToEndId><TxSts>RJCT</TxSts></TxInfAndSts></OrgnlPmtInfAndSts>
        </CstmrPmtStsRpt></Document>
        """;

    private const string Made = "FTESTa1b2c3d4-00000001";

    [Fact]
    public void A_report_is_read_in_each_version()
    {
        Assert.All([Sample10, Sample03], sample => Assert.Empty(Pain002Schema.FaultsOf(XDocument.Parse(sample))));

        var newer = Assert.IsType<StatusReport>(Read(Sample10).Value);
        Assert.Equal(("PSR-20261124-0001", new(Made, "PART", null, 3, Eur("74.25"))), (newer.MessageId, newer.File));
        Assert.Equal([new(Made, "PART", null, null, null)], newer.Blocks);
        Assert.Equal([new("OUT00000000000000000000000001", "RJCT", "AC01 the account number is wrong: IBAN ungueltig"), new("OUT00000000000000000000000002", "ACSP", null)], newer.Transfers);
        var older = Assert.IsType<StatusReport>(Read(Sample03).Value);
        Assert.Equal(new(Made, "RJCT", "AM04 there was too little money on the account that pays; S7: Limit", 3, null), older.File);
    }

    [Theory]
    [InlineData("<OrgnlMsgId>FTESTa1b2c3d4-00000001</OrgnlMsgId>", "", "/OrgnlGrpInfAndSts has no OrgnlMsgId")]
    [InlineData("<OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>", "", "/OrgnlGrpInfAndSts has no OrgnlMsgNmId")]
    [InlineData("<OrgnlNbOfTxs>3<", "<OrgnlNbOfTxs>three<", "/OrgnlNbOfTxs must be 1 to 15 digits")]
    [InlineData("<OrgnlCtrlSum>74.25<", "<OrgnlCtrlSum>74,25<", "/OrgnlCtrlSum must be a number")]
    [InlineData("<GrpSts>PART<", "<GrpSts>PARTLY<", "/GrpSts must have 1 to 4 characters")]
    [InlineData("<OrgnlPmtInfId>FTESTa1b2c3d4-00000001</OrgnlPmtInfId>", "", "/OrgnlPmtInfAndSts[1] has no OrgnlPmtInfId")]
    [InlineData("<TxSts>RJCT</TxSts>", "<TxSts>REJECT</TxSts>", "/OrgnlPmtInfAndSts[1]/TxInfAndSts[1]/TxSts must have 1 to 4")]
    [InlineData("<Rsn><Cd>AC01</Cd></Rsn>", "<Rsn><Cd>AC01</Cd><Prtry>1</Prtry></Rsn>", "/StsRsnInf[1]/Rsn holds Prtry")]
    [InlineData("<AccptncDtTm>2026-11-24T07:00:00<", "<AccptncDtTm>07:00<", "/TxInfAndSts[2]/AccptncDtTm must be a date and time")]
    public void A_report_that_breaks_a_rule_is_refused_by_the_elements_path_and_the_rule(string from, string to, string why)
    {
        var at = Sample10.IndexOf(from, StringComparison.Ordinal);
        var broken = Sample10[..at] + to + Sample10[(at + from.Length)..];
        BankMessageTests.Refused("notification_breaks_rule", why, broken);
        Assert.NotEmpty(Pain002Schema.FaultsOf(XDocument.Parse(broken)));
    }

    [Fact]
    public void A_report_that_contradicts_itself_is_refused()
    {
        BankMessageTests.Refused("notification_breaks_rule", "TxInfAndSts[2]/TxSts is not RJCT, and all around it was rejected", Sample10.Replace("<PmtInfSts>PART", "<PmtInfSts>RJCT", StringComparison.Ordinal));
        BankMessageTests.Refused("notification_breaks_rule", "/OrgnlPmtInfAndSts[1]/PmtInfSts is not RJCT, and all around", Sample10.Replace("<GrpSts>PART", "<GrpSts>RJCT", StringComparison.Ordinal));
        BankMessageTests.Refused("notification_breaks_rule", "TxInfAndSts[1]/TxSts is RJCT, and all around it was taken", Sample10.Replace("<PmtInfSts>PART", "<PmtInfSts>ACCP", StringComparison.Ordinal));
        BankMessageTests.Refused("notification_breaks_rule", "OrgnlMsgNmId is no pain.001", Sample10.Replace("pain.001.001.09", "pain.008.001.08", StringComparison.Ordinal));
    }

    [Fact]
    public void The_reader_refuses_what_the_schema_refuses_and_nothing_else()
    {
        foreach (var sample in (string[])[Sample10, Sample03]) HoldAgainst(sample, file => Pain002Schema.FaultsOf(file).Count > 0, 2_000);
    }

    [Fact]
    public void No_bytes_make_the_reader_throw()
    {
        var random = new Random(2);
        var sound = Encoding.UTF8.GetBytes(Sample10);
        var refused = Enumerable.Range(0, 10_000).Count(_ => !BankMessage.Read(Mutate(sound, random)).IsGiven);
        Assert.InRange(refused, 1_000, 9_990);
    }

    [Fact]
    public async Task What_the_bank_rejects_comes_back_with_its_reason_and_nothing_else_moves()
    {
        await using var house = await BankHouse.OpenAsync();
        var payouts = await house.SendAsync(3);

        var taken = Given(house.Rail.TakeMessage(Report(payouts, Sample10)));

        Assert.Equal((false, "PSR-20261124-0001"), (taken.IsRepeated, taken.MessageId));
        Assert.Equal([NotedAs.Failed, NotedAs.Noted], taken.Lines.Select(line => line.Verdict));
        await house.HearAsync();
        var read = await house.ReadAsync(payouts);
        Assert.Equal([PayoutState.Returned, PayoutState.Sent, PayoutState.Sent], read.Select(payout => payout.State));
        Assert.Contains("AC01 the account number is wrong: IBAN ungueltig", read[0].Reason, StringComparison.Ordinal);
        Assert.Contains("the bank says ACSP: it is paying it", read[1].Reason, StringComparison.Ordinal);
        Assert.Equal("The rail bank-file has it, and has not said that it arrived.", read[2].Reason);
        Assert.Equal(["100 held 0", "75 held 0", "75 held 0"], await house.BalancesAsync());

        // Again it says the same, and what the bank settled is still not booked.
        Assert.True(Given(house.Rail.TakeMessage(Report(payouts, Sample10))).IsRepeated);
        var settled = Given(house.Rail.TakeMessage(Report(payouts, Sample10.Replace("ACSP", "ACSC", StringComparison.Ordinal))));
        Assert.Equal([NotedAs.KnownAlready, NotedAs.Noted], settled.Lines.Select(line => line.Verdict));
        await house.HearAsync();
        Assert.Equal([PayoutState.Returned, PayoutState.Sent, PayoutState.Sent], (await house.ReadAsync(payouts)).Select(payout => payout.State));
        Assert.Equal(UInt128.Zero, await house.TransitAsync());
        // Only the booking pays.
        Assert.Equal(NotedAs.Paid, Assert.Single(house.Take(Booked("DBIT", "24.75", payouts[1].EndToEndId))).Verdict);
        await house.HearAsync();
        Assert.Equal(PayoutState.Done, (await house.ReadAsync(payouts))[1].State);
    }

    [Theory]
    [InlineData("file")]
    [InlineData("block")]
    public async Task A_file_or_block_that_the_bank_rejects_brings_all_of_it_back_once(string level)
    {
        await using var house = await BankHouse.OpenAsync();
        var payouts = await house.SendAsync(3);
        var report = Report(payouts, level == "file" ? Sample03 : Whole("PART", "<PmtInfSts>RJCT</PmtInfSts><StsRsnInf><Rsn><Cd>MD07</Cd></Rsn></StsRsnInf>"));

        Assert.Equal([NotedAs.Failed, NotedAs.Failed, NotedAs.Failed], Given(house.Rail.TakeMessage(report)).Lines.Select(line => line.Verdict));
        // Everything ends before it was heard of.
        await house.RestartAsync();
        await house.Test.RunDueAsync();
        Assert.All(await house.ReadAsync(payouts), payout => Assert.Equal(PayoutState.Sent, payout.State));
        await house.HearAsync();
        await house.HearAsync();
        Assert.All(Given(house.Rail.TakeMessage(report)).Lines, line => Assert.Equal(NotedAs.KnownAlready, line.Verdict));
        await house.HearAsync();

        Assert.All(await house.ReadAsync(payouts), payout => Assert.Equal(PayoutState.Returned, payout.State));
        Assert.Contains(level == "file" ? "AM04 there was too little money" : "MD07 the account's owner has died", (await house.ReadAsync(payouts))[2].Reason, StringComparison.Ordinal);
        Assert.Equal(["100 held 0", "100 held 0", "100 held 0"], await house.BalancesAsync());
        Assert.Equal((UInt128.Zero, UInt128.Zero), (await house.TransitAsync(), await house.CostAsync()));
    }

    [Fact]
    public async Task A_report_that_does_not_fit_what_is_known_moves_nothing()
    {
        await using var house = await BankHouse.OpenAsync();
        var payouts = await house.SendAsync(3);
        house.Take(Booked("DBIT", "24.75", payouts[0].EndToEndId));
        await house.HearAsync();

        // What is booked is not rejected: by itself it is passed over, and with its file the whole report is refused.
        Assert.Equal([NotedAs.BookedBefore, NotedAs.Noted], Given(house.Rail.TakeMessage(Report(payouts, Sample10))).Lines.Select(line => line.Verdict));
        Refused(RefusalCodes.TransferBooked, house.Rail.TakeMessage(Report(payouts, Sample03)));
        // A file that was not made here, or is another than the bank saw.
        Refused(RefusalCodes.BankFileNotFound, house.Rail.TakeMessage(Encoding.UTF8.GetBytes(Sample03.Replace(Made, "FTESTa1b2c3d4-00000009", StringComparison.Ordinal))));
        Refused(RefusalCodes.StatusReportMisfits, house.Rail.TakeMessage(Encoding.UTF8.GetBytes(Sample03.Replace("<OrgnlNbOfTxs>3<", "<OrgnlNbOfTxs>4<", StringComparison.Ordinal))));
        Refused(RefusalCodes.StatusReportMisfits, house.Rail.TakeMessage(Encoding.UTF8.GetBytes(Sample10.Replace("74.25", "74.26", StringComparison.Ordinal))));
        Refused(RefusalCodes.StatusReportMisfits, house.Rail.TakeMessage(Encoding.UTF8.GetBytes(Sample10.Replace($"<OrgnlPmtInfId>{Made}", "<OrgnlPmtInfId>OTHER", StringComparison.Ordinal))));
        Refused(RefusalCodes.StatusReportMisfits, house.Rail.TakeMessage(Encoding.UTF8.GetBytes(Sample10.Replace("0000000002<", "0000000001<", StringComparison.Ordinal))));
        // References that are none of that file's.
        Assert.Equal([NotedAs.UnknownReference, NotedAs.NotOurs], Given(house.Rail.TakeMessage(Encoding.UTF8.GetBytes(Sample10.Replace("OUT00000000000000000000000002", "RENT", StringComparison.Ordinal)))).Lines.Select(line => line.Verdict));
        await house.HearAsync();

        Assert.Equal([PayoutState.Done, PayoutState.Sent, PayoutState.Sent], (await house.ReadAsync(payouts)).Select(payout => payout.State));
        Assert.Equal(["75 held 0", "75 held 0", "75 held 0"], await house.BalancesAsync());
        // What was rejected is not taken after all.
        Assert.Equal(NotedAs.Failed, Given(house.Rail.TakeMessage(Report([payouts[1], payouts[2]], Sample10))).Lines[0].Verdict);
        Assert.Equal(NotedAs.FailedBefore, Given(house.Rail.TakeMessage(Report([payouts[2], payouts[1]], Sample10.Replace("RJCT", "PDNG", StringComparison.Ordinal)))).Lines[1].Verdict);
    }

    // The samples' transfers are those of the payouts.
    private static byte[] Report(List<Payout> payouts, string sample) => Encoding.UTF8.GetBytes(
        sample.Replace("OUT00000000000000000000000001", payouts[0].EndToEndId, StringComparison.Ordinal).Replace("OUT00000000000000000000000002", payouts[1].EndToEndId, StringComparison.Ordinal));

    private static string Whole(string status, string block) =>
        $"""<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt><GrpHdr><MsgId>P1</MsgId><CreDtTm>2026-11-24T07:30:00Z</CreDtTm></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>{Made}</OrgnlMsgId><OrgnlMsgNmId>pain.001</OrgnlMsgNmId><GrpSts>{status}</GrpSts></OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>{Made}</OrgnlPmtInfId>{block}</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>""";
}
