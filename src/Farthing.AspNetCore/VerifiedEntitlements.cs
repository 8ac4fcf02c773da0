using System.Collections.Concurrent;
using Farthing.Protocol;

namespace Farthing.AspNetCore;

/// <summary>Entitlements whose signature was checked, by their text, so that a page which is read again costs no signature. Nothing else is remembered of them: payee, resource, nonce and time are checked each time.</summary>
/// <remarks>Thread-safe. Holds two generations of <see cref="GenerationSize"/>, some 20 MB when full; what was not asked for in one is forgotten with the next. Only what the operator signed gets in.</remarks>
internal sealed class VerifiedEntitlements(VerifyingKey key)
{
    /// <summary>Eight thousand.</summary>
    public const int GenerationSize = 8_000;

    private readonly Lock turning = new();
    private volatile Generation young = new();
    private volatile Generation old = new();

    /// <summary>Reads an entitlement and checks its signature, if that was not done before.</summary>
    /// <returns>Null if it is none.</returns>
    public Entitlement? Read(string? token)
    {
        if (token is null) return null;
        if (young.TryGetValue(token, out var entitlement)) return entitlement;
        if (!old.TryGetValue(token, out entitlement) && !Entitlement.TryVerify(token, key, out entitlement)) return null;
        Keep(token, entitlement);
        return entitlement;
    }

    private void Keep(string token, Entitlement entitlement)
    {
        lock (turning)
        {
            if (young.Count >= GenerationSize)
            {
                old = young;
                young = new Generation();
            }

            young[token] = entitlement;
        }
    }

    private sealed class Generation() : ConcurrentDictionary<string, Entitlement>(StringComparer.Ordinal);
}
