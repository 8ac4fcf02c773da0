using System.Text;
using System.Xml.Linq;
using Farthing.Payments.Payouts;
using Farthing.Protocol;
using Farthing.Server.Rails.BankFile;

namespace Farthing.Payments.Tests.BankFile;

/// <summary>What banks send is held against the rules of its message, which stand here as schemas that share nothing with the reader.</summary>
public class BankMessageTests
{
    /// <summary>A debit that is a batch of two, one of them with a fee beside it; a credit that came back; one that is announced.</summary>
    /// <remarks>In the form of the sample in the Message Definition Report "Bank-to-Customer Cash Management" (February 2019, part 3) and of the German banks' "Anlage 3 der DFÜ-Abkommen", chapter 7; names and numbers are ours.</remarks>
    internal const string Sample08 = """
        <?xml version="1.0" encoding="UTF-8"?>
        <Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08 camt.054.001.08.xsd">
          <BkToCstmrDbtCdtNtfctn>
            <GrpHdr>
              <MsgId>C54-20261124-000017</MsgId>
              <CreDtTm>2026-11-24T06:00:00.000+01:00</CreDtTm>
              <MsgRcpt><Nm>Farthing</Nm></MsgRcpt>
              <MsgPgntn><PgNb>1</PgNb><LastPgInd>true</LastPgInd></MsgPgntn>
            </GrpHdr>
            <Ntfctn>
              <Id>C54-20261124-000017-1</Id>
              <ElctrncSeqNb>231</ElctrncSeqNb>
              <CreDtTm>2026-11-24T05:59:58+01:00</CreDtTm>
              <Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Tp><Cd>CACC</Cd></Tp><Ccy>EUR</Ccy><Ownr><Nm>Farthing</Nm></Ownr><Svcr><FinInstnId><BICFI>COBADEFFXXX</BICFI></FinInstnId></Svcr></Acct>
              <Ntry>
                <NtryRef>1</NtryRef><Amt Ccy="EUR">74.75</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-24</Dt></BookgDt><ValDt><Dt>2026-11-24+01:00</Dt></ValDt><AcctSvcrRef>2026112400017</AcctSvcrRef>
                <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn><Prtry><Cd>NTRF+191</Cd><Issr>DK</Issr></Prtry></BkTxCd>
                <NtryDtls>
                  <Btch><PmtInfId>FTEST-00000001</PmtInfId><NbOfTxs>2</NbOfTxs><TtlAmt Ccy="EUR">74.75</TtlAmt><CdtDbtInd>DBIT</CdtDbtInd></Btch>
                  <TxDtls><Refs><PmtInfId>FTEST-00000001</PmtInfId><EndToEndId>OUT00000000000000000000000001</EndToEndId><UETR>8a562c67-ca16-48ba-b074-65581be6f001</UETR></Refs><Amt Ccy="EUR">49.75</Amt><CdtDbtInd>DBIT</CdtDbtInd><RltdPties><Cdtr><Pty><Nm>Maison Ete</Nm></Pty></Cdtr></RltdPties><RmtInf><Ustrd>Payout</Ustrd></RmtInf></TxDtls>
                  <TxDtls><Refs><EndToEndId>OUT00000000000000000000000002</EndToEndId></Refs><AmtDtls><InstdAmt><Amt Ccy="JPY">4000</Amt></InstdAmt><TxAmt><Amt Ccy="EUR">25.00</Amt></TxAmt></AmtDtls></TxDtls>
                </NtryDtls>
              </Ntry>
              <Ntry>
                <Amt Ccy="EUR">12.5</Amt><CdtDbtInd>CRDT</CdtDbtInd><RvslInd>false</RvslInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><DtTm>2026-11-24T05:10:00Z</DtTm></BookgDt><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>RRTN</SubFmlyCd></Fmly></Domn></BkTxCd>
                <NtryDtls><TxDtls><Refs><EndToEndId>OUT00000000000000000000000003</EndToEndId></Refs><RtrInf><OrgnlBkTxCd/><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>Konto</AddtlInf><AddtlInf>erloschen</AddtlInf></RtrInf></TxDtls></NtryDtls>
              </Ntry>
              <Ntry><Amt Ccy="EUR">3.00000</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Prtry>VORGEMERKT</Prtry></Sts><BkTxCd/><NtryDtls><TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>
            </Ntfctn>
          </BkToCstmrDbtCdtNtfctn>
        </Document>
        """;

    /// <summary>The same in the version of 2009, with each amount where that one has it.</summary>
    internal const string Sample02 = """
        <?xml version="1.0" encoding="ISO-8859-1"?>
        <n:Document xmlns:n="urn:iso:std:iso:20022:tech:xsd:camt.054.001.02">
          <n:BkToCstmrDbtCdtNtfctn>
            <n:GrpHdr><n:MsgId>54D20261124-1</n:MsgId><n:CreDtTm>2026-11-24T06:00:00</n:CreDtTm></n:GrpHdr>
            <n:Ntfctn><n:Id>1</n:Id><n:CreDtTm>2026-11-24T06:00:00</n:CreDtTm><n:Acct><n:Id><n:IBAN>DE89370400440532013000</n:IBAN></n:Id></n:Acct>
              <n:Ntry><n:Amt Ccy="EUR">49.75</n:Amt><n:CdtDbtInd>DBIT</n:CdtDbtInd><n:Sts>BOOK</n:Sts><n:BookgDt><n:Dt>2026-11-24</n:Dt></n:BookgDt><n:BkTxCd><n:Prtry><n:Cd>NTRF</n:Cd></n:Prtry></n:BkTxCd>
                <n:NtryDtls><n:TxDtls><n:Refs><n:EndToEndId>OUT00000000000000000000000001</n:EndToEndId></n:Refs><n:AmtDtls><n:TxAmt><n:Amt Ccy="EUR">49.75</n:Amt></n:TxAmt></n:AmtDtls></n:TxDtls></n:NtryDtls></n:Ntry>
              <n:Ntry><n:Amt Ccy="EUR">8</n:Amt><n:CdtDbtInd>CRDT</n:CdtDbtInd><n:Sts>PDNG</n:Sts><n:BkTxCd/></n:Ntry>
            </n:Ntfctn>
          </n:BkToCstmrDbtCdtNtfctn>
        </n:Document>
        """;

    private static readonly string[] Samples = [Sample08, Sample02];

    [Fact]
    public void What_banks_send_is_read_in_each_version()
    {
        Assert.All(Samples, sample => Assert.Empty(Camt054Schema.FaultsOf(XDocument.Parse(sample))));

        var newer = Assert.IsType<BankNotification>(Read(Sample08).Value);
        Assert.Equal(("C54-20261124-000017", "DE89370400440532013000"), (newer.MessageId, Assert.Single(newer.Accounts)));
        Assert.Equal(
            [
                new("OUT00000000000000000000000001", false, true, false, Eur("49.75"), null),
                new("OUT00000000000000000000000002", false, true, false, Eur("25"), null),
                new("OUT00000000000000000000000003", true, true, true, Eur("12.5"), "AC04 the account is closed: Konto erloschen"),
                new("NOTPROVIDED", false, false, false, Eur("3"), null),
            ],
            newer.Transfers);
        var older = Assert.IsType<BankNotification>(Read(Sample02).Value);
        Assert.Equal([new("OUT00000000000000000000000001", false, true, false, Eur("49.75"), null), new(null, true, false, false, Eur("8"), null)], older.Transfers);
    }

    [Theory]
    [InlineData("<MsgId>C54-20261124-000017</MsgId>", "", "/Document/BkToCstmrDbtCdtNtfctn/GrpHdr has no MsgId.")]
    [InlineData("<MsgId>C54-20261124-000017</MsgId>", "<MsgId></MsgId>", "/Document/BkToCstmrDbtCdtNtfctn/GrpHdr/MsgId must have 1 to 35 characters.")]
    [InlineData("<MsgId>C54-20261124-000017</MsgId>", "<MsgId>C54-20261124-000017C54-20261124-0000</MsgId>", "GrpHdr/MsgId must have 1 to 35")]
    [InlineData("2026-11-24T06:00:00.000+01:00", "2026-11-31T06:00:00", "GrpHdr/CreDtTm must be a date and time")]
    [InlineData("2026-11-24T06:00:00.000+01:00", "2026-11-24", "GrpHdr/CreDtTm must be a date and time")]
    [InlineData("<PgNb>1</PgNb>", "<PgNb>100000</PgNb>", "GrpHdr/MsgPgntn/PgNb must be 1 to 5 digits")]
    [InlineData("<LastPgInd>true</LastPgInd>", "", "MsgPgntn has no LastPgInd")]
    [InlineData("<LastPgInd>true</LastPgInd>", "<LastPgInd>yes</LastPgInd>", "LastPgInd must be true or false")]
    [InlineData("<Id>C54-20261124-000017-1</Id>", "", "/Ntfctn[1] has no Id")]
    [InlineData("<ElctrncSeqNb>231<", "<ElctrncSeqNb>231.5<", "ElctrncSeqNb must be a whole number")]
    [InlineData("<IBAN>DE89370400440532013000</IBAN>", "", "/Acct/Id must hold one of IBAN, Othr")]
    [InlineData("<IBAN>DE89370400440532013000</IBAN>", "<IBAN>DE89370400440532013000</IBAN><Othr><Id>1</Id></Othr>", "/Acct/Id holds Othr")]
    [InlineData("<IBAN>DE89", "<IBAN>de89", "/IBAN must be an IBAN")]
    [InlineData("<Ccy>EUR</Ccy>", "<Ccy>EURO</Ccy>", "/Acct/Ccy must be a currency")]
    [InlineData("<Amt Ccy=\"EUR\">74.75</Amt>", "", "/Ntfctn[1]/Ntry[1] has no Amt")]
    [InlineData("<Amt Ccy=\"EUR\">74.75</Amt>", "<Amt>74.75</Amt>", "/Ntry[1]/Amt must have the attribute Ccy")]
    [InlineData("<Amt Ccy=\"EUR\">74.75</Amt>", "<Amt Ccy=\"eur\">74.75</Amt>", "/Ntry[1]/Amt must have the attribute Ccy")]
    [InlineData("<Amt Ccy=\"EUR\">74.75</Amt>", "<Amt Ccy=\"EUR\" At=\"1\">74.75</Amt>", "/Ntry[1]/Amt has the attribute At")]
    [InlineData(">74.75</Amt>", ">7.475e1</Amt>", "/Ntry[1]/Amt must be a number")]
    [InlineData(">74.75</Amt>", ">-74.75</Amt>", "/Ntry[1]/Amt must not be below zero")]
    [InlineData(">74.75</Amt>", ">74,75</Amt>", "/Ntry[1]/Amt must be a number")]
    [InlineData(">74.75</Amt>", ">1234567890123456789</Amt>", "/Ntry[1]/Amt must be a number of at most 18 digits")]
    [InlineData(">74.75</Amt>", ">74.755000001</Amt>", "/Ntry[1]/Amt must be a number")]
    [InlineData("<CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>", "<CdtDbtInd>DEBIT</CdtDbtInd><Sts><Cd>", "/Ntry[1]/CdtDbtInd must be CRDT or DBIT")]
    [InlineData("<CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>", "<Sts><Cd>", "/Ntry[1] has no CdtDbtInd")]
    [InlineData("<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>", "<BookgDt><Dt>", "/Ntry[1] has no Sts")]
    [InlineData("<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>", "<Sts>BOOK</Sts><BookgDt><Dt>", "/Ntry[1]/Sts holds a text")]
    [InlineData("<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>", "<Sts><Cd>BOOKED</Cd></Sts><BookgDt><Dt>", "/Ntry[1]/Sts/Cd must have 1 to 4")]
    [InlineData("<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>", "<Sts><Cd>BOOK</Cd><Prtry>X</Prtry></Sts><BookgDt><Dt>", "/Ntry[1]/Sts holds Prtry")]
    [InlineData("<RvslInd>false</RvslInd>", "<RvslInd>False</RvslInd>", "/Ntry[2]/RvslInd must be true or false")]
    [InlineData("<BookgDt><Dt>2026-11-24</Dt>", "<BookgDt><Dt>24.11.2026</Dt>", "/Ntry[1]/BookgDt/Dt must be a date")]
    [InlineData("<BkTxCd/>", "", "/Ntry[3] has no BkTxCd")]
    [InlineData("<SubFmlyCd>RRTN</SubFmlyCd>", "", "/Ntry[2]/BkTxCd/Domn/Fmly has no SubFmlyCd")]
    [InlineData("<NbOfTxs>2</NbOfTxs>", "<NbOfTxs>two</NbOfTxs>", "/NtryDtls[1]/Btch/NbOfTxs must be 1 to 15 digits")]
    [InlineData("OUT00000000000000000000000002<", "OUT00000000000000000000000002000000000000<", "/Ntry[1]/NtryDtls[1]/TxDtls[2]/Refs/EndToEndId must have 1 to 35 characters.")]
    [InlineData("8a562c67-ca16-48ba", "8A562C67-ca16-48ba", "/Refs/UETR must be a UUID")]
    [InlineData("<CdtDbtInd>DBIT</CdtDbtInd><RltdPties>", "<CdtDbtInd>DBIT</CdtDbtInd><CdtDbtInd>DBIT</CdtDbtInd><RltdPties>", "/TxDtls[1] has CdtDbtInd more than once")]
    [InlineData("<RmtInf>", "<Amt Ccy=\"EUR\">1</Amt><RmtInf>", "/TxDtls[1] holds Amt, which the message does not have in that place")]
    [InlineData("<RmtInf>", "<Wish>1</Wish><RmtInf>", "/TxDtls[1] holds Wish, which the message does not have there")]
    [InlineData("<Rsn><Cd>AC04</Cd></Rsn>", "<Rsn/>", "/RtrInf/Rsn must hold one of Cd, Prtry")]
    [InlineData("<AddtlInf>Konto</AddtlInf>", "<AddtlInf/>", "/RtrInf/AddtlInf[1] must have 1 to 105")]
    [InlineData("</Ntfctn>", "</Ntfctn><Ntfctn/>", "/Ntfctn[2] has no Id")]
    public void A_file_that_breaks_a_rule_is_refused_by_the_elements_path_and_the_rule(string from, string to, string why)
    {
        var at = Sample08.IndexOf(from, StringComparison.Ordinal);
        Assert.True(at >= 0, from);
        var broken = Sample08[..at] + to + Sample08[(at + from.Length)..];

        Refused("notification_breaks_rule", why, broken);
        Assert.NotEmpty(Camt054Schema.FaultsOf(XDocument.Parse(broken)));
    }

    [Fact]
    public void What_no_schema_can_say_is_checked_too()
    {
        // ISO 4217's decimals: the message definition's rule CurrencyAmount.
        Refused("notification_breaks_rule", "/Ntry[1]/Amt has more decimals than the 2 of EUR", Sample08.Replace(">74.75</Amt>", ">74.751</Amt>", StringComparison.Ordinal));
        Refused("notification_breaks_rule", "/AmtDtls/InstdAmt/Amt has more decimals than the 0 of JPY", Sample08.Replace(">4000<", ">4000.5<", StringComparison.Ordinal));
        // A notification's Id is its own.
        var part = Sample02[Sample02.IndexOf("<n:Ntfctn>", StringComparison.Ordinal)..(Sample02.IndexOf("</n:Ntfctn>", StringComparison.Ordinal) + "</n:Ntfctn>".Length)];
        Refused("notification_breaks_rule", "/Ntfctn[2]/Id is that of another Ntfctn", Sample02.Replace(part, part + part, StringComparison.Ordinal));
        // In the older version a status is no choice, and a detail has no amount of its own.
        Refused("notification_breaks_rule", "/Ntry[1]/Sts holds elements", Sample02.Replace("<n:Sts>BOOK</n:Sts>", "<n:Sts><n:Cd>BOOK</n:Cd></n:Sts>", StringComparison.Ordinal));
        Refused("notification_breaks_rule", "/TxDtls[1] holds Amt, which", Sample02.Replace("</n:Refs>", "</n:Refs><n:Amt Ccy=\"EUR\">1</n:Amt>", StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_no_message_that_is_read_is_refused_and_says_which_are()
    {
        const string Root = "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:";
        foreach (var other in (string[])["<Document/>", Root + "camt.054.001.04\"/>", Root + "camt.053.001.08\"/>", "<html/>"]) Refused("notification_unknown", "camt.054.001.08, camt.054.001.02, pain.002.001.10, pain.002.001.03", other);
        Refused("notification_breaks_rule", "The root is no Document", "<Dokument xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.054.001.08\"/>");
        Refused("notification_breaks_rule", "/Document has no BkToCstmrDbtCdtNtfctn", Root + "camt.054.001.08\"/>");
        const string Bomb = """<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08">&b;</Document>""";
        const string Outside = """<?xml version="1.0"?><!DOCTYPE l SYSTEM "file:///etc/passwd"><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"/>""";
        foreach (var wrong in (string[])["", "camt", "{}", "<a>", Bomb, Outside, string.Concat(Enumerable.Repeat("<a>", 100_000)), "<a>" + new string(' ', BankMessage.MaxBytes) + "</a>"])
            Refused("notification_unreadable", "no XML that is read here", wrong);
        // Neither a name nor a value of any length comes back.
        Assert.True(Read(Sample08.Replace("<RmtInf>", $"<{new string('x', 10_000)}/><RmtInf>", StringComparison.Ordinal)).Refusal!.Detail.Length < 300);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void The_reader_refuses_what_the_schema_refuses_and_nothing_else(int sample) => HoldAgainst(Samples[sample], file => Camt054Schema.FaultsOf(file).Count > 0, 3_000);

    [Fact]
    public void No_bytes_make_the_reader_throw_or_book_what_the_file_does_not()
    {
        // Each detail takes its entry's amount, so that pieces of two make no transfer of either.
        var sound = BankFileFormatTests.Notification("DE89370400440532013000", Booked("DBIT", "40.01", 1), Booked("DBIT", "30.02", 2), Booked("DBIT", "20.03", 3, "PDNG"), Booked("CRDT", "10.04", 4));
        var meant = Assert.IsType<BankNotification>(BankMessage.Read(sound).Value).Transfers.Select(Key).ToHashSet();
        var random = new Random(20261124);
        var (read, refused) = (0, 0);
        for (var i = 0; i < 20_000; i++)
        {
            var answer = BankMessage.Read(Mutate(sound, random));
            if (answer.IsGiven)
            {
                read++;
                // The rail books only what has a payout's reference and its amount.
                Assert.Subset(meant, Assert.IsType<BankNotification>(answer.Value).Transfers.Select(Key).Where(key => key is { IsBooked: true } && key.Cents == CentsOf(key.Reference)).ToHashSet());
            }
            else
            {
                refused++;
                Assert.Contains(answer.Refusal.Code.Code, (string[])["notification_unreadable", "notification_unknown", "notification_breaks_rule"]);
            }
        }

        Assert.True(read > 100 && refused > 1000, $"{read} read, {refused} refused");

        static string Booked(string side, string amount, int payout, string status = "BOOK") =>
            $"""<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>{status}</Cd></Sts><BkTxCd/><NtryDtls><TxDtls><Refs><EndToEndId>{Payout.EndToEndIdOf(new((UInt128)payout))}</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>""";

        static (string? Reference, bool IsCredit, bool IsBooked, UInt128? Cents) Key(BookedTransfer transfer) => (transfer.EndToEndId, transfer.IsCredit, transfer.IsBooked, transfer.Amount?.Units / 10_000);

        static UInt128? CentsOf(string? reference) => reference switch { "OUT00000000000000000000000001" => 4001, "OUT00000000000000000000000002" => 3002, "OUT00000000000000000000000003" => 2003, "OUT00000000000000000000000004" => 1004, _ => null };
    }

    /// <summary>Changes a file element by element and holds what the reader says against what a schema says.</summary>
    internal static void HoldAgainst(string sample, Func<XDocument, bool> isRefused, int rounds)
    {
        var random = new Random(54);
        var (read, refused) = (0, 0);
        for (var i = 0; i < rounds; i++)
        {
            var file = XDocument.Parse(sample, LoadOptions.PreserveWhitespace);
            for (var changes = random.Next(1, 3); changes > 0; changes--) Change(file, random);
            using var bytes = new MemoryStream();
            file.Save(bytes, SaveOptions.DisableFormatting);
            var answer = BankMessage.Read(bytes.ToArray());
            // What no schema says is tested above.
            if (answer.Refusal is { } more && (more.Detail.Contains("more decimals", StringComparison.Ordinal) || more.Detail.Contains("another Ntfctn", StringComparison.Ordinal) || more.Detail.Contains("all around", StringComparison.Ordinal) || more.Detail.Contains("is no pain.001", StringComparison.Ordinal))) continue;
            Assert.True(isRefused(file) == !answer.IsGiven, $"{answer.Refusal?.Detail ?? "read"}\n{file}");
            if (answer.IsGiven) read++;
            else refused++;
        }

        Assert.True(read > rounds / 20 && refused > rounds / 4, $"{read} read, {refused} refused");
    }

    private static void Change(XDocument file, Random random)
    {
        string[] texts = ["", " ", "X", "BOOK", "CRDT", "RJCT", "ACSP", "1", "0", "-1", "+1.50", ".5", "1.", "00012.50", "2026-02-29", "2024-02-29", "2026-11-24T10:00:00+14:00", "true", " true ", "EUR", new('a', 35), new('a', 36), new('a', 500), new('7', 16)];
        var all = file.Root!.Elements().DescendantsAndSelf().ToList();
        var one = all[random.Next(all.Count)];
        var other = all[random.Next(all.Count)];
        switch (random.Next(7))
        {
            case 0 when one.Parent!.Parent is not null: one.Remove(); break;
            case 1: one.AddAfterSelf(new XElement(one)); break;
            case 2 when one.NextNode is { } next: one.Remove(); next.AddAfterSelf(one); break;
            case 3: one.AddAfterSelf(new XElement(other)); break;
            case 4: one.Name = other.Name; break;
            case 5 when !one.HasElements && one.Attribute("Ccy") is { } currency: currency.Value = random.Next(2) == 0 ? "EUR" : "euro"; break;
            case 6 when !one.HasElements: one.Value = texts[random.Next(texts.Length)]; break;
            default: one.Add(random.Next(2) == 0 ? new XText(" ") : new XElement(other)); break;
        }
    }

    internal static byte[] Mutate(byte[] sound, Random random)
    {
        var bytes = (byte[])sound.Clone();
        for (var changes = random.Next(1, 5); changes > 0; changes--)
        {
            var at = random.Next(bytes.Length);
            switch (random.Next(4))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes = [.. bytes[..at], .. bytes[random.Next(bytes.Length)..]]; break;
                case 2 when random.Next(4) == 0: bytes = bytes[..at]; break;
                default: bytes[at] = (byte)"0123456789"[random.Next(10)]; break;
            }

            if (bytes.Length == 0) bytes = [0];
        }

        return bytes;
    }

    internal static Answer<BankMessage> Read(string file) => BankMessage.Read(Encoding.UTF8.GetBytes(file));

    internal static void Refused(string code, string why, string file)
    {
        var refusal = Read(file).Refusal;
        Assert.Equal(code, refusal?.Code.Code);
        Assert.Contains(why, refusal!.Detail, StringComparison.Ordinal);
    }

    internal static Amount Eur(string text) => Amount.TryParse(text, Asset.Eur, out var amount) == AmountError.None ? amount : throw new ArgumentException(text);
}
