using System.Runtime.CompilerServices;

namespace Farthing.Ledger.State;

/// <summary>What an id was bound to, for ever.</summary>
/// <param name="Digest">The digest of the canonical request.</param>
/// <param name="Kind">What the command was.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="Position">Its record.</param>
/// <param name="ChainIndex">How many records of its chain stand before it.</param>
/// <param name="BoundIndex">How many of those bind ids.</param>
/// <param name="IsLastBound">True if no later command of its chain binds an id.</param>
internal readonly record struct IdEntry(UInt128 Digest, RecordKind Kind, Outcome Outcome, long Position, byte ChainIndex, byte BoundIndex, bool IsLastBound)
{
    /// <summary>The position of the chain's first record.</summary>
    public long ChainStart => Position - ChainIndex;
}

/// <summary>The record that posts, voids, expires or refunds something.</summary>
internal readonly record struct Citation(long Position, RecordKind Kind);

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

/// <summary>What each id was bound to, accounts' included, and the newest record that cites it.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class IdIndex
{
    private readonly IdTable<IdEntry> entries = new();
    private readonly IdTable<Citation> citations = new();
    private readonly List<(UInt128 Id, Citation Before)> changes = [];

    /// <summary>The entry of an id, or a null reference. It is valid until the next <see cref="Bind"/>.</summary>
    public ref readonly IdEntry Find(UInt128 id)
    {
        ref var entry = ref entries.Find(id);
        if (Unsafe.IsNullRef(ref entry) || entry.Kind == RecordKind.None) return ref Unsafe.NullRef<IdEntry>();
        return ref entry;
    }

    /// <summary>Binds an id, or binds it anew while its chain is being decided.</summary>
    public void Bind(UInt128 id, UInt128 digest, RecordKind kind, Outcome outcome, in Place at) =>
        entries.Add(id) = new(digest, kind, outcome, at.Position, (byte)at.ChainIndex, (byte)at.BoundIndex, at.IsLastBound);

    /// <summary>Unbinds the id of an account that its chain did not open after all.</summary>
    public void Unbind(UInt128 id)
    {
        ref var entry = ref entries.Find(id);
        if (!Unsafe.IsNullRef(ref entry)) entry = default;
    }

    /// <summary>Notes that a record cites an id.</summary>
    public void Cite(UInt128 id, long position, RecordKind kind)
    {
        ref var citation = ref citations.Add(id);
        changes.Add((id, citation));
        citation = new(position, kind);
    }

    /// <summary>The newest record that cites an id.</summary>
    public bool TryFindCitation(UInt128 id, out Citation citation)
    {
        ref var found = ref citations.Find(id);
        citation = Unsafe.IsNullRef(ref found) ? default : found;
        return citation.Kind != RecordKind.None;
    }

    /// <summary>Keeps what the chain changed.</summary>
    public void Commit() => changes.Clear();

    /// <summary>Undoes what the chain cited. Its own ids stay, to be bound anew or unbound.</summary>
    public void RollBack()
    {
        for (var i = changes.Count - 1; i >= 0; i--) citations.Add(changes[i].Id) = changes[i].Before;
        changes.Clear();
    }
}
