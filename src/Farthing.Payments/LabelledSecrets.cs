using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Farthing.Protocol;

namespace Farthing.Payments;

/// <summary>The keys derived from the issuing secret, one per label, so that no use of the secret tells anything about another.</summary>
/// <remarks>Immutable; safe to share between threads.</remarks>
internal sealed class LabelledSecrets(byte[] issuingSecret)
{
    private readonly HmacKey issuedKey = Derive(issuingSecret, "issued-key");
    private readonly HmacKey payer = Derive(issuingSecret, "payer");
    private readonly HmacKey reference = Derive(issuingSecret, "reference");
    private readonly HmacKey cursor = Derive(issuingSecret, "cursor");
    private readonly HmacKey recoveryCode = Derive(issuingSecret, "recovery-code");
    private readonly HmacKey oncePurchase = Derive(issuingSecret, "once-purchase");
    private readonly HmacKey webhook = Derive(issuingSecret, "webhook");

    /// <summary>The key of the cipher that turns wallets' ids into handles.</summary>
    public byte[] HandleKey { get; } = HMACSHA256.HashData(issuingSecret, "farthing handle v1"u8);

    /// <summary>The pseudonym of a wallet with a payee: the same every time, unlinkable between payees.</summary>
    public Id<PayerKind> PayerOf(UInt128 wallet, UInt128 payee)
    {
        Span<byte> message = stackalloc byte[32];
        BinaryPrimitives.WriteUInt128BigEndian(message, wallet);
        BinaryPrimitives.WriteUInt128BigEndian(message[16..], payee);
        return new(First16(payer, message));
    }

    /// <summary>The blind index of a reference for one party, a payee or a wallet.</summary>
    public UInt128 ReferenceOf(UInt128 party, string text)
    {
        Span<byte> message = stackalloc byte[16 + (text.Length * 3)];
        BinaryPrimitives.WriteUInt128BigEndian(message, party);
        var length = 16 + Encoding.UTF8.GetBytes(text, message[16..]);
        return First16(reference, message[..length]);
    }

    /// <summary>32 bytes that only this server can make for a kind, an id and a generation of its key.</summary>
    public void WriteIssuedKey(byte kind, UInt128 id, int generation, Span<byte> destination)
    {
        Span<byte> message = stackalloc byte[21];
        message[0] = kind;
        BinaryPrimitives.WriteUInt128BigEndian(message[1..], id);
        BinaryPrimitives.WriteInt32BigEndian(message[17..], generation);
        issuedKey.Authenticate(message, destination);
    }

    /// <summary>32 bytes that what is sent to a webhook is signed with, by the generation of its secret.</summary>
    public byte[] WebhookSecretOf(UInt128 webhookId, int generation)
    {
        Span<byte> message = stackalloc byte[20];
        BinaryPrimitives.WriteUInt128BigEndian(message, webhookId);
        BinaryPrimitives.WriteInt32BigEndian(message[16..], generation);
        var secret = new byte[32];
        webhook.Authenticate(message, secret);
        return secret;
    }

    /// <summary>The recovery code of a wallet with this number.</summary>
    public UInt128 RecoveryCodeOf(UInt128 wallet, int number)
    {
        Span<byte> message = stackalloc byte[20];
        BinaryPrimitives.WriteUInt128BigEndian(message, wallet);
        BinaryPrimitives.WriteInt32BigEndian(message[16..], number);
        return First16(recoveryCode, message);
    }

    /// <summary>What shows that a cursor was made here for this list.</summary>
    public UInt128 CursorSeal(string list, UInt128 owner, UInt128 value)
    {
        Span<byte> message = stackalloc byte[32 + list.Length];
        BinaryPrimitives.WriteUInt128BigEndian(message, owner);
        BinaryPrimitives.WriteUInt128BigEndian(message[16..], value);
        Encoding.ASCII.GetBytes(list, message[32..]);
        return First16(cursor, message);
    }

    /// <summary>32 bytes that stand for a purchase made only once, and that nobody outside can search for one that collides.</summary>
    public void WriteOncePurchase(ReadOnlySpan<byte> purchase, Span<byte> destination) => oncePurchase.Authenticate(purchase, destination);

    private static HmacKey Derive(byte[] secret, string label) => new(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes($"farthing {label} v1")));

    private static UInt128 First16(HmacKey key, ReadOnlySpan<byte> message)
    {
        Span<byte> hash = stackalloc byte[Sha256.HashLength];
        key.Authenticate(message, hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }
}
