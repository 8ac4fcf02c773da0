using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Farthing.Ledger.State;

/// <summary>A value for each of many ids.</summary>
/// <remarks>
/// Ids and values stand in the order in which they came; slots of eight bytes lead to them. Nearly every id that is looked for is new, and a new id
/// touches one slot: a table of a million ids has few enough of them for the processor's cache.
/// Slots are open addressed with linear probing, in shards that each grow by themselves: a table of millions never stops the writer to grow as a whole.
/// Nothing is taken out of it. Not thread-safe.
/// </remarks>
internal sealed class IdTable<T> where T : unmanaged
{
    private const int ShardBits = 8;
    private const int FirstCapacity = 16;
    private const int BlockBits = 10;
    private const int BlockMask = (1 << BlockBits) - 1;
    private const uint LegMask = 0xFF;

    private static readonly Slot[] Unused = new Slot[1];

    private readonly Shard[] shards = new Shard[1 << ShardBits];

    // Never moved, so that a value stays where it is.
    private readonly List<Item[]> blocks = [];
    private int count;

    public IdTable() => Array.Fill(shards, new Shard { Slots = Unused });

    /// <summary>The value of an id, or a null reference.</summary>
    public ref T Find(UInt128 id)
    {
        var hash = HashOf(id);
        var number = Seek(ShardOf(hash).Slots, id, hash).Number;
        if (number == 0) return ref Unsafe.NullRef<T>();
        return ref ItemOf(number).Value;
    }

    /// <summary>The value of an id, the default one if it had none.</summary>
    public ref T Add(UInt128 id)
    {
        var hash = HashOf(id);
        ref var shard = ref ShardOf(hash);
        if (shard.Count >= shard.Slots.Length / 4 * 3) Grow(ref shard);
        ref var slot = ref Seek(shard.Slots, id, hash);
        if (slot.Number == 0)
        {
            if ((count & BlockMask) == 0) blocks.Add(new Item[1 << BlockBits]);
            slot = new(hash, ++count);
            shard.Count++;
            ItemOf(count).Id = id;
        }

        return ref ItemOf(slot.Number).Value;
    }

    /// <summary>Asks for the memory of an id, so that whoever looks for it soon need not wait. Changes nothing.</summary>
    public unsafe void Prefetch(UInt128 id)
    {
        if (!Sse.IsSupported) return;
        var hash = HashOf(id);
        var slots = ShardOf(hash).Slots;
        Sse.Prefetch0(Unsafe.AsPointer(ref slots[hash & ((uint)slots.Length - 1)]));
    }

    // The upper bits choose the shard, the lower ones the slot in it.
    private ref Shard ShardOf(uint hash) => ref shards[hash >> (32 - ShardBits)];

    // Numbers count from one, so that an unused slot is all zero.
    private ref Item ItemOf(int number) => ref blocks[(number - 1) >> BlockBits][(number - 1) & BlockMask];

    private ref Slot Seek(Slot[] slots, UInt128 id, uint hash)
    {
        var mask = (uint)slots.Length - 1;
        var index = hash & mask;
        while (true)
        {
            ref var slot = ref slots[index];
            if (slot.Number == 0 || (slot.Hash == hash && ItemOf(slot.Number).Id == id)) return ref slot;
            index = (index + 1) & mask;
        }
    }

    private static void Grow(ref Shard shard)
    {
        var smaller = shard.Slots;
        shard.Slots = new Slot[Math.Max(FirstCapacity, checked(smaller.Length * 2))];

        // Fresh pages that are read before they are written fault twice, and the second time stops every processor: write them first.
        Array.Clear(shard.Slots);
        var mask = (uint)shard.Slots.Length - 1;
        foreach (var slot in smaller)
        {
            if (slot.Number == 0) continue;
            var index = slot.Hash & mask;
            while (shard.Slots[index].Number != 0) index = (index + 1) & mask;
            shard.Slots[index] = slot;
        }
    }

    // Senders choose their ids, so the hash must have a seed they do not know: HashCode has one per process. Slots are never seen outside.
    // The low byte, which callers number the legs of a chain with, is added and not hashed: a chain's ids are neighbours, which memory is read for only once.
    private static uint HashOf(UInt128 id)
    {
        var upper = (ulong)(id >> 64);
        var lower = unchecked((ulong)id);
        return unchecked((uint)HashCode.Combine((uint)lower & ~LegMask, (uint)(lower >> 32), (uint)upper, (uint)(upper >> 32)) + ((uint)lower & LegMask));
    }

    private struct Shard
    {
        public Slot[] Slots;
        public int Count;
    }

    private readonly record struct Slot(uint Hash, int Number);

    private struct Item
    {
        public UInt128 Id;
        public T Value;
    }
}
