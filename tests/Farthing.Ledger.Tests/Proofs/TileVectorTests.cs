using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Farthing.Ledger.Journal;
using Farthing.Ledger.Proofs;
using Farthing.Protocol;

namespace Farthing.Ledger.Tests.Proofs;

/// <summary>The golden names and bytes of <c>docs/spec/vectors/tiles.json</c>, which <c>docs/spec/tree.md</c> explains.</summary>
public class TileVectorTests
{
    [Fact]
    public void Names_of_tiles_and_the_resume_point_are_the_golden_ones()
    {
        // To change the format on purpose: FARTHING_WRITE_VECTORS=1, and say so in the commit.
        var made = Make().ToJsonString(new() { WriteIndented = true }) + "\n";
        if (Environment.GetEnvironmentVariable("FARTHING_WRITE_VECTORS") == "1") File.WriteAllText(FilePath(), made);
        Assert.Equal(File.ReadAllText(FilePath()), made);
    }

    private static JsonObject Make()
    {
        TileName[] names = [new(0, 0, 256), new(0, 0, 1), new(1, 17, 255), new(0, 1_000, 256), new(2, 1_234_067, 256), new(7, (1L << 55) - 1, 17)];
        string[] refused = ["tile/0/0", "tile/00/000", "tile/8/000", "tile/0/x000/001", "tile/0/001/002", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/entries/000"];
        Assert.All(refused, path => Assert.False(TileName.TryParse(path, out _)));
        Assert.All(names, name => Assert.True(TileName.TryParse(name.ToString(), out _)));
        var point = new ResumePoint(262_144, new FramePlace(3, 257), UInt128.MaxValue - 1, [.. Enumerable.Range(0, 32).Select(i => (byte)i)]);
        return new JsonObject
        {
            ["note"] = "Paths of tiles below a log's prefix, paths that name no tile, and the bytes of tree/resume. Numbers of 128 bits are decimal strings.",
            ["names"] = new JsonArray([.. names.Select(name => (JsonNode)new JsonObject { ["path"] = name.ToString(), ["level"] = name.Level, ["index"] = name.Index, ["width"] = name.Width })]),
            ["refused"] = new JsonArray([.. refused.Select(path => (JsonNode)path)]),
            ["resume"] = new JsonObject
            {
                ["size"] = point.Size,
                ["segment"] = point.Place.Segment,
                ["block"] = point.Place.Block,
                ["frameHash"] = point.FrameHash.ToString(),
                ["root"] = Convert.ToHexStringLower(point.Root),
                ["bytes"] = Convert.ToHexStringLower(point.Write()),
            },
        };
    }

    private static string FilePath([CallerFilePath] string thisFile = "") =>
        Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", "..", "docs", "spec", "vectors", "tiles.json");
}
