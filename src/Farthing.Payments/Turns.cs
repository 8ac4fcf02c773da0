namespace Farthing.Payments;

/// <summary>Lets one caller at a time do something for a subject; callers for different subjects seldom wait for each other.</summary>
/// <remarks>Thread-safe. Whoever has a turn must not wait for another one of the same object: subjects share turns.</remarks>
internal sealed class Turns(int count)
{
    private readonly SemaphoreSlim[] turns = [.. Enumerable.Range(0, count).Select(_ => new SemaphoreSlim(1))];

    /// <summary>Waits for the subject's turn, which lasts until the answer is disposed.</summary>
    public async ValueTask<IDisposable> EnterAsync(UInt128 subject)
    {
        // The low byte of some ids is always zero.
        var turn = turns[(int)((subject ^ (subject >> 8)) % (uint)turns.Length)];
        await turn.WaitAsync();
        return new Turn(turn);
    }

    private sealed class Turn(SemaphoreSlim turn) : IDisposable
    {
        public void Dispose() => turn.Release();
    }
}
