using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Farthing.Cli.Tests;

/// <summary>What the guides show of the command line is what it prints.</summary>
public sealed partial class GuideTests
{
    [Theory]
    [InlineData("docs/guides/fees.md", 3)]
    public async Task Commands_of_a_guide_print_what_it_says(string guide, int commands)
    {
        var text = await File.ReadAllTextAsync(Absolute(guide), TestContext.Current.CancellationToken);
        var blocks = CommandBlock().Matches(text.ReplaceLineEndings("\n"));
        Assert.Equal(commands, blocks.Count);
        foreach (Match block in blocks)
        {
            // The guides are read where the tree is; tests run anywhere.
            var words = block.Groups["command"].Value.Split(' ').Select(word => word.StartsWith("samples/", StringComparison.Ordinal) ? Absolute(word) : word).ToArray();
            var result = await Invocation.RunAsync(words);
            Assert.Equal(ExitCodes.Done, result.ExitCode);
            Assert.Equal(block.Groups["output"].Value, result.Output.ReplaceLineEndings("\n").Replace($"{Absolute(".")}/", "", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task The_prices_shown_are_those_of_the_sample()
    {
        var prices = await File.ReadAllTextAsync(Absolute("samples/estimate/prices.yaml"), TestContext.Current.CancellationToken);
        Assert.Contains($"```yaml\n{prices}```", await File.ReadAllTextAsync(Absolute("docs/guides/fees.md"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private static string Absolute(string path, [CallerFilePath] string thisFile = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", path));

    [GeneratedRegex(@"^```\n\$ \./farthing (?<command>[^\n]+)\n(?<output>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CommandBlock();
}
