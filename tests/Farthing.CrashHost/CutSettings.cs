using Farthing.Payments.Payouts;
using Farthing.Payments.Schedules;
using Farthing.Payments.Settings;

namespace Farthing.CrashHost;

/// <summary>Real settings whose writes are steps, each with a moment before it and one after it. Once all has ended they do nothing more.</summary>
internal sealed class CutSettings(ISettingsStore settings, Moments moments) : ISettingsStore
{
    public ValueTask<ClaimRow?> ClaimAsync(ClaimRow claim, params ISettingsRow[] rows) => StepAsync(() => settings.ClaimAsync(claim, rows));

    public ValueTask<bool> WriteAsync(params ISettingsRow[] rows) => StepAsync(() => settings.WriteAsync(rows));

    public ValueTask<bool> EraseAsync(ISettingsRow row) => StepAsync(() => settings.EraseAsync(row));

    public ValueTask<ClaimRow?> FindClaimAsync(string scope, byte[] key) => Open().FindClaimAsync(scope, key);

    public ValueTask<TRow?> FindAsync<TRow>(UInt128 id) where TRow : class, ISettingsRow => Open().FindAsync<TRow>(id);

    public ValueTask<IReadOnlyList<TRow>> ListAsync<TRow>(UInt128 owner, UInt128? before, int count) where TRow : class, IOwnedRow => Open().ListAsync<TRow>(owner, before, count);

    public ValueTask<IReadOnlyList<TRow>> ListCreatingAsync<TRow>() where TRow : class, ISettingsRow => Open().ListCreatingAsync<TRow>();

    public Action EventWritten
    {
        set => settings.EventWritten = value;
    }

    public ValueTask<IReadOnlyList<TRow>> ListActiveAsync<TRow>() where TRow : class, ISettingsRow => Open().ListActiveAsync<TRow>();

    public ValueTask<IReadOnlyList<EventNumber>> ListEventsAsync(UInt128? owner, long after, int count) => Open().ListEventsAsync(owner, after, count);

    public ValueTask<long> CountEventsAsync(long beforeUnixMilliseconds = long.MaxValue) => Open().CountEventsAsync(beforeUnixMilliseconds);

    public ValueTask<IReadOnlyList<DueRow>> ListDueAsync(int count) => Open().ListDueAsync(count);

    public ValueTask<IReadOnlyList<PayoutRow>> ListPayoutsAsync(UInt128? owner, PayoutState? state, UInt128? before, int count) => Open().ListPayoutsAsync(owner, state, before, count);

    public ValueTask<int> ReadLongestRefundWindowAsync(UInt128 payee) => Open().ReadLongestRefundWindowAsync(payee);

    public ValueTask<IReadOnlyList<DueRow>> ListFailingAsync(UInt128? before, int count) => Open().ListFailingAsync(before, count);

    public ValueTask<Backlog> ReadBacklogAsync(long nowUnixMilliseconds) => Open().ReadBacklogAsync(nowUnixMilliseconds);

    private ISettingsStore Open()
    {
        moments.ThrowIfEnded();
        return settings;
    }

    private async ValueTask<T> StepAsync<T>(Func<ValueTask<T>> write)
    {
        moments.Pass();
        var result = await write();
        moments.Pass();
        return result;
    }
}
