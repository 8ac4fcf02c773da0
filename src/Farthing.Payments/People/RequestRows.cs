using Farthing.Payments.Settings;

namespace Farthing.Payments.People;

/// <summary>Money that a wallet is asked for; its owner is the wallet that is asked. Whether it was paid is for the ledger to say.</summary>
/// <remarks>The low byte of the id numbers the requests of a bill from 1; the rest is the bill's id. <see cref="Note"/> is sealed as a <see cref="PersonalMemo"/>, the owner being the payer.</remarks>
public sealed record RequestRow(UInt128 Id, UInt128 Owner, UInt128 Asker, string Currency, string Units, byte[] Note, DateTimeOffset ExpiresAt, DateTimeOffset CreatedAt, RowState State, int Version = 1)
    : IOwnedRow;

/// <summary>A request with the same id, in the list of the wallet that asks.</summary>
public sealed record SentRequestRow(UInt128 Id, UInt128 Owner, RowState State, int Version = 1) : IOwnedRow;
