namespace Farthing.Server.Tests;

/// <summary>Tests that load the whole machine: they run after all others, one after another, so that no other test's deadline suffers.</summary>
[CollectionDefinition(DisableParallelization = true)]
public sealed class Alone;
