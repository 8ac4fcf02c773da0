namespace Farthing.Cli;

/// <summary>What the program's exit code says to a script.</summary>
internal static class ExitCodes
{
    /// <summary>Done; what was checked holds.</summary>
    public const int Done = 0;

    /// <summary>The answer is no: the receipt proves nothing, the journal is damaged, the site was not paid.</summary>
    public const int No = 1;

    /// <summary>There is no answer: wrong use, or something could not be read or reached.</summary>
    public const int NoAnswer = 2;
}
