using System.Runtime.CompilerServices;
using Farthing.Ledger.State;

namespace Farthing.Ledger.Tests.State;

public class IdTableTests
{
    private readonly record struct Item(UInt128 Id, int Value) : IIdentified;

    [Fact]
    public void Items_are_found_by_id_and_by_number_and_stay_where_they_are()
    {
        const int Count = 100_000;
        var table = new IdTable<Item>();
        ref var first = ref table.Add(new(IdOf(1), 1));
        for (var i = 2; i <= Count; i++) table.Add(new(IdOf(i), i));
        for (var i = 1; i <= Count; i++)
        {
            Assert.Equal(i, table.Find(IdOf(i)).Value);
            Assert.Equal(i, table[i].Value);
            Assert.True(Unsafe.IsNullRef(ref table.Find(IdOf(-i))));
        }

        Assert.Equal(Count, table.Count);
        Assert.True(Unsafe.AreSame(ref first, ref table.Find(IdOf(1))));
    }

    [Fact]
    public void A_cleared_table_has_nothing_and_is_filled_again()
    {
        const int Count = 10_000;
        var table = new IdTable<Item>();
        for (var i = 1; i <= Count; i++) table.Add(new(IdOf(i), i));
        table.Clear();
        Assert.Equal(0, table.Count);
        for (var i = 1; i <= Count; i++) Assert.True(Unsafe.IsNullRef(ref table.Find(IdOf(i))));
        for (var i = 1; i <= Count; i++) table.Add(new(IdOf(-i), i));
        for (var i = 1; i <= Count; i++) Assert.Equal((i, i), (table.Find(IdOf(-i)).Value, table[i].Value));
    }

    [Fact]
    public void An_item_takes_the_place_of_the_one_that_its_id_had()
    {
        var table = new IdTable<Item>();
        table.Add(new(5, 1));
        table.Add(new(6, 2));
        table.Add(new(5, 3));
        Assert.Equal(2, table.Count);
        Assert.Equal(new Item(5, 3), table[1]);
        Assert.Equal(new Item(6, 2), table.Find(6));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3_000)]
    public void Items_can_be_taken_out_and_all_others_are_still_found_where_they_were(int expected)
    {
        const int Rounds = 20_000, Most = 1_000;
        var table = new IdTable<Item>();
        table.Expect(expected);
        var random = new Random(1);
        var numbers = new Dictionary<UInt128, int>();
        var ids = new List<UInt128>();
        for (var round = 1; round <= Rounds; round++)
        {
            // Ids that differ in their low byte only are neighbours, and stand in each other's way.
            var id = IdOf(1_000_000 + round / 7) + (UInt128)(round % 7);
            numbers.Add(id, table.NextNumber);
            ids.Add(id);
            Assert.Equal(id, table.Add(new(id, round)).Id);
            while (ids.Count > Most || (ids.Count > 0 && random.Next(2) == 0))
            {
                var at = random.Next(ids.Count);
                numbers.Remove(ids[at], out var number);
                table.Remove(number);
                Assert.Equal(default, table[number]);
                Assert.True(Unsafe.IsNullRef(ref table.Find(ids[at])));
                ids.RemoveAt(at);
                if (random.Next(3) == 0) break;
            }

            Assert.Equal(ids.Count, table.Count);
            // The numbers of those taken out are used again.
            Assert.InRange(table.LastNumber, table.Count, Most + 1);
        }

        Assert.NotEmpty(ids);
        Assert.All(numbers, entry => Assert.Equal(entry.Key, table[entry.Value].Id));
        Assert.All(ids, id => Assert.True(Unsafe.AreSame(ref table.Find(id), ref table[numbers[id]])));
    }

    [Fact]
    public void Asking_for_memory_changes_nothing()
    {
        var table = new IdTable<Item>();
        table.PrefetchSlot(1);
        table.PrefetchItem((UInt128)1);
        for (var i = 1; i <= 1000; i++) table.Add(new(IdOf(i), i));
        for (var i = -1000; i <= 1000; i++)
        {
            table.PrefetchSlot(IdOf(i));
            table.PrefetchItem(IdOf(i));
        }

        Assert.Equal(1000, table.Count);
        Assert.Equal(7, table.Find(IdOf(7)).Value);
    }

    [Fact]
    public void What_was_taken_out_leaves_nothing_behind()
    {
        var table = new IdTable<Item>();
        table.Add(new(1, 1));
        table.Add(new(2, 2));
        table.Remove(1);
        table.Clear();
        Assert.Equal((0, 0, 1), (table.Count, table.LastNumber, table.NextNumber));

        long Round()
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 1; i <= 10_000; i++)
            {
                table.Add(new(IdOf(i), i));
                table.Remove(1);
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Round();
        Assert.InRange(Round(), 0, 10_000);
        Assert.Equal(0, table.Count);
    }

    // Each shard has room for 768 ids, of which it gets 390, give or take 20.
    [Fact]
    public void A_table_that_was_told_how_many_to_expect_does_not_grow()
    {
        const int Count = 100_000;
        var table = new IdTable<Item>();
        var before = GC.GetAllocatedBytesForCurrentThread();
        table.Expect(Count / 5);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 500_000, 1_500_000);
        table.Expect(Count);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 5_000_000, 8_000_000);

        before = GC.GetAllocatedBytesForCurrentThread();
        table.Expect(Count);
        for (var i = 1; i <= Count; i++) table.Add(new(IdOf(i), i));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000);
    }

    [Fact]
    public void A_table_that_grows_stays_within_a_few_times_its_items()
    {
        const int Count = 100_000;
        var table = new IdTable<Item>();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 1; i <= Count; i++) table.Add(new(IdOf(i), i));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 5_000_000, 12_000_000);
    }

    private static UInt128 IdOf(int i) => new((ulong)(1_700_000_000_000 + i) << 16, unchecked((ulong)i << 32));
}
