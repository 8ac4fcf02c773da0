using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Farthing.Payments.Payees;
using Farthing.Payments.Settings;
using Farthing.Protocol;

namespace Farthing.Payments.Wallets;

/// <summary>How far a wallet's way back in has come; its id is the wallet's.</summary>
/// <param name="Id">The wallet's id.</param>
/// <param name="Number">The newest code that was shown; 0 for none.</param>
/// <param name="Confirmed">The code in force: one that was typed back; 0 for none.</param>
/// <param name="State">Always active.</param>
/// <param name="Version">As of every row.</param>
public sealed record RecoveryRow(UInt128 Id, int Number, int Confirmed, RowState State, int Version = 1) : ISettingsRow;

/// <summary>A wallet's recovery code, to be written down.</summary>
/// <param name="Text">128 random bits as 26 characters in groups.</param>
public sealed record RecoveryCode(string Text);

/// <summary>The way back into a wallet whose key or cookie was lost: a code that is shown once, and in force when it was typed back.</summary>
/// <remarks>
/// A code follows from the server's secret, the wallet and a number, so that a repeat shows it again and nothing but a hash of it is stored. Using it ends the code, the wallet's
/// key, every cookie and, as whoever had them may have given some, its mandates. For <see cref="Again"/> the code gives the same new key again: an answer can get lost. A new code leaves the one before in force until it is typed back itself. Thread-safe; every write is idempotent, also across a crash.
/// </remarks>
public sealed class RecoveryCodes
{
    /// <summary>So long after it was used, a code still gives the key that it gave then, also under another idempotency key.</summary>
    public static readonly TimeSpan Again = TimeSpan.FromMinutes(10);

    private const string CodeScope = "recovery-code";

    // Claims of codes that were used: the digest is the moment, in Unix milliseconds.
    private const string UsedScope = "recovery-code-used";
    private const int GroupLength = 5;
    private const int Length = 26;

    private readonly ISettingsStore settings;
    private readonly WalletDirectory wallets;
    private readonly IssuedKeys keys;
    private readonly LabelledSecrets secrets;
    private readonly TimeProvider time;

    internal RecoveryCodes(ISettingsStore settings, WalletDirectory wallets, IssuedKeys keys, LabelledSecrets secrets, TimeProvider time)
    {
        this.settings = settings;
        this.wallets = wallets;
        this.keys = keys;
        this.secrets = secrets;
        this.time = time;
    }

    /// <summary>Revokes the mandates of a wallet that were made until a moment; false if the ledger takes no work. Set once, before anything is recovered.</summary>
    internal Func<Id<WalletKind>, DateTimeOffset, ValueTask<bool>> TryRevokeMandatesAsync { private get; set; } = (_, _) => new(true);

    /// <summary>True if a code of the wallet is in force.</summary>
    public async ValueTask<bool> IsConfirmedAsync(Id<WalletKind> wallet) => await settings.FindAsync<RecoveryRow>(wallet.Value) is { Confirmed: > 0 };

    /// <summary>Makes a code. It is not in force until it is confirmed.</summary>
    public async ValueTask<Answer<RecoveryCode>> CreateAsync(Id<WalletKind> wallet, IdempotencyKey key)
    {
        if (await wallets.LoadAsync(wallet.Value) is not { } entry) return WalletDirectory.NotFound(wallet);
        if (entry.IsErased) return WalletDirectory.Erased;
        while (true)
        {
            var row = await settings.FindAsync<RecoveryRow>(wallet.Value);
            var next = row is null ? new RecoveryRow(wallet.Value, 1, 0, RowState.Active) : row with { Number = row.Number + 1, Version = row.Version + 1 };
            if (await settings.ClaimAsync(new ClaimRow($"{CodeScope}:{wallet}", key.ToHash(), 0, wallet.Value, next.Number), next) is { } claim) return new RecoveryCode(TextOf(wallet.Value, claim.Result));
        }
    }

    /// <summary>Puts the newest code in force, once it was typed back.</summary>
    public async ValueTask<Answer<Wallet>> ConfirmAsync(Id<WalletKind> wallet, string typed)
    {
        ArgumentNullException.ThrowIfNull(typed);
        if (await wallets.LoadAsync(wallet.Value) is not { } entry) return WalletDirectory.NotFound(wallet);
        if (entry.IsErased) return WalletDirectory.Erased;
        var wasConfirmed = false;
        while (true)
        {
            if (await settings.FindAsync<RecoveryRow>(wallet.Value) is not { } row || !TryRead(typed, out var code) || !AreSame(code, CodeOf(wallet.Value, row.Number)))
                return Invalid("That is not the newest code of this wallet. Compare it with what was shown, or have a new one shown.");
            if (row.Confirmed == row.Number) return entry.Wallet;
            // It was in force, and is not any more: it would open nothing.
            if (wasConfirmed) return Invalid("This code was used. Have a new one shown.");
            wasConfirmed = await settings.FindClaimAsync(CodeScope, HashOf(code)) is not null;
            if (!wasConfirmed) await settings.ClaimAsync(new ClaimRow(CodeScope, HashOf(code), 0, wallet.Value, row.Number), row with { Confirmed = row.Number, Version = row.Version + 1 });
        }
    }

    /// <summary>The wallet that a code is or was of, and nothing done with it; null if there is none.</summary>
    public async ValueTask<Wallet?> FindAsync(string typed)
    {
        ArgumentNullException.ThrowIfNull(typed);
        return TryRead(typed, out var code) && await settings.FindClaimAsync(CodeScope, HashOf(code)) is { } found ? await wallets.FindAsync(new(found.Row)) : null;
    }

    /// <summary>Gives the wallet of a code to whoever has it: under a new key, with the code, the old key, all cookies and all mandates ended.</summary>
    /// <param name="typed">The code.</param>
    /// <param name="key">Random (<see cref="IdempotencyKey.IsRandomEnough"/>): a repeat with both hears the same answer, as long as nobody used another code since.</param>
    public async ValueTask<Answer<IssuedWallet>> RecoverAsync(string typed, IdempotencyKey key)
    {
        ArgumentNullException.ThrowIfNull(typed);
        if (!key.IsRandomEnough) return new Refusal(RefusalCodes.IdempotencyKeyInvalid, "The key must be a random UUID or at least 22 random characters of A-Z a-z 0-9 - _.");
        // Found by a hash of 128 random bits: how long the search takes tells nothing of them.
        if (!TryRead(typed, out var code) || await settings.FindClaimAsync(CodeScope, HashOf(code)) is not { } found) return Invalid("No wallet has this code. Compare it with what you wrote down.");
        var id = new Id<WalletKind>(found.Row);
        var scope = $"recover:{id}";
        // The code is part of what the key stands for.
        var digest = BinaryPrimitives.ReadUInt128BigEndian(HashOf(code));
        while (true)
        {
            var wallet = await settings.GetAsync<WalletRow>(found.Row);
            if (wallet.State == RowState.Erased) return WalletDirectory.Erased;
            var used = await settings.FindClaimAsync(scope, key.ToHash());
            if (used is not null && used.Digest != digest) return PayeeDirectory.Conflict;
            var first = await settings.FindClaimAsync(UsedScope, HashOf(code));
            if (used is null)
            {
                var now = time.GetUtcNow();
                if (first is null)
                {
                    var row = await settings.GetAsync<RecoveryRow>(found.Row);
                    if (row.Confirmed != found.Result) return Used;
                    var next = wallet with { KeyGeneration = wallet.KeyGeneration + 1, Version = wallet.Version + 1 };
                    var moment = (UInt128)now.ToUnixTimeMilliseconds();
                    first = await settings.ClaimAsync(new ClaimRow(UsedScope, HashOf(code), moment, found.Row, next.KeyGeneration), next, row with { Confirmed = 0, Version = row.Version + 1 });
                    if (first is null) continue;
                }

                if (now > MomentOf(first) + Again) return Used;
                used = await settings.ClaimAsync(new ClaimRow(scope, key.ToHash(), digest, found.Row, first.Result));
                if (used is null) continue;
                if (used.Digest != digest) return PayeeDirectory.Conflict;
            }

            // Whoever used the code may not have come as far as this.
            await wallets.ReloadAsync(found.Row);
            if (first is not null && !await TryRevokeMandatesAsync(id, MomentOf(first))) return LedgerCalls.NotReady;
            var entry = (await wallets.LoadAsync(found.Row))!;
            return entry.KeyGeneration == used.Result ? new IssuedWallet(entry.Wallet, keys.Issue(id, used.Result)) : Invalid("The wallet was recovered again since, with a newer code.");
        }
    }

    /// <summary>Reads a code as people type it: in either case, with any blanks and hyphens, and with the letters that look like digits.</summary>
    internal static bool TryRead(string typed, out UInt128 code)
    {
        code = default;
        if (typed.Length > 4 * Length) return false;
        Span<char> letters = stackalloc char[Length];
        var count = 0;
        foreach (var c in typed)
        {
            if (c is '-' or ' ' or '\t' or '\u00A0') continue;
            if (count == Length) return false;
            letters[count++] = char.ToUpperInvariant(c) switch { 'O' => '0', 'I' or 'L' => '1', var other => other };
        }

        if (!Id<WalletKind>.TryParse($"wal_{letters[..count]}", out var read)) return false;
        code = read.Value;
        return true;
    }

    private string TextOf(UInt128 wallet, int number)
    {
        var letters = IdBytes.ToText(CodeOf(wallet, number));
        var text = new StringBuilder();
        for (var i = 0; i < letters.Length; i++)
        {
            if (i > 0 && i % GroupLength == 0 && i < letters.Length - 1) text.Append('-');
            text.Append(letters[i]);
        }

        return text.ToString();
    }

    private UInt128 CodeOf(UInt128 wallet, int number) => number == 0 ? UInt128.Zero : secrets.RecoveryCodeOf(wallet, number);

    private static byte[] HashOf(UInt128 code)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, code);
        return SHA256.HashData(bytes);
    }

    private static bool AreSame(UInt128 typed, UInt128 code) => code != UInt128.Zero && CryptographicOperations.FixedTimeEquals(HashOf(typed), HashOf(code));

    private static DateTimeOffset MomentOf(ClaimRow used) => DateTimeOffset.FromUnixTimeMilliseconds((long)used.Digest);

    private static Refusal Used { get; } = Invalid("This code was used, or a newer one has taken its place.");

    private static Refusal Invalid(string detail) => new(RefusalCodes.RecoveryCodeInvalid, detail);
}
