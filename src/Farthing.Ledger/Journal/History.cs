using Farthing.Ledger.Journal.Sealing;

namespace Farthing.Ledger.Journal;

/// <summary>Follows the chains through the journal, newest first; each record knows the one before it. Thread-safe.</summary>
/// <param name="records">The journal.</param>
/// <param name="frames">Where its frames are.</param>
/// <param name="sealedSegments">Those whose indexes lead to any place of a chain at once.</param>
internal sealed class History(RecordReader records, FrameIndex frames, SealedSegments sealedSegments)
{
    // About as costly as looking through one frame.
    private const int StepsPerFrame = 512;

    // Positions; a busy account has as many records in some frames, an idle one none in millions.
    private const long FirstStretch = 4_096;
    private const long LongestStretch = 1L << 40;

    /// <summary>The records that cite what the one at <paramref name="last"/> cites, oldest first.</summary>
    public List<JournalRecord> ReadCitations(long last)
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
    /// <param name="account">The account.</param>
    /// <param name="newest">The newest record that touched it.</param>
    /// <param name="range">Only records from the first of these positions on and before the second.</param>
    /// <param name="count">At most so many.</param>
    public List<JournalRecord> ReadStatement(UInt128 account, long newest, (long From, long End) range, int count)
    {
        var lines = new List<JournalRecord>();
        if (count == 0) return lines;
        for (var next = FindBefore(account, newest, range.End); next is { } record && record.Position >= range.From; next = ReadPrevious(account, record))
        {
            if (IsMovement(record.Command.Kind)) lines.Add(record);
            if (lines.Count == count) break;
        }
        return lines;
    }

    /// <summary>Records that moved or held units of an account, oldest first, at most <paramref name="count"/>, and the position to go on from.</summary>
    /// <remarks>The chain leads from new to old: so stretches of the journal are tried until one has some of the account's records, and not too many.</remarks>
    public AccountPage ReadOn(UInt128 account, long newest, long from, int count)
    {
        for (var stretch = FirstStretch; from <= newest;)
        {
            var end = Math.Min(from + stretch, newest + 1);
            var found = ReadStatement(account, newest, (from, end), count + 1);
            if (found.Count > count)
            {
                stretch = Math.Max(1, (end - from) / 2);
                continue;
            }
            if (found.Count > 0)
            {
                found.Reverse();
                return new(found, end);
            }
            from = end;
            stretch = Math.Min(stretch * 4, LongestStretch);
        }
        return new([], newest + 1);
    }

    /// <summary>The newest record of an account before a position, or null.</summary>
    public JournalRecord? FindBefore(UInt128 account, long newest, long end)
    {
        if (end <= 0 || newest < 0) return null;
        if (newest < end) return Read(account, newest);
        // The page before ended with a record of this account: go on from there.
        if (records.Read(end) is var last && Touches(last, account)) return ReadPrevious(account, last);

        var sealedEnd = sealedSegments.EndPosition;
        return end <= sealedEnd ? FindSealedBefore(account, newest, end) : FindUnsealedBefore(account, newest, end, sealedEnd);
    }

    private JournalRecord? FindSealedBefore(UInt128 account, long newest, long end)
    {
        var from = sealedSegments.FindTouch(account, end - 1);
        if (from < 0) return null;
        if (Touches(records.Read(from), account)) return WalkBefore(account, from, end);
        sealedSegments.Distrust(from);
        return WalkBefore(account, newest, end);
    }

    // What is not sealed has no index. An account with many records there has one near the end; one with few is walked through soon. So both are tried in turn.
    private JournalRecord? FindUnsealedBefore(UInt128 account, long newest, long end, long sealedEnd)
    {
        var walked = Read(account, newest);
        for (var scanned = end; scanned > sealedEnd;)
        {
            for (var step = 0; step < StepsPerFrame; step++)
            {
                if (ReadPrevious(account, walked) is not { } previous) return null;
                if (previous.Position < end) return previous;
                walked = previous;
            }

            JournalRecord? found = null;
            var first = frames.Find(scanned - 1).FirstPosition;
            foreach (var record in records.ReadFrameFrom(first))
            {
                if (record.Position >= end) break;
                if (Touches(record, account)) found = record;
            }
            if (found is not null) return found;
            scanned = first;
        }
        return FindSealedBefore(account, newest, sealedEnd);
    }

    private JournalRecord? WalkBefore(UInt128 account, long from, long end)
    {
        JournalRecord? next = Read(account, from);
        while (next is { } record && record.Position >= end) next = ReadPrevious(account, record);
        return next;
    }

    private JournalRecord? ReadPrevious(UInt128 account, in JournalRecord record)
    {
        var previous = record.Command.Debit == account ? record.PreviousOfDebit : record.PreviousOfCredit;
        return previous < 0 ? null : Read(account, previous);
    }

    private JournalRecord Read(UInt128 account, long position)
    {
        var record = records.Read(position);
        if (!Touches(record, account)) throw new InvalidOperationException($"Record {position} is in the chain of an account that it does not touch.");
        return record;
    }

    private static bool Touches(in JournalRecord record, UInt128 account) =>
        record.Outcome == Outcome.Done && (record.Command.Debit == account || record.Command.Credit == account);

    private static bool IsMovement(RecordKind kind) =>
        kind is RecordKind.Transfer or RecordKind.Hold or RecordKind.Post or RecordKind.Void or RecordKind.Refund or RecordKind.Expire or RecordKind.EndAccount;
}
