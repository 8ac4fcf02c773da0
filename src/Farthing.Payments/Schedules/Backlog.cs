namespace Farthing.Payments.Schedules;

/// <summary>What is due, and what fails. Times are Unix milliseconds.</summary>
/// <param name="Due">How many subjects are due now.</param>
/// <param name="OldestDueUnixMilliseconds">The oldest instant that is due now and not done, or null.</param>
/// <param name="NextRunUnixMilliseconds">When something is next to be done that is not due yet, or null.</param>
/// <param name="Failing">How many failed when they were last tried.</param>
public sealed record Backlog(int Due, long? OldestDueUnixMilliseconds, long? NextRunUnixMilliseconds, int Failing);
