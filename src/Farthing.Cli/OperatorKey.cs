using System.CommandLine;
using Farthing.Client;
using Farthing.Protocol;

namespace Farthing.Cli;

/// <summary>The key that an operator signs with, where nobody gave it.</summary>
internal static class OperatorKey
{
    public const string Malformed = "The key is malformed. It looks like farthing.example/ledger+1a2b3c4d+A…, and the operator publishes it at /v1/ledger/key.";

    /// <summary>Asks a server for its key, and says what it answered.</summary>
    /// <returns>Null if there is none; why was said.</returns>
    public static async Task<CheckpointKey?> AskAsync(ParseResult parsed, string server, CancellationToken cancellation)
    {
        if (!Addresses.TryParse(server, out var address))
        {
            parsed.Fail($"'{server}' is not a server's address. Write it like http://127.0.0.1:5080.");
            return null;
        }

        try
        {
            using var client = new FarthingClient(address);
            var key = await client.Ledger.ReadLedgerKeyAsync(cancellation);
            await parsed.InvocationConfiguration.Error.WriteLineAsync($"{client.Server} says that its key is {key}. Keep it, and give it with --key from now on.");
            return key;
        }
        catch (Exception exception) when (exception is HttpRequestException or FarthingException)
        {
            parsed.Fail($"{server} did not give its key: {exception.Message}");
            return null;
        }
    }
}
