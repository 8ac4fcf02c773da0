namespace Farthing.Cli.Estimates;

/// <summary>A path in which <c>*</c> stands for anything but a slash, and <c>**</c> for anything at all.</summary>
internal sealed class PathPattern
{
    /// <summary>The longest pattern.</summary>
    public const int MaxLength = 256;

    private readonly string pattern;

    private PathPattern(string pattern) => this.pattern = pattern;

    /// <summary>Reads a pattern.</summary>
    /// <returns>What it must be and is not, or null.</returns>
    public static string? Parse(string text, out PathPattern pattern)
    {
        pattern = new PathPattern(text);
        if (text.Length == 0 || text[0] != '/') return "begins with a slash";
        if (text.Length > MaxLength) return $"has at most {MaxLength} characters";
        if (text.AsSpan().IndexOfAny('?', '#') >= 0) return "has no query: addresses are compared without it";
        return text.Contains("***", StringComparison.Ordinal) ? "has at most two stars beside each other" : null;
    }

    /// <summary>Whether the whole of <paramref name="path"/> is as the pattern says.</summary>
    public bool IsMatch(ReadOnlySpan<char> path)
    {
        // Where to try again, one character further on: behind the last single star, then behind the last double one, which is wider.
        var (at, i) = (0, 0);
        var (single, singleFrom, twin, twinFrom) = (-1, 0, -1, 0);
        while (i < path.Length)
        {
            if (at < pattern.Length && pattern[at] == '*')
            {
                if (at + 1 < pattern.Length && pattern[at + 1] == '*') (twin, twinFrom, single) = (at += 2, i, -1);
                else (single, singleFrom) = (++at, i);
            }
            else if (at < pattern.Length && pattern[at] == path[i])
            {
                at++;
                i++;
            }
            else if (single >= 0 && path[singleFrom] != '/')
            {
                (at, i) = (single, ++singleFrom);
            }
            else if (twin >= 0)
            {
                (at, i, single) = (twin, ++twinFrom, -1);
            }
            else
            {
                return false;
            }
        }

        return pattern.AsSpan(at).IndexOfAnyExcept('*') < 0;
    }

    public override string ToString() => pattern;
}
