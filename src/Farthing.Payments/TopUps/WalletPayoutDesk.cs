using System.Collections.Concurrent;
using Farthing.Ledger;
using Farthing.Payments.Desk;
using Farthing.Payments.Payees;
using Farthing.Payments.Wallets;
using Farthing.Protocol;

namespace Farthing.Payments.TopUps;

/// <summary>A payer's unspent money back to where it came from: to the newest top-ups first, and to each at most what it brought in.</summary>
/// <remarks>
/// What came from other people, or as a refund of what they paid for, goes back as far as the wallet's own top-ups reach, and no further: nobody is paid out here who did not pay in.
/// Each part is a hold, then the rail's call, then a post or a void. Thread-safe; idempotent for ever, also across a crash.
/// </remarks>
public sealed class WalletPayoutDesk
{
    /// <summary>To how many top-ups one payout gives back.</summary>
    public const int MaxParts = 10;

    /// <summary>How many days after a top-up its money can go back.</summary>
    public const int WindowDays = 180;

    // How many rails are asked at once.
    private const int AtOnce = 8;

    private const byte Post = 0x10;
    private const byte Clear = 0x20;
    private const byte Void = 0x40;
    private const byte Return = 0x80;

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);

    // Only the rail decides what becomes of the money: a hold that expired by itself would give back what may have been paid.
    private static readonly long Never = new DateTimeOffset(9999, 12, 31, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

    // Payouts of one wallet are planned one after another; a rail is asked about one of them one call after another. The two are never waited for together.
    private readonly Turns plans = new(64);
    private readonly Turns asks = new(64);
    private readonly Abreast rounds;
    private readonly ConcurrentDictionary<UInt128, (DateTimeOffset AskAt, TimeSpan Pause)> pauses = new();
    private readonly Ledger.Ledger ledger;
    private readonly ChartOfAccounts chart;
    private readonly WalletDirectory wallets;
    private readonly IReadOnlyList<IRail> rails;
    private readonly TopUpBook book;
    private readonly TimeProvider time;

    internal WalletPayoutDesk(Ledger.Ledger ledger, ChartOfAccounts chart, WalletDirectory wallets, IReadOnlyList<IRail> rails, TopUpBook book, TimeProvider time)
    {
        this.ledger = ledger;
        this.chart = chart;
        this.wallets = wallets;
        this.rails = rails;
        this.book = book;
        this.time = time;
        rounds = new(AtOnce, time);
    }

    /// <summary>How much of a wallet's money could go back now.</summary>
    public async ValueTask<Answer<Amount>> ReadAvailableAsync(Id<WalletKind> wallet)
    {
        if (await wallets.LoadAsync(wallet.Value) is not { } entry) return WalletDirectory.NotFound(wallet);
        return entry.IsErased ? WalletDirectory.Erased : Sum(entry.Asset, await PlanAsync(entry, null));
    }

    /// <summary>Gives unspent money back.</summary>
    /// <param name="wallet">Whose.</param>
    /// <param name="key">The key of this request.</param>
    /// <param name="amount">How much; null for all that can go back.</param>
    public async ValueTask<Answer<WalletPayout>> PayAsync(Id<WalletKind> wallet, IdempotencyKey key, Amount? amount)
    {
        var id = key.DeriveId("wallet-payout", new Caller(CallerKind.Wallet, wallet.Value));
        var digest = Digest(wallet, amount);
        using (await plans.EnterAsync(wallet.Value))
        {
            if (await ledger.FindAsync(id) is null && await HoldAsync(wallet, id, digest, amount) is { } refusal) return refusal;
        }

        var first = await GetAsync(id);
        if (first.Command.Digest != digest) return PayeeDirectory.Conflict;
        if (first.Outcome != Outcome.Done) return Refused(Refusals.OfChain(ledger, first));
        foreach (var hold in await PartsOfAsync(id)) await CarryOnAsync(hold.Command.Id);
        return await DescribeAsync(id);
    }

    /// <summary>A payout as its wallet may see it.</summary>
    public async ValueTask<Answer<WalletPayout>> ReadAsync(Id<WalletKind> wallet, Id<PayoutKind> id)
    {
        if (await wallets.LoadAsync(wallet.Value) is not { IsErased: false }) return WalletDirectory.Erased;
        return await ledger.FindAsync(id.Value) is { Outcome: Outcome.Done, Command: { Kind: RecordKind.Hold, Code: TransferCode.WalletPayout } } first && first.Command.Debit == wallet.Value && LegIds.HeadOf(id.Value) == id.Value
            ? await DescribeAsync(id.Value)
            : new Refusal(RefusalCodes.PayoutNotFound, $"There is no payout {id} of this wallet.");
    }

    /// <summary>Asks the rails about everything that is on its way back. Called at start-up and then every second.</summary>
    /// <exception cref="AggregateException">Rails failed to answer; all others were asked.</exception>
    public async ValueTask AskPendingAsync()
    {
        var now = time.GetUtcNow();
        await rounds.RunAsync(book.Open.Where(hold => !pauses.TryGetValue(hold, out var pause) || pause.AskAt <= now), CarryOnAsync, "Some payouts of wallets could not be asked about; they stay pending.");
    }

    /// <summary>Gives a wallet back what a rail had given back, and then could not deliver.</summary>
    /// <returns>False if the ledger takes no work.</returns>
    internal async ValueTask<bool> TryTakeBackAsync(IReadOnlyList<string> references)
    {
        foreach (var reference in references)
        {
            if (!Id<PayoutKind>.TryParse(reference, out var id) || await ledger.FindAsync(id.Value) is not { Outcome: Outcome.Done, Command: { Kind: RecordKind.Hold, Code: TransferCode.WalletPayout } } hold) continue;
            if (await StatusOfAsync(hold) != RailStatus.Posted || RailOf(hold.Command) is not { } rail) continue;
            var asset = hold.Command.Asset;
            var back = Command.Transfer(id.Value | Return, id.Value, ChartOfAccounts.RailClearing(rail.Name, asset), hold.Command.Debit, new Amount(asset, hold.Command.Units), TransferCode.WalletPayout, reference2: hold.Command.Reference2);
            if (await ledger.TrySubmitAsync(back) is null) return false;
        }

        return true;
    }

    private async ValueTask<Refusal?> HoldAsync(Id<WalletKind> wallet, UInt128 id, UInt128 digest, Amount? amount)
    {
        if (await wallets.LoadAsync(wallet.Value) is not { } entry) return WalletDirectory.NotFound(wallet);
        if (wallets.CheckPayer(entry) is { } unable) return unable;
        if (amount is { } asked && Amounts.Check(asked, entry.Asset) is { } malformed) return malformed;
        var parts = await PlanAsync(entry, amount);
        var available = Sum(entry.Asset, parts);
        if (parts.Count == 0 || (amount is { } wanted && available != wanted))
        {
            var most = Sum(entry.Asset, await PlanAsync(entry, null));
            return most.IsZero
                ? new(RefusalCodes.NothingToPayOut, "Nothing of what is in the wallet can go back: it is spent, was not topped up here, or was topped up too long ago.")
                : new(RefusalCodes.PayoutExceedsAvailable, $"At most {most} can go back at once, in whole cents where the money came from a card.", new Dictionary<string, object> { ["available"] = AmountJson.From(most) });
        }

        var chain = new Command[parts.Count];
        for (var i = 0; i < chain.Length; i++)
        {
            var (topUp, rail, part) = parts[i];
            var transit = ChartOfAccounts.RailTransit(rail.Name, entry.Asset);
            if (!await chart.TryOpenAsync(transit, entry.Asset)) return LedgerCalls.NotReady;
            chain[i] = Command.Hold(id | (uint)i, digest, wallet.Value, transit, part, TransferCode.WalletPayout, Never, reference2: topUp);
        }

        if (await ledger.TrySubmitAsync(chain) is not { } results) return LedgerCalls.NotReady;
        if (await ledger.FindAsync(id) is null) return Refused(Refusals.OfChain(results));
        foreach (var hold in chain) book.Observe(await GetAsync(hold.Id));
        return null;
    }

    /// <summary>Which top-ups get how much back.</summary>
    private async ValueTask<List<(UInt128 TopUp, IRail Rail, Amount Amount)>> PlanAsync(WalletEntry wallet, Amount? amount)
    {
        var left = (await ledger.ReadAccountAsync(wallet.Account))!.Value.Balances.Available;
        if (amount is { } asked) left = UInt128.Min(left, asked.Units);
        var parts = new List<(UInt128, IRail, Amount)>();
        foreach (var (topUp, clearing, returnable) in book.FindLeft(wallet.Account, time.GetUtcNow()))
        {
            if (parts.Count == MaxParts || left == UInt128.Zero) break;
            if (rails.FirstOrDefault(rail => rail.CanReturn && ChartOfAccounts.RailClearing(rail.Name, wallet.Asset) == clearing) is not { } rail) continue;
            var part = rail.RoundDown(new(wallet.Asset, UInt128.Min(left, returnable)));
            if (part.IsZero) continue;
            left -= part.Units;
            parts.Add((topUp, rail, part));
        }

        return parts;
    }

    /// <summary>Tells the rail, or asks it, about one part, and carries out what it says.</summary>
    private async ValueTask CarryOnAsync(UInt128 id)
    {
        using var turn = await asks.EnterAsync(id);
        var hold = await GetAsync(id);
        if (await StatusOfAsync(hold) != RailStatus.Pending || RailOf(hold.Command) is not { } rail) return;
        var amount = new Amount(hold.Command.Asset, hold.Command.Units);
        var answer = await rail.ReturnAsync(new Id<PayoutKind>(id).ToString(), new(hold.Command.Reference2), amount);
        Command[]? end = answer.Status switch
        {
            RailStatus.Posted =>
            [
                Command.Post(id | Post, id, id, UInt128.Zero),
                Command.Transfer(id | Clear, id, hold.Command.Credit, ChartOfAccounts.RailClearing(rail.Name, amount.Asset), amount, TransferCode.WalletPayout),
            ],
            RailStatus.Failed => [Command.Void(id | Void, id, id)],
            _ => null,
        };
        if (end is null)
        {
            var pause = pauses.TryGetValue(id, out var known) ? known.Pause : FirstPause;
            if (pause > rail.LongestPause) pause = rail.LongestPause;
            pauses[id] = (time.GetUtcNow() + pause, pause * 2);
            return;
        }

        // Not carried out while the ledger takes no work: the rail is asked again.
        if (await ledger.TrySubmitAsync(end) is null) return;
        book.Observe(await GetAsync(end[0].Id));
        pauses.TryRemove(id, out _);
    }

    private async ValueTask<WalletPayout> DescribeAsync(UInt128 id)
    {
        var parts = new List<WalletPayoutPart>();
        var holds = await PartsOfAsync(id);
        foreach (var hold in holds) parts.Add(new(new(hold.Command.Reference2), new(hold.Command.Asset, hold.Command.Units), await StatusOfAsync(hold)));
        return new(new(id), new(holds[0].Command.Debit), parts, DateTimeOffset.FromUnixTimeMilliseconds(holds[0].UnixMilliseconds));
    }

    private async ValueTask<List<JournalRecord>> PartsOfAsync(UInt128 id)
    {
        var parts = new List<JournalRecord>();
        while (parts.Count < MaxParts && await ledger.FindAsync(id | (uint)parts.Count) is { } hold) parts.Add(hold);
        return parts;
    }

    private async ValueTask<RailStatus> StatusOfAsync(JournalRecord hold)
    {
        foreach (var citation in await ledger.ReadCitationsAsync(hold.Command.Id))
        {
            if (citation.Outcome != Outcome.Done) continue;
            if (citation.Command.Kind != RecordKind.Post) return RailStatus.Failed;
            return await ledger.FindAsync(hold.Command.Id | Return) is { Outcome: Outcome.Done } ? RailStatus.Failed : RailStatus.Posted;
        }

        return RailStatus.Pending;
    }

    private async ValueTask<JournalRecord> GetAsync(UInt128 id) => await ledger.FindAsync(id) ?? throw new InvalidOperationException($"The payout {id:x32} has no record.");

    private IRail? RailOf(Command hold) => rails.FirstOrDefault(rail => ChartOfAccounts.RailTransit(rail.Name, hold.Asset) == hold.Credit);

    private static Refusal Refused(Outcome outcome) => outcome == Outcome.InsufficientFunds
        ? new(RefusalCodes.PayoutExceedsAvailable, "The wallet paid for something in this very moment, and has less than was to go back.")
        : Refusals.OfPayment(outcome);

    private static Amount Sum(Asset asset, List<(UInt128 TopUp, IRail Rail, Amount Amount)> parts) => parts.Aggregate(new Amount(asset, UInt128.Zero), (sum, part) => sum + part.Amount);

    private static UInt128 Digest(Id<WalletKind> wallet, Amount? amount)
    {
        var bytes = new CanonicalBytes(stackalloc byte[128]);
        bytes.Add("wallet-payout");
        bytes.Add(wallet.Value);
        bytes.Add(amount);
        return bytes.ToDigest();
    }
}
