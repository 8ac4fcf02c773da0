using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using System.Web;
using Farthing.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Farthing.AspNetCore.Tests;

/// <summary>A site with a price, on a free loopback port, and the keys of an operator whose entitlements it accepts.</summary>
public sealed class PaidSite : IAsyncDisposable
{
    /// <summary>What must not be seen unpaid, in any answer.</summary>
    public const string PaidText = "ONLY-FOR-THOSE-WHO-PAID";

    private readonly WebApplication app;
    private int served;
    private int running;

    private PaidSite(WebApplication app, HttpClient http, FakeTimeProvider time)
    {
        this.app = app;
        Http = http;
        Time = time;
    }

    public static Id<PayeeKind> Payee { get; } = Id<PayeeKind>.New(TimeProvider.System);

    public static SigningKey PayeeKey { get; } = SigningKey.FromSeed(Enumerable.Repeat((byte)7, 32).ToArray());

    public static SigningKey Operator { get; } = SigningKey.FromSeed(Enumerable.Repeat((byte)9, 32).ToArray());

    public HttpClient Http { get; }

    public FakeTimeProvider Time { get; }

    /// <summary>What the payment server says when it is asked to continue an entitlement.</summary>
    internal SetRenewals Renewals { get; private init; } = null!;

    /// <summary>What the payment server says to reports of meters.</summary>
    internal SetReports Reports { get; private init; } = null!;

    /// <summary>The meters that the site counts.</summary>
    internal MeterCounts Meters => app.Services.GetRequiredService<MeterCounts>();

    /// <summary>Stops the site, as it is stopped when its machine is.</summary>
    public Task StopAsync() => app.StopAsync();

    /// <summary>How often a handler behind the gate ran.</summary>
    public int Served => Volatile.Read(ref served);

    public static async Task<PaidSite> StartAsync(Action<PaidSite, WebApplication>? map = null, Action<FarthingOptions>? configure = null, Action<IServiceCollection>? services = null, TimeSpan later = default)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddRoutingCore();
        builder.Logging.ClearProviders();
        var time = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(1_795_392_000) + later);
        builder.Services.AddSingleton<TimeProvider>(time);
        var renewals = new SetRenewals();
        builder.Services.AddSingleton<Renewals>(renewals);
        var reports = new SetReports();
        builder.Services.AddSingleton<MeterReports>(reports);
        builder.Services.AddFarthing(options =>
        {
            options.Payee = Payee.ToString();
            options.SigningKey = Convert.ToBase64String(PayeeKey.ExportSeed());
            options.Server = "http://127.0.0.1:5080";
            options.EntitlementKey = Operator.Verifier.ToString();
            configure?.Invoke(options);
        });
        services?.Invoke(builder.Services);

        var app = builder.Build();
        var handler = new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false };
        var site = new PaidSite(app, new HttpClient(handler), time) { Renewals = renewals, Reports = reports };
        app.Use(site.CountAsync);
        app.UseRouting();
        if (map is not null) map(site, app);
        else app.MapMethods("/articles/{slug}", ["GET", "HEAD"], site.Serve).RequirePayment("0.02 USD");
        await app.StartAsync();
        site.Http.BaseAddress = new Uri(app.Urls.Single());
        return site;
    }

    /// <summary>The handler behind the gate.</summary>
    public IResult Serve(HttpContext context)
    {
        Interlocked.Increment(ref served);
        return Results.Text($"{PaidText} {context.GetPayment()?.Id}");
    }

    public async Task<HttpResponseMessage> SendAsync(string path, HttpMethod? method = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, path);
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        var response = await Http.SendAsync(request);
        // An answer is here before its request has ended there, and what a request is counted for is counted at its end.
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        using var looks = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        while (Volatile.Read(ref running) > 0) await looks.WaitForNextTickAsync(deadline.Token);
        return response;
    }

    private async Task CountAsync(HttpContext context, RequestDelegate next)
    {
        Interlocked.Increment(ref running);
        try
        {
            await next(context);
        }
        finally
        {
            Interlocked.Decrement(ref running);
        }
    }

    /// <summary>Sends bytes as they are, where an HTTP client would tidy the address up.</summary>
    public async Task<string> SendRawAsync(string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Http.BaseAddress!.Port);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return await reader.ReadToEndAsync();
    }

    /// <summary>An entitlement as the operator gives it, before it is signed.</summary>
    public Entitlement EntitlementFor(string resource, string nonce, TimeSpan? lifetime = null) => new()
    {
        Payee = Payee,
        Payment = Id<PaymentKind>.New(Time),
        Resource = resource,
        Nonce = nonce,
        Issued = Time.GetUtcNow(),
        Expires = Time.GetUtcNow() + (lifetime ?? TimeSpan.FromSeconds(60)),
        RefundableUntil = Time.GetUtcNow() + TimeSpan.FromMinutes(15),
    };

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await app.DisposeAsync();
    }
}

/// <summary>In place of the payment server: says what the test sets; that nothing is continued, if it sets nothing.</summary>
internal sealed class SetRenewals : Renewals
{
    public Func<string, Renewed> Answer { get; set; } = _ => new Renewed(null);

    public int Asked { get; private set; }

    public override bool IsForVisits => false;

    public override ValueTask<Renewed> ContinueAsync(string token, CancellationToken stop)
    {
        Asked++;
        return new(Answer(token));
    }
}

/// <summary>In place of the payment server: adds up what counters report, and says what the test sets.</summary>
internal sealed class SetReports : MeterReports
{
    private readonly Dictionary<Id<MeterKind>, Dictionary<string, long>> counters = [];
    private readonly Lock gate = new();
    private int calls;

    public TimeSpan Silence { get; set; } = TimeSpan.FromSeconds(300);

    /// <summary>True while nobody answers.</summary>
    public volatile bool IsAway;

    /// <summary>Meters that were stopped.</summary>
    public HashSet<Id<MeterKind>> Stopped { get; } = [];

    public int Calls => Volatile.Read(ref calls);

    /// <summary>All units of a meter that were reported.</summary>
    public long UnitsOf(Id<PaymentKind> payment)
    {
        lock (gate) return counters.GetValueOrDefault(new(payment.Value))?.Values.Sum() ?? 0;
    }

    public bool IsStopped(Id<PaymentKind> payment)
    {
        lock (gate) return Stopped.Contains(new(payment.Value));
    }

    public override ValueTask<MeterAnswer> ReportAsync(Id<MeterKind> meter, string counter, long units, CancellationToken stop)
    {
        Interlocked.Increment(ref calls);
        if (IsAway) return new(new MeterAnswer(MeterState.Unknown));
        lock (gate)
        {
            if (Stopped.Contains(meter)) return new(new MeterAnswer(MeterState.Stopped, Refusal: "meter_stopped"));
            if (!counters.TryGetValue(meter, out var counts)) counters.Add(meter, counts = []);
            Assert.True(units >= counts.GetValueOrDefault(counter), "Units fell.");
            counts[counter] = units;
            return new(new MeterAnswer(MeterState.Running, counts.Values.Sum(), Silence));
        }
    }

    public override ValueTask<MeterAnswer> StopAsync(Id<MeterKind> meter, CancellationToken stop)
    {
        Interlocked.Increment(ref calls);
        if (IsAway) return new(new MeterAnswer(MeterState.Unknown));
        lock (gate)
        {
            Stopped.Add(meter);
            return new(new MeterAnswer(MeterState.Stopped, counters.GetValueOrDefault(meter)?.Values.Sum() ?? 0));
        }
    }
}

/// <summary>A browser, as far as a site sees one: it accepts HTML and keeps cookies by path.</summary>
public sealed partial class Browser(PaidSite site)
{
    public const string Html = "text/html,application/xhtml+xml,*/*;q=0.8";

    private readonly Dictionary<string, (string Value, string Path)> cookies = [];

    public IReadOnlyDictionary<string, (string Value, string Path)> Cookies => cookies;

    public async Task<Visit> VisitAsync(string path, HttpMethod? method = null, params (string Name, string Value)[] headers)
    {
        var sent = string.Join("; ", cookies.Where(cookie => path.StartsWith(cookie.Value.Path, StringComparison.Ordinal)).Select(cookie => $"{cookie.Key}={cookie.Value.Value}"));
        var all = headers.Any(header => header.Name == "Accept") ? headers : [.. headers, ("Accept", Html)];
        if (sent.Length > 0) all = [.. all, ("Cookie", sent)];
        using var response = await site.SendAsync(path, method, all);
        if (response.Headers.TryGetValues("Set-Cookie", out var values)) foreach (var value in values) Keep(value);
        return await Visit.ReadAsync(response);
    }

    /// <summary>Puts a cookie there by hand, as a thief would.</summary>
    public void Plant(string name, string value, string path = "/") => cookies[name] = (value, path);

    /// <summary>Sees the 402 page, and gives the terms of its link.</summary>
    public async Task<Terms> AskAsync(string path)
    {
        var visit = await VisitAsync(path);
        Assert.Equal(HttpStatusCode.PaymentRequired, visit.Status);
        return visit.PayLinkTerms();
    }

    /// <summary>Pays as the wallet would: comes back with an entitlement.</summary>
    public async Task PayAsync(string path)
    {
        var terms = await AskAsync(path);
        var visit = await VisitAsync($"{path}?farthing={site.EntitlementFor(terms.Resource, terms.Nonce).Sign(PaidSite.Operator)}");
        Assert.Equal(HttpStatusCode.SeeOther, visit.Status);
    }

    private void Keep(string header)
    {
        var match = CookieHeader().Match(header);
        var path = Regex.Match(header, "path=([^;]*)", RegexOptions.IgnoreCase).Groups[1].Value;
        if (header.Contains("expires=Thu, 01 Jan 1970", StringComparison.OrdinalIgnoreCase)) cookies.Remove(match.Groups[1].Value);
        else cookies[match.Groups[1].Value] = (match.Groups[2].Value, path);
    }

    [GeneratedRegex("^([^=]+)=([^;]*)")]
    private static partial Regex CookieHeader();
}

/// <summary>An answer, read to its end.</summary>
public sealed record Visit(HttpStatusCode Status, string Body, string? Location, IReadOnlyDictionary<string, string> Headers)
{
    public static async Task<Visit> ReadAsync(HttpResponseMessage response) => new(
        response.StatusCode,
        await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
        response.Headers.TryGetValues("Location", out var location) ? location.Single() : null,
        response.Headers.Concat(response.Content.Headers).ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase));

    /// <summary>The terms of the page's only link to the wallet.</summary>
    public Terms PayLinkTerms()
    {
        var link = Assert.Single(Regex.Matches(Body, "href=\"(http://127.0.0.1:5080/pay\\?terms=[^\"]+)\""));
        return ReadTerms(HttpUtility.HtmlDecode(link.Groups[1].Value));
    }

    public static Terms ReadTerms(string address)
    {
        var token = HttpUtility.ParseQueryString(new Uri(address).Query)["terms"]!;
        Assert.True(Terms.TryParse(token, out var terms));
        Assert.True(Terms.VerifySignature(token, PaidSite.PayeeKey.Verifier));
        return terms;
    }
}
