using System.Text;
using Farthing.Protocol.Webhooks;
using Microsoft.Extensions.Time.Testing;

namespace Farthing.Protocol.Tests;

/// <summary>Signatures of Standard Webhooks. The vector is the one that its own libraries are tested with.</summary>
public class WebhookVerifierTests
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private const string Id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    private const long Seconds = 1_614_265_330;
    private const string Timestamp = "1614265330";
    private const string Signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    private static readonly byte[] Body = """{"test": 2432232314}"""u8.ToArray();

    private readonly FakeTimeProvider time = new(DateTimeOffset.FromUnixTimeSeconds(Seconds));

    [Fact]
    public void The_published_vector_is_signed_and_verified()
    {
        Assert.Equal(Signature, WebhookVerifier.Sign(Convert.FromBase64String(Secret[6..]), Id, Seconds, Body));
        Assert.Equal(WebhookFinding.Valid, new WebhookVerifier(Secret, time).Verify(Id, Timestamp, Signature, Body));
        Assert.Equal(WebhookFinding.Valid, new WebhookVerifier(Secret[6..], time).Verify(Id, Timestamp, Signature, Body));
    }

    [Theory]
    [InlineData(Signature, WebhookFinding.Valid)]
    [InlineData("v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg== " + Signature + " v2,x", WebhookFinding.Valid)]
    [InlineData("v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", WebhookFinding.SignatureWrong)]
    [InlineData("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF=", WebhookFinding.SignatureWrong)]
    [InlineData("v1,g0hM9SsE", WebhookFinding.SignatureWrong)]
    [InlineData("v1,", WebhookFinding.SignatureWrong)]
    [InlineData("g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", WebhookFinding.SignatureWrong)]
    [InlineData("v1,ĝ0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", WebhookFinding.SignatureWrong)]
    [InlineData("", WebhookFinding.HeaderMissing)]
    [InlineData(null, WebhookFinding.HeaderMissing)]
    public void One_good_signature_among_others_is_enough_and_none_is_not(string? signature, WebhookFinding expected) =>
        Assert.Equal(expected, new WebhookVerifier(Secret, time).Verify(Id, Timestamp, signature, Body));

    [Theory]
    [InlineData("1614265330", 300, WebhookFinding.Valid)]
    [InlineData("1614265330", 301, WebhookFinding.TooOld)]
    [InlineData("1614265330", -300, WebhookFinding.Valid)]
    [InlineData("1614265330", -301, WebhookFinding.TooNew)]
    [InlineData("01614265330.0", 0, WebhookFinding.TimestampMalformed)]
    [InlineData("-1614265330", 0, WebhookFinding.TimestampMalformed)]
    [InlineData("99999999999999999999", 0, WebhookFinding.TimestampMalformed)]
    [InlineData("9223372036854775807", 0, WebhookFinding.TooNew)]
    public void What_was_sent_long_ago_or_is_not_sent_yet_is_refused(string timestamp, int secondsLater, WebhookFinding expected)
    {
        var clock = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(Seconds + secondsLater));
        Assert.Equal(expected, new WebhookVerifier(Secret, clock).Verify(Id, timestamp, Signature, Body));
    }

    [Fact]
    public void Another_id_time_body_or_secret_is_not_what_was_signed()
    {
        var verifier = new WebhookVerifier(Secret, time);
        Assert.Equal(WebhookFinding.SignatureWrong, verifier.Verify(Id + "x", Timestamp, Signature, Body));
        Assert.Equal(WebhookFinding.SignatureWrong, verifier.Verify(Id, "1614265331", Signature, Body));
        for (var i = 0; i < Body.Length; i++)
        {
            var changed = (byte[])Body.Clone();
            changed[i] ^= 1;
            Assert.Equal(WebhookFinding.SignatureWrong, verifier.Verify(Id, Timestamp, Signature, changed));
        }

        var other = "whsec_" + Convert.ToBase64String(Encoding.ASCII.GetBytes("another secret of 24 byte"));
        Assert.Equal(WebhookFinding.SignatureWrong, new WebhookVerifier(other, time).Verify(Id, Timestamp, Signature, Body));
    }

    [Theory]
    [InlineData("")]
    [InlineData("whsec_")]
    [InlineData("whsec_c2hvcnQ=")]
    [InlineData("whsec_no base64 at all!")]
    public void What_is_no_secret_makes_no_verifier(string secret) => Assert.Throws<FormatException>(() => new WebhookVerifier(secret));
}
