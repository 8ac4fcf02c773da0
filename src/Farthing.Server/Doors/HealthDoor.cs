using System.Text.Json;
using Farthing.Payments;

namespace Farthing.Server.Doors;

/// <summary>Whether the server takes work. Ready once everything is prepared, until the ledger or the operator says stop.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class Readiness(Ledger.Ledger ledger)
{
    // Written once by the composition root; read anywhere.
    private volatile bool started;

    /// <summary>Null if work is taken; else why not, in words.</summary>
    public string? NotReadyReason => started ? ledger.NotReadyReason : "The server is starting.";

    /// <summary>What the operator should look at though work is taken, in words; null if nothing.</summary>
    public string? Warning => ledger.SnapshotProblem;

    public void MarkStarted() => started = true;
}

/// <summary><c>/health/live</c> and <c>/health/ready</c>.</summary>
internal static class HealthDoor
{
    public static void MapHealth(this IEndpointRouteBuilder routes, Readiness readiness)
    {
        routes.MapGet("/health/live", http => AnswerAsync(http, """{"status":"live"}"""));
        routes.MapGet("/health/ready", http => readiness.NotReadyReason is { } reason
            ? Problem.AnswerAsync(http, new Refusal(RefusalCodes.NotReady, reason))
            : AnswerAsync(http, readiness.Warning is { } warning
                ? $$"""{"status":"ready","warning":"{{JsonEncodedText.Encode(warning)}}"}"""
                : """{"status":"ready"}"""));
    }

    private static Task AnswerAsync(HttpContext http, string json)
    {
        http.Response.ContentType = "application/json";
        http.Response.Headers.CacheControl = "no-store";
        return http.Response.WriteAsync(json);
    }
}
