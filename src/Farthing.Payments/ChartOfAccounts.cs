using System.Collections.Concurrent;
using System.Globalization;
using Farthing.Ledger;
using Farthing.Protocol;

namespace Farthing.Payments;

/// <summary>The operator's own accounts, one per name and asset, with ids that follow from both.</summary>
/// <remarks>Thread-safe. An account is opened when it is first needed; opening it again changes nothing.</remarks>
internal sealed class ChartOfAccounts(Ledger.Ledger ledger)
{
    private readonly ConcurrentDictionary<UInt128, bool> opened = new();

    /// <summary>One-click refunds of a wallet with a payee in a calendar month, counted singly.</summary>
    public static Asset RefundAllowance { get; } = new("allowance:refunds", 0);

    /// <summary>What caps in a currency are counted in.</summary>
    public static Asset AllowanceOf(Asset currency) => new($"allowance:{currency.Code}", currency.Scale);

    /// <summary>Where fees go.</summary>
    public static UInt128 Fees(Asset asset) => IdOf("operator:fees", asset);

    /// <summary>What a rail owes us.</summary>
    public static UInt128 RailClearing(string rail, Asset asset) => IdOf($"rail:{rail}:clearing", asset);

    /// <summary>What is on its way out over a rail.</summary>
    public static UInt128 RailTransit(string rail, Asset asset) => IdOf($"rail:{rail}:transit", asset);

    /// <summary>What a rail has taken for itself.</summary>
    public static UInt128 RailCost(string rail, Asset asset) => IdOf($"rail:{rail}:cost", asset);

    /// <summary>What a wallet owes for chargebacks.</summary>
    public static UInt128 Debt(UInt128 wallet, Asset asset) => IdOf(string.Create(CultureInfo.InvariantCulture, $"wallet:{wallet:x32}:debt"), asset);

    /// <summary>Where allowances come from and go back to.</summary>
    public static UInt128 AllowanceIssuer(Asset asset) => IdOf("allowance:issuer", asset);

    /// <summary>Opens an account of this chart, once.</summary>
    /// <returns>False if the ledger takes no work.</returns>
    public async ValueTask<bool> TryOpenAsync(UInt128 account, Asset asset)
    {
        if (opened.ContainsKey(account)) return true;
        if (!await ledger.TryEnsureAsync(Command.OpenAccount(account, asset, AccountFlags.None))) return false;
        opened[account] = true;
        return true;
    }

    private static UInt128 IdOf(string name, Asset asset)
    {
        var bytes = new CanonicalBytes(stackalloc byte[192]);
        bytes.Add("chart");
        bytes.Add(name);
        bytes.Add(asset.Code);
        bytes.Add((UInt128)asset.Scale);
        return bytes.ToTimelessId();
    }
}
