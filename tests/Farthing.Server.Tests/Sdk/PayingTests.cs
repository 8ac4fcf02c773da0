using System.Net;
using Farthing.Client;
using Farthing.Protocol;

namespace Farthing.Server.Tests.Sdk;

/// <summary>The paying handler, a site's gate and a server, all of them real.</summary>
public sealed class PayingTests(SharedServer server)
{
    [Fact]
    public async Task Process_that_is_gone_after_it_paid_leaves_its_purchase_to_the_next()
    {
        using var anyone = new FarthingClient(server.Process.Address);
        await using var site = await SellingSite.OpenAsync(anyone.WithKey(ServerProcess.OperatorKey));
        var account = await server.Api.NewWalletAsync("1");
        var payer = anyone.WithKey(account.Key);
        using var directory = new TemporaryDirectory();
        var file = Path.Combine(directory.Path, "budget");
        var copy = Path.Combine(directory.Path, "copy");

        using (var budget = Budget.PerDay("0.01 USD").KeptIn(file))
        {
            // Paid, and then the process is gone: what it wrote so far is all there is.
            using var line = new LostLine(copyTo: () => File.Copy(file, copy));
            using var http = new HttpClient(new PayingHandler(payer, budget) { InnerHandler = line });
            await Assert.ThrowsAsync<IOException>(() => http.GetStringAsync(site.ForecastUrl, TestContext.Current.CancellationToken));
        }

        Assert.Equal("0.998", (await server.Api.GetAsync($"/v1/wallets/{account.Id}", account.Key)).Amount("balance"));
        Assert.Equal(0, site.Served);

        using var later = Budget.PerDay("0.01 USD").KeptIn(copy);
        using var browser = payer.CreateHttpClient(later);
        Assert.Equal(SellingSite.Forecast, await browser.GetStringAsync(site.ForecastUrl, TestContext.Current.CancellationToken));
        Assert.Equal(Amount.Parse("0.002 USD"), later.Spent);
        Assert.Equal("0.998", (await server.Api.GetAsync($"/v1/wallets/{account.Id}", account.Key)).Amount("balance"));

        // The next one is another request.
        Assert.Equal(SellingSite.Forecast, await browser.GetStringAsync(site.ForecastUrl, TestContext.Current.CancellationToken));
        Assert.Equal("0.996", (await server.Api.GetAsync($"/v1/wallets/{account.Id}", account.Key)).Amount("balance"));
        Assert.Equal(2, site.Served);
    }

    [Fact]
    public async Task Named_request_is_served_once_and_never_paid_again()
    {
        using var anyone = new FarthingClient(server.Process.Address);
        await using var site = await SellingSite.OpenAsync(anyone.WithKey(ServerProcess.OperatorKey));
        var account = await server.Api.NewWalletAsync("1");
        using var http = anyone.WithKey(account.Key).CreateHttpClient(Budget.PerDay("0.01 USD"));
        var statuses = new List<HttpStatusCode>();
        for (var i = 0; i < 3; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, site.ForecastUrl);
            request.Options.Set(PayingHandler.NameOption, "forecast of today");
            using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
            statuses.Add(response.StatusCode);
            Assert.True(request.Options.TryGetValue(PayingHandler.PaymentOption, out var payment));
            Assert.Equal(Amount.Parse("0.002 USD"), payment.Amount);
        }

        // A call that is paid for is served once: the handler shows the old payment again, and does not pay.
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.PaymentRequired, HttpStatusCode.PaymentRequired], statuses);
        Assert.Equal("0.998", (await server.Api.GetAsync($"/v1/wallets/{account.Id}", account.Key)).Amount("balance"));
    }

    private sealed class LostLine(Action copyTo) : DelegatingHandler(new SocketsHttpHandler())
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Headers.Authorization is null) return base.SendAsync(request, cancellationToken);
            copyTo();
            throw new IOException("The line is lost.");
        }
    }
}

/// <summary>What is asked again when the terms have long ended.</summary>
[Collection(typeof(MovedClock))]
public sealed class PayingLateTests(ClockServer server)
{
    [Fact]
    public async Task Payment_that_nobody_heard_of_is_found_by_its_key_when_its_terms_are_over()
    {
        using var anyone = new FarthingClient(server.Process.Address);
        await using var site = await SellingSite.OpenAsync(anyone.WithKey(ServerProcess.OperatorKey));
        var account = await server.Api.NewWalletAsync("1");
        var payer = anyone.WithKey(account.Key);
        var terms = site.Sign((await server.NowAsync()).AddMinutes(2));
        var key = payer.NewKey();
        var paid = await payer.Payments.CreatePaymentAsync(new NewPayment { Terms = terms }, key, TestContext.Current.CancellationToken);

        await server.AdvanceAsync(TimeSpan.FromHours(2));
        var found = await payer.Payments.CreatePaymentAsync(new NewPayment { Terms = terms }, key, TestContext.Current.CancellationToken);
        Assert.Equal(paid.Id, found.Id);
        Assert.NotNull(found.Entitlement);
        var refused = await Assert.ThrowsAsync<FarthingException>(() => payer.Payments.CreatePaymentAsync(new NewPayment { Terms = terms }, payer.NewKey(), TestContext.Current.CancellationToken));
        Assert.False(refused.IsUnclear);
        Assert.Equal("0.998", (await server.Api.GetAsync($"/v1/wallets/{account.Id}", account.Key)).Amount("balance"));
    }
}
