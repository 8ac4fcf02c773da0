using System.Net;
using System.Net.Sockets;
using System.Text;
using Farthing.Server.Tests.Rest;

namespace Farthing.Server.Tests;

/// <summary>How the server starts, refuses to start, and stops.</summary>
public sealed class StartAndStopTests
{
    [Fact]
    public async Task The_operators_key_is_made_once_shown_once_and_stored_only_as_a_hash()
    {
        await using var server = await ServerProcess.StartAsync(null, ServerProcess.WithoutOperatorKey);
        using var api = new Api(server);
        await server.UntilPrintedAsync("fk_op_");
        var key = server.Output.Split('\n').Select(line => line.Trim()).Single(line => line.StartsWith("fk_op_", StringComparison.Ordinal));
        Assert.Equal(201, (await api.PostAsync("/v1/payees", key, """{"name":"Shop","currency":"USD"}""")).Status);
        Assert.Equal(0, await server.TerminateAsync());

        foreach (var file in Directory.EnumerateFiles(server.Data, "*", SearchOption.AllDirectories))
            Assert.False(Encoding.Latin1.GetString(File.ReadAllBytes(file)).Contains(key, StringComparison.Ordinal), file);

        await server.StartAgainAsync();
        Assert.Equal(201, (await api.PostAsync("/v1/payees", key, """{"name":"Shop","currency":"USD"}""")).Status);
        Assert.DoesNotContain("fk_op_", server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_operators_key_of_the_environment_replaces_the_stored_one()
    {
        using var data = new TemporaryDirectory();
        await using (var first = await ServerProcess.StartAsync(data.Path, ServerProcess.WithoutOperatorKey))
        {
            using var api = new Api(first);
            Expect.Problem(await api.PostAsync("/v1/payees", ServerProcess.OperatorKey, """{"name":"Shop","currency":"USD"}"""), 401, "unauthorized");
            Assert.Equal(0, await first.TerminateAsync());
        }

        await using (var second = await ServerProcess.StartAsync(data.Path))
        {
            using var api = new Api(second);
            Assert.Equal(201, (await api.PostAsync("/v1/payees", ServerProcess.OperatorKey, """{"name":"Shop","currency":"USD"}""")).Status);
        }

    }

    [Fact]
    public async Task Secrets_are_readable_by_their_owner_only()
    {
        await using var server = await ServerProcess.StartAsync();
        var keys = Directory.GetFiles(Path.Combine(server.Data, "keys"));
        Assert.True(keys.Length >= 4, string.Join(' ', keys));
        Assert.All(keys, file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
    }

    [Fact]
    public async Task A_directory_that_was_made_readable_for_all_is_closed_to_all_but_its_owner()
    {
        const UnixFileMode OwnerEnters = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        using var data = new TemporaryDirectory();
        File.SetUnixFileMode(data.Path, OwnerEnters | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        await using var server = await ServerProcess.StartAsync(data.Path);
        Assert.True(File.Exists(data.File("settings.db")));
        Assert.Equal(OwnerEnters, File.GetUnixFileMode(data.Path));
        Assert.Equal(OwnerEnters, File.GetUnixFileMode(data.File("keys")));
    }

    [Fact]
    public async Task An_operators_key_that_nobody_saw_is_not_kept()
    {
        using var data = new TemporaryDirectory();
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            await AssertRefusedAsync(data.Path, "is in use. Choose another with --port", ServerProcess.WithoutOperatorKey, "--port", ((IPEndPoint)listener.LocalEndpoint).Port.ToString());
        }

        await using var server = await ServerProcess.StartAsync(data.Path, ServerProcess.WithoutOperatorKey);
        await server.UntilPrintedAsync("fk_op_");
    }

    [Fact]
    public async Task A_data_directory_that_is_a_file_or_below_one_is_refused()
    {
        using var data = new TemporaryDirectory();
        File.WriteAllText(data.File("letter"), "Dear aunt");
        await AssertRefusedAsync(data.File("letter"), "cannot be used");
        await AssertRefusedAsync(data.File("letter/data"), "cannot be used");
    }

    [Fact]
    public async Task A_lock_that_cannot_be_opened_is_not_said_to_be_in_use()
    {
        using var data = new TemporaryDirectory();
        File.CreateSymbolicLink(data.File("lock"), data.File("lock"));
        await AssertRefusedAsync(data.Path, "cannot be used");
    }

    [Theory]
    [InlineData("settings.db", 0)]
    [InlineData("settings.db", 4096)]
    [InlineData("sandbox-rail.db", 0)]
    [InlineData("keys/operator.sha256", 0)]
    public async Task A_damaged_file_is_refused_by_name(string file, int from)
    {
        using var data = new TemporaryDirectory();
        await using (var server = await ServerProcess.StartAsync(data.Path)) Assert.Equal(0, await server.TerminateAsync());
        var bytes = File.ReadAllBytes(data.File(file));
        Array.Fill(bytes, (byte)'x', from, bytes.Length - from);
        File.WriteAllBytes(data.File(file), bytes);
        await AssertRefusedAsync(data.Path, Path.GetFileName(file), ServerProcess.WithoutOperatorKey);
    }

    [Fact]
    public async Task A_data_directory_in_use_is_refused_with_a_clear_message()
    {
        await using var server = await ServerProcess.StartAsync();
        await AssertRefusedAsync(server.Data, "is in use by another process");
    }

    [Theory]
    [InlineData("""{"format":2,"mode":"test"}""", "was written by a newer version")]
    [InlineData("""{"format":1,"mode":"demo"}""", "knows 'test' and 'live'")]
    [InlineData("""{"format":0}""", "is damaged")]
    [InlineData("nonsense", "is damaged")]
    public async Task A_data_directory_of_another_kind_is_refused_with_a_clear_message(string format, string message)
    {
        using var data = new TemporaryDirectory();
        File.WriteAllText(data.File("farthing.json"), format);
        await AssertRefusedAsync(data.Path, message);
    }

    [Fact]
    public async Task A_strangers_directory_is_left_alone()
    {
        using var data = new TemporaryDirectory();
        File.WriteAllText(data.File("letters.txt"), "Dear aunt");
        var mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        File.SetUnixFileMode(data.Path, mode);
        await AssertRefusedAsync(data.Path, "is not a data directory");
        Assert.Equal([data.File("letters.txt")], Directory.GetFileSystemEntries(data.Path));
        Assert.Equal(mode, File.GetUnixFileMode(data.Path));
    }

    [Fact]
    public async Task A_lost_secret_is_not_replaced_in_silence()
    {
        using var data = new TemporaryDirectory();
        await using (var server = await ServerProcess.StartAsync(data.Path)) Assert.Equal(0, await server.TerminateAsync());
        File.Delete(data.File("keys/ledger"));
        await AssertRefusedAsync(data.Path, "Restore it from a backup");
    }

    [Fact]
    public async Task A_damaged_journal_is_refused_with_the_place_named()
    {
        using var data = new TemporaryDirectory();
        await using (var server = await ServerProcess.StartAsync(data.Path))
        {
            using var api = new Api(server);
            var wallet = await api.NewWalletAsync("10");
            var payee = await api.NewPayeeAsync();
            for (var i = 0; i < 3; i++) await api.PayAsync(wallet, payee, "1");
            Assert.Equal(0, await server.TerminateAsync());
        }

        var segment = Directory.GetFiles(data.File("ledger/journal")).Order(StringComparer.Ordinal).First();
        await using (var stream = File.OpenWrite(segment))
        {
            stream.Position = 4096 + 200;
            stream.Write("damage"u8);
        }

        await AssertRefusedAsync(data.Path, Path.GetFileName(segment));
    }

    [Theory]
    [InlineData("--port", "70000")]
    [InlineData("--port", "x")]
    [InlineData("--colour", "red")]
    [InlineData("--sample-site", "http://localhost:5081/")]
    [InlineData("--wallets-per-minute", "0")]
    [InlineData("--own-site", "localhost:8080")]
    [InlineData("--own-site-name", "The Gazette")]
    [InlineData("--own-site-currency", "XYZ")]
    [InlineData("--own-site-refunds", "1001")]
    public async Task A_wrong_option_is_refused_with_the_usage(string name, string value)
    {
        using var data = new TemporaryDirectory();
        var (exitCode, output) = await ServerProcess.RunToItsEndAsync(data.Path, name, value);
        Assert.Equal(1, exitCode);
        Assert.Contains(name, output, StringComparison.Ordinal);
        Assert.Contains("Usage:", output, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(data.Path));
    }

    [Fact]
    public async Task A_port_in_use_is_refused_with_a_clear_message()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var data = new TemporaryDirectory();
        await AssertRefusedAsync(data.Path, "is in use. Choose another with --port", "--port", ((IPEndPoint)listener.LocalEndpoint).Port.ToString());
    }

    [Fact]
    public async Task Only_loopback_is_listened_on_health_is_told_and_no_webhook_leads_inside()
    {
        await using var server = await ServerProcess.StartAsync();
        using var api = new Api(server);
        Assert.Equal("127.0.0.1", server.Address.Host);
        Assert.Equal((200, "live"), ((await api.GetAsync("/health/live")).Status, (await api.GetAsync("/health/live"))["status"]));
        Assert.Equal("ready", (await api.GetAsync("/health/ready"))["status"]);

        // Nor does anything lead inside from here, unless the operator says so.
        var payee = await api.NewPayeeAsync();
        foreach (var url in new[] { "https://127.0.0.1/", "https://[::1]/", "https://169.254.169.254/latest/", "https://localhost/", "http://1.1.1.1/" })
            Expect.Problem(await api.PostAsync("/v1/webhooks", payee.Key, $$"""{"url":"{{url}}"}"""), 400, "webhook_address_refused");
    }

    [Fact]
    public async Task Termination_finishes_what_is_in_flight_and_exits_0()
    {
        await using var server = await ServerProcess.StartAsync(null, "--wallets-per-minute", "1000000");
        using var api = new Api(server);
        var payee = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("100");
        var paid = 0;
        var clients = Enumerable.Range(0, 8).Select(async _ =>
        {
            try
            {
                while (true)
                {
                    var reply = await api.PostAsync("/v1/payments", wallet.Key, Api.Payment(payee, "0.000001"));
                    if (reply.Status == 201) Interlocked.Increment(ref paid);
                    else Expect.Problem(reply, 503, "not_ready");
                    if (reply.Status != 201) return;
                }
            }
            catch (HttpRequestException e) when (e.InnerException is SocketException or IOException or HttpIOException || e.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.ResponseEnded)
            {
                // Not taken any more; whether a request was cut off shows in the count below.
            }
        }).ToArray();
        await Eventually.TrueAsync(() => Task.FromResult(Volatile.Read(ref paid) > 50));
        Assert.Equal(0, await server.TerminateAsync());
        await Task.WhenAll(clients);

        await server.StartAgainAsync();
        Assert.DoesNotContain("Recovery", server.Output, StringComparison.Ordinal);
        var statement = await api.StatementAsync(wallet);
        Assert.Equal(paid, statement.Count(line => line["kind"]!.GetValue<string>() == "payment"));
    }

    [Fact]
    public async Task So_many_connections_are_held_and_one_more_is_hung_up()
    {
        await using var server = await ServerProcess.StartAsync();
        var held = new List<TcpClient>();
        try
        {
            for (var i = 0; i < 600; i++)
            {
                var client = new TcpClient();
                held.Add(client);
                await client.ConnectAsync(server.Address.Host, server.Address.Port, TestContext.Current.CancellationToken);
            }

            await Eventually.TrueAsync(() => Task.FromResult(held.Count(IsHungUp) >= 600 - 512));
            held.ForEach(client => client.Dispose());
            using var api = new Api(server);
            await Eventually.TrueAsync(async () => await IsAnsweredAsync(api));
        }
        finally
        {
            held.ForEach(client => client.Dispose());
        }

        static bool IsHungUp(TcpClient client) => client.Client.Poll(0, SelectMode.SelectRead) && client.Client.Available == 0;

        static async Task<bool> IsAnsweredAsync(Api api)
        {
            try
            {
                return (await api.GetAsync("/health/ready")).Status == 200;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }
    }

    [Fact]
    public async Task One_address_makes_only_so_many_wallets_a_minute()
    {
        await using var server = await ServerProcess.StartAsync(null, "--wallets-per-minute", "3");
        using var api = new Api(server);
        var wallets = new List<Account>();
        for (var i = 0; i < 3; i++) wallets.Add(await api.NewWalletAsync());
        var refused = await api.PostAsync("/v1/wallets", null, """{"currency":"USD"}""");
        Expect.Problem(refused, 429, "rate_limited");
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(61));
        await api.TopUpAsync(wallets[0], "1");
        Assert.Equal(("1", "0"), await api.BalanceAsync(wallets[0]));
    }

    [Fact]
    public async Task The_sample_site_finds_who_it_is_and_stays_who_it_was()
    {
        using var state = new TemporaryDirectory();
        await using var server = await ServerProcess.StartAsync(null, "--sample-site", "http://localhost:5081", "--sample-state", state.Path);
        using var api = new Api(server);
        var file = state.File("site.json");
        var first = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(file))!;
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal(server.Address.ToString().TrimEnd('/'), first["server"]!.GetValue<string>());
        Assert.Equal((await api.GetAsync("/v1/entitlement-key")).Text, first["entitlementKey"]!.GetValue<string>());
        Assert.Equal(32, Convert.FromBase64String(first["signingKeySeed"]!.GetValue<string>()).Length);

        await server.KillAsync();
        await server.StartAgainAsync();
        var second = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(file))!;
        Assert.Equal(first["payee"]!.GetValue<string>(), second["payee"]!.GetValue<string>());
        Assert.Equal(first["signingKeySeed"]!.GetValue<string>(), second["signingKeySeed"]!.GetValue<string>());
    }

    private static async Task AssertRefusedAsync(string data, string message, params string[] arguments)
    {
        var (exitCode, output) = await ServerProcess.RunToItsEndAsync(data, arguments);
        Assert.Equal(1, exitCode);
        Assert.Contains(message, output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
        Assert.DoesNotContain("Unhandled", output, StringComparison.Ordinal);
    }
}
