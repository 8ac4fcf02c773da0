using Farthing.Protocol;

namespace Farthing.Client;

/// <summary>Payments by time or units, held up to a ceiling.</summary>
/// <remarks>A wallet's or a mandate's key starts one, the payee's reports, and either stops it.</remarks>
public sealed class MeterCalls
{
    private readonly Caller caller;

    internal MeterCalls(Caller caller) => this.caller = caller;

    /// <summary>Starts a meter: the offer's ceiling is held.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Meter> StartMeterAsync(NewMeter meter, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync("/v1/meters", meter, Wire.Default.NewMeter, idempotencyKey, Wire.Default.Meter, cancellation);

    /// <summary>Reads a meter, with what it costs by now.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Meter> ReadMeterAsync(Id<MeterKind> meter, CancellationToken cancellation = default) =>
        caller.GetAsync($"/v1/meters/{meter}", Wire.Default.Meter, cancellation);

    /// <summary>Says that a meter runs, and how many units were used in all so far; none for one that counts time. Takes the payee's key.</summary>
    /// <param name="meter">The meter.</param>
    /// <param name="units">All units so far.</param>
    /// <param name="counter">Which of several counters counted them, each of which reports its own; null if one counts all.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Meter> ReportMeterAsync(Id<MeterKind> meter, long? units = null, string? counter = null, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/meters/{meter}/report", new MeterReport { Units = units, Counter = counter }, Wire.Default.MeterReport, null, Wire.Default.Meter, cancellation);

    /// <summary>Stops a meter: what it costs by now is posted, and the rest returned. Stopping a stopped one changes nothing.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Meter> StopMeterAsync(Id<MeterKind> meter, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/meters/{meter}/stop", null, Wire.Default.Meter, cancellation);
}

/// <summary>A meter to be started: of an offer, or by a site's terms.</summary>
public sealed record NewMeter
{
    /// <summary>The offer, which is metered; null if <see cref="Terms"/> name it.</summary>
    public Id<OfferKind>? Offer { get; init; }

    /// <summary>The token of a site's terms, or null.</summary>
    public string? Terms { get; init; }

    /// <summary>At most so much may be held: an offer with a higher ceiling is refused. Null for whatever the offer says.</summary>
    public Amount? Ceiling { get; init; }

    /// <summary>The mandate that it is paid under, or null.</summary>
    public Id<MandateKind>? Mandate { get; init; }

    /// <summary>The payer's own words for it, or null.</summary>
    public string? Reference { get; init; }
}

/// <summary>Body of a report.</summary>
internal sealed record MeterReport
{
    /// <summary>All units so far.</summary>
    public long? Units { get; init; }

    /// <summary>Who counted them.</summary>
    public string? Counter { get; init; }
}

/// <summary>A meter.</summary>
public sealed record Meter
{
    /// <summary>Its id.</summary>
    public required Id<MeterKind> Id { get; init; }

    /// <summary><c>running</c> or <c>stopped</c>.</summary>
    public required string Status { get; init; }

    /// <summary>Its payment.</summary>
    public required Id<PaymentKind> Payment { get; init; }

    /// <summary>Its offer.</summary>
    public required Id<OfferKind> Offer { get; init; }

    /// <summary>Who is paid.</summary>
    public required Id<PayeeKind> Payee { get; init; }

    /// <summary>Who pays; only the wallet itself sees it.</summary>
    public Id<WalletKind>? Wallet { get; init; }

    /// <summary>Who pays, as the payee knows it.</summary>
    public Id<PayerKind>? Payer { get; init; }

    /// <summary>What it costs by now.</summary>
    public required Amount Cost { get; init; }

    /// <summary>What is held.</summary>
    public required Amount Ceiling { get; init; }

    /// <summary>The units that were reported, or null.</summary>
    public long? Units { get; init; }

    /// <summary>The payer's words for it, or null.</summary>
    public string? Reference { get; init; }

    /// <summary>When it started.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When it was last reported.</summary>
    public required DateTimeOffset ReportedAt { get; init; }

    /// <summary>When it stops by itself if nothing more is reported, or null.</summary>
    public DateTimeOffset? StopsAt { get; init; }

    /// <summary>When it stopped, or null.</summary>
    public DateTimeOffset? StoppedAt { get; init; }

    /// <summary>What the site accepts whose terms it was started by; null once it is stopped, and whenever it was not started by terms just now.</summary>
    public string? Entitlement { get; init; }
}
