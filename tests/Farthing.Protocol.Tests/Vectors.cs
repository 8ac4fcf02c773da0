using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Farthing.Protocol.Tests;

/// <summary>The golden values of <c>docs/spec/vectors</c>.</summary>
internal static class Vectors
{
    public static JsonElement Read(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(PathOf(name)));
        return document.RootElement.Clone();
    }

    public static string PathOf(string name, [CallerFilePath] string thisFile = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", "docs", "spec", "vectors", name));
}
