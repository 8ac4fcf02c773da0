using System.Text.Json;
using System.Text.RegularExpressions;

namespace Farthing.Repository.Tests;

/// <summary>What the documents say about the tree is true of the tree.</summary>
public sealed partial class DocumentsTests
{
    private static IEnumerable<string> Documents => WorkingTree.Files.Where(file => file.EndsWith(".md", StringComparison.Ordinal));

    [Fact]
    public void The_expected_documents_are_there()
    {
        string[] expected =
        [
            "README.md", "ARCHITECTURE.md", "GLOSSARY.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "LICENSE",
            "docs/errors.md", "docs/adr/README.md", "docs/spec/README.md", "docs/guides/running.md",
            "docs/guides/first-sale-publisher.md", "docs/guides/first-sale-api-seller.md",
        ];
        Assert.All(expected, file => Assert.Contains(file, WorkingTree.Files));
    }

    [Fact]
    public void Relative_links_lead_somewhere()
    {
        var links = 0;
        foreach (var file in Documents)
        {
            foreach (Match match in Link().Matches(WithoutCode(WorkingTree.Read(file))))
            {
                var target = match.Groups["target"].Value;
                if (target.Contains("://", StringComparison.Ordinal) || target.StartsWith("mailto:", StringComparison.Ordinal)) continue;
                links++;
                AssertLeadsSomewhere(file, target);
            }
        }
        Assert.True(links > 30, $"Only {links} links were found.");
    }

    [Fact]
    public void Code_in_documents_is_cut_from_sources_that_compile()
    {
        var snippets = 0;
        foreach (var file in Documents)
        {
            foreach (Match match in Snippet().Matches(WorkingTree.Read(file)))
            {
                snippets++;
                var expected = Region(match.Groups["source"].Value, match.Groups["name"].Value);
                Assert.True(expected == match.Groups["code"].Value.TrimEnd('\n'), $"{file}: the snippet '{match.Groups["name"].Value}' should read\n{expected}");
            }
        }
        Assert.True(snippets >= 2, "The README shows the merchant's line and the payer's line, both cut from sources.");
    }

    [Fact]
    public void C_sharp_in_documents_is_always_a_snippet()
    {
        Assert.All(Documents, file =>
        {
            var text = WorkingTree.Read(file);
            Assert.Equal(Snippet().Count(text), CSharpFence().Count(text));
        });
    }

    [Fact]
    public void The_shown_verdict_is_that_of_the_golden_receipt()
    {
        const string Vector = "docs/spec/vectors/receipt.json";
        var marker = $"<!-- findings of {Vector} -->\n```\n";
        var guide = WorkingTree.Read("docs/guides/running.md");
        var from = guide.IndexOf(marker, StringComparison.Ordinal) + marker.Length;
        using var vector = JsonDocument.Parse(WorkingTree.Read(Vector));
        var findings = vector.RootElement.GetProperty("findings").EnumerateArray().Select(finding => finding.GetString());
        Assert.Equal(string.Join('\n', findings.Append("The receipt is valid.\n")), guide[from..guide.IndexOf("```", from, StringComparison.Ordinal)]);
        Assert.Contains(vector.RootElement.GetProperty("verifierKey").GetString()!, guide, StringComparison.Ordinal);
    }

    [Fact]
    public void The_changelog_has_a_place_for_what_is_not_released()
    {
        Assert.Contains("\n## [Unreleased]\n", WorkingTree.Read("CHANGELOG.md"), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_decision_is_numbered_and_listed()
    {
        var index = WorkingTree.Read("docs/adr/README.md");
        var records = WorkingTree.FilesUnder("docs/adr", ".md").Where(file => !file.EndsWith("/README.md", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(records);
        for (var i = 0; i < records.Count; i++)
        {
            Assert.StartsWith($"docs/adr/{i + 1:0000}-", records[i], StringComparison.Ordinal);
            Assert.Contains(Path.GetFileName(records[i]), index, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_specification_is_listed()
    {
        var index = WorkingTree.Read("docs/spec/README.md");
        var specifications = WorkingTree.FilesUnder("docs/spec", ".md").Concat(WorkingTree.FilesUnder("docs/spec/vectors", ".json"))
            .Where(file => file != "docs/spec/README.md").ToList();
        Assert.All(specifications, file => Assert.Contains($"]({file["docs/spec/".Length..]})", index, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_file_of_vectors_is_read_by_a_test()
    {
        var tests = string.Join('\n', WorkingTree.FilesUnder("tests", ".cs").Where(file => !file.Contains("Repository.Tests", StringComparison.Ordinal)).Select(WorkingTree.Read));
        Assert.All(WorkingTree.FilesUnder("docs/spec/vectors", ".json"), file =>
            Assert.True(Regex.IsMatch(tests, $"\"(?:[\\w./]*/)?{Regex.Escape(Path.GetFileNameWithoutExtension(file))}(?:\\.json)?\""), $"No test reads {file}."));
    }

    private static void AssertLeadsSomewhere(string file, string target)
    {
        var parts = target.Split('#', 2);
        var path = parts[0].Length == 0 ? file : Path.GetRelativePath(WorkingTree.Root, Path.Combine(WorkingTree.Root, Path.GetDirectoryName(file)!, parts[0])).Replace('\\', '/');
        Assert.True(WorkingTree.Files.Contains(path) || Directory.Exists(WorkingTree.Absolute(path)), $"{file} links to {target}, which is not there.");
        if (parts.Length == 1 || !path.EndsWith(".md", StringComparison.Ordinal)) return;
        var anchors = Heading().Matches(WorkingTree.Read(path)).Select(match => Anchor(match.Groups["title"].Value));
        Assert.True(anchors.Contains(parts[1]), $"{file} links to {target}, but {path} has no such heading.");
    }

    private static string Anchor(string title) =>
        NotInAnchors().Replace(title.Trim().ToLowerInvariant(), "").Replace(' ', '-');

    // The lines between "// snippet: name" and "// end snippet", without the indentation they share.
    private static string Region(string source, string name)
    {
        var lines = WorkingTree.Read(source).Split('\n');
        var first = Array.FindIndex(lines, line => line.Trim() == $"// snippet: {name}");
        Assert.True(first >= 0, $"{source} has no snippet '{name}'.");
        var last = Array.FindIndex(lines, first, line => line.Trim() == "// end snippet");
        Assert.True(last > first, $"{source}: the snippet '{name}' does not end.");
        var region = lines[(first + 1)..last];
        var indent = region.Where(line => line.Length > 0).Min(line => line.Length - line.TrimStart().Length);
        return string.Join('\n', region.Select(line => line.Length == 0 ? line : line[indent..]));
    }

    private static string WithoutCode(string text) => Fenced().Replace(text, "");

    [GeneratedRegex(@"(?<!!)\[[^\]\n]+\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^<!-- snippet: (?<source>\S+)#(?<name>\S+) -->\n```csharp\n(?<code>.*?)```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Snippet();

    [GeneratedRegex(@"^```(?:csharp|cs|c#)", RegexOptions.Multiline)]
    private static partial Regex CSharpFence();

    [GeneratedRegex(@"^#{1,6} (?<title>.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchors();

    [GeneratedRegex(@"^```.*?^```|`[^`\n]+`", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fenced();
}
