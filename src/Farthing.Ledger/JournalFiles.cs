using Farthing.Ledger.Journal;
using Farthing.Ledger.State;

namespace Farthing.Ledger;

/// <summary>Reads the records of a data directory without a ledger. Changes nothing, and takes no lock.</summary>
public static class JournalFiles
{
    /// <summary>Every record from a position on, oldest first, each batch checked in itself and against the one before. Holds one batch in memory.</summary>
    /// <param name="directory">The directory given in <see cref="LedgerOptions.Directory"/>. Of one that a ledger is running on, the newest records may be left out.</param>
    /// <param name="position">The first record wanted.</param>
    /// <exception cref="DirectoryNotFoundException">There is no journal.</exception>
    /// <exception cref="LedgerDamagedException">While reading: the journal is damaged; what was read before is sound.</exception>
    public static IEnumerable<JournalRecord> ReadRecords(string directory, long position = 0)
    {
        ArgumentNullException.ThrowIfNull(directory);
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        return Read(FileJournal.OpenSegments(FileJournal.DirectoryIn(directory), forWriting: false), position);
    }

    private static IEnumerable<JournalRecord> Read(Segment[] segments, long position)
    {
        try
        {
            if (segments.Length == 0) yield break;
            foreach (var frame in new JournalReader(segments, JournalMark.Beginning).ReadFrames())
            {
                if (frame.Header.EndPosition <= position) continue;
                var at = 0;
                for (var current = frame.Header.FirstPosition; current < frame.Header.EndPosition; current++)
                {
                    if (!RecordCodec.TryRead(frame.Records.Span[at..], current, frame.Header.UnixMilliseconds, out var record, out var length))
                        throw Damage.At(frame.Header, $"record {current} cannot be read");
                    at += length;
                    if (current >= position) yield return record;
                }
            }
        }
        finally
        {
            foreach (var segment in segments) segment.Dispose();
        }
    }
}
