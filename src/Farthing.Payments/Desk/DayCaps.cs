using Farthing.Ledger;
using Farthing.Payments.Calendars;
using Farthing.Payments.Mandates;
using Farthing.Payments.Offers;
using Farthing.Protocol;
using NodaTime;

namespace Farthing.Payments.Desk;

/// <summary>What a wallet still pays for an offer with a cap on its day, counted on an allowance for each wallet, offer and day.</summary>
/// <remarks>
/// Thread-safe. Such an offer is repriced, not refused: a payment is lowered to what is left, and when nothing is left the payments that used the day up cover the
/// rest of it. How much is left must not change between the look and the submission, so the payments of one wallet for one offer come one after another; the
/// ledger holds the cap all the same.
/// </remarks>
internal sealed class DayCaps(Ledger.Ledger ledger, ChartOfAccounts chart, TimeProvider time)
{
    private const int RecordsPerLook = 50;

    private readonly Turns turns = new(256);

    /// <summary>Waits until no other payment of the wallet for the offer is under way, and keeps any from being begun until the answer is disposed.</summary>
    public ValueTask<IDisposable> EnterAsync(UInt128 wallet, Offer offer) => turns.EnterAsync(wallet ^ offer.Id.Value);

    /// <summary>Sees to it that allowances of a currency can be issued.</summary>
    /// <returns>False if the ledger takes no work.</returns>
    public ValueTask<bool> TryOpenIssuerAsync(Asset currency)
    {
        var asset = ChartOfAccounts.AllowanceOf(currency);
        return chart.TryOpenAsync(ChartOfAccounts.AllowanceIssuer(asset), asset);
    }

    /// <summary>The payment lowered to what is left of the day; null if nothing is left.</summary>
    public async ValueTask<PreparedPayment?> LowerAsync(PreparedPayment prepared)
    {
        var allowance = AllowanceOf(prepared.Wallet.Account, prepared.CappedOffer!);
        var left = allowance.Limit.Units;
        if (await ledger.ReadAccountAsync(allowance.Account) is { } account)
        {
            allowance.MarkOpen();
            left = account.Balances.Available;
        }

        if (left == UInt128.Zero) return null;
        return prepared with
        {
            Price = new(prepared.Price.Asset, UInt128.Min(prepared.FullPrice.Units, left)),
            Uses = [.. prepared.Uses, allowance],
            Openings = allowance.IsOpen ? prepared.Openings : [.. prepared.Openings, allowance],
        };
    }

    /// <summary>What a wallet pays at most for an offer in the rest of the day.</summary>
    public async ValueTask<Amount> ReadLeftAsync(UInt128 wallet, Offer offer)
    {
        var allowance = AllowanceOf(wallet, offer);
        return new(offer.DayCap!.Amount.Asset, await ledger.ReadAccountAsync(allowance.Account) is { } account ? account.Balances.Available : allowance.Limit.Units);
    }

    /// <summary>When a day ends that a moment is in, in Unix milliseconds.</summary>
    public static long EndOf(DayCap cap, long unixMilliseconds) => CalendarWindow.Of(CalendarPeriod.Day, ZoneOf(cap), unixMilliseconds).EndUnixMilliseconds;

    /// <summary>Finds the newest payment that used the day up.</summary>
    /// <returns>A posted one, if there is one among the newest; else one that is held. Null while something is left.</returns>
    public async ValueTask<StandingPurchase?> FindCoverAsync(UInt128 wallet, Offer offer)
    {
        var allowance = AllowanceOf(wallet, offer);
        if (await ledger.ReadAccountAsync(allowance.Account) is not { } account || account.Balances.Available != UInt128.Zero) return null;
        PaymentRecords? held = null;
        long? before = null;
        while (true)
        {
            var records = await ledger.ReadStatementAsync(allowance.Account, before, RecordsPerLook);
            foreach (var record in records)
            {
                if (record.Command.Kind is not (RecordKind.Transfer or RecordKind.Hold) || record.Command.Debit != allowance.Account) continue;
                if (await PaymentRecords.FindAsync(ledger, LegIds.HeadOf(record.Command.Id)) is not { Stands: true } payment) continue;
                if (payment.Status == PaymentStatus.Posted) return new(payment, allowance.Window.EndUnixMilliseconds);
                held ??= payment;
            }

            // However many are held, a look at them stays short: others wait for it.
            if (held is not null) return new(held, allowance.Window.EndUnixMilliseconds);
            if (records.Count < RecordsPerLook) return null;
            before = records[^1].Position;
        }
    }

    private static DateTimeZone ZoneOf(DayCap cap) => TimeZones.TryFind(cap.TimeZone, out var zone) ? zone : throw new InvalidOperationException($"An offer has the time zone '{cap.TimeZone}', which this version does not know.");

    private Allowance AllowanceOf(UInt128 wallet, Offer offer)
    {
        var cap = offer.DayCap!;
        var window = CalendarWindow.Of(CalendarPeriod.Day, ZoneOf(cap), ledger.NowUnixMilliseconds(time));
        var asset = ChartOfAccounts.AllowanceOf(cap.Amount.Asset);
        var bytes = new CanonicalBytes(stackalloc byte[128]);
        bytes.Add("day-cap");
        bytes.Add(wallet);
        bytes.Add(offer.Id.Value);
        bytes.Add((UInt128)(ulong)window.StartUnixMilliseconds);
        return new Allowance
        {
            Number = LegIds.UseOfDayCap,
            Account = bytes.ToLegId(window.StartUnixMilliseconds),
            Issuer = ChartOfAccounts.AllowanceIssuer(asset),
            Limit = new(asset, cap.Amount.Units),
            Window = window,
        };
    }
}
