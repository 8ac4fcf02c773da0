using System.Globalization;
using System.Text;
using System.Xml.Linq;
using Farthing.Payments.Payouts;
using Farthing.Protocol;
using Farthing.Server.Rails.BankFile;

namespace Farthing.Payments.Tests.BankFile;

/// <summary>What goes to banks and comes from them, byte by byte.</summary>
public class BankFileFormatTests
{
    private static readonly XNamespace Pain = Pain001.Namespace;
    private static readonly BankFileOptions Operator = new("Société Farthing & Söhne", "DE89370400440532013000", "COBADEFFXXX");

    [Theory]
    // The examples of the registry itself.
    [InlineData("DE89 3704 0044 0532 0130 00")]
    [InlineData("gb29 nwbk 6016 1331 9268 19")]
    [InlineData("FR1420041010050500013M02606")]
    [InlineData("NL91ABNA0417164300")]
    [InlineData("NO9386011117947")]
    [InlineData("MT84MALT011000012345MTLCAST001S")]
    [InlineData("CH9300762011623852957")]
    public void An_account_that_can_be_is_read(string text)
    {
        Assert.Null(Iban.Read(text, out var iban));
        Assert.Equal(text.Replace(" ", "", StringComparison.Ordinal).ToUpperInvariant(), iban);
    }

    [Theory]
    [InlineData(null, "missing")]
    [InlineData("", "missing")]
    [InlineData("DE88370400440532013000", "check digits")]
    [InlineData("DE8937040044053201300", "21 characters, but those of DE have 22")]
    [InlineData("DE893704004405320130000", "23 characters")]
    [InlineData("ZZ89370400440532013000", "ZZ, a country")]
    [InlineData("DE89-3704-0044-0532-0130-00", "letters and digits")]
    [InlineData("D189370400440532013000", "two letters")]
    [InlineData("DE8937040044053201300O", "check digits")]
    [InlineData("ＤＥ89370400440532013000", "letters and digits")]
    public void An_account_that_cannot_be_is_told_why(string? text, string why)
    {
        Assert.Contains(why, Iban.Read(text, out var iban), StringComparison.Ordinal);
        Assert.Empty(iban);
    }

    [Fact]
    public void Any_one_wrong_digit_or_letter_and_any_two_neighbours_exchanged_are_noticed()
    {
        const string Sound = "GB29NWBK60161331926819";
        var tried = 0;
        for (var i = 0; i < Sound.Length; i++)
        {
            foreach (var c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".Where(c => c != Sound[i] && char.IsAsciiDigit(c) == char.IsAsciiDigit(Sound[i])))
            {
                Assert.NotNull(Iban.Read(Sound[..i] + c + Sound[(i + 1)..], out _));
                tried++;
            }

            if (i == 0 || Sound[i] == Sound[i - 1] || char.IsAsciiDigit(Sound[i]) != char.IsAsciiDigit(Sound[i - 1])) continue;
            Assert.NotNull(Iban.Read(Sound[..(i - 1)] + Sound[i] + Sound[i - 1] + Sound[(i + 1)..], out _));
        }

        Assert.True(tried > 250, $"{tried}");
    }

    [Fact]
    public void A_file_follows_the_rules_of_the_schema_and_its_sums_are_exact()
    {
        var random = new Random(7);
        var transfers = Enumerable.Range(1, 500).Select(i => new BankTransfer(new((UInt128)i << 90), new(Asset.Eur, (UInt128)random.NextInt64(1, 99_999_999_999) * 10_000), Strange(random), "NL91ABNA0417164300", i % 3 == 0 ? "ABNANL2A" : null)).ToList();
        var file = Pain001.Write("FTESTa1b2c3d4-00000001", new(2026, 11, 23, 9, 30, 0, TimeSpan.Zero), Operator, transfers);
        Assert.Equal(file, Pain001.Write("FTESTa1b2c3d4-00000001", new(2026, 11, 23, 9, 30, 0, TimeSpan.Zero), Operator, transfers));

        var (document, faults) = Pain001Schema.Validate(file);

        Assert.Empty(faults);
        var amounts = document.Descendants(Pain + "InstdAmt").Select(amount => decimal.Parse(amount.Value, CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(500, amounts.Count);
        Assert.All(document.Descendants(Pain + "CtrlSum"), sum => Assert.Equal(amounts.Sum(), decimal.Parse(sum.Value, CultureInfo.InvariantCulture)));
        Assert.Equal(2, document.Descendants(Pain + "CtrlSum").Count());
        Assert.All(document.Descendants(Pain + "NbOfTxs"), count => Assert.Equal("500", count.Value));
        Assert.Equal(transfers.Select(transfer => Payout.EndToEndIdOf(transfer.Payout)), document.Descendants(Pain + "EndToEndId").Select(id => id.Value));
        Assert.Equal("Societe Farthing + Sohne", document.Descendants(Pain + "Dbtr").Single().Value);
        // What no schema says: EPC132-08's references neither begin nor end with a slash and have no two, each transfer's is its own, and accounts have check digits.
        var references = document.Descendants().Where(element => element.Name.LocalName is "MsgId" or "PmtInfId" or "EndToEndId").Select(element => element.Value).ToList();
        Assert.All(references, reference => Assert.False(reference.StartsWith('/') || reference.EndsWith('/') || reference.Contains("//", StringComparison.Ordinal), reference));
        Assert.Equal(500, document.Descendants(Pain + "EndToEndId").Select(id => id.Value).Distinct().Count());
        Assert.Equal(501, document.Descendants(Pain + "IBAN").Count(account => CheckDigits(account.Value) == 1));
        // The sum of the largest file still has at most 18 digits, and no amount the file cannot carry is of this rail.
        Assert.True(BankFileStore.MaxTransfers * 999_999_999.99m < 10_000_000_000_000_000m);
        Assert.Contains(document.Descendants(Pain + "Nm"), name => name.Value.Length == 70);
    }

    // ISO 13616: modulo 97 of the number that the account is, letters counted from 10.
    private static int CheckDigits(string account) =>
        (int)(System.Numerics.BigInteger.Parse(string.Concat((account[4..] + account[..4]).Select(c => char.IsDigit(c) ? c.ToString() : (c - 'A' + 10).ToString(CultureInfo.InvariantCulture))), CultureInfo.InvariantCulture) % 97);

    [Fact]
    public void The_rules_of_the_schema_notice_what_is_wrong()
    {
        var sound = Encoding.UTF8.GetString(Pain001.Write("FTEST-1", default, Operator, [new(new(1), new(Asset.Eur, 10_000), "A", "NL91ABNA0417164300", null)]));
        (string From, string To)[] wrongs =
        [
            ("<PmtMtd>TRF", "<PmtMtd>CHK"), ("Ccy=\"EUR\"", "Ccy=\"USD\""), (">0.01<", ">0.001<"), (">0.01<", ">-0.01<"), ("<MsgId>FTEST-1", "<MsgId>FTEST_1"), ("<ChrgBr>SLEV</ChrgBr>", ""), ("COBADEFFXXX", "COBADEFFXX"),
            ("<Nm>A</Nm>", "<Nm></Nm>"), ("<Nm>A</Nm>", $"<Nm>{new string('A', 71)}</Nm>"), ("<Nm>A</Nm>", "<Nm>É</Nm>"), (">0.01<", ">1000000000<"), ("FTEST-1", new string('F', 36)), ("<NbOfTxs>1<", "<NbOfTxs>one<"), ("<EndToEndId>OUT", "<EndToEndId>OUT_"), ("T00:00:00Z", ""), ("<CtrlSum>0.01</CtrlSum>", ""), ("NL91", "nl91"), ("<Cd>SEPA", "<Cd>URGP"),
        ];
        foreach (var (from, to) in wrongs)
        {
            var wrong = sound.Replace(from, to, StringComparison.Ordinal);
            Assert.NotEqual(sound, wrong);
            Assert.NotEmpty(Pain001Schema.Validate(Encoding.UTF8.GetBytes(wrong)).Faults);
        }
    }

    [Theory]
    [InlineData("Café Łódź", "Cafe Lodz")]
    [InlineData("Straße & Æsop", "Strasse + AEsop")]
    [InlineData("//Press//House//", "Press/House")]
    [InlineData("新聞", "..")]
    [InlineData("<Name>; DROP", ".Name.. DROP")]
    [InlineData("A😀B", "A.B")]
    public void Names_are_written_in_what_banks_carry(string name, string written) => Assert.Equal(written, BankText.Of(name, 70));

    internal static byte[] Notification(string account, params string[] booked) => Encoding.UTF8.GetBytes(
        $"""<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>N1</MsgId><CreDtTm>2026-11-24T06:00:00</CreDtTm></GrpHdr><Ntfctn><Id>N1</Id><Acct><Id><IBAN>{account}</IBAN></Id><Ccy>EUR</Ccy></Acct>{string.Concat(booked)}</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>""");

    internal static string Booked(string direction, string amount, string reference, string status = "BOOK", string more = "") =>
        $"""<Ntry><NtryRef>1</NtryRef><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd><Sts><Cd>{status}</Cd></Sts><BookgDt><Dt>2026-11-24</Dt></BookgDt><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls><TxDtls><Refs><EndToEndId>{reference}</EndToEndId></Refs><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd>{more}</TxDtls></NtryDtls></Ntry>""";

    private static string Strange(Random random) => "N" + new string([.. Enumerable.Range(0, random.Next(0, 90)).Select(_ => (char)random.Next(' ', 0x250))]);
}
