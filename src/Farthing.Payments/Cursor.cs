using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace Farthing.Payments;

/// <summary>Opaque cursors: a number of one list of one owner, sealed so that an edited one, or one of another list, is noticed.</summary>
internal sealed class Cursor(LabelledSecrets secrets, string list)
{
    public string Write(UInt128 owner, UInt128 value)
    {
        Span<byte> bytes = stackalloc byte[32];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, value);
        BinaryPrimitives.WriteUInt128BigEndian(bytes[16..], secrets.CursorSeal(list, owner, value));
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>Reads a cursor.</summary>
    /// <returns>False if it is not one of this list and owner. No cursor is the start: true, and <paramref name="value"/> is null.</returns>
    public bool TryRead(UInt128 owner, string? text, out UInt128? value)
    {
        value = null;
        if (text is null) return true;
        Span<byte> bytes = stackalloc byte[33];
        if (text.Length != 43 || Base64Url.DecodeFromChars(text, bytes, out _, out var length) != OperationStatus.Done || length != 32) return false;
        var number = BinaryPrimitives.ReadUInt128BigEndian(bytes);
        Span<byte> seal = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(seal, secrets.CursorSeal(list, owner, number));
        if (!CryptographicOperations.FixedTimeEquals(seal, bytes[16..32])) return false;
        value = number;
        return true;
    }

    /// <summary>The page size that is used for one that was asked for: 1 to 200.</summary>
    public static int ClampPageSize(int pageSize) => Math.Clamp(pageSize, 1, 200);

    public static Refusal Invalid { get; } = new(RefusalCodes.InvalidCursor, "This list did not give that cursor. Start again without one.");
}
