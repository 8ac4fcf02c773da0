namespace Farthing.Protocol.Tests;

public class TileNameTests
{
    [Theory]
    [InlineData("tile/0/000", 0, 0, 256)]
    [InlineData("tile/0/000.p/1", 0, 0, 1)]
    [InlineData("tile/1/999.p/255", 1, 999, 255)]
    [InlineData("tile/0/x001/000", 0, 1_000, 256)]
    [InlineData("tile/2/x001/x234/067", 2, 1_234_067, 256)]
    [InlineData("tile/7/x036/x028/x797/x018/x963/967.p/17", 7, (1L << 55) - 1, 17)]
    public void A_tile_has_one_name(string path, int level, long index, int width)
    {
        Assert.True(TileName.TryParse(path, out var tile));
        Assert.Equal(new TileName(level, index, width), tile);
        Assert.Equal(path, tile.ToString());
        Assert.Equal(width * 32, tile.ByteLength);
        Assert.Equal(width == 256, tile.IsFull);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("tile/")]
    [InlineData("tile/0")]
    [InlineData("tile/0/")]
    [InlineData("tile/0/0")]
    [InlineData("tile/0/00")]
    [InlineData("tile/0/0000")]
    [InlineData("tile/0/x000/001")]
    [InlineData("tile/0/x001/x002")]
    [InlineData("tile/0/x001")]
    [InlineData("tile/0/001/002")]
    [InlineData("tile/0/x1234/002")]
    [InlineData("tile/0/xx01/002")]
    [InlineData("tile/00/000")]
    [InlineData("tile/8/000")]
    [InlineData("tile/-1/000")]
    [InlineData("tile/entries/000")]
    [InlineData("tile/0/000.p/0")]
    [InlineData("tile/0/000.p/256")]
    [InlineData("tile/0/000.p/01")]
    [InlineData("tile/0/000.p/")]
    [InlineData("tile/0/000.p")]
    [InlineData("tile/0/000.p/1/2")]
    [InlineData("tile/0/000.p/1.p/1")]
    [InlineData("tile/0/ 00")]
    [InlineData("tile/0/+00")]
    [InlineData("tile/0/../000")]
    [InlineData("/tile/0/000")]
    [InlineData("Tile/0/000")]
    [InlineData("tile/0/٠٠٠")]
    [InlineData("tile/0/x036/x028/x797/x018/x963/968")]
    [InlineData("tile/0/x999/x999/x999/x999/x999/x999/x999/999")]
    public void Anything_else_names_no_tile(string? path) => Assert.False(TileName.TryParse(path, out _));

    [Fact]
    public void A_tree_has_the_tiles_of_the_specification_s_example()
    {
        // 70,000 leaves: 273 full tiles and one of 112, one full and one of 17, one of 1.
        const int Size = 70_000;
        Assert.Equal([70_000, 273, 1, 0], Enumerable.Range(0, 4).Select(level => TileName.CountAt(level, Size)));
        Assert.Equal([256, 112, 0], new[] { 272, 273, 274 }.Select(index => TileName.WidthIn(Size, 0, index)));
        Assert.Equal([256, 17, 0], new[] { 0, 1, 2 }.Select(index => TileName.WidthIn(Size, 1, index)));
        Assert.Equal(1, TileName.WidthIn(Size, 2, 0));
        Assert.True(new TileName(0, 273, 112).IsIn(Size));
        Assert.True(new TileName(0, 273, 1).IsIn(Size));
        Assert.False(new TileName(0, 273, 113).IsIn(Size));
        Assert.False(new TileName(3, 0, 1).IsIn(Size));
        Assert.True(new TileName(7, 0, 127).IsIn(long.MaxValue));
        Assert.False(new TileName(0, (1L << 55) - 1, 256).IsIn(Size));
    }

    [Fact]
    public void Every_name_is_read_back()
    {
        var random = new Random(55);
        var read = 0;
        for (var i = 0; i < 10_000; i++)
        {
            var tile = new TileName(random.Next(8), random.NextInt64() >> random.Next(8, 63), random.Next(1, 257));
            Assert.True(TileName.TryParse(tile.ToString(), out var again));
            Assert.Equal(tile, again);
            read++;
        }

        Assert.Equal(10_000, read);
    }
}
