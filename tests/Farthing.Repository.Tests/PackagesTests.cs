using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Farthing.Repository.Tests;

public sealed partial class PackagesTests
{
    [Fact]
    public void Package_versions_are_central()
    {
        var references = 0;
        foreach (var file in WorkingTree.Files.Where(file => file.EndsWith(".csproj", StringComparison.Ordinal) || file.EndsWith(".props", StringComparison.Ordinal)))
        {
            foreach (var reference in XDocument.Parse(WorkingTree.Read(file)).Descendants("PackageReference"))
            {
                Assert.True(reference.Attribute("Version") is null && reference.Element("Version") is null && reference.Attribute("VersionOverride") is null,
                    $"{file}: {reference} belongs in Directory.Packages.props.");
                references++;
            }
        }
        Assert.True(references >= 8);
    }

    [Fact]
    public void Package_versions_are_exact_and_each_is_used()
    {
        var used = WorkingTree.Files
            .Where(file => file.EndsWith(".csproj", StringComparison.Ordinal) || file == "Directory.Build.props")
            .SelectMany(file => XDocument.Parse(WorkingTree.Read(file)).Descendants("PackageReference"))
            .Select(reference => reference.Attribute("Include")!.Value)
            .ToHashSet();
        foreach (var version in XDocument.Parse(WorkingTree.Read("Directory.Packages.props")).Descendants("PackageVersion"))
        {
            var name = version.Attribute("Include")!.Value;
            Assert.Matches(@"^\d+\.\d+\.\d+(-[\w.]+)?$", version.Attribute("Version")!.Value);
            // A version pinned for the sake of a transitive package says so beside it.
            var isPin = version.PreviousNode is XComment || version.Parent!.Attribute("Label")?.Value == "Pins";
            Assert.True(used.Contains(name) || isPin, $"{name} is in Directory.Packages.props, but nothing uses it.");
        }
    }

    [Fact]
    public void Lock_files_name_no_addresses()
    {
        string[] lockFiles = ["package-lock.json", "npm-shrinkwrap.json", "packages.lock.json", "yarn.lock"];
        foreach (var file in WorkingTree.Files.Where(file => lockFiles.Contains(Path.GetFileName(file))))
        {
            Assert.DoesNotMatch("\"?resolved\"?\\s*:?\\s*\"https?:", WorkingTree.Read(file));
        }
    }

    [Fact]
    public void No_file_names_a_machine_of_ours()
    {
        var files = 0;
        foreach (var file in WorkingTree.Files.Where(IsText))
        {
            files++;
            var match = LocalPath().Match(WorkingTree.Read(file));
            Assert.False(match.Success, $"{file} has a path of one machine: {match.Value}");
        }
        Assert.True(files > 60);
    }

    private static bool IsText(string file) => Path.GetExtension(file) is not (".png" or ".ico" or ".woff2" or ".jpg" or ".db");

    // Home directories and drives; /tmp, /usr and /dev are the same on every machine.
    [GeneratedRegex(@"(?<![\w.])/(?:home|Users|root|work|mnt|workspace)/[\w.-]+|\b[A-Z]:\\\\?(?:Users|src|work)\b")]
    private static partial Regex LocalPath();
}
