using System.Text;
using Farthing.Ledger;
using Farthing.Payments.Desk;
using Farthing.Payments.Mandates;
using Farthing.Payments.Offers;
using Farthing.Payments.Schedules;
using Farthing.Payments.Settings;
using Farthing.Payments.Tips;
using Farthing.Payments.Wallets;
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
    public async Task An_erased_wallet_shows_nobody_whom_it_paid_or_meant_to_pay()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("10");
        var mandate = Given(await test.Domain.Mandates.CreateAsync(wallet.Id, test.NewKey(), new NewMandate(new(payee.Id, null), null, new(Usd("1"), null, null), null, null))).State.Mandate.Id;
        var tip = Given(await test.Domain.Tips.TipAsync(wallet.Id, test.NewKey(), new NewTip(payee.Id, Usd("1"), null, "UTC"))).Monthly!.Id;
        var offer = Given(await test.Domain.Offers.CreateAsync(payee.Id, test.NewKey(), new NewOffer("An article", "/articles/tab", new OnTab(Usd("0.1"), Usd("1"), OnTab.DefaultDueAfterSeconds))));
        var tab = Given(await test.Desk.PayAsync(new PaymentRequest { Wallet = wallet.Id, Key = test.NewKey(), Offer = offer.Id })).Tab!.Value;

        Given(await test.Domain.Wallets.EraseAsync(wallet.Id));

        for (var round = 0; round < 2; round++)
        {
            Refused(RefusalCodes.WalletErased, await test.Domain.Mandates.ReadAsync(wallet.Id, mandate));
            Refused(RefusalCodes.WalletErased, await test.Domain.Mandates.ListAsync(wallet.Id, null, 10));
            Refused(RefusalCodes.WalletErased, await test.Domain.Mandates.RevokeAsync(wallet.Id, mandate));
            Refused(RefusalCodes.MandateNotFound, await test.Domain.Mandates.ReadOwnAsync(mandate, mandate));
            Refused(RefusalCodes.WalletErased, await test.Domain.Tips.ReadAsync(wallet.Id, tip));
            Refused(RefusalCodes.WalletErased, await test.Domain.Tips.ListAsync(wallet.Id, null, 10));
            Refused(RefusalCodes.WalletErased, await test.Domain.Tips.CancelAsync(wallet.Id, tip));
            Refused(RefusalCodes.WalletErased, await test.Domain.Tabs.ReadAsync(As(wallet), tab));
            Refused(RefusalCodes.WalletErased, await test.Domain.Tabs.ListAsync(As(wallet), null, 10));
            Assert.Equal(tab, Given(await test.Domain.Tabs.ReadAsync(As(payee), tab)).Id);
            Assert.Equal(RowState.Closed, (await test.Settings.GetAsync<MandateRow>(mandate.Value)).State);
            Assert.Equal(RowState.Closed, (await test.Settings.GetAsync<TipRow>(tip.Value)).State);
            Assert.Null((await test.Settings.GetAsync<DueRow>(tip.Value)).DueUnixMilliseconds);
            Assert.True(await IsFrozenAsync(test, mandate.Value));
            await test.RestartAsync();
        }
    }

    [Fact]
    public async Task An_erasure_that_was_cut_off_and_resumed_freezes_again()
    {
        await using var test = await StartAsync();
        var wallet = await test.NewWalletAsync("1");
        for (var round = 0; round < 3; round++)
        {
            test.Settings.BeforeErasing = () => throw new IOException("Killed.");
            await Assert.ThrowsAsync<IOException>(async () => await test.Domain.Wallets.EraseAsync(wallet.Id));
            await test.RestartAsync();
            Assert.True(await IsFrozenAsync(test, wallet.Id.Value));
            Given(await test.Domain.WalletCaps.ResumeAsync(wallet.Id, test.NewKey()));
            Assert.False(await IsFrozenAsync(test, wallet.Id.Value));
        }

        Given(await test.Domain.Wallets.EraseAsync(wallet.Id));
        Assert.True(await IsFrozenAsync(test, wallet.Id.Value));
    }

    [Fact]
    public async Task A_resume_in_flight_does_not_undo_the_freeze_of_an_erasure()
    {
        await using var test = await StartAsync();
        var wallet = await test.NewWalletAsync("1");
        Task<Answer<Wallet>>? resuming = null;
        test.Settings.BeforeErasing = () =>
        {
            resuming = test.Domain.WalletCaps.ResumeAsync(wallet.Id, test.NewKey()).AsTask();
            return Task.CompletedTask;
        };

        Given(await test.Domain.Wallets.EraseAsync(wallet.Id));
        Refused(RefusalCodes.WalletErased, await resuming!);
        Assert.True(await IsFrozenAsync(test, wallet.Id.Value));
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

    private static async Task<bool> IsFrozenAsync(TestSystem test, UInt128 account) => ((await test.Ledger.ReadAccountAsync(account))!.Value.Flags & AccountFlags.Frozen) != 0;

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
