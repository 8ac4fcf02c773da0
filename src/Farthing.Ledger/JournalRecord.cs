using Farthing.Protocol;

namespace Farthing.Ledger;

/// <summary>One record of the journal: a command, what became of it, and the places and balances that make history readable without an index.</summary>
/// <remarks>Its bytes are in <c>docs/spec/journal.md</c>. Immutable; safe to share between threads.</remarks>
public readonly record struct JournalRecord
{
    /// <summary>The command as carried out: of a post, void, expiry or refund, accounts, asset, units and code are filled in from what it cites.</summary>
    public Command Command { get; init; }

    /// <summary>The units, accounts, asset and code given by the caller where <see cref="Command"/> has them filled in: true if the caller asked for all (zero units).</summary>
    public bool UnitsWereZero { get; init; }

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

    /// <summary>The record before this one that cites the same transfer, or -1.</summary>
    public long PreviousCitation { get; init; }

    /// <summary>The debit account's counts after this record.</summary>
    public Balances DebitAfter { get; init; }

    /// <summary>The credit account's counts after this record.</summary>
    public Balances CreditAfter { get; init; }
}
