using System.Security.Cryptography;
using Farthing.CrashHost;
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

// usage: Farthing.CrashHost DIRECTORY KIND MOMENT
// Opens the payment domain on a directory and makes one payee, offer, wallet, mandate or monthly tip, always with the same key, or changes the caps of a wallet, or
// ("month") pays the month of a tip that is due, or ends a campaign. The moments before (odd) and after (even) each write of the
// settings and each append to the journal are counted; at the one asked for the process kills itself, at 0 never. What was made is printed, one fact a line.
var (directory, kind, killAt) = (args[0], args[1], int.Parse(args[2]));
var secrets = new ServerSecrets(SHA256.HashData("issuing"u8), SigningKey.FromSeed(SHA256.HashData("entitlements"u8)), SigningKey.FromSeed(SHA256.HashData("ledger"u8)));
var moments = new Moments();
var time = TestClock.Open(Path.Combine(directory, "clock"), TimeProvider.System);
var options = new LedgerOptions { Directory = Path.Combine(directory, "ledger"), Origin = "farthing.test/crash", CheckpointKey = secrets.LedgerKey, SegmentBytes = 1 << 20 };
await using var ledger = Ledger.Open(options, time, journal => new KillingJournal(FileJournal.Open(journal, options.SegmentBytes), moments), Environment.FailFast);
using var store = SqliteSettingsStore.Open(Path.Combine(directory, "settings.db"));
var settings = new KillingSettings(store, moments);
using var sandbox = new SandboxRail(Path.Combine(directory, "sandbox.db"), time);
var system = await PaymentSystem.StartAsync(ledger, settings, [sandbox], secrets, SHA256.HashData("operator"u8), new PaymentOptions(), time);
var owner = await system.Payees.CreateAsync(Key("owner"), new NewPayee("Owner of offers", Asset.Usd));
var payer = kind is "tip" or "month" or "mandate" or "caps" ? await NewPayerAsync() : default;
if (kind == "caps") await PayUnderOldCapsAsync();
if (kind == "month") time.TryMoveTo((await TipAsync()).Monthly!.CreatedAt.AddDays(35));
var campaignEnd = new CampaignEnd(directory, system, ledger, time);
if (kind == "campaign-end") await campaignEnd.PrepareAsync(owner.Value!.Payee);

moments.KillAt(killAt);
var first = await MakeAsync();
moments.KillAt(0);
if (await MakeAsync() != first) throw new InvalidOperationException("A repeat with the same key was answered differently.");
Console.WriteLine(first);
Console.WriteLine($"accounts {ledger.ReadFrom(0).Count(record => record.Command.Kind == RecordKind.OpenAccount)}");
Console.WriteLine($"rows {KillingSettings.CountRows(Path.Combine(directory, "settings.db"))}");

async Task<string> MakeAsync()
{
    switch (kind)
    {
        case "payee":
            var payee = await system.Payees.CreateAsync(Key("payee"), new NewPayee("Payee", Asset.Eur));
            return $"made {payee.Value!.Payee.Id} with key {payee.Value.Key}";
        case "offer":
            var offer = await system.Offers.CreateAsync(owner.Value!.Payee.Id, Key("offer"), new NewOffer("Offer", null, new PerUse(new Amount(Asset.Usd, 20_000))));
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
            using (var stop = new CancellationTokenSource())
            {
                var running = system.Schedule.RunAsync(Environment.FailFast, stop.Token);
                while ((await system.Schedule.ReadBacklogAsync()).Due > 0) await Task.Delay(TimeSpan.FromMilliseconds(2));
                await stop.CancelAsync();
                await running;
            }

            var paid = (await system.Tips.ListAsync(payer, null, 10)).Value!.Lines.Single();
            var payments = (await system.Desk.FindByReferenceAsync(new Caller(CallerKind.Wallet, payer.Value), paid.Id.ToString(), null, 10)).Value!.Lines;
            return $"tip paid {paid.Paid} missed {paid.Missed} payments {payments.Count} balance {(await system.Wallets.ReadAsync(payer)).Value!.Balance}";
        case "campaign-end":
            return await campaignEnd.RunAsync(owner.Value!.Payee);
        default:
            throw new ArgumentException($"'{kind}' is none of payee, offer, wallet, mandate, caps, tip, month, campaign-end.");
    }
}

async Task<Id<WalletKind>> NewPayerAsync()
{
    var wallet = (await system.Wallets.CreateAsync(Key("0123456789abcdefghijkm"), Asset.Usd)).Value!.Wallet.Id;
    await system.TopUps.TopUpAsync(wallet, Key("top-up"), new Amount(Asset.Usd, 10_000_000), "sandbox", null);
    return wallet;
}

async Task PayUnderOldCapsAsync()
{
    await system.WalletCaps.SetAsync(payer, Key("old-caps"), CapsOf(2_000_000), null);
    await system.Desk.PayAsync(new PaymentRequest { Wallet = payer, Key = Key("old-payment"), Payee = owner.Value!.Payee.Id, Amount = new Amount(Asset.Usd, 600_000) });
}

static Caps CapsOf(uint perMonth) => new(null, null, new Amount(Asset.Usd, perMonth));

async Task<Tip> TipAsync() =>
    (await system.Tips.TipAsync(payer, Key("tip"), new NewTip(owner.Value!.Payee.Id, new Amount(Asset.Usd, 1_000_000), null, "UTC"))).Value!;

static IdempotencyKey Key(string text) => IdempotencyKey.TryParse(text, out var key) ? key : throw new ArgumentException(text);
