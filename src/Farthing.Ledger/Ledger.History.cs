using Farthing.Ledger.Journal;

namespace Farthing.Ledger;

// What was: statements, balances at past moments.
public sealed partial class Ledger
{
    /// <summary>Records that moved or held units of an account, newest first; refused ones are left out.</summary>
    /// <param name="account">The account.</param>
    /// <param name="before">Only records before this position; null for the newest. Cheap if the record there is itself one of the account's.</param>
    /// <param name="count">At most so many.</param>
    /// <param name="sinceUnixMilliseconds">Only records of this time or later. Default: from the first.</param>
    /// <param name="untilUnixMilliseconds">Only records before this time. Default: to the newest.</param>
    public async ValueTask<IReadOnlyList<JournalRecord>> ReadStatementAsync(UInt128 account, long? before, int count,
        long sinceUnixMilliseconds = long.MinValue, long untilUnixMilliseconds = long.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (await ReadAccountAsync(account) is not { } snapshot) return [];
        var end = untilUnixMilliseconds == long.MaxValue ? long.MaxValue : frames.SizeBefore(untilUnixMilliseconds);
        var range = (From: frames.SizeBefore(sinceUnixMilliseconds), End: Math.Min(before ?? long.MaxValue, end));
        return History.ReadStatement(records, account, snapshot.LastPosition, range, count);
    }

    /// <summary>An account's counts at a moment: as the newest of its records that is no later left them. What it shows is durable.</summary>
    /// <param name="account">The account.</param>
    /// <param name="unixMilliseconds">The moment. While it is not over (see <see cref="LastBatchUnixMilliseconds"/>), more records of its time may come.</param>
    /// <returns>Null if the account was not open then.</returns>
    public async ValueTask<PastBalances?> ReadBalanceAsync(UInt128 account, long unixMilliseconds)
    {
        if (await ReadAccountAsync(account) is not { } snapshot) return null;
        var end = unixMilliseconds == long.MaxValue ? long.MaxValue : frames.SizeBefore(unixMilliseconds + 1);
        return History.FindBefore(records, account, snapshot.LastPosition, end) is { } record
            ? new(record.Command.Debit == account ? record.DebitAfter : record.CreditAfter, record.Position, record.UnixMilliseconds)
            : null;
    }
}
