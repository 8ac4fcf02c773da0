using System.Security.Cryptography;
using Farthing.CrashHost;
using Farthing.Ledger;
using Farthing.Ledger.Journal;
using Farthing.Payments;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Protocol;
using Farthing.Server.Storage;

// usage: Farthing.CrashHost DIRECTORY KIND MOMENT
// Opens the payment domain on a directory and makes one payee, offer or wallet, always with the same key. The moments before (odd) and after (even) each write of the
// settings and each append to the journal are counted; at the one asked for the process kills itself, at 0 never. What was made is printed, one fact a line.
var (directory, kind, killAt) = (args[0], args[1], int.Parse(args[2]));
var secrets = new ServerSecrets(SHA256.HashData("issuing"u8), SigningKey.FromSeed(SHA256.HashData("entitlements"u8)), SigningKey.FromSeed(SHA256.HashData("ledger"u8)));
var moments = new Moments();
var options = new LedgerOptions { Directory = Path.Combine(directory, "ledger"), Origin = "farthing.test/crash", CheckpointKey = secrets.LedgerKey, SegmentBytes = 1 << 20 };
await using var ledger = Ledger.Open(options, TimeProvider.System, journal => new KillingJournal(FileJournal.Open(journal, options.SegmentBytes), moments), Environment.FailFast);
using var store = SqliteSettingsStore.Open(Path.Combine(directory, "settings.db"));
var settings = new KillingSettings(store, moments);
var system = await PaymentSystem.StartAsync(ledger, settings, [], secrets, SHA256.HashData("operator"u8), new PaymentOptions(), TimeProvider.System);
var owner = await system.Payees.CreateAsync(Key("owner"), new NewPayee("Owner of offers", Asset.Usd));

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
        default:
            throw new ArgumentException($"'{kind}' is none of payee, offer, wallet.");
    }
}

static IdempotencyKey Key(string text) => IdempotencyKey.TryParse(text, out var key) ? key : throw new ArgumentException(text);
