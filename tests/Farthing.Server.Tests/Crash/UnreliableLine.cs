using System.Net.Sockets;

namespace Farthing.Server.Tests.Crash;

/// <summary>A write that was sent. Until it is answered it is repeated with its key, however often the server dies.</summary>
internal sealed record Write(string Path, string Bearer, string Key, string Body);

/// <summary>Sends writes to a server that is killed again and again.</summary>
internal sealed class UnreliableLine(Api api, Func<Task> untilServerIsBack)
{
    private readonly Lock counting = new();
    private int repeats;

    // Under the lock.
    private int answers;
    private (int Count, TaskCompletionSource Reached) mark = (int.MaxValue, new());

    /// <summary>How many writes had to be repeated, since their answer was lost with the server.</summary>
    public int Repeats => repeats;

    /// <summary>Waits for so many more answers.</summary>
    public Task WhenAnsweredAsync(int more)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (more == 0) return Task.CompletedTask;
        lock (counting)
        {
            mark = (answers + more, reached);
            return reached.Task;
        }
    }

    /// <summary>Sends a write until it is answered.</summary>
    public async Task<Reply> SendAsync(Write write)
    {
        while (true)
        {
            try
            {
                var reply = await api.PostAsync(write.Path, write.Bearer, write.Body, write.Key);
                if (reply.Status != 503) return Count(reply);
            }
            catch (Exception e) when (IsLost(e))
            {
                Interlocked.Increment(ref repeats);
            }

            await untilServerIsBack();
        }
    }

    /// <summary>Reads until it is answered.</summary>
    public async Task<Reply> GetAsync(string path, string bearer)
    {
        while (true)
        {
            try
            {
                return await api.GetAsync(path, bearer);
            }
            catch (Exception e) when (IsLost(e))
            {
                await untilServerIsBack();
            }
        }
    }

    /// <summary>True if no answer came because the server died. If it does just as a connection stands, the framework's client throws the socket's own exception.</summary>
    public static bool IsLost(Exception error) => error is HttpRequestException or IOException or SocketException;

    private Reply Count(Reply reply)
    {
        lock (counting)
        {
            if (++answers == mark.Count) mark.Reached.TrySetResult();
            return reply;
        }
    }
}
