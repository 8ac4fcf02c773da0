namespace Farthing.Ledger.Journal;

/// <summary>Follows the chains through the journal, newest first; each record knows the one before it.</summary>
internal static class History
{
    /// <summary>The records that cite what the one at <paramref name="last"/> cites, oldest first.</summary>
    public static List<JournalRecord> ReadCitations(RecordReader records, long last)
    {
        var found = new List<JournalRecord>();
        for (var position = last; position >= 0;)
        {
            var record = records.Read(position);
            found.Add(record);
            position = record.PreviousCitation;
        }
        found.Reverse();
        return found;
    }

    public static List<JournalRecord> ReadStatement(RecordReader records, UInt128 account, long newest, long before, int count)
    {
        var lines = new List<JournalRecord>();
        var position = newest;
        // The page before ended with a record of this account: go on from there instead of walking down again.
        if (before >= 0 && before <= newest && records.Read(before) is var last && Touches(last, account)) position = PreviousOf(last, account);

        while (position >= 0 && before > 0 && lines.Count < count)
        {
            var record = records.Read(position);
            if (!Touches(record, account)) throw new InvalidOperationException($"Record {position} is in the chain of an account that it does not touch.");
            if (position < before && IsMovement(record.Command.Kind)) lines.Add(record);
            position = PreviousOf(record, account);
        }
        return lines;
    }

    private static bool Touches(in JournalRecord record, UInt128 account) =>
        record.Outcome == Outcome.Done && (record.Command.Debit == account || record.Command.Credit == account);

    private static long PreviousOf(in JournalRecord record, UInt128 account) =>
        record.Command.Debit == account ? record.PreviousOfDebit : record.PreviousOfCredit;

    private static bool IsMovement(RecordKind kind) =>
        kind is RecordKind.Transfer or RecordKind.Hold or RecordKind.Post or RecordKind.Void or RecordKind.Refund or RecordKind.Expire;
}
