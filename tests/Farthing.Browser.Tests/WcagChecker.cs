using System.Text.Json;
using Microsoft.Playwright;

namespace Farthing.Browser.Tests;

/// <summary>An accessibility checker that others wrote: the engine of IBM's Equal Access Checker (npm accessibility-checker-engine, Apache-2.0), unmodified, run in the page.</summary>
internal static class WcagChecker
{
    // What only a person can judge it calls potential or manual, and what is merely good to have a recommendation.
    private const string Check = """
        async () => {
          const { results } = await new ace.Checker().check(document, ['WCAG_2_2']);
          return JSON.stringify({
            passed: results.filter(one => one.value[1] === 'PASS').length,
            broken: results.filter(one => one.value[0] === 'VIOLATION' && one.value[1] === 'FAIL').map(one => `${one.ruleId}: ${one.message} ${one.path.dom} ${one.snippet}`),
          });
        }
        """;

    private static readonly Lazy<string> Engine = new(() =>
    {
        var artifacts = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/')).Parent!.Parent!.Parent!;
        var file = Path.Combine(artifacts.FullName, "npm", "node_modules", "accessibility-checker-engine", "ace.js");
        return File.Exists(file) ? File.ReadAllText(file) : throw new InvalidOperationException($"{file} is not there. ./test installs it.");
    });

    /// <summary>Asserts that the page breaks no rule of WCAG 2.2, levels A and AA, that a program can check.</summary>
    public static async Task AssertSoundAsync(IPage page)
    {
        var broken = await FindBrokenAsync(page);
        Assert.True(broken.Count == 0, $"{page.Url}:\n{string.Join('\n', broken)}");
    }

    /// <summary>The rules that the page breaks, and where.</summary>
    public static async Task<IReadOnlyList<string>> FindBrokenAsync(IPage page)
    {
        await page.EvaluateAsync(Engine.Value);
        using var report = JsonDocument.Parse(await page.EvaluateAsync<string>(Check));
        Assert.True(report.RootElement.GetProperty("passed").GetInt32() > 20, $"{page.Url} was hardly looked at.");
        return [.. report.RootElement.GetProperty("broken").EnumerateArray().Select(one => one.GetString()!)];
    }
}
