using System.Text;
using System.Text.Encodings.Web;
using Farthing.Protocol;

namespace Farthing.Server.Doors.Rest;

/// <summary>JSON that is put together from ready-made parts, for the one answer that is written thousands of times a request.</summary>
/// <remarks>
/// Ids, amounts and times contain nothing that JSON escapes, and names and punctuation are known when this program is compiled: looking at every byte of them,
/// as a JSON writer must, costs more than making them. Only texts are escaped. Not thread-safe; used once.
/// </remarks>
internal ref struct JsonText(Span<byte> initial)
{
    private const int MaxAmountLength = 96;

    private Span<byte> buffer = initial;
    private int length;

    public readonly ReadOnlySpan<byte> Written => buffer[..length];

    /// <summary>Adds JSON as it is.</summary>
    public void Add(ReadOnlySpan<byte> json) => json.CopyTo(Reserve(json.Length));

    /// <summary>Adds a member whose value is an id.</summary>
    /// <param name="head">What stands before the id, from the comma to the opening quotation mark.</param>
    /// <param name="id">The id.</param>
    public void Add<T>(ReadOnlySpan<byte> head, Id<T> id) where T : IIdKind
    {
        Add(head);
        id.FormatUtf8(Reserve(Id<T>.TextLength));
        Add("\""u8);
    }

    /// <summary>Adds a member whose value is an amount.</summary>
    /// <param name="head">What stands before the number, from the comma to its opening quotation mark.</param>
    /// <param name="amount">The amount.</param>
    public void Add(ReadOnlySpan<byte> head, Amount amount)
    {
        Add(head);
        var text = Reserve(MaxAmountLength);
        length -= MaxAmountLength - amount.FormatUtf8(text);
        Add("\",\"currency\":\""u8);
        Encoding.ASCII.GetBytes(amount.Asset.Code, Reserve(amount.Asset.Code.Length));
        Add("\"}"u8);
    }

    /// <summary>Adds a member whose value is a time.</summary>
    /// <param name="head">What stands before the time, from the comma to the opening quotation mark.</param>
    /// <param name="time">The time.</param>
    public void Add(ReadOnlySpan<byte> head, DateTimeOffset time)
    {
        Add(head);
        WireTime.FormatUtf8(time, Reserve(WireTime.Length));
        Add("\""u8);
    }

    /// <summary>Adds a member whose value is a text, escaped.</summary>
    /// <param name="head">What stands before the text, from the comma to the opening quotation mark.</param>
    /// <param name="text">The text.</param>
    public void Add(ReadOnlySpan<byte> head, string text)
    {
        Add(head);
        var escaped = JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text);
        Encoding.UTF8.GetBytes(escaped, Reserve(Encoding.UTF8.GetByteCount(escaped)));
        Add("\""u8);
    }

    private Span<byte> Reserve(int count)
    {
        if (length + count > buffer.Length)
        {
            var larger = new byte[Math.Max(buffer.Length * 2, length + count)];
            Written.CopyTo(larger);
            buffer = larger;
        }

        var span = buffer.Slice(length, count);
        length += count;
        return span;
    }
}
