using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Farthing.Server.Doors.Gate;

/// <summary>The address that a visitor asked a web server for.</summary>
/// <param name="Path">The path, decoded; it has no empty, <c>.</c> or <c>..</c> segment, and is what is sold.</param>
/// <param name="Query">The query as it was sent, with its question mark; or empty.</param>
/// <param name="IsPlain">True if it was written the one way in which it is sold.</param>
/// <remarks>
/// Web servers decode, merge slashes and resolve dots each in their own way, and so might find a file under an address that is sold here as another one. So
/// an address is sold only as <see cref="Plain"/> spells it, in which there is nothing left to decode differently; whoever spells it otherwise is sent there.
/// Immutable.
/// </remarks>
internal sealed record AskedAddress(string Path, string Query, bool IsPlain)
{
    /// <summary>The one spelling of the path, with the query.</summary>
    public string Plain => new PathString(Path).ToUriComponent() + Query;

    /// <summary>Reads the target of a request, such as <c>/articles/rain?print=1</c>.</summary>
    /// <returns>
    /// Null for what no plain address can name: an encoded slash, backslash, percent sign or control character, whatever is not UTF-8, and a way out of the root.
    /// </returns>
    public static AskedAddress? TryRead(string target)
    {
        var end = target.AsSpan().IndexOfAny('?', '#');
        var raw = end < 0 ? target : target[..end];
        var query = end < 0 || target[end] == '#' ? "" : target[end..];
        if (query.IndexOf('#', StringComparison.Ordinal) is >= 0 and var fragment) query = query[..fragment];
        if (query.AsSpan().ContainsAnyExceptInRange('!', '~')) return null;
        if (!raw.StartsWith('/') || Decode(raw) is not { } decoded || Resolve(decoded) is not { } path) return null;
        var address = new AskedAddress(path, query == "?" ? "" : query, IsPlain: false);
        return address with { IsPlain = string.Equals(address.Plain, target, StringComparison.Ordinal) };
    }

    private static string? Decode(string raw)
    {
        var bytes = new ArrayBufferWriter<byte>(raw.Length);
        for (var i = 0; i < raw.Length; i++)
        {
            if (raw[i] != '%')
            {
                if (raw[i] is '\\' or < ' ') return null;
                var count = char.IsHighSurrogate(raw[i]) && i + 1 < raw.Length ? 2 : 1;
                bytes.Advance(Encoding.UTF8.GetBytes(raw.AsSpan(i, count), bytes.GetSpan(4)));
                i += count - 1;
                continue;
            }

            if (i + 2 >= raw.Length || !byte.TryParse(raw.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)) return null;
            // A percent sign would be decoded once more by whoever decodes twice.
            if (value is (byte)'/' or (byte)'\\' or (byte)'%') return null;
            bytes.GetSpan(1)[0] = value;
            bytes.Advance(1);
            i += 2;
        }

        try
        {
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes.WrittenSpan);
            return text.Any(char.IsControl) ? null : text;
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    private static string? Resolve(string decoded)
    {
        var segments = new List<string>();
        var isFolder = true;
        foreach (var segment in decoded.Split('/'))
        {
            isFolder = segment is "" or "." or "..";
            if (segment == ".." && segments.Count == 0) return null;
            if (segment == "..") segments.RemoveAt(segments.Count - 1);
            else if (!isFolder) segments.Add(segment);
        }

        return segments.Count == 0 ? "/" : $"/{string.Join('/', segments)}{(isFolder ? "/" : "")}";
    }
}
