namespace Farthing.Cli;

/// <summary>Ledgers as people name them.</summary>
internal static class LedgerDirectory
{
    /// <summary>What a missing ledger is answered with.</summary>
    public static string Missing(string directory) => $"There is no ledger in {directory}. Give the directory that ./run --data was started with.";

    /// <summary>The ledger's directory: the one given, or the ledger in a data directory.</summary>
    public static string Find(string directory)
    {
        var inner = Path.Combine(directory, "ledger");
        return Directory.Exists(inner) ? inner : directory;
    }
}
