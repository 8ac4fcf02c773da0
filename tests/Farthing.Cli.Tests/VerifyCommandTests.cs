using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Farthing.Simulator;

namespace Farthing.Cli.Tests;

public sealed class VerifyCommandTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("farthing-verify-").FullName;
    private readonly JsonNode vector = JsonNode.Parse(File.ReadAllText(VectorPath()))!;

    private string Key => vector["verifierKey"]!.GetValue<string>();

    private JsonNode Receipt => vector["receipt"]!;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public async Task Good_receipt_is_explained_in_words()
    {
        var run = await Invocation.RunAsync("verify", Write(Receipt.ToJsonString()), "--key", Key);
        Assert.Equal(0, run.ExitCode);
        foreach (var finding in vector["findings"]!.AsArray()) Assert.Contains(finding!.GetValue<string>(), run.Output, StringComparison.Ordinal);
        Assert.EndsWith($"The receipt is valid.{Environment.NewLine}", run.Output, StringComparison.Ordinal);
        Assert.Empty(run.Error);
    }

    [Theory]
    [InlineData("status", "voided")]
    [InlineData("createdAt", "2026-11-24T00:00:00.001Z")]
    public async Task Tampered_receipt_is_refused(string member, string value)
    {
        Receipt["payment"]![member] = value;
        var run = await Invocation.RunAsync("verify", Write(Receipt.ToJsonString()), "--key", Key);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("NOT valid", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tampered_amount_is_refused()
    {
        Receipt["payment"]!["amount"]!["amount"] = "0.03";
        var run = await Invocation.RunAsync("verify", Write(Receipt.ToJsonString()), "--key", Key);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("add up to a price of 0.02 USD, not 0.03 USD", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Receipt_of_another_operator_is_refused()
    {
        const string OtherKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        var run = await Invocation.RunAsync("verify", Write(Receipt.ToJsonString()), "--key", OtherKey);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("not signed by PeterNeumann", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Key_can_be_asked_of_a_server()
    {
        await using var world = await PaidWorld.StartAsync();
        world.VerifierKey = Key;
        var run = await Invocation.RunAsync("verify", Write(Receipt.ToJsonString()), "--server", world.Server.ToString());
        Assert.Equal(0, run.ExitCode);
        Assert.Contains(Key, run.Error, StringComparison.Ordinal);

        world.VerifierKey = "none";
        Assert.Equal(2, (await Invocation.RunAsync("verify", Write(Receipt.ToJsonString()), "--server", world.Server.ToString())).ExitCode);
    }

    [Fact]
    public async Task Wrong_use_has_no_answer_and_says_what_to_do()
    {
        var good = Write(Receipt.ToJsonString());
        (string[] Arguments, string Advice)[] uses =
        [
            (["verify", good], "--key"),
            (["verify", good, "--key", Key, "--server", "http://127.0.0.1:1"], "--key"),
            (["verify", good, "--key", "nonsense"], "/v1/ledger/key"),
            (["verify", good, "--server", "nonsense"], "http://127.0.0.1:5080"),
            (["verify", Path.Combine(directory, "missing.json"), "--key", Key], "cannot be read"),
            (["verify", Write("{}"), "--key", Key], "not a receipt"),
            (["verify"], "Required argument"),
            (["verify", good, "--ky", Key], "--ky"),
            (["nonsense"], "nonsense"),
        ];
        foreach (var (arguments, advice) in uses)
        {
            var run = await Invocation.RunAsync(arguments);
            Assert.Equal(2, run.ExitCode);
            Assert.Contains(advice, run.Error, StringComparison.Ordinal);
        }
    }

    private string Write(string json)
    {
        var path = Path.Combine(directory, $"{Guid.CreateVersion7()}.json");
        File.WriteAllText(path, json);
        return path;
    }

    private static string VectorPath([CallerFilePath] string thisFile = "") =>
        Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", "docs", "spec", "vectors", "receipt.json");
}
