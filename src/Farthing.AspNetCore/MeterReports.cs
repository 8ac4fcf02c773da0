using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Farthing.Protocol;
using Microsoft.Extensions.Options;

namespace Farthing.AspNetCore;

/// <summary>What is known of a meter after a call.</summary>
internal enum MeterState
{
    /// <summary>It runs.</summary>
    Running,

    /// <summary>It is stopped, or none of this payee's.</summary>
    Stopped,

    /// <summary>Nobody answered who knows.</summary>
    Unknown,
}

/// <summary>The payment server's answer to a report.</summary>
/// <param name="State">What is known now.</param>
/// <param name="Units">What all counters have reported, if the report was taken.</param>
/// <param name="Silence">How long the meter runs on from the report if no other follows.</param>
/// <param name="Refusal">The code of a refusal, or null.</param>
internal readonly record struct MeterAnswer(MeterState State, long? Units = null, TimeSpan Silence = default, string? Refusal = null);

/// <summary>Tells the payment server what was counted.</summary>
internal abstract class MeterReports
{
    /// <summary>Reports all units of a meter that a counter has counted so far.</summary>
    public abstract ValueTask<MeterAnswer> ReportAsync(Id<MeterKind> meter, string counter, long units, CancellationToken stop);

    /// <summary>Stops a meter.</summary>
    public abstract ValueTask<MeterAnswer> StopAsync(Id<MeterKind> meter, CancellationToken stop);
}

/// <summary>Calls the payment server with the payee's key.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class ServerMeterReports(IOptions<FarthingOptions> options) : MeterReports, IDisposable
{
    private const int MaxAnswerBytes = 16 << 10;

    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
    {
        BaseAddress = new Uri(options.Value.Server),
        Timeout = TimeSpan.FromSeconds(5),
        MaxResponseContentBufferSize = MaxAnswerBytes,
    };

    public override ValueTask<MeterAnswer> ReportAsync(Id<MeterKind> meter, string counter, long units, CancellationToken stop) =>
        CallAsync($"/v1/meters/{meter}/report", new JsonObject { ["units"] = units, ["counter"] = counter }, stop);

    public override ValueTask<MeterAnswer> StopAsync(Id<MeterKind> meter, CancellationToken stop) => CallAsync($"/v1/meters/{meter}/stop", [], stop);

    public void Dispose() => http.Dispose();

    private async ValueTask<MeterAnswer> CallAsync(string path, JsonObject body, CancellationToken stop)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative)) { Content = new StringContent(body.ToJsonString(), System.Text.Encoding.UTF8, "application/json") };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", options.Value.PayeeKey);
            using var response = await http.SendAsync(request, stop);
            if (response.StatusCode is >= HttpStatusCode.InternalServerError or HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout) return new MeterAnswer(MeterState.Unknown);
            using var answer = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(stop));
            var root = answer.RootElement;
            // A wrong key or address says nothing of the meter: were it taken as stopped, its units would be lost and its payer asked to start another one.
            if (!response.IsSuccessStatusCode)
                return new MeterAnswer(response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.MisdirectedRequest ? MeterState.Unknown : MeterState.Stopped, Refusal: root.GetProperty("code").GetString());
            var units = root.GetProperty("units").GetInt64();
            return root.GetProperty("status").GetString() == "running"
                ? new MeterAnswer(MeterState.Running, units, root.GetProperty("stopsAt").GetDateTimeOffset() - root.GetProperty("reportedAt").GetDateTimeOffset())
                : new MeterAnswer(MeterState.Stopped, units);
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or InvalidOperationException or KeyNotFoundException or FormatException || (e is OperationCanceledException && !stop.IsCancellationRequested))
        {
            return new MeterAnswer(MeterState.Unknown);
        }
    }
}
