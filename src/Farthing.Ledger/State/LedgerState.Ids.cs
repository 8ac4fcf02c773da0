using System.Runtime.CompilerServices;

namespace Farthing.Ledger.State;

// What the state machine cannot know by itself: the ids of sealed segments. They are sought by its owner and told before the chain that needs them.
// The answer follows from the journal alone, and so does what becomes of the chain.
internal sealed partial class LedgerState
{
    private readonly List<UInt128> sought = [];

    /// <summary>Where the record stands that is bound to an id; of an account, the record that opened it. False for what only sealed segments remember.</summary>
    public bool TryGetPosition(UInt128 id, out long position)
    {
        ref readonly var account = ref accounts.Find(id);
        ref readonly var entry = ref ids.FindUnsealed(id);
        position = !Unsafe.IsNullRef(in account) ? account.OpenedPosition : !Unsafe.IsNullRef(in entry) ? entry.Position : -1;
        return position >= 0;
    }

    /// <summary>The newest record that posts, voids, expires or refunds an id, or -1; sealed segments may know of one if the id is theirs.</summary>
    public long LastCitation(UInt128 id) => ids.TryFindUnsealedCitation(id, out var citation) ? citation.Position : -1;

    /// <summary>The position behind the sealed segments that ids were last left to; 0 if to none.</summary>
    public long SealedEnd => ids.SealedEnd;

    /// <summary>Between two chains: leaves the ids of sealed segments to them.</summary>
    /// <param name="sealedEnd">The position behind the sealed segments.</param>
    /// <param name="times">The times of all their ids.</param>
    public void ForgetIds(long sealedEnd, in IdTimes times) => ids.Forget(sealedEnd, times, NextPosition);

    /// <summary>The ids that are to be sought in sealed segments before a chain is applied. Valid until the next call.</summary>
    public List<UInt128> SeekIds(ReadOnlySpan<Command> chain)
    {
        sought.Clear();
        ids.ForgetTold();
        if (chain.Length > MaxChainLength) return sought;
        foreach (ref readonly var command in chain)
        {
            // Of an open account that is opened again, and of an open hold that is posted or voided, all is known.
            if (ids.IsToBeTold(command.Id) && (BindsItsId(command) || Unsafe.IsNullRef(in accounts.Find(command.Id)))) sought.Add(command.Id);
            if (Cites(command) && ids.IsToBeTold(command.Cited)) sought.Add(command.Cited);
        }

        return sought;
    }

    /// <summary>Says what a sealed segment binds one of these ids to; those that none binds are not told.</summary>
    /// <param name="entry">The id, and what it is bound to.</param>
    /// <param name="resolution">Of a hold that is resolved in a sealed segment: the record that does so.</param>
    public void TellId(in IdEntry entry, Citation? resolution) => ids.Tell(entry, resolution);

    private bool Cites(in Command command) =>
        command.Kind == RecordKind.Refund || (command.Kind is RecordKind.Post or RecordKind.Void && !holds.TryFind(command.Cited, out _));
}
