namespace Farthing.Client.Tests;

/// <summary>A directory that is removed afterwards.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("farthing-client-");

    public string this[string file] => Path.Combine(directory.FullName, file);

    public void Dispose() => directory.Delete(recursive: true);
}
