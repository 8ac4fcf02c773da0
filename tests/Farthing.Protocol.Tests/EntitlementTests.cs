using System.Text;

namespace Farthing.Protocol.Tests;

public class EntitlementTests
{
    internal static Entitlement Example { get; } = new()
    {
        Payee = new(Keys.IdOf(1)),
        Payment = new(Keys.IdOf(0x4200)),
        Resource = "/articles/rain",
        Nonce = "YWJjZGVmZ2hpamtsbW5vcA",
        Issued = DateTimeOffset.FromUnixTimeSeconds(1_795_392_000),
        Expires = DateTimeOffset.FromUnixTimeSeconds(1_795_392_060),
        RefundableUntil = DateTimeOffset.FromUnixTimeSeconds(1_795_393_800),
    };

    internal static Entitlement OfMeter { get; } = Example with { Resource = "meter:off_01M82V7M0000000000000000G1", RefundableUntil = null, Meter = new MeterCover(Amount.Parse("0.001 USD"), 750, 375_000) };

    [Fact]
    public void Signed_entitlement_reads_back_under_its_key_only()
    {
        foreach (var entitlement in new[] { Example, Example with { RefundableUntil = null }, OfMeter })
        {
            var token = entitlement.Sign(Keys.Operator);
            Assert.True(Entitlement.TryVerify(token, Keys.Operator.Verifier, out var read));
            Assert.Equal(entitlement, read);
            Assert.False(Entitlement.TryVerify(token, Keys.Stranger.Verifier, out _));
        }
    }

    [Fact]
    public void Any_changed_character_breaks_the_token()
    {
        var token = Example.Sign(Keys.Operator);
        for (var i = 0; i < token.Length; i++)
        {
            var changed = token[..i] + (token[i] == 'A' ? 'B' : 'A') + token[(i + 1)..];
            Assert.False(Entitlement.TryVerify(changed, Keys.Operator.Verifier, out _), $"character {i}");
        }
    }

    [Fact]
    public void Terms_do_not_pass_for_an_entitlement()
    {
        // Even with the members of an entitlement and the right key: the context differs.
        var payload = SignedToken.TryRead(Example.Sign(Keys.Operator), Entitlement.MaxTokenLength, out var token) ? token.Payload : [];
        Assert.NotEmpty(payload);
        Assert.True(Entitlement.TryVerify(SignedToken.Sign("farthing-entitlement-v1", payload, Keys.Operator), Keys.Operator.Verifier, out _));
        Assert.False(Entitlement.TryVerify(SignedToken.Sign("farthing-terms-v1", payload, Keys.Operator), Keys.Operator.Verifier, out _));
    }

    [Theory]
    [InlineData("\"payment\"", "\"receipt\"")]
    [InlineData("\"resource\"", "\"payee\"")]
    [InlineData("1795392060", "1795391999")]
    [InlineData("1795392060", "\"1795392060\"")]
    [InlineData("1795393800", "null")]
    [InlineData("YWJjZGVmZ2hpamtsbW5vcA", "short")]
    [InlineData("/articles/rain", "")]
    [InlineData("pay_", "ref_")]
    public void Malformed_payload_is_refused_although_signed(string part, string instead)
    {
        Assert.True(SignedToken.TryRead(Example.Sign(Keys.Operator), Entitlement.MaxTokenLength, out var token));
        var json = Encoding.UTF8.GetString(token.Payload);
        var changed = json.Replace(part, instead, StringComparison.Ordinal);
        Assert.NotEqual(json, changed);
        Assert.False(Entitlement.TryVerify(SignedToken.Sign("farthing-entitlement-v1", Encoding.UTF8.GetBytes(changed), Keys.Operator), Keys.Operator.Verifier, out _));
    }

    [Theory]
    [InlineData("\"units\":375000", "\"units\":0")]
    [InlineData("\"units\":375000", "\"units\":-1")]
    [InlineData("\"units\":375000", "\"units\":1000000000001")]
    [InlineData("\"units\":375000", "\"units\":1.5")]
    [InlineData("\"units\":375000", "\"units\":\"375000\"")]
    [InlineData(",\"units\":375000", "")]
    [InlineData(",\"units\":375000", ",\"units\":375000,\"units\":375000")]
    [InlineData("\"count\":750", "\"count\":0")]
    [InlineData("\"count\":750", "\"counts\":750")]
    [InlineData("\"amount\":\"0.001\"", "\"amount\":\"0\"")]
    [InlineData("\"amount\":\"0.001\"", "\"amount\":\"0.0000001\"")]
    [InlineData("\"USD\"", "\"XXX\"")]
    [InlineData("\"meter\":{", "\"meter\":[{")]
    public void Malformed_cover_of_a_meter_is_refused_although_signed(string part, string instead)
    {
        Assert.True(SignedToken.TryRead(OfMeter.Sign(Keys.Operator), Entitlement.MaxTokenLength, out var token));
        var json = Encoding.UTF8.GetString(token.Payload);
        var changed = json.Replace(part, instead, StringComparison.Ordinal);
        Assert.NotEqual(json, changed);
        Assert.False(Entitlement.TryVerify(SignedToken.Sign("farthing-entitlement-v1", Encoding.UTF8.GetBytes(changed), Keys.Operator), Keys.Operator.Verifier, out _));
    }

    [Fact]
    public void Members_out_of_bounds_are_not_signed()
    {
        Assert.Throws<InvalidOperationException>(() => (Example with { Expires = Example.Issued.AddSeconds(-1) }).Sign(Keys.Operator));
        Assert.Throws<InvalidOperationException>(() => (Example with { Payee = default }).Sign(Keys.Operator));
        Assert.Throws<InvalidOperationException>(() => (OfMeter with { Meter = OfMeter.Meter! with { Units = 0 } }).Sign(Keys.Operator));
        Assert.Throws<InvalidOperationException>(() => (Example with { Resource = "" }).Sign(Keys.Operator));
    }
}
