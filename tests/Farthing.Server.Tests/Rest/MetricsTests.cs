using System.Globalization;
using System.Text.RegularExpressions;

namespace Farthing.Server.Tests.Rest;

public sealed partial class MetricsTests(SharedServer server)
{
    private readonly Api api = server.Api;

    [Fact]
    public async Task The_metrics_have_the_form_that_scrapers_read_and_the_values_of_the_ledger()
    {
        await api.NewWalletAsync("1");
        var before = await ReadAsync();
        var payee = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("1");
        for (var i = 0; i < 20; i++) await api.PayAsync(wallet, payee, "0.001");
        var after = await ReadAsync();

        Assert.InRange(after["farthing_ledger_records_total"], before["farthing_ledger_records_total"] + 20, 1e15);
        Assert.InRange(after["farthing_ledger_flush_duration_seconds_count"], before["farthing_ledger_flush_duration_seconds_count"] + 20, 1e15);
        Assert.InRange(after["farthing_ledger_batch_commands_sum"], before["farthing_ledger_batch_commands_sum"] + 20, 1e15);
        Assert.Equal(1, after["farthing_ledger_ready"]);
        Assert.InRange(after["farthing_ledger_queue_commands"], 0, 1e6);
        foreach (var follower in new[] { "tree", "snapshot" }) Assert.InRange(after[$"farthing_ledger_lag{{follower=\"{follower}\"}}"], 0, after["farthing_ledger_records_total"]);
        Assert.InRange(after["dotnet_process_memory_working_set_bytes"], 1e6, 1e12);

        foreach (var histogram in new[] { "farthing_ledger_flush_duration_seconds", "farthing_ledger_batch_commands" })
        {
            var buckets = after.Where(value => value.Key.StartsWith(histogram + "_bucket", StringComparison.Ordinal)).Select(value => value.Value).ToArray();
            Assert.InRange(buckets.Length, 10, 20);
            Assert.Equal(buckets.Order(), buckets);
            Assert.Equal(after[histogram + "_count"], after[histogram + "_bucket{le=\"+Inf\"}"]);
        }
    }

    [Fact]
    public async Task Only_the_operator_reads_the_metrics()
    {
        Expect.Problem(await api.GetAsync("/metrics"), 401, "unauthorized");
        Expect.Problem(await api.GetAsync("/metrics", (await api.NewPayeeAsync()).Key), 403, "forbidden");
    }

    // Every line must be one that the format knows, and a value comes after its family's TYPE.
    private async Task<Dictionary<string, double>> ReadAsync()
    {
        var reply = await api.GetAsync("/metrics", ServerProcess.OperatorKey);
        Assert.Equal((200, "text/plain"), (reply.Status, reply.MediaType));
        Assert.EndsWith("\n", reply.Text, StringComparison.Ordinal);
        var values = new Dictionary<string, double>();
        var family = "";
        foreach (var line in reply.Text.TrimEnd('\n').Split('\n'))
        {
            if (line.StartsWith("# HELP ", StringComparison.Ordinal)) continue;
            if (TypeLine().Match(line) is { Success: true } type)
            {
                family = type.Groups[1].Value;
                continue;
            }

            var match = ValueLine().Match(line);
            Assert.True(match.Success, line);
            Assert.StartsWith(family, match.Groups[1].Value, StringComparison.Ordinal);
            values.Add(match.Groups[1].Value + match.Groups[2].Value, double.Parse(match.Groups[3].Value, CultureInfo.InvariantCulture));
        }

        Assert.True(values.Count > 40, $"{values.Count} values.");
        return values;
    }

    [GeneratedRegex("^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (?:counter|gauge|histogram)$")]
    private static partial Regex TypeLine();

    [GeneratedRegex(@"^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*=""(?:[^""\\]|\\.)*"",?)+\})? (-?[0-9.E+-]+|NaN)$")]
    private static partial Regex ValueLine();
}
