using System.Net.Sockets;
using System.Numerics;
using System.Text;
using System.Text.Json.Nodes;
using Farthing.Server.Tests.Crash;

namespace Farthing.Server.Tests.Rest;

public sealed class ChangeFeedTests(SharedServer shared)
{
    private const int ChangeFeedPlaces = 16;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    [Fact]
    public async Task A_reader_that_is_cut_off_at_random_misses_nothing_and_hears_nothing_twice()
    {
        const int Payments = 300;
        const int Restarts = 3;
        await using var server = await ServerProcess.StartAsync(null, "--wallets-per-minute", "1000000");
        using var api = new Api(server);
        using var patience = new CancellationTokenSource(Patience);
        using var reader = new ChangeReader(() => server.Address);
        var random = new Random(1);
        var (cuts, ends, breaks) = (0, 0, 0);
        var payee = await api.NewPayeeAsync();
        var wallet = await api.NewWalletAsync("1000");

        // Payments go on while readers come and go; between the rounds the server is killed or told to stop.
        for (var round = 0; round <= Restarts; round++)
        {
            var reading = Task.Run(async () =>
            {
                while (await ReadOnceAsync()) { }
            }, TestContext.Current.CancellationToken);
            for (var i = 0; i < Payments / (Restarts + 1); i++) await api.PayAsync(wallet, payee, "0.01", hold: i % 5 == 0);
            if (round is 0 or 2)
            {
                await server.KillAsync();
            }
            else
            {
                // Who has heard all there is and listens for more hears the end.
                var all = await SizeAsync();
                await Eventually.TrueAsync(() => Task.FromResult(reader.IsOpen && reader.Events.Count >= all));
                Assert.Equal(0, await server.TerminateAsync());
            }

            await reading.WaitAsync(patience.Token);
            await server.StartAgainAsync();
        }

        // Everything is there by now: one last reader hears the rest.
        var size = await SizeAsync();
        if (reader.Events.Count < size) Assert.True(await reader.ReadAsync((int)size - reader.Events.Count, patience.Token));

        Assert.Equal(Enumerable.Range(0, (int)size).Select(position => (long)position), reader.Events.Select(change => change.Id));
        Assert.All(reader.Events, change => Assert.Equal(change.Id, change.Record["position"]!.GetValue<long>()));
        Assert.True(cuts > 10 && ends > 0 && breaks > 0, $"{cuts} cuts, {ends} ends, {breaks} breaks.");
        var paid = reader.Events.Where(change => (string?)change.Record["code"] == "payment" && (string?)change.Record["kind"] == "transfer").ToArray();
        Assert.Equal(Payments / 5 * 4, paid.Length);
        var balance = await api.BalanceAsync(wallet);
        var last = reader.Events.Last(change => (string?)change.Record["debit"] == wallet.Id[4..]).Record["debitAfter"]!;
        Assert.Equal(Money.Units(balance.Balance), Units(last, "creditsPosted") - Units(last, "debitsPosted") - Units(last, "debitsHeld"));

        async Task<long> SizeAsync() => long.Parse((await api.GetAsync("/v1/ledger/checkpoint")).Text.Split('\n')[1], System.Globalization.CultureInfo.InvariantCulture);

        async Task<bool> ReadOnceAsync()
        {
            try
            {
                if (await reader.ReadAsync(random.Next(1, 40), patience.Token))
                {
                    cuts++;
                    return true;
                }

                ends++;
                return false;
            }
            catch (Exception e) when (UnreliableLine.IsLost(e))
            {
                breaks++;
                return false;
            }
        }
    }

    [Fact]
    public async Task An_event_tells_the_record_without_its_memo()
    {
        var payee = await shared.Api.NewPayeeAsync();
        var wallet = await shared.Api.NewWalletAsync("5");
        var payment = await shared.Api.PayAsync(wallet, payee, "2", reference: "a secret of mine");
        using var reader = new ChangeReader(() => shared.Process.Address);
        using var patience = new CancellationTokenSource(Patience);
        Assert.True(await reader.ReadUntilAsync(record => (string?)record["id"] == payment[4..] && (string?)record["kind"] == "transfer", patience.Token));
        var change = reader.Events[^1].Record;
        Assert.Equal(("done", "payment", wallet.Id[4..], payee.Id[4..]), ((string)change["outcome"]!, (string)change["code"]!, (string)change["debit"]!, (string)change["credit"]!));
        Assert.Equal("""{"amount":"2","currency":"USD"}""", change["amount"]!.ToJsonString());
        Assert.Equal("""{"debitsPosted":"2","debitsHeld":"0","creditsPosted":"5","creditsHeld":"0"}""", change["debitAfter"]!.ToJsonString());
        Assert.InRange(change["memoBytes"]!.GetValue<int>(), 1, 1024);
        Assert.Null(change["memo"]);
        Assert.True(change["linked"]!.GetValue<bool>());
    }

    [Fact]
    public async Task A_reader_that_hangs_up_gives_its_place_back()
    {
        await using var server = await ServerProcess.StartAsync(null, "--wallets-per-minute", "1000000");
        using var api = new Api(server);
        using var patience = new CancellationTokenSource(Patience);
        await api.NewWalletAsync("1");
        var heard = 0;
        for (var i = 0; i < ChangeFeedPlaces * 4; i++)
        {
            using var reader = new ChangeReader(() => server.Address);
            await Eventually.TrueAsync(() => IsReadAsync(reader, 1, patience.Token));
            heard += reader.Events.Count;
        }

        Assert.Equal(ChangeFeedPlaces * 4, heard);
    }

    [Fact]
    public async Task A_feed_begins_where_it_is_told()
    {
        var api = shared.Api;
        await api.NewWalletAsync("5");
        foreach (var (query, header, first) in new[] { ("?from=2", null, 2L), ("?from=0", "1", 2L), ("", "2", 3L), ("", null, 0L) })
            Assert.Equal(first, await FirstIdAsync(query, header));
        foreach (var (query, header) in new[] { ("?from=-1", null), ("?from=", null), ("?from=x", null), ("?from=1&from=2", null), ("?from=99999999", null), ("", "x"), ("", "99999999"), ("?from=1", "") })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(shared.Process.Address, "/v1/ledger/changes" + query));
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {ServerProcess.OperatorKey}");
            if (header is not null) request.Headers.TryAddWithoutValidation("Last-Event-ID", header);
            using var http = new HttpClient();
            using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal((400, true), ((int)response.StatusCode, (await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Contains("invalid_field", StringComparison.Ordinal)));
        }

        var payee = await api.NewPayeeAsync();
        Expect.Problem(await api.GetAsync("/v1/ledger/changes", payee.Key), 403, "forbidden");
        Expect.Problem(await api.GetAsync("/v1/ledger/changes"), 401, "unauthorized");
    }

    [Fact]
    public async Task A_reader_that_does_not_read_holds_up_nobody_and_there_are_not_too_many()
    {
        await using var server = await ServerProcess.StartAsync(null, "--wallets-per-minute", "1000000");
        using var api = new Api(server);
        var wallet = await api.NewWalletAsync("1");
        var idle = new List<Socket>();
        try
        {
            for (var i = 0; i < ChangeFeedPlaces; i++)
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 1024 };
                idle.Add(socket);
                await socket.ConnectAsync("127.0.0.1", server.Address.Port, TestContext.Current.CancellationToken);
                await socket.SendAsync(Encoding.ASCII.GetBytes($"GET /v1/ledger/changes HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {ServerProcess.OperatorKey}\r\n\r\n"), TestContext.Current.CancellationToken);
                // Its headers are here, so it counts.
                Assert.True(await socket.ReceiveAsync(new byte[1], TestContext.Current.CancellationToken) == 1);
            }

            var refused = await api.GetAsync("/v1/ledger/changes", ServerProcess.OperatorKey);
            Expect.Problem(refused, 429, "rate_limited");
            Assert.NotNull(refused.Headers.RetryAfter);
            var payee = await api.NewPayeeAsync();
            for (var i = 0; i < 50; i++) await api.PayAsync(wallet, payee, "0.0001");

            // One hangs up, and another takes its place.
            idle[0].Dispose();
            using var reader = new ChangeReader(() => server.Address);
            using var patience = new CancellationTokenSource(Patience);
            await Eventually.TrueAsync(() => IsReadAsync(reader, 100, patience.Token));
            Assert.Equal(100, reader.Events.Count);
        }
        finally
        {
            foreach (var socket in idle) socket.Dispose();
        }

        Assert.Equal(0, await server.TerminateAsync());
    }

    private static BigInteger Units(JsonNode counts, string member) => Money.Units(counts[member]!.GetValue<string>());

    private static async Task<bool> IsReadAsync(ChangeReader reader, int count, CancellationToken cancellation)
    {
        try
        {
            return await reader.ReadAsync(count, cancellation);
        }
        catch (HttpRequestException e) when (e.StatusCode == System.Net.HttpStatusCode.TooManyRequests)
        {
            return false;
        }
    }

    private async Task<long> FirstIdAsync(string query, string? header)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(shared.Process.Address, "/v1/ledger/changes" + query));
        request.Headers.Authorization = new("Bearer", ServerProcess.OperatorKey);
        if (header is not null) request.Headers.Add("Last-Event-ID", header);
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
        while (await lines.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("id: ", StringComparison.Ordinal)) return long.Parse(line[4..], System.Globalization.CultureInfo.InvariantCulture);
        }

        throw new InvalidOperationException("The feed ended.");
    }
}
