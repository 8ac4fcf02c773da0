namespace Farthing.Ledger.Journal;

/// <summary>Says where a journal is damaged, and what to do about it.</summary>
internal static class Damage
{
    public static LedgerDamagedException At(FramePlace place, long sequence, long position, string what) =>
        new($"The journal is damaged at {place} (batch {sequence}, record {position}): {what}. Nothing was changed. Restore the directory from a backup; keep this one for the inquiry.");

    public static LedgerDamagedException At(in FrameHeader header, string what) => At(header.Place, header.Sequence, header.FirstPosition, what);
}
