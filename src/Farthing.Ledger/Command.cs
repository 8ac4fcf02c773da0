using Farthing.Ledger.State;
using Farthing.Protocol;

namespace Farthing.Ledger;

/// <summary>What a record of the journal is. The numbers are on disk and in leaves: they never change.</summary>
public enum RecordKind : byte
{
    /// <summary>No record.</summary>
    None = 0,

    /// <summary>Opens an account.</summary>
    OpenAccount = 1,

    /// <summary>Moves units at once.</summary>
    Transfer = 2,

    /// <summary>Sets units aside until they are posted, voided or expire.</summary>
    Hold = 3,

    /// <summary>Moves held units, in whole or in part; the rest returns to the debit account.</summary>
    Post = 4,

    /// <summary>Gives held units back.</summary>
    Void = 5,

    /// <summary>Moves units of a posted transfer back, from its credit to its debit account.</summary>
    Refund = 6,

    /// <summary>Binds an id and moves nothing: a caller's key that stands for something with an id of its own (<see cref="Command.Cited"/>).</summary>
    Claim = 7,

    /// <summary>Stops an account from being debited by transfers and holds.</summary>
    FreezeAccount = 8,

    /// <summary>Ends a freeze.</summary>
    UnfreezeAccount = 9,

    /// <summary>Ends an account; its balance and holds must be zero.</summary>
    CloseAccount = 10,

    /// <summary>A hold's deadline passed. Made by the ledger itself at the head of a batch.</summary>
    Expire = 11,

    /// <summary>An account ended, and is forgotten: what was left of it is its heir's. Made by the ledger itself at the head of a batch.</summary>
    EndAccount = 12,
}

/// <summary>What an account allows.</summary>
[Flags]
public enum AccountFlags : byte
{
    /// <summary>Anything: a clearing account.</summary>
    None = 0,

    /// <summary>Debits, held ones included, may not exceed posted credits: a wallet.</summary>
    DebitsMustNotExceedCredits = 1,

    /// <summary>Credits, held ones included, may not exceed posted debits.</summary>
    CreditsMustNotExceedDebits = 2,

    /// <summary>Set by a freeze.</summary>
    Frozen = 4,

    /// <summary>Set by a close.</summary>
    Closed = 8,

    /// <summary>Set by the opening of an account that ends.</summary>
    Ends = 16,
}

/// <summary>Makes a transfer, hold or refund move as much as is there, where that is less than what is asked; nothing, if nothing is there.</summary>
[Flags]
public enum Balancing : byte
{
    /// <summary>All that is asked, or a refusal.</summary>
    None = 0,

    /// <summary>At most what the debit account has (<see cref="Balances.Available"/>), also where it may owe.</summary>
    Debit = 1,

    /// <summary>At most what the credit account owes (<see cref="Balances.Owed"/>), also where it may have more.</summary>
    Credit = 2,

    /// <summary>Of a refund: at most what can still be given back of what it cites.</summary>
    Cited = 4,
}

/// <summary>One thing to be done by the ledger. Commands marked <see cref="Linked"/> form a chain with the next one: all are carried out or none.</summary>
/// <remarks>Immutable. Made by the static methods below, which name exactly what each kind needs.</remarks>
public readonly record struct Command
{
    /// <summary>The longest memo, in bytes.</summary>
    public const int MaxMemoLength = 1024;

    /// <summary>What to do.</summary>
    public RecordKind Kind { get; private init; }

    /// <summary>The id that is bound by this command for ever; for an account, the account's id.</summary>
    public UInt128 Id { get; private init; }

    /// <summary>The digest of the canonical request: the same id with another digest is a conflict.</summary>
    public UInt128 Digest { get; private init; }

    /// <summary>The account debited; for account commands the account itself; zero where the cited transfer says it.</summary>
    public UInt128 Debit { get; private init; }

    /// <summary>The account credited; zero where the cited transfer says it.</summary>
    public UInt128 Credit { get; private init; }

    /// <summary>The asset moved, or of the account opened.</summary>
    public Asset Asset { get; private init; }

    /// <summary>How many units; zero in a post or refund means all that is left. Of a balancing command the most that may move; of its record, what moved.</summary>
    public UInt128 Units { get; private init; }

    /// <summary>Of a transfer, hold or refund: whether less may move than is asked.</summary>
    public Balancing Balancing { get; private init; }

    /// <summary>What it is for.</summary>
    public TransferCode Code { get; private init; }

    /// <summary>The hold or transfer that is posted, voided or refunded; for a claim, what the key stands for; for an account that ends, its heir.</summary>
    public UInt128 Cited { get; private init; }

    /// <summary>
    /// Of a hold: when it expires. Of a transfer or post: until when it can be refunded, zero for never. Of an account: when it ends, zero for never.
    /// Unix milliseconds.
    /// </summary>
    public long DeadlineUnixMilliseconds { get; private init; }

    /// <summary>For the caller's use: an index of the payment's reference, blind to whoever lacks the key.</summary>
    public UInt128 Reference1 { get; private init; }

    /// <summary>For the caller's use.</summary>
    public UInt128 Reference2 { get; private init; }

    /// <summary>Of an account to be opened.</summary>
    public AccountFlags Flags { get; private init; }

    /// <summary>Opaque bytes, at most <see cref="MaxMemoLength"/>. Not copied: must not change afterwards.</summary>
    public ReadOnlyMemory<byte> Memo { get; private init; }

    /// <summary>True if the next command belongs to the same chain.</summary>
    public bool Linked { get; init; }

    /// <summary>Opens an account. Opening one that is already there with the same asset, flags, end and heir changes nothing and answers as the first time.</summary>
    /// <remarks>
    /// From its end on, no transfer or hold debits or credits an account (<see cref="Outcome.AccountEnded"/>), nor can what it took part in be refunded; its holds are
    /// posted, voided and expire as ever. Five minutes later, once nothing is held on it, what is left goes to its heir and the account is forgotten, but for its records.
    /// </remarks>
    /// <param name="account">The account's id.</param>
    /// <param name="asset">What it counts.</param>
    /// <param name="flags">What it allows; it cannot be opened frozen or closed.</param>
    /// <param name="endsUnixMilliseconds">The first moment at which it has ended. Default: never.</param>
    /// <param name="heir">Of an account that ends: an open account of the same asset that does not end and allows anything, so that it can always receive, and owe.</param>
    /// <exception cref="ArgumentOutOfRangeException">The flags contain more than the two limits.</exception>
    /// <exception cref="ArgumentException">There is an heir and no end, or an end and no heir.</exception>
    public static Command OpenAccount(UInt128 account, Asset asset, AccountFlags flags, long endsUnixMilliseconds = 0, UInt128 heir = default)
    {
        if ((flags & ~(AccountFlags.DebitsMustNotExceedCredits | AccountFlags.CreditsMustNotExceedDebits)) != 0)
            throw new ArgumentOutOfRangeException(nameof(flags), flags, "An account is opened with limits or without; the other flags come later, or by themselves.");
        var end = new AccountEnd(endsUnixMilliseconds, heir);
        if (end.IsNever != (heir == UInt128.Zero)) throw new ArgumentException("An account that ends has an heir, and no other has one.", nameof(heir));
        return new()
        {
            Kind = RecordKind.OpenAccount,
            Id = account,
            // An account that ends is forgotten, and then only this tells how it was opened.
            Digest = end.IsNever ? UInt128.Zero : StateDigest.OfOpening(asset, flags, end),
            Debit = account,
            Asset = asset,
            Flags = flags,
            Cited = heir,
            DeadlineUnixMilliseconds = endsUnixMilliseconds,
        };
    }

    /// <summary>Moves units at once.</summary>
    /// <remarks>
    /// A balancing transfer that finds nothing is carried out and moves nothing, so that it never refuses the rest of its chain ("and pay back what is owed, if
    /// anything"). What moved is in its record. Of what involves an account that ends nothing is refundable after its end.
    /// </remarks>
    public static Command Transfer(UInt128 id, UInt128 digest, UInt128 debit, UInt128 credit, Amount amount, TransferCode code,
        long refundableUntilUnixMilliseconds = 0, UInt128 reference1 = default, UInt128 reference2 = default, ReadOnlyMemory<byte> memo = default,
        Balancing balancing = Balancing.None) => new()
        {
            Kind = RecordKind.Transfer,
            Id = id,
            Digest = digest,
            Debit = debit,
            Credit = credit,
            Asset = amount.Asset,
            Units = amount.Units,
            Code = code,
            DeadlineUnixMilliseconds = refundableUntilUnixMilliseconds,
            Reference1 = reference1,
            Reference2 = reference2,
            Memo = memo,
            Balancing = balancing,
        };

    /// <summary>Sets units aside until the deadline. Linked holds must share one deadline, so that they expire together.</summary>
    public static Command Hold(UInt128 id, UInt128 digest, UInt128 debit, UInt128 credit, Amount amount, TransferCode code,
        long expiresUnixMilliseconds, UInt128 reference1 = default, UInt128 reference2 = default, ReadOnlyMemory<byte> memo = default,
        Balancing balancing = Balancing.None) =>
        Transfer(id, digest, debit, credit, amount, code, expiresUnixMilliseconds, reference1, reference2, memo, balancing) with { Kind = RecordKind.Hold };

    /// <summary>Posts a hold: <paramref name="units"/> of it, or all if zero. The code is the hold's.</summary>
    public static Command Post(UInt128 id, UInt128 digest, UInt128 hold, UInt128 units, long refundableUntilUnixMilliseconds = 0,
        UInt128 reference2 = default, ReadOnlyMemory<byte> memo = default) => new()
        {
            Kind = RecordKind.Post,
            Id = id,
            Digest = digest,
            Cited = hold,
            Units = units,
            DeadlineUnixMilliseconds = refundableUntilUnixMilliseconds,
            Reference2 = reference2,
            Memo = memo,
        };

    /// <summary>Voids a hold.</summary>
    public static Command Void(UInt128 id, UInt128 digest, UInt128 hold) =>
        new() { Kind = RecordKind.Void, Id = id, Digest = digest, Cited = hold };

    /// <summary>Gives back <paramref name="units"/> of a transfer or post, or all that is left if zero.</summary>
    /// <remarks>
    /// A balancing refund gives back at most what can still be given back. If that is nothing (all is given back, or the time for it is over, or an account of the
    /// transfer has ended), it is carried out all the same and moves nothing: its record then names no accounts.
    /// </remarks>
    public static Command Refund(UInt128 id, UInt128 digest, UInt128 transfer, UInt128 units, TransferCode code,
        UInt128 reference2 = default, ReadOnlyMemory<byte> memo = default, bool balancing = false) => new()
        {
            Kind = RecordKind.Refund,
            Id = id,
            Digest = digest,
            Cited = transfer,
            Units = units,
            Code = code,
            Reference2 = reference2,
            Memo = memo,
            Balancing = balancing ? Balancing.Cited : Balancing.None,
        };

    /// <summary>Binds an id to a digest and to what it stands for.</summary>
    public static Command Claim(UInt128 id, UInt128 digest, UInt128 standsFor) =>
        new() { Kind = RecordKind.Claim, Id = id, Digest = digest, Cited = standsFor };

    /// <summary>Freezes, unfreezes or closes an account.</summary>
    /// <param name="kind"><see cref="RecordKind.FreezeAccount"/>, <see cref="RecordKind.UnfreezeAccount"/> or <see cref="RecordKind.CloseAccount"/>.</param>
    /// <param name="id">The id of this command.</param>
    /// <param name="account">The account.</param>
    public static Command ChangeAccount(RecordKind kind, UInt128 id, UInt128 account) => kind is RecordKind.FreezeAccount or RecordKind.UnfreezeAccount or RecordKind.CloseAccount
        ? new() { Kind = kind, Id = id, Digest = account, Debit = account }
        : throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a change of an account.");

    /// <summary>This command with what moved filled in.</summary>
    internal Command AsCarriedOut(UInt128 debit, UInt128 credit, Amount amount, TransferCode code) =>
        this with { Debit = debit, Credit = credit, Asset = amount.Asset, Units = amount.Units, Code = code };

    /// <summary>This transfer or post with another end of its refunds.</summary>
    internal Command RefundableUntil(long unixMilliseconds) => this with { DeadlineUnixMilliseconds = unixMilliseconds };

    // Used by the record codec when a journal is replayed.
    internal static Command FromRecord(RecordKind kind, UInt128 id, UInt128 digest, UInt128 debit, UInt128 credit, Asset asset, UInt128 units, TransferCode code,
        UInt128 cited, long deadline, UInt128 reference1, UInt128 reference2, AccountFlags flags, ReadOnlyMemory<byte> memo, bool linked,
        Balancing balancing = Balancing.None) => new()
        {
            Kind = kind,
            Id = id,
            Digest = digest,
            Debit = debit,
            Credit = credit,
            Asset = asset,
            Units = units,
            Code = code,
            Cited = cited,
            DeadlineUnixMilliseconds = deadline,
            Reference1 = reference1,
            Reference2 = reference2,
            Flags = flags,
            Memo = memo,
            Linked = linked,
            Balancing = balancing,
        };
}
