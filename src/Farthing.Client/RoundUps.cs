using Farthing.Protocol;

namespace Farthing.Client;

/// <summary>What payments are rounded up by, given away once a month.</summary>
/// <remarks>Takes the wallet's key.</remarks>
public sealed class RoundUpCalls
{
    private readonly Caller caller;

    internal RoundUpCalls(Caller caller) => this.caller = caller;

    /// <summary>Rounds the wallet's payments up for a good cause from now on.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<RoundUp> CreateRoundUpAsync(NewRoundUp roundUp, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync("/v1/round-ups", roundUp, Wire.Default.NewRoundUp, idempotencyKey, Wire.Default.RoundUp, cancellation);

    /// <summary>The wallet's round-ups, newest first.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Listing<RoundUp> ListRoundUpsAsync() => caller.List("/v1/round-ups", Wire.Default.PageRoundUp);

    /// <summary>Reads a round-up.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<RoundUp> ReadRoundUpAsync(Id<RoundUpKind> roundUp, CancellationToken cancellation = default) =>
        caller.GetAsync($"/v1/round-ups/{roundUp}", Wire.Default.RoundUp, cancellation);

    /// <summary>Ends a round-up: what it came to so far is not given.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<RoundUp> CancelRoundUpAsync(Id<RoundUpKind> roundUp, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/round-ups/{roundUp}/cancel", null, Wire.Default.RoundUp, cancellation);
}

/// <summary>A round-up to be made, for a payee or by an offer whose amount the payer names.</summary>
public sealed record NewRoundUp
{
    /// <summary>Who gets it.</summary>
    public Id<PayeeKind>? Payee { get; init; }

    /// <summary>The offer whose payees share it.</summary>
    public Id<OfferKind>? Offer { get; init; }

    /// <summary>Payments are rounded up to whole numbers of this.</summary>
    public required Amount Unit { get; init; }

    /// <summary>At most so much a month; the server's default if null.</summary>
    public Amount? MostPerMonth { get; init; }

    /// <summary>Whose months: a name of the IANA database; UTC if null.</summary>
    public string? TimeZone { get; init; }
}

/// <summary>A round-up.</summary>
public sealed record RoundUp
{
    /// <summary>Its id.</summary>
    public required Id<RoundUpKind> Id { get; init; }

    /// <summary><c>active</c> or <c>cancelled</c>.</summary>
    public required string Status { get; init; }

    /// <summary>Who gets it.</summary>
    public required Id<PayeeKind> Payee { get; init; }

    /// <summary>The offer whose payees share it, or null.</summary>
    public Id<OfferKind>? Offer { get; init; }

    /// <summary>Payments are rounded up to whole numbers of this.</summary>
    public required Amount Unit { get; init; }

    /// <summary>At most so much a month.</summary>
    public required Amount MostPerMonth { get; init; }

    /// <summary>What it comes to since the last month was given, or null.</summary>
    public Amount? SoFar { get; init; }

    /// <summary>Whose months.</summary>
    public required string TimeZone { get; init; }

    /// <summary>When the next month is paid, or null.</summary>
    public DateTimeOffset? NextAt { get; init; }

    /// <summary>How many months were paid.</summary>
    public required int Paid { get; init; }

    /// <summary>How many could not be paid.</summary>
    public required int Missed { get; init; }

    /// <summary>The newest payment, or null.</summary>
    public Id<PaymentKind>? LastPayment { get; init; }

    /// <summary>The code why the newest month was not paid, or null.</summary>
    public string? LastRefusal { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}
