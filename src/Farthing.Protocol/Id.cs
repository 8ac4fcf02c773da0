using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Farthing.Protocol;

/// <summary>The kind of thing that an id names; it gives the id's prefix on the wire.</summary>
public interface IIdKind
{
    /// <summary>Three lower-case letters, such as <c>pay</c>.</summary>
    static abstract string Prefix { get; }
}

/// <summary>Ids of wallets: <c>wal_…</c>.</summary>
public sealed class WalletKind : IIdKind { static string IIdKind.Prefix => "wal"; }

/// <summary>Ids of payees: <c>pye_…</c>.</summary>
public sealed class PayeeKind : IIdKind { static string IIdKind.Prefix => "pye"; }

/// <summary>Ids of offers: <c>off_…</c>.</summary>
public sealed class OfferKind : IIdKind { static string IIdKind.Prefix => "off"; }

/// <summary>Ids of mandates: <c>man_…</c>.</summary>
public sealed class MandateKind : IIdKind { static string IIdKind.Prefix => "man"; }

/// <summary>Ids of payments: <c>pay_…</c>.</summary>
public sealed class PaymentKind : IIdKind { static string IIdKind.Prefix => "pay"; }

/// <summary>Ids of refunds: <c>ref_…</c>.</summary>
public sealed class RefundKind : IIdKind { static string IIdKind.Prefix => "ref"; }

/// <summary>Ids of top-ups: <c>top_…</c>.</summary>
public sealed class TopUpKind : IIdKind { static string IIdKind.Prefix => "top"; }

/// <summary>Ids of payouts: <c>out_…</c>.</summary>
public sealed class PayoutKind : IIdKind { static string IIdKind.Prefix => "out"; }

/// <summary>Pseudonyms of payers, one per wallet and payee: <c>pyr_…</c>.</summary>
public sealed class PayerKind : IIdKind { static string IIdKind.Prefix => "pyr"; }

/// <summary>Ids by which wallets pay and ask each other: <c>hdl_…</c>.</summary>
public sealed class HandleKind : IIdKind { static string IIdKind.Prefix => "hdl"; }

/// <summary>Ids of payments between wallets: <c>per_…</c>.</summary>
public sealed class PersonalPaymentKind : IIdKind { static string IIdKind.Prefix => "per"; }

/// <summary>Ids of subscriptions: <c>sub_…</c>.</summary>
public sealed class SubscriptionKind : IIdKind { static string IIdKind.Prefix => "sub"; }

/// <summary>Ids of what happened to something: <c>evt_…</c>.</summary>
public sealed class EventKind : IIdKind { static string IIdKind.Prefix => "evt"; }

/// <summary>Ids of monthly tips: <c>tip_…</c>.</summary>
public sealed class TipKind : IIdKind { static string IIdKind.Prefix => "tip"; }

/// <summary>Ids of requests, money that one wallet asks of another: <c>req_…</c>.</summary>
public sealed class RequestKind : IIdKind { static string IIdKind.Prefix => "req"; }

/// <summary>Ids of bills, requests that were made together: <c>bil_…</c>.</summary>
public sealed class BillKind : IIdKind { static string IIdKind.Prefix => "bil"; }

/// <summary>Ids of tabs: <c>tab_…</c>.</summary>
public sealed class TabKind : IIdKind { static string IIdKind.Prefix => "tab"; }

/// <summary>Ids of meters: <c>mtr_…</c>.</summary>
public sealed class MeterKind : IIdKind { static string IIdKind.Prefix => "mtr"; }

/// <summary>Ids of campaigns: <c>cam_…</c>.</summary>
public sealed class CampaignKind : IIdKind { static string IIdKind.Prefix => "cam"; }

/// <summary>Ids of pledges for a campaign: <c>plg_…</c>.</summary>
public sealed class PledgeKind : IIdKind { static string IIdKind.Prefix => "plg"; }

/// <summary>Ids of round-ups: <c>rup_…</c>.</summary>
public sealed class RoundUpKind : IIdKind { static string IIdKind.Prefix => "rup"; }

/// <summary>Ids of fare cards: <c>fcd_…</c>.</summary>
public sealed class FareCardKind : IIdKind { static string IIdKind.Prefix => "fcd"; }

/// <summary>Ids of the fare days of cards: <c>fdy_…</c>.</summary>
public sealed class FareDayKind : IIdKind { static string IIdKind.Prefix => "fdy"; }

/// <summary>Ids of taps of fare cards: <c>tap_…</c>.</summary>
public sealed class FareTapKind : IIdKind { static string IIdKind.Prefix => "tap"; }

/// <summary>Ids of webhooks: <c>whk_…</c>.</summary>
public sealed class WebhookKind : IIdKind { static string IIdKind.Prefix => "whk"; }

/// <summary>A 128-bit id: 48 bits of Unix milliseconds, then 80 bits chosen by whoever made it. Ids made later sort later.</summary>
/// <typeparam name="T">What the id names. Ids of different kinds do not mix.</typeparam>
/// <param name="Value">The number; zero names nothing.</param>
/// <remarks>On the wire an id is a prefix, an underscore and 26 characters of Crockford base32 in upper case. Immutable; safe to share between threads.</remarks>
public readonly record struct Id<T>(UInt128 Value) : IComparable<Id<T>> where T : IIdKind
{
    /// <summary>The length of an id's text.</summary>
    public const int TextLength = 30;

    /// <summary>True if this id names nothing.</summary>
    public bool IsZero => Value == UInt128.Zero;

    /// <summary>A new random id for this instant.</summary>
    public static Id<T> New(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        Span<byte> random = stackalloc byte[10];
        RandomNumberGenerator.Fill(random);
        return new(IdBytes.Compose(time.GetUtcNow().ToUnixTimeMilliseconds(), random));
    }

    /// <summary>Reads an id's text. Lower case and the look-alikes that Crockford allows are refused: one id, one text.</summary>
    /// <returns>False if the prefix is of another kind or the rest is not 26 characters of base32 below 2^128. Never throws.</returns>
    public static bool TryParse(ReadOnlySpan<char> text, out Id<T> id)
    {
        id = default;
        var prefix = T.Prefix;
        if (text.Length != TextLength || !text.StartsWith(prefix) || text[prefix.Length] != '_') return false;
        if (!Crockford.TryDecode(text[(prefix.Length + 1)..], out var value)) return false;
        id = new(value);
        return true;
    }

    /// <summary>Reads an id's text.</summary>
    /// <exception cref="FormatException">The text is not an id of this kind.</exception>
    public static Id<T> Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException($"'{text}' is not an id of the form {T.Prefix}_ and 26 characters.");

    /// <inheritdoc/>
    public int CompareTo(Id<T> other) => Value.CompareTo(other.Value);

    /// <summary>The text on the wire, such as <c>pay_01JD3…</c>.</summary>
    public override string ToString() => string.Create(TextLength, Value, static (span, value) =>
    {
        T.Prefix.CopyTo(span);
        span[3] = '_';
        Crockford.Encode(value, span[4..]);
    });

    /// <summary>Writes the text as ASCII; needs <see cref="TextLength"/> bytes.</summary>
    public void FormatUtf8(Span<byte> destination)
    {
        Ascii.FromUtf16(T.Prefix, destination, out _);
        destination[3] = (byte)'_';
        Crockford.Encode(Value, destination[4..]);
    }

    /// <summary>Orders ids by their number.</summary>
    public static bool operator <(Id<T> left, Id<T> right) => left.Value < right.Value;

    /// <summary>Orders ids by their number.</summary>
    public static bool operator >(Id<T> left, Id<T> right) => left.Value > right.Value;

    /// <summary>Orders ids by their number.</summary>
    public static bool operator <=(Id<T> left, Id<T> right) => left.Value <= right.Value;

    /// <summary>Orders ids by their number.</summary>
    public static bool operator >=(Id<T> left, Id<T> right) => left.Value >= right.Value;
}

/// <summary>The bytes of ids: 48 bits of Unix milliseconds, big-endian, then 80 bits.</summary>
public static class IdBytes
{
    /// <summary>Puts an id together.</summary>
    /// <param name="unixMilliseconds">0 for an id without a time, else milliseconds since 1970, below 2^48.</param>
    /// <param name="suffix">At least 10 bytes, of which the first 10 are used.</param>
    public static UInt128 Compose(long unixMilliseconds, ReadOnlySpan<byte> suffix)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(unixMilliseconds);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(unixMilliseconds, (1L << 48) - 1);
        var upper = ((ulong)unixMilliseconds << 16) | BinaryPrimitives.ReadUInt16BigEndian(suffix);
        return new UInt128(upper, BinaryPrimitives.ReadUInt64BigEndian(suffix[2..]));
    }

    /// <summary>The 26 characters of an id that stand behind its prefix, for lists where ids of all kinds stand together.</summary>
    public static string ToText(UInt128 id) => string.Create(26, id, static (text, id) => Crockford.Encode(id, text));

    /// <summary>The Unix milliseconds in an id; 0 for an id without a time.</summary>
    public static long TimeOf(UInt128 id) => (long)(ulong)(id >> 80);
}
