using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using Farthing.Ledger;
using Farthing.Protocol;
using Farthing.Server.Tests.Rest;
using Microsoft.Win32.SafeHandles;

namespace Farthing.Server.Tests.Crash;

/// <summary>The server on a disk that is full, and what it does so that a power failure takes nothing.</summary>
[Collection(typeof(Alone))]
public sealed class DiskTests
{
    private const string Ready = "Farthing takes payments at ";

    // More than fill a segment of a mebibyte, at a block for each payment that comes alone.
    private const int ManyPayments = 260;

    [Fact]
    public async Task Each_name_made_at_the_first_start_is_on_disk_before_the_server_says_that_it_is_ready()
    {
        using var parent = new TemporaryDirectory();
        using var traced = new TracedCalls();
        var data = parent.File("data");
        int process;
        await using (var server = await ServerProcess.StartByAsync(traced.Starter("-e", "trace=mkdir,rename,renameat,renameat2,fsync,fdatasync,write"), data))
        {
            process = server.ProcessId;
            Assert.Equal(0, await server.TerminateAsync());
        }

        var (flushed, names, made, ready) = (new HashSet<string>(), new HashSet<string>(), new Dictionary<string, int>(), 0);
        foreach (var call in await traced.ReadAsync(process))
        {
            switch (call.Name)
            {
                case "mkdir" when IsOurs(call.Quoted[0]):
                    Make(call.Quoted[0]);
                    break;
                case "rename" or "renameat" or "renameat2" when IsOurs(call.Quoted[1]):
                    Assert.True(flushed.Remove(call.Quoted[0]), $"{call.Quoted[0]} had not been flushed.");
                    Make(call.Quoted[1]);
                    break;
                case "fdatasync":
                    flushed.Add(call.File);
                    break;
                case "fsync":
                    names.RemoveWhere(name => Path.GetDirectoryName(name) == call.File);
                    break;
                case "write" when call.Quoted is [{ } text, ..] && text.StartsWith(Ready, StringComparison.Ordinal):
                    Assert.Empty(names);
                    ready++;
                    break;
            }
        }
        Assert.Empty(names);
        Assert.Equal(1, ready);
        // The data directory; in it the format, keys, ledger and files for the bank; three secrets and the operator's; journal, tree and checkpoint; the first segment.
        Assert.Equal((1, 4), (made[parent.Path], made[data]));
        Assert.True(made[Path.Combine(data, "keys")] == 4 && made[Path.Combine(data, "ledger")] >= 3 && made[Path.Combine(data, "ledger", "journal")] == 1, string.Join(' ', made));

        void Make(string path)
        {
            names.Add(path);
            var directory = Path.GetDirectoryName(path)!;
            made[directory] = made.GetValueOrDefault(directory) + 1;
        }

        // What protects the pages' forms is the framework's: without it a form is filled in once more.
        bool IsOurs(string path) => path.StartsWith(data, StringComparison.Ordinal) && !path.StartsWith(Path.Combine(data, "keys", "forms"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task On_a_full_disk_payments_are_refused_and_go_on_when_there_is_room()
    {
        using var prepared = await WithSmallSegmentsAsync();
        using var data = new TemporaryDirectory();
        using var copy = new TemporaryDirectory();
        // A disk of its own, that nobody else sees and that goes with the process.
        Assert.SkipUnless(await RunAsync("unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", data.Path) == 0, "Nothing may be mounted here; the test of a segment that cannot be made stands in for it.");
        string[] starter = ["unshare", "-m", "sh", "-c", "mount -t tmpfs -o size=40m tmpfs \"$0\" && cp -a \"$1/.\" \"$0\" && shift && exec \"$@\"", data.Path, prepared.Path];
        Story story;
        await using (var server = await ServerProcess.StartByAsync(starter, data.Path))
        {
            using var api = new Api(server);
            var disk = $"/proc/{server.ProcessId}/root{data.Path}";
            var filler = Path.Combine(disk, "filler");
            story = await Story.BeginAsync(api);
            Fill(filler);
            await story.PayUntilRefusedAsync();
            var ready = await api.GetAsync("/health/ready");
            Expect.Problem(ready, 503, "not_ready");
            Assert.Contains("There is no room", ready["detail"], StringComparison.Ordinal);
            // Anybody may ask. The log is the operator's.
            Assert.DoesNotContain(data.Path, ready.Text, StringComparison.Ordinal);
            await server.UntilPrintedAsync($"No space left on device : '{data.Path}/");
            // What is there can be read.
            await story.CheckAsync();
            File.Delete(filler);
            await story.GoOnAsync();
            Assert.True(File.Exists(Path.Combine(disk, "ledger", "journal", "00000001.segment")));
            Assert.Equal(0, await RunAsync("cp", "-a", $"{disk}/.", copy.Path));
        }
        await using (var again = await ServerProcess.StartAsync(copy.Path))
        {
            using var api = new Api(again);
            await (story with { Api = api }).CheckAsync();
            Assert.Equal(0, await again.TerminateAsync());
        }
        var report = LedgerCheck.Run(copy.File("ledger"));
        Assert.True(report.IsSound, report.Damage ?? report.Checkpoint?.Finding);
    }

    [Fact]
    public async Task Without_room_for_the_next_segment_payments_are_refused_and_go_on_when_there_is_room()
    {
        using var data = await WithSmallSegmentsAsync();
        using var traced = new TracedCalls();
        var next = data.File("ledger/journal/00000001.segment.new");
        await using var server = await ServerProcess.StartByAsync(traced.Starter("-P", next, "-e", "trace=pwrite64", "-e", "inject=pwrite64:error=ENOSPC:when=1..3"), data.Path);
        using var api = new Api(server);
        var story = await Story.BeginAsync(api);
        await story.PayUntilRefusedAsync();
        await story.CheckAsync();
        await story.GoOnAsync();
        await server.KillAsync();
        await server.StartAgainAsync();
        await story.CheckAsync();
        Assert.Equal(0, await server.TerminateAsync());
        var report = LedgerCheck.Run(data.File("ledger"));
        Assert.True(report.IsSound, report.Damage ?? report.Checkpoint?.Finding);
    }

    [Fact]
    public async Task What_does_not_stop_payments_is_a_warning_of_health_without_a_path_and_a_line_of_the_log_with_it()
    {
        using var data = await WithSmallSegmentsAsync();
        await File.WriteAllTextAsync(data.File("ledger/snapshots"), "in the way", TestContext.Current.CancellationToken);
        await using var server = await ServerProcess.StartAsync(data.Path);
        using var api = new Api(server);
        var story = await Story.BeginAsync(api);
        Assert.Equal("""{"status":"ready"}""", (await api.GetAsync("/health/ready")).Text);
        await story.GoOnAsync();
        await Eventually.TrueAsync(async () => (await api.GetAsync("/health/ready"))["warning"] is not null);
        var health = await api.GetAsync("/health/ready");
        Assert.Equal((200, "ready"), (health.Status, health["status"]));
        Assert.StartsWith("No snapshot could be written: ", health["warning"], StringComparison.Ordinal);
        Assert.DoesNotContain(data.Path, health.Text, StringComparison.Ordinal);
        await server.UntilPrintedAsync("Ledger: No snapshot could be written: ");
        await server.UntilPrintedAsync(data.File("ledger/snapshots"));
        await story.CheckAsync();
    }

    [Fact]
    public async Task A_record_that_rotted_stops_nothing_but_what_needs_it_and_that_is_told_by_a_code()
    {
        using var data = await WithSmallSegmentsAsync();
        await using var server = await ServerProcess.StartAsync(data.Path);
        using var api = new Api(server);
        var story = await Story.BeginAsync(api);
        var key = Api.NewKey();
        var payment = Api.Payment(story.Payee, "0.25");
        var first = await api.PostAsync("/v1/payments", story.Wallet.Key, payment, key);
        Assert.Equal(201, first.Status);
        // Until its id is known to its segment only.
        for (var i = 0; i < 3; i++) await story.GoOnAsync();
        await Eventually.TrueAsync(() => Task.FromResult(File.Exists(data.File("ledger/journal/00000002.index"))));
        await story.GoOnAsync();
        var place = TurnBitBehind(data.File("ledger/journal/00000000.segment"), first["id"]!);

        for (var i = 0; i < 2; i++) ExpectDamaged(await api.PostAsync("/v1/payments", story.Wallet.Key, payment, key));
        ExpectDamaged(await api.GetAsync($"/v1/payments/{first["id"]}", story.Wallet.Key));
        ExpectDamaged(await api.GetAsync($"/v1/payments/{first["id"]}/receipt", story.Wallet.Key));
        await server.UntilPrintedAsync("00000000.segment");

        // What stands before it in a batch is carried out, nothing else; repeated, nothing is done twice.
        var (balance, _) = await api.BalanceAsync(story.Wallet);
        string[] keys = [Api.NewKey(), Api.NewKey()];
        var batch = $$"""{"payments":[{{With(keys[0])}},{{With(key)}},{{With(keys[1])}}]}""";
        for (var i = 0; i < 2; i++) ExpectDamaged(await api.SendAsync(HttpMethod.Post, "/v1/payments/batch", story.Wallet.Key, null, Api.JsonContent(batch)));
        foreach (var one in keys) Assert.Equal(201, (await api.PostAsync("/v1/payments", story.Wallet.Key, payment, one)).Status);
        Assert.Equal(decimal.Parse(balance, CultureInfo.InvariantCulture) - 0.5m, decimal.Parse((await api.BalanceAsync(story.Wallet)).Balance, CultureInfo.InvariantCulture));
        await story.GoOnAsync();

        // The next start reads everything, and names the place. Mended, it is as it was.
        Assert.Equal(0, await server.TerminateAsync());
        var (exitCode, output) = await ServerProcess.RunToItsEndAsync(data.Path);
        Assert.Equal(1, exitCode);
        Assert.Contains("00000000.segment at byte", output, StringComparison.Ordinal);
        using (var segment = File.OpenHandle(data.File("ledger/journal/00000000.segment"), FileMode.Open, FileAccess.ReadWrite)) Turn(segment, place);
        await server.StartAgainAsync();
        var again = await api.PostAsync("/v1/payments", story.Wallet.Key, payment, key);
        Assert.Equal(first.Json.ToJsonString(), again.Json.ToJsonString());
        var answered = await api.SendAsync(HttpMethod.Post, "/v1/payments/batch", story.Wallet.Key, null, Api.JsonContent(batch));
        Assert.Equal(3, answered.Json["results"]!.AsArray().Count(result => result!["payment"]?["status"]?.GetValue<string>() == "posted"));

        string With(string key) => $$"""{"idempotencyKey":"{{key}}",{{payment[1..]}}""";

        void ExpectDamaged(Reply reply)
        {
            Expect.Problem(reply, 500, "record_damaged");
            Assert.Equal("same_key", reply["retry"]);
            Assert.DoesNotContain(".segment", reply.Text, StringComparison.Ordinal);
        }
    }

    // Of what was written about a payment, one bit; says where.
    private static long TurnBitBehind(string path, string payment)
    {
        Assert.True(Id<PaymentKind>.TryParse(payment, out var id));
        var sought = new byte[16];
        BinaryPrimitives.WriteUInt128LittleEndian(sought, id.Value);
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        var bytes = new byte[RandomAccess.GetLength(file)];
        Assert.Equal(bytes.Length, RandomAccess.Read(file, bytes, 0));
        var place = bytes.AsSpan().IndexOf(sought) + sought.Length;
        Assert.True(place > sought.Length);
        Turn(file, place);
        return place;
    }

    private static void Turn(SafeFileHandle file, long place)
    {
        Span<byte> one = stackalloc byte[1];
        Assert.Equal(1, RandomAccess.Read(file, one, place));
        one[0] ^= 4;
        RandomAccess.Write(file, one, place);
    }

    /// <summary>A new server's data whose journal has segments of a mebibyte, which it keeps.</summary>
    private static async Task<TemporaryDirectory> WithSmallSegmentsAsync()
    {
        var data = new TemporaryDirectory();
        await using (var server = await ServerProcess.StartAsync(data.Path)) Assert.Equal(0, await server.TerminateAsync());
        var origin = File.ReadLines(data.File("ledger/checkpoint")).First();
        using var key = SigningKey.FromSeed(File.ReadAllBytes(data.File("keys/ledger")));
        Directory.Delete(data.File("ledger"), recursive: true);
        await Ledger.Ledger.Open(new LedgerOptions { Directory = data.File("ledger"), Origin = origin, CheckpointKey = key, SegmentBytes = 1 << 20 }, TimeProvider.System).DisposeAsync();
        return data;
    }

    private static void Fill(string path)
    {
        using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
        var bytes = new byte[4096];
        var error = Assert.Throws<IOException>(() =>
        {
            for (long at = 0; at < 1 << 30; at += bytes.Length) RandomAccess.Write(file, bytes, at);
        });
        Assert.Contains("No space left on device", error.Message);
    }

    private static async Task<int> RunAsync(string command, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true })!;
        await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode;
    }

    /// <summary>A wallet that pays, one payment after the other, and knows which were made.</summary>
    private sealed record Story(Api Api, Account Wallet, Account Payee, List<string> Made)
    {
        public static async Task<Story> BeginAsync(Api api) => new(api, await api.NewWalletAsync("100"), await api.NewPayeeAsync(), []);

        /// <summary>Pays until it is told that the server is not ready; the last payment was not made.</summary>
        public async Task PayUntilRefusedAsync()
        {
            Reply reply;
            while ((reply = await PayAsync(Api.NewKey())).Status == 201) Assert.True(Made.Count < ManyPayments, "Nothing was refused.");
            Expect.Problem(reply, 503, "not_ready");
        }

        /// <summary>Asks for one payment until it is made, then pays often.</summary>
        public async Task GoOnAsync()
        {
            var key = Api.NewKey();
            await Eventually.TrueAsync(async () =>
            {
                var reply = await PayAsync(key);
                if (reply.Status != 201) Expect.Problem(reply, 503, "not_ready");
                return reply.Status == 201;
            });
            for (var i = 0; i < ManyPayments; i++) Assert.Equal(201, (await PayAsync(Api.NewKey())).Status);
        }

        /// <summary>That what was answered, and nothing else, is there once.</summary>
        public async Task CheckAsync()
        {
            var lines = await Api.StatementAsync(Wallet);
            Assert.Equal(Made.Order(StringComparer.Ordinal), lines.Where(line => line["kind"]!.GetValue<string>() == "payment").Select(line => line["payment"]!.GetValue<string>()).Order(StringComparer.Ordinal));
            Assert.NotEmpty(Made);
        }

        private async Task<Reply> PayAsync(string key)
        {
            var reply = await Api.PostAsync("/v1/payments", Wallet.Key, Api.Payment(Payee, "0.000001"), key);
            if (reply.Status == 201) Made.Add(reply["id"]!);
            return reply;
        }
    }
}
