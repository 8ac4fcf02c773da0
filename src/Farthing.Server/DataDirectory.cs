using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Farthing.Ledger;
using Farthing.Payments;
using Farthing.Protocol;

namespace Farthing.Server;

/// <summary>The directory that holds everything a server remembers. Held exclusively from <see cref="Open"/> to <see cref="Dispose"/>.</summary>
/// <remarks>
/// <c>farthing.json</c> says format and mode; <c>keys/</c> holds the secrets, readable by the owner only; <c>ledger/</c> the journal; the rest are databases.
/// Not thread-safe; used at start and stop only.
/// </remarks>
internal sealed class DataDirectory : IDisposable
{
    /// <summary>The format that this version reads and writes.</summary>
    public const int Format = 1;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const string FormatFile = "farthing.json";
    private const string TestMode = "test";
    private const string LiveMode = "live";

    // What the framework says of a file whose lock another process has.
    private const int LinuxWouldBlock = 11;
    private const int MacWouldBlock = 35;
    private const int WindowsSharingViolation = unchecked((int)0x8007_0020);

    private const UnixFileMode OwnerEnters = OwnerOnly | UnixFileMode.UserExecute;

    private readonly string root;
    private readonly FileStream directoryLock;

    private DataDirectory(string root, FileStream directoryLock)
    {
        this.root = root;
        this.directoryLock = directoryLock;
    }

    /// <summary>The name of the ledger's log for life; null for play money, whose log is named after its key.</summary>
    public string? Origin { get; private set; }

    /// <summary>The journal's directory.</summary>
    public string Ledger => Path.Combine(root, "ledger");

    /// <summary>The settings database.</summary>
    public string Settings => Path.Combine(root, "settings.db");

    /// <summary>The sandbox rail's own database: it stands for an outside party.</summary>
    public string SandboxRail => Path.Combine(root, "sandbox-rail.db");

    /// <summary>The bank-file rail's own database; absent unless there ever was one.</summary>
    public string BankFileRail => Path.Combine(root, "bank-file-rail.db");

    /// <summary>Where files for the operator's bank are put.</summary>
    public string BankFiles => Path.Combine(root, "bank-files");

    /// <summary>By how much the test clock leads; absent unless there ever was one.</summary>
    public string TestClock => Path.Combine(root, "test-clock");

    /// <summary>The lines for the operator's own site, if the server is for that alone.</summary>
    public string OwnSite => Path.Combine(root, "own-site");

    /// <summary>Where the secrets are.</summary>
    public string Keys => Path.Combine(root, "keys");

    /// <summary>The keys that protect the wallet pages' forms.</summary>
    public string FormKeys => Path.Combine(Keys, "forms");

    private string OperatorKeyHash => Path.Combine(Keys, "operator.sha256");

    /// <summary>Opens a data directory, making it if it is absent or empty.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="mode">What the operator says its money is: at the first start the directory becomes that for life.</param>
    /// <exception cref="StartRefusedException">It is in use, of another kind, of a newer format, or of the other kind of money.</exception>
    public static DataDirectory Open(string path, ServerMode mode)
    {
        var root = Path.GetFullPath(path);
        try
        {
            DurableFiles.CreateDirectory(root, OwnerEnters);
            RefuseStranger(root);
            var directory = new DataDirectory(root, Lock(root));
            try
            {
                directory.CheckOrMakeFormat(mode);

                // Databases and journal follow the umask; nobody else comes as far as them, also if someone else made the directory.
                File.SetUnixFileMode(root, OwnerEnters);
                DurableFiles.CreateDirectory(directory.Keys, OwnerEnters);
                File.SetUnixFileMode(directory.Keys, OwnerEnters);
                // Whatever a killed start left here, and its names may be in the system's memory only.
                foreach (var names in new[] { Path.GetDirectoryName(root)!, root, directory.Keys }) DurableFiles.FlushNames(names);
                return directory;
            }
            catch
            {
                directory.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartRefusedException($"The data directory {root} cannot be used: {e.Message}");
        }
    }

    /// <summary>Reads the secrets, making those that a new directory lacks.</summary>
    /// <exception cref="StartRefusedException">A secret is missing although the ledger was used with it.</exception>
    public ServerSecrets OpenSecrets() => new(
        Secret("issuing"),
        SigningKey.FromSeed(Secret("entitlement")),
        SigningKey.FromSeed(Secret("ledger")));

    /// <summary>The SHA-256 of the operator's key: of the one given, or the stored one, or that of a new key. Nothing is stored.</summary>
    /// <param name="given">The key that the operator set, which goes before the stored one; or null.</param>
    /// <param name="made">The new key, if there was none: it is to be shown, and only then its hash stored.</param>
    /// <exception cref="StartRefusedException">What is stored is no hash.</exception>
    public byte[] FindOperatorKeyHash(string? given, out string? made)
    {
        made = null;
        if (given is null && File.Exists(OperatorKeyHash))
        {
            var stored = new byte[SHA256.HashSizeInBytes];
            return Convert.FromHexString(File.ReadAllText(OperatorKeyHash).Trim(), stored, out _, out var length) == OperationStatus.Done && length == stored.Length
                ? stored
                : throw new StartRefusedException($"{OperatorKeyHash} is damaged: it must be the SHA-256 of the operator's key in hex. Delete it, and the next start makes a new key.");
        }

        if (given is null) made = given = "fk_op_" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        return SHA256.HashData(Encoding.ASCII.GetBytes(given));
    }

    /// <summary>Stores the hash, once the key has been shown: a start that fails before leaves no key behind that nobody saw.</summary>
    public void StoreOperatorKeyHash(byte[] hash) => WriteWhole(OperatorKeyHash, Encoding.ASCII.GetBytes(Convert.ToHexStringLower(hash) + "\n"));

    /// <summary>Writes a file that only the owner can read, whole or not at all; on return it outlasts a power failure.</summary>
    public static void WriteWhole(string file, ReadOnlySpan<byte> content) => DurableFiles.Replace(file, content, OwnerOnly);

    /// <inheritdoc/>
    public void Dispose() => directoryLock.Dispose();

    // Before anything is written: a directory that is not ours is left as it was.
    private static void RefuseStranger(string root)
    {
        var stranger = Directory.EnumerateFileSystemEntries(root).Select(Path.GetFileName).FirstOrDefault(name => name is not ("lock" or "farthing.json.new"));
        if (stranger is not null && !File.Exists(Path.Combine(root, FormatFile)))
            throw new StartRefusedException($"{root} is not a data directory: it has no {FormatFile}, but it has {stranger}. Choose an empty directory with --data.");
    }

    private static FileStream Lock(string root)
    {
        try
        {
            // On Unix the runtime takes an flock, which ends with the process however it ends.
            return new FileStream(Path.Combine(root, "lock"), new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                UnixCreateMode = OwnerOnly,
            });
        }
        catch (IOException e) when (e.HResult is LinuxWouldBlock or MacWouldBlock or WindowsSharingViolation)
        {
            throw new StartRefusedException($"The data directory {root} is in use by another process. Stop that one first, or choose another directory with --data.");
        }
    }

    private void CheckOrMakeFormat(ServerMode mode)
    {
        var file = Path.Combine(root, FormatFile);
        if (!File.Exists(file))
        {
            Origin = mode.IsLive ? mode.NewOrigin() : null;
            WriteWhole(file, JsonSerializer.SerializeToUtf8Bytes(new DirectoryFormat(Format, mode.IsLive ? LiveMode : TestMode, Origin), DataDirectoryJson.Default.DirectoryFormat));
            return;
        }

        DirectoryFormat? found;
        try
        {
            found = JsonSerializer.Deserialize(File.ReadAllBytes(file), DataDirectoryJson.Default.DirectoryFormat);
        }
        catch (JsonException)
        {
            found = null;
        }

        if (found is null or { Format: < 1 }) throw new StartRefusedException($"{file} is damaged: it must say format and mode. Restore it from a backup.");
        if (found.Format > Format) throw new StartRefusedException($"The data directory {root} was written by a newer version (format {found.Format}; this version reads up to {Format}). Start that version.");
        if (found.Mode is not (TestMode or LiveMode)) throw new StartRefusedException($"{file} names the mode '{found.Mode}'. This version knows '{TestMode}' and '{LiveMode}'.");
        var isLive = found.Mode == LiveMode;
        // The log of live money has a name, that of play money has none: a mode that was changed by hand is noticed, before the first checkpoint notices it.
        if (isLive != found.Origin is { Length: > 0 } || (isLive && File.Exists(SandboxRail))) throw new StartRefusedException($"{file} is damaged: its mode is not the one that the directory was made with. Restore it from a backup.");
        if (isLive && !mode.IsLive) throw new StartRefusedException($"The data directory {root} is for live money, for life: start with --live, or choose another directory with --data.");
        if (!isLive && mode.IsLive) throw new StartRefusedException($"The data directory {root} is for play money, for life: what was play money never becomes money. Choose an empty directory with --data.");
        Origin = found.Origin;
    }

    private byte[] Secret(string name)
    {
        var file = Path.Combine(Keys, name);
        if (File.Exists(file))
        {
            var secret = File.ReadAllBytes(file);
            return secret.Length == 32 ? secret : throw new StartRefusedException($"{file} is damaged: a secret has 32 bytes, this file {secret.Length}. Restore it from a backup.");
        }

        // A new secret beside an old journal would orphan every key, memo and signature made with the lost one.
        if (Directory.Exists(Ledger)) throw new StartRefusedException($"{file} is missing, but the ledger was used with it. Restore it from a backup.");
        var made = RandomNumberGenerator.GetBytes(32);
        WriteWhole(file, made);
        return made;
    }
}

/// <summary>The content of <c>farthing.json</c>.</summary>
internal sealed record DirectoryFormat(int Format, string Mode, string? Origin = null);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DirectoryFormat))]
[JsonSerializable(typeof(SampleSiteState))]
internal sealed partial class DataDirectoryJson : JsonSerializerContext;
