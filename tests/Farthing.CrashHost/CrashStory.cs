using System.Security.Cryptography;
using Farthing.Ledger;
using Farthing.Ledger.Journal;
using Farthing.Payments;
using Farthing.Payments.Desk;
using Farthing.Payments.Mandates;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Payments.Tips;
using Farthing.Protocol;
using Farthing.Server;
using Farthing.Server.Rails;
using Farthing.Server.Storage;
using Microsoft.Data.Sqlite;

namespace Farthing.CrashHost;

/// <summary>The payment domain on a directory, and one thing made in it, always with the same key: a payee, offer, wallet, mandate or monthly tip, other caps of a wallet, the month of a tip that is due, or the end of a campaign.</summary>
/// <remarks>The writes of the settings and the appends to the journal are its steps, counted while it is made. Opened again on the same directory, it goes on where it ended.</remarks>
internal sealed class CrashStory : IAsyncDisposable
{
    private static readonly string[] Tables = ["Payees", "Offers", "Wallets", "Tips"];

    private readonly string directory;
    private readonly string kind;
    private readonly Moments moments;
    private readonly TestClock time;
    private readonly Ledger.Ledger ledger;
    private readonly SqliteSettingsStore store;
    private readonly SandboxRail sandbox;
    private readonly SandboxPayoutRail payoutSandbox;
    private PaymentSystem system = null!;
    private Payee owner = null!;
    private Id<WalletKind> payer;
    private CampaignEnd? campaignEnd;

    private CrashStory(string directory, string kind, Moments moments, ServerSecrets secrets)
    {
        (this.directory, this.kind, this.moments) = (directory, kind, moments);
        time = TestClock.Open(Path.Combine(directory, "clock"), TimeProvider.System);
        var options = new LedgerOptions { Directory = Path.Combine(directory, "ledger"), Origin = "farthing.test/crash", CheckpointKey = secrets.LedgerKey, SegmentBytes = 1 << 20 };
        ledger = Farthing.Ledger.Ledger.Open(options, time, journal => new CutJournal(FileJournal.Open(journal, options.SegmentBytes), moments), EndProcess);
        store = SqliteSettingsStore.Open(SettingsFile);
        sandbox = new SandboxRail(Path.Combine(directory, "sandbox.db"), time);
        payoutSandbox = new SandboxPayoutRail(Path.Combine(directory, "sandbox.db"), time);
    }

    private string SettingsFile => Path.Combine(directory, "settings.db");

    /// <summary>Opens everything, and makes what has to be there first.</summary>
    public static async Task<CrashStory> OpenAsync(string directory, string kind, Moments moments)
    {
        var secrets = new ServerSecrets(SHA256.HashData("issuing"u8), SigningKey.FromSeed(SHA256.HashData("entitlements"u8)), SigningKey.FromSeed(SHA256.HashData("ledger"u8)));
        var story = new CrashStory(directory, kind, moments, secrets);
        story.system = await PaymentSystem.StartAsync(story.ledger, new CutSettings(story.store, moments), [story.sandbox], [story.payoutSandbox], secrets, SHA256.HashData("operator"u8), new PaymentOptions { FeeBasisPoints = 100 }, story.time);
        await story.PrepareAsync();
        return story;
    }

    /// <summary>Makes it twice, with the same key.</summary>
    /// <param name="endAt">The moment of the first time at which everything ends: the odd ones are before a step, the even ones after one; 0 for none.</param>
    /// <returns>What was made, one fact a line.</returns>
    /// <remarks>If all ends in a step of the ledger, it may never complete: nobody is left to answer.</remarks>
    public async Task<string[]> RunAsync(int endAt)
    {
        moments.EndAt(endAt);
        var first = await MakeAsync();
        moments.EndAt(0);
        if (await MakeAsync() != first) throw new InvalidOperationException("A repeat with the same key was answered differently.");
        return [.. first.Split('\n'), $"accounts {ledger.ReadFrom(0).Count(record => record.Command.Kind == RecordKind.OpenAccount)}", CountRows()];
    }

    public async ValueTask DisposeAsync()
    {
        await ledger.DisposeAsync();
        store.Dispose();
        sandbox.Dispose();
        payoutSandbox.Dispose();
    }

    private async Task PrepareAsync()
    {
        owner = (await system.Payees.CreateAsync(Key("owner"), new NewPayee("Owner of offers", Asset.Usd))).Value!.Payee;
        if (kind is "tip" or "month" or "mandate" or "caps")
        {
            payer = (await system.Wallets.CreateAsync(Key("0123456789abcdefghijkm"), Asset.Usd)).Value!.Wallet.Id;
            await system.TopUps.TopUpAsync(payer, Key("top-up"), new Amount(Asset.Usd, 10_000_000), "sandbox", null);
        }

        if (kind == "caps")
        {
            await system.WalletCaps.SetAsync(payer, Key("old-caps"), CapsOf(2_000_000), null);
            await system.Desk.PayAsync(new PaymentRequest { Wallet = payer, Key = Key("old-payment"), Payee = owner.Id, Amount = new Amount(Asset.Usd, 600_000) });
        }

        if (kind == "month") time.TryMoveTo((await TipAsync()).Monthly!.CreatedAt.AddDays(35));
        if (kind == "campaign-end")
        {
            campaignEnd = new CampaignEnd(directory, system, ledger, time);
            await campaignEnd.PrepareAsync(owner);
        }
    }

    private async Task<string> MakeAsync()
    {
        switch (kind)
        {
            case "payee":
                var payee = await system.Payees.CreateAsync(Key("payee"), new NewPayee("Payee", Asset.Eur));
                return $"made {payee.Value!.Payee.Id} with key {payee.Value.Key}";
            case "offer":
                var offer = await system.Offers.CreateAsync(owner.Id, Key("offer"), new NewOffer("Offer", null, new PerUse(new Amount(Asset.Usd, 20_000))));
                return $"made {offer.Value!.Id}";
            case "wallet":
                var wallet = await system.Wallets.CreateAsync(Key("0123456789abcdefghijkl"), Asset.Usd);
                return $"made {wallet.Value!.Wallet.Id} with key {wallet.Value.Key}";
            case "mandate":
                var mandate = await system.Mandates.CreateAsync(payer, Key("mandate"), new NewMandate(default, null, CapsOf(2_000_000), null, null));
                return $"made {mandate.Value!.State.Mandate.Id} with key {mandate.Value.Key}\nmandates {(await system.Mandates.ListAsync(payer, null, 10)).Value!.Lines.Count}";
            case "caps":
                await system.WalletCaps.SetAsync(payer, Key("new-caps"), CapsOf(1_500_000), null);
                return $"left {(await system.WalletCaps.ReadAsync(payer)).Value!.Caps.Single().Headroom}";
            case "tip":
                var tip = await TipAsync();
                return $"made {tip.Monthly!.Id} by {tip.Payment.Id}";
            case "month":
                await DoWhatIsDueAsync();
                var paid = (await system.Tips.ListAsync(payer, null, 10)).Value!.Lines.Single();
                var payments = (await system.Desk.FindByReferenceAsync(new Caller(CallerKind.Wallet, payer.Value), paid.Id.ToString(), null, 10)).Value!.Lines;
                return $"tip paid {paid.Paid} missed {paid.Missed} payments {payments.Count} balance {(await system.Wallets.ReadAsync(payer)).Value!.Balance}";
            case "campaign-end":
                await DoWhatIsDueAsync();
                return await campaignEnd!.DescribeAsync(owner);
            default:
                throw new ArgumentException($"'{kind}' is none of payee, offer, wallet, mandate, caps, tip, month, campaign-end.");
        }
    }

    private async Task DoWhatIsDueAsync()
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var running = system.Schedule.RunAsync(EndProcess, stop.Token);
        try
        {
            while (await system.Schedule.ReadBacklogAsync() is { Due: > 0 }) await Task.Delay(2, stop.Token);
        }
        finally
        {
            await stop.CancelAsync();
        }

        await running;
    }

    // What fails because all has ended needs no report.
    private void EndProcess(string what, Exception error)
    {
        if (!moments.Ended.IsCompleted) Environment.FailFast(what, error);
    }

    /// <summary>How many payees, offers, wallets and tips there are, and how many are still in the making.</summary>
    private string CountRows()
    {
        using var connection = new SqliteConnection($"Data Source={SettingsFile};Pooling=False");
        connection.Open();
        var creating = Tables.Sum(table => Read($"SELECT COUNT(*) FROM {table} WHERE State = 0"));
        return $"rows {string.Join(' ', Tables.Select(table => $"{table} {Read($"SELECT COUNT(*) FROM {table}")}"))} creating {creating}";

        long Read(string sql)
        {
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            return (long)command.ExecuteScalar()!;
        }
    }

    private async Task<Tip> TipAsync() => (await system.Tips.TipAsync(payer, Key("tip"), new NewTip(owner.Id, new Amount(Asset.Usd, 1_000_000), null, "UTC"))).Value!;

    private static Caps CapsOf(uint perMonth) => new(null, null, new Amount(Asset.Usd, perMonth));

    private static IdempotencyKey Key(string text) => IdempotencyKey.TryParse(text, out var key) ? key : throw new ArgumentException(text);
}
