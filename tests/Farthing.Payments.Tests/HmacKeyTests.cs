using System.Security.Cryptography;

namespace Farthing.Payments.Tests;

public sealed class HmacKeyTests
{
    [Fact]
    public void Authenticate_agrees_with_the_framework_for_every_length_of_key_and_message()
    {
        Span<byte> own = stackalloc byte[32];
        var compared = 0;
        for (var keyLength = 0; keyLength <= 64; keyLength += 8)
        {
            var key = RandomNumberGenerator.GetBytes(keyLength);
            var hmac = new HmacKey(key);
            for (var length = 0; length <= 200; length++, compared++)
            {
                var message = RandomNumberGenerator.GetBytes(length);
                hmac.Authenticate(message, own);
                Assert.Equal(HMACSHA256.HashData(key, message), own.ToArray());
            }
        }

        Assert.Equal(9 * 201, compared);
    }

    [Fact]
    public void A_key_longer_than_a_block_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => new HmacKey(new byte[65]));
}
