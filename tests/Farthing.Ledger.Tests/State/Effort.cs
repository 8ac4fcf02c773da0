using System.Globalization;

namespace Farthing.Ledger.Tests.State;

/// <summary>How much random tests do. Under tests/mutation, where they are run for each mutant that no other test notices, it is a small part.</summary>
internal static class Effort
{
    private static readonly int Part = int.Parse(Environment.GetEnvironmentVariable("FARTHING_EFFORT_PART") ?? "1", CultureInfo.InvariantCulture);

    public static bool IsSmall => Part > 1;

    public static int Of(int usual) => Math.Max(1, usual / Part);
}
