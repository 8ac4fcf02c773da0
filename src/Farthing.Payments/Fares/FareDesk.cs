using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Payments.Schedules;
using Farthing.Payments.Settings;
using Farthing.Payments.Wallets;
using Farthing.Protocol;
using NodaTime;

namespace Farthing.Payments.Fares;

/// <summary>What a reader says of a tap.</summary>
/// <param name="Offer">The table of fares.</param>
/// <param name="Card">The card.</param>
/// <param name="Reader">Which reader it was, in the payee's own words: 1 to <see cref="MaxReaderLength"/> characters.</param>
/// <param name="Direction">Which way the card went; null where fares are flat.</param>
/// <param name="Zone">The reader's zone; null where fares are flat.</param>
/// <param name="TappedAt">When it was, which may be a while ago.</param>
public sealed record NewFareTap(Id<OfferKind> Offer, Id<FareCardKind> Card, string Reader, TapDirection? Direction, string? Zone, DateTimeOffset TappedAt)
{
    /// <summary>The longest name of a reader, in characters.</summary>
    public const int MaxReaderLength = 100;

    /// <summary>The most taps of a card in a fare day.</summary>
    public const int MaxPerDay = 100;
}

/// <summary>A tap that was taken.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Day">The fare day that it is of.</param>
public sealed record TakenFareTap(Id<FareTapKind> Id, FareDay Day);

/// <summary>A card's fare day: its journeys, what they come to, and what is paid of it.</summary>
/// <param name="Priced">What is owed as of now, and what each cap took off.</param>
/// <param name="Paid">What was paid for it, less what late taps gave back.</param>
/// <param name="Fault">Why the rest could not be paid or given back when that was last tried: a code of <c>docs/errors.md</c>; or null.</param>
/// <param name="NextAt">When it is next charged, adjusted or tried again; null if nothing is to come.</param>
public sealed record RiddenDay(PricedFareDay Priced, Amount Paid, string? Fault, DateTimeOffset? NextAt);

/// <summary>Rides on capped fares: the taps of cards, and what their days come to.</summary>
/// <remarks>
/// Thread-safe. A tap and the rows of the schedule of all days that it may change are one transaction, so that no tap that was taken is missing from what is paid in the end.
/// </remarks>
public sealed class FareDesk
{
    // By so much may a reader's clock be wrong. No id may be farther ahead, either.
    private const long ClockErrorMilliseconds = 5 * 60 * 1000;

    // No fare day lasts so long beyond its taps' time; nearer ones are looked at by the day.
    private const long OldestMilliseconds = FareDay.OpenMilliseconds + (7 * 24 * 3600 * 1000L);

    private static readonly Refusal TooLate = new(RefusalCodes.FareTapTooLate, "The tap is of a fare day that ended eight weeks ago or more.");

    private readonly ISettingsStore settings;
    private readonly WalletDirectory wallets;
    private readonly OfferDirectory offers;
    private readonly FareBook book;
    private readonly Schedule schedule;
    private readonly TimeProvider time;

    internal FareDesk(ISettingsStore settings, WalletDirectory wallets, OfferDirectory offers, FareBook book, Schedule schedule, TimeProvider time)
    {
        this.settings = settings;
        this.wallets = wallets;
        this.offers = offers;
        this.book = book;
        this.schedule = schedule;
        this.time = time;
    }

    /// <summary>A card's fare day; that of the moment if <paramref name="date"/> is null.</summary>
    public async ValueTask<Answer<RiddenDay>> ReadDayAsync(Id<WalletKind> wallet, Id<FareCardKind> id, LocalDate? date)
    {
        if (await wallets.LoadAsync(wallet.Value) is { IsErased: true }) return WalletDirectory.Erased;
        if (await settings.FindAsync<FareCardRow>(id.Value) is not { } card || card.Owner != wallet.Value) return FareCards.NotFound(id);
        // Its taps are being blanked, or that was cut off.
        if (card.State == RowState.Erased) return WalletDirectory.Erased;
        var table = (FareTable)(await offers.GetAsync(card.Offer)).Pricing;
        var (now, registered) = (Now(), card.CreatedAt.ToUnixTimeMilliseconds());
        if (date < FareDay.Of(table.Zone, registered - ClockErrorMilliseconds).Date || date > FareDay.Of(table.Zone, now + ClockErrorMilliseconds).Date)
            return Invalid("date must be one on which the card can have been ridden with: from when it was registered to today.");
        var priced = await book.PriceAsync(table, card.Id, date ?? FareDay.Of(table.Zone, now).Date);
        var row = await settings.FindAsync<FareDayRow>(FareDayRow.IdOf(card.Id, priced.Day));
        var due = row is null ? null : await settings.FindAsync<DueRow>(row.Id);
        return new RiddenDay(priced, new Amount(table.PerDay.Asset, row?.Settled ?? UInt128.Zero), row?.Fault, due?.RunUnixMilliseconds is { } next ? DateTimeOffset.FromUnixTimeMilliseconds(next) : null);
    }

    /// <summary>Takes a tap of a card at a payee's reader. The key is the reader's own id of the tap.</summary>
    public async ValueTask<Answer<TakenFareTap>> TakeAsync(Id<PayeeKind> payee, IdempotencyKey key, NewFareTap request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (await offers.FindAsync(request.Offer) is not { Pricing: FareTable table } offer || offer.Payee != payee) return OfferDirectory.NotFound(request.Offer);
        if (await settings.FindAsync<FareCardRow>(request.Card.Value) is not { } found || found.Offer != offer.Id.Value) return FareCards.NotFound(request.Card);
        if (!Words.AreShown(request.Reader, NewFareTap.MaxReaderLength)) return Invalid($"reader must be 1 to {NewFareTap.MaxReaderLength} characters, not all blank, without control characters.");
        if (table.Singles.FindFault(request.Direction, request.Zone) is { } fault) return Invalid(fault);

        var (scope, hash, digest) = ($"fare-tap:{payee}", key.ToHash(), Digest(request));
        var tapped = request.TappedAt.ToUnixTimeMilliseconds();
        while (true)
        {
            if (await settings.FindClaimAsync(scope, hash) is { } known)
                return known.Digest == digest ? new TakenFareTap(new(known.Row), FareDay.Of(table.Zone, tapped)) : PayeeDirectory.Conflict;
            var card = await settings.GetAsync<FareCardRow>(found.Id);
            var heard = HeardAt(card);
            if (tapped > heard + ClockErrorMilliseconds) return Invalid("tappedAt must not be in the future: set the reader's clock.");
            if (tapped < heard - OldestMilliseconds) return TooLate;
            var day = FareDay.Of(table.Zone, tapped);
            // Each time again: what came first may be a failed charge.
            if (await FindFaultAsync(card, day, tapped, heard) is { } refusal) return refusal;
            var row = new FareTapRow(IdOf(card.Id, hash, tapped), card.Id, heard, request.Direction, request.Zone, request.Reader, RowState.Active);
            if (await settings.ClaimAsync(new ClaimRow(scope, hash, digest, row.Id, 0), [row, card with { HeardUnixMilliseconds = heard, Version = card.Version + 1 }, .. await TouchAsync(table, card.Id, day, tapped)]) is not { } claim) continue;
            if (claim.Digest != digest) return PayeeDirectory.Conflict;
            schedule.Notice();
            return new TakenFareTap(new(claim.Row), day);
        }
    }

    /// <summary>The rows of every fare day that a tap may change: from that of the earliest tap that it can make a journey with, to the end of the week of the latest, as each day counts on the cap of its week.</summary>
    /// <remarks>A day that is being priced without the tap is written by neither: of two that change a row of the schedule at once, one is told to read it again.</remarks>
    private async ValueTask<List<ISettingsRow>> TouchAsync(FareTable table, UInt128 card, FareDay day, long tapped)
    {
        var (zone, reach, now) = (table.Zone, table.Singles.ReachMilliseconds, Now());
        var first = FareDay.Of(zone, tapped - reach);
        var last = FareDay.On(zone, FareDay.Of(zone, tapped + reach).Monday.PlusDays(FareDay.PerWeek - 1));
        var rows = new List<ISettingsRow>();
        var isNew = true;
        foreach (var touched in await book.ListDaysAsync(card, first, last))
        {
            isNew &= touched.ReadDate() != day.Date;
            var standing = await settings.GetAsync<DueRow>(touched.Id);
            var due = Math.Max(now, FareDay.On(zone, touched.ReadDate()).Window.EndUnixMilliseconds);
            rows.Add(standing.RunUnixMilliseconds <= due ? standing with { Version = standing.Version + 1 } : standing.MovedTo(due));
        }

        if (!isNew) return rows;
        var row = FareDayRow.New(card, day);
        return [.. rows, row, DueRow.New(row.Id, DueKind.FareDay, Math.Max(now, day.Window.EndUnixMilliseconds))];
    }

    private async ValueTask<Refusal?> FindFaultAsync(FareCardRow card, FareDay day, long tapped, long heard)
    {
        if (heard >= day.ClosedUnixMilliseconds) return TooLate;
        if (tapped < card.CreatedAt.ToUnixTimeMilliseconds() - ClockErrorMilliseconds) return Invalid("tappedAt must not be before the card was registered.");
        if (card.State == RowState.Erased || card.ClosedUnixMilliseconds <= tapped) return new(RefusalCodes.FareCardClosed, "The card was closed before that.");
        if (await book.FindUnpaidAsync(card.Id, tapped) is { } unpaid) return FareCards.Unpaid(unpaid);
        return await book.IsFullAsync(card.Id, day) ? new(RefusalCodes.TooManyFareTaps, $"The card has {NewFareTap.MaxPerDay} taps in this fare day.") : null;
    }

    /// <summary>When a tap is heard of: after those before it, unless the clock was so far ahead when they came that everything would be late from then on.</summary>
    private long HeardAt(FareCardRow card) => card.HeardUnixMilliseconds < Now() + ClockErrorMilliseconds ? Math.Max(Now(), card.HeardUnixMilliseconds + 1) : Now();

    private static Refusal Invalid(string detail) => new(RefusalCodes.InvalidField, detail);

    private static UInt128 IdOf(UInt128 card, byte[] key, long tapped)
    {
        var bytes = new CanonicalBytes(stackalloc byte[128]);
        bytes.Add("fare-tap");
        bytes.Add(card);
        bytes.Add(key);
        return bytes.ToLegId(tapped);
    }

    private static UInt128 Digest(NewFareTap request)
    {
        var bytes = new CanonicalBytes(stackalloc byte[512]);
        bytes.Add("fare-tap");
        bytes.Add(request.Offer.Value);
        bytes.Add(request.Card.Value);
        bytes.Add(request.Reader);
        bytes.Add(request.Direction is { } direction ? (UInt128)(byte)direction : null);
        bytes.Add(request.Zone);
        bytes.Add((UInt128)unchecked((ulong)request.TappedAt.ToUnixTimeMilliseconds()));
        return bytes.ToDigest();
    }

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();
}
