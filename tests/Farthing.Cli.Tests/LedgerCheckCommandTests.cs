using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using Farthing.Ledger;
using Farthing.Protocol;

namespace Farthing.Cli.Tests;

public sealed class LedgerCheckCommandTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("farthing-check-").FullName;
    private readonly SigningKey key = SigningKey.Create();

    private string LedgerDirectory => Path.Combine(directory, "ledger");

    public void Dispose()
    {
        key.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task Sound_ledger_is_reported_with_its_totals_and_checkpoint()
    {
        var verifierKey = await WriteLedgerAsync();
        foreach (var place in new[] { directory, LedgerDirectory })
        {
            var run = await Invocation.RunAsync("ledger", "check", place, "--key", verifierKey);
            Assert.Equal("", run.Error);
            Assert.Equal(0, run.ExitCode);
            Assert.Contains("records     3 in ", run.Output, StringComparison.Ordinal);
            Assert.Contains("total       USD  debits 12.5  credits 12.5  equal", run.Output, StringComparison.Ordinal);
            Assert.Contains("checkpoint  3 records. Its root is that of the journal's records.", run.Output, StringComparison.Ordinal);
            Assert.Contains("damage      none", run.Output, StringComparison.Ordinal);
            Assert.EndsWith($"The ledger is sound.{Environment.NewLine}", run.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Damaged_ledger_is_reported_with_the_place()
    {
        var verifierKey = await WriteLedgerAsync();
        var segment = Directory.EnumerateFiles(LedgerDirectory, "*", SearchOption.AllDirectories).MaxBy(file => new FileInfo(file).Length)!;
        var bytes = await File.ReadAllBytesAsync(segment, TestContext.Current.CancellationToken);
        // The first frame stands after the segment's header of one page; others follow it, so this is no torn end.
        bytes[4096 + 200] ^= 1;
        await File.WriteAllBytesAsync(segment, bytes, TestContext.Current.CancellationToken);

        var run = await Invocation.RunAsync("ledger", "check", directory, "--key", verifierKey);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(Path.GetFileName(segment), run.Output, StringComparison.Ordinal);
        Assert.Contains("NOT sound", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("directory-2", "1,441")]
    public async Task A_directory_of_a_frozen_format_is_sound_for_ever(string name, string records)
    {
        await using (var archive = new GZipStream(File.OpenRead(Vector(name + ".tar.gz")), CompressionMode.Decompress))
            await TarFile.ExtractToDirectoryAsync(archive, directory, overwriteFiles: false, TestContext.Current.CancellationToken);

        var run = await Invocation.RunAsync("ledger", "check", directory);

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Contains($"records     {records} in ", run.Output, StringComparison.Ordinal);
        Assert.EndsWith($"The ledger is sound.{Environment.NewLine}", run.Output, StringComparison.Ordinal);

        static string Vector(string name, [CallerFilePath] string thisFile = "") => Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", "docs", "spec", "vectors", name);
    }

    [Fact]
    public async Task Wrong_use_has_no_answer_and_says_what_to_do()
    {
        foreach (var (arguments, advice) in new (string[], string)[]
        {
            (["ledger", "check", Path.Combine(directory, "missing")], "There is no ledger"),
            (["ledger", "check", directory], "There is no ledger"),
            (["ledger", "check", directory, "--key", "nonsense"], "/v1/ledger/key"),
            (["ledger", "check"], "Required argument"),
        })
        {
            var run = await Invocation.RunAsync(arguments);
            Assert.Equal(2, run.ExitCode);
            Assert.Contains(advice, run.Error, StringComparison.Ordinal);
        }
    }

    private async Task<string> WriteLedgerAsync()
    {
        await using var ledger = Ledger.Ledger.Open(new LedgerOptions { Directory = LedgerDirectory, Origin = "farthing.test/check", CheckpointKey = key, SegmentBytes = 1 << 20 }, TimeProvider.System);
        await ledger.SubmitAsync([Command.OpenAccount(1, Asset.Usd, AccountFlags.None)]);
        await ledger.SubmitAsync([Command.OpenAccount(2, Asset.Usd, AccountFlags.DebitsMustNotExceedCredits)]);
        await ledger.SubmitAsync([Command.Transfer(3, 3, 1, 2, Amount.Parse("12.5 USD"), TransferCode.TopUp)]);
        await ledger.GetCheckpointAsync(3);
        return ledger.VerifierKey.ToString();
    }
}
