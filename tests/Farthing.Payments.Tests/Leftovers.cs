namespace Farthing.Payments.Tests;

/// <summary>Directories in which everything was cut off. What a process that has ended would not do any more, a thread of a test may still be doing.</summary>
internal static class Leftovers
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>Deletes a directory, again if a file came into it meanwhile.</summary>
    public static async Task DeleteAsync(string directory)
    {
        using var deadline = new CancellationTokenSource(Patience);
        using var pauses = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (true)
        {
            try
            {
                Directory.Delete(directory, recursive: true);
                return;
            }
            catch (IOException) when (!deadline.IsCancellationRequested)
            {
                await pauses.WaitForNextTickAsync(CancellationToken.None);
            }
        }
    }
}
