using System.Diagnostics.CodeAnalysis;
using Farthing.Protocol;

namespace Farthing.Ledger;

/// <summary>One record of the journal: a command, what became of it, and the places and balances that make history readable without an index.</summary>
/// <remarks>Its bytes are in <c>docs/spec/journal-records.md</c>. Immutable; safe to share between threads.</remarks>
public readonly record struct JournalRecord
{
    private readonly Command command;

    /// <summary>The command as carried out: of a post, void, expiry or refund, accounts, asset and units are filled in from what it cites, and the code but for a refund; refunds end with the accounts. A refused one is as the caller gave it.</summary>
    public Command Command
    {
        get => command;
        init => command = value;
    }

    /// <summary>Of a post, void or refund that was carried out: true if the caller asked for all there was (zero units).</summary>
    public bool UnitsWereZero { get; init; }

    /// <summary>Of a balancing transfer, hold or refund that was carried out: how many units were asked for; <see cref="Command"/> has those that moved. Else zero.</summary>
    public UInt128 UnitsAsked { get; init; }

    /// <summary>What became of it.</summary>
    public Outcome Outcome { get; init; }

    /// <summary>Its place in the journal, counted from zero; also its leaf's index.</summary>
    public long Position { get; init; }

    /// <summary>The batch's time, Unix milliseconds.</summary>
    public long UnixMilliseconds { get; init; }

    /// <summary>How many commands of the same chain stand before it.</summary>
    public byte ChainIndex { get; init; }

    /// <summary>The record before this one that touched the debit account, or -1.</summary>
    public long PreviousOfDebit { get; init; }

    /// <summary>The record before this one that touched the credit account, or -1.</summary>
    public long PreviousOfCredit { get; init; }

    /// <summary>The record before this one that posts, voids, expires or refunds the same hold or transfer, or -1. A claim does not count.</summary>
    public long PreviousCitation { get; init; }

    /// <summary>The debit account's counts after this record; of a refusal, as they stood when its own command was refused.</summary>
    public Balances DebitAfter { get; init; }

    /// <summary>The credit account's counts after this record.</summary>
    public Balances CreditAfter { get; init; }

    /// <summary>True for an expiry or the end of an account: no command, but made by the state machine itself at the head of a batch.</summary>
    internal bool IsMadeByLedger => command.Kind is RecordKind.Expire or RecordKind.EndAccount;

    /// <summary><see cref="Command"/> without a copy of its 200 bytes.</summary>
    [UnscopedRef]
    internal ref readonly Command CommandInPlace => ref command;

    /// <summary>The command as its caller gave it, which replay hands to the state machine again.</summary>
    /// <exception cref="InvalidOperationException">It has <see cref="IsMadeByLedger"/>.</exception>
    internal Command ToCommand()
    {
        if (IsMadeByLedger) throw new InvalidOperationException($"{Command.Kind} is not a command.");
        if (Outcome != Outcome.Done) return Command;
        var isBalancing = Command.Balancing != Balancing.None;
        var asked = isBalancing ? UnitsAsked : UnitsWereZero ? UInt128.Zero : Command.Units;
        return Command.Kind switch
        {
            RecordKind.Transfer or RecordKind.Hold when isBalancing => Command.AsCarriedOut(Command.Debit, Command.Credit, new Amount(Command.Asset, asked), Command.Code),
            // A refund says itself what it is for; a post or void is for what the hold was.
            RecordKind.Refund => Command.AsCarriedOut(UInt128.Zero, UInt128.Zero, new Amount(default, asked), Command.Code),
            RecordKind.Post or RecordKind.Void => Command.AsCarriedOut(UInt128.Zero, UInt128.Zero, new Amount(default, asked), TransferCode.None),
            _ => Command,
        };
    }
}
