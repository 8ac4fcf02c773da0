namespace Farthing.Server;

/// <summary>What is printed once the server takes work.</summary>
internal static class Greeting
{
    public static void Print(string address, ServerOptions options, string? madeOperatorKey)
    {
        Console.WriteLine($"""
            Farthing takes payments at {address} (play money only).
              Wallet:     {address}/
              Reference:  {address}/reference
              Health:     {address}/health/ready
            """);
        if (options.SampleSite is not null)
            Console.WriteLine($"  Try it:     open {options.SampleSite}/, choose an article, and press the button with the price.");
        if (madeOperatorKey is not null)
            Console.WriteLine($"""

                The operator's key, shown this once and stored only as a hash:
                  {madeOperatorKey}
                """);
    }
}
