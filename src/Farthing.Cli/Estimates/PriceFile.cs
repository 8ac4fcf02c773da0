using Farthing.Protocol;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Farthing.Cli.Estimates;

/// <summary>What the paths that a pattern says would cost.</summary>
/// <param name="Pattern">Which paths.</param>
/// <param name="Price">The price; zero for free.</param>
/// <param name="IsPerRequest">Whether each request is paid for; else a reader pays once for an address.</param>
internal sealed record PathPrice(PathPattern Pattern, Amount Price, bool IsPerRequest);

/// <summary>A file of prices that cannot be read. The message names the line.</summary>
internal sealed class PriceFileException(long line, string sentence) : Exception($"line {line}: {sentence}");

/// <summary>A file of prices by path, in YAML. The first pattern that matches a path holds.</summary>
/// <param name="Asset">The currency of all prices.</param>
/// <param name="Prices">The patterns, in the file's sequence.</param>
internal sealed record PriceFile(Asset Asset, IReadOnlyList<PathPrice> Prices)
{
    /// <summary>A longer file is refused.</summary>
    public const int MaxLength = 1 << 20;

    /// <summary>More patterns are refused: each line of a log may have to be compared with all of them.</summary>
    public const int MaxPrices = 1000;

    /// <summary>The highest price, in whole units of the currency: the sums of any log can then be counted.</summary>
    public const int MaxWholePrice = 1_000_000;

    /// <summary>Reads a file.</summary>
    /// <exception cref="PriceFileException">It is no file of prices.</exception>
    public static PriceFile Parse(string yaml)
    {
        if (yaml.Length > MaxLength) throw new PriceFileException(1, $"the file has more than {MaxLength} characters.");
        var parser = new Parser(new StringReader(yaml));
        try
        {
            return new Reader(parser).ReadFile();
        }
        catch (YamlException wrong)
        {
            throw new PriceFileException(wrong.Start.Line, $"this is not YAML: {wrong.Message.TrimEnd('.')}.");
        }
        catch (Exception wrong) when (wrong is InvalidOperationException or ArgumentException or IndexOutOfRangeException or FormatException)
        {
            // The parser says so now and then of what it cannot read.
            throw new PriceFileException(parser.Current?.End.Line ?? 1, "this is not YAML, here or on the next line.");
        }
    }

    /// <summary>Reads events one by one: a mapping's members by name, each once, and nothing else.</summary>
    private sealed class Reader(Parser parser)
    {
        private const string FileShape = "a file of prices has 'currency' and 'prices'.";
        private const string PriceShape = "each of 'prices' has 'path' and 'price', and may have 'per'.";

        public PriceFile ReadFile()
        {
            parser.Consume<StreamStart>();
            if (parser.Accept<StreamEnd>(out _)) throw new PriceFileException(1, $"the file is empty; {FileShape}");
            parser.Consume<DocumentStart>();
            var start = Line();
            Asset? currency = null;
            List<Dictionary<string, Text>>? prices = null;
            if (!parser.TryConsume<MappingStart>(out _)) throw Wrong(FileShape);
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                var name = ReadText("a name");
                switch (name.Value)
                {
                    case "currency" when currency is null:
                        var code = ReadText("'currency'");
                        currency = Asset.TryGetCurrency(code.Value, out var found) ? found : throw code.Wrong($"'currency' is USD, EUR, GBP or BTC, not '{code.Value}'.");
                        break;
                    case "prices" when prices is null:
                        prices = ReadPrices();
                        break;
                    case "currency" or "prices":
                        throw name.Wrong($"'{name.Value}' stands twice.");
                    default:
                        throw name.Wrong($"'{name.Value}' is not known here; {FileShape}");
                }
            }

            parser.Consume<DocumentEnd>();
            if (!parser.Accept<StreamEnd>(out _)) throw Wrong("a second document begins here; only one is read.");
            if (currency is not { } asset) throw new PriceFileException(start, "'currency' is missing.");
            return prices is { Count: > 0 }
                ? new PriceFile(asset, [.. prices.Select(price => ToPrice(price, asset))])
                : throw new PriceFileException(start, "'prices' is missing or empty.");
        }

        private static PathPrice ToPrice(Dictionary<string, Text> members, Asset asset)
        {
            var (path, price) = (members["path"], members["price"]);
            if (PathPattern.Parse(path.Value, out var pattern) is { } fault) throw path.Wrong($"a path {fault}: '{path.Value}' is none.");
            var amount = new Amount(asset, 0);
            if (price.Value != "free")
            {
                var error = Amount.TryParse(price.Value, asset, out amount);
                if (error == AmountError.TooManyDecimals) throw price.Wrong($"'{price.Value}' has more than the {asset.Scale} decimals of {asset.Code}.");
                if (error != AmountError.None) throw price.Wrong($"a price is a plain decimal such as 0.02, or free: '{price.Value}' is neither.");
            }

            if (amount.Units > Amount.Parse($"{MaxWholePrice} {asset.Code}").Units) throw price.Wrong($"'{price.Value}' is more than a million.");
            if (!members.TryGetValue("per", out var per)) return new PathPrice(pattern, amount, IsPerRequest: false);
            return per.Value is "reader" or "request" ? new PathPrice(pattern, amount, per.Value == "request") : throw per.Wrong($"'per' is reader or request, not '{per.Value}'.");
        }

        private List<Dictionary<string, Text>> ReadPrices()
        {
            var prices = new List<Dictionary<string, Text>>();
            if (!parser.TryConsume<SequenceStart>(out _)) throw Wrong("'prices' is a list: '- path:' and below it 'price:'.");
            while (!parser.TryConsume<SequenceEnd>(out _))
            {
                var line = Line();
                if (!parser.TryConsume<MappingStart>(out _)) throw Wrong(PriceShape);
                var members = new Dictionary<string, Text>(StringComparer.Ordinal);
                while (!parser.TryConsume<MappingEnd>(out _))
                {
                    var name = ReadText("a name");
                    if (name.Value is not ("path" or "price" or "per")) throw name.Wrong($"'{name.Value}' is not known here; {PriceShape}");
                    if (!members.TryAdd(name.Value, ReadText($"'{name.Value}'"))) throw name.Wrong($"'{name.Value}' stands twice.");
                }

                foreach (var name in new[] { "path", "price" })
                {
                    if (!members.ContainsKey(name)) throw new PriceFileException(line, $"'{name}' is missing.");
                }

                prices.Add(members);
                if (prices.Count > MaxPrices) throw new PriceFileException(line, $"there are more than {MaxPrices} prices.");
            }

            return prices;
        }

        private Text ReadText(string what) => parser.TryConsume<Scalar>(out var scalar) ? new Text(scalar.Value, scalar.Start.Line) : throw Wrong($"{what} must be one text.");

        private long Line() => parser.Accept<ParsingEvent>(out var next) ? next.Start.Line : 1;

        private PriceFileException Wrong(string sentence) => new(Line(), sentence);
    }

    /// <summary>A text and the line it stands on.</summary>
    private readonly record struct Text(string Value, long Line)
    {
        public PriceFileException Wrong(string sentence) => new(Line, sentence);
    }
}
