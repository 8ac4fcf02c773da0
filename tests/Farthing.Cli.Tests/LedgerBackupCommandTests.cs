using Farthing.Ledger;
using Farthing.Protocol;

namespace Farthing.Cli.Tests;

public sealed class LedgerBackupCommandTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("farthing-backup-").FullName;
    private readonly SigningKey key = SigningKey.Create();

    private string Data => Path.Combine(directory, "data");

    private string Backup => Path.Combine(directory, "backup");

    public void Dispose()
    {
        key.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task A_running_ledger_is_backed_up_twice_and_restored()
    {
        var restored = Path.Combine(directory, "restored", "ledger");
        await using (var ledger = Open(Path.Combine(Data, "ledger")))
        {
            await ledger.SubmitAsync([Command.OpenAccount(1, Asset.Usd, AccountFlags.None), Command.OpenAccount(2, Asset.Usd, AccountFlags.None)]);
            var verifierKey = ledger.VerifierKey.ToString();
            await ExpectAsync(["ledger", "backup", Data, Backup], "segments    1 copied, 0 there already", "records     2 in ", "checkpoint  none stored", "holds the ledger.");
            await ledger.SubmitAsync([Command.Transfer(3, 3, 1, 2, Amount.Parse("12.5 USD"), TransferCode.TopUp)]);
            await ledger.GetCheckpointAsync(3);
            await ExpectAsync(["ledger", "backup", Data, Backup, "--key", verifierKey], "total       USD  debits 12.5  credits 12.5  equal", "checkpoint  3 records. Its root is", "holds the ledger.");
            await ExpectAsync(["ledger", "backup", Path.Combine(Data, "ledger"), Backup], "segments    0 copied, 1 there already");
            await ExpectAsync(["ledger", "restore", Backup, restored, "--key", verifierKey], "records     3 in ", "is restored.");
        }

        await using var again = Open(restored);
        Assert.Equal(3, again.DurableSize);
    }

    [Fact]
    public async Task Wrong_use_has_no_answer_and_damage_is_a_no()
    {
        await using (var ledger = Open(Path.Combine(Data, "ledger")))
        {
            for (UInt128 id = 1; id < 4; id++) await ledger.SubmitAsync([Command.OpenAccount(id, Asset.Usd, AccountFlags.None)]);
        }

        await ExpectAsync(["ledger", "backup", Data, Backup], "holds the ledger.");
        foreach (var (arguments, exitCode, advice) in new (string[], int, string)[]
        {
            (["ledger", "backup", Path.Combine(directory, "missing"), Backup], 2, "There is no ledger"),
            (["ledger", "backup", Data, directory], 2, "is not a backup: it has "),
            (["ledger", "backup", Data, Backup, "--key", "nonsense"], 2, "/v1/ledger/key"),
            (["ledger", "backup", Data], 2, "Required argument"),
            (["ledger", "restore", directory, Path.Combine(directory, "new")], 2, "no finished backup"),
            (["ledger", "restore", Backup, Path.Combine(Data, "ledger")], 2, "is not empty"),
        })
        {
            var run = await Invocation.RunAsync(arguments);
            Assert.Equal(exitCode, run.ExitCode);
            Assert.Contains(advice, run.Error, StringComparison.Ordinal);
        }

        var another = new CheckpointKey("farthing.test/backup", SigningKey.FromSeed(new byte[32]).Verifier).ToString();
        var unsound = await Invocation.RunAsync("ledger", "restore", Backup, Path.Combine(directory, "new"), "--key", another);
        Assert.Equal(1, unsound.ExitCode);
        Assert.Contains("was NOT made", unsound.Output, StringComparison.Ordinal);

        var segment = Directory.EnumerateFiles(Data, "*.segment", SearchOption.AllDirectories).Single();
        var bytes = await File.ReadAllBytesAsync(segment, TestContext.Current.CancellationToken);
        bytes[4096 + 200] ^= 1;
        await File.WriteAllBytesAsync(segment, bytes, TestContext.Current.CancellationToken);
        var damaged = await Invocation.RunAsync("ledger", "backup", Data, Backup);
        Assert.Equal(1, damaged.ExitCode);
        Assert.Contains("The journal is damaged at 00000000.segment", damaged.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_archive_takes_only_what_opening_does_not_need_and_only_of_a_stopped_ledger()
    {
        var archive = Path.Combine(directory, "archive");
        await using (Open(Path.Combine(Data, "ledger")))
        {
            var running = await Invocation.RunAsync("ledger", "archive", Data, archive);
            Assert.Equal(2, running.ExitCode);
            Assert.Contains("is in use by process", running.Error, StringComparison.Ordinal);
        }

        await ExpectAsync(["ledger", "archive", Data, archive], "Nothing to move");
        var missing = await Invocation.RunAsync("ledger", "archive", directory, archive);
        Assert.Equal(2, missing.ExitCode);
        Assert.Contains("There is no ledger", missing.Error, StringComparison.Ordinal);
    }

    private static async Task ExpectAsync(string[] arguments, params string[] lines)
    {
        var run = await Invocation.RunAsync(arguments);
        Assert.Equal(("", 0), (run.Error, run.ExitCode));
        foreach (var line in lines) Assert.Contains(line, run.Output, StringComparison.Ordinal);
    }

    private Ledger.Ledger Open(string place) => Ledger.Ledger.Open(
        new LedgerOptions { Directory = place, Origin = "farthing.test/backup", CheckpointKey = key, SegmentBytes = 1 << 20 }, TimeProvider.System);
}
