using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Farthing.StripeSimulator;

/// <summary>Stands for Stripe in tests: see the README beside it. Thread-safe.</summary>
public sealed class StripeSimulator : IAsyncDisposable
{
    /// <summary>The only key that it accepts.</summary>
    public const string Key = "sk_test_simulator";

    /// <summary>What its events are signed with.</summary>
    public const string WebhookSecret = "whsec_simulator";

    private readonly WebApplication app;
    private readonly Lock gate = new();
    private readonly StripeAccount account;
    private readonly Idempotency idempotency;
    private readonly List<(string Path, Fault Fault)> faults = [];
    private readonly List<string> calls = [];
    private readonly TimeProvider time;

    private StripeSimulator(WebApplication app, TimeProvider time)
    {
        this.app = app;
        this.time = time;
        account = new StripeAccount(time);
        idempotency = new Idempotency(time);
        app.Run(HandleAsync);
    }

    /// <summary>Where it listens.</summary>
    public Uri Address => new(app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single());

    /// <summary>Every call so far: method and path.</summary>
    public IReadOnlyList<string> Calls
    {
        get { lock (gate) return [.. calls]; }
    }

    /// <summary>Starts one on a free port of 127.0.0.1.</summary>
    /// <param name="time">Its clock.</param>
    /// <param name="showsPages">True if card pages are shown here, for a browser, in place of addresses at Stripe.</param>
    public static async Task<StripeSimulator> StartAsync(TimeProvider time, bool showsPages = false)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var simulator = new StripeSimulator(builder.Build(), time);
        await simulator.app.StartAsync();
        if (showsPages) simulator.account.Pages = simulator.Address.GetLeftPart(UriPartial.Authority);
        return simulator;
    }

    /// <summary>Lets the next call fail whose method and path begin so, such as <c>POST /v1/refunds</c>. Several wait their turn.</summary>
    public void FailNext(string call, Fault fault)
    {
        lock (gate) faults.Add((call, fault));
    }

    /// <summary>What the outside world does: payers at the page, their banks, and the operator at the dashboard.</summary>
    public T Do<T>(Func<StripeAccount, T> act)
    {
        ArgumentNullException.ThrowIfNull(act);
        lock (gate) return act(account);
    }

    /// <summary>An event as it is sent: its body, and the header that signs it.</summary>
    /// <param name="body">The event.</param>
    /// <param name="secret">What it is signed with.</param>
    /// <param name="at">When; now if null.</param>
    public (byte[] Body, string Signature) Sign(JsonNode body, string secret = WebhookSecret, DateTimeOffset? at = null)
    {
        ArgumentNullException.ThrowIfNull(body);
        var text = body.ToJsonString();
        var seconds = (at ?? time.GetUtcNow()).ToUnixTimeSeconds();
        var mac = HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"{seconds}.{text}"));
        return (Encoding.UTF8.GetBytes(text), $"t={seconds},v1={Convert.ToHexStringLower(mac)}");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await app.DisposeAsync();

    private async Task HandleAsync(HttpContext http)
    {
        var call = $"{http.Request.Method} {http.Request.Path}";
        var form = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (http.Request.Path.StartsWithSegments(CardPage.Path, out var session))
        {
            await CardPage.AnswerAsync(http, session.ToString().TrimStart('/'), this);
            return;
        }

        foreach (var (name, value) in http.Request.Query) form[name] = value.ToString();
        if (http.Request.HasFormContentType)
        {
            foreach (var (name, value) in await http.Request.ReadFormAsync()) form[name] = value.ToString();
        }

        Answer answer;
        Fault? fault;
        lock (gate)
        {
            calls.Add(call);
            fault = TakeFault(call);
            answer = fault == Fault.TooMany ? Answer.Error(429, "invalid_request_error", "rate_limit", "Too many requests hit the API too quickly.") : AnswerOnce(http, call, form, fault);
        }

        if (fault == Fault.SilenceAfter)
        {
            await Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return;
        }

        if (fault == Fault.HangUpAfter)
        {
            http.Abort();
            return;
        }

        if (answer.IsReplayed) http.Response.Headers["Idempotent-Replayed"] = "true";
        http.Response.StatusCode = answer.Status;
        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync(answer.Body);
    }

    private Fault? TakeFault(string call)
    {
        var index = faults.FindIndex(fault => call.StartsWith(fault.Path, StringComparison.Ordinal));
        if (index < 0) return null;
        var found = faults[index].Fault;
        faults.RemoveAt(index);
        return found;
    }

    private Answer AnswerOnce(HttpContext http, string call, SortedDictionary<string, string> form, Fault? fault)
    {
        if (http.Request.Headers.Authorization != $"Bearer {Key}") return Answer.Error(401, "invalid_request_error", null, "Invalid API Key provided.");
        var key = http.Request.Headers["Idempotency-Key"].ToString();
        if (key.Length == 0 || http.Request.Method != HttpMethods.Post) return Act();
        var content = $"{call}?{string.Join('&', form.Select(pair => $"{pair.Key}={pair.Value}"))}";
        if (idempotency.Find(key, content) is { } before) return before with { IsReplayed = true };
        var answer = Act();
        // What fails validation was not begun, and its key is free again. An error of the server's own is kept as any other answer.
        if (answer.Status is not (400 or 404)) idempotency.Keep(key, content, answer);
        return answer;

        Answer Act()
        {
            var failed = Answer.Error(500, "api_error", null, "Something went wrong on this end.");
            if (fault == Fault.ErrorBefore) return failed;
            if (fault == Fault.Refused) return Answer.Error(400, "invalid_request_error", "account_invalid", "The account cannot take charges.");
            var done = account.Handle(http.Request.Method, http.Request.Path, form);
            return fault == Fault.ErrorAfter ? failed : done;
        }
    }
}
