using System.Security.Cryptography;
using System.Text.Json;
using Farthing.Ledger;
using Farthing.Payments;
using Farthing.Payments.Payees;
using Farthing.Protocol;

namespace Farthing.Server;

/// <summary>The payee of the sample site, and the file by which the site learns who it is. For play money only.</summary>
internal static class SampleSite
{
    /// <summary>Makes the payee if it is not there, and writes <c>site.json</c>. Both are the same at every start with the same origin.</summary>
    /// <param name="system">The payments.</param>
    /// <param name="secrets">The secrets of the data directory, from which the site's signing key follows.</param>
    /// <param name="origin">The site's origin, such as <c>http://localhost:5081</c>.</param>
    /// <param name="stateDirectory">Where <c>site.json</c> goes.</param>
    /// <param name="serverAddress">Where this server listens.</param>
    public static async Task PrepareAsync(PaymentSystem system, ServerSecrets secrets, string origin, string stateDirectory, string serverAddress)
    {
        var seed = HMACSHA256.HashData(secrets.IssuingSecret, "sample-site"u8);
        using var signingKey = SigningKey.FromSeed(seed);

        // The origin is part of the key: on another port it is another site, and so another payee.
        if (!IdempotencyKey.TryParse($"sample-site/{origin}", out var key)) throw new StartRefusedException($"--sample-site {origin} is too long.");
        var made = await system.Payees.CreateAsync(key, new NewPayee("The Farthing Newsroom", Asset.Usd, origin, signingKey.Verifier));
        if (!made.IsGiven) throw new StartRefusedException($"The payee of the sample site could not be made: {made.Refusal.Detail}");

        DurableFiles.CreateDirectory(stateDirectory);
        var state = new SampleSiteState(made.Value.Payee.Id.ToString(), Convert.ToBase64String(seed), serverAddress, system.EntitlementVerifier.ToString());
        DataDirectory.WriteWhole(Path.Combine(stateDirectory, "site.json"), JsonSerializer.SerializeToUtf8Bytes(state, DataDirectoryJson.Default.SampleSiteState));
    }
}

/// <summary>What a site needs to know to ask for money: the content of <c>site.json</c>.</summary>
/// <param name="Payee">Its id as a payee.</param>
/// <param name="SigningKeySeed">Base64 of the 32-byte seed that signs its terms.</param>
/// <param name="Server">The server's address.</param>
/// <param name="EntitlementKey">Base64 of the server's public key of entitlements.</param>
internal sealed record SampleSiteState(string Payee, string SigningKeySeed, string Server, string EntitlementKey);
