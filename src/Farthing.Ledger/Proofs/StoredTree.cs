using Farthing.Ledger.Journal;
using Farthing.Protocol;

namespace Farthing.Ledger.Proofs;

/// <summary>The tree and its directory: opened where it was saved last, and saved now and then.</summary>
/// <remarks>
/// Adding, <see cref="SaveIfDue"/> and <see cref="SaveAsync"/> are for one thread at a time. A save flushes the tiles first and then puts the resume point in place, on
/// another thread, so that the tree never waits for the disk.
/// </remarks>
internal sealed class StoredTree : IDisposable
{
    private readonly TileFiles files;
    private readonly TileMender mender;
    private readonly string resumePath;
    private readonly Action<string, Exception> endProcess;
    private readonly TreeSettings settings;
    private long saveBegan;
    private Task saving = Task.CompletedTask;

    /// <param name="directory">Where the tiles are, or will be.</param>
    /// <param name="journal">What they were made from.</param>
    /// <param name="hashLeaves">Makes leaves' hashes again.</param>
    /// <param name="endProcess">Called when the disk fails.</param>
    /// <param name="settings">Where and when it is saved.</param>
    public StoredTree(string directory, IJournal journal, LeafHasher hashLeaves, Action<string, Exception> endProcess, TreeSettings settings)
    {
        this.endProcess = endProcess;
        this.settings = settings;
        files = new(directory, settings.Disk);
        mender = new(files, hashLeaves);
        Tree = new(files, mender);
        resumePath = Path.Combine(directory, ResumePoint.FileName);
        ResumedAt = Resume(journal);
        saveBegan = Tree.Size;
    }

    public HashTree Tree { get; }

    /// <summary>The end of the last frame whose leaves were in the tree when it was opened; the beginning if none were.</summary>
    public JournalMark ResumedAt { get; }

    /// <summary>How many tiles were found damaged and written again since the start.</summary>
    public int Mended => mender.Mended;

    /// <summary>Begins to save the tree if enough was added since the last time.</summary>
    /// <param name="last">The frame whose leaves were added and stored last. It is known to be on disk.</param>
    public void SaveIfDue(in FrameHeader last)
    {
        if (last.EndPosition - saveBegan < settings.SaveEvery || !saving.IsCompleted) return;
        saving = SaveAsync(last);
    }

    /// <summary>Saves the tree after the save that is under way.</summary>
    public Task SaveAsync(in FrameHeader last)
    {
        saveBegan = last.EndPosition;
        var point = new ResumePoint(last.EndPosition, last.Place, last.Hash, Tree.Root());
        return saving.ContinueWith(_ => Save(point), settings.Saver);
    }

    public void Dispose()
    {
        try
        {
            saving.Wait();
        }
        finally
        {
            files.Dispose();
        }
    }

    private void Save(ResumePoint point)
    {
        try
        {
            files.Flush();
            DurableFiles.Replace(resumePath, point.Write(), null, settings.Disk);
        }
        catch (FlushException error)
        {
            // What the system could not write it may have forgotten: the next flush would say that all is well, and tiles would be read that are older than they seem.
            endProcess("A flush of the tree over the journal failed. Everything acknowledged is on disk; the next start makes the tree again from where it was saved.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // No room. The older point stays good, and the next save tries again.
        }
    }

    private JournalMark Resume(IJournal journal)
    {
        if (ReadResumePoint() is { } point
            && journal.TryReadHeader(point.Place, out var frame) && frame.Hash == point.FrameHash && frame.EndPosition == point.Size
            && Tree.TryResume(point.Size, point.Root))
            return JournalMark.After(frame);
        return JournalMark.Beginning;
    }

    // What cannot be read is not there.
    private ResumePoint? ReadResumePoint()
    {
        try
        {
            return settings.Disk.Exists(resumePath) ? ResumePoint.Read(settings.Disk.ReadStart(resumePath, ResumePoint.Length + 1)) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

/// <summary>Where and when a tree is saved.</summary>
internal sealed record TreeSettings
{
    public Disk Disk { get; init; } = Disk.Real;

    /// <summary>What saves run on.</summary>
    public TaskScheduler Saver { get; init; } = TaskScheduler.Default;

    /// <summary>As many leaves are hashed again after a crash at most. Default: what takes a fraction of a second; 8 MiB of tiles.</summary>
    public long SaveEvery { get; init; } = 1 << 18;
}
