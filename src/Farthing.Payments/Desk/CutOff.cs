using Farthing.Payments.Settings;

namespace Farthing.Payments.Desk;

/// <summary>What a request claimed and never paid, as the client gave up or the server stopped: for how long it is still carried on.</summary>
internal static class CutOff
{
    /// <summary>A repeat, or a start of the server, within this pays it; later nobody expects that any more.</summary>
    public static readonly TimeSpan CarriedOnFor = TimeSpan.FromHours(1);

    /// <summary>Whether something that was claimed, and for which nothing was paid, is not paid any more.</summary>
    public static bool IsGivenUp(RowState state, DateTimeOffset claimedAt, DateTimeOffset now) => state == RowState.Refused || (state == RowState.Creating && now - claimedAt > CarriedOnFor);

    public static Refusal TooOld { get; } = new(RefusalCodes.RequestTooOld, "The request was cut off before it was paid, too long ago to be paid now. Nothing was paid. Ask again with a new key.");
}
