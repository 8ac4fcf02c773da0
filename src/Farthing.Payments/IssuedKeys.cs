using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Farthing.Protocol;

namespace Farthing.Payments;

/// <summary>The keys of payees, wallets and mandates: <c>fk_wal_ID_GENERATION_SECRET</c>, where the secret is recomputed from the rest and nothing is stored.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class IssuedKeys(LabelledSecrets secrets, byte[] operatorKeyHash)
{
    private const int IdLength = 26;
    private const int SecretLength = 43;
    private const int HeadLength = 7;
    private const int LongestKey = 512;

    // A mandate's key is not rotated: the mandate is revoked and another one made.
    private const int OnlyGeneration = 1;

    public string Issue(Id<WalletKind> id, int generation) => Issue(CallerKind.Wallet, id.ToString(), id.Value, generation);

    public string Issue(Id<PayeeKind> id, int generation) => Issue(CallerKind.Payee, id.ToString(), id.Value, generation);

    public string Issue(Id<MandateKind> id) => Issue(CallerKind.Mandate, id.ToString(), id.Value, OnlyGeneration);

    /// <summary>Reads a key and checks its secret.</summary>
    /// <returns>False if this server never issued it. Whether its generation is still current is for the caller to check; the operator's has none.</returns>
    public bool TryRead(string text, out Caller caller, out int generation)
    {
        caller = default;
        generation = 0;
        if (text.Length > LongestKey) return false;
        if (text.StartsWith("fk_wal_", StringComparison.Ordinal)) return TryReadIssued<WalletKind>(text, CallerKind.Wallet, out caller, out generation);
        if (text.StartsWith("fk_man_", StringComparison.Ordinal)) return TryReadIssued<MandateKind>(text, CallerKind.Mandate, out caller, out generation);
        if (text.StartsWith("fk_pye_", StringComparison.Ordinal)) return TryReadIssued<PayeeKind>(text, CallerKind.Payee, out caller, out generation);
        if (!CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(text)), operatorKeyHash)) return false;
        caller = new(CallerKind.Operator, 0);
        return true;
    }

    private bool TryReadIssued<T>(string text, CallerKind kind, out Caller caller, out int generation) where T : IIdKind
    {
        caller = default;
        generation = 0;
        var idEnd = HeadLength + IdLength;
        var secretStart = text.Length - SecretLength;
        if (secretStart < idEnd + 3 || text[idEnd] != '_' || text[secretStart - 1] != '_') return false;
        if (!Id<T>.TryParse(text.AsSpan(3, Id<T>.TextLength), out var id)) return false;
        if (!int.TryParse(text.AsSpan(idEnd + 1, secretStart - 1 - (idEnd + 1)), NumberStyles.None, CultureInfo.InvariantCulture, out generation)) return false;

        Span<byte> shown = stackalloc byte[33];
        Span<byte> expected = stackalloc byte[32];
        if (Base64Url.DecodeFromChars(text.AsSpan(secretStart), shown, out _, out var length) != OperationStatus.Done || length != 32) return false;
        secrets.WriteIssuedKey((byte)kind, id.Value, generation, expected);
        if (!CryptographicOperations.FixedTimeEquals(shown[..32], expected)) return false;
        caller = new(kind, id.Value);
        return true;
    }

    private string Issue(CallerKind kind, string id, UInt128 value, int generation)
    {
        Span<byte> secret = stackalloc byte[32];
        secrets.WriteIssuedKey((byte)kind, value, generation, secret);
        return string.Create(CultureInfo.InvariantCulture, $"fk_{id}_{generation}_{Base64Url.EncodeToString(secret)}");
    }
}
