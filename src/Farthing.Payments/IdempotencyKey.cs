using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;

namespace Farthing.Payments;

/// <summary>The key that makes a write happen once: 1 to 255 visible ASCII characters, scoped to its caller.</summary>
/// <remarks>The default value is no key. Immutable; safe to share between threads.</remarks>
public readonly record struct IdempotencyKey
{
    /// <summary>The longest key.</summary>
    public const int MaxLength = 255;

    private const int FewestRandomCharacters = 22;
    private const int FewestDifferentCharacters = 10;

    private static readonly SearchValues<char> Random64 = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    private IdempotencyKey(string text) => Text = text;

    /// <summary>The key as sent.</summary>
    public string Text { get; }

    /// <summary>True if the key could be random with 128 bits: a UUID of version 4 or 7, or at least 22 characters out of <c>A-Z a-z 0-9 - _</c> of which at least 10 differ.</summary>
    public bool IsRandomEnough
    {
        get
        {
            if (IsUuid('4') || IsUuid('7')) return true;
            if (Text.Length < FewestRandomCharacters || Text.AsSpan().ContainsAnyExcept(Random64)) return false;
            UInt128 seen = 0;
            foreach (var c in Text) seen |= UInt128.One << c;
            return (int)UInt128.PopCount(seen) >= FewestDifferentCharacters;
        }
    }

    /// <summary>Reads a key. Never throws.</summary>
    /// <returns>False for anything but 1 to 255 characters from <c>!</c> to <c>~</c>.</returns>
    public static bool TryParse(string? text, out IdempotencyKey key)
    {
        key = default;
        if (text is null || text.Length is 0 or > MaxLength || text.AsSpan().ContainsAnyExceptInRange('!', '~')) return false;
        key = new(text);
        return true;
    }

    /// <summary>The key of what a subject is due for: a UUID version 7 of that instant, always the same, so that what is done twice happens once.</summary>
    internal static IdempotencyKey ForDue(UInt128 subject, long dueUnixMilliseconds)
    {
        var bytes = new CanonicalBytes(stackalloc byte[64]);
        bytes.Add("due");
        bytes.Add(subject);
        bytes.Add((UInt128)(ulong)dueUnixMilliseconds);
        var random = bytes.ToDigest().ToString("x32", CultureInfo.InvariantCulture);
        var instant = dueUnixMilliseconds.ToString("x12", CultureInfo.InvariantCulture);
        return new($"{instant[..8]}-{instant[8..]}-7{random[..3]}-8{random[3..6]}-{random[6..18]}");
    }

    /// <summary>The key of something else that is done under this one: always the same, and of the same instant.</summary>
    internal IdempotencyKey For(string purpose)
    {
        var bytes = new CanonicalBytes(stackalloc byte[512]);
        bytes.Add(purpose);
        bytes.Add(Text);
        return ForDue(bytes.ToDigest(), UuidUnixMilliseconds());
    }

    /// <summary>The id that this key stands for: the time of a UUID version 7, or zero, then 72 bits of SHA-256(purpose, caller, key), then eight zero bits,
    /// which number the legs of the chain.</summary>
    public UInt128 DeriveId(string purpose, Caller caller)
    {
        var bytes = new CanonicalBytes(stackalloc byte[512]);
        bytes.Add(purpose);
        bytes.Add((UInt128)(byte)caller.Kind);
        bytes.Add(caller.Account);
        bytes.Add(Text);
        return bytes.ToLegId(UuidUnixMilliseconds());
    }

    /// <summary>SHA-256 of the key as sent: what the settings store remembers it by.</summary>
    internal byte[] ToHash()
    {
        Span<byte> ascii = stackalloc byte[MaxLength];
        var length = System.Text.Encoding.ASCII.GetBytes(Text, ascii);
        return SHA256.HashData(ascii[..length]);
    }

    // The first 48 bits of a UUID version 7 (RFC 9562 section 5.7) are Unix milliseconds.
    private long UuidUnixMilliseconds()
    {
        if (!IsUuid('7')) return 0;
        var text = Text.AsSpan();
        return (long.Parse(text[..8], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) << 16)
            | long.Parse(text[9..13], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
    }

    private bool IsUuid(char version) =>
        Text.Length == 36 && Text[14] == version && "89abAB".Contains(Text[19], StringComparison.Ordinal) && Guid.TryParseExact(Text, "D", out _);
}
