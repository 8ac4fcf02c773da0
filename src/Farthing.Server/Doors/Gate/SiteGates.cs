using System.Collections.Concurrent;
using System.Security.Cryptography;
using Farthing.AspNetCore;
using Farthing.Payments;
using Farthing.Payments.Desk;
using Farthing.Protocol;
using Microsoft.AspNetCore.Hosting.Server;

namespace Farthing.Server.Doors.Gate;

/// <summary>The gates of payees whose web servers ask here who may pass. Each is made when it is first asked for, and stays.</summary>
/// <remarks>Thread-safe. There is at most one for each payee, as a payee and its signing key never change.</remarks>
internal sealed class SiteGates(PaymentSystem system, ServerMode mode, IServer server, TimeProvider time)
{
    private readonly ConcurrentDictionary<Id<PayeeKind>, SiteGate> gates = new();

    /// <summary>The gate of a payee, for whoever has the seed of its signing key: what is asked in its name costs what they say.</summary>
    /// <param name="payee">The payee's id.</param>
    /// <param name="key">Standard base64 of the seed.</param>
    public async ValueTask<Answer<SiteGate>> FindAsync(string payee, string key)
    {
        var seed = new byte[33];
        if (!Id<PayeeKind>.TryParse(payee, out var id) || !Convert.TryFromBase64String(key, seed, out var length) || length != 32) return WrongKey;
        Array.Resize(ref seed, 32);
        if (gates.TryGetValue(id, out var known)) return CryptographicOperations.FixedTimeEquals(seed, known.Seed) ? known : WrongKey;

        using var signingKey = SigningKey.FromSeed(seed);
        if (await system.Payees.FindAsync(id) is not { } found || !signingKey.Verifier.Equals(found.SigningKey)) return WrongKey;
        if (found.Website is not { } website) return Refuse($"The payee {id} has no website to bring people back to.");
        var gate = PaymentGate.For(new FarthingOptions
        {
            Payee = id.ToString(),
            SigningKey = key,
            Server = PublicAddress.OriginOf(mode, server),
            EntitlementKey = system.EntitlementVerifier.ToString(),
            Website = website,
            Name = found.Name,
            PlayMoney = !mode.IsLive,
        }, new OwnRenewals(system.Desk), time);
        return gates.GetOrAdd(id, new SiteGate(id, gate, new Uri(website), found.Asset, seed));
    }

    /// <summary>Says what is wrong with a web server's configuration.</summary>
    public static Refusal Refuse(string detail) => new(RefusalCodes.GateMisconfigured, detail);

    // Whoever guesses learns neither which payees there are nor which of both was wrong.
    private static Refusal WrongKey { get; } = Refuse("X-Farthing-Payee must be the id of a payee, and X-Farthing-Key the base64 of the 32-byte seed of the key that signs its terms.");
}

/// <summary>The gate of one payee's site.</summary>
/// <param name="Payee">Who is paid.</param>
/// <param name="Gate">Who decides.</param>
/// <param name="Website">The site's origin.</param>
/// <param name="Asset">What it is paid in.</param>
/// <param name="Seed">What its web server shows.</param>
internal sealed record SiteGate(Id<PayeeKind> Payee, PaymentGate Gate, Uri Website, Asset Asset, byte[] Seed);

/// <summary>Continues entitlements where they are issued.</summary>
internal sealed class OwnRenewals(PaymentDesk desk) : Renewals
{
    /// <inheritdoc/>
    public override bool IsForVisits => true;

    /// <inheritdoc/>
    public override async ValueTask<Renewed> ContinueAsync(string token, CancellationToken stop) => new(await desk.ContinueEntitlementAsync(token));
}
