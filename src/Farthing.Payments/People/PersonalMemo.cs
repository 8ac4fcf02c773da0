using System.Buffers.Binary;
using System.Text;
using Farthing.Ledger;
using Farthing.Payments.Wallets;

namespace Farthing.Payments.People;

/// <summary>What belongs to a personal payment besides the money. It is journaled sealed twice, first for the payer and then for the paid, each half under the wallet's own key.</summary>
/// <remarks>
/// So both can read it and nobody else, and erasing one of the two leaves the other's copy. Bytes of each: version 1 (1), the request that was accepted (16, zero
/// for none), the note as UTF-8.
/// </remarks>
internal sealed record PersonalMemo(UInt128 Request, string? Note)
{
    /// <summary>The longest note, in characters: what surely fits twice into a memo.</summary>
    public const int MaxNoteLength = 140;

    private const byte Version = 1;
    private const int HeadLength = 17;
    private const int MaxPlainLength = (Command.MaxMemoLength / 2) - MemoCipher.Overhead;

    /// <summary>Seals it for both.</summary>
    /// <param name="payer">The cipher of the wallet that is debited.</param>
    /// <param name="paid">The cipher of the wallet that is credited.</param>
    /// <param name="id">What it belongs to.</param>
    public byte[] Seal(MemoCipher payer, MemoCipher paid, UInt128 id)
    {
        Span<byte> plain = stackalloc byte[MaxPlainLength];
        plain[0] = Version;
        BinaryPrimitives.WriteUInt128BigEndian(plain[1..], Request);
        var length = HeadLength + Encoding.UTF8.GetBytes(Note ?? "", plain[HeadLength..]);
        return [.. payer.Seal(id, plain[..length]), .. paid.Seal(id, plain[..length])];
    }

    /// <summary>Opens one party's copy.</summary>
    /// <param name="cipher">The party's cipher; null if it was erased.</param>
    /// <param name="isPayer">Which copy.</param>
    /// <param name="id">What it belongs to.</param>
    /// <param name="memo">Both copies.</param>
    /// <returns>Null if the party was erased, or the copy is not one of this party and payment.</returns>
    public static PersonalMemo? TryOpen(MemoCipher? cipher, bool isPayer, UInt128 id, ReadOnlyMemory<byte> memo)
    {
        var half = memo.Length / 2;
        if (cipher?.TryOpen(id, (isPayer ? memo[..half] : memo[half..]).Span) is not { } plain || plain.Length < HeadLength || plain[0] != Version) return null;
        var note = plain.Length == HeadLength ? null : Encoding.UTF8.GetString(plain.AsSpan(HeadLength));
        return new(BinaryPrimitives.ReadUInt128BigEndian(plain.AsSpan(1)), note);
    }
}
