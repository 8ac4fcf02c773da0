namespace Farthing.Ledger;

/// <summary>What became of a command. The checks stand in the order of these members; the first that fails names the refusal.</summary>
/// <remarks>
/// The numbers are on disk: they never change. Refusals up to <see cref="HeirCannotInherit"/> do not depend on balances, are not journaled and bind nothing;
/// those after it are journaled, bind their id for ever, and are answered again to whoever repeats the command.
/// Each has its stable code and advice in <c>docs/errors.md</c>.
/// </remarks>
public enum Outcome : byte
{
    /// <summary>Carried out.</summary>
    Done = 0,

    // Malformed: a bug of the caller. Not journaled.

    /// <summary>A chain of more than 32 commands, or one that does not end.</summary>
    ChainTooLong = 1,

    /// <summary>The id is zero.</summary>
    IdMustNotBeZero = 2,

    /// <summary>The time in the id is more than five minutes after the batch's.</summary>
    IdTooFarInFuture = 3,

    /// <summary>Two commands of one chain share an id.</summary>
    IdRepeatedInChain = 4,

    /// <summary>A memo of more than 1,024 bytes.</summary>
    MemoTooLong = 5,

    /// <summary>No asset, or one whose code or scale is malformed.</summary>
    AssetInvalid = 6,

    /// <summary>A transfer or hold of nothing.</summary>
    AmountMustNotBeZero = 7,

    /// <summary>An amount above <c>Amount.MaxUnits</c>.</summary>
    AmountTooLarge = 8,

    /// <summary>An account cannot pay itself.</summary>
    AccountsMustDiffer = 9,

    /// <summary>Linked holds with different deadlines.</summary>
    LinkedDeadlinesMustMatch = 10,

    /// <summary>The id is bound to something else: another digest, kind or chain.</summary>
    IdAlreadyUsed = 11,

    /// <summary>An account with this id was opened with another asset, other flags, another end or another heir. That never changes, so there is nothing to bind.</summary>
    AccountExistsDifferently = 12,

    /// <summary>An account that is debited, credited or opened has ended. Time does not go back, so there is nothing to bind: the same chain can never be carried out.</summary>
    AccountEnded = 13,

    /// <summary>The heir of an account to be opened is not there, or closed, of another asset, has limits, or ends itself.</summary>
    HeirCannotInherit = 14,

    // Refused for the state of things. Journaled, and bound to the id.

    /// <summary>Another command of the chain was refused; its outcome says why.</summary>
    ChainRefused = 20,

    /// <summary>No such account to debit.</summary>
    DebitAccountNotFound = 22,

    /// <summary>No such account to credit.</summary>
    CreditAccountNotFound = 23,

    /// <summary>The transfer, the debit account and the credit account are not of one asset.</summary>
    AssetsMustMatch = 24,

    /// <summary>The cited id is unknown.</summary>
    CitedNotFound = 25,

    /// <summary>The cited transfer was itself refused.</summary>
    CitedWasRefused = 26,

    /// <summary>Only a hold can be posted or voided.</summary>
    CitedIsNotAHold = 27,

    /// <summary>Only a transfer or post can be refunded.</summary>
    CitedIsNotRefundable = 28,

    /// <summary>The hold was posted before.</summary>
    HoldAlreadyPosted = 29,

    /// <summary>The hold was voided before.</summary>
    HoldAlreadyVoided = 30,

    /// <summary>The hold's deadline has passed.</summary>
    HoldExpired = 31,

    /// <summary>More is posted than was held.</summary>
    ExceedsHeld = 32,

    /// <summary>The transfer's refund deadline has passed, or it had none, or one of its accounts has ended.</summary>
    RefundWindowOver = 33,

    /// <summary>More is given back than is left of the transfer; nothing is left included.</summary>
    ExceedsRefundable = 34,

    /// <summary>A hold's deadline, or the deadline for refunds, is not after the batch's time.</summary>
    DeadlineMustBeInFuture = 35,

    /// <summary>The debit account is closed.</summary>
    DebitAccountClosed = 36,

    /// <summary>The credit account is closed.</summary>
    CreditAccountClosed = 37,

    /// <summary>The debit account is frozen. Posts, voids, expiries and refunds are not stopped by a freeze.</summary>
    DebitAccountFrozen = 38,

    /// <summary>The account is already frozen, not frozen, or closed.</summary>
    AccountStateUnchanged = 39,

    /// <summary>Only an account without balance and holds, and that is nobody's heir, can be closed.</summary>
    AccountNotEmpty = 40,

    /// <summary>The debit account would owe more than it has.</summary>
    InsufficientFunds = 41,

    /// <summary>The credit account would receive more than it may.</summary>
    ExceedsDebits = 42,

    /// <summary>A count would pass 2^127.</summary>
    BalanceOverflow = 43,
}

/// <summary>The answer to a command.</summary>
/// <param name="Outcome">What became of it; for a duplicate, what became of the first one.</param>
/// <param name="Position">Where its record stands in the journal, which is also its leaf's index; -1 if it was not journaled.</param>
/// <param name="IsDuplicate">True if the same command was answered before.</param>
/// <param name="UnixMilliseconds">The time of the batch that journaled it, so that the answer needs no reading; zero if it was not journaled now.</param>
public readonly record struct CommandResult(Outcome Outcome, long Position, bool IsDuplicate, long UnixMilliseconds = 0);
