using System.Text.RegularExpressions;

namespace Farthing.Server.Tests.Rest;

/// <summary>The example requests of docs/pricing are sent as they stand.</summary>
public sealed partial class PricingPagesTests(SharedServer server)
{
    private readonly Api api = server.Api;

    [Fact]
    public async Task Every_offer_of_the_pages_is_made_as_it_stands()
    {
        var payee = await api.NewPayeeAsync();
        var models = new HashSet<string>();
        foreach (var page in Directory.GetFiles(Path.Combine(Root(), "docs", "pricing"), "*.md").Where(page => Path.GetFileName(page) != "README.md"))
        {
            var text = await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken);
            // What is paid without an offer has tests of its own.
            if (!text.Contains("`POST /v1/offers`", StringComparison.Ordinal)) continue;
            var examples = Example().Matches(text);
            Assert.True(examples.Count > 0, $"{page} has no example.");
            foreach (Match example in examples)
            {
                var made = await api.PostAsync("/v1/offers", payee.Key, example.Groups[1].Value);
                Assert.True(made.Status == 201, $"{page}: {made.Text}");
                models.Add(made.Json["pricing"]!["model"]!.GetValue<string>());
                Assert.Equal(Path.GetFileNameWithoutExtension(page), made.Json["pricing"]!["model"]!.GetValue<string>());
            }
        }

        Assert.True(models.Count >= 2, "The pages show no models.");
    }

    internal static string Root()
    {
        var directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "Farthing.slnx"))) directory = Path.GetDirectoryName(directory) ?? throw new InvalidOperationException("The tests do not run within the tree.");
        return directory;
    }

    [GeneratedRegex("```json\n(\\{\"name\":.*?)\n```", RegexOptions.Singleline)]
    private static partial Regex Example();
}
