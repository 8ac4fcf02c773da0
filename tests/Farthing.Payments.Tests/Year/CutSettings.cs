using Farthing.Payments.Schedules;
using Farthing.Payments.Settings;

namespace Farthing.Payments.Tests.Year;

/// <summary>What a step says that comes after the cut.</summary>
internal sealed class CutOffException() : Exception("Everything was cut off.");

/// <summary>Real settings that do nothing more from a step on, as if the process had ended there.</summary>
internal sealed class CutSettings(ISettingsStore settings) : ISettingsStore
{
    private readonly TaskCompletionSource cut = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int stepsLeft = int.MaxValue;

    /// <summary>Completed once all is cut off.</summary>
    public Task Ended => cut.Task;

    /// <summary>Cuts off now.</summary>
    public void Cut() => cut.TrySetResult();

    /// <summary>Cuts off at a step to come: each write has one before it and one after it.</summary>
    public void CutAfter(int steps) => Volatile.Write(ref stepsLeft, steps);

    public ValueTask<ClaimRow?> ClaimAsync(ClaimRow claim, params ISettingsRow[] rows) => StepAsync(() => settings.ClaimAsync(claim, rows));

    public ValueTask<bool> WriteAsync(params ISettingsRow[] rows) => StepAsync(() => settings.WriteAsync(rows));

    public ValueTask<bool> EraseAsync(ISettingsRow row) => StepAsync(() => settings.EraseAsync(row));

    public ValueTask<ClaimRow?> FindClaimAsync(string scope, byte[] key) => Open().FindClaimAsync(scope, key);

    public ValueTask<TRow?> FindAsync<TRow>(UInt128 id) where TRow : class, ISettingsRow => Open().FindAsync<TRow>(id);

    public ValueTask<IReadOnlyList<TRow>> ListAsync<TRow>(UInt128 owner, UInt128? before, int count) where TRow : class, IOwnedRow => Open().ListAsync<TRow>(owner, before, count);

    public ValueTask<IReadOnlyList<TRow>> ListCreatingAsync<TRow>() where TRow : class, ISettingsRow => Open().ListCreatingAsync<TRow>();

    public ValueTask<IReadOnlyList<DueRow>> ListDueAsync(int count) => Open().ListDueAsync(count);

    public ValueTask<IReadOnlyList<DueRow>> ListFailingAsync(UInt128? before, int count) => Open().ListFailingAsync(before, count);

    public ValueTask<Backlog> ReadBacklogAsync(long nowUnixMilliseconds) => Open().ReadBacklogAsync(nowUnixMilliseconds);

    private ISettingsStore Open() => cut.Task.IsCompleted ? throw new CutOffException() : settings;

    private async ValueTask<T> StepAsync<T>(Func<ValueTask<T>> write)
    {
        Pass();
        var result = await write();
        Pass();
        return result;
    }

    private void Pass()
    {
        if (Volatile.Read(ref stepsLeft) != int.MaxValue && Interlocked.Decrement(ref stepsLeft) <= 0) Cut();
        Open();
    }
}
