using System.Globalization;
using Farthing.Ledger;
using Farthing.Payments.Payees;
using Farthing.Protocol;

namespace Farthing.Payments.Desk;

/// <summary>How many refunds a wallet may take by itself from a payee in a calendar month (UTC): an account for each, filled when it is first needed.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class RefundAllowances(Ledger.Ledger ledger, ChartOfAccounts chart, PayeeDirectory payees, TimeProvider time)
{
    /// <summary>Opens and fills this month's account. Doing it again changes nothing.</summary>
    /// <returns>The account; null if the ledger takes no work.</returns>
    public async ValueTask<UInt128?> TryOpenAsync(UInt128 wallet, UInt128 payee)
    {
        var asset = ChartOfAccounts.RefundAllowance;
        var issuer = ChartOfAccounts.AllowanceIssuer(asset);
        // Read once: the account and what fills it must be of the same month.
        var month = Month();
        var account = IdOf("refund-allowance", wallet, payee, month);
        if (!await chart.TryOpenAsync(issuer, asset)) return null;
        var count = await CountAsync(payee);
        var open = Command.OpenAccount(account, asset, AccountFlags.DebitsMustNotExceedCredits);
        var issue = IdOf("refund-allowance-issue", wallet, payee, month);
        var isOpen = count == 0
            ? await ledger.TryEnsureAsync(open)
            : await ledger.TryEnsureAsync(open, Command.Transfer(issue, issue, issuer, account, new Amount(asset, (uint)count), TransferCode.Allowance));
        return isOpen ? account : null;
    }

    /// <summary>The use of one refund.</summary>
    public static Command Use(UInt128 id, UInt128 digest, UInt128 account) =>
        Command.Transfer(id, digest, account, ChartOfAccounts.AllowanceIssuer(ChartOfAccounts.RefundAllowance), new Amount(ChartOfAccounts.RefundAllowance, 1), TransferCode.Allowance);

    /// <summary>How many are left this month.</summary>
    public async ValueTask<int> LeftAsync(UInt128 wallet, UInt128 payee) =>
        await ledger.ReadAccountAsync(IdOf("refund-allowance", wallet, payee, Month())) is { } account ? (int)account.Balances.Available : await CountAsync(payee);

    private async ValueTask<int> CountAsync(UInt128 payee) => (await payees.LoadAsync(payee))?.Payee.RefundsPerWalletPerMonth ?? 0;

    private string Month() => time.GetUtcNow().ToString("yyyyMM", CultureInfo.InvariantCulture);

    private static UInt128 IdOf(string purpose, UInt128 wallet, UInt128 payee, string month)
    {
        var bytes = new CanonicalBytes(stackalloc byte[128]);
        bytes.Add(purpose);
        bytes.Add(payee);
        bytes.Add(wallet);
        bytes.Add(month);
        return bytes.ToTimelessId();
    }
}
