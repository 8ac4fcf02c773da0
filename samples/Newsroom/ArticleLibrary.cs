namespace Newsroom;

/// <summary>One article: a title, a line beneath it, paragraphs and headings.</summary>
/// <param name="Slug">Its name in the address.</param>
/// <param name="Title">The title.</param>
/// <param name="Standfirst">The line beneath the title.</param>
/// <param name="Blocks">Paragraphs; those that begin with <c>## </c> are headings.</param>
internal sealed record Article(string Slug, string Title, string Standfirst, IReadOnlyList<string> Blocks)
{
    private const int WordsPerMinute = 220;

    /// <summary>What anyone may read.</summary>
    public string FirstParagraph => Blocks[0];

    /// <summary>How long it takes to read, at least one minute.</summary>
    public int Minutes => Math.Max(1, Blocks.Sum(block => block.Split(' ').Length) / WordsPerMinute);
}

/// <summary>The articles on disk, read once.</summary>
internal sealed class ArticleLibrary
{
    // The order of the front page.
    private static readonly string[] Order = ["the-penny-post", "the-farthing", "coffeehouse-tokens", "the-penny-press", "toll-bridges"];

    private readonly Dictionary<string, Article> bySlug;

    private ArticleLibrary(IReadOnlyList<Article> articles)
    {
        Articles = articles;
        bySlug = articles.ToDictionary(article => article.Slug, StringComparer.Ordinal);
    }

    /// <summary>All articles, as the front page shows them.</summary>
    public IReadOnlyList<Article> Articles { get; }

    /// <summary>Reads a directory of text files: a line of title, a line beneath it, then blocks with blank lines between.</summary>
    public static ArticleLibrary Read(string directory) => new([.. Order.Select(slug => Parse(slug, File.ReadAllText(Path.Combine(directory, $"{slug}.txt"))))]);

    /// <summary>The article of a route's slug, or null.</summary>
    public Article? Find(object? slug) => slug is string text ? bySlug.GetValueOrDefault(text) : null;

    private static Article Parse(string slug, string text)
    {
        var blocks = text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var head = blocks[0].Split('\n');
        return new Article(slug, head[0], head[1], blocks[1..]);
    }
}
