namespace Farthing.Ledger.State;

/// <summary>Where the state machine writes its records: the payload of one batch.</summary>
/// <remarks>Not thread-safe; used by the writer, then handed over whole.</remarks>
internal sealed class BatchBuffer
{
    private const int InitialBytes = 64 << 10;

    /// <summary>The records' bytes; those from <see cref="Length"/> on mean nothing. Written only by <see cref="RecordCodec"/>.</summary>
    public byte[] Bytes { get; private set; } = new byte[InitialBytes];

    /// <summary>How many of <see cref="Bytes"/> are used.</summary>
    public int Length { get; private set; }

    /// <summary>Where each record begins in <see cref="Bytes"/>.</summary>
    public List<int> Offsets { get; } = [];

    public void Clear() => CutTo(0);

    /// <summary>Room for <paramref name="maxLength"/> more bytes, of which <see cref="Advance"/> takes what was used.</summary>
    public Span<byte> Reserve(int maxLength)
    {
        if (Bytes.Length - Length < maxLength)
        {
            var larger = new byte[Math.Max(Bytes.Length * 2, Length + maxLength)];
            Bytes.AsSpan(0, Length).CopyTo(larger);
            Bytes = larger;
        }

        return Bytes.AsSpan(Length, maxLength);
    }

    /// <summary>Takes the next <paramref name="length"/> bytes as one record.</summary>
    public void Advance(int length)
    {
        Offsets.Add(Length);
        Length += length;
    }

    /// <summary>Forgets all records but the first <paramref name="count"/>.</summary>
    public void CutTo(int count)
    {
        if (count >= Offsets.Count) return;
        Length = Offsets[count];
        Offsets.RemoveRange(count, Offsets.Count - count);
    }
}
