using Farthing.Ledger;
using Farthing.Payments.Calendars;
using Farthing.Payments.Desk;
using Farthing.Protocol;
using NodaTime;

namespace Farthing.Payments.Mandates;

/// <summary>At most how much in a day, a week and a month; null where there is no such cap. Immutable; safe to share between threads.</summary>
public sealed record Caps(Amount? PerDay, Amount? PerWeek, Amount? PerMonth)
{
    /// <summary>The caps of whoever names none, as nothing is ever unlimited: 5 a month of a currency of everyday money, 0.0001 BTC.</summary>
    public static Caps Default(Asset currency) => new(null, null, new(currency, currency.Code == "BTC" ? 10_000_000u : 5_000_000u));

    /// <summary>The cap of a period.</summary>
    public Amount? Of(CalendarPeriod period) => period switch
    {
        CalendarPeriod.Day => PerDay,
        CalendarPeriod.Week => PerWeek,
        _ => PerMonth,
    };

    /// <summary>True if there is none.</summary>
    internal bool AreNone => PerDay is null && PerWeek is null && PerMonth is null;

    /// <summary>The smallest of them.</summary>
    internal Amount? Smallest => new[] { PerDay, PerWeek, PerMonth }.Where(cap => cap is not null).MinBy(cap => cap!.Value.Units);
}

/// <summary>How much of a cap is used in the window of the moment.</summary>
/// <param name="Period">The window's period.</param>
/// <param name="Amount">At most how much.</param>
/// <param name="Headroom">What is left.</param>
/// <param name="EndsAt">When it counts from zero again.</param>
public sealed record CapState(CalendarPeriod Period, Amount Amount, Amount Headroom, DateTimeOffset EndsAt);

/// <summary>An account that uses are counted on: the gate of a set of caps, or the allowance of one cap in one window.</summary>
/// <remarks>Immutable but for <see cref="IsOpen"/>; safe to share between threads.</remarks>
internal sealed class Allowance
{
    /// <summary>How many commands open it.</summary>
    public const int OpeningLength = 2;

    private volatile bool isOpen;

    /// <summary>The number of the leg that uses it.</summary>
    public required int Number { get; init; }

    public required UInt128 Account { get; init; }

    public required UInt128 Issuer { get; init; }

    /// <summary>What is issued for the window; nothing for a gate, which limits nothing.</summary>
    public required Amount Limit { get; init; }

    public required CalendarWindow Window { get; init; }

    /// <summary>True once the account is known to be open and filled; before, whoever uses it sees to that first.</summary>
    public bool IsOpen => isOpen;

    public void MarkOpen() => isOpen = true;

    /// <summary>Those that may have to be opened before they are used.</summary>
    public static IReadOnlyList<Allowance> NotOpen(IReadOnlyList<Allowance> uses)
    {
        foreach (var use in uses)
        {
            if (!use.IsOpen) return [.. uses.Where(use => !use.IsOpen)];
        }

        return [];
    }

    /// <summary>Writes the chain that opens and fills the account. It is never refused for the state of things, so it binds nothing that another payment needs; doing it again changes nothing.</summary>
    /// <param name="chain">Where to: <see cref="OpeningLength"/> commands.</param>
    public void WriteOpening(Span<Command> chain)
    {
        var issue = LegIds.IssueOf(Account);
        chain[0] = Reopening() with { Linked = true };
        chain[1] = Command.Transfer(issue, issue, Issuer, Account, Limit, TransferCode.Allowance);
    }

    /// <summary>What stands before the use in the payment's own chain, if the account may not be open. It changes nothing if it is.</summary>
    /// <remarks>If the window is over by then, the account was not opened and is not there; only this says so, and the payment binds nothing.</remarks>
    public Command Reopening() => Command.OpenAccount(Account, Limit.Asset, AccountFlags.DebitsMustNotExceedCredits, Window.EndUnixMilliseconds, Issuer);

    /// <summary>The use of it by a payment.</summary>
    /// <param name="payment">The price or hold.</param>
    /// <param name="digest">Of the request.</param>
    /// <param name="units">How much is used.</param>
    /// <param name="hold">True if it is only held.</param>
    /// <param name="deadline">That of the price.</param>
    public Command Use(UInt128 payment, UInt128 digest, UInt128 units, bool hold, long deadline)
    {
        var id = LegIds.UseOf(payment, Number);
        var use = new Amount(Limit.Asset, units);
        return hold
            ? Command.Hold(id, digest, Account, Issuer, use, TransferCode.Allowance, deadline)
            : Command.Transfer(id, digest, Account, Issuer, use, TransferCode.Allowance, deadline);
    }
}

/// <summary>Caps with the accounts that they are counted on. Whatever goes through them uses the gate and the allowance of each cap in the window of the moment.</summary>
/// <remarks>
/// The gate is an account that limits nothing: to freeze it is to end all use at once, and its balance is all that was ever used. Thread-safe.
/// </remarks>
internal sealed class CountedCaps
{
    private static readonly CalendarPeriod[] Periods = Enum.GetValues<CalendarPeriod>();

    private readonly UInt128 gate;
    private readonly DateTimeZone zone;
    private readonly UInt128 issuer;
    private readonly int firstNumber;
    private readonly (CalendarPeriod Period, Amount Limit)[] caps;
    private volatile Allowance[] current = [];

    /// <param name="gate">The gate's account.</param>
    /// <param name="caps">In the currency.</param>
    /// <param name="zone">Whose days, weeks and months they count by.</param>
    /// <param name="asset">The currency.</param>
    /// <param name="firstNumber">The number of the leg that uses the gate; the others follow it by period.</param>
    public CountedCaps(UInt128 gate, Caps caps, DateTimeZone zone, Asset asset, int firstNumber)
    {
        this.gate = gate;
        this.zone = zone;
        this.firstNumber = firstNumber;
        Asset = ChartOfAccounts.AllowanceOf(asset);
        issuer = ChartOfAccounts.AllowanceIssuer(Asset);
        this.caps = [.. Periods.Where(period => caps.Of(period) is not null).Select(period => (period, new Amount(Asset, caps.Of(period)!.Value.Units)))];
    }

    /// <summary>The asset of the allowances.</summary>
    public Asset Asset { get; }

    /// <summary>The gate, and the allowance of each cap at a moment.</summary>
    public IReadOnlyList<Allowance> At(long unixMilliseconds)
    {
        var known = current;
        if (known.Length > 0 && Array.TrueForAll(known, allowance => allowance.Window.Contains(unixMilliseconds))) return known;
        var next = new Allowance[caps.Length + 1];
        next[0] = new Allowance { Number = firstNumber, Account = gate, Issuer = issuer, Limit = new(Asset, UInt128.Zero), Window = new(long.MinValue, long.MaxValue) };
        next[0].MarkOpen();
        for (var i = 0; i < caps.Length; i++) next[i + 1] = Array.Find(known, allowance => allowance.Number == NumberOf(caps[i].Period) && allowance.Window.Contains(unixMilliseconds)) ?? Open(i);
        current = next;
        return next;

        Allowance Open(int i)
        {
            var window = CalendarWindow.Of(caps[i].Period, zone, unixMilliseconds);
            return new() { Number = NumberOf(caps[i].Period), Account = AccountOf(caps[i].Period, window), Issuer = issuer, Limit = caps[i].Limit, Window = window };
        }
    }

    /// <summary>How much of each cap is left at a moment.</summary>
    public async ValueTask<IReadOnlyList<CapState>> ReadAsync(Ledger.Ledger ledger, Asset currency, long unixMilliseconds)
    {
        var states = new List<CapState>(caps.Length);
        foreach (var (period, limit) in caps)
        {
            var window = CalendarWindow.Of(period, zone, unixMilliseconds);
            var left = await ledger.ReadAccountAsync(AccountOf(period, window)) is { } account ? account.Balances.Available : limit.Units;
            states.Add(new(period, new(currency, limit.Units), new(currency, left), DateTimeOffset.FromUnixTimeMilliseconds(window.EndUnixMilliseconds)));
        }

        return states;
    }

    /// <summary>Counts what was used of older caps in the current windows: opens this one's allowances with so much less in them. Doing it again changes nothing.</summary>
    /// <returns>False if the ledger takes no work.</returns>
    public async ValueTask<bool> TryTakeOverAsync(Ledger.Ledger ledger, CountedCaps older, long unixMilliseconds)
    {
        foreach (var (period, limit) in caps)
        {
            var index = Array.FindIndex(older.caps, cap => cap.Period == period);
            if (index < 0) continue;
            var used = await older.ReadUsedAsync(ledger, index, unixMilliseconds);
            var window = CalendarWindow.Of(period, zone, unixMilliseconds);
            var allowance = new Allowance { Number = NumberOf(period), Account = AccountOf(period, window), Issuer = issuer, Limit = limit, Window = window };
            var opening = new Command[Allowance.OpeningLength];
            allowance.WriteOpening(opening);
            // A second try may find that less was used, because some was given back since: the first one stands.
            Command[] commands = [.. opening, .. TakeOver(allowance, used)];
            if (await ledger.TrySubmitManyAsync(commands) is not { } results) return false;
            if (results[^1].Outcome is not (Outcome.Done or Outcome.IdAlreadyUsed or Outcome.AccountEnded)) throw new InvalidOperationException($"The ledger refused to take caps over: {results[^1].Outcome}.");
        }

        return true;
    }

    /// <summary>The chain that uses what was used before. More than the cap is issued first, so that whoever takes over from here finds all of it.</summary>
    private Command[] TakeOver(Allowance allowance, UInt128 used)
    {
        var (take, excess) = (LegIds.TakeOverOf(allowance.Account), LegIds.ExcessOf(allowance.Account));
        if (used == UInt128.Zero) return [Command.Claim(take, take, allowance.Account)];
        var transfer = Command.Transfer(take, take, allowance.Account, issuer, new Amount(Asset, used), TransferCode.Allowance);
        var reopening = allowance.Reopening() with { Linked = true };
        if (used <= allowance.Limit.Units) return [reopening, transfer];
        return [reopening, Command.Transfer(excess, excess, issuer, allowance.Account, new Amount(Asset, used - allowance.Limit.Units), TransferCode.Allowance) with { Linked = true }, transfer];
    }

    private async ValueTask<UInt128> ReadUsedAsync(Ledger.Ledger ledger, int index, long unixMilliseconds)
    {
        var (period, limit) = caps[index];
        var id = AccountOf(period, CalendarWindow.Of(period, zone, unixMilliseconds));
        if (await ledger.ReadAccountAsync(id) is not { } account) return UInt128.Zero;
        var issued = limit.Units + (await ledger.FindAsync(LegIds.ExcessOf(id)) is { Outcome: Outcome.Done } excess ? excess.Command.Units : UInt128.Zero);
        return issued - account.Balances.Available;
    }

    /// <summary>The period of the cap whose use has this number among the legs; null for the gate.</summary>
    public static CalendarPeriod? PeriodOf(int number) => number % LegIds.UsesPerSet == 0 ? null : (CalendarPeriod)((number % LegIds.UsesPerSet) - 1);

    private int NumberOf(CalendarPeriod period) => firstNumber + 1 + (int)period;

    private UInt128 AccountOf(CalendarPeriod period, CalendarWindow window)
    {
        var bytes = new CanonicalBytes(stackalloc byte[128]);
        bytes.Add("cap");
        bytes.Add(gate);
        bytes.Add((UInt128)(byte)period);
        bytes.Add((UInt128)(ulong)window.StartUnixMilliseconds);
        // The time of the window, so that an account that is not there is not sought among all ids ever used.
        return bytes.ToLegId(window.StartUnixMilliseconds);
    }
}
