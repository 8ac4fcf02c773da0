using System.Collections.Concurrent;
using System.Security.Cryptography;
using Farthing.CrashHost;
using Farthing.Ledger;
using Farthing.Payments.Settings;
using Farthing.Payments.TopUps;
using Farthing.Protocol;
using Farthing.Server.Storage;
using Microsoft.Extensions.Time.Testing;

namespace Farthing.Payments.Tests.Year;

/// <summary>The payment domain over a real ledger and real settings, with its schedule at work; it can be cut off in the middle of everything and opened again.</summary>
internal sealed class YearHouse : IAsyncDisposable
{
    public const uint FeeBasisPoints = 250;

    private readonly ServerSecrets secrets = new(RandomNumberGenerator.GetBytes(32), SigningKey.Create(), SigningKey.Create());
    private readonly string directory = Directory.CreateTempSubdirectory("farthing-year-").FullName;
    private readonly long segmentBytes;
    private SqliteSettingsStore? store;
    private CancellationTokenSource? stop;
    private Task schedule = Task.CompletedTask;

    private YearHouse(DateTimeOffset start, long segmentBytes)
    {
        Time = new(start);
        this.segmentBytes = segmentBytes;
    }

    public FakeTimeProvider Time { get; private set; }

    public ISettingsStore Settings { get; private set; } = null!;

    /// <summary>The steps of the settings: at one of them all may end, as if the process had.</summary>
    public Moments Moments { get; private set; } = null!;

    public Ledger.Ledger Ledger { get; private set; } = null!;

    public PaymentSystem Domain { get; private set; } = null!;

    public SigningKey PayeeKey { get; } = SigningKey.Create();

    public OutsideMoney Rail { get; } = new();

    /// <summary>What the schedule reported though nothing was cut off.</summary>
    public ConcurrentQueue<string> Faults { get; } = new();

    public string LedgerDirectory => Path.Combine(directory, "ledger");

    public static async Task<YearHouse> OpenAsync(DateTimeOffset start, long segmentBytes)
    {
        var house = new YearHouse(start, segmentBytes);
        await house.OpenAsync();
        return house;
    }

    /// <summary>Closes whatever is under way and opens what is left, at a later time.</summary>
    public async Task ReopenAsync(TimeSpan off, Task underWay)
    {
        Moments.End();
        await CloseAsync(underWay);
        Time = new(Time.GetUtcNow() + off);
        await OpenAsync();
    }

    /// <summary>Waits until nothing is due.</summary>
    public async Task SettleAsync()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while ((await Domain.Schedule.ReadBacklogAsync()).Due > 0)
        {
            deadline.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    /// <summary>Opens another ledger from a copy of the journal alone: no snapshot, no index, no tree.</summary>
    public Ledger.Ledger OpenCopy(string copy)
    {
        var journal = Directory.CreateDirectory(Path.Combine(copy, "journal")).FullName;
        foreach (var segment in Directory.EnumerateFiles(Path.Combine(LedgerDirectory, "journal"), "*.segment")) File.Copy(segment, Path.Combine(journal, Path.GetFileName(segment)));
        return Farthing.Ledger.Ledger.Open(Options(copy), Time);
    }

    public async Task CloseAsync(Task underWay)
    {
        if (stop is not null) await stop.CancelAsync();
        if (Ledger is not null) await Ledger.DisposeAsync();
        await underWay;
        await schedule;
        store?.Dispose();
        stop?.Dispose();
        (stop, store) = (null, null);
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync(Task.CompletedTask);
        await Leftovers.DeleteAsync(directory);
    }

    private LedgerOptions Options(string path) => new() { Directory = path, Origin = "farthing.test/year", CheckpointKey = secrets.LedgerKey, SegmentBytes = segmentBytes };

    private async Task OpenAsync()
    {
        Ledger = Farthing.Ledger.Ledger.Open(Options(LedgerDirectory), Time);
        store = SqliteSettingsStore.Open(Path.Combine(directory, "settings.db"));
        var moments = Moments = new(() => { });
        Settings = new CutSettings(store, moments);
        Domain = await PaymentSystem.StartAsync(Ledger, Settings, [Rail], [], secrets, SHA256.HashData("fk_op_test"u8), new() { FeeBasisPoints = FeeBasisPoints }, Time);
        await Domain.TopUps.AskPendingAsync();
        stop = new CancellationTokenSource();
        schedule = Domain.Schedule.RunAsync(
            (what, error) =>
            {
                if (!moments.Ended.IsCompleted) Faults.Enqueue($"{what} {error}");
            },
            stop.Token);
    }
}

/// <summary>Money from outside, which comes at once or not at all, and is not cut off with the house.</summary>
internal sealed class OutsideMoney : IRail
{
    private readonly ConcurrentDictionary<UInt128, RailStatus> collected = new();

    public string Name => "outside";

    public ValueTask<RailAnswer> CollectAsync(Id<TopUpKind> reference, Amount amount, string? instruction) =>
        new(new RailAnswer(collected.GetOrAdd(reference.Value, instruction == "fail" ? RailStatus.Failed : RailStatus.Posted)));

    public ValueTask<RailAnswer> AskAsync(Id<TopUpKind> reference) => new(new RailAnswer(collected.GetValueOrDefault(reference.Value, RailStatus.Unknown)));
}
