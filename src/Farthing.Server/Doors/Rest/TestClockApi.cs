using System.Xml;
using Farthing.Payments;

namespace Farthing.Server.Doors.Rest;

/// <summary><c>/v1/test/clock</c>: the server's clock, moved on by hand. There is no such call unless the server was started with <c>--test-clock</c>.</summary>
internal static class TestClockApi
{
    private const string Example = """{"now":"2026-12-23T09:30:00.000Z"}""";

    public static void Map(RestRoutes door, TestClock clock)
    {
        door.Get("/v1/test/clock", request => AnswerAsync(request, clock), new RestCall
        {
            OperationId = "readTestClock",
            Tag = "Test clock",
            Summary = "Read the server's clock",
            Key = KeyOwner.Operator,
            Answer = typeof(ClockJson),
            AnswerExample = Example,
        });
        door.Post("/v1/test/clock", request => MoveAsync(request, clock), new RestCall
        {
            OperationId = "moveTestClock",
            Tag = "Test clock",
            Summary = "Move the server's clock on",
            Description = "Either now, a time, or advance, an ISO 8601 duration in days, hours, minutes and seconds. The clock only goes forward. To repeat a call that was not answered is safe with now only.",
            Key = KeyOwner.Operator,
            Body = typeof(MoveClockBody),
            Answer = typeof(ClockJson),
            BodyExample = """{"advance":"P30DT12H"}""",
            AnswerExample = Example,
        });
    }

    private static async ValueTask<Refusal?> MoveAsync(RestRequest request, TestClock clock)
    {
        var read = await request.ReadBodyAsync(Wire.Default.MoveClockBody);
        if (!read.IsGiven) return read.Refusal;
        var (now, advance) = (read.Value.Now, read.Value.Advance);
        if ((now is null) == (advance is null)) return new Refusal(RefusalCodes.InvalidField, "Give either now or advance.");
        bool isMoved;
        if (now is not null)
        {
            if (!WireTime.TryParse(now, out var time)) return new Refusal(RefusalCodes.InvalidField, "now must be a time such as 2026-11-23T09:30:00Z.");
            isMoved = clock.TryMoveTo(time);
        }
        else
        {
            if (!TryReadDuration(advance!, out var by)) return new Refusal(RefusalCodes.InvalidField, "advance must be a duration such as PT1H or P30D, without years and months, which have no one length.");
            isMoved = clock.TryAdvance(by);
        }

        return isMoved
            ? await AnswerAsync(request, clock)
            : new Refusal(RefusalCodes.InvalidField, $"The clock stands at {WireTime.Format(clock.GetUtcNow())}. It only goes forward, and at most {TestClock.MaxLead.Days} days before the system's.");
    }

    private static ValueTask<Refusal?> AnswerAsync(RestRequest request, TestClock clock) =>
        request.AnswerAsync(new ClockJson(WireTime.Format(clock.GetUtcNow())), Wire.Default.ClockJson);

    private static bool TryReadDuration(string text, out TimeSpan duration)
    {
        duration = default;
        var days = text.Split('T')[0];
        if (days.Contains('Y', StringComparison.Ordinal) || days.Contains('M', StringComparison.Ordinal)) return false;
        try
        {
            duration = XmlConvert.ToTimeSpan(text);
            return true;
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            return false;
        }
    }
}
