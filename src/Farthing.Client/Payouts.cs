using Farthing.Protocol;

namespace Farthing.Client;

/// <summary>Money out.</summary>
/// <remarks>Takes a payee's key, or the operator's where that is said.</remarks>
public sealed class PayoutCalls
{
    private readonly Caller caller;

    internal PayoutCalls(Caller caller) => this.caller = caller;

    /// <summary>Sets by what, where to and how often a payee is paid out, in place of how it was.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<PayoutSetting> SetPayoutSettingAsync(Id<PayeeKind> payee, NewPayoutSetting setting, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/payees/{payee}/payout-setting", setting, Wire.Default.NewPayoutSetting, idempotencyKey, Wire.Default.PayoutSetting, cancellation);

    /// <summary>Reads how a payee is paid out. Also with the operator's key.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<PayoutSetting> ReadPayoutSettingAsync(Id<PayeeKind> payee, CancellationToken cancellation = default) =>
        caller.GetAsync($"/v1/payees/{payee}/payout-setting", Wire.Default.PayoutSetting, cancellation);

    /// <summary>Pays a payee out: an amount, or all that is available. Also with the operator's key.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Payout> CreatePayoutAsync(Id<PayeeKind> payee, string idempotencyKey, Amount? amount = null, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/payees/{payee}/payouts", new PartAmount { Amount = amount }, Wire.Default.PartAmount, idempotencyKey, Wire.Default.Payout, cancellation);

    /// <summary>Asks what a payout would cost, without making it. Also with the operator's key.</summary>
    /// <exception cref="FarthingException">The server refused, as it would refuse the payout.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<PayoutCost> ReadPayoutCostAsync(Id<PayeeKind> payee, Amount? amount = null, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/payees/{payee}/payouts/cost", new PartAmount { Amount = amount }, Wire.Default.PartAmount, null, Wire.Default.PayoutCost, cancellation);

    /// <summary>Reads what could be paid out now, why it is not more, and a page of the payee's payouts, newest first. Also with the operator's key.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<PayeePayouts> ListPayeePayoutsAsync(Id<PayeeKind> payee, string? cursor = null, int pageSize = 50, CancellationToken cancellation = default) =>
        caller.GetAsync($"/v1/payees/{payee}/payouts{Query.Page(cursor, pageSize)}", Wire.Default.PayeePayouts, cancellation);

    /// <summary>The payouts of all payees, newest first, in one state if it is given. Takes the operator's key.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Listing<Payout> ListPayoutsAsync(string? state = null) => caller.List($"/v1/payouts{(state is null ? "" : $"?state={Uri.EscapeDataString(state)}")}", Wire.Default.PagePayout);

    /// <summary>Reads a payout. Also with the operator's key.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Payout> ReadPayoutAsync(Id<PayoutKind> payout, CancellationToken cancellation = default) => caller.GetAsync($"/v1/payouts/{payout}", Wire.Default.Payout, cancellation);

    /// <summary>Lets a payout go that waits for the operator. Takes the operator's key.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Payout> ReleasePayoutAsync(Id<PayoutKind> payout, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/payouts/{payout}/release", null, Wire.Default.Payout, cancellation);

    /// <summary>Refuses a payout that waits for the operator, and gives its money back. Takes the operator's key.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Payout> RefusePayoutAsync(Id<PayoutKind> payout, string reason, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/payouts/{payout}/refuse", new PayoutRefusal { Reason = reason }, Wire.Default.PayoutRefusal, null, Wire.Default.Payout, cancellation);
}

/// <summary>Where money goes.</summary>
public sealed record PayoutDestination
{
    /// <summary>Whose account it is.</summary>
    public required string Name { get; init; }

    /// <summary>Its IBAN, for rails to banks.</summary>
    public string? Iban { get; init; }

    /// <summary>The bank's BIC, or null.</summary>
    public string? Bic { get; init; }

    /// <summary>What the sandbox is to do, such as <c>fail</c> or <c>return:60</c>; null for nothing special.</summary>
    public string? Sandbox { get; init; }
}

/// <summary>How a payee wants to be paid out.</summary>
public sealed record NewPayoutSetting
{
    /// <summary>By what: <c>sandbox</c>, <c>bank-file</c>.</summary>
    public required string Rail { get; init; }

    /// <summary>Where to.</summary>
    public required PayoutDestination Destination { get; init; }

    /// <summary>Below what the schedule waits; null for whatever the rail can pay.</summary>
    public Amount? Threshold { get; init; }

    /// <summary><c>off</c>, <c>daily</c>, <c>weekly</c> or <c>monthly</c>; off if null.</summary>
    public string? Schedule { get; init; }

    /// <summary>Whose days: a name of the IANA database; UTC if null.</summary>
    public string? TimeZone { get; init; }
}

/// <summary>How a payee is paid out.</summary>
public sealed record PayoutSetting
{
    /// <summary>By what.</summary>
    public required string Rail { get; init; }

    /// <summary>Where to.</summary>
    public required PayoutDestination Destination { get; init; }

    /// <summary>Below what the schedule waits.</summary>
    public required Amount Threshold { get; init; }

    /// <summary><c>off</c>, <c>daily</c>, <c>weekly</c> or <c>monthly</c>.</summary>
    public required string Schedule { get; init; }

    /// <summary>Whose days.</summary>
    public required string TimeZone { get; init; }

    /// <summary>When the schedule looks next, or null.</summary>
    public DateTimeOffset? NextAt { get; init; }

    /// <summary>The code why nothing was paid out when it last looked, or null.</summary>
    public string? LastSkip { get; init; }
}

/// <summary>A payout.</summary>
public sealed record Payout
{
    /// <summary>Its id.</summary>
    public required Id<PayoutKind> Id { get; init; }

    /// <summary>Whose.</summary>
    public required Id<PayeeKind> Payee { get; init; }

    /// <summary><c>preparing</c>, <c>reviewing</c>, <c>sent</c>, <c>done</c> or <c>returned</c>.</summary>
    public required string State { get; init; }

    /// <summary>Why it is in that state, in words.</summary>
    public required string Reason { get; init; }

    /// <summary>What its payee can do, in words.</summary>
    public required string WhatToDo { get; init; }

    /// <summary>What leaves the balance.</summary>
    public required Amount Amount { get; init; }

    /// <summary>What the rail takes of it.</summary>
    public required Amount Cost { get; init; }

    /// <summary>The rest.</summary>
    public required Amount Arrives { get; init; }

    /// <summary>What is on the balance again of what had arrived; null if it did not come back.</summary>
    public Amount? Returned { get; init; }

    /// <summary>By what.</summary>
    public required string Rail { get; init; }

    /// <summary>Where to.</summary>
    public required PayoutDestination Destination { get; init; }

    /// <summary>What banks call it.</summary>
    public required string EndToEndId { get; init; }

    /// <summary>What began it: <c>payee</c>, <c>operator</c> or <c>schedule</c>.</summary>
    public required string Trigger { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Since when it is in its state.</summary>
    public required DateTimeOffset ChangedAt { get; init; }
}

/// <summary>What a payout would cost.</summary>
public sealed record PayoutCost
{
    /// <summary>What the rail would take.</summary>
    public required Amount Cost { get; init; }
}

/// <summary>Money that stays on a payee's balance for now.</summary>
public sealed record StayingBehind
{
    /// <summary><c>stillRefundable</c>, <c>mayBeDisputed</c>, <c>keptForDisputes</c> or <c>belowSmallestUnit</c>.</summary>
    public required string Why { get; init; }

    /// <summary>How much.</summary>
    public required Amount Amount { get; init; }

    /// <summary>How old it must be to leave, or null.</summary>
    public long? Seconds { get; init; }

    /// <summary>The same in words.</summary>
    public required string Reason { get; init; }
}

/// <summary>What a payee could be paid out now, and a page of its payouts.</summary>
public sealed record PayeePayouts
{
    /// <summary>What the payee has.</summary>
    public required Amount Balance { get; init; }

    /// <summary>What is set aside for payouts that are under way; no part of the balance.</summary>
    public required Amount UnderWay { get; init; }

    /// <summary>What can be paid out.</summary>
    public required Amount Available { get; init; }

    /// <summary>What the rail would take of that; null if there is none, or it would not pay that out.</summary>
    public Amount? Cost { get; init; }

    /// <summary>What would arrive, or null.</summary>
    public Amount? Arrives { get; init; }

    /// <summary>Why the rail would not pay that out, in words, or null.</summary>
    public string? Obstacle { get; init; }

    /// <summary>The rest of the balance.</summary>
    public required IReadOnlyList<StayingBehind> Staying { get; init; }

    /// <summary>How the payee is paid out; null if nobody has set it.</summary>
    public PayoutSetting? Setting { get; init; }

    /// <summary>Payouts, newest first.</summary>
    public required IReadOnlyList<Payout> Lines { get; init; }

    /// <summary>The cursor of the next page, or null.</summary>
    public string? Next { get; init; }
}

/// <summary>Why the operator refuses a payout.</summary>
internal sealed record PayoutRefusal
{
    public required string Reason { get; init; }
}
