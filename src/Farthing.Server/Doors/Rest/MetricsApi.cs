namespace Farthing.Server.Doors.Rest;

/// <summary><c>/metrics</c>: what the server measures of itself, for a scraper that has the operator's key.</summary>
internal static class MetricsApi
{
    public static void Map(RestRoutes door, ScrapedMetrics metrics) => door.Get("/metrics", request => AnswerAsync(request, metrics), new RestCall
    {
        OperationId = "readMetrics",
        Tag = "Ledger",
        Summary = "Read what the server measures of itself",
        Description = "The Prometheus text format, version 0.0.4: the ledger's queue, batches, flushes and lags, and the runtime's memory and collections.",
        Key = KeyOwner.Operator,
        AnswerExample = "# TYPE farthing_ledger_records_total counter\nfarthing_ledger_records_total 42\n",
    });

    private static async ValueTask<Payments.Refusal?> AnswerAsync(RestRequest request, ScrapedMetrics metrics)
    {
        var response = request.Http.Response;
        response.ContentType = ScrapedMetrics.MediaType;
        response.Headers.CacheControl = "no-store";
        await response.WriteAsync(metrics.Write());
        return null;
    }
}
