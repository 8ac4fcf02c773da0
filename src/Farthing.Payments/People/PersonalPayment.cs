using Farthing.Protocol;

namespace Farthing.Payments.People;

/// <summary>A payment from one wallet to another, as one of the two sees it. Immutable; safe to share between threads.</summary>
/// <param name="Id">Its id, the same for both.</param>
/// <param name="IsSent">True if it was paid by whoever sees it, false if it was paid to them.</param>
/// <param name="Counterparty">The other one.</param>
/// <param name="Amount">How much.</param>
/// <param name="Note">The private note; null if there is none, or the key that opens it was destroyed.</param>
/// <param name="Request">The request that it answered, if it did and the note can be opened.</param>
/// <param name="CreatedAt">When.</param>
public sealed record PersonalPayment(Id<PersonalPaymentKind> Id, bool IsSent, Id<HandleKind> Counterparty, Amount Amount, string? Note, Id<RequestKind>? Request, DateTimeOffset CreatedAt)
{
    /// <summary>The longest note, in characters.</summary>
    public const int MaxNoteLength = PersonalMemo.MaxNoteLength;
}
