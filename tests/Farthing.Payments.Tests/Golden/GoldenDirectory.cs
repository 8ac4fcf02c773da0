using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using Farthing.Ledger;
using Farthing.Ledger.Journal;
using Farthing.Payments.Desk;
using Farthing.Protocol;
using Farthing.Server;
using Farthing.Server.Rails;
using Farthing.Server.Storage;
using Microsoft.Extensions.Time.Testing;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests.Golden;

/// <summary>A copy of the golden data directory of a frozen format, opened as the server opens it.</summary>
internal sealed class GoldenDirectory : IAsyncDisposable
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly DataDirectory data;
    private readonly SqliteSettingsStore settings;
    private readonly SandboxRail sandbox;
    private readonly SandboxPayoutRail payouts;

    private GoldenDirectory(string root, DataDirectory data, ServerSecrets secrets, DateTimeOffset now)
    {
        (Root, this.data, Secrets, Time) = (root, data, secrets, new FakeTimeProvider(now));
        Ledger = Farthing.Ledger.Ledger.Open(new LedgerOptions { Directory = data.Ledger, Origin = "farthing.test/ledger", CheckpointKey = secrets.LedgerKey, SegmentBytes = 1 << 20 }, Time);
        settings = SqliteSettingsStore.Open(data.Settings);
        sandbox = new(data.SandboxRail, Time);
        payouts = new(data.SandboxRail, Time);
    }

    public string Root { get; }

    public ServerSecrets Secrets { get; }

    public FakeTimeProvider Time { get; }

    public Farthing.Ledger.Ledger Ledger { get; }

    public PaymentSystem Domain { get; private set; } = null!;

    /// <summary>Unpacks the directory of a format.</summary>
    /// <returns>Where it is; the caller deletes it.</returns>
    public static string Unpack(string name)
    {
        var root = Directory.CreateTempSubdirectory("farthing-golden-").FullName;
        using var archive = new GZipStream(File.OpenRead(PathOf(name + ".tar.gz")), CompressionMode.Decompress);
        TarFile.ExtractToDirectory(archive, root, overwriteFiles: false);
        return root;
    }

    /// <summary>What was seen in the directory when it was written.</summary>
    public static GoldenSight ReadSight(string name) => JsonSerializer.Deserialize<GoldenSight>(File.ReadAllBytes(PathOf(name + ".json")), Json)!;

    public static async Task<GoldenDirectory> OpenAsync(string root, DateTimeOffset now)
    {
        var data = DataDirectory.Open(root, ServerMode.Test);
        var golden = new GoldenDirectory(root, data, data.OpenSecrets(), now);
        golden.Domain = await PaymentSystem.StartAsync(golden.Ledger, golden.settings, [golden.sandbox], [golden.payouts], golden.Secrets, SHA256.HashData("fk_op_test"u8), GoldenLife.Options, golden.Time);
        return golden;
    }

    /// <summary>All that can be seen of what is in it.</summary>
    public async Task<GoldenSight> LookAsync(GoldenCast cast)
    {
        var accounts = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var record in Ledger.ReadFrom(0))
        {
            if (record is not { Outcome: Outcome.Done, Command.Kind: RecordKind.OpenAccount }) continue;
            if (await Ledger.ReadAccountAsync(record.Command.Id) is not { } account) continue;
            var counts = account.Balances;
            accounts.Add(Hex(account.Id), $"{account.Asset.Code}/{account.Asset.Scale} flags {(byte)account.Flags}: {counts.DebitsPosted} {counts.DebitsHeld} {counts.CreditsPosted} {counts.CreditsHeld}");
        }

        var statements = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var wallet in cast.Wallets) statements.Add(wallet.ToString(), await StatementAsync(new(CallerKind.Wallet, wallet.Value)));
        foreach (var payee in cast.Payees) statements.Add(payee.ToString(), await StatementAsync(new(CallerKind.Payee, payee.Value)));
        var receipts = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (wallet, payment) in cast.Payments)
            receipts.Add(payment.ToString(), $"{wallet} {System.Text.Encoding.UTF8.GetString(Given(await Domain.Receipts.WriteAsync(new Caller(CallerKind.Wallet, wallet.Value), payment)).ToJson())}");
        var checkpoint = await Ledger.GetCheckpointAsync(Ledger.DurableSize);
        return new(Ledger.DurableSize, Convert.ToHexStringLower(checkpoint.Checkpoint.Root), DigestIn(data.Ledger), Ledger.VerifierKey.ToString(), Time.GetUtcNow(), accounts, statements, receipts);
    }

    /// <summary>Lives the golden life and packs what it leaves behind. Run once for a format, when it is frozen.</summary>
    public static async Task WriteAsync(string name)
    {
        var taken = new TakenBack();
        await using var test = await StartAsync(GoldenLife.Options, wrapRail: rail =>
        {
            taken.Sandbox = rail;
            return taken;
        });
        var cast = await GoldenLife.LiveAsync(test, taken);
        await test.Ledger.GetCheckpointAsync(test.Ledger.DurableSize);
        await test.CloseAsync();

        var root = Directory.CreateTempSubdirectory("farthing-golden-").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(root, "keys"));
            Directory.CreateDirectory(Path.Combine(root, "ledger", "journal"));
            File.WriteAllText(Path.Combine(root, "farthing.json"), "{\n  \"format\": 1,\n  \"mode\": \"test\"\n}");
            File.WriteAllBytes(Path.Combine(root, "keys", "issuing"), test.Secrets.IssuingSecret);
            File.WriteAllBytes(Path.Combine(root, "keys", "entitlement"), test.Secrets.EntitlementKey.ExportSeed());
            File.WriteAllBytes(Path.Combine(root, "keys", "ledger"), test.Secrets.LedgerKey.ExportSeed());
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            File.Copy(Path.Combine(test.Directory, "settings.db"), Path.Combine(root, "settings.db"));
            File.Copy(Path.Combine(test.Directory, "sandbox.db"), Path.Combine(root, "sandbox-rail.db"));
            File.Copy(Path.Combine(test.Directory, "ledger", "checkpoint"), Path.Combine(root, "ledger", "checkpoint"));
            foreach (var segment in Directory.GetFiles(Path.Combine(test.Directory, "ledger", "journal"), "*.segment")) File.Copy(segment, Path.Combine(root, "ledger", "journal", Path.GetFileName(segment)));
            await using (var archive = new GZipStream(File.Create(PathOf(name + ".tar.gz")), CompressionLevel.SmallestSize))
                TarFile.CreateFromDirectory(root, archive, includeBaseDirectory: false);

            await using var golden = await OpenAsync(root, test.Time.GetUtcNow());
            File.WriteAllText(PathOf(name + ".json"), JsonSerializer.Serialize(await golden.LookAsync(cast), Json) + "\n");
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Ledger.DisposeAsync();
        settings.Dispose();
        sandbox.Dispose();
        payouts.Dispose();
        data.Dispose();
    }

    private static string Hex(UInt128 id) => id.ToString("x32", System.Globalization.CultureInfo.InvariantCulture);

    private async Task<List<string>> StatementAsync(Caller caller) =>
        [.. Given(await Domain.Statements.ReadAsync(caller, null, 100)).Lines.Select(line => FormattableString.Invariant(
            $"{line.CreatedAt.UtcDateTime:s} {line.Kind} {line.SignedAmount} {line.Asset.Code} held {line.HeldUnits} after {line.BalanceAfter.ToDecimalString()} {line.Payment}{line.TopUp}{line.PersonalPayment}{line.Pledge}{line.Payout} {line.Counterparty} | {line.Title} | {line.Reference}"))];

    private static string DigestIn(string ledger)
    {
        using var journal = FileJournal.OpenForReading(FileJournal.DirectoryIn(ledger), Disk.Real)!;
        return Hex(journal.ReadFrames(JournalMark.Beginning).Last().Header.StateDigest);
    }

    private static string PathOf(string name, [CallerFilePath] string thisFile = "") =>
        Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", "..", "docs", "spec", "vectors", name);
}

/// <summary>What can be seen of a directory's content.</summary>
internal sealed record GoldenSight(long Records, string Root, string Digest, string LedgerKey, DateTimeOffset Now,
    SortedDictionary<string, string> Accounts, SortedDictionary<string, List<string>> Statements, SortedDictionary<string, string> Receipts);
