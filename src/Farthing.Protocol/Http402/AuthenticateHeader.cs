namespace Farthing.Protocol;

/// <summary>Reads the grammar of <c>WWW-Authenticate</c>: challenges of several schemes, each with parameters, divided by the same commas.</summary>
/// <remarks>Source: RFC 9110 section 11.6.1.</remarks>
internal static class AuthenticateHeader
{
    private const int MaxChallenges = 32;
    private const int MaxParameters = 32;

    /// <summary>The challenges with their parameters, whose names are in lower case.</summary>
    /// <returns>None if the header is malformed, so that nothing is read out of the middle of something else. Never throws.</returns>
    public static List<(string Scheme, Dictionary<string, string> Parameters)> Read(string header)
    {
        var challenges = new List<(string Scheme, Dictionary<string, string> Parameters)>();
        var at = 0;
        while (true)
        {
            SkipBlanksAndCommas(header, ref at);
            if (at == header.Length) return challenges;

            var token = ReadToken(header, ref at);
            if (token.Length == 0) return [];
            var afterToken = at;
            SkipBlanks(header, ref at);
            if (at < header.Length && header[at] == '=' && challenges.Count > 0)
            {
                at++;
                SkipBlanks(header, ref at);
                if (!TryReadValue(header, ref at, out var value)) return [];
                var parameters = challenges[^1].Parameters;
                if (parameters.Count == MaxParameters || !parameters.TryAdd(token.ToLowerInvariant(), value)) return [];
            }
            else
            {
                // A scheme stands alone or before one blank and its parameters.
                if (challenges.Count == MaxChallenges || (at < header.Length && at == afterToken && header[at] != ',')) return [];
                challenges.Add((token, new Dictionary<string, string>(StringComparer.Ordinal)));
                SkipToken68(header, ref at);
            }
        }
    }

    /// <summary>Passes over the single opaque value that some schemes have instead of parameters.</summary>
    private static void SkipToken68(string header, ref int at)
    {
        var end = at;
        while (end < header.Length && (IsTokenCharacter(header[end]) || header[end] == '/')) end++;
        if (end == at) return;
        while (end < header.Length && header[end] == '=') end++;
        var next = end;
        SkipBlanks(header, ref next);
        // Otherwise it was the name of a parameter.
        if (next == header.Length || header[next] == ',') at = end;
    }

    private static bool TryReadValue(string header, ref int at, out string value)
    {
        if (at == header.Length || header[at] != '"')
        {
            value = ReadToken(header, ref at);
            return value.Length > 0;
        }

        var text = new System.Text.StringBuilder();
        for (at++; at < header.Length; at++)
        {
            if (header[at] == '"')
            {
                at++;
                value = text.ToString();
                return true;
            }

            if (header[at] == '\\' && ++at == header.Length) break;
            text.Append(header[at]);
        }

        value = "";
        return false;
    }

    private static string ReadToken(string header, ref int at)
    {
        var start = at;
        while (at < header.Length && IsTokenCharacter(header[at])) at++;
        return header[start..at];
    }

    private static bool IsTokenCharacter(char c) => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal);

    private static void SkipBlanks(string header, ref int at)
    {
        while (at < header.Length && header[at] is ' ' or '\t') at++;
    }

    private static void SkipBlanksAndCommas(string header, ref int at)
    {
        while (at < header.Length && header[at] is ' ' or '\t' or ',') at++;
    }
}
