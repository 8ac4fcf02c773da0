using System.Text.RegularExpressions;
using Farthing.Cli.Estimates;

namespace Farthing.Cli.Tests.Estimates;

public class PriceFileTests
{
    private const string Good = """
        # What pages would cost.
        currency: USD
        prices:
          - path: /articles/free.html
            price: free
          - path: "/articles/*"
            price: 0.02
          - { path: /api/**, price: '0.002', per: request }
        """;

    [Fact]
    public void Prices_are_read_in_their_sequence()
    {
        var file = PriceFile.Parse(Good);
        Assert.Equal("USD", file.Asset.Code);
        Assert.Equal(
            [("/articles/free.html", "0 USD", false), ("/articles/*", "0.02 USD", false), ("/api/**", "0.002 USD", true)],
            file.Prices.Select(price => (price.Pattern.ToString(), price.Price.ToString(), price.IsPerRequest)));
    }

    [Theory]
    [InlineData("", "line 1: the file is empty; a file of prices has 'currency' and 'prices'.")]
    [InlineData("# nothing", "line 1: the file is empty")]
    [InlineData("just a text", "line 1: a file of prices has 'currency' and 'prices'.")]
    [InlineData("- a\n- b", "line 1: a file of prices has")]
    [InlineData("prices:\n  - path: /a\n    price: 1", "line 1: 'currency' is missing.")]
    [InlineData("currency: USD", "line 1: 'prices' is missing or empty.")]
    [InlineData("currency: USD\nprices: []", "line 1: 'prices' is missing or empty.")]
    [InlineData("currency: USD\nprices: 0.02", "line 2: 'prices' is a list")]
    [InlineData("currency: [USD]\nprices: []", "line 1: 'currency' must be one text.")]
    [InlineData("currency: USD\ncurrency: EUR", "line 2: 'currency' stands twice.")]
    [InlineData("currency: USD\ncosts: 1", "line 2: 'costs' is not known here;")]
    [InlineData("currency: USD\n---\ncurrency: EUR", "line 2: a second document begins here; only one is read.")]
    [InlineData("a: &x 1\nb: *x", "line 1: 'a' is not known here;")]
    [InlineData("currency: &x USD\nprices: *x", "line 2: 'prices' is a list")]
    [InlineData("currency: \"USD", "line 1: this is not YAML:")]
    [InlineData("currency: USD\n\tprices: 1", "line 1: this is not YAML:")]
    public void A_file_of_another_shape_is_refused_with_the_line(string yaml, string fault)
    {
        Assert.StartsWith(fault, Assert.Throws<PriceFileException>(() => PriceFile.Parse(yaml)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("currency: USD", "currency: XYZ", "line 2: 'currency' is USD, EUR, GBP or BTC, not 'XYZ'.")]
    [InlineData("price: 0.02", "price: cheap", "line 7: a price is a plain decimal such as 0.02, or free: 'cheap' is neither.")]
    [InlineData("price: 0.02", "price: -1", "line 7: a price is a plain decimal")]
    [InlineData("price: 0.02", "price: 1e-2", "line 7: a price is a plain decimal")]
    [InlineData("price: 0.02", "price: 0,02", "line 7: a price is a plain decimal")]
    [InlineData("price: 0.02", "price: 0.0000002", "line 7: '0.0000002' has more than the 6 decimals of USD.")]
    [InlineData("price: 0.02", "price: 1000001", "line 7: '1000001' is more than a million.")]
    [InlineData("price: 0.02", "price: [0.02]", "line 7: 'price' must be one text.")]
    [InlineData("            price: free\n", "", "line 4: 'price' is missing.")]
    [InlineData("path: \"/articles/*\"", "path: articles", "line 6: a path begins with a slash: 'articles' is none.")]
    [InlineData("path: \"/articles/*\"", "path: \"/a?b\"", "line 6: a path has no query")]
    [InlineData("path: \"/articles/*\"", "path: \"/***\"", "line 6: a path has at most two stars beside each other")]
    [InlineData("per: request", "per: day", "line 8: 'per' is reader or request, not 'day'.")]
    [InlineData("per: request", "each: request", "line 8: 'each' is not known here;")]
    [InlineData("price: 0.02", "path: /b", "line 7: 'path' stands twice.")]
    public void A_faulty_price_is_refused_with_the_line(string good, string bad, string fault)
    {
        var good2 = good.Replace("            ", "    ", StringComparison.Ordinal);
        Assert.Contains(good2, Good, StringComparison.Ordinal);
        var message = Assert.Throws<PriceFileException>(() => PriceFile.Parse(Good.Replace(good2, bad, StringComparison.Ordinal))).Message;
        Assert.StartsWith(fault, message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_text_makes_the_reader_fail_in_another_way()
    {
        var random = new Random(20261123);
        const string Characters = "abc:-[]{}\"'\n\t &*!|>%@#/0.02,?\\\u00e9\0";
        var refused = 0;
        for (var i = 0; i < 10_000; i++)
        {
            var text = Good.ToCharArray(0, random.Next(4) == 0 ? random.Next(Good.Length) : Good.Length).ToList();
            for (var changes = random.Next(1, 4); changes > 0 && text.Count > 0; changes--)
            {
                if (random.Next(2) == 0) text[random.Next(text.Count)] = Characters[random.Next(Characters.Length)];
                else text.Insert(random.Next(text.Count), Characters[random.Next(Characters.Length)]);
            }

            try
            {
                PriceFile.Parse(new string([.. text]));
            }
            catch (PriceFileException fault)
            {
                Assert.Matches("^line [0-9]+: ", fault.Message);
                refused++;
            }
        }

        Assert.InRange(refused, 3_000, 9_999);
    }

    [Fact]
    public void Stars_match_as_regular_expressions_would()
    {
        var random = new Random(20261123);
        string Text(string characters) => string.Concat(Enumerable.Range(0, random.Next(9)).Select(_ => characters[random.Next(characters.Length)]));
        var matches = 0;
        for (var i = 0; i < 1_000; i++)
        {
            var text = $"/{Text("ab/**")}";
            if (PathPattern.Parse(text, out var pattern) is not null) continue;
            var expression = new Regex($"^{Regex.Escape(text).Replace("\\*\\*", ".*", StringComparison.Ordinal).Replace("\\*", "[^/]*", StringComparison.Ordinal)}$");
            for (var tries = 0; tries < 50; tries++)
            {
                var path = $"/{Text("ab/")}";
                Assert.True(expression.IsMatch(path) == pattern.IsMatch(path), $"{text} {path}");
                if (pattern.IsMatch(path)) matches++;
            }
        }

        Assert.True(matches > 2_000, $"{matches} matches");
    }

    [Fact]
    public void A_hostile_pattern_and_path_take_no_long_time()
    {
        Assert.Null(PathPattern.Parse("/" + string.Concat(Enumerable.Repeat("*a", 127)), out var pattern));
        Assert.False(pattern.IsMatch("/" + new string('a', 60_000) + "b"));
    }
}
