using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Farthing.Payments;

/// <summary>Does something for many subjects, a few at once. One that hangs keeps its place and goes on by itself; nobody waits for it longer than a moment.</summary>
/// <remarks>Thread-safe. Nothing is done twice at once for a subject.</remarks>
/// <param name="most">How many at once.</param>
/// <param name="time">The clock.</param>
[SuppressMessage("Design", "CA1001", Justification = "What hangs may give its place back after everybody else is gone; nothing is held outside memory.")]
internal sealed class Abreast(int most, TimeProvider time)
{
    /// <summary>How long a round waits for what it began.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<UInt128, Task> underWay = new();
    private readonly ConcurrentQueue<Exception> failures = new();
    private readonly SemaphoreSlim places = new(most);

    /// <summary>Begins a round: all subjects for which there are places in time.</summary>
    /// <exception cref="AggregateException">Some failed, of this round or of one before.</exception>
    public async ValueTask RunAsync(IEnumerable<UInt128> subjects, Func<UInt128, ValueTask> act, string fault)
    {
        using var deadline = new CancellationTokenSource(Patience, time);
        var begun = new List<Task>();
        try
        {
            foreach (var subject in subjects)
            {
                if (underWay.TryGetValue(subject, out var running))
                {
                    begun.Add(running);
                    continue;
                }

                await places.WaitAsync(deadline.Token);
                var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                if (!underWay.TryAdd(subject, done.Task)) places.Release();
                else if (ActAsync(subject, act, done) is { IsCompleted: false } started) begun.Add(started);
            }

            await Task.WhenAll(begun).WaitAsync(deadline.Token);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            // What hangs is waited for by nobody; what found no place is begun by the next round.
        }

        var failed = new List<Exception>();
        while (failures.TryDequeue(out var error)) failed.Add(error);
        if (failed.Count > 0) throw new AggregateException(fault, failed);
    }

    private async Task ActAsync(UInt128 subject, Func<UInt128, ValueTask> act, TaskCompletionSource done)
    {
        try
        {
            await act(subject);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            failures.Enqueue(error);
        }
        finally
        {
            underWay.TryRemove(subject, out _);
            places.Release();
            done.SetResult();
        }
    }
}
