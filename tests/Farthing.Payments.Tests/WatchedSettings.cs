using Farthing.CrashHost;
using Farthing.Payments.Payouts;
using Farthing.Payments.Schedules;
using Farthing.Payments.Settings;

namespace Farthing.Payments.Tests;

/// <summary>Settings that a test can stop at a step, so that another call comes in between.</summary>
internal sealed class WatchedSettings(ISettingsStore settings, Moments? moments = null) : ISettingsStore
{
    private int looks;

    /// <summary>How often somebody looked what is due.</summary>
    public int Looks => Volatile.Read(ref looks);

    public Func<Task> AfterFindingAPayee { get; set; } = () => Task.CompletedTask;

    public Func<Task> BeforeActivatingAnOffer { get; set; } = () => Task.CompletedTask;

    public Func<Task> BeforeErasing { get; set; } = () => Task.CompletedTask;

    public Func<ISettingsRow[], Task> BeforeWriting { get; set; } = _ => Task.CompletedTask;

    public Func<ISettingsRow[], Task> AfterWriting { get; set; } = _ => Task.CompletedTask;

    /// <summary>Throws in place of writing these rows, as a crash would keep them from being written.</summary>
    public Func<ISettingsRow[], bool> FailsToWrite { get; set; } = _ => false;

    /// <summary>Throws after claiming these rows, before anything follows.</summary>
    public Func<ISettingsRow[], bool> FailsAfterClaiming { get; set; } = _ => false;

    /// <summary>Runs after a row was found, before whoever looked for it has it.</summary>
    public Func<ISettingsRow, Task> AfterFinding { get; set; } = _ => Task.CompletedTask;

    public int Erasures { get; private set; }

    public async ValueTask<ClaimRow?> ClaimAsync(ClaimRow claim, params ISettingsRow[] rows)
    {
        var made = await StepAsync(() => settings.ClaimAsync(claim, rows));
        if (FailsAfterClaiming(rows)) throw new IOException("The process is thought to have ended here.");
        return made;
    }

    public async ValueTask<bool> WriteAsync(params ISettingsRow[] rows)
    {
        if (rows is [OfferRow { State: RowState.Active }]) await BeforeActivatingAnOffer();
        if (FailsToWrite(rows)) throw new IOException("The process is thought to have ended here.");
        await BeforeWriting(rows);
        var isWritten = await StepAsync(() => settings.WriteAsync(rows));
        await AfterWriting(rows);
        return isWritten;
    }

    public async ValueTask<bool> EraseAsync(ISettingsRow row)
    {
        Erasures++;
        await BeforeErasing();
        return await StepAsync(() => settings.EraseAsync(row));
    }

    public ValueTask<ClaimRow?> FindClaimAsync(string scope, byte[] key) => settings.FindClaimAsync(scope, key);

    public async ValueTask<TRow?> FindAsync<TRow>(UInt128 id) where TRow : class, ISettingsRow
    {
        var row = await settings.FindAsync<TRow>(id);
        if (row is PayeeRow) await AfterFindingAPayee();
        if (row is not null) await AfterFinding(row);
        return row;
    }

    public ValueTask<IReadOnlyList<TRow>> ListAsync<TRow>(UInt128 owner, UInt128? before, int count) where TRow : class, IOwnedRow => settings.ListAsync<TRow>(owner, before, count);

    public ValueTask<IReadOnlyList<TRow>> ListCreatingAsync<TRow>() where TRow : class, ISettingsRow => settings.ListCreatingAsync<TRow>();

    public Action EventWritten
    {
        set => settings.EventWritten = value;
    }

    public ValueTask<IReadOnlyList<TRow>> ListActiveAsync<TRow>() where TRow : class, ISettingsRow => settings.ListActiveAsync<TRow>();

    public ValueTask<IReadOnlyList<EventNumber>> ListEventsAsync(UInt128? owner, long after, int count) => settings.ListEventsAsync(owner, after, count);

    public ValueTask<long> CountEventsAsync(long beforeUnixMilliseconds = long.MaxValue) => settings.CountEventsAsync(beforeUnixMilliseconds);

    public ValueTask<IReadOnlyList<DueRow>> ListDueAsync(int count)
    {
        Interlocked.Increment(ref looks);
        return settings.ListDueAsync(count);
    }

    public ValueTask<IReadOnlyList<PayoutRow>> ListPayoutsAsync(UInt128? owner, PayoutState? state, UInt128? before, int count) => settings.ListPayoutsAsync(owner, state, before, count);

    public ValueTask<int> ReadLongestRefundWindowAsync(UInt128 payee) => settings.ReadLongestRefundWindowAsync(payee);

    public ValueTask<IReadOnlyList<DueRow>> ListFailingAsync(UInt128? before, int count) => settings.ListFailingAsync(before, count);

    public ValueTask<Backlog> ReadBacklogAsync(long nowUnixMilliseconds) => settings.ReadBacklogAsync(nowUnixMilliseconds);

    private async ValueTask<T> StepAsync<T>(Func<ValueTask<T>> write)
    {
        moments?.Pass();
        var result = await write();
        moments?.Pass();
        return result;
    }
}
