using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Newsroom;

/// <summary>The command line: <c>--site FILE [--port N]</c>.</summary>
/// <param name="SiteFile">The <c>site.json</c> that the payment server writes.</param>
/// <param name="Port">The port on localhost. Default 5081.</param>
internal sealed record SiteArguments(string SiteFile, int Port)
{
    private const int DefaultPort = 5081;

    /// <summary>Reads the command line; says on the error stream what is wrong with it.</summary>
    public static bool TryParse(string[] args, [NotNullWhen(true)] out SiteArguments? arguments)
    {
        arguments = null;
        string? file = null;
        var port = DefaultPort;
        for (var i = 0; i < args.Length; i += 2)
        {
            var value = i + 1 < args.Length ? args[i + 1] : null;
            if (args[i] == "--site" && value is not null) file = value;
            else if (args[i] == "--port" && int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and <= 65535) continue;
            else
            {
                Console.Error.WriteLine($"Newsroom does not understand '{args[i]}{(value is null ? "" : $" {value}")}'. Usage: Newsroom --site FILE [--port N]");
                return false;
            }
        }

        if (file is null)
        {
            Console.Error.WriteLine("Newsroom needs --site FILE: the site.json that the payment server writes when it is started with --sample-site and --sample-state.");
            return false;
        }

        arguments = new SiteArguments(file, port);
        return true;
    }
}
