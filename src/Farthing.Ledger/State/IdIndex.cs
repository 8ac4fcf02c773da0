using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Farthing.Protocol;

namespace Farthing.Ledger.State;

/// <summary>What an id was bound to, for ever.</summary>
/// <param name="Id">The id.</param>
/// <param name="Digest">The digest of the canonical request.</param>
/// <param name="Position">Its record.</param>
/// <param name="Kind">What the command was.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="ChainIndex">How many records of its chain stand before it.</param>
/// <param name="BoundIndex">How many of those bind ids.</param>
/// <param name="IsLastBound">True if no later command of its chain binds an id.</param>
internal readonly record struct IdEntry(UInt128 Id, UInt128 Digest, long Position, RecordKind Kind, Outcome Outcome, byte ChainIndex, byte BoundIndex, bool IsLastBound)
    : IIdentified
{
    /// <summary>The position of the chain's first record.</summary>
    public long ChainStart => Position - ChainIndex;
}

/// <summary>The record that posts, voids, expires or refunds something.</summary>
/// <param name="Id">The id of what it cites.</param>
/// <param name="Position">The record.</param>
/// <param name="Kind">What it does.</param>
internal readonly record struct Citation(UInt128 Id, long Position, RecordKind Kind) : IIdentified;

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

/// <summary>What each id was bound to, accounts' included, and the newest record that cites it: of unsealed segments, and as told before a chain of sealed ones.</summary>
/// <remarks>
/// Ids are kept in generations, one for each time that segments were sealed, and are forgotten a generation at a time.
/// Not thread-safe.
/// </remarks>
internal sealed class IdIndex
{
    // Oldest first; ids are bound in the last one.
    private readonly List<Generation> generations = [new()];
    private readonly List<Citation> citationsBefore = [];

    // What sealed segments hold, told for the chain that is being decided.
    private readonly List<IdEntry> told = [];
    private readonly List<Citation> toldCitations = [];
    private IdTimes sealedTimes;

    /// <summary>The position behind the sealed segments that ids were last left to; 0 if to none.</summary>
    public long SealedEnd { get; private set; }

    private Generation Newest => generations[^1];

    /// <summary>The entry of an id, or a null reference. It is valid until the next <see cref="Bind"/>.</summary>
    public ref readonly IdEntry Find(UInt128 id)
    {
        ref readonly var entry = ref FindUnsealed(id);
        if (!Unsafe.IsNullRef(in entry) || told.Count == 0) return ref entry;
        foreach (ref readonly var known in CollectionsMarshal.AsSpan(told))
        {
            if (known.Id == id) return ref known;
        }

        return ref Unsafe.NullRef<IdEntry>();
    }

    /// <summary>The same, without what was told.</summary>
    public ref readonly IdEntry FindUnsealed(UInt128 id)
    {
        var time = IdBytes.TimeOf(id);
        for (var i = generations.Count - 1; i >= 0; i--)
        {
            if (!generations[i].Times.MayHold(time)) continue;
            ref var entry = ref generations[i].Entries.Find(id);
            if (!Unsafe.IsNullRef(ref entry) && entry.Kind != RecordKind.None) return ref entry;
        }

        return ref Unsafe.NullRef<IdEntry>();
    }

    /// <summary>Asks for the memory of an id, so that whoever looks for it soon need not wait.</summary>
    public void Prefetch(UInt128 id) => Newest.Entries.PrefetchSlot(id);

    /// <summary>Binds an id, or binds it anew while its chain is being decided.</summary>
    public void Bind(UInt128 id, UInt128 digest, RecordKind kind, Outcome outcome, in Place at)
    {
        if (!Newest.Times.MayHold(IdBytes.TimeOf(id))) Newest.Times = Newest.Times.With(id);
        Newest.Entries.Add(new(id, digest, at.Position, kind, outcome, (byte)at.ChainIndex, (byte)at.BoundIndex, at.IsLastBound));
    }

    /// <summary>Unbinds an id that its chain bound, or would have: an account that was not opened after all, or a chain that binds nothing.</summary>
    public void Unbind(UInt128 id)
    {
        ref var entry = ref Newest.Entries.Find(id);
        if (!Unsafe.IsNullRef(ref entry)) entry = entry with { Kind = RecordKind.None };
    }

    /// <summary>Notes that a record cites an id.</summary>
    public void Cite(UInt128 id, long position, RecordKind kind)
    {
        ref var before = ref Newest.Citations.Find(id);
        citationsBefore.Add(Unsafe.IsNullRef(ref before) ? new(id, -1, RecordKind.None) : before);
        Newest.Citations.Add(new(id, position, kind));
    }

    /// <summary>The newest record that cites an id.</summary>
    public bool TryFindCitation(UInt128 id, out Citation citation)
    {
        if (TryFindUnsealedCitation(id, out citation)) return true;
        foreach (var known in toldCitations)
        {
            if (known.Id != id) continue;
            citation = known;
            return true;
        }

        return false;
    }

    /// <summary>The same, without what was told.</summary>
    public bool TryFindUnsealedCitation(UInt128 id, out Citation citation)
    {
        for (var i = generations.Count - 1; i >= 0; i--)
        {
            ref var found = ref generations[i].Citations.Find(id);
            if (Unsafe.IsNullRef(ref found) || found.Kind == RecordKind.None) continue;
            citation = found;
            return true;
        }

        citation = default;
        return false;
    }

    /// <summary>Keeps what the chain changed.</summary>
    public void Commit() => citationsBefore.Clear();

    /// <summary>Undoes what the chain cited. Its own ids stay, to be bound anew or unbound.</summary>
    public void RollBack()
    {
        for (var i = citationsBefore.Count - 1; i >= 0; i--) Newest.Citations.Add(citationsBefore[i]);
        citationsBefore.Clear();
    }

    /// <summary>Forgets, between two chains, the generations whose records are all in sealed segments, and begins a new one.</summary>
    /// <param name="sealedEnd">The position behind the sealed segments.</param>
    /// <param name="times">The times of all their ids.</param>
    /// <param name="nextPosition">The position of the next record.</param>
    public void Forget(long sealedEnd, in IdTimes times, long nextPosition)
    {
        sealedTimes = times;
        SealedEnd = sealedEnd;
        Newest.EndPosition = nextPosition;
        generations.RemoveAll(generation => generation.EndPosition <= sealedEnd);
        generations.Add(new());
    }

    /// <summary>True if only sealed segments can tell whether an id is bound.</summary>
    public bool IsToBeTold(UInt128 id) => sealedTimes.MayHold(IdBytes.TimeOf(id)) && Unsafe.IsNullRef(in FindUnsealed(id));

    public void Tell(in IdEntry entry, Citation? citation)
    {
        told.Add(entry);
        if (citation is { } known) toldCitations.Add(known);
    }

    public void ForgetTold()
    {
        told.Clear();
        toldCitations.Clear();
    }

    private sealed class Generation
    {
        public IdTable<IdEntry> Entries { get; } = new();

        public IdTable<Citation> Citations { get; } = new();

        /// <summary>The times of its ids. Of those without a time only whether there are any.</summary>
        public IdTimes Times { get; set; }

        /// <summary>Behind its last record; unknown while ids are bound in it.</summary>
        public long EndPosition { get; set; } = long.MaxValue;
    }
}
