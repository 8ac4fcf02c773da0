using Farthing.Ledger;
using Farthing.Ledger.State;
using Farthing.Protocol;

namespace Farthing.Simulation;

/// <summary>The ledger went wrong in a simulated world.</summary>
internal sealed class WrongWorldException(string message) : Exception(message);

/// <summary>Looks at an open ledger, and says what is wrong with it.</summary>
internal sealed class Inspection(SteppedLedger ledger, IReadOnlyList<WrittenFrame> frames, Random random, Func<string, Exception> wrong)
{
    /// <summary>State and accounts are as after a frame.</summary>
    public void CheckState(WrittenFrame last)
    {
        var state = ledger.State;
        if (state.Digest != last.Digest) throw wrong("the digest is another one after opening");
        if (state.NextPosition != last.Model.NextPosition) throw wrong($"{state.NextPosition} records, not {last.Model.NextPosition}");
        foreach (var (id, balances, flags) in last.Model.Accounts)
        {
            if (!state.TryGetAccount(id, out var account) || account.Balances != balances || account.Flags != flags) throw wrong($"account {id}: {account}, not {balances} {flags}");
        }
        if (state.AccountCount != last.Model.Accounts.Count()) throw wrong($"{state.AccountCount} accounts, not {last.Model.Accounts.Count()}");
        if (state.Totals().Values.Any(total => total.Debits != total.Credits)) throw wrong("debits and credits differ");
    }

    /// <summary>So many records are proven towards the newest root, and older roots.</summary>
    public void CheckProofs(long count)
    {
        var (size, root) = (ledger.Proofs.CoveredSize, frames[^1].Root);
        if (size != frames[^1].EndPosition) throw wrong($"the tree has {size} records of {frames[^1].EndPosition}");
        Span<byte> hash = stackalloc byte[MerkleTree.HashLength];
        for (; count > 0; count--)
        {
            var proof = ledger.Proofs.Prove(random.NextInt64(size), size);
            MerkleTree.HashLeaf(proof.Leaf, hash);
            if (!MerkleTree.VerifyInclusion(hash, proof.Index, size, proof.Proof, root)) throw wrong($"record {proof.Index} of {size} is not proven");
            var old = frames[random.Next(1, frames.Count)];
            if (!MerkleTree.VerifyConsistency(old.EndPosition, old.Root, size, root, ledger.Proofs.ProveConsistency(old.EndPosition, size))) throw wrong($"{size} records are not shown to begin with {old.EndPosition}");
        }
    }

    /// <summary>Each record by itself, from the first byte on: what was answered and shown is there, no id is bound twice, and each is found again.</summary>
    public void CheckRecords(IReadOnlyList<Submission> answered, IReadOnlyList<AccountSnapshot> seen)
    {
        var records = ReadRecords();
        var bound = new HashSet<UInt128>();
        foreach (var record in records)
        {
            if (record.IsMadeByLedger || (record.Command.Kind == RecordKind.OpenAccount && record.Outcome != Outcome.Done)) continue;
            if (!bound.Add(record.Command.Id)) throw wrong($"{record.Command} was carried out twice");
        }
        foreach (var submission in answered)
        {
            for (var i = 0; i < submission.Chain.Length; i++)
            {
                var (result, command) = (submission.Results[i], submission.Chain[i]);
                if (result.Position < 0) continue;
                if (result.Position >= records.Count || records[(int)result.Position].Command.Id != command.Id || records[(int)result.Position].Outcome != result.Outcome)
                    throw wrong($"{command} was answered {result}, and is not there");
            }
        }
        foreach (var account in seen)
        {
            if (account.LastPosition >= records.Count) throw wrong($"{account} was shown, and is not there");
            var record = records[(int)account.LastPosition];
            if ((record.Command.Debit == account.Id ? record.DebitAfter : record.CreditAfter) != account.Balances) throw wrong($"{account} was shown, and its record says otherwise");
        }
        CheckLookUps(records);
    }

    private List<JournalRecord> ReadRecords()
    {
        var records = new List<JournalRecord>();
        foreach (var frame in ledger.ReadFrames())
        {
            var bytes = frame.Records.Span;
            for (var position = frame.Header.FirstPosition; position < frame.Header.EndPosition; position++)
            {
                if (!RecordCodec.TryRead(bytes, position, frame.Header.UnixMilliseconds, out var record, out var length)) throw wrong($"record {position} cannot be read");
                bytes = bytes[length..];
                records.Add(record);
            }
        }
        return records;
    }

    // Ids lead to their records, and statements hold what a walk through all records finds, also by way of the indexes of sealed segments.
    private void CheckLookUps(List<JournalRecord> records)
    {
        for (var i = Math.Min(records.Count, 40); i > 0; i--)
        {
            var record = records[random.Next(records.Count)];
            if (record.IsMadeByLedger || record.Command.Kind == RecordKind.OpenAccount) continue;
            if (!ledger.State.TryGetPosition(record.Command.Id, out var position)) position = ledger.SealedIds.TryFind(record.Command.Id, out var found) ? found.Position : -1;
            if (position != record.Position) throw wrong($"{record.Command} is at {record.Position}, and is found at {position}");
        }
        for (UInt128 id = 1; id <= 12; id += 3)
        {
            if (!ledger.State.TryGetAccount(id, out var account)) continue;
            var end = random.NextInt64(records.Count + 1);
            var walked = records.Take((int)end).Where(record => record.Outcome == Outcome.Done && (record.Command.Debit == id || record.Command.Credit == id)
                && record.Command.Kind is RecordKind.Transfer or RecordKind.Hold or RecordKind.Post or RecordKind.Void or RecordKind.Refund or RecordKind.Expire or RecordKind.EndAccount).Reverse();
            var read = ledger.History.ReadStatement(id, account.LastPosition, (0, end), records.Count);
            if (!read.Select(record => record.Position).SequenceEqual(walked.Select(record => record.Position))) throw wrong($"account {id} has another statement before record {end}");
        }
    }
}
