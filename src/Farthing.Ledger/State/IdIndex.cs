using System.Runtime.CompilerServices;
using Farthing.Protocol;

namespace Farthing.Ledger.State;

/// <summary>What became of a hold.</summary>
internal enum Resolution : byte
{
    Open = 0,
    Posted = 1,
    Voided = 2,
    Expired = 3,
}

/// <summary>What is remembered of a bound id for ever: 48 bytes.</summary>
internal struct IdEntry
{
    private const int KindShift = 52;
    private const int OutcomeShift = 56;
    private const ulong PositionMask = (1UL << KindShift) - 1;

    private const int CitationBits = 51;
    private const ulong CitationMask = (1UL << CitationBits) - 1;
    private const int ResolutionShift = CitationBits;
    private const int ChainOffsetShift = 53;
    private const int BoundIndexShift = 58;
    private const ulong LastBoundBit = 1UL << 63;
    private const ulong FiveBits = 31;

    public UInt128 Id;
    public UInt128 Digest;
    private ulong place;   // position 52, kind 4, outcome 8 bits
    private ulong history; // newest citation plus one 51, resolution 2, chain offset 5, bound index 5, last bound 1 bits

    public readonly long Position => (long)(place & PositionMask);

    public readonly RecordKind Kind => (RecordKind)((place >> KindShift) & 15);

    public readonly Outcome Outcome => (Outcome)(place >> OutcomeShift);

    /// <summary>The position of the chain's first record.</summary>
    public readonly long ChainStart => Position - (long)((history >> ChainOffsetShift) & FiveBits);

    /// <summary>How many commands before it in its chain bind ids.</summary>
    public readonly int BoundIndex => (int)((history >> BoundIndexShift) & FiveBits);

    /// <summary>True if no later command of its chain binds an id.</summary>
    public readonly bool IsLastBound => (history & LastBoundBit) != 0;

    /// <summary>Of a carried-out hold: what became of it.</summary>
    public Resolution Resolution
    {
        readonly get => (Resolution)((history >> ResolutionShift) & 3);
        set => history = (history & ~(3UL << ResolutionShift)) | ((ulong)value << ResolutionShift);
    }

    /// <summary>The newest record that cites this id, or -1.</summary>
    public long LastCitation
    {
        readonly get => (long)(history & CitationMask) - 1;
        set => history = (history & ~CitationMask) | (ulong)(value + 1);
    }

    /// <summary>Everything that may still change, to be put back when a chain is refused.</summary>
    public ulong History
    {
        readonly get => history;
        set => history = value;
    }

    /// <summary>Forgets what the id was bound to.</summary>
    public void Unbind() => (Digest, place, history) = (UInt128.Zero, 0, 0);

    public void Bind(UInt128 digest, RecordKind kind, Outcome outcome, in Place at)
    {
        if (at.Position >= 1L << ResolutionShift) throw new InvalidOperationException("The journal has more records than positions can name.");
        Digest = digest;
        place = (ulong)at.Position | ((ulong)kind << KindShift) | ((ulong)outcome << OutcomeShift);
        history = ((ulong)at.ChainIndex << ChainOffsetShift) | ((ulong)at.BoundIndex << BoundIndexShift) | (at.IsLastBound ? LastBoundBit : 0);
    }
}

/// <summary>Where a command stands in the journal and in its chain.</summary>
/// <param name="Position">Its record's position.</param>
/// <param name="ChainIndex">How many records of its chain stand before it.</param>
/// <param name="IsLast">True for the chain's last record.</param>
/// <param name="BoundIndex">How many of those before it bind their ids; all do but the opening of an account.</param>
/// <param name="IsLastBound">True if no later one binds its id.</param>
internal readonly record struct Place(long Position, int ChainIndex, bool IsLast, int BoundIndex, bool IsLastBound)
{
    public long ChainStart => Position - ChainIndex;
}

/// <summary>The open segment's table of ids, accounts' included: what each was bound to.</summary>
/// <remarks>
/// Open addressing with linear probing, in shards that each grow by themselves: a table of millions never stops the writer to grow as a whole.
/// Not thread-safe.
/// </remarks>
internal sealed class IdIndex
{
    private const int ShardBits = 8;
    private const int FirstCapacity = 16;
    private const uint LegMask = 0xFF;

    private static readonly IdEntry[] Unused = new IdEntry[1];

    private readonly List<(UInt128 Id, ulong History)> changes = [];
    private readonly Shard[] shards = new Shard[1 << ShardBits];

    public IdIndex() => Array.Fill(shards, new Shard { Entries = Unused });

    /// <summary>The entry of an id, or a null reference. It is valid until the next <see cref="Bind"/>.</summary>
    public ref IdEntry Find(UInt128 id)
    {
        var hash = HashOf(id);
        ref var entry = ref Seek(ShardOf(hash).Entries, id, hash);
        return ref entry.Kind == RecordKind.None ? ref Unsafe.NullRef<IdEntry>() : ref entry;
    }

    /// <summary>Binds an id, or binds it anew while its chain is being decided.</summary>
    public void Bind(UInt128 id, UInt128 digest, RecordKind kind, Outcome outcome, in Place at)
    {
        var hash = HashOf(id);
        ref var shard = ref ShardOf(hash);
        if (shard.Count >= shard.Entries.Length / 4 * 3) Grow(ref shard);
        ref var entry = ref Seek(shard.Entries, id, hash);
        if (entry.Id == UInt128.Zero)
        {
            entry.Id = id;
            shard.Count++;
        }

        entry.Bind(digest, kind, outcome, at);
    }

    /// <summary>Unbinds the id of an account that its chain did not open after all.</summary>
    public void Unbind(UInt128 id)
    {
        ref var entry = ref Find(id);
        if (!Unsafe.IsNullRef(ref entry)) entry.Unbind();
    }

    /// <summary>Notes that a record cites an entry of this table.</summary>
    /// <returns>The citation before it, or -1.</returns>
    public long Cite(ref IdEntry entry, long position)
    {
        changes.Add((entry.Id, entry.History));
        var previous = entry.LastCitation;
        entry.LastCitation = position;
        return previous;
    }

    /// <summary>Keeps what the chain changed.</summary>
    public void Commit() => changes.Clear();

    /// <summary>Undoes what the chain cited and resolved. Its own ids stay, to be bound anew or unbound.</summary>
    public void RollBack()
    {
        for (var i = changes.Count - 1; i >= 0; i--) Find(changes[i].Id).History = changes[i].History;
        changes.Clear();
    }

    // The upper bits choose the shard, the lower ones the slot in it.
    private ref Shard ShardOf(uint hash) => ref shards[hash >> (32 - ShardBits)];

    private static ref IdEntry Seek(IdEntry[] entries, UInt128 id, uint hash)
    {
        var mask = (uint)entries.Length - 1;
        var slot = hash & mask;
        while (true)
        {
            ref var entry = ref entries[slot];
            if (entry.Id == id || entry.Id == UInt128.Zero) return ref entry;
            slot = (slot + 1) & mask;
        }
    }

    private static void Grow(ref Shard shard)
    {
        var smaller = shard.Entries;
        shard.Entries = new IdEntry[Math.Max(FirstCapacity, checked(smaller.Length * 2))];

        // Fresh pages that are read before they are written fault twice, and the second time stops every processor: write them first.
        Array.Clear(shard.Entries);
        foreach (ref var entry in smaller.AsSpan())
        {
            if (entry.Id != UInt128.Zero) Seek(shard.Entries, entry.Id, HashOf(entry.Id)) = entry;
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
        public IdEntry[] Entries;
        public int Count;
    }
}
