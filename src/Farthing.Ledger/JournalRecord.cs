using System.Diagnostics.CodeAnalysis;
using Farthing.Protocol;

namespace Farthing.Ledger;

/// <summary>One record of the journal: a command, what became of it, and the places and balances that make history readable without an index.</summary>
/// <remarks>Its bytes are in <c>docs/spec/journal-records.md</c>. Immutable; safe to share between threads.</remarks>
public readonly record struct JournalRecord
{
    private readonly Command command;

    /// <summary>The command as carried out: of a post, void, expiry or refund, accounts, asset and units are filled in from what it cites, and the code but for a refund. A refused one is as the caller gave it.</summary>
    public Command Command
    {
        get => command;
        init => command = value;
    }

    /// <summary>Of a post, void or refund that was carried out: true if the caller asked for all there was (zero units).</summary>
    public bool UnitsWereZero { get; init; }

    /// <summary>Of a balancing transfer or hold that was carried out: how many units were asked for; <see cref="Command"/> has those that moved. Else zero.</summary>
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

    /// <summary><see cref="Command"/> without a copy of its 200 bytes.</summary>
    [UnscopedRef]
    internal ref readonly Command CommandInPlace => ref command;

    /// <summary>The command as its caller gave it, which replay hands to the state machine again.</summary>
    /// <exception cref="InvalidOperationException">An expiry, which the state machine makes itself at the head of a batch.</exception>
    internal Command ToCommand()
    {
        if (Command.Kind == RecordKind.Expire) throw new InvalidOperationException("An expiry is not a command.");
        if (Outcome == Outcome.Done && Command.Balancing != Balancing.None)
            return Command.AsCarriedOut(Command.Debit, Command.Credit, new Amount(Command.Asset, UnitsAsked), Command.Code);
        if (Outcome != Outcome.Done || Command.Kind is not (RecordKind.Post or RecordKind.Void or RecordKind.Refund)) return Command;

        var units = UnitsWereZero ? UInt128.Zero : Command.Units;
        // A refund says itself what it is for; a post or void is for what the hold was.
        var code = Command.Kind == RecordKind.Refund ? Command.Code : TransferCode.None;
        return Command.AsCarriedOut(UInt128.Zero, UInt128.Zero, new Amount(default, units), code);
    }
}
