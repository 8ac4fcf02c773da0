using System.Buffers.Binary;
using System.Security.Cryptography;
using Farthing.Protocol;

namespace Farthing.Payments.People;

/// <summary>Handles: the ids by which one wallet pays or asks another.</summary>
/// <remarks>
/// A handle is the wallet's id under a block cipher whose key only this server has, so it needs no row, tells nothing, and cannot be guessed: whoever has it was
/// given it, and to give it away is the consent to be paid and asked. A wallet's own id stays between it and the server, so that what payees, doors and journals
/// know by it never meets what people know. Immutable; safe to share between threads.
/// </remarks>
internal sealed class Handles(LabelledSecrets secrets)
{
    private const int BlockLength = 16;

    public Id<HandleKind> Of(UInt128 wallet)
    {
        Span<byte> block = stackalloc byte[BlockLength];
        BinaryPrimitives.WriteUInt128BigEndian(block, wallet);
        using var cipher = NewCipher();
        cipher.EncryptEcb(block, block, PaddingMode.None);
        return new(BinaryPrimitives.ReadUInt128BigEndian(block));
    }

    /// <summary>The wallet's id, if there is such a wallet; any other number if there is none.</summary>
    public UInt128 Open(Id<HandleKind> handle)
    {
        Span<byte> block = stackalloc byte[BlockLength];
        BinaryPrimitives.WriteUInt128BigEndian(block, handle.Value);
        using var cipher = NewCipher();
        cipher.DecryptEcb(block, block, PaddingMode.None);
        return BinaryPrimitives.ReadUInt128BigEndian(block);
    }

    private Aes NewCipher()
    {
        var cipher = Aes.Create();
        cipher.Key = secrets.HandleKey;
        return cipher;
    }
}
