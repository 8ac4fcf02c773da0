using Farthing.Protocol;

namespace Farthing.Ledger.State;

/// <summary>What a snapshot keeps of an account.</summary>
internal readonly record struct SavedAccount(UInt128 Id, Asset Asset, AccountFlags Flags, Balances Balances, long OpenedPosition, long LastPosition, AccountEnd End = default);

/// <summary>What a snapshot keeps of an open hold.</summary>
internal readonly record struct SavedHold(UInt128 Id, UInt128 Debit, UInt128 Credit, UInt128 Units, TransferCode Code, long Deadline, long Position, long ChainStart);

/// <summary>What a snapshot keeps of what can still be refunded; the newest refund of it is -1 if there was none.</summary>
internal readonly record struct SavedRefundable(UInt128 Id, UInt128 Giver, UInt128 Receiver, UInt128 UnitsLeft, long Deadline, long Position, long LastCitation);
