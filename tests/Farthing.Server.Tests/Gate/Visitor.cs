using System.Net;
using System.Text.RegularExpressions;
using System.Web;

namespace Farthing.Server.Tests.Gate;

/// <summary>A person at a browser with a wallet: keeps cookies, follows nothing by itself.</summary>
public sealed partial class Visitor : IDisposable
{
    private readonly CookieContainer cookies = new();
    private readonly Api api;
    private readonly Account wallet;
    private readonly HttpClient http;

    private Visitor(Api api, Uri site, Account wallet)
    {
        this.api = api;
        this.wallet = wallet;
        http = new HttpClient(new SocketsHttpHandler { CookieContainer = cookies, AllowAutoRedirect = false }) { BaseAddress = site };
    }

    public static async Task<Visitor> NewAsync(Api api, Uri site, string currency = "USD") => new(api, site, await api.NewWalletAsync("1", currency));

    /// <summary>The cookies that it would send, as a header's value.</summary>
    public string CookiesFor(string path) => cookies.GetCookieHeader(new Uri(http.BaseAddress!, path));

    public async Task<(int Status, string Body, HttpResponseMessage Response)> VisitAsync(string path, HttpMethod? method = null, params (string Name, string Value)[] headers)
    {
        var response = await SendAsync(path, method ?? HttpMethod.Get, headers, HttpCompletionOption.ResponseContentRead);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(), response);
    }

    /// <summary>Begins to read.</summary>
    public Task<HttpResponseMessage> OpenAsync(string path, params (string Name, string Value)[] headers) => SendAsync(path, HttpMethod.Get, headers, HttpCompletionOption.ResponseHeadersRead);

    /// <summary>Sees the page with the price, and takes the terms of its link.</summary>
    public async Task<string> AskAsync(string path)
    {
        var (status, body, _) = await VisitAsync(path);
        Assert.Equal(402, status);
        return HttpUtility.ParseQueryString(new Uri(HttpUtility.HtmlDecode(WalletLink().Match(body).Groups[1].Value)).Query)["terms"]!;
    }

    /// <summary>Pays in the wallet.</summary>
    /// <returns>The payment's id and the entitlement.</returns>
    public async Task<(string Payment, string Entitlement)> PayAsync(string terms)
    {
        var paid = await api.PostAsync("/v1/payments", wallet.Key, $$"""{"terms":"{{terms}}"}""");
        Assert.True(paid.Status == 201, paid.Text);
        return (paid["id"]!, paid["entitlement"]!);
    }

    /// <summary>Buys a page: sees the price, pays, comes back, and is sent to the clean address.</summary>
    public async Task BuyAsync(string path)
    {
        var (_, entitlement) = await PayAsync(await AskAsync(path));
        var (status, _, response) = await VisitAsync($"{path}?farthing={entitlement}");
        Assert.Equal(303, status);
        Assert.Equal(new Uri(http.BaseAddress!, path), response.Headers.Location);
    }

    /// <summary>Takes the money back.</summary>
    public async Task GiveBackAsync(string payment)
    {
        var refunded = await api.PostAsync($"/v1/payments/{payment}/refunds", wallet.Key, "{}");
        Assert.True(refunded.Status == 201, refunded.Text);
    }

    private async Task<HttpResponseMessage> SendAsync(string path, HttpMethod method, (string Name, string Value)[] headers, HttpCompletionOption until)
    {
        using var request = new HttpRequestMessage(method, path);
        if (!headers.Any(header => header.Name == "Accept")) request.Headers.Add("Accept", "text/html,*/*;q=0.8");
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return await http.SendAsync(request, until);
    }

    public void Dispose() => http.Dispose();

    [GeneratedRegex("href=\"([^\"]*/pay\\?terms=[^\"]+)\"")]
    private static partial Regex WalletLink();
}
