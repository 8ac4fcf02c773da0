using System.IO.Pipelines;
using System.Text;
using Farthing.Server.Doors.Rest;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

/// <summary>What a change feed does in time, on a clock of the test's own.</summary>
public class ChangeFeedTests
{
    [Fact]
    public async Task A_feed_without_news_has_a_heartbeat_and_ends_between_two_events_when_the_server_stops()
    {
        await using var test = await StartAsync();
        using var stopping = new CancellationTokenSource();
        var feed = new ChangeFeed(test.Ledger, test.Time, stopping.Token);
        var pipe = new Pipe();
        var http = new DefaultHttpContext();
        http.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(pipe.Writer.AsStream()));
        http.Request.QueryString = new QueryString($"?from={test.Ledger.DurableSize}");

        var feeding = feed.AnswerAsync(new RestRequest(http, test.Domain, new RestCall { OperationId = "", Tag = "", Summary = "", AnswerExample = "" }, default, default)).AsTask();
        using var told = new StreamReader(pipe.Reader.AsStream());
        Assert.Equal([": open", ""], [await LineAsync(told), await LineAsync(told)]);
        for (var beat = 0; beat < 3; beat++)
        {
            var line = LineAsync(told);
            while (!line.IsCompleted)
            {
                test.Time.Advance(TimeSpan.FromSeconds(5));
                await Task.Delay(1, TestContext.Current.CancellationToken);
            }

            Assert.Equal([": still here", ""], [await line, await LineAsync(told)]);
        }

        await test.NewWalletAsync();
        // The clock may have gone on for more heartbeats than were read.
        var first = await LineAsync(told);
        for (; first == ": still here"; first = await LineAsync(told)) Assert.Equal("", await LineAsync(told));
        Assert.StartsWith("id: ", first, StringComparison.Ordinal);
        Assert.StartsWith("data: {\"position\":", await LineAsync(told), StringComparison.Ordinal);
        Assert.Equal("", await LineAsync(told));

        await stopping.CancelAsync();
        Assert.Null(await feeding.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken));
        await pipe.Writer.CompleteAsync();
        Assert.Equal("", await told.ReadToEndAsync(TestContext.Current.CancellationToken));
    }

    private static async Task<string?> LineAsync(StreamReader told) => await told.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromMinutes(2));
}
