using System.Security.Cryptography;

namespace Farthing.Protocol.Tests;

public class Sha256Tests
{
    [Fact]
    public void Hash_equals_that_of_the_framework_for_every_length_and_split()
    {
        Span<byte> ours = stackalloc byte[32], fallback = stackalloc byte[32];
        var compared = 0;
        foreach (var length in Enumerable.Range(0, 200).Concat([1023, 1024, 1025, 1078, 1079, 1080, 1081, 4096, 100_000]))
        {
            var data = new byte[length];
            for (var i = 0; i < length; i++) data[i] = (byte)(i * 31 % 251);
            var expected = SHA256.HashData(data);
            foreach (var split in new[] { 0, 1, length / 2, length })
            {
                if (split > length) continue;
                Sha256.Hash(data.AsSpan(0, split), data.AsSpan(split), ours);
                Sha256.HashManaged(data.AsSpan(0, split), data.AsSpan(split), fallback);
                Assert.True(ours.SequenceEqual(expected));
                Assert.True(fallback.SequenceEqual(expected));
                compared++;
            }
        }

        Assert.Equal(835, compared);
    }

    // Where a release of the system's library lacks what is called, nothing but this test would notice how slow hashing has become.
    [Fact]
    public void Short_inputs_are_hashed_by_libcrypto() => Assert.True(Sha256.IsNative || !OperatingSystem.IsLinux());

    [Fact]
    public void Destination_may_overlap_the_input()
    {
        var buffer = new byte[64];
        var expected = SHA256.HashData(buffer);
        Sha256.Hash(buffer, buffer.AsSpan(16));
        Assert.Equal(expected, buffer.AsSpan(16, 32).ToArray());
    }

    [Fact]
    public void Short_destination_is_refused() =>
        Assert.Throws<ArgumentException>(() => Sha256.Hash([], new byte[31]));
}
