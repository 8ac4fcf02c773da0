using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Reflection.Metadata;
using System.Text;
using System.Xml.Linq;

namespace Farthing.Server.Tests.Sdk;

/// <summary>What others build on, as they get it.</summary>
public sealed class PackagesTests(SharedServer server) : IDisposable
{
    private static readonly string[] Names = ["Farthing.AspNetCore", "Farthing.Client", "Farthing.Protocol"];
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    private readonly TemporaryDirectory directory = new();

    private string Packages => Path.Combine(directory.Path, "packages");

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task Strangers_program_is_built_from_the_packages_alone_and_makes_a_sale()
    {
        await PackAsync();
        var versions = Names.Select(CheckPackage).Distinct().ToList();
        var version = Assert.Single(versions);

        var project = Path.Combine(directory.Path, "stranger", "Stranger.csproj");
        Directory.CreateDirectory(Path.GetDirectoryName(project)!);
        File.Copy(Beside("Stranger.xml"), project);
        File.Copy(Beside("Program.cs"), Path.Combine(Path.GetDirectoryName(project)!, "Program.cs"));
        await DotnetAsync("build", project, "-c", "Release", "-v", "q", "-o", Path.Combine(directory.Path, "built"), "-nodeReuse:false", "-p:UseSharedCompilation=false",
            $"-p:FarthingPackages={Packages}", $"-p:FarthingFallback={FallbackFolder()}", $"-p:FarthingVersion={version}");

        var said = await DotnetAsync(Path.Combine(directory.Path, "built", "Stranger.dll"), server.Process.Address.ToString(), ServerProcess.OperatorKey);
        // A hundredth of it is the operator's.
        Assert.Equal("bought 'more rain' for 0.002 USD; the payee has 0.00198 USD", said.Trim());
    }

    /// <summary>Looks into a package and its symbols.</summary>
    /// <returns>Its version.</returns>
    private string CheckPackage(string name)
    {
        var file = Assert.Single(Directory.GetFiles(Packages, $"{name}.*.nupkg"));
        using var package = ZipFile.OpenRead(file);
        var entries = package.Entries.Select(entry => entry.FullName).ToHashSet();
        Assert.All([$"lib/net10.0/{name}.dll", $"lib/net10.0/{name}.xml", "README.md"], wanted => Assert.Contains(wanted, entries));
        Assert.DoesNotContain(entries, entry => entry.EndsWith(".pdb", StringComparison.Ordinal));
        // Of the version, not of the build.
        Assert.Single(package.Entries.Select(entry => entry.LastWriteTime.DateTime).Distinct(), DateTime.Parse("2026-11-23", CultureInfo.InvariantCulture));

        using var nuspec = package.GetEntry($"{name}.nuspec")!.Open();
        var metadata = XDocument.Load(nuspec).Root!.Elements().Single(element => element.Name.LocalName == "metadata").Elements().ToDictionary(element => element.Name.LocalName);
        Assert.Equal(("Apache-2.0", "expression"), (metadata["license"].Value, metadata["license"].Attribute("type")!.Value));
        Assert.Equal("README.md", metadata["readme"].Value);
        Assert.True(metadata["description"].Value.Length > 50, $"{name} does not say what it is.");
        Assert.False(metadata.ContainsKey("repository") || metadata.ContainsKey("projectUrl"), $"{name} names a repository.");
        var version = metadata["version"].Value;
        Assert.DoesNotContain('+', version);

        using (var assembly = new MemoryStream())
        {
            using (var entry = package.GetEntry($"lib/net10.0/{name}.dll")!.Open()) entry.CopyTo(assembly);
            Assert.Equal(-1, assembly.GetBuffer().AsSpan().IndexOf(Encoding.UTF8.GetBytes(Root)));
        }

        using (var documentation = package.GetEntry($"lib/net10.0/{name}.xml")!.Open())
            Assert.True(XDocument.Load(documentation).Descendants("member").Count() > 20, $"{name} is hardly documented.");

        using var symbols = ZipFile.OpenRead(Path.ChangeExtension(file, ".snupkg"));
        using var packed = symbols.GetEntry($"lib/net10.0/{name}.pdb")!.Open();
        using var portable = new MemoryStream();
        packed.CopyTo(portable);
        portable.Position = 0;
        using var provider = MetadataReaderProvider.FromPortablePdbStream(portable);
        var reader = provider.GetMetadataReader();
        var sources = reader.Documents.Select(document => reader.GetString(reader.GetDocument(document).Name)).ToList();
        Assert.NotEmpty(sources);
        Assert.All(sources, source => Assert.StartsWith("/_/", source, StringComparison.Ordinal));
        return version;
    }

    private Task<string> PackAsync() => DotnetAsync("msbuild", Beside("Pack.xml"), "-v:q", "-nologo", "-nodeReuse:false",
        $"-p:FarthingSources={Path.Combine(Root, "src")}", $"-p:FarthingPackages={Packages}", $"-p:Configuration={Configuration}");

    private static string Beside(string file) => Path.Combine(AppContext.BaseDirectory, "Sdk", "Stranger", file);

    // artifacts/bin/PROJECT/CONFIGURATION/
    private static DirectoryInfo Here => new(AppContext.BaseDirectory.TrimEnd('/'));

    private static string Root => Here.Parent!.Parent!.Parent!.Parent!.FullName;

    private static string Configuration => Here.Name == "debug" ? "Debug" : "Release";

    private static string FallbackFolder() =>
        Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    private async Task<string> DotnetAsync(params string[] arguments)
    {
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = directory.Path },
        };
        process.StartInfo.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        process.StartInfo.Environment["DOTNET_NOLOGO"] = "1";
        process.Start();
        using var deadline = new CancellationTokenSource(Patience);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
            var errors = process.StandardError.ReadToEndAsync(deadline.Token);
            await process.WaitForExitAsync(deadline.Token);
            Assert.True(process.ExitCode == 0, $"dotnet {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{await output}{await errors}");
            return await output;
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }
}
