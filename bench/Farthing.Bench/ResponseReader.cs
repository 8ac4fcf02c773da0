using System.Buffers.Text;
using System.Text;

namespace Farthing.Bench;

/// <summary>Collects the bytes of one HTTP/1.1 answer, by Content-Length or in chunks.</summary>
internal sealed class ResponseReader
{
    private byte[] buffer = new byte[16 * 1024];
    private int filled;
    private int bodyStart;
    private int contentLength;

    /// <summary>The status of the last complete answer.</summary>
    public int Status { get; private set; }

    /// <summary>The body of the last complete answer as it was sent: chunk headers are left in.</summary>
    public ReadOnlySpan<byte> Body => buffer.AsSpan(bodyStart, filled - bodyStart);

    /// <summary>Where received bytes go; always some room.</summary>
    public Span<byte> Free
    {
        get
        {
            if (filled == buffer.Length) Array.Resize(ref buffer, buffer.Length * 2);
            return buffer.AsSpan(filled);
        }
    }

    public void Clear()
    {
        filled = 0;
        bodyStart = 0;
    }

    /// <summary>Takes note of received bytes.</summary>
    /// <returns>True if the answer is complete.</returns>
    /// <exception cref="BenchFailedException">The bytes are not an answer this client reads.</exception>
    public bool Received(int count)
    {
        filled += count;
        if (bodyStart == 0 && !ReadHeaders()) return false;
        return contentLength >= 0
            ? filled - bodyStart >= contentLength
            : buffer.AsSpan(0, filled).EndsWith("\r\n0\r\n\r\n"u8) || Body.SequenceEqual("0\r\n\r\n"u8);
    }

    private bool ReadHeaders()
    {
        var head = buffer.AsSpan(0, filled);
        var end = head.IndexOf("\r\n\r\n"u8);
        if (end < 0) return false;
        head = head[..(end + 2)];
        if (!head.StartsWith("HTTP/1.1 "u8) || !Utf8Parser.TryParse(head[9..], out int status, out _)) throw new BenchFailedException("The answer is not HTTP/1.1.");
        Status = status;
        contentLength = head.IndexOf("Transfer-Encoding: chunked\r\n"u8) >= 0 ? -1 : ContentLength(head);
        bodyStart = end + 4;
        return true;
    }

    private static int ContentLength(ReadOnlySpan<byte> head)
    {
        var name = "\r\nContent-Length: "u8;
        var at = head.IndexOf(name);
        if (at >= 0 && Utf8Parser.TryParse(head[(at + name.Length)..], out int length, out _)) return length;
        throw new BenchFailedException($"An answer has neither length nor chunks: {Encoding.ASCII.GetString(head)}");
    }
}
