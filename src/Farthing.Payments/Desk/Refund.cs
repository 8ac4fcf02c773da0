using Farthing.Protocol;

namespace Farthing.Payments.Desk;

/// <summary>A refund that was made. Immutable.</summary>
public sealed record Refund(Id<RefundKind> Id, Id<PaymentKind> Payment, Amount Amount, Amount FeeReturned, DateTimeOffset CreatedAt);
