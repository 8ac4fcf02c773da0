using Farthing.Protocol;

namespace Farthing.Client;

/// <summary>What wallets owe for what they have read on tab.</summary>
/// <remarks>Takes the wallet's key or the payee's; only the wallet pays.</remarks>
public sealed class TabCalls
{
    private readonly Caller caller;

    internal TabCalls(Caller caller) => this.caller = caller;

    /// <summary>The tabs of the wallet, or those with the payee, newest first.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Listing<Tab> ListTabsAsync() => caller.List("/v1/tabs", Wire.Default.PageTab);

    /// <summary>Reads a tab.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Tab> ReadTabAsync(Id<TabKind> tab, CancellationToken cancellation = default) => caller.GetAsync($"/v1/tabs/{tab}", Wire.Default.Tab, cancellation);

    /// <summary>Pays all that a tab owes at this moment.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Payment> PayTabAsync(Id<TabKind> tab, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/tabs/{tab}/pay", idempotencyKey, Wire.Default.Payment, cancellation);

    /// <summary>Reads what all tabs with a payee owe, paid and lost. Takes the payee's key.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<TabTotals> ReadTabTotalsAsync(Id<PayeeKind> payee, CancellationToken cancellation = default) =>
        caller.GetAsync($"/v1/payees/{payee}/tabs", Wire.Default.TabTotals, cancellation);
}

/// <summary>A tab.</summary>
public sealed record Tab
{
    /// <summary>Its id.</summary>
    public required Id<TabKind> Id { get; init; }

    /// <summary>Whom it owes.</summary>
    public required Id<PayeeKind> Payee { get; init; }

    /// <summary>Who owes; only the wallet itself sees it.</summary>
    public Id<WalletKind>? Wallet { get; init; }

    /// <summary>Who owes, as the payee knows it.</summary>
    public Id<PayerKind>? Payer { get; init; }

    /// <summary><c>open</c>, <c>full</c> or <c>lost</c>.</summary>
    public required string Status { get; init; }

    /// <summary>What is owed.</summary>
    public required Amount Owed { get; init; }

    /// <summary>At most how much can be.</summary>
    public required Amount Cap { get; init; }

    /// <summary>When the oldest unpaid read is due, or null.</summary>
    public DateTimeOffset? DueAt { get; init; }

    /// <summary>When it was opened.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>What all tabs with a payee come to.</summary>
public sealed record TabTotals
{
    /// <summary>What can still be paid in time.</summary>
    public required Amount Open { get; init; }

    /// <summary>What was ever paid on tabs.</summary>
    public required Amount Paid { get; init; }

    /// <summary>What was not paid in time.</summary>
    public required Amount Lost { get; init; }
}
