using System.Runtime.CompilerServices;

namespace Farthing.Ledger.State;

/// <summary>A value for each of many ids.</summary>
/// <remarks>
/// Open addressing with linear probing, in shards that each grow by themselves: a table of millions never stops the writer to grow as a whole.
/// Nothing is taken out of it. Not thread-safe.
/// </remarks>
internal sealed class IdTable<T> where T : unmanaged
{
    private const int ShardBits = 8;
    private const int FirstCapacity = 16;
    private const uint LegMask = 0xFF;

    private static readonly Slot[] Unused = new Slot[1];

    private readonly Shard[] shards = new Shard[1 << ShardBits];

    public IdTable() => Array.Fill(shards, new Shard { Slots = Unused });

    /// <summary>The value of an id, or a null reference. It is valid until the next <see cref="Add"/>.</summary>
    public ref T Find(UInt128 id)
    {
        var hash = HashOf(id);
        ref var slot = ref Seek(ShardOf(hash).Slots, id, hash);
        if (slot.Id == UInt128.Zero) return ref Unsafe.NullRef<T>();
        return ref slot.Value;
    }

    /// <summary>The value of an id, the default one if it had none. It is valid until the next call.</summary>
    public ref T Add(UInt128 id)
    {
        var hash = HashOf(id);
        ref var shard = ref ShardOf(hash);
        if (shard.Count >= shard.Slots.Length / 4 * 3) Grow(ref shard);
        ref var slot = ref Seek(shard.Slots, id, hash);
        if (slot.Id == UInt128.Zero)
        {
            slot.Id = id;
            shard.Count++;
        }

        return ref slot.Value;
    }

    // The upper bits choose the shard, the lower ones the slot in it.
    private ref Shard ShardOf(uint hash) => ref shards[hash >> (32 - ShardBits)];

    private static ref Slot Seek(Slot[] slots, UInt128 id, uint hash)
    {
        var mask = (uint)slots.Length - 1;
        var index = hash & mask;
        while (true)
        {
            ref var slot = ref slots[index];
            if (slot.Id == id || slot.Id == UInt128.Zero) return ref slot;
            index = (index + 1) & mask;
        }
    }

    private static void Grow(ref Shard shard)
    {
        var smaller = shard.Slots;
        shard.Slots = new Slot[Math.Max(FirstCapacity, checked(smaller.Length * 2))];

        // Fresh pages that are read before they are written fault twice, and the second time stops every processor: write them first.
        Array.Clear(shard.Slots);
        foreach (ref var slot in smaller.AsSpan())
        {
            if (slot.Id != UInt128.Zero) Seek(shard.Slots, slot.Id, HashOf(slot.Id)) = slot;
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

    private struct Slot
    {
        public UInt128 Id;
        public T Value;
    }
}
