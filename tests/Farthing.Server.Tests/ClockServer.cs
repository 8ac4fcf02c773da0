using System.Globalization;
using Farthing.Server.Tests.Rest;

namespace Farthing.Server.Tests;

/// <summary>Tests that move the clock of one server, one after another. Each makes its own payees and wallets, and takes the time as it finds it.</summary>
[CollectionDefinition]
public sealed class MovedClock : ICollectionFixture<ClockServer>;

/// <summary>A server whose clock is moved by hand.</summary>
public sealed class ClockServer : IAsyncLifetime
{
    public ServerProcess Process { get; private set; } = null!;

    public Api Api { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Process = await ServerProcess.StartAsync(null, "--wallets-per-minute", "1000000", "--test-clock", "--private-webhooks");
        Api = new Api(Process);
    }

    /// <summary>The server's time.</summary>
    public async Task<DateTimeOffset> NowAsync() => ReadNow(await Api.GetAsync("/v1/test/clock", ServerProcess.OperatorKey));

    /// <summary>Moves the clock on by so much.</summary>
    public async Task<DateTimeOffset> AdvanceAsync(TimeSpan by) => await MoveToAsync(await NowAsync() + by);

    /// <summary>Moves the clock on to a time.</summary>
    public async Task<DateTimeOffset> MoveToAsync(DateTimeOffset time) =>
        ReadNow(await Api.PostAsync("/v1/test/clock", ServerProcess.OperatorKey, $$"""{"now":"{{time.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}}"}"""));

    public async ValueTask DisposeAsync()
    {
        Api?.Dispose();
        if (Process is not null) await Process.DisposeAsync();
    }

    private static DateTimeOffset ReadNow(Reply reply)
    {
        Assert.True(reply.Status == 200, reply.Text);
        return DateTimeOffset.Parse(reply["now"]!, CultureInfo.InvariantCulture);
    }
}
