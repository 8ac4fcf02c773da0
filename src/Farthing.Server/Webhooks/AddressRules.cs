using System.Net;
using System.Net.Sockets;

namespace Farthing.Server.Webhooks;

/// <summary>Which addresses somebody else may have us send to: those that everybody can reach, and that lead into no network of ours.</summary>
/// <remarks>The blocks are those of IANA's registries of special-purpose addresses (RFC 6890 and what updates it), and all ways in which IPv6 carries IPv4.</remarks>
internal static class AddressRules
{
    private static readonly IPNetwork[] SpecialIPv4 =
    [
        IPNetwork.Parse("0.0.0.0/8"), IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("100.64.0.0/10"), IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("169.254.0.0/16"), IPNetwork.Parse("172.16.0.0/12"),
        IPNetwork.Parse("192.0.0.0/24"), IPNetwork.Parse("192.0.2.0/24"), IPNetwork.Parse("192.88.99.0/24"), IPNetwork.Parse("192.168.0.0/16"), IPNetwork.Parse("198.18.0.0/15"),
        IPNetwork.Parse("198.51.100.0/24"), IPNetwork.Parse("203.0.113.0/24"), IPNetwork.Parse("224.0.0.0/4"), IPNetwork.Parse("240.0.0.0/4"),
    ];

    // Of IPv6 only what is handed out as global unicast is taken at all; these lie within it: protocols, Teredo, 6to4, examples.
    private static readonly IPNetwork GlobalIPv6 = IPNetwork.Parse("2000::/3");
    private static readonly IPNetwork[] SpecialIPv6 =
    [
        IPNetwork.Parse("2001::/23"), IPNetwork.Parse("2001:db8::/32"), IPNetwork.Parse("2002::/16"), IPNetwork.Parse("3fff::/20"),
    ];

    private static readonly IPNetwork WellKnownTranslated = IPNetwork.Parse("64:ff9b::/96");

    /// <summary>True if an address is one that everybody can reach.</summary>
    public static bool IsPublic(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (address.AddressFamily == AddressFamily.InterNetwork) return !SpecialIPv4.Any(block => block.Contains(address));
        if (address.AddressFamily != AddressFamily.InterNetworkV6 || address.ScopeId != 0) return false;
        // What is translated to IPv4 arrives there.
        if (WellKnownTranslated.Contains(address)) return IsPublic(new IPAddress(address.GetAddressBytes().AsSpan(12, 4)));
        return GlobalIPv6.Contains(address) && !SpecialIPv6.Any(block => block.Contains(address));
    }
}
