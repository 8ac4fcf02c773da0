using System.Net;
using System.Security.Cryptography;

namespace Farthing.Server;

/// <summary>Whether a server's money is real, who holds it, and how people reach the server. Immutable; safe to share between threads.</summary>
internal sealed record ServerMode
{
    /// <summary>The longest name of an operator, in characters.</summary>
    public const int MaxNameLength = 100;

    /// <summary>Play money on this machine, as long as nothing else is said.</summary>
    public static ServerMode Test { get; } = new();

    /// <summary>True if the money is real; false if it is play money.</summary>
    public bool IsLive { get; init; }

    /// <summary>Who holds the money, as people are told; never null if it is real.</summary>
    public string? OperatorName { get; init; }

    /// <summary>The origin at which people reach the server, such as <c>https://pay.example</c>; never null if the money is real. Null for where it listens.</summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>Where it listens. Default 127.0.0.1, and on no other than this machine for play money.</summary>
    public IPAddress Listen { get; init; } = IPAddress.Loopback;

    /// <summary>The proxies that are believed when they say whom they ask for. Default: none.</summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>Whether people can top up by card.</summary>
    public bool TakesCards { get; init; }

    /// <summary>True if everybody comes by TLS, which ends at a proxy.</summary>
    public bool IsBehindTls => PublicUrl?.Scheme == Uri.UriSchemeHttps;

    /// <summary>True for whoever may come without TLS: a trusted proxy, and this machine itself.</summary>
    /// <param name="sender">Where the connection itself comes from; never what a header says.</param>
    /// <param name="reached">The address of this machine that it came to, if it is known.</param>
    /// <remarks>
    /// Who comes from the very address that is reached is this machine: it asks itself at its address in a network. Nobody else can send from there, as the answers to that, and so
    /// the handshake, would stay here.
    /// </remarks>
    public bool IsTrusted(IPAddress sender, IPAddress? reached)
    {
        var address = Plain(sender);
        return IPAddress.IsLoopback(address) || reached is not null && address.Equals(Plain(reached)) || TrustedProxies.Any(network => network.Contains(address));
    }

    /// <summary>What each page says of the money.</summary>
    public string Notice => IsLive
        ? $"The money in wallets here is held by {OperatorName}."
        : "This is play money. It costs nothing, buys nothing outside this machine, and nobody owes it to you.";

    /// <summary>What is wrong with it, or null.</summary>
    public string? FindFault()
    {
        if (!IsLive && !IPAddress.IsLoopback(Listen)) return "--listen must be an address of this machine alone, such as 127.0.0.1: without --live the money is play money.";
        if (IsLive && OperatorName is null) return "--live needs --operator-name NAME: who holds the money is told to everybody whose money it is.";
        if (IsLive && PublicUrl is null) return "--live needs --public-url URL: the address at which people reach this server, such as https://pay.example.";
        if (IsLive && PublicUrl!.IsLoopback && !IPAddress.IsLoopback(Listen)) return "--listen must be an address of this machine alone, as --public-url is: others would come without TLS.";
        if (PublicUrl is null or { IsLoopback: true }) return TrustedProxies.Count > 0 && PublicUrl is null ? "--trusted-proxy goes with --public-url." : null;
        if (!IsBehindTls) return $"--public-url must begin with https, not '{PublicUrl.OriginalString}': what is sent openly anybody on the way can read.";
        return TrustedProxies.Count == 0
            ? "--public-url on another machine's side of a proxy needs --trusted-proxy ADDRESS, the proxy that ends TLS: else all the world would have one address here."
            : null;
    }

    /// <summary>A name for the log of a new directory of real money, which stays for life and is nobody else's.</summary>
    public string NewOrigin() => $"{PublicUrl!.Authority}/{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}";

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
