using Farthing.Protocol;

namespace Farthing.Client;

/// <summary>Payers' money.</summary>
/// <remarks>Anyone may make a wallet; the rest takes the wallet's key.</remarks>
public sealed class WalletCalls
{
    private readonly Caller caller;

    internal WalletCalls(Caller caller) => this.caller = caller;

    /// <summary>Makes a wallet.</summary>
    /// <param name="currency">Its currency's code.</param>
    /// <param name="idempotencyKey">A random one: whoever knows it can learn the wallet's key.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<WalletMade> CreateWalletAsync(string currency, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync("/v1/wallets", new NewWallet { Currency = currency }, Wire.Default.NewWallet, idempotencyKey, Wire.Default.WalletMade, cancellation);

    /// <summary>Makes a recovery code for a wallet; it is in force once it was confirmed.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<RecoveryCode> CreateRecoveryCodeAsync(Id<WalletKind> wallet, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/wallets/{wallet}/recovery-code", idempotencyKey, Wire.Default.RecoveryCode, cancellation);

    /// <summary>Puts a wallet's newest recovery code in force, as its owner has typed it back.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<WalletStatus> ConfirmRecoveryCodeAsync(Id<WalletKind> wallet, string code, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/wallets/{wallet}/recovery-code/confirm", new RecoveryCode { Code = code }, Wire.Default.RecoveryCode, null, Wire.Default.WalletStatus, cancellation);

    /// <summary>Comes back into a wallet with its recovery code, which ends the code and the wallet's old key.</summary>
    /// <param name="code">The code.</param>
    /// <param name="idempotencyKey">A random one: with it and the code, a repeat hears the same.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<WalletMade> RecoverWalletAsync(string code, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync("/v1/wallets/recover", new RecoveryCode { Code = code }, Wire.Default.RecoveryCode, idempotencyKey, Wire.Default.WalletMade, cancellation);

    /// <summary>Reads a wallet with its money, as it is or as it stood at a moment: none before it was made.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Wallet> ReadWalletAsync(Id<WalletKind> wallet, DateTimeOffset? at = null, CancellationToken cancellation = default) =>
        caller.GetAsync($"/v1/wallets/{wallet}{Query.At(at)}", Wire.Default.Wallet, cancellation);

    /// <summary>Reads what changed a wallet's balance, newest first.</summary>
    /// <param name="wallet">The wallet.</param>
    /// <param name="since">Only lines of this time or later.</param>
    /// <param name="until">Only lines before this time.</param>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Listing<StatementLine> ReadWalletStatementAsync(Id<WalletKind> wallet, DateTimeOffset? since = null, DateTimeOffset? until = null) =>
        caller.List($"/v1/wallets/{wallet}/statement{Query.Period(since, until)}", Wire.Default.PageStatementLine);

    /// <summary>Erases a wallet for ever: what is left in it cannot be spent.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<WalletStatus> EraseWalletAsync(Id<WalletKind> wallet, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/wallets/{wallet}/erase", null, Wire.Default.WalletStatus, cancellation);

    /// <summary>Caps all that a wallet pays, in place of the caps it has. Without any amount it takes them off.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<WalletCaps> SetWalletCapsAsync(Id<WalletKind> wallet, NewWalletCaps caps, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/wallets/{wallet}/caps", caps, Wire.Default.NewWalletCaps, idempotencyKey, Wire.Default.WalletCaps, cancellation);

    /// <summary>Reads a wallet's caps, what is left of them, and whether it is paused.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<WalletCaps> ReadWalletCapsAsync(Id<WalletKind> wallet, CancellationToken cancellation = default) =>
        caller.GetAsync($"/v1/wallets/{wallet}/caps", Wire.Default.WalletCaps, cancellation);

    /// <summary>Stops all payments from a wallet at once. Money still comes in.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<WalletStatus> PauseWalletAsync(Id<WalletKind> wallet, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/wallets/{wallet}/pause", idempotencyKey, Wire.Default.WalletStatus, cancellation);

    /// <summary>Lets a paused wallet pay again.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<WalletStatus> ResumeWalletAsync(Id<WalletKind> wallet, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/wallets/{wallet}/resume", idempotencyKey, Wire.Default.WalletStatus, cancellation);
}

/// <summary>Body of a wallet to be made.</summary>
internal sealed record NewWallet
{
    /// <summary>Its currency's code.</summary>
    public required string Currency { get; init; }
}

/// <summary>A wallet that was made, with its key.</summary>
public sealed record WalletMade
{
    /// <summary>Its id.</summary>
    public required Id<WalletKind> Id { get; init; }

    /// <summary>Its currency's code.</summary>
    public required string Currency { get; init; }

    /// <summary>Whoever has it can spend the wallet's money.</summary>
    public required string Key { get; init; }
}

/// <summary>A wallet and its money.</summary>
public sealed record Wallet
{
    /// <summary>Its id.</summary>
    public required Id<WalletKind> Id { get; init; }

    /// <summary>Its currency's code.</summary>
    public required string Currency { get; init; }

    /// <summary>What can be spent.</summary>
    public required Amount Balance { get; init; }

    /// <summary>What is set aside for held payments; not part of the balance.</summary>
    public required Amount Held { get; init; }

    /// <summary>What it owes for top-ups that were taken back; null for nothing. A wallet that owes pays nothing.</summary>
    public Amount? Owed { get; init; }

    /// <summary>What other people pay and ask it by; it tells nothing of the wallet.</summary>
    public Id<HandleKind>? Handle { get; init; }
}

/// <summary>Whether a wallet pays.</summary>
public sealed record WalletStatus
{
    /// <summary>The wallet.</summary>
    public required Id<WalletKind> Id { get; init; }

    /// <summary><c>active</c>, <c>paused</c> or <c>erased</c>.</summary>
    public required string Status { get; init; }
}

/// <summary>Caps to be set; an amount that is null is no cap.</summary>
public sealed record NewWalletCaps
{
    /// <summary>At most so much in a calendar day.</summary>
    public Amount? PerDay { get; init; }

    /// <summary>At most so much from Monday to Sunday.</summary>
    public Amount? PerWeek { get; init; }

    /// <summary>At most so much in a calendar month.</summary>
    public Amount? PerMonth { get; init; }

    /// <summary>Whose days: a name of the IANA database; UTC if null.</summary>
    public string? TimeZone { get; init; }
}

/// <summary>A wallet's caps.</summary>
public sealed record WalletCaps
{
    /// <summary>The caps; none if only the balance says how much can be paid.</summary>
    public required IReadOnlyList<Cap> Caps { get; init; }

    /// <summary>Whose days.</summary>
    public string? TimeZone { get; init; }

    /// <summary><c>active</c> or <c>paused</c>.</summary>
    public required string Status { get; init; }
}

/// <summary>At most how much in a calendar period.</summary>
public sealed record Cap
{
    /// <summary><c>day</c>, <c>week</c> or <c>month</c>.</summary>
    public required string Period { get; init; }

    /// <summary>At most so much.</summary>
    public required Amount Amount { get; init; }

    /// <summary>What is left of it in the period that runs.</summary>
    public required Amount Headroom { get; init; }

    /// <summary>When that period ends.</summary>
    public required DateTimeOffset EndsAt { get; init; }
}

/// <summary>What gives a wallet back to whoever lost its key.</summary>
public sealed record RecoveryCode
{
    /// <summary>26 letters and digits in groups.</summary>
    public required string Code { get; init; }
}
