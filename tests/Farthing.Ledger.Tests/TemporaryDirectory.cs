namespace Farthing.Ledger.Tests;

/// <summary>A directory of its own for one test.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("farthing-ledger-").FullName;

    public string Journal => System.IO.Path.Combine(Path, "journal");

    public string Segment(int number) => System.IO.Path.Combine(Journal, $"{number:D8}.segment");

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
