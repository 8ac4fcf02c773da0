using System.Net;
using Farthing.Payments.Payees;
using Farthing.Protocol;
using Farthing.Server;
using Farthing.Server.Doors.Rest;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Farthing.Payments.Tests;

/// <summary>What it takes for money to be real: said at each start, by a directory that never was play money, with nothing of play money beside it.</summary>
public sealed class LiveTests : IDisposable
{
    private static readonly string[] Live = ["--live", "--operator-name", "Example Payments Ltd", "--public-url", "https://pay.example", "--trusted-proxy", "127.0.0.1"];

    private readonly string directory = Directory.CreateTempSubdirectory("farthing-live-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public void A_directory_is_live_from_its_first_start_or_never()
    {
        var mode = Parse(Live).Mode;
        var (live, test) = (Path.Combine(directory, "live"), Path.Combine(directory, "test"));
        string? origin;
        using (var made = DataDirectory.Open(live, mode)) origin = made.Origin;
        using (var made = DataDirectory.Open(test, ServerMode.Test)) Assert.Null(made.Origin);
        Assert.Matches("^pay\\.example/[0-9a-f]{8}$", origin);
        Assert.DoesNotContain("origin", File.ReadAllText(Path.Combine(test, "farthing.json")), StringComparison.Ordinal);

        Assert.Contains("start with --live", Assert.Throws<StartRefusedException>(() => DataDirectory.Open(live, ServerMode.Test)).Message, StringComparison.Ordinal);
        Assert.Contains("never becomes money", Assert.Throws<StartRefusedException>(() => DataDirectory.Open(test, mode)).Message, StringComparison.Ordinal);
        // The address may change; the name of the log does not.
        using (var moved = DataDirectory.Open(live, mode with { PublicUrl = new("https://elsewhere.example") })) Assert.Equal(origin, moved.Origin);
    }

    [Theory]
    [InlineData("test", "\"live\"", true)]
    [InlineData("live", "\"test\"", false)]
    public void A_mode_that_was_changed_by_hand_is_noticed(string made, string written, bool opensLive)
    {
        var mode = Parse(Live).Mode;
        DataDirectory.Open(directory, made == "live" ? mode : ServerMode.Test).Dispose();
        var file = Path.Combine(directory, "farthing.json");
        File.WriteAllText(file, File.ReadAllText(file).Replace($"\"{made}\"", written, StringComparison.Ordinal));
        Assert.Contains("is damaged", Assert.Throws<StartRefusedException>(() => DataDirectory.Open(directory, opensLive ? mode : ServerMode.Test)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Play_money_beside_a_live_ledger_is_noticed()
    {
        var mode = Parse(Live).Mode;
        DataDirectory.Open(directory, mode).Dispose();
        File.WriteAllText(Path.Combine(directory, "sandbox-rail.db"), "");
        Assert.Contains("is damaged", Assert.Throws<StartRefusedException>(() => DataDirectory.Open(directory, mode)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--operator-name", "--live --public-url https://pay.example --trusted-proxy 127.0.0.1")]
    [InlineData("--public-url", "--live --operator-name Example")]
    [InlineData("https", "--live --operator-name Example --public-url http://pay.example --trusted-proxy 127.0.0.1")]
    [InlineData("--trusted-proxy", "--live --operator-name Example --public-url https://pay.example")]
    [InlineData("--listen", "--listen 0.0.0.0")]
    [InlineData("--listen", "--listen ::")]
    [InlineData("--listen", "--listen localhost")]
    [InlineData("--listen", "--live --operator-name Example --public-url http://127.0.0.1:5080 --listen 0.0.0.0")]
    [InlineData("--listen", "--live --operator-name Example --public-url https://localhost --listen ::")]
    [InlineData("https", "--public-url http://pay.example --trusted-proxy 127.0.0.1")]
    [InlineData("--trusted-proxy", "--public-url https://pay.example")]
    [InlineData("--trusted-proxy", "--trusted-proxy 127.0.0.1")]
    [InlineData("--trusted-proxy", "--public-url https://pay.example --trusted-proxy 0.0.0.0/0")]
    [InlineData("--trusted-proxy", "--public-url https://pay.example --trusted-proxy ::/0")]
    [InlineData("--trusted-proxy", "--public-url https://pay.example --trusted-proxy proxy.example")]
    [InlineData("--public-url", "--public-url https://pay.example/path --trusted-proxy 127.0.0.1")]
    [InlineData("--test-clock", "--live --operator-name Example --public-url http://127.0.0.1:5080 --test-clock")]
    [InlineData("--test-clock", "--live --operator-name Example --public-url http://127.0.0.1:5080", "FARTHING_TEST_CLOCK=1")]
    [InlineData("--sample-site", "--live --operator-name Example --public-url http://127.0.0.1:5080 --sample-site http://localhost:5081 --sample-state /tmp")]
    [InlineData("live mode", "--live --operator-name Example --public-url http://127.0.0.1:5080", "FARTHING_STRIPE_KEY=sk_test_1")]
    [InlineData("live mode", "--live --operator-name Example --public-url http://127.0.0.1:5080", "FARTHING_STRIPE_KEY=rk_test_1")]
    [InlineData("test mode", "", "FARTHING_STRIPE_KEY=sk_live_1")]
    [InlineData("test mode", "", "FARTHING_STRIPE_KEY=rk_live_1")]
    [InlineData("FARTHING_STRIPE_API", "--live --operator-name Example --public-url http://127.0.0.1:5080", "FARTHING_STRIPE_KEY=rk_live_1", "FARTHING_STRIPE_WEBHOOK_SECRET=whsec_1", "FARTHING_STRIPE_API=http://127.0.0.1:1")]
    public void What_does_not_go_together_is_refused_by_name(string named, string line, params string[] variables)
    {
        var refused = Assert.Throws<StartRefusedException>(() => Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), variables));
        var sentence = refused.Message.Split('\n')[0];
        Assert.Contains(named, sentence, StringComparison.Ordinal);
        Assert.DoesNotContain("_live_1", sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Real_money_needs_a_way_back_and_keys_of_real_cards()
    {
        var options = Parse(Live, "FARTHING_STRIPE_KEY=rk_live_1", "FARTHING_STRIPE_WEBHOOK_SECRET=whsec_1", "FARTHING_BANK_FILE_IBAN=DE89370400440532013000", "FARTHING_BANK_FILE_NAME=Example");
        Assert.True(options.ToPaymentOptions().TopUps.RequiresRecoveryCode);
        Assert.False(Parse([]).ToPaymentOptions().TopUps.RequiresRecoveryCode);
        Assert.Equal(("rk_live_1", true, false), (options.Card!.Key, options.Mode.TakesCards, options.BankFile!.IsPlayMoney));
        Assert.Equal((TimeSpan.FromDays(120), true), (options.ToPaymentOptions().Payouts.DisputeWindow, options.ToPaymentOptions().Payouts.ReviewNewDestinations));
        Assert.Equal("The money in wallets here is held by Example Payments Ltd.", options.Mode.Notice);
        // To try it on this machine, or in a network of one's own.
        Assert.True(Parse(["--live", "--operator-name", "Example", "--public-url", "http://127.0.0.1:5080"]).Mode.IsLive);
        Assert.Equal(IPAddress.IPv6Any, Parse([.. Live, "--listen", "::", "--trusted-proxy", "10.0.0.0/8"]).Mode.Listen);
    }

    [Fact]
    public void One_address_of_IPv6_is_the_network_that_somebody_has()
    {
        Assert.Equal(IPAddress.Parse("192.0.2.7"), AddressLimit.PartOf(IPAddress.Parse("192.0.2.7")));
        Assert.Equal(IPAddress.Parse("192.0.2.7"), AddressLimit.PartOf(IPAddress.Parse("::ffff:192.0.2.7")));
        Assert.Equal(AddressLimit.PartOf(IPAddress.Parse("2001:db8:1:2:3:4:5:6")), AddressLimit.PartOf(IPAddress.Parse("2001:db8:1:2::9")));
        Assert.NotEqual(AddressLimit.PartOf(IPAddress.Parse("2001:db8:1:2::9")), AddressLimit.PartOf(IPAddress.Parse("2001:db8:1:3::9")));
    }

    [Fact]
    public void Nobody_but_a_proxy_and_this_machine_comes_without_TLS()
    {
        var mode = Parse([.. Live, "--trusted-proxy", "10.1.0.0/16", "--trusted-proxy", "2001:db8::/32"]).Mode;
        foreach (var trusted in new[] { "127.0.0.1", "::1", "10.1.2.3", "::ffff:10.1.2.3", "2001:db8::7" }) Assert.True(mode.IsTrusted(IPAddress.Parse(trusted), reached: IPAddress.Parse("192.0.2.7")), trusted);
        foreach (var stranger in new[] { "10.2.0.1", "192.0.2.1", "2001:db9::1", "0.0.0.0" }) Assert.False(mode.IsTrusted(IPAddress.Parse(stranger), reached: IPAddress.Parse("192.0.2.7")), stranger);
    }

    [Fact]
    public void This_machine_is_known_by_coming_from_the_address_that_it_reaches()
    {
        // A web server beside it, of a server that listens on the machine's own address in a network.
        var mode = Parse([.. Live, "--listen", "192.0.2.7"]).Mode;
        foreach (var (sender, reached) in new[] { ("192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.7", "192.0.2.7"), ("192.0.2.7", "::ffff:192.0.2.7"), ("2001:db8::7", "2001:db8::7") })
            Assert.True(mode.IsTrusted(IPAddress.Parse(sender), IPAddress.Parse(reached)), $"{sender} {reached}");
        foreach (var (sender, reached) in new[] { ("192.0.2.8", "192.0.2.7"), ("2001:db8::8", "2001:db8::7"), ("192.0.2.7", "2001:db8::7"), ("192.0.2.7", null) })
            Assert.False(mode.IsTrusted(IPAddress.Parse(sender), reached is null ? null : IPAddress.Parse(reached)), $"{sender} {reached}");
    }

    [Fact]
    public async Task A_request_that_came_past_the_proxy_is_refused_before_anything_is_read_of_it()
    {
        var mode = Parse(Live).Mode;
        var app = new ApplicationBuilder(new ServiceCollection().AddLogging().BuildServiceProvider());
        app.UsePublicAddress(mode);
        var served = new List<string>();
        app.Run(context =>
        {
            served.Add($"{context.Connection.RemoteIpAddress} {context.Request.Scheme}://{context.Request.Host}");
            return Task.CompletedTask;
        });
        var pipeline = app.Build();
        foreach (var (sender, told) in new[] { ("192.0.2.1", "198.51.100.1"), ("192.0.2.1", "192.0.2.7"), ("127.0.0.1", "198.51.100.1"), ("127.0.0.1", "203.0.113.1, 198.51.100.2"), ("127.0.0.1", "198.51.100.3, 127.0.0.1"), ("127.0.0.1", ""),
            // The machine itself may ask, and is not believed whom it asks for as long as nobody named it as a proxy.
            ("192.0.2.7", "198.51.100.4") })
        {
            var context = new DefaultHttpContext();
            (context.Connection.RemoteIpAddress, context.Connection.LocalIpAddress, context.Request.Scheme, context.Request.Host) = (IPAddress.Parse(sender), IPAddress.Parse("192.0.2.7"), "http", new HostString("evil.example"));
            if (told.Length > 0) context.Request.Headers["X-Forwarded-For"] = told;
            context.Request.Headers["X-Forwarded-Proto"] = "ftp";
            context.Request.Headers["X-Forwarded-Host"] = "evil.example";
            await pipeline(context);
            Assert.Equal(sender == "192.0.2.1" ? 421 : 200, context.Response.StatusCode);
        }

        Assert.Equal(["198.51.100.1", "198.51.100.2", "198.51.100.3", "127.0.0.1", "192.0.2.7"], served.Select(line => line.Split(' ')[0]));
        Assert.All(served, line => Assert.EndsWith(" https://pay.example", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Sites_that_are_paid_real_money_are_reached_by_TLS()
    {
        await using var test = await TestSystem.StartAsync(new() { RequiresTls = Parse(Live).ToPaymentOptions().RequiresTls });
        TestSystem.Refused(RefusalCodes.InvalidField, await test.Domain.Payees.CreateAsync(test.NewKey(), new NewPayee("News", Asset.Usd, "http://news.example")));
        foreach (var website in new[] { "https://news.example", "http://localhost:5081", null })
            TestSystem.Given(await test.Domain.Payees.CreateAsync(test.NewKey(), new NewPayee("News", Asset.Usd, website)));
        await using var play = await TestSystem.StartAsync();
        TestSystem.Given(await play.Domain.Payees.CreateAsync(play.NewKey(), new NewPayee("News", Asset.Usd, "http://news.example")));
    }

    [Fact]
    public async Task Being_told_to_stop_while_it_starts_is_an_orderly_stop()
    {
        var builder = WebApplication.CreateSlimBuilder(["--urls", "http://127.0.0.1:0"]);
        builder.Logging.ClearProviders();
        builder.Services.AddHostedService<ToldToStop>();
        await using var app = builder.Build();
        Assert.False(await ServerApp.TryStartAsync(app, "a port"));
        // Whoever was not told to stop has started.
        var another = WebApplication.CreateSlimBuilder(["--urls", "http://127.0.0.1:0"]);
        another.Logging.ClearProviders();
        await using var other = another.Build();
        Assert.True(await ServerApp.TryStartAsync(other, "a port"));
    }

    private static ServerOptions Parse(string[] arguments, params string[] variables) =>
        ServerOptions.Parse(arguments, name => variables.FirstOrDefault(variable => variable.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..]);

    // SIGTERM, as the host hears it.
    private sealed class ToldToStop(IHostApplicationLifetime lifetime) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            lifetime.StopApplication();
            cancellationToken.ThrowIfCancellationRequested();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
