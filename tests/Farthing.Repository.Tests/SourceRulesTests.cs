using System.Text.RegularExpressions;

namespace Farthing.Repository.Tests;

/// <summary>Rules about source files that no analyzer holds.</summary>
public sealed partial class SourceRulesTests
{
    private const int LongestFile = 600;

    // Files under src where a fraction is not an amount, and why.
    private static readonly Dictionary<string, string> MayUseFractions = new()
    {
        ["src/Farthing.Ledger/LedgerMetrics.cs"] = "durations are measured in seconds, as those who scrape them expect",
        ["src/Farthing.Server/Doors/ScrapedMetrics.cs"] = "instruments of .NET measure in doubles, and the text format has no other numbers",
    };

    private static IEnumerable<string> Sources =>
        WorkingTree.FilesUnder("src", ".cs").Where(file => !file.Contains("/Migrations/", StringComparison.Ordinal));

    [Fact]
    public void Money_is_counted_so_no_source_uses_floating_or_decimal_numbers()
    {
        var files = 0;
        foreach (var file in Sources)
        {
            files++;
            if (MayUseFractions.ContainsKey(file)) continue;
            var lines = WorkingTree.CodeOnly(WorkingTree.Read(file)).Split('\n');
            for (var i = 0; i < lines.Length; i++)
            {
                var match = Fraction().Match(lines[i]);
                Assert.False(match.Success, $"{file}:{i + 1} uses '{match.Value}'. Count whole units, or add the file to the list with its reason.");
            }
        }
        Assert.True(files > 25, $"Only {files} files were found.");
        Assert.All(MayUseFractions.Keys, file => Assert.Contains(file, WorkingTree.Files));
    }

    [Fact]
    public void Files_stay_short_enough_to_read()
    {
        Assert.All(Sources.Concat(WorkingTree.FilesUnder("tests", ".cs")), file =>
        {
            var lines = WorkingTree.Read(file).Count(c => c == '\n');
            Assert.True(lines < LongestFile, $"{file} has {lines} lines; split it below {LongestFile}.");
        });
    }

    [Fact]
    public void Nothing_is_left_undone_in_silence()
    {
        Assert.All(Sources, file =>
        {
            var text = WorkingTree.Read(file);
            var match = Undone().Match(text);
            Assert.False(match.Success, $"{file} says '{match.Value}': finish it, or write down in the changelog or an issue what is missing.");
        });
    }

    [Fact]
    public void Warnings_are_silenced_only_with_a_reason()
    {
        foreach (var file in Sources)
        {
            var text = WorkingTree.Read(file);
            foreach (Match match in Suppression().Matches(text))
            {
                Assert.True(match.Value.Contains("Justification", StringComparison.Ordinal), $"{file} suppresses a warning without a Justification: {match.Value}");
            }
        }
    }

    [GeneratedRegex(@"\b(?:double|float|decimal|Half)\b|\bSystem\.(?:Double|Single|Decimal)\b|\b\d+\.\d")]
    private static partial Regex Fraction();

    [GeneratedRegex(@"\b(?:TODO|FIXME|HACK|XXX)\b|new NotImplementedException")]
    private static partial Regex Undone();

    [GeneratedRegex(@"\[[^\]\n]*SuppressMessage\([^\n]*\)\]")]
    private static partial Regex Suppression();
}
