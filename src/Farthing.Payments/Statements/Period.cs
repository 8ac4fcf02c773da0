namespace Farthing.Payments.Statements;

/// <summary>A stretch of time: what is not before <paramref name="Since"/> and is before <paramref name="Until"/>, so that periods side by side share nothing.</summary>
/// <remarks>The default value is all of time. Immutable; safe to share between threads.</remarks>
/// <param name="Since">Its beginning, which belongs to it; null for none.</param>
/// <param name="Until">Its end, which does not; null for none.</param>
public readonly record struct Period(DateTimeOffset? Since, DateTimeOffset? Until)
{
    internal long SinceUnixMilliseconds => Since is { } since ? RoundUp(since) : long.MinValue;

    internal long UntilUnixMilliseconds => Until is { } until ? RoundUp(until) : long.MaxValue;

    // Records have whole milliseconds: none lies between a fraction and the next one.
    private static long RoundUp(DateTimeOffset time)
    {
        var floor = time.ToUnixTimeMilliseconds();
        return DateTimeOffset.FromUnixTimeMilliseconds(floor) < time ? floor + 1 : floor;
    }
}
