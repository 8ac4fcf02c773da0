using System.Text;

namespace Farthing.Repository.Tests;

/// <summary>The files of this repository, as they lie on disk.</summary>
internal static class WorkingTree
{
    private static readonly HashSet<string> NotOurs = [".git", ".vs", ".idea", "artifacts", "bin", "obj", "data", "node_modules", "TestResults"];

    public static string Root { get; } = FindRoot();

    /// <summary>Every file, by its path from the root with forward slashes.</summary>
    public static IReadOnlyList<string> Files { get; } = [.. List(Root).Order(StringComparer.Ordinal)];

    public static IEnumerable<string> FilesUnder(string folder, string extension) =>
        Files.Where(file => file.StartsWith(folder + "/", StringComparison.Ordinal) && file.EndsWith(extension, StringComparison.Ordinal));

    public static string Read(string file) => File.ReadAllText(Absolute(file));

    public static string Absolute(string file) => Path.Combine(Root, file);

    /// <summary>C# without comments, strings and characters, so that words can be looked for in code alone. Line breaks stay.</summary>
    public static string CodeOnly(string source)
    {
        var code = new StringBuilder(source.Length);
        var at = 0;
        while (at < source.Length)
        {
            var end = SkipFrom(source, at);
            if (end == at)
            {
                code.Append(source[at++]);
                continue;
            }
            code.Append('\n', source.AsSpan(at, end - at).Count('\n'));
            code.Append(' ');
            at = end;
        }
        return code.ToString();
    }

    // Where the comment or literal that begins here ends; here itself if none does.
    private static int SkipFrom(string source, int at)
    {
        var rest = source.AsSpan(at);
        if (rest.StartsWith("//")) return at + LengthTo(rest, "\n", 2);
        if (rest.StartsWith("/*")) return at + LengthTo(rest, "*/", 2);
        if (rest.StartsWith("\"\"\""))
        {
            var quotes = rest.IndexOfAnyExcept('"');
            return quotes < 0 ? source.Length : at + LengthTo(rest, new string('"', quotes), quotes);
        }
        if (rest.StartsWith("@\"") || rest.StartsWith("$@\"")) return SkipVerbatim(source, at + rest.IndexOf('"') + 1);
        if (rest[0] is '"' or '\'') return SkipQuoted(source, at);
        return at;
    }

    private static int LengthTo(ReadOnlySpan<char> text, string end, int from)
    {
        var found = text[from..].IndexOf(end, StringComparison.Ordinal);
        return found < 0 ? text.Length : from + found + end.Length;
    }

    private static int SkipVerbatim(string source, int at)
    {
        while (at < source.Length)
        {
            if (source[at] == '"' && (at + 1 == source.Length || source[at + 1] != '"')) return at + 1;
            at += source[at] == '"' ? 2 : 1;
        }
        return at;
    }

    private static int SkipQuoted(string source, int at)
    {
        var quote = source[at++];
        while (at < source.Length && source[at] != quote && source[at] != '\n') at += source[at] == '\\' ? 2 : 1;
        return Math.Min(at + 1, source.Length);
    }

    private static IEnumerable<string> List(string directory)
    {
        foreach (var file in Directory.EnumerateFiles(directory))
        {
            // In a linked working tree, .git is a file.
            if (!NotOurs.Contains(Path.GetFileName(file))) yield return Path.GetRelativePath(Root, file).Replace('\\', '/');
        }
        foreach (var child in Directory.EnumerateDirectories(directory))
        {
            if (NotOurs.Contains(Path.GetFileName(child))) continue;
            foreach (var file in List(child)) yield return file;
        }
    }

    private static string FindRoot()
    {
        for (var at = AppContext.BaseDirectory; at is not null; at = Path.GetDirectoryName(at))
        {
            if (File.Exists(Path.Combine(at, "Farthing.slnx"))) return at;
        }
        throw new InvalidOperationException("No directory above the tests holds Farthing.slnx.");
    }
}
