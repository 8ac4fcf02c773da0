using Farthing.Protocol;

namespace Farthing.Payments.People;

/// <summary>What a request is at a moment.</summary>
public enum RequestStatus : byte
{
    /// <summary>Waits for an answer.</summary>
    Open,

    /// <summary>Paid.</summary>
    Accepted,

    /// <summary>Refused by the wallet that was asked.</summary>
    Declined,

    /// <summary>Taken back by the wallet that asked.</summary>
    Cancelled,

    /// <summary>Not answered in time.</summary>
    Expired,
}

/// <summary>Money that one wallet asks of another, as one of the two sees it. Immutable; safe to share between threads.</summary>
/// <param name="Id">Its id, the same for both.</param>
/// <param name="Bill">The bill that it is part of; a request made alone is a bill of one.</param>
/// <param name="Status">What it is now; in the answer to its making, what it was then.</param>
/// <param name="IsSent">True if whoever sees it asked, false if they are asked.</param>
/// <param name="Counterparty">The other one.</param>
/// <param name="Amount">How much.</param>
/// <param name="Note">The private note; null if there is none, or the key that opens it was destroyed.</param>
/// <param name="Payment">What paid it, once it is accepted.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">Until when it can be accepted.</param>
public sealed record PersonalRequest(
    Id<RequestKind> Id, Id<BillKind> Bill, RequestStatus Status, bool IsSent, Id<HandleKind> Counterparty, Amount Amount, string? Note, Id<PersonalPaymentKind>? Payment, DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt);

/// <summary>Who is asked for a part of a bill.</summary>
/// <param name="Handle">Whom.</param>
/// <param name="Amount">Their part; null to divide evenly.</param>
public sealed record BillShare(Id<HandleKind> Handle, Amount? Amount);

/// <summary>A bill to be divided among several.</summary>
public sealed record NewBill
{
    /// <summary>The most wallets that one bill asks.</summary>
    public const int MaxShares = 50;

    /// <summary>How long a request waits, if nothing else is said: 30 days.</summary>
    public const int DefaultLifetimeSeconds = 30 * 86_400;

    /// <summary>The longest that a request waits: 90 days.</summary>
    public const int MaxLifetimeSeconds = 90 * 86_400;

    /// <summary>The whole.</summary>
    public required Amount Amount { get; init; }

    /// <summary>Who is asked. Either all have an amount, or none.</summary>
    public required IReadOnlyList<BillShare> Shares { get; init; }

    /// <summary>The asker's own part, which nobody is asked for; null if the shares have no amounts, or it has none.</summary>
    public Amount? OwnShare { get; init; }

    /// <summary>True to count the asker when the bill is divided evenly.</summary>
    public bool IncludeMe { get; init; }

    /// <summary>At most <see cref="PersonalPayment.MaxNoteLength"/> characters; or null.</summary>
    public string? Note { get; init; }

    /// <summary>How long the requests wait.</summary>
    public int LifetimeSeconds { get; init; } = DefaultLifetimeSeconds;
}
