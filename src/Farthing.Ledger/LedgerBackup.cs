using System.Globalization;
using System.Text;
using Farthing.Ledger.Journal;
using Farthing.Ledger.Proofs;
using Farthing.Protocol;

namespace Farthing.Ledger;

/// <summary>Copies a ledger to another directory while it is used or not, and makes a ledger of such a copy.</summary>
/// <remarks>
/// A backup holds the journal and the checkpoint; everything else is derived from them. <c>docs/spec/journal.md</c> says what is in it. Not thread-safe for one
/// target; another process is kept out of it by the directory's lock.
/// </remarks>
public static class LedgerBackup
{
    private const UnixFileMode OwnerEnters = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private const string MarkFile = "backup";
    private const string MarkHead = "farthing ledger backup 1";
    private const string Restoring = ".restoring";

    private static readonly string[] FilesOfBackups = [DirectoryLock.FileName, "journal", CheckpointStore.FileName, CheckpointStore.FileName + ".new", MarkFile, MarkFile + ".new"];

    /// <summary>Brings a backup up to date, and checks all of it as <see cref="LedgerCheck"/> does. Changes nothing in the ledger's directory, and takes no lock there.</summary>
    /// <param name="directory">The directory given in <see cref="LedgerOptions.Directory"/>; a ledger may be running on it.</param>
    /// <param name="target">An empty directory, or one that does not exist yet, or an earlier backup of the same journal, finished or not. Segments that it has are not copied again.</param>
    /// <param name="key">If given, the checkpoint's signature is checked too.</param>
    /// <returns>What was copied, and what the backup holds. If it is not sound, it does not count as finished.</returns>
    /// <exception cref="DirectoryNotFoundException">There is no journal.</exception>
    /// <exception cref="LedgerDamagedException">The journal is damaged. The backup is as it was.</exception>
    /// <exception cref="LedgerBackupException">The target is something else, or holds other records than the ledger. It is as it was.</exception>
    /// <exception cref="LedgerInUseException">Another process has the target.</exception>
    public static LedgerBackupReport Run(string directory, string target, CheckpointKey? key = null)
    {
        ArgumentNullException.ThrowIfNull(directory);
        ArgumentNullException.ThrowIfNull(target);
        var report = Copy(directory, target, key);
        if (report.Check.IsSound)
            DurableFiles.Replace(Path.Combine(target, MarkFile), Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{MarkHead}\n{report.Check.Records}\n")));
        return report;
    }

    /// <summary>Makes a ledger's directory of a finished backup, and checks all of it. It appears under its name only when it is whole.</summary>
    /// <param name="backup">The target of <see cref="Run"/>. Changes nothing in it.</param>
    /// <param name="directory">An empty directory, or one that does not exist yet. Beside it, with <c>.restoring</c> behind its name, the ledger is made; if that was broken off, it is gone on with.</param>
    /// <param name="key">If given, the checkpoint's signature is checked too.</param>
    /// <returns>What was copied and found. If it is not sound, or has fewer records than the backup was finished with, the directory is not made.</returns>
    /// <exception cref="LedgerDamagedException">The backup is damaged, or has fewer records than it was finished with.</exception>
    /// <exception cref="LedgerBackupException">There is no finished backup, or the directory is not empty.</exception>
    /// <exception cref="LedgerInUseException">Another process is restoring to the same place.</exception>
    public static LedgerBackupReport Restore(string backup, string directory, CheckpointKey? key = null)
    {
        ArgumentNullException.ThrowIfNull(backup);
        ArgumentNullException.ThrowIfNull(directory);
        var records = ReadMark(backup);
        directory = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        if (File.Exists(directory) || (Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any()))
            throw new LedgerBackupException($"{directory} is not empty. Move what is there out of the way; it may still be needed.");

        var made = directory + Restoring;
        var report = Copy(backup, made, key);
        if (report.Check.Damage is null && report.Check.Records < records)
            throw new LedgerDamagedException($"{backup} was finished with {records} records, but {report.Check.Records} can be read.");
        if (!report.Check.IsSound) return report;
        if (Directory.Exists(directory)) Directory.Delete(directory);
        Directory.Move(made, directory);
        Disk.Real.FlushDirectory(Path.GetDirectoryName(directory)!);
        return report;
    }

    private static LedgerBackupReport Copy(string source, string target, CheckpointKey? key)
    {
        if (Path.GetFullPath(source) == Path.GetFullPath(target)) throw new LedgerBackupException($"{target} is the ledger itself. Choose another directory.");
        if (!Directory.Exists(FileJournal.DirectoryIn(source))) throw new DirectoryNotFoundException($"There is no ledger in {source}.");
        RefuseStranger(target);
        // Before the journal: what was signed was on disk before, so the copy has it.
        var checkpoint = Path.Combine(source, CheckpointStore.FileName);
        var note = File.Exists(checkpoint) ? File.ReadAllBytes(checkpoint) : null;

        DurableFiles.CreateDirectory(target, OwnerEnters);
        using var held = DirectoryLock.Take(target);
        var (copied, kept) = JournalCopy.Run(FileJournal.DirectoryIn(source), FileJournal.DirectoryIn(target));
        if (note is not null) DurableFiles.Replace(Path.Combine(target, CheckpointStore.FileName), note);
        return new(copied, kept, LedgerCheck.Run(target, key));
    }

    // A ledger that was opened has made more than this, and a stranger's directory has other things.
    private static void RefuseStranger(string target)
    {
        if (File.Exists(target)) throw new LedgerBackupException($"{target} is a file. Choose an empty directory, or an earlier backup of the same ledger.");
        if (!Directory.Exists(target)) return;
        var journal = FileJournal.DirectoryIn(target);
        var stranger = Directory.EnumerateFileSystemEntries(target).FirstOrDefault(path => !FilesOfBackups.Contains(Path.GetFileName(path)))
            ?? (Directory.Exists(journal) ? Directory.EnumerateFileSystemEntries(journal).FirstOrDefault(path => !Path.GetFileName(path).Contains(".segment", StringComparison.Ordinal)) : null);
        if (stranger is not null) throw new LedgerBackupException($"{target} is not a backup: it has {Path.GetRelativePath(target, stranger)}. Choose an empty directory, or an earlier backup of the same ledger.");
    }

    // How many records it was finished with.
    private static long ReadMark(string backup)
    {
        var path = Path.Combine(backup, MarkFile);
        return File.Exists(path) && File.ReadAllText(path, Encoding.ASCII).Split('\n') is [MarkHead, var count, ""]
            && long.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var records)
            ? records
            : throw new LedgerBackupException($"There is no finished backup in {backup}. If one was broken off there, run it again.");
    }
}

/// <summary>What a backup or a restoring has done.</summary>
/// <param name="CopiedSegments">How many segments were copied.</param>
/// <param name="KeptSegments">How many were there already, and are the same.</param>
/// <param name="Check">What reading the copy from its first byte found.</param>
public sealed record LedgerBackupReport(int CopiedSegments, int KeptSegments, LedgerCheckReport Check);

/// <summary>A backup or an archive cannot be made at this place, or a backup not be restored to it. The message says what to do.</summary>
public sealed class LedgerBackupException(string message) : Exception(message);
