using Farthing.Protocol;

namespace Farthing.Payments.Tabs;

/// <summary>What tabs are counted in, and on which accounts.</summary>
internal static class TabAccounts
{
    private const string Prefix = "tab:";

    /// <summary>The asset of reads on tab in a currency.</summary>
    public static Asset AssetOf(Asset currency) => new(Prefix + currency.Code, currency.Scale);

    public static bool IsTab(Asset asset) => asset.Code?.StartsWith(Prefix, StringComparison.Ordinal) == true;

    /// <summary>The currency of reads on tab; any other asset is its own.</summary>
    public static Asset CurrencyOf(Asset asset) => IsTab(asset) ? new(asset.Code[Prefix.Length..], asset.Scale) : asset;

    /// <summary>The account of what a tab owes, beside that of its room, whose id is the tab's.</summary>
    public static UInt128 OwedOf(UInt128 tab) => tab | 1;

    /// <summary>The issue of a tab's room.</summary>
    public static UInt128 IssueOf(UInt128 tab) => tab | 2;

    /// <summary>Where a payee's tabs have their room from.</summary>
    public static UInt128 Issuer(UInt128 payee, Asset asset) => IdOf("issuer", payee, asset);

    /// <summary>All that was paid on a payee's tabs.</summary>
    public static UInt128 Paid(UInt128 payee, Asset asset) => IdOf("paid", payee, asset);

    /// <summary>What was not paid on a payee's tabs in time.</summary>
    public static UInt128 Loss(UInt128 payee, Asset asset) => IdOf("loss", payee, asset);

    private static UInt128 IdOf(string name, UInt128 payee, Asset asset)
    {
        var bytes = new CanonicalBytes(stackalloc byte[128]);
        bytes.Add("tab");
        bytes.Add(name);
        bytes.Add(payee);
        bytes.Add(asset.Code);
        return bytes.ToTimelessId();
    }
}
