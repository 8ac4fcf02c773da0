using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Win32.SafeHandles;

namespace Farthing.Client.Purchases;

/// <summary>A line of a budget's file. Which members are there goes by <see cref="Kind"/>.</summary>
internal sealed record BookLine
{
    /// <summary>The first line: currency, what was spent so far, and how many lines of <see cref="Known"/> follow.</summary>
    public const string Opened = "budget-1";

    /// <summary>A purchase whose price the first line counts.</summary>
    public const string Known = "known";

    /// <summary>A purchase began, and its price counts. On disk before anything is paid.</summary>
    public const string Begun = "begun";

    /// <summary>A purchase was certainly not paid.</summary>
    public const string Unpaid = "unpaid";

    /// <summary>A meter was stopped, and its cost counts instead of its ceiling.</summary>
    public const string Settled = "settled";

    /// <summary>The site answered what was paid for.</summary>
    public const string Answered = "answered";

    public required string Kind { get; init; }
    public string? Currency { get; init; }
    public int? KnownLines { get; init; }
    public string? SpentOfDay { get; init; }
    public string? SpentInAll { get; init; }
    public string? Key { get; init; }
    public string? Request { get; init; }
    public string? Name { get; init; }
    public string? Payer { get; init; }
    public string? Challenge { get; init; }
    public DateTimeOffset? At { get; init; }
    public long? Day { get; init; }
    public string? Cost { get; init; }
}

/// <summary>The bytes of a budget's file: lines that are only ever added, each with a check sum, and now and then the whole anew.</summary>
/// <remarks>
/// A line is 16 base64url characters of its SHA-256, a space, JSON, and a line feed. What was being written when the machine stopped is cut off; damage before
/// a line that was forced to disk is not. After an error nothing more is written: what is on disk is then unknown until the file is opened again. Not thread-safe.
/// </remarks>
internal sealed class BookFile : IDisposable
{
    private const int SumLength = 16;

    // Names, terms and all a line is far below this.
    private const int MaxFileBytes = 256 << 20;

    private readonly string path;
    private readonly FileStream owned;
    private SafeFileHandle file;
    private long length;
    private Exception? failure;

    private BookFile(string path, FileStream owned, SafeFileHandle file, long length)
    {
        this.path = path;
        this.owned = owned;
        this.file = file;
        this.length = length;
    }

    /// <summary>Opens or makes a file and reads its lines.</summary>
    /// <exception cref="IOException">Another program has it, or it cannot be read.</exception>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public static BookFile Open(string path, out List<BookLine> lines)
    {
        var owned = Own(path);
        SafeFileHandle? file = null;
        try
        {
            file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
            OwnersAlone(path);
            if (RandomAccess.GetLength(file) > MaxFileBytes) throw new InvalidDataException($"{path} is too long to be a budget's file.");
            var bytes = new byte[RandomAccess.GetLength(file)];
            for (var read = 0; read < bytes.Length;)
            {
                var more = RandomAccess.Read(file, bytes.AsSpan(read), read);
                if (more == 0) throw new IOException($"{path} ended while it was read.");
                read += more;
            }

            lines = Read(path, bytes, out var sound);
            if (sound < bytes.Length) RandomAccess.SetLength(file, sound);
            return new BookFile(path, owned, file, sound);
        }
        catch
        {
            file?.Dispose();
            owned.Dispose();
            throw;
        }
    }

    /// <summary>Adds a line.</summary>
    /// <param name="line">The line.</param>
    /// <param name="force">True to return only when it is on disk, and all lines before it.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Add(BookLine line, bool force)
    {
        if (failure is not null) throw new IOException($"{path} could not be written before: {failure.Message}", failure);
        try
        {
            var bytes = Write(line);
            RandomAccess.Write(file, bytes, length);
            length += bytes.Length;
            if (force) Disk.Flush(file, path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            failure = exception;
            throw exception as IOException ?? new IOException($"{path} cannot be written: {exception.Message}", exception);
        }
    }

    /// <summary>Puts other lines in place of all; before or after a crash the file has either these or those.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Replace(IEnumerable<BookLine> lines)
    {
        if (failure is not null) throw new IOException($"{path} could not be written before: {failure.Message}", failure);
        try
        {
            var other = path + ".new";
            File.Delete(other);
            var written = 0L;
            var fresh = File.OpenHandle(other, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read);
            try
            {
                OwnersAlone(other);
                foreach (var line in lines)
                {
                    var bytes = Write(line);
                    RandomAccess.Write(fresh, bytes, written);
                    written += bytes.Length;
                }

                Disk.Flush(fresh, other);
                File.Move(other, path, overwrite: true);
                Disk.FlushDirectory(Path.GetDirectoryName(path)!);
            }
            catch
            {
                fresh.Dispose();
                throw;
            }

            file.Dispose();
            (file, length) = (fresh, written);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            failure = exception;
            throw exception as IOException ?? new IOException($"{path} cannot be written: {exception.Message}", exception);
        }
    }

    public void Dispose()
    {
        failure ??= new ObjectDisposedException(nameof(Budget));
        file.Dispose();
        owned.Dispose();
    }

    // The system gives the lock back when a process ends, however it ends.
    private static FileStream Own(string path)
    {
        try
        {
            return new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception) when (File.Exists(path + ".lock"))
        {
            throw new IOException($"The budget {path} is in use by another program, or by another budget of this one. Give each its own file, or share one budget.", exception);
        }
    }

    private static void OwnersAlone(string path)
    {
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private static byte[] Write(BookLine line)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(line, BookWire.Default.BookLine);
        return [.. Sum(json), (byte)' ', .. json, (byte)'\n'];
    }

    private static byte[] Sum(ReadOnlySpan<byte> json) => Encoding.ASCII.GetBytes(Base64Url.EncodeToString(SHA256.HashData(json))[..SumLength]);

    private static List<BookLine> Read(string path, ReadOnlySpan<byte> bytes, out int sound)
    {
        var lines = new List<BookLine>();
        sound = 0;
        var at = 0;
        var damagedLine = 0;
        for (var number = 1; at < bytes.Length; number++)
        {
            var end = bytes[at..].IndexOf((byte)'\n');
            var line = end < 0 ? null : Read(bytes.Slice(at, end));
            at = end < 0 ? bytes.Length : at + end + 1;
            if (line is null)
            {
                if (damagedLine == 0) damagedLine = number;
                continue;
            }

            // Purchases are forced to disk with all that is before them.
            if (damagedLine > 0 && line.Kind is (BookLine.Begun or BookLine.Known))
                throw new InvalidDataException($"{path} is damaged in line {damagedLine}, and goes on behind it. Restore it; without it nobody knows what was spent.");
            if (damagedLine > 0) continue;
            lines.Add(line);
            sound = at;
        }

        if (lines.Count == 0 && sound < bytes.Length && bytes.Length >= SumLength * 2)
            throw new InvalidDataException($"{path} is no budget's file.");
        return lines;
    }

    private static BookLine? Read(ReadOnlySpan<byte> line)
    {
        if (line.Length <= SumLength || line[SumLength] != ' ' || !line[..SumLength].SequenceEqual(Sum(line[(SumLength + 1)..]))) return null;
        try
        {
            return JsonSerializer.Deserialize(line[(SumLength + 1)..], BookWire.Default.BookLine);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Forces files to disk; .NET's own way reports success when the disk fails.</summary>
    private static class Disk
    {
        public static void Flush(SafeFileHandle file, string path)
        {
            var failed = OperatingSystem.IsWindows() ? !SystemCalls.FlushFileBuffers(file) : SystemCalls.Flush(file) < 0;
            if (failed) throw new IOException($"{path} cannot be forced to disk: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}.");
        }

        public static void FlushDirectory(string path)
        {
            // Windows writes a rename by itself.
            if (OperatingSystem.IsWindows()) return;
            using var directory = new SafeFileHandle(SystemCalls.Open(path, SystemCalls.ReadOnly), ownsHandle: true);
            Flush(directory, path);
        }
    }
}

/// <summary>What the framework does not offer, or not honestly.</summary>
internal static partial class SystemCalls
{
    public const int ReadOnly = 0;

    /// <summary>The framework opens no directories.</summary>
    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    public static partial int Flush(SafeFileHandle file);

    [LibraryImport("kernel32", EntryPoint = "FlushFileBuffers", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool FlushFileBuffers(SafeFileHandle file);
}

/// <summary>Reads and writes lines without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(BookLine))]
internal sealed partial class BookWire : JsonSerializerContext;
