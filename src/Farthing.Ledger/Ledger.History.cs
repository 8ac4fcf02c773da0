using System.Runtime.CompilerServices;
using Farthing.Ledger.Journal;

namespace Farthing.Ledger;

// What was, and what is added to it: statements, balances at past moments, records as they come.
public sealed partial class Ledger
{
    // Cancelled when the ledger closes.
    private readonly CancellationTokenSource closing = new();

    /// <summary>Records that moved or held units of an account, newest first; refused ones are left out.</summary>
    /// <param name="account">The account.</param>
    /// <param name="before">Only records before this position; null for the newest.</param>
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
        if (range.End <= snapshot.LastPosition) await LeaveThread();
        return history.ReadStatement(account, snapshot.LastPosition, range, count);
    }

    /// <summary>Records that moved or held units of an account, oldest first, for those who go on where they stopped; refused ones are left out.</summary>
    /// <param name="account">The account.</param>
    /// <param name="from">Only records from this position on.</param>
    /// <param name="count">At most so many; at least one.</param>
    /// <returns>The records, and the position to go on from. All of them are durable.</returns>
    public async ValueTask<AccountPage> ReadOnAsync(UInt128 account, long from, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        if (await ReadAccountAsync(account) is not { } snapshot || snapshot.LastPosition < from) return new([], from);
        await LeaveThread();
        return history.ReadOn(account, snapshot.LastPosition, from, count);
    }

    /// <summary>How many durable records are older than a moment, which is also the position of the first that is not.</summary>
    public long SizeBefore(long unixMilliseconds) => Math.Min(frames.SizeBefore(unixMilliseconds), durable.Size);

    /// <summary>Waits until there are more durable records than so many.</summary>
    /// <returns>False if the ledger closes or the wait is cancelled.</returns>
    public async ValueTask<bool> WaitForMoreAsync(long size, CancellationToken cancellation)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation, closing.Token);
        return await IsDurableAsync(size, end.Token);
    }

    /// <summary>An account's counts at a moment: as the newest of its records that is no later left them. What it shows is durable.</summary>
    /// <param name="account">The account.</param>
    /// <param name="unixMilliseconds">The moment. While it is not over (see <see cref="LastBatchUnixMilliseconds"/>), more records of its time may come.</param>
    /// <returns>Null if the account was not open then.</returns>
    public async ValueTask<PastBalances?> ReadBalanceAsync(UInt128 account, long unixMilliseconds)
    {
        if (await ReadAccountAsync(account) is not { } snapshot) return null;
        var end = unixMilliseconds == long.MaxValue ? long.MaxValue : frames.SizeBefore(unixMilliseconds + 1);
        if (end <= snapshot.LastPosition) await LeaveThread();
        return history.FindBefore(account, snapshot.LastPosition, end) is { } record
            ? new(record.Command.Debit == account ? record.DebitAfter : record.CreditAfter, record.Position, record.UnixMilliseconds)
            : null;
    }

    /// <summary>All durable records from a position on, and each further one once it is durable: in order, none left out, none twice. Ends when the ledger closes.</summary>
    /// <remarks>
    /// Records are read from the journal as they are asked for, so a slow reader keeps nothing waiting and holds one batch in memory. Whoever was cut off goes on
    /// with the position after the last record that it has dealt with.
    /// </remarks>
    /// <param name="position">The first one; one that is not there yet is waited for.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public IAsyncEnumerable<JournalRecord> FollowAsync(long position, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        return FollowFromAsync(position, cancellation);
    }

    // Back through segments that are not sealed yet it may be a long way, and the caller's thread may be one that all sockets wait for.
    private static YieldAwaitable LeaveThread() => Task.Yield();

    private async IAsyncEnumerable<JournalRecord> FollowFromAsync(long position, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation, closing.Token);
        while (await IsDurableAsync(position, end.Token))
        {
            foreach (var record in records.ReadFrameFrom(position))
            {
                position++;
                yield return record;
            }
        }
        cancellation.ThrowIfCancellationRequested();
    }

    // False if the wait was ended.
    private async ValueTask<bool> IsDurableAsync(long position, CancellationToken end)
    {
        try
        {
            end.ThrowIfCancellationRequested();
            await durable.WaitAsync(position + 1, end);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}

/// <summary>Some records of an account, oldest first.</summary>
/// <param name="Records">The records.</param>
/// <param name="Next">The position to go on from: behind the last of them, or behind all that touch the account.</param>
public readonly record struct AccountPage(IReadOnlyList<JournalRecord> Records, long Next);
