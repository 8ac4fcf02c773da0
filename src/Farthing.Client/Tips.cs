using Farthing.Protocol;

namespace Farthing.Client;

/// <summary>Gifts to payees, once or every month.</summary>
/// <remarks>Takes the wallet's key.</remarks>
public sealed class TipCalls
{
    private readonly Caller caller;

    internal TipCalls(Caller caller) => this.caller = caller;

    /// <summary>Tips a payee, once or every month.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Tip> CreateTipAsync(NewTip tip, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync("/v1/tips", tip, Wire.Default.NewTip, idempotencyKey, Wire.Default.Tip, cancellation);

    /// <summary>The wallet's monthly tips, newest first.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Listing<MonthlyTip> ListTipsAsync() => caller.List("/v1/tips", Wire.Default.PageMonthlyTip);

    /// <summary>Reads a monthly tip.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<MonthlyTip> ReadTipAsync(Id<TipKind> tip, CancellationToken cancellation = default) =>
        caller.GetAsync($"/v1/tips/{tip}", Wire.Default.MonthlyTip, cancellation);

    /// <summary>Ends a monthly tip: no further month is paid.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<MonthlyTip> CancelTipAsync(Id<TipKind> tip, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/tips/{tip}/cancel", null, Wire.Default.MonthlyTip, cancellation);
}

/// <summary>A tip to be given, to a payee or by an offer whose amount the payer names.</summary>
public sealed record NewTip
{
    /// <summary>Who gets it.</summary>
    public Id<PayeeKind>? Payee { get; init; }

    /// <summary>The offer whose payees share it.</summary>
    public Id<OfferKind>? Offer { get; init; }

    /// <summary>How much.</summary>
    public required Amount Amount { get; init; }

    /// <summary>The payer's own words for it, or null.</summary>
    public string? Reference { get; init; }

    /// <summary>True to give it again every month.</summary>
    public bool? Monthly { get; init; }

    /// <summary>Whose months: a name of the IANA database; UTC if null.</summary>
    public string? TimeZone { get; init; }
}

/// <summary>A tip that was given.</summary>
public sealed record Tip
{
    /// <summary>Its payment.</summary>
    public required Id<PaymentKind> Payment { get; init; }

    /// <summary>Who got it.</summary>
    public required Id<PayeeKind> Payee { get; init; }

    /// <summary>The offer whose payees share it, or null.</summary>
    public Id<OfferKind>? Offer { get; init; }

    /// <summary>How much.</summary>
    public required Amount Amount { get; init; }

    /// <summary>The payer's words for it, or null.</summary>
    public string? Reference { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>What gives it again every month, or null.</summary>
    public MonthlyTip? Monthly { get; init; }
}

/// <summary>A tip that is given every month.</summary>
public sealed record MonthlyTip
{
    /// <summary>Its id.</summary>
    public required Id<TipKind> Id { get; init; }

    /// <summary><c>active</c> or <c>cancelled</c>.</summary>
    public required string Status { get; init; }

    /// <summary>Who gets it.</summary>
    public required Id<PayeeKind> Payee { get; init; }

    /// <summary>The offer whose payees share it, or null.</summary>
    public Id<OfferKind>? Offer { get; init; }

    /// <summary>How much.</summary>
    public required Amount Amount { get; init; }

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
