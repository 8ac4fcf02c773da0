using Farthing.Protocol;

namespace Farthing.Client;

/// <summary>Who is paid.</summary>
/// <remarks>Payees are made with the operator's key; the rest takes the payee's own.</remarks>
public sealed class PayeeCalls
{
    private readonly Caller caller;

    internal PayeeCalls(Caller caller) => this.caller = caller;

    /// <summary>Makes a payee, whose key is in the answer. Takes the operator's key.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<PayeeMade> CreatePayeeAsync(NewPayee payee, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync("/v1/payees", payee, Wire.Default.NewPayee, idempotencyKey, Wire.Default.PayeeMade, cancellation);

    /// <summary>Reads a payee with its money, as it is or as it stood at a moment.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Payee> ReadPayeeAsync(Id<PayeeKind> payee, DateTimeOffset? at = null, CancellationToken cancellation = default) =>
        caller.GetAsync($"/v1/payees/{payee}{Query.At(at)}", Wire.Default.Payee, cancellation);

    /// <summary>Reads what changed a payee's balance, newest first.</summary>
    /// <param name="payee">The payee.</param>
    /// <param name="since">Only lines of this time or later.</param>
    /// <param name="until">Only lines before this time.</param>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Listing<StatementLine> ReadPayeeStatementAsync(Id<PayeeKind> payee, DateTimeOffset? since = null, DateTimeOffset? until = null) =>
        caller.List($"/v1/payees/{payee}/statement{Query.Period(since, until)}", Wire.Default.PageStatementLine);

    /// <summary>Issues a new key for a payee and ends the old one at once. Takes the payee's key or the operator's.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<KeyMade> RotatePayeeKeyAsync(Id<PayeeKind> payee, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/payees/{payee}/keys/rotate", idempotencyKey, Wire.Default.KeyMade, cancellation);
}

/// <summary>A payee to be made.</summary>
public sealed record NewPayee
{
    /// <summary>What payers see.</summary>
    public required string Name { get; init; }

    /// <summary>The code of the currency in which it is paid.</summary>
    public required string Currency { get; init; }

    /// <summary>The origin that pay pages may return to, or null.</summary>
    public string? Website { get; init; }

    /// <summary>Base64 of the 32-byte Ed25519 public key of its terms, or null.</summary>
    public string? SigningKey { get; init; }

    /// <summary>How many refunds a wallet may take by itself in a calendar month; the server's default if null.</summary>
    public int? RefundsPerWalletPerMonth { get; init; }

    /// <summary>Words, such as <c>news</c>, that mandates can be given for.</summary>
    public IReadOnlyList<string>? Tags { get; init; }
}

/// <summary>A payee that was made, with its key.</summary>
public sealed record PayeeMade
{
    /// <summary>Its id.</summary>
    public required Id<PayeeKind> Id { get; init; }

    /// <summary>What payers see.</summary>
    public required string Name { get; init; }

    /// <summary>Its currency's code.</summary>
    public required string Currency { get; init; }

    /// <summary>Whoever has it acts as the payee.</summary>
    public required string Key { get; init; }

    /// <summary>The origin that pay pages may return to, or null.</summary>
    public string? Website { get; init; }

    /// <summary>Base64 of the public key of its terms, or null.</summary>
    public string? SigningKey { get; init; }

    /// <summary>How many refunds a wallet may take by itself in a calendar month.</summary>
    public required int RefundsPerWalletPerMonth { get; init; }

    /// <summary>The operator's words for it, or null.</summary>
    public IReadOnlyList<string>? Tags { get; init; }
}

/// <summary>A payee and its money.</summary>
public sealed record Payee
{
    /// <summary>Its id.</summary>
    public required Id<PayeeKind> Id { get; init; }

    /// <summary>What payers see.</summary>
    public required string Name { get; init; }

    /// <summary>Its currency's code.</summary>
    public required string Currency { get; init; }

    /// <summary>What it has earned and not been paid out.</summary>
    public required Amount Balance { get; init; }

    /// <summary>What is set aside of it.</summary>
    public required Amount Held { get; init; }

    /// <summary>The origin that pay pages may return to, or null.</summary>
    public string? Website { get; init; }

    /// <summary>Base64 of the public key of its terms, or null.</summary>
    public string? SigningKey { get; init; }

    /// <summary>How many refunds a wallet may take by itself in a calendar month.</summary>
    public required int RefundsPerWalletPerMonth { get; init; }

    /// <summary>The operator's words for it, or null.</summary>
    public IReadOnlyList<string>? Tags { get; init; }
}

/// <summary>A new key.</summary>
public sealed record KeyMade
{
    /// <summary>The key; the one before it has ended.</summary>
    public required string Key { get; init; }
}
