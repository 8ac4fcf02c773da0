using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;

namespace Farthing.AspNetCore;

/// <summary>How an entitlement that is over is continued without sending the browser anywhere: a film's next part cannot go by way of the wallet.</summary>
internal abstract class Renewals
{
    /// <summary>True if it costs nothing to ask, so that people's visits are continued like that too.</summary>
    public abstract bool IsForVisits { get; }

    /// <summary>Asks for a fresh entitlement.</summary>
    public abstract ValueTask<Renewed> ContinueAsync(string token, CancellationToken stop);
}

/// <summary>The answer to a renewal.</summary>
/// <param name="Token">The fresh entitlement, or null.</param>
/// <param name="IsKnown">False if nobody could be asked, so that nothing is known.</param>
internal readonly record struct Renewed(string? Token, bool IsKnown = true);

/// <summary>Asks the payment server, at most once a minute for each browser and page while the money can be given back.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class ServerRenewals(IOptions<FarthingOptions> options) : Renewals, IDisposable
{
    private const int MaxAnswerBytes = 16 << 10;

    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
    {
        BaseAddress = new Uri(options.Value.Server),
        Timeout = TimeSpan.FromSeconds(5),
        MaxResponseContentBufferSize = MaxAnswerBytes,
    };

    public override bool IsForVisits => false;

    public override async ValueTask<Renewed> ContinueAsync(string token, CancellationToken stop)
    {
        try
        {
            using var content = new StringContent(new JsonObject { ["entitlement"] = token }.ToJsonString(), System.Text.Encoding.UTF8, "application/json");
            using var response = await http.PostAsync(new Uri("/v1/entitlements/renew", UriKind.Relative), content, stop);
            if (!response.IsSuccessStatusCode) return new Renewed(null, (int)response.StatusCode is >= 400 and < 500);
            using var answer = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(stop));
            return new Renewed(answer.RootElement.GetProperty("entitlement").GetString());
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or InvalidOperationException or KeyNotFoundException || (e is OperationCanceledException && !stop.IsCancellationRequested))
        {
            return new Renewed(null, IsKnown: false);
        }
    }

    public void Dispose() => http.Dispose();
}
