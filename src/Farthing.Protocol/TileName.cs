using System.Globalization;
using System.Text;

namespace Farthing.Protocol;

/// <summary>The name of a tile: 256 neighbouring hashes of one level of a Merkle log, or the first few of them while the log is no longer.</summary>
/// <param name="Level">0 for the hashes of leaves; a hash of any other level is the root of a full tile of the level below. At most <see cref="MaxLevel"/>.</param>
/// <param name="Index">Tiles of a level are numbered from 0.</param>
/// <param name="Width">How many hashes, 1 to <see cref="FullWidth"/>.</param>
/// <remarks>Source: https://c2sp.org/tlog-tiles. Immutable; safe to share between threads.</remarks>
public readonly record struct TileName(int Level, long Index, int Width)
{
    /// <summary>Hashes of a full tile.</summary>
    public const int FullWidth = 1 << Height;

    /// <summary>Levels of the tree between a tile and the one above.</summary>
    public const int Height = 8;

    /// <summary>A tree whose size fits <see cref="long"/> has no tile above this level.</summary>
    public const int MaxLevel = 7;

    private const string Root = "tile/";
    private const string Partial = ".p/";

    // 2^55 tiles of 256 leaves are more than a long can count.
    private const long MaxIndex = (1L << 55) - 1;

    // 55 bits are 17 digits, so six groups: the root, the level, five times xNNN and a slash, the last three digits, a width of three.
    private const int MaxTextLength = 41;

    /// <summary>True if the tile has all its hashes: it never changes again, and its root stands in the level above.</summary>
    public bool IsFull => Width == FullWidth;

    /// <summary>The bytes of the tile: 32 for each hash.</summary>
    public int ByteLength => Width * MerkleTree.HashLength;

    /// <summary>How many hashes of a level a tree of <paramref name="size"/> leaves has.</summary>
    public static long CountAt(int level, long size) => size >> (Height * level);

    /// <summary>How many hashes the tile at this place has in a tree of <paramref name="size"/> leaves: 0 to <see cref="FullWidth"/>.</summary>
    public static int WidthIn(long size, int level, long index) => (int)Math.Clamp(CountAt(level, size) - (index << Height), 0, FullWidth);

    /// <summary>True if a tree of <paramref name="size"/> leaves has these hashes.</summary>
    public bool IsIn(long size) => WidthIn(size, Level, Index) >= Width;

    /// <summary>Reads the path of a tile, such as <c>tile/0/x001/234.p/17</c>.</summary>
    /// <returns>False for anything but the one spelling that <see cref="ToString"/> gives. Never throws.</returns>
    public static bool TryParse(string? path, out TileName tile)
    {
        tile = default;
        if (path is null || path.Length > MaxTextLength || !path.StartsWith(Root, StringComparison.Ordinal)) return false;
        var rest = path[Root.Length..];
        var width = FullWidth;
        if (rest.IndexOf(Partial, StringComparison.Ordinal) is >= 0 and var at)
        {
            if (!TryParseNumber(rest[(at + Partial.Length)..], FullWidth - 1, out var partialWidth)) return false;
            width = (int)partialWidth;
            rest = rest[..at];
        }

        var groups = rest.Split('/');
        if (groups.Length < 2 || !TryParseNumber(groups[0], MaxLevel, out var level)) return false;
        if (!TryParseNumber(string.Concat(groups[1..]).Replace("x", "", StringComparison.Ordinal), MaxIndex, out var index)) return false;
        var candidate = new TileName((int)level, index, width);
        // The spelling is checked by spelling it again.
        if (width == 0 || candidate.ToString() != path) return false;
        tile = candidate;
        return true;
    }

    /// <summary>The path below the log's prefix: <c>tile/LEVEL/INDEX</c>, the index in groups of three digits, and <c>.p/WIDTH</c> unless the tile is full.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        var rest = Index;
        text.Insert(0, (rest % 1000).ToString("D3", CultureInfo.InvariantCulture));
        for (rest /= 1000; rest > 0; rest /= 1000) text.Insert(0, string.Create(CultureInfo.InvariantCulture, $"x{rest % 1000:D3}/"));
        text.Insert(0, string.Create(CultureInfo.InvariantCulture, $"{Root}{Level}/"));
        if (!IsFull) text.Append(CultureInfo.InvariantCulture, $"{Partial}{Width}");
        return text.ToString();
    }

    private static bool TryParseNumber(string text, long max, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= max;
}
