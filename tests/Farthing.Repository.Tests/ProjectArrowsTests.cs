using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Farthing.Repository.Tests;

/// <summary>Which project may use which: ARCHITECTURE.md has the same table.</summary>
public sealed class ProjectArrowsTests
{
    private static readonly Dictionary<string, string[]> MayUse = new()
    {
        ["Farthing.Protocol"] = [],
        ["Farthing.Ledger"] = ["Farthing.Protocol"],
        ["Farthing.Payments"] = ["Farthing.Ledger", "Farthing.Protocol"],
        ["Farthing.Server"] = ["Farthing.AspNetCore", "Farthing.Payments", "Farthing.Ledger", "Farthing.Protocol"],
        ["Farthing.AspNetCore"] = ["Farthing.Protocol"],
        ["Farthing.Client"] = ["Farthing.Protocol"],
        ["Farthing.Cli"] = ["Farthing.Client", "Farthing.Ledger", "Farthing.Protocol"],
    };

    [Fact]
    public void The_projects_under_src_are_those_of_the_table()
    {
        var found = Directory.EnumerateDirectories(WorkingTree.Absolute("src")).Select(Path.GetFileName).Order();
        Assert.Equal(MayUse.Keys.Order(), found);
    }

    [Fact]
    public void Project_references_follow_the_arrows()
    {
        var seen = 0;
        foreach (var (project, allowed) in MayUse)
        {
            foreach (var reference in ReferencesOf($"src/{project}/{project}.csproj"))
            {
                Assert.True(allowed.Contains(reference), $"{project} must not refer to {reference}.");
                seen++;
            }
        }
        Assert.True(seen >= 6, $"Only {seen} references were found: the test no longer reads the projects.");
    }

    [Fact]
    public void Sources_name_only_namespaces_that_the_arrows_allow()
    {
        var seen = 0;
        foreach (var (project, allowed) in MayUse)
        {
            foreach (var file in WorkingTree.FilesUnder($"src/{project}", ".cs"))
            {
                foreach (Match match in Regex.Matches(WorkingTree.CodeOnly(WorkingTree.Read(file)), @"\bFarthing\.[A-Z]\w+"))
                {
                    if (!MayUse.ContainsKey(match.Value)) continue;
                    Assert.True(match.Value == project || allowed.Contains(match.Value), $"{file} names {match.Value}, which {project} may not use.");
                    seen++;
                }
            }
        }
        Assert.True(seen > 20, $"Only {seen} namespaces were found: the test no longer reads the sources.");
    }

    [Fact]
    public void Samples_use_only_what_a_stranger_could()
    {
        string[] forStrangers = ["Farthing.AspNetCore", "Farthing.Client", "Farthing.Protocol"];
        foreach (var file in WorkingTree.FilesUnder("samples", ".csproj"))
        {
            Assert.All(ReferencesOf(file), reference => Assert.Contains(reference, forStrangers));
        }
    }

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var solution = WorkingTree.Read("Farthing.slnx");
        var projects = WorkingTree.Files.Where(file => file.EndsWith(".csproj", StringComparison.Ordinal)).ToList();
        Assert.True(projects.Count >= 17);
        Assert.All(projects, project => Assert.Contains($"\"{project}\"", solution, StringComparison.Ordinal));
    }

    private static IEnumerable<string> ReferencesOf(string file) =>
        XDocument.Parse(WorkingTree.Read(file)).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));
}
