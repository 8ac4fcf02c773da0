using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.RateLimiting;
using Farthing.Payments;

namespace Farthing.Server.Doors.Rest;

/// <summary>How often one address may do something in a minute.</summary>
/// <param name="perMinute">How often.</param>
/// <param name="what">What it may do, with the number at <c>{0}</c>.</param>
/// <remarks>Thread-safe.</remarks>
internal abstract class AddressLimit(int perMinute, CompositeFormat what) : IDisposable
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly PartitionedRateLimiter<IPAddress> limiter = PartitionedRateLimiter.Create<IPAddress, IPAddress>(
        address => RateLimitPartition.GetFixedWindowLimiter(address, _ => new FixedWindowRateLimiterOptions { PermitLimit = perMinute, Window = Window }));

    /// <summary>Counts one.</summary>
    /// <returns>Why it is one too many, or null.</returns>
    public Refusal? Count(HttpContext http)
    {
        using var lease = limiter.AttemptAcquire(PartOf(http.Connection.RemoteIpAddress ?? IPAddress.None));
        if (lease.IsAcquired) return null;
        var wait = lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? Math.Max(1, (int)(after.Ticks / TimeSpan.TicksPerSecond) + 1) : (int)(Window.Ticks / TimeSpan.TicksPerSecond);
        return new Refusal(
            RefusalCodes.RateLimited,
            string.Create(CultureInfo.InvariantCulture, $"One address may {string.Format(CultureInfo.InvariantCulture, what, perMinute)} in a minute. Wait {wait} seconds."),
            new Dictionary<string, object> { ["retryAfterSeconds"] = wait });
    }

    /// <inheritdoc/>
    public void Dispose() => limiter.Dispose();

    /// <summary>What counts as one address: of IPv6 the first 64 bits, as whoever has one has all that begin so.</summary>
    internal static IPAddress PartOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address;
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }
}

/// <summary>How many wallets one address may make in a minute. Anyone can make a wallet, and each one stays in the journal for ever.</summary>
internal sealed class WalletCreationLimit(int walletsPerMinute) : AddressLimit(walletsPerMinute, CompositeFormat.Parse("make {0} wallets"));

/// <summary>How many recovery codes one address may try in a minute. Nobody finds one by trying; each try costs a look on disk.</summary>
internal sealed class RecoveryLimit() : AddressLimit(10, CompositeFormat.Parse("try {0} recovery codes"));
