using System.Security.Cryptography;
using Farthing.CrashHost;
using Farthing.Ledger;
using Farthing.Ledger.Journal;
using Farthing.Payments.Desk;
using Farthing.Payments.Mandates;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Payments.Payouts;
using Farthing.Payments.Settings;
using Farthing.Payments.TopUps;
using Farthing.Payments.Wallets;
using Farthing.Payments.Webhooks;
using Farthing.Protocol;
using Farthing.Server.Rails;
using Farthing.Server.Storage;
using Microsoft.Extensions.Time.Testing;

namespace Farthing.Payments.Tests;

/// <summary>The real payment domain over a real ledger and real settings in a temporary directory, with a clock of its own.</summary>
internal sealed class TestSystem : IAsyncDisposable
{
    public static readonly DateTimeOffset Start = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    // Settings in which there is nothing yet: they are copied, as all migrations take longer than most tests.
    private static readonly Lazy<byte[]> EmptySettings = new(MakeEmptySettings);

    private SqliteSettingsStore? settings;
    private SandboxRail? sandbox;
    private SandboxPayoutRail? payoutSandbox;
    private PaymentSystem? system;

    /// <summary>The operator's fee in tests that say nothing of it: twice the default, so that a reader sees it at once.</summary>
    public const uint OnePercent = 100;

    private TestSystem(PaymentOptions options) => Options = options;

    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("farthing-payments-").FullName;

    public FakeTimeProvider Time { get; private set; } = new(Start);

    /// <summary>What the operator sets; a change is in force from the next start.</summary>
    public PaymentOptions Options { get; set; }

    public ServerSecrets Secrets { get; } = new(RandomNumberGenerator.GetBytes(32), SigningKey.Create(), SigningKey.Create());

    public string OperatorKey { get; } = "fk_op_test";

    public SigningKey PayeeKey { get; } = SigningKey.Create();

    public Func<IRail, IRail> WrapRail { get; set; } = rail => rail;

    public Func<IPayoutRail, IPayoutRail> WrapPayoutRail { get; set; } = rail => rail;

    /// <summary>Runs before each append to the journal, on the ledger's own thread.</summary>
    public Action BeforeAppending { get; set; } = () => { };

    /// <summary>Rails beside the sandbox, made anew with each start.</summary>
    public Func<ISettingsStore, IReadOnlyList<IRail>> MoreRails { get; set; } = _ => [];

    public WatchedSettings Settings { get; private set; } = null!;

    /// <summary>The steps of both stores: writes of the settings and appends to the journal. At one of them all may end, until everything is opened again.</summary>
    public Moments Moments { get; private set; } = null!;

    public Ledger.Ledger Ledger { get; private set; } = null!;

    public PaymentSystem Domain => system ?? throw new InvalidOperationException("Not started.");

    public PaymentDesk Desk => Domain.Desk;

    /// <summary>What carries events to webhooks; null where a test has none.</summary>
    public IWebhookCourier? Courier { get; private init; }

    public static async Task<TestSystem> StartAsync(PaymentOptions? options = null, IWebhookCourier? courier = null, Func<IRail, IRail>? wrapRail = null)
    {
        var test = new TestSystem(options ?? new() { FeeBasisPoints = OnePercent }) { Courier = courier };
        if (wrapRail is not null) test.WrapRail = wrapRail;
        await File.WriteAllBytesAsync(Path.Combine(test.Directory, "settings.db"), EmptySettings.Value);
        await test.OpenAsync();
        return test;
    }

    /// <summary>Closes everything and opens it again from disk.</summary>
    public async Task RestartAsync()
    {
        await CloseAsync();
        await OpenAsync();
    }

    /// <summary>The same with another clock, which may be behind the one before.</summary>
    public async Task RestartAtAsync(DateTimeOffset time)
    {
        await CloseAsync();
        Time = new(time);
        await OpenAsync();
    }

    public static IdempotencyKey Key(string text) => IdempotencyKey.TryParse(text, out var key) ? key : throw new ArgumentException(text);

    /// <summary>A new UUID version 7 of the test's time.</summary>
    public IdempotencyKey NewKey() => Key(Guid.CreateVersion7(Time.GetUtcNow()).ToString());

    public async Task<Payee> NewPayeeAsync(int refundsPerMonth = 5, string website = "https://news.example", IReadOnlyList<string>? tags = null) =>
        Given(await Domain.Payees.CreateAsync(NewKey(), new NewPayee("The Newsroom", Asset.Usd, website, PayeeKey.Verifier, refundsPerMonth) { Tags = tags ?? [] })).Payee;

    public async Task<Wallet> NewWalletAsync(string amount = "0")
    {
        var wallet = Given(await Domain.Wallets.CreateAsync(NewKey(), Asset.Usd)).Wallet;
        if (amount != "0") Assert.Equal(RailStatus.Posted, Given(await Domain.TopUps.TopUpAsync(wallet.Id, NewKey(), Usd(amount), "sandbox", null)).Status);
        return wallet;
    }

    public async Task<Offer> NewOfferAsync(Payee payee, string price, int refundWindowSeconds = 900, IReadOnlyList<Split>? splits = null) =>
        Given(await Domain.Offers.CreateAsync(payee.Id, NewKey(), new NewOffer("An article", "/articles/rain", new PerUse(Usd(price)), refundWindowSeconds) { Splits = splits ?? [] }));

    /// <summary>Makes a payee's money go elsewhere.</summary>
    public async Task SpendAsync(Payee payee, string amount)
    {
        var id = Id<PaymentKind>.New(Time).Value;
        var results = await Ledger.SubmitAsync([Farthing.Ledger.Command.Transfer(id, id, payee.Id.Value, ChartOfAccounts.Fees(Asset.Usd), Usd(amount), TransferCode.Fee)]);
        Assert.Equal(Farthing.Ledger.Outcome.Done, results[0].Outcome);
    }

    public PaymentRequest Pay(Wallet wallet, Payee payee, string amount, bool hold = false, string? reference = null) =>
        new() { Wallet = wallet.Id, Key = NewKey(), Payee = payee.Id, Amount = Usd(amount), Hold = hold, Reference = reference };

    public string TermsOf(Payee payee, string amount = "0.02", string resource = "/articles/rain", bool once = true, string? returnUrl = "https://news.example/articles/rain", int lifetimeSeconds = 600, string nonce = "nonce-nonce-nonce-nonce", SigningKey? key = null, Offer? offer = null) => new Terms
    {
        Payee = payee.Id,
        Offer = offer?.Id,
        Amount = offer is null ? Usd(amount) : null,
        Resource = resource,
        Title = "Rain",
        ReturnUrl = returnUrl,
        Once = once,
        Expires = DateTimeOffset.FromUnixTimeSeconds(Time.GetUtcNow().ToUnixTimeSeconds() + lifetimeSeconds),
        Nonce = nonce,
    }.Sign(key ?? PayeeKey);

    /// <summary>Runs the schedule until a condition holds.</summary>
    /// <returns>What failed meanwhile that nobody foresaw.</returns>
    public async Task<IReadOnlyList<Exception>> RunScheduleAsync(Func<Task<bool>> isOver)
    {
        using var stop = new CancellationTokenSource();
        var reports = new List<Exception>();
        var running = Domain.Schedule.RunAsync((_, error) => { lock (reports) reports.Add(error); }, stop.Token);
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        using var looks = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        while (!await isOver()) await looks.WaitForNextTickAsync(deadline.Token);
        await stop.CancelAsync();
        // What waits for a ledger that was cut off is never answered, as in a process that has ended.
        if (Moments.Ended.IsCompleted) await Task.WhenAny(running, Task.Delay(TimeSpan.FromSeconds(2), CancellationToken.None));
        else await running.WaitAsync(deadline.Token);
        return reports;
    }

    /// <summary>Tells webhooks of what happens until a condition holds.</summary>
    /// <returns>What failed meanwhile that nobody foresaw.</returns>
    public async Task<IReadOnlyList<Exception>> RunWebhooksAsync(Func<Task<bool>> isOver)
    {
        using var stop = new CancellationTokenSource();
        var reports = new List<Exception>();
        var running = Domain.WebhookRounds.RunAsync((_, error) => { lock (reports) reports.Add(error); }, stop.Token);
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        using var looks = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        while (!await isOver()) await looks.WaitForNextTickAsync(deadline.Token);
        await stop.CancelAsync();
        await running.WaitAsync(deadline.Token);
        return reports;
    }

    /// <summary>Asks for something, and lets the clock go on before it reaches the ledger, whose disk is held up so long.</summary>
    public async Task<T> AskAndWaitAsync<T>(Func<Task<T>> ask, TimeSpan wait)
    {
        using var disk = new SemaphoreSlim(0);
        using var held = new SemaphoreSlim(0);
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        BeforeAppending = () =>
        {
            held.Release();
            disk.Wait(deadline.Token);
        };
        var before = Ledger.SubmitAsync([Farthing.Ledger.Command.Claim(NewKey().DeriveId("test", new Caller(CallerKind.Operator, 0)), 1, 1)]);
        await held.WaitAsync(deadline.Token);
        BeforeAppending = () => { };
        var asked = Task.Run(ask);
        using var looks = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        while (Ledger.QueuedCommands == 0) await looks.WaitForNextTickAsync(deadline.Token);
        Time.Advance(wait);
        disk.Release();
        await before;
        return await asked.WaitAsync(deadline.Token);
    }

    /// <summary>Leaves caps of a wallet in the making, with the gate of those before shut: the next payment is refused with <c>caps_changed</c>.</summary>
    public async Task ShutCapsAsync(Wallet wallet)
    {
        Given(await Domain.WalletCaps.SetAsync(wallet.Id, NewKey(), new Caps(Usd("5"), null, null), null));
        var row = CapsRows.New(Id<WalletKind>.New(Time).Value, wallet.Id, Asset.Usd, new Caps(Usd("4"), null, null), "UTC", Time.GetUtcNow());
        Assert.NotNull(await Settings.ClaimAsync(new ClaimRow($"caps:{wallet.Id}", [1], 1, row.Id, 0), row));
        var gate = (await Settings.FindAsync<WalletRow>(wallet.Id.Value))!.Caps!.Value;
        var shut = Id<PaymentKind>.New(Time).Value;
        Assert.Equal(Farthing.Ledger.Outcome.Done, (await Ledger.SubmitAsync([Farthing.Ledger.Command.ChangeAccount(Farthing.Ledger.RecordKind.FreezeAccount, shut, gate)]))[0].Outcome);
    }

    public async Task<string> BalanceAsync(Wallet wallet) => Given(await Domain.Wallets.ReadAsync(wallet.Id)) is var read ? $"{read.Balance.ToDecimalString()} held {read.Held.ToDecimalString()}" : "";

    public async Task<string> BalanceAsync(Payee payee) => Given(await Domain.Payees.ReadAsync(payee.Id)) is var read ? $"{read.Balance.ToDecimalString()} held {read.Held.ToDecimalString()}" : "";

    public static Caller As(Wallet wallet) => new(CallerKind.Wallet, wallet.Id.Value);

    public static Caller As(Payee payee) => new(CallerKind.Payee, payee.Id.Value);

    public static Amount Usd(string text) => Amount.TryParse(text, Asset.Usd, out var amount) == AmountError.None ? amount : throw new ArgumentException(text);

    public static T Given<T>(Answer<T> answer) => answer.IsGiven ? answer.Value : throw new InvalidOperationException($"Refused: {answer.Refusal.Code.Code}: {answer.Refusal.Detail}");

    public static void Refused<T>(RefusalCode code, Answer<T> answer) => Assert.Equal(code.Code, answer.Refusal?.Code.Code ?? "given");

    /// <summary>Lets the schedule do what is due, until nothing is or everything ends.</summary>
    public async Task RunDueAsync()
    {
        using var stop = new CancellationTokenSource();
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var running = Domain.Schedule.RunAsync((what, error) => Assert.True(Moments.Ended.IsCompleted, $"{what} {error}"), stop.Token);
        while (!Moments.Ended.IsCompleted && (await Domain.Schedule.ReadBacklogAsync()).Due > 0)
        {
            deadline.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        await stop.CancelAsync();
        await running;
    }

    public async Task CloseAsync()
    {
        if (Ledger is not null) await Ledger.DisposeAsync();
        settings?.Dispose();
        sandbox?.Dispose();
        payoutSandbox?.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        await Leftovers.DeleteAsync(Directory);
    }

    private static byte[] MakeEmptySettings()
    {
        var directory = System.IO.Directory.CreateTempSubdirectory("farthing-settings-").FullName;
        try
        {
            var file = Path.Combine(directory, "settings.db");
            SqliteSettingsStore.Open(file).Dispose();
            // Closed by the last of its connections, it is one file.
            Assert.False(File.Exists(file + "-wal"));
            return File.ReadAllBytes(file);
        }
        finally
        {
            System.IO.Directory.Delete(directory, recursive: true);
        }
    }

    private async Task OpenAsync()
    {
        var moments = Moments = new Moments(() => { });
        var ledgerOptions = new LedgerOptions { Directory = Path.Combine(Directory, "ledger"), Origin = "farthing.test/ledger", CheckpointKey = Secrets.LedgerKey, SegmentBytes = 1 << 20 };
        Ledger = Farthing.Ledger.Ledger.Open(ledgerOptions, Time, directory => new CutJournal(FileJournal.Open(directory, ledgerOptions.SegmentBytes), moments, () => BeforeAppending()), (what, error) =>
        {
            if (!moments.Ended.IsCompleted) Environment.FailFast(what, error);
        });
        settings = SqliteSettingsStore.Open(Path.Combine(Directory, "settings.db"));
        sandbox = new SandboxRail(Path.Combine(Directory, "sandbox.db"), Time);
        payoutSandbox = new SandboxPayoutRail(Path.Combine(Directory, "sandbox.db"), Time);
        Settings = new(settings, moments);
        system = await PaymentSystem.StartAsync(Ledger, Settings, [WrapRail(sandbox), .. MoreRails(Settings)], [WrapPayoutRail(payoutSandbox)], Secrets, SHA256.HashData("fk_op_test"u8), Options, Time, Courier);
    }
}
