using System.Security.Cryptography;
using Farthing.Payments.Wallets;

namespace Farthing.Payments.Tests;

public sealed class MemoCipherTests
{
    [Fact]
    public void Sealing_gives_what_the_framework_gives_for_every_length()
    {
        Assert.True(MemoSealer.IsNative || !OperatingSystem.IsLinux());
        var key = RandomNumberGenerator.GetBytes(MemoCipher.KeyLength);
        var sealer = new MemoSealer(key);
        using var framework = new AesGcm(key, MemoSealer.TagLength);
        var compared = 0;
        for (var length = 0; length <= 1024; length++, compared++)
        {
            var (nonce, plain, associated) = (RandomNumberGenerator.GetBytes(MemoSealer.NonceLength), RandomNumberGenerator.GetBytes(length), RandomNumberGenerator.GetBytes(16));
            var (own, theirs) = (new byte[length], new byte[length]);
            var (ownTag, theirTag) = (new byte[MemoSealer.TagLength], new byte[MemoSealer.TagLength]);
            sealer.Encrypt(nonce, plain, own, ownTag, associated);
            framework.Encrypt(nonce, plain, theirs, theirTag, associated);
            Assert.Equal(theirs, own);
            Assert.Equal(theirTag, ownTag);
        }

        Assert.Equal(1025, compared);
    }

    [Fact]
    public void Threads_that_share_a_wallet_never_repeat_a_nonce_and_every_memo_opens_for_its_own_payment_only()
    {
        var cipher = new MemoCipher(RandomNumberGenerator.GetBytes(MemoCipher.KeyLength));
        var memos = new byte[4_000][];
        Parallel.For(0, memos.Length, i => memos[i] = cipher.Seal((UInt128)i, BitConverter.GetBytes(i)));

        Assert.Equal(memos.Length, memos.Select(memo => Convert.ToHexString(memo.AsSpan(1, MemoSealer.NonceLength))).Distinct().Count());
        for (var i = 0; i < memos.Length; i++)
        {
            Assert.Equal(i, BitConverter.ToInt32(cipher.TryOpen((UInt128)i, memos[i])));
            Assert.Null(cipher.TryOpen((UInt128)i + 1, memos[i]));
        }
    }

    [Fact]
    public void Wrong_lengths_are_refused_before_libcrypto_sees_them()
    {
        var sealer = new MemoSealer(new byte[MemoCipher.KeyLength]);
        Assert.Throws<ArgumentOutOfRangeException>(() => sealer.Encrypt(new byte[11], [], [], new byte[16], []));
        Assert.Throws<ArgumentOutOfRangeException>(() => sealer.Encrypt(new byte[12], [], [], new byte[15], []));
        Assert.Throws<ArgumentOutOfRangeException>(() => sealer.Encrypt(new byte[12], new byte[2], new byte[1], new byte[16], []));
    }
}
