using System.Text;

namespace Farthing.Protocol.Tests;

public class TermsTests
{
    internal static Terms Example { get; } = new()
    {
        Payee = new(Keys.IdOf(1)),
        Amount = Amount.Parse("0.02 USD"),
        Resource = "/articles/rain",
        Title = "Rain, and who pays for it – “nothing”",
        ReturnUrl = "http://localhost:5081/articles/rain?from=wallet",
        Once = true,
        Expires = DateTimeOffset.FromUnixTimeSeconds(1_795_392_600),
        Nonce = "YWJjZGVmZ2hpamtsbW5vcA",
    };

    [Fact]
    public void Signed_terms_read_back_as_they_were()
    {
        foreach (var terms in new[]
        {
            Example,
            Example with { Offer = new(Keys.IdOf(2)), Amount = null },
            Example with { Title = null, ReturnUrl = null, Once = false },
        })
        {
            var token = terms.Sign(Keys.Payee);
            Assert.True(Terms.TryParse(token, out var read));
            Assert.Equal(terms, read);
            Assert.True(Terms.VerifySignature(token, Keys.Payee.Verifier));
            Assert.False(Terms.VerifySignature(token, Keys.Stranger.Verifier));
        }
    }

    [Fact]
    public void Any_changed_character_breaks_the_token()
    {
        var token = Example.Sign(Keys.Payee);
        for (var i = 0; i < token.Length; i++)
        {
            var changed = token[..i] + (token[i] == 'A' ? 'B' : 'A') + token[(i + 1)..];
            Assert.False(Terms.VerifySignature(changed, Keys.Payee.Verifier), $"character {i}");
        }
    }

    [Fact]
    public void Token_of_another_kind_is_refused()
    {
        var payload = StrictPayload("""{"payee":"PAYEE","amount":"0.02","currency":"USD","resource":"/a","expires":1,"nonce":"0123456789abcdef"}""");
        Assert.True(Terms.VerifySignature(SignedToken.Sign("farthing-terms-v1", payload, Keys.Payee), Keys.Payee.Verifier));
        Assert.False(Terms.VerifySignature(SignedToken.Sign("farthing-entitlement-v1", payload, Keys.Payee), Keys.Payee.Verifier));
    }

    [Fact]
    public void Members_may_stand_in_any_order() =>
        Assert.True(Reads("""{"nonce":"0123456789abcdef","expires":1,"resource":"/a","currency":"USD","amount":"0.02","payee":"PAYEE"}"""));

    [Theory]
    [InlineData("""{"payee":"PAYEE","amount":"0.02","currency":"USD","resource":"/a","expires":1,"nonce":"0123456789abcdef","tip":"1"}""")]
    [InlineData("""{"payee":"PAYEE","payee":"PAYEE","amount":"0.02","currency":"USD","resource":"/a","expires":1,"nonce":"0123456789abcdef"}""")]
    [InlineData("""{"payee":"PAYEE","amount":"0.02","currency":"USD","resource":"/a","expires":1,"nonce":"0123456789abcdef"} {}""")]
    [InlineData("""{"payee":"PAYEE","amount":"0.02","currency":"USD","resource":"/a","expires":1,"nonce":"0123456789abcdef",}""")]
    [InlineData("""{"payee":"PAYEE","amount":0.02,"currency":"USD","resource":"/a","expires":1,"nonce":"0123456789abcdef"}""")]
    [InlineData("""{"payee":"PAYEE","amount":"0","currency":"USD","resource":"/a","expires":1,"nonce":"0123456789abcdef"}""")]
    [InlineData("""{"payee":"PAYEE","amount":"-1","currency":"USD","resource":"/a","expires":1,"nonce":"0123456789abcdef"}""")]
    [InlineData("""{"payee":"PAYEE","amount":"0.0000001","currency":"USD","resource":"/a","expires":1,"nonce":"0123456789abcdef"}""")]
    [InlineData("""{"payee":"PAYEE","amount":"0.02","currency":"XXX","resource":"/a","expires":1,"nonce":"0123456789abcdef"}""")]
    [InlineData("""{"payee":"PAYEE","amount":"0.02","resource":"/a","expires":1,"nonce":"0123456789abcdef"}""")]
    [InlineData("""{"payee":"PAYEE","currency":"USD","offer":"OFFER","resource":"/a","expires":1,"nonce":"0123456789abcdef"}""")]
    [InlineData("""{"payee":"PAYEE","amount":"0.02","currency":"USD","offer":"OFFER","resource":"/a","expires":1,"nonce":"0123456789abcdef"}""")]
    [InlineData("""{"payee":"PAYEE","resource":"/a","expires":1,"nonce":"0123456789abcdef"}""")]
    [InlineData("""{"payee":"OFFER","amount":"0.02","currency":"USD","resource":"/a","expires":1,"nonce":"0123456789abcdef"}""")]
    [InlineData("""{"amount":"0.02","currency":"USD","resource":"/a","expires":1,"nonce":"0123456789abcdef"}""")]
    [InlineData("""{"payee":"PAYEE","amount":"0.02","currency":"USD","resource":"","expires":1,"nonce":"0123456789abcdef"}""")]
    [InlineData("""{"payee":"PAYEE","amount":"0.02","currency":"USD","resource":"/a\n","expires":1,"nonce":"0123456789abcdef"}""")]
    [InlineData("""{"payee":"PAYEE","amount":"0.02","currency":"USD","resource":"\ud800","expires":1,"nonce":"0123456789abcdef"}""")]
    [InlineData("""{"payee":"PAYEE","amount":"0.02","currency":"USD","resource":null,"expires":1,"nonce":"0123456789abcdef"}""")]
    [InlineData("""{"payee":"PAYEE","amount":"0.02","currency":"USD","resource":"/a","expires":"1","nonce":"0123456789abcdef"}""")]
    [InlineData("""{"payee":"PAYEE","amount":"0.02","currency":"USD","resource":"/a","expires":1.5,"nonce":"0123456789abcdef"}""")]
    [InlineData("""{"payee":"PAYEE","amount":"0.02","currency":"USD","resource":"/a","expires":-1,"nonce":"0123456789abcdef"}""")]
    [InlineData("""{"payee":"PAYEE","amount":"0.02","currency":"USD","resource":"/a","expires":1e30,"nonce":"0123456789abcdef"}""")]
    [InlineData("""{"payee":"PAYEE","amount":"0.02","currency":"USD","resource":"/a","expires":9223372036854775807,"nonce":"0123456789abcdef"}""")]
    [InlineData("""{"payee":"PAYEE","amount":"0.02","currency":"USD","resource":"/a","expires":1,"nonce":"short"}""")]
    [InlineData("""{"payee":"PAYEE","amount":"0.02","currency":"USD","resource":"/a","expires":1,"nonce":"0123456789abcde="}""")]
    [InlineData("""{"payee":"PAYEE","amount":"0.02","currency":"USD","resource":"/a","expires":1,"nonce":"0123456789abcdef","once":"true"}""")]
    [InlineData("""[]""")]
    [InlineData("""{"payee":{}}""")]
    [InlineData("""{""")]
    public void Malformed_payload_is_refused(string json) => Assert.False(Reads(json));

    [Theory]
    [InlineData("javascript:alert(1)")]
    [InlineData("/articles/rain")]
    [InlineData("//evil.example/")]
    [InlineData("ftp://example.com/")]
    [InlineData("http:example.com")]
    [InlineData("http://user@example.com/")]
    [InlineData("http://@example.com/")]
    [InlineData("http://good.example\\@evil.example/")]
    [InlineData(" http://example.com/")]
    [InlineData("http://example.com/a b")]
    [InlineData("http://exämple.com/")]
    [InlineData("http://")]
    [InlineData("HTTP://example.com/")]
    public void Return_address_that_could_mislead_is_refused(string url) =>
        Assert.Throws<InvalidOperationException>(() => (Example with { ReturnUrl = url }).Sign(Keys.Payee));

    [Fact]
    public void Members_out_of_bounds_are_not_signed()
    {
        Terms[] wrong =
        [
            Example with { Resource = new string('a', 513) },
            Example with { Title = new string('a', 201) },
            Example with { ReturnUrl = "http://a.example/" + new string('a', 2032) },
            Example with { Nonce = new string('a', 65) },
            Example with { Amount = new Amount(Asset.Usd, 0) },
            Example with { Amount = new Amount(new Asset("USD", 2), 1) },
            Example with { Amount = null },
            Example with { Payee = default },
            Example with { Offer = new(Keys.IdOf(2)) },
        ];
        foreach (var terms in wrong) Assert.Throws<InvalidOperationException>(() => terms.Sign(Keys.Payee));
        Assert.NotEmpty((Example with { Resource = new string('a', 512), Title = new string('a', 200), Nonce = new string('a', 64) }).Sign(Keys.Payee));
    }

    [Fact]
    public void Stray_bits_padding_and_overlong_tokens_are_refused()
    {
        var token = Example.Sign(Keys.Payee);
        Assert.False(Terms.TryParse(token + "=", out _));
        Assert.False(Terms.TryParse(token + " ", out _));
        Assert.False(Terms.TryParse(token[..^1], out _));
        Assert.False(Terms.TryParse("." + token, out _));
        Assert.False(Terms.TryParse(null, out _));
        Assert.False(Terms.TryParse("", out _));
        Assert.False(Terms.TryParse(new string('A', 5000), out _));
    }

    [Fact]
    public void Base64url_has_one_text_for_every_content()
    {
        const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        var read = 0;
        foreach (var last in Alphabet)
        {
            foreach (var text in new[] { $"A{last}", $"AA{last}", $"AAA{last}" })
                if (SignedToken.TryDecodeBase64Url(text, out _)) read++;
        }

        Assert.Equal(4 + 16 + 64, read);
        foreach (var text in new[] { "A", "AA==", "AA A", "AA+A", "AA/A", "AAAAA", "\u00c1A" }) Assert.False(SignedToken.TryDecodeBase64Url(text, out _));
    }

    private static bool Reads(string json) => Terms.TryParse(SignedToken.Sign("farthing-terms-v1", StrictPayload(json), Keys.Payee), out _);

    private static byte[] StrictPayload(string json) => Encoding.UTF8.GetBytes(json
        .Replace("PAYEE", new Id<PayeeKind>(Keys.IdOf(1)).ToString(), StringComparison.Ordinal)
        .Replace("OFFER", new Id<OfferKind>(Keys.IdOf(2)).ToString(), StringComparison.Ordinal));
}
