using Farthing.Protocol;

namespace Farthing.Payments.Payouts;

/// <summary>What a rail says of money that it was told to pay.</summary>
public enum PayoutRailStatus : byte
{
    /// <summary>The rail knows nothing of this reference.</summary>
    Unknown,

    /// <summary>Under way.</summary>
    Pending,

    /// <summary>It has arrived, as far as the rail can tell.</summary>
    Paid,

    /// <summary>It was not paid and never will be.</summary>
    Failed,

    /// <summary>It was paid, and has come back.</summary>
    Returned,
}

/// <summary>What a rail says of a reference.</summary>
/// <param name="Status">Where the money stands.</param>
/// <param name="Note">In the rail's words why it failed or came back, or how far it has come, for people; null for nothing.</param>
/// <param name="AskAgainAfter">When it is worth asking again; null if whoever runs the rail says so by <see cref="PayoutDesk.WakeAsync"/>.</param>
/// <param name="CameBack">What came back of what was paid, above zero and no more than that; null for all of it. What is missing was kept on the way.</param>
public readonly record struct PayoutRailAnswer(PayoutRailStatus Status, string? Note = null, TimeSpan? AskAgainAfter = null, Amount? CameBack = null);

/// <summary>What a rail is to pay. Immutable.</summary>
/// <param name="Reference">The payout's id, which the rail is asked by.</param>
/// <param name="Payee">Whose payout it is.</param>
/// <param name="Amount">What is to arrive: a whole number of the rail's smallest unit.</param>
/// <param name="Destination">Where to, as the rail itself has checked it.</param>
public sealed record OutgoingPayout(Id<PayoutKind> Reference, Id<PayeeKind> Payee, Amount Amount, PayoutDestination Destination);

/// <summary>How money goes out. References are idempotent: paying twice with one reference pays once.</summary>
/// <remarks>
/// Thread-safe. A rail is called only behind a journaled hold and after that was written down; when it did not answer it is asked by reference, and told again
/// only if it then knows nothing. It may throw whatever it likes: it is asked later.
/// </remarks>
public interface IPayoutRail
{
    /// <summary>Its name on the wire, such as <c>sandbox</c>.</summary>
    string Name { get; }

    /// <summary>How many decimals the smallest amount has that it pays in a currency; null if it does not pay in it.</summary>
    int? DecimalsOf(Asset asset);

    /// <summary>The destination as it is kept, such as an IBAN without blanks; or why it cannot be paid to.</summary>
    Answer<PayoutDestination> Check(PayoutDestination destination, Asset asset);

    /// <summary>Pays.</summary>
    ValueTask<PayoutRailAnswer> PayAsync(OutgoingPayout payout);

    /// <summary>Where a payment stands.</summary>
    ValueTask<PayoutRailAnswer> AskAsync(Id<PayoutKind> reference);
}
