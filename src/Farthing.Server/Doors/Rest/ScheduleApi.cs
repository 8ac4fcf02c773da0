using Farthing.Payments;
using Farthing.Payments.Schedules;
using Farthing.Protocol;

namespace Farthing.Server.Doors.Rest;

/// <summary><c>/v1/schedule</c>: what falls due, and what of it fails.</summary>
internal static class ScheduleApi
{
    public static void Map(RestRoutes door) => door.Get("/v1/schedule", AnswerAsync, new RestCall
    {
        OperationId = "readSchedule",
        Tag = "Ledger",
        Summary = "Read what is due and what fails",
        Description = "Monthly tips, subscriptions, round-ups, deadlines of campaigns, tabs, meters, fare days and payouts. The lines are what failed when it was last tried, newest first; it is tried again by itself. A refusal that is the payer's business, such as insufficient funds, is no failure here.",
        Key = KeyOwner.Operator,
        IsPaged = true,
        Answer = typeof(ScheduleJson),
        AnswerExample = """{"dueNow":1,"oldestDue":"2026-11-23T09:30:00.000Z","nextDue":"2026-11-23T10:00:00.000Z","failing":1,"lines":[{"kind":"tip","subject":"tip_01JD8Y2M6K3T5V7W9XAZBCDEFG","dueAt":"2026-11-23T09:29:00.000Z","triedAgainAt":"2026-11-23T09:30:04.000Z","attempt":3,"code":"not_ready"}]}""",
    });

    private static async ValueTask<Refusal?> AnswerAsync(RestRequest request)
    {
        if (request.ReadPage(out var cursor, out var pageSize) is { } refusal) return refusal;
        var failing = await request.System.Schedule.ListFailingAsync(cursor, pageSize);
        if (!failing.IsGiven) return failing.Refusal;
        var backlog = await request.System.Schedule.ReadBacklogAsync();
        var answer = new ScheduleJson(backlog.Due, TimeOf(backlog.OldestDueUnixMilliseconds), TimeOf(backlog.NextRunUnixMilliseconds), backlog.Failing,
            [.. failing.Value.Lines.Select(From)], failing.Value.Next);
        return await request.AnswerAsync(answer, Wire.Default.ScheduleJson);
    }

    internal static FailingJson From(DueRow row) => new(
        row.Kind.ToString().ToLowerInvariant(),
        NameOf(row),
        TimeOf(row.DueUnixMilliseconds)!,
        TimeOf(row.RunUnixMilliseconds)!,
        row.Attempt,
        row.Fault!);

    private static string NameOf(DueRow row) => row.Kind switch
    {
        DueKind.Tip => new Id<TipKind>(row.Id).ToString(),
        DueKind.Campaign => new Id<CampaignKind>(row.Id).ToString(),
        DueKind.Tab => new Id<TabKind>(row.Id).ToString(),
        DueKind.Meter => new Id<MeterKind>(row.Id).ToString(),
        DueKind.Subscription => new Id<SubscriptionKind>(row.Id).ToString(),
        DueKind.RoundUp => new Id<RoundUpKind>(row.Id).ToString(),
        DueKind.FareDay => new Id<FareDayKind>(row.Id).ToString(),
        DueKind.Payout => new Id<PayoutKind>(row.Id).ToString(),
        DueKind.PayoutSetting => new Id<PayeeKind>(row.Id).ToString(),
        _ => throw new InvalidOperationException($"The schedule has a row of the unknown kind {row.Kind}."),
    };

    private static string? TimeOf(long? unixMilliseconds) => unixMilliseconds is { } time ? WireTime.Format(DateTimeOffset.FromUnixTimeMilliseconds(time)) : null;
}
