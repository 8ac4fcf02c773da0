using System.Runtime.CompilerServices;
using Farthing.Protocol;

namespace Farthing.Ledger.State;

// The first two gates: what is refused here is not journaled and binds nothing.
internal sealed partial class LedgerState
{
    /// <summary>Looks for a command that is malformed.</summary>
    /// <returns>True if there is one; then the results are complete.</returns>
    private bool FindMalformed(ReadOnlySpan<Command> chain, Span<CommandResult> results)
    {
        for (var i = 0; i < chain.Length; i++)
        {
            var outcome = CheckForm(chain, i);
            if (outcome == Outcome.Done) continue;
            RefuseUnjournaled(results, i, outcome);
            return true;
        }

        return false;
    }

    private Outcome CheckForm(ReadOnlySpan<Command> chain, int index)
    {
        ref readonly var command = ref chain[index];
        if (command.Id == UInt128.Zero) return Outcome.IdMustNotBeZero;
        if (IdBytes.TimeOf(command.Id) > UnixMilliseconds + MaxIdLeadMilliseconds) return Outcome.IdTooFarInFuture;
        for (var i = 0; i < index; i++)
        {
            if (chain[i].Id == command.Id) return Outcome.IdRepeatedInChain;
        }

        if (command.Memo.Length > Command.MaxMemoLength) return Outcome.MemoTooLong;
        if (command.Kind is RecordKind.OpenAccount) return AssetRules.IsWellFormed(command.Asset) ? Outcome.Done : Outcome.AssetInvalid;
        if (command.Kind is RecordKind.Transfer or RecordKind.Hold)
        {
            if (!AssetRules.IsWellFormed(command.Asset)) return Outcome.AssetInvalid;
            if (command.Units == UInt128.Zero) return Outcome.AmountMustNotBeZero;
        }

        if (command.Units > Amount.MaxUnits) return Outcome.AmountTooLarge;
        if (command.Kind is RecordKind.Transfer or RecordKind.Hold && command.Debit == command.Credit) return Outcome.AccountsMustDiffer;
        return command.Kind == RecordKind.Hold ? CheckSharedDeadline(chain, index) : Outcome.Done;
    }

    private static Outcome CheckSharedDeadline(ReadOnlySpan<Command> chain, int index)
    {
        for (var i = 0; i < index; i++)
        {
            if (chain[i].Kind == RecordKind.Hold && chain[i].DeadlineUnixMilliseconds != chain[index].DeadlineUnixMilliseconds)
                return Outcome.LinkedDeadlinesMustMatch;
        }

        return Outcome.Done;
    }

    /// <summary>Looks for ids that are bound already: the chain is a repetition, or in conflict with what they are bound to.</summary>
    /// <returns>True if the chain is not to be carried out; then the results are complete. Else those of accounts that are already open, or were, are.</returns>
    private bool FindBoundIds(ReadOnlySpan<Command> chain, Span<CommandResult> results)
    {
        var unopened = false;
        int firstBinding = -1, firstKnown = -1, knownCount = 0, bindingCount = 0;
        for (var i = 0; i < chain.Length; i++)
        {
            results[i] = new CommandResult(Outcome.Done, -1, false);
            ref readonly var command = ref chain[i];
            // An account that is open is looked for among accounts: the record that opened it may be old.
            ref readonly var account = ref BindsItsId(command) ? ref Unsafe.NullRef<AccountState>() : ref accounts.Find(command.Id);
            if (!Unsafe.IsNullRef(in account))
            {
                if (accounts.AssetOf(account) != command.Asset || account.FlagsOfOpening != command.Flags
                    || accounts.EndOf(account) != new AccountEnd(command.DeadlineUnixMilliseconds, command.Cited))
                    return RefuseUnjournaled(results, i, Outcome.AccountExistsDifferently);
                results[i] = new CommandResult(Outcome.Done, account.OpenedPosition, true);
                continue;
            }

            ref readonly var entry = ref ids.Find(command.Id);
            var isKnown = !Unsafe.IsNullRef(in entry);
            if (isKnown && (entry.Kind != command.Kind || entry.Digest != command.Digest)) return RefuseUnjournaled(results, i, Outcome.IdAlreadyUsed);
            if (BindsItsId(command))
            {
                if (bindingCount++ == 0) firstBinding = i;
            }
            else if (isKnown)
            {
                // It has ended and is forgotten.
                results[i] = new CommandResult(Outcome.Done, entry.Position, true);
                continue;
            }
            else
            {
                unopened = true;
            }

            if (isKnown && knownCount++ == 0) firstKnown = i;
        }

        if (knownCount == 0) return bindingCount == 0 && !unopened;
        if (knownCount < bindingCount || !IsOneChain(chain)) return RefuseUnjournaled(results, firstKnown, Outcome.IdAlreadyUsed);

        var isCarriedOut = ids.Find(chain[firstBinding].Id).Outcome == Outcome.Done;
        if (isCarriedOut && unopened) return RefuseUnjournaled(results, firstKnown, Outcome.IdAlreadyUsed);
        Repeat(chain, results, isCarriedOut);
        return true;
    }

    /// <summary>True if the known ids were bound by one chain, in this order, and by no others of it.</summary>
    private bool IsOneChain(ReadOnlySpan<Command> chain)
    {
        var boundIndex = 0;
        var chainStart = -1L;
        var isComplete = false;
        foreach (ref readonly var command in chain)
        {
            if (!BindsItsId(command)) continue;
            ref readonly var entry = ref ids.Find(command.Id);
            if (chainStart < 0) chainStart = entry.ChainStart;
            if (entry.BoundIndex != boundIndex++ || entry.ChainStart != chainStart) return false;
            isComplete = entry.IsLastBound;
        }

        return isComplete;
    }

    /// <summary>Answers a repetition as the first time.</summary>
    private void Repeat(ReadOnlySpan<Command> chain, Span<CommandResult> results, bool isCarriedOut)
    {
        for (var i = 0; i < chain.Length; i++)
        {
            if (BindsItsId(chain[i]))
            {
                ref readonly var entry = ref ids.Find(chain[i].Id);
                results[i] = new CommandResult(entry.Outcome, entry.Position, true);
            }
            else if (!isCarriedOut)
            {
                results[i] = new CommandResult(Outcome.ChainRefused, -1, true);
            }
        }
    }

    private static bool RefuseUnjournaled(Span<CommandResult> results, int culprit, Outcome outcome)
    {
        results.Fill(new CommandResult(Outcome.ChainRefused, -1, false));
        results[culprit] = new CommandResult(outcome, -1, false);
        return true;
    }
}
