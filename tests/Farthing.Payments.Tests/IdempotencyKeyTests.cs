using Farthing.Protocol;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

public class IdempotencyKeyTests
{
    [Theory]
    [InlineData("a", true)]
    [InlineData("!~", true)]
    [InlineData("", false)]
    [InlineData(null, false)]
    [InlineData("a b", false)]
    [InlineData("a\n", false)]
    [InlineData("é", false)]
    [InlineData("\u007f", false)]
    public void A_key_is_visible_ascii(string? text, bool isKey) => Assert.Equal(isKey, IdempotencyKey.TryParse(text, out _));

    [Fact]
    public void A_key_has_at_most_255_characters()
    {
        Assert.True(IdempotencyKey.TryParse(new string('x', 255), out _));
        Assert.False(IdempotencyKey.TryParse(new string('x', 256), out _));
    }

    [Theory]
    [InlineData("0b9e2f4c-6d1a-4e57-8c3b-2f9d7a6e5c41", true)]
    [InlineData("019370a1-b2c3-7def-8123-456789abcdef", true)]
    [InlineData("00000000-0000-0000-0000-000000000000", false)]
    [InlineData("abcdefghijklmnopqrstu", false)]
    [InlineData("abcdefghijklmnopqrstuv", true)]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false)]
    [InlineData("abcdefghijklmnopqrstu!", false)]
    public void A_key_could_be_random_or_not(string text, bool isRandomEnough) => Assert.Equal(isRandomEnough, Key(text).IsRandomEnough);

    [Fact]
    public void An_id_has_the_time_of_a_uuid_of_version_7_and_is_its_callers_alone()
    {
        var key = Key("019370a1-b2c3-7def-8123-456789abcdef");
        var (one, two) = (new Caller(CallerKind.Wallet, 1), new Caller(CallerKind.Wallet, 2));

        Assert.Equal(0x019370a1b2c3, IdBytes.TimeOf(key.DeriveId("pay", one)));
        Assert.Equal(0, IdBytes.TimeOf(Key("0b9e2f4c-6d1a-4e57-8c3b-2f9d7a6e5c41").DeriveId("pay", one)));
        Assert.Equal(0, IdBytes.TimeOf(Key("invoice-7").DeriveId("pay", one)));
        Assert.Equal(UInt128.Zero, key.DeriveId("pay", one) & 0xFF);
        UInt128[] ids = [key.DeriveId("pay", one), key.DeriveId("pay", two), key.DeriveId("post", one), key.DeriveId("pay", new(CallerKind.Payee, 1)), Key("invoice-7").DeriveId("pay", one)];
        Assert.Equal(ids.Length, ids.Distinct().Count());
        Assert.Equal(ids[0], key.DeriveId("pay", one));
    }
}
