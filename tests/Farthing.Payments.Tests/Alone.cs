namespace Farthing.Payments.Tests;

/// <summary>Tests that measure the memory of the whole process: they run after all others, one after another.</summary>
[CollectionDefinition(DisableParallelization = true)]
public sealed class Alone;
