using Farthing.Protocol;

namespace Farthing.Client;

/// <summary>Standing permissions to pay without asking.</summary>
/// <remarks>Takes the wallet's key; a mandate's own key may read it.</remarks>
public sealed class MandateCalls
{
    private readonly Caller caller;

    internal MandateCalls(Caller caller) => this.caller = caller;

    /// <summary>Lets payments through without asking, within caps. The key in the answer does exactly what the mandate allows: give it to an app or agent.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Mandate> CreateMandateAsync(NewMandate mandate, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync("/v1/mandates", mandate, Wire.Default.NewMandate, idempotencyKey, Wire.Default.Mandate, cancellation);

    /// <summary>The wallet's mandates, newest first.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Listing<Mandate> ListMandatesAsync() => caller.List("/v1/mandates", Wire.Default.PageMandate);

    /// <summary>Reads a mandate and what is left of its caps.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Mandate> ReadMandateAsync(Id<MandateKind> mandate, CancellationToken cancellation = default) =>
        caller.GetAsync($"/v1/mandates/{mandate}", Wire.Default.Mandate, cancellation);

    /// <summary>Revokes a mandate at once. Held payments can still be posted.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Mandate> RevokeMandateAsync(Id<MandateKind> mandate, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/mandates/{mandate}/revoke", null, Wire.Default.Mandate, cancellation);
}

/// <summary>A mandate to be given, for exactly one of a payee, a tag, and anyone. It is never unlimited: without an amount the server caps it by the month.</summary>
public sealed record NewMandate
{
    /// <summary>Who may be paid.</summary>
    public Id<PayeeKind>? Payee { get; init; }

    /// <summary>Those who may be paid: payees with this tag of the operator's.</summary>
    public string? Tag { get; init; }

    /// <summary>True if all payees may be paid.</summary>
    public bool? Anyone { get; init; }

    /// <summary>At most how much a payment; the smallest cap if null.</summary>
    public Amount? Each { get; init; }

    /// <summary>At most so much in a calendar day.</summary>
    public Amount? PerDay { get; init; }

    /// <summary>At most so much from Monday to Sunday.</summary>
    public Amount? PerWeek { get; init; }

    /// <summary>At most so much in a calendar month.</summary>
    public Amount? PerMonth { get; init; }

    /// <summary>Whose days: a name of the IANA database; UTC if null.</summary>
    public string? TimeZone { get; init; }

    /// <summary>Until when; until it is revoked if null.</summary>
    public DateTimeOffset? EndsAt { get; init; }
}

/// <summary>A mandate.</summary>
public sealed record Mandate
{
    /// <summary>Its id.</summary>
    public required Id<MandateKind> Id { get; init; }

    /// <summary><c>active</c>, <c>ended</c> or <c>revoked</c>.</summary>
    public required string Status { get; init; }

    /// <summary>Who may be paid, or null.</summary>
    public Id<PayeeKind>? Payee { get; init; }

    /// <summary>The tag of those who may be paid, or null.</summary>
    public string? Tag { get; init; }

    /// <summary>True if all payees may be paid.</summary>
    public bool? Anyone { get; init; }

    /// <summary>At most how much a payment.</summary>
    public required Amount Each { get; init; }

    /// <summary>Its caps.</summary>
    public required IReadOnlyList<Cap> Caps { get; init; }

    /// <summary>What was ever paid under it and not given back; null some minutes after its end.</summary>
    public Amount? Used { get; init; }

    /// <summary>Whose days.</summary>
    public required string TimeZone { get; init; }

    /// <summary>Until when, or null.</summary>
    public DateTimeOffset? EndsAt { get; init; }

    /// <summary>When it was given.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Its key; only in the answer that made it.</summary>
    public string? Key { get; init; }
}
