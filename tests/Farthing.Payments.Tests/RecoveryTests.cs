using Farthing.Payments.Mandates;
using Farthing.Payments.Settings;
using Farthing.Payments.TopUps;
using Farthing.Payments.Wallets;
using Farthing.Protocol;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

/// <summary>The way back into a wallet whose key or cookie was lost.</summary>
public class RecoveryTests
{
    private const string Cookie = "cookie-of-a-browser";

    [Fact]
    public async Task A_code_that_was_typed_back_gives_the_wallet_back_once_and_ends_the_old_key_and_cookies()
    {
        await using var test = await StartAsync();
        var codes = test.Domain.RecoveryCodes;
        var wallets = test.Domain.Wallets;
        var wallet = Given(await wallets.OpenForBrowserAsync(Cookie, Asset.Usd));
        Given(await test.Domain.TopUps.TopUpAsync(wallet.Id, test.NewKey(), Usd("7"), "sandbox", null));
        var key = test.NewKey();
        var code = Given(await codes.CreateAsync(wallet.Id, key)).Text;
        Assert.Matches("^[0-7][0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{5}){3}-[0-9A-HJKMNP-TV-Z]{6}$", code);
        Assert.Equal(code, Given(await codes.CreateAsync(wallet.Id, key)).Text);
        // Shown is not in force.
        Refused(RefusalCodes.RecoveryCodeInvalid, await codes.RecoverAsync(code, test.NewKey()));
        Assert.False(await codes.IsConfirmedAsync(wallet.Id));
        foreach (var wrong in new[] { "", "x", code[..^1], code + "0", new string('0', 26), code.Replace(code[0], code[0] == '1' ? '2' : '1'), new string('7', 1000) })
        {
            Refused(RefusalCodes.RecoveryCodeInvalid, await codes.ConfirmAsync(wallet.Id, wrong));
            Refused(RefusalCodes.RecoveryCodeInvalid, await codes.RecoverAsync(wrong, test.NewKey()));
        }

        for (var i = 0; i < 2; i++) Given(await codes.ConfirmAsync(wallet.Id, " " + code.ToLowerInvariant().Replace("-", "  ", StringComparison.Ordinal).Replace('0', 'o').Replace('1', 'l')));
        await test.RestartAsync();
        (codes, wallets) = (test.Domain.RecoveryCodes, test.Domain.Wallets);
        Assert.Equal(wallet, await wallets.FindForBrowserAsync(Cookie, Asset.Usd));

        var recovery = test.NewKey();
        var found = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => codes.RecoverAsync(code, recovery).AsTask()));
        var issued = Assert.Single(found.Select(Given).Distinct());
        Assert.Equal(wallet.Id, issued.Wallet.Id);
        Assert.Equal(As(wallet), await test.Domain.AuthenticateAsync(issued.Key));
        // The answer may have been lost, and what it was asked with too.
        test.Time.Advance(RecoveryCodes.Again);
        Assert.Equal(issued, Given(await codes.RecoverAsync(code, test.NewKey())));
        test.Time.Advance(TimeSpan.FromSeconds(1));
        Refused(RefusalCodes.RecoveryCodeInvalid, await codes.RecoverAsync(code, test.NewKey()));
        Assert.Equal(issued, Given(await codes.RecoverAsync(code, recovery)));
        Refused(RefusalCodes.IdempotencyKeyInvalid, await codes.RecoverAsync(code, Key("short")));

        // The old cookie makes a new wallet, as if it never had one; the new one has the old wallet.
        Assert.Null(await wallets.FindForBrowserAsync(Cookie, Asset.Usd));
        await wallets.GiveToBrowserAsync("another-browser", wallet.Id);
        await wallets.GiveToBrowserAsync("another-browser", wallet.Id);
        Assert.Equal(wallet, await wallets.FindForBrowserAsync("another-browser", Asset.Usd));
        var anew = Given(await wallets.OpenForBrowserAsync(Cookie, Asset.Usd));
        Assert.NotEqual(wallet.Id, anew.Id);
        await test.RestartAsync();
        Assert.Equal((anew, wallet), (await test.Domain.Wallets.FindForBrowserAsync(Cookie, Asset.Usd), await test.Domain.Wallets.FindForBrowserAsync("another-browser", Asset.Usd)));
        Assert.Equal("7 held 0", await test.BalanceAsync(wallet));
        Assert.Equal(issued.Key, Given(await test.Domain.RecoveryCodes.RecoverAsync(code, recovery)).Key);
    }

    [Fact]
    public async Task A_wallets_first_key_ends_with_its_recovery_and_each_code_only_with_the_next_one_confirmed()
    {
        await using var test = await StartAsync();
        var codes = test.Domain.RecoveryCodes;
        var made = Given(await test.Domain.Wallets.CreateAsync(test.NewKey(), Asset.Usd));
        var id = made.Wallet.Id;
        var first = Given(await codes.CreateAsync(id, test.NewKey())).Text;
        Given(await codes.ConfirmAsync(id, first));
        var second = Given(await codes.CreateAsync(id, test.NewKey())).Text;
        Assert.NotEqual(first, second);
        // The first stays good while the second is only shown, and the second cannot be confirmed by the first.
        Refused(RefusalCodes.RecoveryCodeInvalid, await codes.ConfirmAsync(id, first));
        Assert.True(await codes.IsConfirmedAsync(id));
        var third = Given(await codes.CreateAsync(id, test.NewKey())).Text;
        Given(await codes.ConfirmAsync(id, third));
        Refused(RefusalCodes.RecoveryCodeInvalid, await codes.RecoverAsync(first, test.NewKey()));
        Refused(RefusalCodes.RecoveryCodeInvalid, await codes.RecoverAsync(second, test.NewKey()));

        Assert.NotNull(await test.Domain.AuthenticateAsync(made.Key));
        var issued = Given(await codes.RecoverAsync(third, test.NewKey()));
        Assert.Null(await test.Domain.AuthenticateAsync(made.Key));
        Assert.NotNull(await test.Domain.AuthenticateAsync(issued.Key));
        Assert.False(await codes.IsConfirmedAsync(id));

        var fourth = Given(await codes.CreateAsync(id, test.NewKey())).Text;
        Given(await codes.ConfirmAsync(id, fourth));
        Given(await test.Domain.Wallets.EraseAsync(id));
        Refused(RefusalCodes.WalletErased, await codes.RecoverAsync(fourth, test.NewKey()));
        Refused(RefusalCodes.WalletErased, await codes.CreateAsync(id, test.NewKey()));
    }

    [Fact]
    public async Task A_recovery_revokes_the_mandates_that_were_there_and_no_later_ones_also_when_it_was_cut_off()
    {
        await using var test = await StartAsync();
        var wallet = await test.NewWalletAsync("5");
        var code = Given(await test.Domain.RecoveryCodes.CreateAsync(wallet.Id, test.NewKey())).Text;
        Given(await test.Domain.RecoveryCodes.ConfirmAsync(wallet.Id, code));
        var mandates = new List<IssuedMandate>();
        for (var i = 0; i < 3; i++) mandates.Add(Given(await test.Domain.Mandates.CreateAsync(wallet.Id, test.NewKey(), new NewMandate(new MandateScope(null, null), Usd("1"), new Caps(Usd("2"), null, null), null, null))));
        // The code is used, and then the server stops.
        var isUsed = false;
        test.Settings.AfterFinding = row =>
        {
            isUsed |= row is RecoveryRow;
            return isUsed && row is WalletRow ? throw new IOException("cut") : Task.CompletedTask;
        };
        await Assert.ThrowsAsync<IOException>(async () => await test.Domain.RecoveryCodes.RecoverAsync(code, test.NewKey()));
        test.Settings.AfterFinding = _ => Task.CompletedTask;
        Assert.False(Given(await test.Domain.Mandates.ReadAsync(wallet.Id, mandates[0].State.Mandate.Id)).Mandate.IsRevoked);
        await test.RestartAsync();

        var key = test.NewKey();
        var issued = Given(await test.Domain.RecoveryCodes.RecoverAsync(code, key));
        foreach (var mandate in mandates) Assert.True(Given(await test.Domain.Mandates.ReadAsync(wallet.Id, mandate.State.Mandate.Id)).Mandate.IsRevoked);
        test.Time.Advance(TimeSpan.FromSeconds(1));
        var later = Given(await test.Domain.Mandates.CreateAsync(wallet.Id, test.NewKey(), new NewMandate(new MandateScope(null, null), Usd("1"), new Caps(Usd("2"), null, null), null, null)));
        Assert.Equal(issued, Given(await test.Domain.RecoveryCodes.RecoverAsync(code, key)));
        Assert.False(Given(await test.Domain.Mandates.ReadAsync(wallet.Id, later.State.Mandate.Id)).Mandate.IsRevoked);
    }

    [Fact]
    public async Task A_code_that_was_used_is_not_in_force_again()
    {
        await using var test = await StartAsync();
        var codes = test.Domain.RecoveryCodes;
        var wallet = await test.NewWalletAsync("5");
        var key = test.NewKey();
        var code = Given(await codes.CreateAsync(wallet.Id, key)).Text;
        for (var i = 0; i < 2; i++) Given(await codes.ConfirmAsync(wallet.Id, code));
        Given(await codes.RecoverAsync(code, test.NewKey()));
        // A repeat with the old key shows the old code, which opens nothing any more.
        Assert.Equal(code, Given(await codes.CreateAsync(wallet.Id, key)).Text);
        Refused(RefusalCodes.RecoveryCodeInvalid, await codes.ConfirmAsync(wallet.Id, code));
        Assert.False(await codes.IsConfirmedAsync(wallet.Id));
        Given(await codes.ConfirmAsync(wallet.Id, Given(await codes.CreateAsync(wallet.Id, test.NewKey())).Text));
        Assert.True(await codes.IsConfirmedAsync(wallet.Id));
    }

    [Fact]
    public async Task The_old_key_ends_also_while_it_changes_the_wallets_caps()
    {
        await using var test = await StartAsync();
        var codes = test.Domain.RecoveryCodes;
        var made = Given(await test.Domain.Wallets.CreateAsync(test.NewKey(), Asset.Usd));
        var code = Given(await codes.CreateAsync(made.Wallet.Id, test.NewKey())).Text;
        Given(await codes.ConfirmAsync(made.Wallet.Id, code));
        var capsAreWritten = false;
        IssuedWallet? recovered = null;
        test.Settings.AfterWriting = rows =>
        {
            capsAreWritten |= rows.Any(row => row is CapsRow);
            return Task.CompletedTask;
        };
        // Whoever changes the caps has read the wallet, and has it in memory only after it was recovered.
        test.Settings.AfterFinding = async row =>
        {
            if (!capsAreWritten || row is not WalletRow) return;
            capsAreWritten = false;
            recovered = Given(await codes.RecoverAsync(code, test.NewKey()));
        };
        Given(await test.Domain.WalletCaps.SetAsync(made.Wallet.Id, test.NewKey(), new Caps(Usd("5"), null, null), null));
        Assert.Null(await test.Domain.AuthenticateAsync(made.Key));
        Assert.NotNull(await test.Domain.AuthenticateAsync(recovered!.Key));
        // Neither was lost for the other.
        Assert.Single(Given(await test.Domain.WalletCaps.ReadAsync(made.Wallet.Id)).Caps);
    }

    [Fact]
    public async Task Where_it_is_required_nothing_is_topped_up_without_a_way_back()
    {
        await using var test = await StartAsync(new PaymentOptions { TopUps = new TopUpOptions { RequiresRecoveryCode = true } });
        var wallet = await test.NewWalletAsync();
        var key = test.NewKey();
        Refused(RefusalCodes.RecoveryCodeRequired, await test.Domain.TopUps.TopUpAsync(wallet.Id, key, Usd("5"), "sandbox", null));
        var code = Given(await test.Domain.RecoveryCodes.CreateAsync(wallet.Id, test.NewKey())).Text;
        Refused(RefusalCodes.RecoveryCodeRequired, await test.Domain.TopUps.TopUpAsync(wallet.Id, key, Usd("5"), "sandbox", null));
        Given(await test.Domain.RecoveryCodes.ConfirmAsync(wallet.Id, code));
        Given(await test.Domain.TopUps.TopUpAsync(wallet.Id, key, Usd("5"), "sandbox", null));
        Given(await test.Domain.RecoveryCodes.RecoverAsync(code, test.NewKey()));
        Refused(RefusalCodes.RecoveryCodeRequired, await test.Domain.TopUps.TopUpAsync(wallet.Id, test.NewKey(), Usd("5"), "sandbox", null));
        // What was topped up before stands.
        Assert.Equal(RailStatus.Posted, Given(await test.Domain.TopUps.TopUpAsync(wallet.Id, key, Usd("5"), "sandbox", null)).Status);
        Assert.Equal("5 held 0", await test.BalanceAsync(wallet));
    }

    [Fact]
    public async Task Nothing_that_is_stored_shows_a_code()
    {
        await using var test = await StartAsync();
        var wallet = await test.NewWalletAsync();
        var code = Given(await test.Domain.RecoveryCodes.CreateAsync(wallet.Id, test.NewKey())).Text;
        Given(await test.Domain.RecoveryCodes.ConfirmAsync(wallet.Id, code));
        await test.CloseAsync();
        Assert.True(RecoveryCodes.TryRead(code, out var number));
        var bytes = new byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, number);
        var files = Directory.EnumerateFiles(test.Directory, "*", SearchOption.AllDirectories).ToList();
        Assert.True(files.Count >= 3);
        Assert.All(files, file => Assert.False(File.ReadAllBytes(file).AsSpan().IndexOf(bytes) >= 0 || File.ReadAllBytes(file).AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(code[..5])) >= 0 && File.ReadAllBytes(file).AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(code.Replace("-", "", StringComparison.Ordinal))) >= 0, file));
    }
}
