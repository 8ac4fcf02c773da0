using System.Buffers.Text;
using System.Text;

namespace Farthing.Protocol.Tests;

public class PaymentChallengeTests
{
    private static readonly byte[] Secret = "a secret of the site, 32 bytes.."u8.ToArray();
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_795_392_000);
    private static readonly Uri Server = new("http://127.0.0.1:5080");

    [Fact]
    public void Header_of_the_npm_package_is_read_checked_and_written_alike()
    {
        var vector = Vectors.Read("http402-payment.json").GetProperty("mpp");
        var secret = Encoding.UTF8.GetBytes(vector.GetProperty("secretKey").GetString()!);
        var header = vector.GetProperty("header").GetString()!;

        var challenge = Assert.Single(PaymentChallenge.ReadAll(header));
        Assert.Equal(vector.GetProperty("id").GetString(), challenge.Id);
        Assert.Equal(ChallengeError.None, challenge.Check(secret, Now));
        Assert.Equal(ChallengeError.Expired, challenge.Check(secret, DateTimeOffset.FromUnixTimeSeconds(1_893_456_000)));
        Assert.Equal(ChallengeError.NotIssuedHere, challenge.Check(Secret, Now));
        Assert.Equal(header, challenge.ToHeader());

        var ours = PaymentChallenge.Create(secret, challenge.Realm, challenge.Method, challenge.Intent, challenge.Request, DateTimeOffset.FromUnixTimeSeconds(1_893_456_000));
        Assert.Equal(challenge, ours);
    }

    [Fact]
    public void Every_covered_parameter_is_covered()
    {
        var challenge = PaymentChallenge.Create(Secret, "127.0.0.1", "farthing", "charge", "e30", Now.AddMinutes(5), "d", "Words", "o");
        Assert.Equal(ChallengeError.None, challenge.Check(Secret, Now));
        PaymentChallenge[] changed =
        [
            challenge with { Id = challenge.Id[..^1] + "x" },
            challenge with { Id = "" },
            challenge with { Realm = "other" },
            challenge with { Method = "evm" },
            challenge with { Intent = "session" },
            challenge with { Request = challenge.Request[..^1] },
            challenge with { Expires = "2099-01-01T00:00:00.000Z" },
            challenge with { Expires = null },
            challenge with { Digest = null },
            challenge with { Opaque = "p" },
            challenge with { Digest = "d|o", Opaque = null },
        ];
        foreach (var wrong in changed) Assert.Equal(ChallengeError.NotIssuedHere, wrong.Check(Secret, Now));
    }

    [Fact]
    public void Challenge_is_found_among_other_schemes()
    {
        var example = Example();
        string[] headers =
        [
            $"Basic realm=\"a, b\", {example.ToHeader()}",
            $"{example.ToHeader()}, Bearer",
            $"Negotiate abc/def==, {example.ToHeader()}, Bearer realm=x",
            $",, {example.ToHeader().Replace("Payment ", "payment  ", StringComparison.Ordinal)} ,",
            $"Bearer, {example.ToHeader()}",
        ];
        foreach (var header in headers) Assert.Equal(example, Assert.Single(PaymentChallenge.ReadAll(header)));
        Assert.Equal([example, example], PaymentChallenge.ReadAll($"{example.ToHeader()}, {example.ToHeader()}"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Payment")]
    [InlineData("Bearer realm=\"Payment id=1\"")]
    [InlineData("Payment id=\"a\", realm=\"b\", method=\"c\", intent=\"d\"")]
    [InlineData("Payment id=\"a\", id=\"a\", realm=\"b\", method=\"c\", intent=\"d\", request=\"e\"")]
    [InlineData("Payment id=\"a\", realm=\"b\", method=\"c\", intent=\"d\", request=\"e")]
    [InlineData("Payment id=\"a\", realm=\"b\", method=\"c\", intent=\"d\", request=\"e\\")]
    [InlineData("Payment id=\"\", realm=\"b\", method=\"c\", intent=\"d\", request=\"e\"")]
    [InlineData("Payment;id=\"a\", realm=\"b\", method=\"c\", intent=\"d\", request=\"e\"")]
    [InlineData("=")]
    [InlineData("\"")]
    public void Malformed_header_holds_no_challenge(string header) => Assert.Empty(PaymentChallenge.ReadAll(header));

    [Fact]
    public void Quotes_and_backslashes_survive_the_header()
    {
        var challenge = PaymentChallenge.Create(Secret, "a \"quoted\" \\ realm", "farthing", "charge", "e30", Now);
        Assert.Equal(challenge, Assert.Single(PaymentChallenge.ReadAll(challenge.ToHeader())));
    }

    [Theory]
    [InlineData("a|b")]
    [InlineData("a\r\nSet-Cookie: b")]
    [InlineData("ä")]
    [InlineData("")]
    public void Realm_that_could_break_the_header_or_the_code_is_refused(string realm) =>
        Assert.Throws<ArgumentException>(() => PaymentChallenge.Create(Secret, realm, "farthing", "charge", "e30", Now));

    [Fact]
    public void Charge_request_is_canonical_json_and_reads_back()
    {
        var charge = new ChargeRequest(Amount.Parse("0.02 USD"), new(Keys.IdOf(1)), Server, "TERMS");
        Assert.Equal(
            $$"""{"amount":"0.02","currency":"USD","methodDetails":{"server":"http://127.0.0.1:5080","terms":"TERMS"},"recipient":"{{charge.Recipient}}"}""",
            Encoding.UTF8.GetString(Base64Url.DecodeFromChars(charge.ToRequest())));
        Assert.True(ChargeRequest.TryRead(charge.ToRequest(), out var read));
        Assert.Equal(charge, read);
    }

    [Theory]
    [InlineData("0.02", "0")]
    [InlineData("0.02", "-1")]
    [InlineData("USD", "XXX")]
    [InlineData("http://127.0.0.1:5080", "ftp://127.0.0.1:5080")]
    [InlineData("http://127.0.0.1:5080", "http://a@127.0.0.1:5080")]
    [InlineData("http://127.0.0.1:5080", "http://127.0.0.1:5080/path")]
    [InlineData("http://127.0.0.1:5080", "/path")]
    [InlineData("pye_", "wal_")]
    [InlineData("\"terms\"", "\"other\"")]
    [InlineData("\"recipient\"", "\"amount\"")]
    public void Malformed_charge_request_is_refused(string part, string instead)
    {
        var json = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(new ChargeRequest(Amount.Parse("0.02 USD"), new(Keys.IdOf(1)), Server, "TERMS").ToRequest()));
        var changed = json.Replace(part, instead, StringComparison.Ordinal);
        Assert.NotEqual(json, changed);
        Assert.False(ChargeRequest.TryRead(Base64Url.EncodeToString(Encoding.UTF8.GetBytes(changed)), out _));
    }

    internal static MeterRequest Meter => new(Amount.Parse("0.001 USD"), 750, Amount.Parse("0.5 USD"), new(Keys.IdOf(1)), Server, "TERMS");

    [Fact]
    public void Meter_request_is_canonical_json_and_reads_back()
    {
        Assert.Equal(
            $$"""{"amount":"0.001","ceiling":"0.5","count":750,"currency":"USD","methodDetails":{"server":"http://127.0.0.1:5080","terms":"TERMS"},"recipient":"{{Meter.Payee}}"}""",
            Encoding.UTF8.GetString(Base64Url.DecodeFromChars(Meter.ToRequest())));
        Assert.True(MeterRequest.TryRead(Meter.ToRequest(), out var read));
        Assert.Equal(Meter, read);
    }

    [Theory]
    [InlineData("0.001", "0")]
    [InlineData("\"0.5\"", "\"0.0009\"")]
    [InlineData("\"0.5\"", "\"-0.5\"")]
    [InlineData("750", "0")]
    [InlineData("750", "7.5")]
    [InlineData("750", "\"750\"")]
    [InlineData("750", "99999999999999999999")]
    [InlineData("USD", "XXX")]
    [InlineData("http://127.0.0.1:5080", "http://127.0.0.1:5080/path")]
    [InlineData("pye_", "wal_")]
    [InlineData("\"terms\"", "\"other\"")]
    [InlineData("\"ceiling\"", "\"amount\"")]
    public void Malformed_meter_request_is_refused(string part, string instead)
    {
        var json = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(Meter.ToRequest()));
        var changed = json.Replace(part, instead, StringComparison.Ordinal);
        Assert.NotEqual(json, changed);
        Assert.False(MeterRequest.TryRead(Base64Url.EncodeToString(Encoding.UTF8.GetBytes(changed)), out _));
    }

    [Fact]
    public void Credential_brings_back_the_challenge_and_the_entitlement()
    {
        foreach (var source in new[] { null, "wallet of \"Ann\"" })
        {
            var credential = new PaymentCredential(Example(), "TOKEN", source);
            Assert.True(PaymentCredential.TryParse(credential.ToHeader(), out var read));
            Assert.Equal(credential, read);
            Assert.Equal(ChallengeError.None, read.Challenge.Check(Secret, Now));
        }
    }

    [Fact]
    public void Credential_of_another_method_or_scheme_is_refused()
    {
        var header = new PaymentCredential(Example() with { Method = "evm" }, "TOKEN").ToHeader();
        Assert.False(PaymentCredential.TryParse(header, out _));
        Assert.False(PaymentCredential.TryParse("Bearer abc", out _));
        Assert.False(PaymentCredential.TryParse("Payment", out _));
        Assert.False(PaymentCredential.TryParse("Payment " + Base64Url.EncodeToString("""{"challenge":{},"payload":{"type":"authorization"}}"""u8), out _));
        Assert.False(PaymentCredential.TryParse(null, out _));
    }

    [Fact]
    public void Receipt_header_reads_back()
    {
        var receipt = new PaymentReceiptHeader("farthing", Now, "pay_1");
        Assert.True(PaymentReceiptHeader.TryParse(receipt.ToHeader(), out var read));
        Assert.Equal(receipt, read);
        Assert.False(PaymentReceiptHeader.TryParse(Base64Url.EncodeToString("""{"status":"failed","method":"farthing","timestamp":"2026-11-23T00:00:00Z","reference":"x"}"""u8), out _));
        Assert.True(PaymentReceiptHeader.TryParse(Base64Url.EncodeToString("""{"status":"success","method":"evm","timestamp":"2026-11-23T00:00:00.123Z","reference":"x","extra":{"a":[1]}}"""u8), out _));
    }

    private static PaymentChallenge Example() => PaymentChallenge.Create(
        Secret, "127.0.0.1", PaymentChallenge.Farthing, PaymentChallenge.Charge,
        new ChargeRequest(Amount.Parse("0.02 USD"), new(Keys.IdOf(1)), Server, "TERMS").ToRequest(), Now.AddMinutes(5));
}
