using System.CommandLine;
using Farthing.Protocol;

namespace Farthing.Cli;

/// <summary><c>farthing verify receipt.json --key KEY</c>: checks a receipt offline and says in words what it proves.</summary>
internal static class VerifyCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("receipt") { Description = "The receipt's file; - for the standard input." };
        var key = new Option<string?>("--key") { Description = "The operator's public key, such as farthing.example/ledger+1a2b3c4d+A…; the check is then offline. The operator publishes it at /v1/ledger/key." };
        var server = new Option<string?>("--server") { Description = "Asks this server for its key instead. That trusts the server you ask." };
        var command = new Command("verify", "Checks a receipt against the operator's public key.") { file, key, server };
        command.SetAction((parsed, cancellation) => RunAsync(parsed, parsed.GetValue(file)!, parsed.GetValue(key), parsed.GetValue(server), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, string file, string? keyText, string? server, CancellationToken cancellation)
    {
        if ((keyText is null) == (server is null))
            return parsed.Fail("Give the operator's public key with --key, or a server to ask for it with --server.");

        byte[] json;
        try
        {
            json = await ReadAsync(file, cancellation);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return parsed.Fail($"{file} cannot be read: {exception.Message}");
        }

        if (!Receipt.TryParse(json, out var receipt))
            return parsed.Fail($"{file} is not a receipt. Take one from /v1/payments/{{id}}/receipt, or from the payment's page in the wallet.");

        CheckpointKey? key;
        if (server is not null)
        {
            key = await OperatorKey.AskAsync(parsed, server, cancellation);
            if (key is null) return ExitCodes.NoAnswer;
        }
        else if (!CheckpointKey.TryParse(keyText, out key))
        {
            return parsed.Fail(OperatorKey.Malformed);
        }

        var output = parsed.InvocationConfiguration.Output;
        // snippet: verify
        var verdict = receipt.Verify(key);
        foreach (var finding in verdict.Findings) await output.WriteLineAsync(finding);
        // end snippet
        await output.WriteLineAsync(verdict.IsValid ? "The receipt is valid." : "The receipt is NOT valid: do not rely on it.");
        return verdict.IsValid ? ExitCodes.Done : ExitCodes.No;
    }

    private static async Task<byte[]> ReadAsync(string file, CancellationToken cancellation)
    {
        await using var stream = file == "-" ? Console.OpenStandardInput() : File.OpenRead(file);
        using var bytes = new MemoryStream();
        var buffer = new byte[64 << 10];
        // One byte more than a receipt may have is enough to refuse it.
        while (bytes.Length <= Receipt.MaxJsonLength && await stream.ReadAsync(buffer, cancellation) is > 0 and var count) bytes.Write(buffer, 0, count);
        return bytes.ToArray();
    }
}
