using System.Buffers.Binary;
using System.Text;
using Farthing.Ledger;
using Farthing.Payments.Wallets;
using Farthing.Protocol;

namespace Farthing.Payments.Desk;

/// <summary>What belongs to a payment besides the money. It is journaled only sealed under the wallet's key.</summary>
/// <remarks>
/// Bytes: version 1 (1), quantity (4, big-endian), offer (16, zero for none), then reference, resource and title, each as its length in bytes plus one
/// (2, big-endian; 0 for none) and UTF-8. The reference always fits; a resource that does not fit beside it is left out, a title is cut. That is done when the
/// memo is made, so that an answer never says more than the journal remembers.
/// </remarks>
internal sealed record PaymentMemo(uint Quantity, Id<OfferKind>? Offer, string? Reference, string? Resource, string? Title)
{
    private const byte Version = 1;
    private const int HeadLength = 21;
    private const int CountLength = 2;
    private const int MaxPlainLength = Command.MaxMemoLength - MemoCipher.Overhead;

    /// <summary>A memo of what fits.</summary>
    public static PaymentMemo Fit(uint quantity, Id<OfferKind>? offer, string? reference, string? resource, string? title)
    {
        var room = MaxPlainLength - HeadLength - (3 * CountLength) - LengthOf(reference);
        if (LengthOf(resource) > room) resource = null;
        return new(quantity, offer, reference, resource, CutToFit(title, room - LengthOf(resource)));
    }

    public byte[] Seal(MemoCipher cipher, UInt128 payment)
    {
        Span<byte> plain = stackalloc byte[MaxPlainLength];
        plain[0] = Version;
        BinaryPrimitives.WriteUInt32BigEndian(plain[1..], Quantity);
        BinaryPrimitives.WriteUInt128BigEndian(plain[5..], Offer?.Value ?? default);
        var length = HeadLength;
        length += Write(plain[length..], Reference);
        length += Write(plain[length..], Resource);
        length += Write(plain[length..], Title);
        return cipher.Seal(payment, plain[..length]);
    }

    /// <summary>Opens the memo of a payment.</summary>
    /// <returns>Null if the wallet is erased, or the memo is not one of this wallet and payment.</returns>
    public static PaymentMemo? TryOpen(MemoCipher? cipher, UInt128 payment, ReadOnlyMemory<byte> memo)
    {
        if (cipher?.TryOpen(payment, memo.Span) is not { } plain || plain.Length < HeadLength || plain[0] != Version) return null;
        var offer = BinaryPrimitives.ReadUInt128BigEndian(plain.AsSpan(5));
        ReadOnlySpan<byte> rest = plain.AsSpan(HeadLength);
        return TryReadText(ref rest, out var reference) && TryReadText(ref rest, out var resource) && TryReadText(ref rest, out var title)
            ? new(BinaryPrimitives.ReadUInt32BigEndian(plain.AsSpan(1)), offer == 0 ? null : new Id<OfferKind>(offer), reference, resource, title)
            : null;
    }

    private static int LengthOf(string? text) => text is null ? 0 : Encoding.UTF8.GetByteCount(text);

    private static int Write(Span<byte> destination, string? text)
    {
        var length = text is null ? 0 : Encoding.UTF8.GetBytes(text, destination[CountLength..]);
        BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)(text is null ? 0 : length + 1));
        return CountLength + length;
    }

    private static string? CutToFit(string? text, int bytes)
    {
        if (text is null || LengthOf(text) <= bytes) return text;
        var end = Math.Min(text.Length, bytes / 3);
        if (end > 0 && char.IsHighSurrogate(text[end - 1])) end--;
        return text[..end];
    }

    private static bool TryReadText(ref ReadOnlySpan<byte> rest, out string? text)
    {
        text = null;
        if (rest.Length < 2) return false;
        var length = BinaryPrimitives.ReadUInt16BigEndian(rest) - 1;
        rest = rest[2..];
        if (length < 0) return true;
        if (rest.Length < length) return false;
        text = Encoding.UTF8.GetString(rest[..length]);
        rest = rest[length..];
        return true;
    }
}
