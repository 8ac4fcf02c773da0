using System.Text.RegularExpressions;
using Farthing.Server.Tests.Rest;

namespace Farthing.Server.Tests.Crash;

/// <summary>A call to the system that succeeded.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Arguments">Its arguments as <c>strace</c> writes them.</param>
internal sealed partial record TracedCall(string Name, string Arguments)
{
    /// <summary>What stands in quotation marks: paths, or the beginning of what is written.</summary>
    public string[] Quoted => [.. Quotations.Matches(Arguments).Select(match => match.Groups[1].Value)];

    /// <summary>The file of a descriptor.</summary>
    public string File => Descriptor.Match(Arguments).Groups[1].Value;

    [GeneratedRegex("\"([^\"]*)\"")]
    private static partial Regex Quotations { get; }

    [GeneratedRegex("^[0-9]+<([^>]*)>")]
    private static partial Regex Descriptor { get; }
}

/// <summary>What a process asked of the system, as <c>strace</c> wrote it down.</summary>
internal sealed partial class TracedCalls : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    private string Log => directory.File("calls");

    /// <summary>The command that starts another one as the same process, and writes down those of its calls.</summary>
    public string[] Starter(params string[] options) => ["strace", "-D", "-f", "--seccomp-bpf", "-y", "-o", Log, .. options];

    /// <summary>The calls that succeeded, in their order; waits until the process has ended.</summary>
    public async Task<List<TracedCall>> ReadAsync(int process)
    {
        string[] lines = [];
        await Eventually.TrueAsync(async () =>
        {
            lines = await File.ReadAllLinesAsync(Log);
            return lines.Any(line => line.StartsWith($"{process} ", StringComparison.Ordinal) && line.Contains(" +++ ", StringComparison.Ordinal));
        });
        var begun = new Dictionary<string, string>();
        var calls = new List<TracedCall>();
        foreach (var line in lines)
        {
            var (thread, text) = (line[..line.IndexOf(' ')], line[line.IndexOf(' ')..].TrimStart());
            // Another thread's call came between its beginning and its end.
            if (Unfinished.Match(text) is { Success: true } beginning) begun[thread] = beginning.Groups[1].Value;
            if (Resumed.Match(text) is { Success: true } end) text = begun[thread] + end.Groups[1].Value;
            if (Succeeded.Match(text) is { Success: true } call) calls.Add(new(call.Groups[1].Value, call.Groups[2].Value));
        }
        return calls;
    }

    public void Dispose() => directory.Dispose();

    [GeneratedRegex("^(.*) ?<unfinished \\.\\.\\.>$")]
    private static partial Regex Unfinished { get; }

    [GeneratedRegex("^<\\.\\.\\. [a-z0-9]+ resumed>(.*)$")]
    private static partial Regex Resumed { get; }

    [GeneratedRegex("^([a-z0-9]+)\\((.*)\\) += [0-9]+$")]
    private static partial Regex Succeeded { get; }
}
