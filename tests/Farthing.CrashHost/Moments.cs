using System.Diagnostics;

namespace Farthing.CrashHost;

/// <summary>Counts the moments between the steps of both stores, and kills the process at the one chosen. SIGKILL leaves it no chance to finish anything.</summary>
/// <remarks>The steps follow one another, so that the count is the same in each run, though they are taken by different threads.</remarks>
internal sealed class Moments
{
    private int killAt;
    private int count;

    /// <summary>Begins to count; 0 never kills.</summary>
    public void KillAt(int moment)
    {
        killAt = moment;
        count = 0;
    }

    /// <summary>One moment has come.</summary>
    public void Pass()
    {
        if (Interlocked.Increment(ref count) == killAt) Process.GetCurrentProcess().Kill();
    }
}
