using System.Globalization;
using System.Numerics;
using System.Text;
using Farthing.Ledger;
using Farthing.Protocol;
using Microsoft.VisualBasic.FileIO;

namespace Farthing.Cli.Tests;

public sealed class LedgerExportCommandTests : IDisposable
{
    private const long Deadline = 4_000_000_000_000;

    private readonly string directory = Directory.CreateTempSubdirectory("farthing-export-").FullName;
    private readonly SigningKey key = SigningKey.Create();

    public void Dispose()
    {
        key.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task Every_record_is_one_line_whose_amounts_add_up_to_the_balances()
    {
        var balances = await WriteLedgerAsync();
        var run = await Invocation.RunAsync("ledger", "export", directory);
        Assert.Equal((0, $"17 records.{Environment.NewLine}"), (run.ExitCode, run.Error));
        Assert.Equal(18, run.Output.Split("\r\n").Length - 1);
        Assert.Equal("3,", run.Output.Split("\r\n")[4][..2]);

        var lines = Parse(run.Output);
        Assert.Equal(Enumerable.Range(0, 17).Select(i => i.ToString(CultureInfo.InvariantCulture)), lines.Select(line => line["position"]));
        var moved = lines.Where(line => line["outcome"] == "done" && line["kind"] is "transfer" or "post" or "refund").ToArray();
        Assert.Equal(12, moved.Length);
        var alice = IdBytes.ToText(2);
        var sum = moved.Aggregate(BigInteger.Zero, (sum, line) => sum + (line["credit"] == alice ? Units(line["amount"]) : 0) - (line["debit"] == alice ? Units(line["amount"]) : 0));
        Assert.Equal((BigInteger)(balances.CreditsPosted - balances.DebitsPosted), sum);
        var last = lines.Last(line => line["debit"] == alice && line["debit_debits_posted"].Length > 0);
        Assert.Equal(balances.DebitsPosted, (UInt128)Units(last["debit_debits_posted"]));

        // What was asked and what moved; what was refused; what was held.
        Assert.Equal(("8", "100", "USD", "payment"), (lines[13]["amount"], lines[13]["amount_asked"], lines[13]["asset"], lines[13]["code"]));
        Assert.Equal(("insufficient_funds", "1000000", "", ""), (lines[14]["outcome"], lines[14]["amount"], lines[14]["debit_debits_posted"], lines[14]["credit_debits_posted"]));
        Assert.Equal(("hold", "2096-10-02T07:06:40.000Z", "3"), (lines[15]["kind"], lines[15]["deadline"], lines[15]["memo_bytes"]));
    }

    [Fact]
    public async Task Positions_and_times_choose_the_lines()
    {
        await WriteLedgerAsync();
        var all = Parse((await Invocation.RunAsync("ledger", "export", Path.Combine(directory, "ledger"))).Output);
        var time = all[8]["time"];
        foreach (var (arguments, wanted) in new (string[], Func<Dictionary<string, string>, bool>)[]
        {
            (["--from", "5", "--to", "9"], line => Position(line) is >= 5 and < 9),
            (["--from", "17"], _ => false),
            (["--since", time], line => string.CompareOrdinal(line["time"], time) >= 0),
            (["--until", time], line => string.CompareOrdinal(line["time"], time) < 0),
            (["--since", "2020-01-01", "--until", "2999-01-01", "--to", "3"], line => Position(line) < 3),
        })
        {
            var run = await Invocation.RunAsync(["ledger", "export", directory, .. arguments]);
            Assert.Equal(0, run.ExitCode);
            Assert.Equal(all.Where(wanted).Select(Position), Parse(run.Output).Select(Position));
        }
    }

    [Fact]
    public async Task A_text_that_a_spreadsheet_would_carry_out_is_made_safe()
    {
        foreach (var (field, written) in new[]
        {
            ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@x", "'@x"), ("\tx", "'\tx"), ("", ""), ("plain", "plain"), ("a=b", "a=b"),
            ("a,b", "\"a,b\""), ("a\"b", "\"a\"\"b\""), ("a\r\nb", "\"a\r\nb\""), ("=a,b", "\"'=a,b\""),
        })
        {
            var text = new StringBuilder();
            RecordCsv.AppendField(text, field);
            Assert.Equal("," + written, text.ToString());
        }

        await using (var ledger = Open())
        {
            var asset = new Asset("-2-USD", 2);
            await ledger.SubmitAsync([Command.OpenAccount(1, asset, AccountFlags.None)]);
        }

        Assert.Equal("'-2-USD", Assert.Single(Parse((await Invocation.RunAsync("ledger", "export", directory)).Output))["asset"]);
    }

    [Fact]
    public async Task A_damaged_journal_is_exported_up_to_the_damage_and_wrong_use_has_no_answer()
    {
        await WriteLedgerAsync();
        var segment = Directory.EnumerateFiles(directory, "*.segment", System.IO.SearchOption.AllDirectories).Single();
        var bytes = await File.ReadAllBytesAsync(segment, TestContext.Current.CancellationToken);
        // The second frame; more follow, so this is no torn end.
        bytes[8192 + 200] ^= 1;
        await File.WriteAllBytesAsync(segment, bytes, TestContext.Current.CancellationToken);
        var run = await Invocation.RunAsync("ledger", "export", directory);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(Path.GetFileName(segment), run.Error, StringComparison.Ordinal);
        Assert.Equal(3, Parse(run.Output).Count);

        foreach (var (arguments, advice) in new (string[], string)[]
        {
            (["ledger", "export", Path.Combine(directory, "missing")], "There is no ledger"),
            (["ledger", "export", directory, "--since", "yesterday"], "A time looks like"),
            (["ledger", "export", directory, "--from", "-1"], "A position is"),
            (["ledger", "export"], "Required argument"),
        })
        {
            var wrong = await Invocation.RunAsync(arguments);
            Assert.Equal(2, wrong.ExitCode);
            Assert.Contains(advice, wrong.Error, StringComparison.Ordinal);
        }
    }

    private static long Position(Dictionary<string, string> line) => long.Parse(line["position"], CultureInfo.InvariantCulture);

    private static BigInteger Units(string amount) => Amount.TryParse(amount, Asset.Usd, out var read) == AmountError.None ? read.Units : throw new FormatException(amount);

    // Read by a parser that is not ours.
    private static List<Dictionary<string, string>> Parse(string csv)
    {
        using var parser = new TextFieldParser(new StringReader(csv)) { Delimiters = [","], HasFieldsEnclosedInQuotes = true, TrimWhiteSpace = false };
        var head = parser.ReadFields()!;
        var lines = new List<Dictionary<string, string>>();
        while (parser.ReadFields() is { } fields)
        {
            Assert.Equal(head.Length, fields.Length);
            lines.Add(head.Zip(fields).ToDictionary(pair => pair.First, pair => pair.Second));
        }

        return lines;
    }

    private Ledger.Ledger Open() => Ledger.Ledger.Open(
        new LedgerOptions { Directory = Path.Combine(directory, "ledger"), Origin = "farthing.test/export", CheckpointKey = key, SegmentBytes = 1 << 20 }, TimeProvider.System);

    /// <returns>What alice has at the end.</returns>
    private async Task<Balances> WriteLedgerAsync()
    {
        await using var ledger = Open();
        await ledger.SubmitAsync([.. Enumerable.Range(1, 3).Select(i => Command.OpenAccount((UInt128)i, Asset.Usd, i == 1 ? AccountFlags.None : AccountFlags.DebitsMustNotExceedCredits))]);
        await ledger.SubmitAsync([Command.Transfer(10, 1, 1, 2, Amount.Parse("12.5 USD"), TransferCode.TopUp)]);
        for (var i = 0; i < 9; i++) await ledger.SubmitAsync([Command.Transfer((UInt128)(20 + i), 1, 2, 3, Amount.Parse("0.5 USD"), TransferCode.Payment, Deadline)]);
        await ledger.SubmitAsync([Command.Transfer(40, 1, 2, 3, Amount.Parse("100 USD"), TransferCode.Payment, balancing: Balancing.Debit)]);
        await ledger.SubmitAsync([Command.Transfer(41, 1, 2, 3, Amount.Parse("1000000 USD"), TransferCode.Payment)]);
        await ledger.SubmitAsync([Command.Hold(42, 1, 1, 2, Amount.Parse("2 USD"), TransferCode.TopUp, Deadline, memo: new byte[] { 1, 2, 3 })]);
        await ledger.SubmitAsync([Command.Refund(43, 1, 20, 0, TransferCode.Refund)]);
        return (await ledger.ReadAccountAsync(2))!.Value.Balances;
    }
}
