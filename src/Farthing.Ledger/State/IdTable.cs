using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Farthing.Ledger.State;

/// <summary>Something that has an id.</summary>
internal interface IIdentified
{
    UInt128 Id { get; }
}

/// <summary>An item for each of many ids.</summary>
/// <remarks>
/// Items are numbered from one in the order in which they came, and are never moved; slots of eight bytes lead to them. A new id touches one
/// slot: a table of a million ids has few enough of them for the processor's cache. The number of an item that was taken out goes to a later one.
/// Slots are open addressed with linear probing, in shards that each grow by themselves: a table of millions never stops the writer to grow as a whole.
/// Not thread-safe.
/// </remarks>
internal sealed class IdTable<T> where T : unmanaged, IIdentified
{
    private const int ShardBits = 8;
    private const int FirstCapacity = 16;
    private const int BlockBits = 10;
    private const int BlockMask = (1 << BlockBits) - 1;
    private const ulong LegMask = 0xFF;

    private static readonly Slot[] Unused = new Slot[1];

    // Senders choose their ids, so the hash must have a seed that they do not know. Slots are never seen outside.
    private static readonly ulong UpperSeed = MemoryMarshal.Read<ulong>(RandomNumberGenerator.GetBytes(sizeof(ulong)));
    private static readonly ulong LowerSeed = MemoryMarshal.Read<ulong>(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    private readonly Shard[] shards = new Shard[1 << ShardBits];
    private readonly Stack<int> freeNumbers = [];
    private T[][] blocks = [];

    public IdTable() => Array.Fill(shards, new Shard { Slots = Unused });

    /// <summary>How many items there are.</summary>
    public int Count => LastNumber - freeNumbers.Count;

    /// <summary>No item has a higher number.</summary>
    public int LastNumber { get; private set; }

    /// <summary>The number of the next item that is added, if its id has none yet.</summary>
    public int NextNumber => freeNumbers.TryPeek(out var number) ? number : LastNumber + 1;

    /// <summary>The item with a number, which is from 1 to <see cref="LastNumber"/>; the default one if it was taken out.</summary>
    public ref T this[int number] => ref blocks[(number - 1) >> BlockBits][(number - 1) & BlockMask];

    /// <summary>The item of an id, or a null reference.</summary>
    public ref T Find(UInt128 id)
    {
        var hash = HashOf(id);
        var number = Seek(ShardOf(hash).Slots, id, hash).Number;
        if (number == 0) return ref Unsafe.NullRef<T>();
        return ref this[number];
    }

    /// <summary>Adds an item, in place of the one that its id had.</summary>
    /// <returns>Where it stays.</returns>
    public ref T Add(scoped in T item)
    {
        var hash = HashOf(item.Id);
        ref var shard = ref ShardOf(hash);
        if (shard.Count >= shard.Slots.Length / 4 * 3) Grow(ref shard, shard.Slots.Length * 2L);
        ref var slot = ref Seek(shard.Slots, item.Id, hash);
        if (slot.Number == 0)
        {
            slot = new(hash, freeNumbers.Count > 0 ? freeNumbers.Pop() : AddNumber());
            shard.Count++;
        }

        ref var place = ref this[slot.Number];
        place = item;
        return ref place;
    }

    /// <summary>Takes the item with a number out again.</summary>
    public void Remove(int number)
    {
        var hash = HashOf(this[number].Id);
        ref var shard = ref ShardOf(hash);
        var slots = shard.Slots;
        var mask = (uint)slots.Length - 1;
        var gap = hash & mask;
        while (slots[gap].Number != number) gap = (gap + 1) & mask;
        // Those behind it that could not stand here take its place.
        for (var at = (gap + 1) & mask; slots[at].Number != 0; at = (at + 1) & mask)
        {
            if ((unchecked(at - slots[at].Hash) & mask) < (unchecked(at - gap) & mask)) continue;
            slots[gap] = slots[at];
            gap = at;
        }

        slots[gap] = default;
        shard.Count--;
        this[number] = default;
        freeNumbers.Push(number);
    }

    /// <summary>Takes all items out; their memory is used again.</summary>
    public void Clear()
    {
        foreach (ref var shard in shards.AsSpan())
        {
            if (shard.Count == 0) continue;
            Array.Clear(shard.Slots);
            shard.Count = 0;
        }
        freeNumbers.Clear();
        LastNumber = 0;
    }

    /// <summary>Makes room for so many items in all.</summary>
    public void Expect(int count)
    {
        AddBlocks(count);
        // Ids do not fall evenly into shards: a tenth more has room in nearly all of them.
        var expected = count / shards.Length;
        expected += expected / 10;
        foreach (ref var shard in shards.AsSpan())
        {
            if (expected >= shard.Slots.Length / 4 * 3) Grow(ref shard, expected / 3 * 4L + 4);
        }
    }

    /// <summary>Asks for the memory where an id is looked for, so that whoever looks for it soon need not wait. Changes nothing.</summary>
    public void PrefetchSlot(UInt128 id)
    {
        var hash = HashOf(id);
        var slots = ShardOf(hash).Slots;
        CacheLines.Prefetch(in slots[hash & ((uint)slots.Length - 1)]);
    }

    /// <summary>Asks for the memory of an id's item, once that of its slot is there. Changes nothing.</summary>
    public void PrefetchItem(UInt128 id)
    {
        var hash = HashOf(id);
        var slots = ShardOf(hash).Slots;
        var mask = (uint)slots.Length - 1;
        for (var index = hash & mask; slots[index].Number != 0; index = (index + 1) & mask)
        {
            if (slots[index].Hash != hash) continue;
            PrefetchItem(slots[index].Number);
            return;
        }
    }

    /// <summary>Asks for the memory of the item with a number. Changes nothing.</summary>
    public void PrefetchItem(int number) => CacheLines.Prefetch(in this[number]);

    // The upper bits choose the shard, the lower ones the slot in it.
    private ref Shard ShardOf(uint hash) => ref shards[hash >> (32 - ShardBits)];

    private ref Slot Seek(Slot[] slots, UInt128 id, uint hash)
    {
        var mask = (uint)slots.Length - 1;
        var index = hash & mask;
        while (true)
        {
            // Numbers count from one, so that an unused slot is all zero.
            ref var slot = ref slots[index];
            if (slot.Number == 0 || (slot.Hash == hash && this[slot.Number].Id == id)) return ref slot;
            index = (index + 1) & mask;
        }
    }

    private int AddNumber()
    {
        AddBlocks(LastNumber + 1L);
        return ++LastNumber;
    }

    private void AddBlocks(long count)
    {
        var known = blocks.Length;
        if (count <= (long)known << BlockBits) return;
        var needed = (int)((count + BlockMask) >> BlockBits);
        Array.Resize(ref blocks, needed);
        for (var i = known; i < needed; i++) blocks[i] = new T[1 << BlockBits];
    }

    private static void Grow(ref Shard shard, long capacity)
    {
        var smaller = shard.Slots;
        shard.Slots = new Slot[BitOperations.RoundUpToPowerOf2(checked((uint)Math.Max(FirstCapacity, capacity)))];

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

    // The low byte, which callers number the legs of a chain with, is added and not hashed: a chain's ids are neighbours, which memory is read for only once.
    private static uint HashOf(UInt128 id)
    {
        var lower = (ulong)(id & ulong.MaxValue);
        var upper = Math.BigMul((ulong)(id >> 64) ^ UpperSeed, (lower & ~LegMask) ^ LowerSeed, out var mixed);
        return unchecked((uint)((upper ^ mixed) >> 32) + (uint)(lower & LegMask));
    }

    private struct Shard
    {
        public Slot[] Slots;
        public int Count;
    }

    private readonly record struct Slot(uint Hash, int Number);
}
