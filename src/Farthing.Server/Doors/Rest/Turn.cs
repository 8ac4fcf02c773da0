namespace Farthing.Server.Doors.Rest;

/// <summary>One of few places at work that needs much memory. Others wait for it, and it is given up when this is disposed.</summary>
/// <remarks>For one request; not thread-safe.</remarks>
internal sealed class Turn(SemaphoreSlim places) : IDisposable
{
    private bool isTaken;

    /// <summary>Waits for a place.</summary>
    /// <exception cref="OperationCanceledException">The client went away first.</exception>
    public async ValueTask TakeAsync(CancellationToken cancellation)
    {
        await places.WaitAsync(cancellation);
        isTaken = true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (isTaken) places.Release();
        isTaken = false;
    }
}
