using Farthing.Ledger.Journal;
using Farthing.Ledger.Proofs;
using Microsoft.Win32.SafeHandles;

namespace Farthing.Simulation;

/// <summary>The power failed, or the process was killed. Not an error that the ledger may handle.</summary>
internal sealed class CrashException(bool isPowerCut) : Exception("The simulated process ended.")
{
    public bool IsPowerCut => isPowerCut;
}

/// <summary>How a disk lies about a flush: it reports success.</summary>
internal enum Lie
{
    Lost,
    Misdirected,
    Flipped,
}

/// <summary>A disk in memory: each file has what the system's memory shows and what would be left if the power failed, and so have names.</summary>
/// <remarks>
/// Between the two are pages of 4 KiB that were written and not flushed. When the power fails, any of them may be on disk, whole or some of its sectors; of
/// new names, the first so many. Directories are always there. Not thread-safe, but open files may be read while nobody writes.
/// </remarks>
internal sealed class SimulatedDisk(Random random, FaultCounts counts) : Disk
{
    private const int PageBytes = 4096;
    private const int SectorBytes = 512;

    private readonly List<(string? From, string? To, Node Node)> unflushedNames = [];
    private Dictionary<string, Node> names = [];
    private Dictionary<string, Node> durableNames = [];

    // The process is gone, and nothing that it does counts.
    private bool isDown;

    private enum Moment
    {
        Write,
        Flush,
        Name,
        NameFlush,
    }

    /// <summary>How many writes, flushes and changes of names there were.</summary>
    public long Operations { get; private set; }

    /// <summary>The operation at which the process ends.</summary>
    public long CrashAt { get; set; } = long.MaxValue;

    /// <summary>Whether the power fails there, or only the process ends.</summary>
    public bool CrashIsPowerCut { get; set; }

    /// <summary>The operation from which on the next flush fails, and the next write.</summary>
    public long FlushFailsFrom { get; set; } = long.MaxValue;

    public long WriteFailsFrom { get; set; } = long.MaxValue;

    public bool IsFull { get; set; }

    /// <summary>What the disk does to the next flush of a segment from an operation on.</summary>
    public Lie NextLie { get; set; }

    public long LiesFrom { get; set; } = long.MaxValue;

    /// <summary>True once it did.</summary>
    public bool HasLied { get; private set; }

    /// <summary>The same, of files that are made from the journal and can be made again.</summary>
    public Lie NextDerivedLie { get; set; }

    public long DerivedLiesFrom { get; set; } = long.MaxValue;

    /// <summary>True once one of those was lied about, or damaged.</summary>
    public bool HasDamagedDerived { get; private set; }

    /// <summary>The last write to a segment; null if there was none since it was set to null.</summary>
    public (string Path, long Offset, byte[] Bytes)? LastSegmentWrite { get; set; }

    public IEnumerable<string> Paths => names.Keys.Order(StringComparer.Ordinal);

    /// <summary>What an opening would read.</summary>
    public ReadOnlySpan<byte> Content(string path) => names.TryGetValue(path, out var node) ? node.Cached.AsSpan(0, node.Length) : [];

    public override DurableFile Open(string path, FileMode mode, FileAccess access)
    {
        if (mode == FileMode.Create) ChangeNames(null, path, new());
        if (!names.TryGetValue(path, out var node)) throw new FileNotFoundException("No such file.", path);
        return new SimulatedFile(this, path, node);
    }

    public override ReadOnlyMemory<byte> Map(string path)
    {
        if (Content(path) is not { Length: > 0 } content) throw new IOException($"{path} is not there, or empty.");
        return content.ToArray();
    }

    public override bool Exists(string path) => names.ContainsKey(path);

    public override IEnumerable<string> List(string directory, string pattern) =>
        [.. names.Keys.Where(path => Path.GetDirectoryName(path) == directory && path.EndsWith(pattern[1..], StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    public override bool DirectoryExists(string path) => true;

    public override void CreateDirectory(string path)
    {
    }

    public override void Move(string from, string to) => ChangeNames(from, to, names[from]);

    /// <summary>True for what can be made again from the journal.</summary>
    public static bool IsDerived(string path) => !path.Contains(".segment", StringComparison.Ordinal) && !path.Contains(CheckpointStore.FileName, StringComparison.Ordinal);

    public override void Delete(string path)
    {
        if (names.TryGetValue(path, out var node)) ChangeNames(path, null, node);
    }

    public override void FlushFile(SafeFileHandle file, string path) => throw new NotSupportedException("Files flush themselves.");

    public override void FlushDirectory(string path)
    {
        var crash = Begin(Moment.NameFlush);
        if (crash is not null && random.Next(2) == 0) throw crash;
        Fail(FlushFails(), all: random.Next(2) == 0 ? unflushedNames.Count : 0);
        KeepNames(unflushedNames.Count);
        if (crash is not null) throw crash;

        void Fail(bool fails, int all)
        {
            if (!fails) return;
            counts.Add(all > 0 ? Fault.FailedButPersistedFlush : Fault.FailedFlush);
            KeepNames(all);
            throw new FlushException($"fsync of {path} failed: simulated.");
        }
    }

    /// <summary>The process is gone; the system's memory stays.</summary>
    public void Restart()
    {
        isDown = false;
        CrashAt = FlushFailsFrom = WriteFailsFrom = DerivedLiesFrom = long.MaxValue;
        IsFull = false;
    }

    /// <summary>The power is gone, and the system's memory with it.</summary>
    public void CutPower()
    {
        var kept = random.Next(unflushedNames.Count + 1);
        if (kept < unflushedNames.Count) counts.Add(Fault.LostName);
        foreach (var node in names.Values.Concat(durableNames.Values).Concat(unflushedNames.Select(change => change.Node)).Distinct().ToList())
        {
            SurviveInPart(node);
            node.Forget();
        }
        KeepNames(kept);
        unflushedNames.Clear();
        names = new(durableNames);
        Restart();
    }

    /// <summary>Changes a bit of a file on disk.</summary>
    public void FlipAtRest(string path)
    {
        counts.Add(Fault.FlippedAtRest);
        Flip(names[path]);
    }

    /// <summary>Does something to a file that can be made again: changes a bit, cuts it off, or removes it.</summary>
    public void DamageDerived()
    {
        if (Paths.Where(IsDerived).ToList() is not { Count: > 0 } paths) return;
        HasDamagedDerived = true;
        counts.Add(Fault.DerivedDamaged);
        var path = paths[random.Next(paths.Count)];
        var node = names[path];
        switch (random.Next(4))
        {
            case 0:
                names.Remove(path);
                durableNames.Remove(path);
                break;
            case 1:
                node.CutTo(random.Next(node.Length + 1));
                break;
            default:
                if (node.Length > 0) Flip(node);
                break;
        }
    }

    private void Flip(Node node)
    {
        // Where something stands, as a rule; else anywhere.
        var used = node.Cached.AsSpan(0, node.Length).LastIndexOfAnyExcept((byte)0) + 1;
        var at = random.Next(random.Next(8) == 0 || used == 0 ? node.Length : used);
        node.Cached[at] ^= (byte)(1 << random.Next(8));
        node.Durable[at] = node.Cached[at];
    }

    private CrashException? Begin(Moment moment)
    {
        if (isDown) throw new CrashException(CrashIsPowerCut);
        if (++Operations != CrashAt) return null;
        isDown = true;
        counts.Add((CrashIsPowerCut ? Fault.PowerCutAtWrite : Fault.KilledAtWrite) + (int)moment);
        return new(CrashIsPowerCut);
    }

    private bool FlushFails()
    {
        if (Operations < FlushFailsFrom) return false;
        FlushFailsFrom = long.MaxValue;
        return true;
    }

    private void ChangeNames(string? from, string? to, Node node)
    {
        var crash = Begin(Moment.Name);
        if (crash is not null && random.Next(2) == 0) throw crash;
        Change(names, (from, to, node));
        unflushedNames.Add((from, to, node));
        if (crash is not null) throw crash;
    }

    private static void Change(Dictionary<string, Node> where, (string? From, string? To, Node Node) change)
    {
        if (change.From is not null) where.Remove(change.From);
        if (change.To is not null) where[change.To] = change.Node;
    }

    private void KeepNames(int count)
    {
        foreach (var change in unflushedNames.Take(count)) Change(durableNames, change);
        if (count > 0) unflushedNames.RemoveRange(0, count);
    }

    private void Write(string path, Node node, ReadOnlySpan<byte> bytes, long offset)
    {
        var crash = Begin(Moment.Write);
        if (path.EndsWith(".segment", StringComparison.Ordinal)) LastSegmentWrite = (path, offset, bytes.ToArray());
        if (Operations >= WriteFailsFrom)
        {
            WriteFailsFrom = long.MaxValue;
            counts.Add(Fault.FailedWrite);
            node.Write(bytes[..random.Next(bytes.Length)], offset);
            throw new IOException($"write of {path} failed: simulated.");
        }
        if (IsFull && offset + bytes.Length > node.Length)
        {
            counts.Add(Fault.DiskFull);
            throw new IOException($"write of {path} failed: no space left on the simulated disk.");
        }
        if (crash is not null) bytes = bytes[..(random.Next(3) switch { 0 => 0, 1 => bytes.Length, _ => random.Next(bytes.Length + 1) })];
        node.Write(bytes, offset);
        if (crash is not null) throw crash;
    }

    private void Flush(string path, Node node)
    {
        if (Begin(Moment.Flush) is { } crash)
        {
            if (random.Next(2) == 0) throw crash;
            FlushAll();
            throw crash;
        }
        if (FlushFails())
        {
            var persists = random.Next(2) == 0;
            counts.Add(persists ? Fault.FailedButPersistedFlush : Fault.FailedFlush);
            if (persists) FlushAll();
            else SurviveInPart(node);
            node.Dirty.Clear();
            throw new FlushException($"fdatasync of {path} failed: simulated.");
        }
        if (node.Dirty.Count > 0 && Operations >= LiesFrom && path.EndsWith(".segment", StringComparison.Ordinal))
        {
            LieAbout(node, NextLie, other => other.EndsWith(".segment", StringComparison.Ordinal));
            counts.Add(NextLie switch { Lie.Lost => Fault.LostWrite, Lie.Misdirected => Fault.MisdirectedWrite, _ => Fault.FlippedWrite });
            LiesFrom = long.MaxValue;
            HasLied = true;
        }
        else if (node.Dirty.Count > 0 && Operations >= DerivedLiesFrom && IsDerived(path))
        {
            LieAbout(node, NextDerivedLie, IsDerived);
            counts.Add(Fault.DerivedLie);
            DerivedLiesFrom = long.MaxValue;
            HasDamagedDerived = true;
        }
        else
        {
            FlushAll();
        }

        void FlushAll()
        {
            foreach (var page in node.Dirty) node.Persist(page, ..PageBytes);
            node.DurableLength = Math.Max(node.DurableLength, node.Length);
            node.Dirty.Clear();
        }
    }

    private void LieAbout(Node node, Lie lie, Func<string, bool> isAmong)
    {
        var victim = random.Next(node.Dirty.Count);
        var isWhole = random.Next(2) == 0;
        for (var i = 0; i < node.Dirty.Count; i++)
        {
            var page = node.Dirty[i];
            if (i != victim && !(isWhole && lie == Lie.Lost))
            {
                node.Persist(page, ..PageBytes);
                continue;
            }
            switch (lie)
            {
                case Lie.Misdirected:
                    var others = names.Where(name => isAmong(name.Key) && name.Value.Durable.Length > 0).OrderBy(name => name.Key, StringComparer.Ordinal).Select(name => name.Value).ToList();
                    var other = random.Next(2) == 0 || others.Count == 0 ? node : others[random.Next(others.Count)];
                    node.Cached.AsSpan(page * PageBytes, PageBytes).CopyTo(other.Durable.AsSpan(random.Next(other.Durable.Length / PageBytes) * PageBytes, PageBytes));
                    break;
                case Lie.Flipped:
                    node.Persist(page, ..PageBytes);
                    node.Durable[page * PageBytes + random.Next(PageBytes)] ^= (byte)(1 << random.Next(8));
                    break;
            }
        }
        node.DurableLength = Math.Max(node.DurableLength, isWhole && lie == Lie.Lost ? 0 : node.Length);
        node.Dirty.Clear();
    }

    // Of what was written and not flushed, any page may be there, whole or some sectors of it.
    private void SurviveInPart(Node node)
    {
        var mode = random.Next(4);
        var isOneMissing = false;
        foreach (var page in node.Dirty)
        {
            var fate = mode switch { 0 => 0, 1 => 1, _ => random.Next(3) };
            if (fate == 0)
            {
                isOneMissing = true;
                continue;
            }
            if (isOneMissing) counts.Add(Fault.ReorderedWrite);
            if (fate == 1)
            {
                node.Persist(page, ..PageBytes);
                continue;
            }
            var written = 0;
            for (var at = 0; at < PageBytes; at += SectorBytes)
            {
                if (random.Next(2) == 0) continue;
                node.Persist(page, at..(at + SectorBytes));
                written++;
            }
            if (written is > 0 and < PageBytes / SectorBytes) counts.Add(Fault.TornWrite);
        }
        node.Dirty.Clear();
    }

    private sealed class Node
    {
        public byte[] Cached { get; private set; } = [];

        public byte[] Durable { get; private set; } = [];

        public int Length { get; set; }

        public int DurableLength { get; set; }

        /// <summary>Pages that were written and not flushed, in the order in which they were.</summary>
        public List<int> Dirty { get; } = [];

        public void Write(ReadOnlySpan<byte> bytes, long offset)
        {
            if (bytes.IsEmpty) return;
            var end = checked((int)(offset + bytes.Length));
            if (end > Cached.Length)
            {
                var pages = (end + PageBytes - 1) / PageBytes * PageBytes;
                (Cached, Durable) = (Grown(Cached, pages), Grown(Durable, pages));
            }
            bytes.CopyTo(Cached.AsSpan((int)offset));
            Length = Math.Max(Length, end);
            for (var page = (int)(offset / PageBytes); page <= (end - 1) / PageBytes; page++)
            {
                Dirty.Remove(page);
                Dirty.Add(page);
            }
        }

        public void Persist(int page, Range part)
        {
            var (start, length) = part.GetOffsetAndLength(PageBytes);
            Cached.AsSpan(page * PageBytes + start, length).CopyTo(Durable.AsSpan(page * PageBytes + start));
            DurableLength = Math.Max(DurableLength, Math.Min(Length, page * PageBytes + start + length));
        }

        public void CutTo(int length)
        {
            Length = DurableLength = length;
            Cached.AsSpan(length).Clear();
            Durable.AsSpan(length).Clear();
        }

        public void Forget()
        {
            Durable.CopyTo(Cached, 0);
            Length = DurableLength;
        }

        private static byte[] Grown(byte[] bytes, int length)
        {
            var grown = new byte[length];
            bytes.CopyTo(grown, 0);
            return grown;
        }
    }

    private sealed class SimulatedFile(SimulatedDisk disk, string path, Node node) : DurableFile(path)
    {
        public override long Length => node.Length;

        public override void Write(ReadOnlySpan<byte> bytes, long offset) => disk.Write(Path, node, bytes, offset);

        public override int Read(Span<byte> destination, long offset)
        {
            var length = (int)Math.Clamp(node.Length - offset, 0, destination.Length);
            if (length > 0) node.Cached.AsSpan((int)offset, length).CopyTo(destination);
            return length;
        }

        public override void SetMode(UnixFileMode mode)
        {
        }

        public override void Flush() => disk.Flush(Path, node);

        public override void Dispose()
        {
        }
    }
}
