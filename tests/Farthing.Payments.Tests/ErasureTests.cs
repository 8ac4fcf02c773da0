using System.Text;
using Farthing.Payments.Settings;
using Farthing.Server.Storage;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

public class ErasureTests
{
    [Fact]
    public async Task An_erased_wallet_leaves_no_words_and_no_key_in_any_file_and_every_receipt_valid()
    {
        const string Secret = "the plaintext reference of a person";
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var other = await test.NewWalletAsync("1");
        var paid = Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.1", reference: Secret))).Id;
        var kept = Given(await test.Desk.PayAsync(test.Pay(other, payee, "0.1", reference: "kept"))).Id;
        byte[] memoKey;
        using (var settings = SqliteSettingsStore.Open(Path.Combine(test.Directory, "settings.db"))) memoKey = (await settings.FindAsync<WalletRow>(wallet.Id.Value))!.MemoKey!;
        Assert.NotEmpty(FilesWith(test, memoKey));

        Given(await test.Domain.Wallets.EraseAsync(wallet.Id));

        Assert.Empty(FilesWith(test, memoKey));
        Assert.Empty(FilesWith(test, Encoding.UTF8.GetBytes(Secret)));
        Refused(RefusalCodes.WalletErased, await test.Desk.PayAsync(test.Pay(wallet, payee, "0.1")));
        Refused(RefusalCodes.WalletErased, await test.Domain.TopUps.TopUpAsync(wallet.Id, test.NewKey(), Usd("1"), "sandbox", null));
        Refused(RefusalCodes.WalletErased, await test.Domain.Wallets.ReadAsync(wallet.Id));
        Refused(RefusalCodes.WalletErased, await test.Desk.ReadAsync(As(wallet), paid));
        for (var round = 0; round < 2; round++)
        {
            Assert.Null(Given(await test.Desk.ReadAsync(As(payee), paid)).Reference);
            Assert.Equal("kept", Given(await test.Desk.ReadAsync(As(payee), kept)).Reference);
            Assert.All(Given(await test.Domain.Statements.ReadAsync(As(payee), null, 50)).Lines, line => Assert.NotEqual(Secret, line.Reference));
            foreach (var payment in new[] { paid, kept })
            {
                var verdict = Given(await test.Domain.Receipts.WriteAsync(As(payee), payment, TestContext.Current.CancellationToken)).Verify(test.Ledger.VerifierKey);
                Assert.True(verdict.IsValid, string.Join('\n', verdict.Findings));
            }

            await test.RestartAsync();
            Assert.Empty(FilesWith(test, memoKey));
        }

        Given(await test.Desk.RefundAsync(As(payee), paid, test.NewKey(), null));
        Given(await test.Domain.Wallets.EraseAsync(wallet.Id));
    }

    [Fact]
    public async Task An_erasure_that_a_crash_cut_off_before_the_log_was_emptied_is_completed_by_the_next_start()
    {
        await using var test = await StartAsync();
        var wallet = await test.NewWalletAsync();
        var file = Path.Combine(test.Directory, "settings.db");
        var memoKey = (await test.Settings.FindAsync<WalletRow>(wallet.Id.Value))!.MemoKey!;
        using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={file};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA secure_delete = ON; UPDATE Wallets SET MemoKey = NULL, State = 3";
            Assert.Equal(1, command.ExecuteNonQuery());
        }

        // The files as SIGKILL would leave them: a closed database would have emptied its log.
        var crashed = Directory.CreateDirectory(Path.Combine(test.Directory, "crashed")).FullName;
        foreach (var name in new[] { "settings.db", "settings.db-wal" }) File.WriteAllBytes(Path.Combine(crashed, name), Read(Path.Combine(test.Directory, name)));
        Assert.Contains(FilesWith(test, memoKey), found => found.StartsWith(crashed, StringComparison.Ordinal));

        using var settings = SqliteSettingsStore.Open(Path.Combine(crashed, "settings.db"));

        Assert.Null((await settings.FindAsync<WalletRow>(wallet.Id.Value))!.MemoKey);
        Assert.DoesNotContain(FilesWith(test, memoKey), found => found.StartsWith(crashed, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_repeated_erasure_asks_the_settings_again()
    {
        await using var test = await StartAsync();
        var wallet = await test.NewWalletAsync();
        Given(await test.Domain.Wallets.EraseAsync(wallet.Id));
        Given(await test.Domain.Wallets.EraseAsync(wallet.Id));
        Assert.Equal(2, test.Settings.Erasures);
        await test.RestartAsync();
        Given(await test.Domain.Wallets.EraseAsync(wallet.Id));
        Assert.Equal(1, test.Settings.Erasures);
    }

    [Fact]
    public void Settings_of_a_newer_version_are_refused()
    {
        var directory = Directory.CreateTempSubdirectory("farthing-settings-").FullName;
        var file = Path.Combine(directory, "settings.db");
        try
        {
            SqliteSettingsStore.Open(file).Dispose();
            using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={file};Pooling=False"))
            {
                connection.Open();
                using var command = connection.CreateCommand();
                command.CommandText = "INSERT INTO __EFMigrationsHistory VALUES ('29990101000000_Later', '99.0.0')";
                command.ExecuteNonQuery();
            }

            var refusal = Assert.ThrowsAny<Exception>(() => SqliteSettingsStore.Open(file));
            Assert.Contains("newer version", refusal.Message, StringComparison.Ordinal);
            Assert.Contains("29990101000000_Later", refusal.Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    // The lock cannot be read while it is held; it names the process and nothing else.
    private static List<string> FilesWith(TestSystem test, byte[] needle) =>
        [.. Directory.EnumerateFiles(test.Directory, "*", SearchOption.AllDirectories).Where(file => Path.GetFileName(file) != "lock" && Read(file).AsSpan().IndexOf(needle) >= 0)];

    private static byte[] Read(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
