using Farthing.Protocol;

namespace Farthing.Client;

/// <summary>Money between wallets, by their handles.</summary>
/// <remarks>Takes the wallet's key.</remarks>
public sealed class PeopleCalls
{
    private readonly Caller caller;

    internal PeopleCalls(Caller caller) => this.caller = caller;

    /// <summary>Pays another person's wallet: no fee, and final.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<PersonalPayment> CreatePersonalPaymentAsync(NewPersonalPayment payment, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync("/v1/people/payments", payment, Wire.Default.NewPersonalPayment, idempotencyKey, Wire.Default.PersonalPayment, cancellation);

    /// <summary>Reads a payment from or to another person.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<PersonalPayment> ReadPersonalPaymentAsync(Id<PersonalPaymentKind> payment, CancellationToken cancellation = default) =>
        caller.GetAsync($"/v1/people/payments/{payment}", Wire.Default.PersonalPayment, cancellation);

    /// <summary>Asks another person for money.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<MoneyRequest> CreateRequestAsync(NewMoneyRequest request, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync("/v1/people/requests", request, Wire.Default.NewMoneyRequest, idempotencyKey, Wire.Default.MoneyRequest, cancellation);

    /// <summary>The requests that this wallet got or made, newest first.</summary>
    /// <param name="direction"><c>received</c> or <c>sent</c>; the server's default if null.</param>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Listing<MoneyRequest> ListRequestsAsync(string? direction = null) =>
        caller.List($"/v1/people/requests{Query.Member("direction", direction)}", Wire.Default.PageMoneyRequest);

    /// <summary>Reads a request.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<MoneyRequest> ReadRequestAsync(Id<RequestKind> request, CancellationToken cancellation = default) =>
        caller.GetAsync($"/v1/people/requests/{request}", Wire.Default.MoneyRequest, cancellation);

    /// <summary>Pays a request, once. For the wallet that was asked.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<MoneyRequest> AcceptRequestAsync(Id<RequestKind> request, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/people/requests/{request}/accept", idempotencyKey, Wire.Default.MoneyRequest, cancellation);

    /// <summary>Declines a request. For the wallet that was asked.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<MoneyRequest> DeclineRequestAsync(Id<RequestKind> request, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/people/requests/{request}/decline", null, Wire.Default.MoneyRequest, cancellation);

    /// <summary>Takes a request back. For the wallet that asked.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<MoneyRequest> CancelRequestAsync(Id<RequestKind> request, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/people/requests/{request}/cancel", null, Wire.Default.MoneyRequest, cancellation);

    /// <summary>Splits a bill: asks each for a part. Either everybody is asked, 50 at most, or nobody.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Bill> CreateBillAsync(NewBill bill, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync("/v1/people/bills", bill, Wire.Default.NewBill, idempotencyKey, Wire.Default.Bill, cancellation);

    /// <summary>Reads a bill: who has paid. For the wallet that made it.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Bill> ReadBillAsync(Id<BillKind> bill, CancellationToken cancellation = default) =>
        caller.GetAsync($"/v1/people/bills/{bill}", Wire.Default.Bill, cancellation);
}

/// <summary>A payment to another person.</summary>
public sealed record NewPersonalPayment
{
    /// <summary>The handle of whom is paid.</summary>
    public required Id<HandleKind> To { get; init; }

    /// <summary>How much.</summary>
    public required Amount Amount { get; init; }

    /// <summary>What only the two of you can read, or null.</summary>
    public string? Note { get; init; }
}

/// <summary>A payment between people.</summary>
public sealed record PersonalPayment
{
    /// <summary>Its id.</summary>
    public required Id<PersonalPaymentKind> Id { get; init; }

    /// <summary><c>sent</c> or <c>received</c>, as the wallet that asks sees it.</summary>
    public required string Direction { get; init; }

    /// <summary>The other one.</summary>
    public required Id<HandleKind> Counterparty { get; init; }

    /// <summary>How much.</summary>
    public required Amount Amount { get; init; }

    /// <summary>What only the two of you can read, or null.</summary>
    public string? Note { get; init; }

    /// <summary>The request that it paid, or null.</summary>
    public Id<RequestKind>? Request { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>Money to be asked of another person.</summary>
public sealed record NewMoneyRequest
{
    /// <summary>The handle of whom is asked.</summary>
    public required Id<HandleKind> From { get; init; }

    /// <summary>How much.</summary>
    public required Amount Amount { get; init; }

    /// <summary>What only the two of you can read, or null.</summary>
    public string? Note { get; init; }

    /// <summary>How long it waits; 30 days if null.</summary>
    public int? LifetimeSeconds { get; init; }
}

/// <summary>Money that one person asks of another.</summary>
public sealed record MoneyRequest
{
    /// <summary>Its id.</summary>
    public required Id<RequestKind> Id { get; init; }

    /// <summary>The bill that it is part of, or null.</summary>
    public Id<BillKind>? Bill { get; init; }

    /// <summary><c>open</c>, <c>accepted</c>, <c>declined</c>, <c>cancelled</c> or <c>expired</c>.</summary>
    public required string Status { get; init; }

    /// <summary><c>sent</c> or <c>received</c>.</summary>
    public required string Direction { get; init; }

    /// <summary>The other one.</summary>
    public required Id<HandleKind> Counterparty { get; init; }

    /// <summary>How much.</summary>
    public required Amount Amount { get; init; }

    /// <summary>What only the two of you can read, or null.</summary>
    public string? Note { get; init; }

    /// <summary>What paid it, or null.</summary>
    public Id<PersonalPaymentKind>? Payment { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Until when it waits.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>A bill to be split: evenly, or by amounts that add up to it.</summary>
public sealed record NewBill
{
    /// <summary>The whole bill.</summary>
    public required Amount Amount { get; init; }

    /// <summary>Who is asked.</summary>
    public required IReadOnlyList<BillShare> Shares { get; init; }

    /// <summary>Your own part, if amounts are given.</summary>
    public Amount? OwnShare { get; init; }

    /// <summary>True to divide it by one more: you.</summary>
    public bool? IncludeMe { get; init; }

    /// <summary>What those who are asked read, or null.</summary>
    public string? Note { get; init; }

    /// <summary>How long the requests wait; 30 days if null.</summary>
    public int? LifetimeSeconds { get; init; }
}

/// <summary>Whom a bill asks.</summary>
public sealed record BillShare
{
    /// <summary>The handle.</summary>
    public required Id<HandleKind> From { get; init; }

    /// <summary>How much; an even part if null.</summary>
    public Amount? Amount { get; init; }
}

/// <summary>A bill that was split.</summary>
public sealed record Bill
{
    /// <summary>Its id.</summary>
    public required Id<BillKind> Id { get; init; }

    /// <summary>Who was asked, and what became of it.</summary>
    public required IReadOnlyList<MoneyRequest> Requests { get; init; }
}
