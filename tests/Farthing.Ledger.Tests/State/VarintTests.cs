using Farthing.Ledger.State;

namespace Farthing.Ledger.Tests.State;

public sealed class VarintTests
{
    // Room for the fast way, which needs eight bytes, and none but what the number takes.
    private static readonly int[] Spare = [0, 1, 7, 8, 32];

    public static TheoryData<int> Bits => [.. Enumerable.Range(0, 129)];

    [Theory]
    [MemberData(nameof(Bits))]
    public void Numbers_of_each_length_have_one_form_wherever_they_stand(int bits)
    {
        var power = bits < 128 ? UInt128.One << bits : UInt128.Zero;
        foreach (var value in new[] { power, unchecked(power - 1), power | 1, power | (unchecked(power - 1) >> 1) })
        {
            var expected = Naive(value);
            foreach (var spare in Spare)
            {
                var bytes = new byte[expected.Length + spare];
                Assert.Equal(expected.Length, Varint.Write(bytes, value));
                Assert.Equal(expected, bytes[..expected.Length]);
                AssertReads(bytes, expected.Length, value);

                if (value > ulong.MaxValue) continue;
                Assert.Equal(expected.Length, Varint.Write(bytes, (ulong)value));
                Assert.Equal(expected, bytes[..expected.Length]);
            }
        }
    }

    [Fact]
    public void Any_bytes_are_read_as_the_naive_way_reads_them()
    {
        var random = new Random(1);
        int read = 0, refused = 0;
        for (var n = 0; n < Effort.Of(100_000); n++)
        {
            // Bytes with the top bit set come often, so that long forms and endless ones do too; and zeros, which make a form too long.
            var bytes = new byte[random.Next(25)];
            for (var i = 0; i < bytes.Length; i++) bytes[i] = (byte)(random.Next(4) switch { 0 => random.Next(5), 1 => random.Next(256), _ => random.Next(0x80, 0x100) });
            ReadOnlySpan<byte> rest = bytes;
            var isRead = Varint.TryRead(ref rest, out UInt128 value);
            var expected = NaiveRead(bytes);
            Assert.Equal(expected is not null, isRead);
            Assert.Equal(expected?.Length ?? 0, bytes.Length - rest.Length);
            if (expected is { } number) Assert.Equal(number.Value, value);
            if (isRead) read++;
            else refused++;
        }
        Assert.True(read > Effort.Of(1_000) && refused > Effort.Of(1_000), $"{read} were read and {refused} refused.");
    }

    [Theory]
    [InlineData(3, true)]
    [InlineData(4, false)]
    [InlineData(0x7F, false)]
    [InlineData(0x80, false)]
    [InlineData(0xFF, false)]
    public void The_last_of_nineteen_bytes_has_two_bits(int last, bool isRead)
    {
        ReadOnlySpan<byte> bytes = [.. Enumerable.Repeat((byte)0xFF, Varint.MaxLength - 1), (byte)last, 0];
        Assert.Equal(isRead, Varint.TryRead(ref bytes, out UInt128 value));
        Assert.Equal(isRead ? 1 : 20, bytes.Length);
        if (isRead) Assert.Equal(UInt128.MaxValue, value);
    }

    private static void AssertReads(byte[] bytes, int length, UInt128 value)
    {
        ReadOnlySpan<byte> rest = bytes;
        Assert.True(Varint.TryRead(ref rest, out UInt128 wide));
        Assert.Equal((value, length), (wide, bytes.Length - rest.Length));
        rest = bytes;
        Assert.Equal(value <= ulong.MaxValue, Varint.TryRead(ref rest, out ulong narrow));
        Assert.Equal(value <= ulong.MaxValue ? (ulong)value : 0, narrow);
    }

    private static byte[] Naive(UInt128 value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7) bytes.Add((byte)((uint)(value & 0x7F) | 0x80));
        return [.. bytes, (byte)value];
    }

    private static (UInt128 Value, int Length)? NaiveRead(byte[] bytes)
    {
        var length = Array.FindIndex(bytes, part => part < 0x80) + 1;
        if (length == 0 || (length > 1 && bytes[length - 1] == 0) || length > Varint.MaxLength) return null;
        if (length == Varint.MaxLength && bytes[length - 1] > 3) return null;
        var value = UInt128.Zero;
        for (var i = length - 1; i >= 0; i--) value = (value << 7) | (bytes[i] & 0x7Fu);
        return (value, length);
    }
}
