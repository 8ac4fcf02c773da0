using System.Globalization;

namespace Farthing.Cli.Estimates;

/// <summary>A bar on the terminal; nothing where there is none.</summary>
internal sealed class Progress(TextWriter? terminal, TimeProvider time)
{
    private const int Width = 30;
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(100);

    private readonly long began = time.GetTimestamp();
    private long shown = time.GetTimestamp();

    /// <summary>How long it has taken.</summary>
    public TimeSpan Elapsed => time.GetElapsedTime(began);

    /// <summary>The bar, on the terminal that errors go to.</summary>
    public static Progress OnTerminal(TextWriter error) => new(ReferenceEquals(error, Console.Error) && !Console.IsErrorRedirected ? error : null, TimeProvider.System);

    /// <summary>Shows how far it is, at most ten times a second.</summary>
    /// <param name="done">Bytes read.</param>
    /// <param name="all">All bytes; null if that is not known.</param>
    /// <param name="lines">Lines read.</param>
    public void Show(long done, long? all, long lines)
    {
        if (terminal is null || time.GetElapsedTime(shown) < Every) return;
        shown = time.GetTimestamp();
        var bar = "";
        if (all is > 0)
        {
            var full = (int)(Math.Min(done, all.Value) * Width / all.Value);
            bar = string.Create(CultureInfo.InvariantCulture, $"[{new string('#', full)}{new string('.', Width - full)}] {Math.Min(done, all.Value) * 100 / all.Value,3} %  ");
        }

        terminal.Write(string.Create(CultureInfo.InvariantCulture, $"\r{bar}{done >> 20:N0} MiB, {lines:N0} lines, {PerSecond(lines):N0} a second \e[K"));
        terminal.Flush();
    }

    /// <summary>Takes the bar away.</summary>
    public void Clear()
    {
        terminal?.Write("\r\e[K");
        terminal?.Flush();
    }

    /// <summary>So many in each second that it took.</summary>
    public long PerSecond(long count) => Elapsed.Ticks is > 0 and var ticks ? (long)((Int128)count * TimeSpan.TicksPerSecond / ticks) : count;
}
