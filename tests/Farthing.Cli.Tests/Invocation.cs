namespace Farthing.Cli.Tests;

/// <summary>What a command printed, and its exit code.</summary>
internal sealed record Invocation(int ExitCode, string Output, string Error)
{
    public static Task<Invocation> RunAsync(params string[] arguments) => RunAsync(default, arguments);

    public static async Task<Invocation> RunAsync(CancellationToken cancellation, params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exitCode = await CommandLine.RunAsync(arguments, output, error, cancellation);
        return new Invocation(exitCode, output.ToString(), error.ToString());
    }
}
