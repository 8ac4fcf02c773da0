using Farthing.Client;

namespace ForecastReader;

/// <summary>Reads one forecast a day, and pays for it once, however often it is started again.</summary>
internal static class Kept
{
    public static async Task ReadAsync(Uri server, string walletKey, Uri url, string path, string day)
    {
        // snippet: kept
        using var budget = Budget.PerDay("1.00 USD").KeptIn(path);
        using var wallet = new FarthingClient(server, walletKey);
        using var http = wallet.CreateHttpClient(budget);

        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Options.Set(PayingHandler.NameOption, $"forecast of {day}");
        using var response = await http.SendAsync(request);
        // end snippet

        response.EnsureSuccessStatusCode();
        Console.WriteLine(await response.Content.ReadAsStringAsync());
    }
}
