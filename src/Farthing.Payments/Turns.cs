namespace Farthing.Payments;

/// <summary>Lets one caller at a time do something for a subject; callers for different subjects seldom wait for each other.</summary>
/// <remarks>Thread-safe. Whoever has a turn must not wait for another one of the same object: subjects share turns.</remarks>
internal sealed class Turns(int count)
{
    private readonly SemaphoreSlim[] turns = [.. Enumerable.Range(0, count).Select(_ => new SemaphoreSlim(1))];

    /// <summary>Waits for the subject's turn, which lasts until the answer is disposed.</summary>
    public async ValueTask<IDisposable> EnterAsync(UInt128 subject)
    {
        var turn = Of(subject);
        await turn.WaitAsync();
        return new Turn(turn);
    }

    /// <summary>The subject's turn, if nobody has it now; for those who have a turn elsewhere and must not wait.</summary>
    public IDisposable? TryEnter(UInt128 subject) => Of(subject) is var turn && turn.Wait(0) ? new Turn(turn) : null;

    // The low byte of some ids is always zero.
    private SemaphoreSlim Of(UInt128 subject) => turns[(int)((subject ^ (subject >> 8)) % (uint)turns.Length)];

    private sealed class Turn(SemaphoreSlim turn) : IDisposable
    {
        public void Dispose() => turn.Release();
    }
}
