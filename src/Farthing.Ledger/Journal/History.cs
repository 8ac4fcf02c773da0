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

    /// <summary>Records that moved or held units of an account, newest first.</summary>
    /// <param name="records">The journal.</param>
    /// <param name="account">The account.</param>
    /// <param name="newest">The newest record that touched it.</param>
    /// <param name="range">Only records from the first of these positions on and before the second.</param>
    /// <param name="count">At most so many.</param>
    public static List<JournalRecord> ReadStatement(RecordReader records, UInt128 account, long newest, (long From, long End) range, int count)
    {
        var lines = new List<JournalRecord>();
        for (var next = FindBefore(records, account, newest, range.End);
            lines.Count < count && next is { } record && record.Position >= range.From;
            next = ReadPrevious(records, account, record))
        {
            if (IsMovement(record.Command.Kind)) lines.Add(record);
        }
        return lines;
    }

    /// <summary>The newest record of an account before a position, or null.</summary>
    public static JournalRecord? FindBefore(RecordReader records, UInt128 account, long newest, long end)
    {
        if (end <= 0 || newest < 0) return null;
        // The page before ended with a record of this account: go on from there instead of walking down again.
        if (end <= newest && records.Read(end) is var last && Touches(last, account)) return ReadPrevious(records, account, last);
        JournalRecord? next = Read(records, account, newest);
        while (next is { } record && record.Position >= end) next = ReadPrevious(records, account, record);
        return next;
    }

    private static JournalRecord? ReadPrevious(RecordReader records, UInt128 account, in JournalRecord record)
    {
        var previous = record.Command.Debit == account ? record.PreviousOfDebit : record.PreviousOfCredit;
        return previous < 0 ? null : Read(records, account, previous);
    }

    private static JournalRecord Read(RecordReader records, UInt128 account, long position)
    {
        var record = records.Read(position);
        if (!Touches(record, account)) throw new InvalidOperationException($"Record {position} is in the chain of an account that it does not touch.");
        return record;
    }

    private static bool Touches(in JournalRecord record, UInt128 account) =>
        record.Outcome == Outcome.Done && (record.Command.Debit == account || record.Command.Credit == account);

    private static bool IsMovement(RecordKind kind) =>
        kind is RecordKind.Transfer or RecordKind.Hold or RecordKind.Post or RecordKind.Void or RecordKind.Refund or RecordKind.Expire;
}
