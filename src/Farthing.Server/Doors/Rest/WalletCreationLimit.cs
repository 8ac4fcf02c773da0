using System.Globalization;
using System.Net;
using System.Threading.RateLimiting;
using Farthing.Payments;

namespace Farthing.Server.Doors.Rest;

/// <summary>How many wallets one address may make in a minute. Anyone can make a wallet, and each one stays in the journal for ever.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class WalletCreationLimit(int walletsPerMinute) : IDisposable
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly PartitionedRateLimiter<IPAddress> limiter = PartitionedRateLimiter.Create<IPAddress, IPAddress>(
        address => RateLimitPartition.GetFixedWindowLimiter(address, _ => new FixedWindowRateLimiterOptions { PermitLimit = walletsPerMinute, Window = Window }));

    /// <summary>Counts one wallet.</summary>
    /// <returns>Why it is one too many, or null.</returns>
    public Refusal? Count(HttpContext http)
    {
        using var lease = limiter.AttemptAcquire(http.Connection.RemoteIpAddress ?? IPAddress.None);
        if (lease.IsAcquired) return null;
        var wait = lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? Math.Max(1, (int)(after.Ticks / TimeSpan.TicksPerSecond) + 1) : (int)(Window.Ticks / TimeSpan.TicksPerSecond);
        return new Refusal(
            RefusalCodes.RateLimited,
            string.Create(CultureInfo.InvariantCulture, $"One address may make {walletsPerMinute} wallets in a minute. Wait {wait} seconds."),
            new Dictionary<string, object> { ["retryAfterSeconds"] = wait });
    }

    /// <inheritdoc/>
    public void Dispose() => limiter.Dispose();
}
