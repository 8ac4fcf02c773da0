using System.Runtime.ExceptionServices;

namespace Farthing.Simulation;

/// <summary>Runs what others would run on a thread of the pool, one piece each time it is told to.</summary>
internal sealed class SimulatedScheduler : TaskScheduler
{
    private readonly Queue<Task> waiting = new();

    /// <summary>Runs the next piece; what it throws comes out here.</summary>
    /// <returns>False if there was none.</returns>
    public bool RunNext()
    {
        if (!waiting.TryDequeue(out var task)) return false;
        TryExecuteTask(task);
        if (task.Exception?.InnerException is { } error) ExceptionDispatchInfo.Throw(error);
        return true;
    }

    protected override void QueueTask(Task task) => waiting.Enqueue(task);

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    protected override IEnumerable<Task> GetScheduledTasks() => waiting;
}
