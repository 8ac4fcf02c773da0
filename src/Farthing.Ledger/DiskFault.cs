using System.Runtime.InteropServices;

namespace Farthing.Ledger;

/// <summary>What the disk keeps a thread of the ledger from, for anybody to read; when it begins it is reported with all that is known.</summary>
/// <remarks>Set by that thread; read anywhere.</remarks>
/// <param name="report">Told once each time, with the exception, which may name files.</param>
internal sealed class DiskFault(Action<string, Exception>? report)
{
    private volatile string? reason;

    /// <summary>Null if there is none. Names no path: strangers read it too.</summary>
    public string? Reason => reason;

    /// <param name="what">What cannot be done.</param>
    /// <param name="error">Why.</param>
    /// <param name="advice">What to do, or what happens then.</param>
    public void Set(string what, Exception error, string advice)
    {
        var isNew = reason is null;
        reason = $"{what}: {Describe(error)}. {advice}";
        if (isNew) report?.Invoke(what, error);
    }

    public void Clear() => reason = null;

    /// <summary>Of what is said of files, the part without their directories.</summary>
    public static string Describe(Exception error) => error switch
    {
        UnauthorizedAccessException => "access is denied",
        IOException { HResult: > 0 and < 4096 } refused => Marshal.GetPInvokeErrorMessage(refused.HResult),
        // Ours, of the journal and what is made of it.
        InvalidOperationException or LedgerDamagedException => error.Message.TrimEnd('.'),
        _ => "the log says why",
    };
}
