using Farthing.Payments.Mandates;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Payments.Schedules;
using Farthing.Payments.Settings;
using Farthing.Payments.Wallets;
using Farthing.Protocol;
using NodaTime;

namespace Farthing.Payments.Fares;

/// <summary>What a wallet rides with, on the fares of one offer. Its id is what the payee knows it by; it tells nothing of the wallet. Immutable; safe to share between threads.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Offer">The table of fares.</param>
/// <param name="Mandate">What its days are paid under, without asking.</param>
/// <param name="IsClosed">True once its wallet closed it.</param>
/// <param name="UnpaidDate">The oldest of its fare days that could not be paid; null if there is none.</param>
/// <param name="CreatedAt">When it was registered.</param>
public sealed record FareCard(Id<FareCardKind> Id, Id<OfferKind> Offer, Id<MandateKind> Mandate, bool IsClosed, LocalDate? UnpaidDate, DateTimeOffset CreatedAt);

/// <summary>Fare cards: registering and closing them, and saying what their days are paid under.</summary>
/// <remarks>Thread-safe. Every write is idempotent, also across a crash.</remarks>
public sealed class FareCards
{
    /// <summary>How many cards a wallet has at most. Closed ones count for eight weeks more, as long as days of theirs may be charged.</summary>
    public const int MaxPerWallet = 20;

    private readonly ISettingsStore settings;
    private readonly WalletDirectory wallets;
    private readonly OfferDirectory offers;
    private readonly PayeeDirectory payees;
    private readonly MandateDirectory mandates;
    private readonly FareBook book;
    private readonly Schedule schedule;
    private readonly Cursor cursor;
    private readonly TimeProvider time;

    internal FareCards(ISettingsStore settings, WalletDirectory wallets, OfferDirectory offers, PayeeDirectory payees, MandateDirectory mandates, FareBook book, Schedule schedule, LabelledSecrets secrets, TimeProvider time)
    {
        this.settings = settings;
        this.wallets = wallets;
        this.offers = offers;
        this.payees = payees;
        this.mandates = mandates;
        this.book = book;
        this.schedule = schedule;
        cursor = new Cursor(secrets, "fare-cards");
        this.time = time;
    }

    /// <summary>Registers a card for a table of fares, whose days are paid under a mandate of the wallet.</summary>
    public async ValueTask<Answer<FareCard>> RegisterAsync(Id<WalletKind> wallet, IdempotencyKey key, Id<OfferKind> offer, Id<MandateKind> mandate)
    {
        using var turn = await wallets.EnterAsync(wallet.Value);
        if (await IsErasedAsync(wallet)) return WalletDirectory.Erased;
        var (scope, hash, digest) = ($"fare-card:{wallet}", key.ToHash(), Digest(offer, mandate));
        // What the key made before stands, whatever became of its offer and mandate.
        if (await settings.FindClaimAsync(scope, hash) is null && await FindFaultAsync(wallet, offer, mandate) is { } refusal) return refusal;
        var row = new FareCardRow(Id<FareCardKind>.New(time).Value, wallet.Value, offer.Value, mandate.Value, null, 0, RowState.Active, time.GetUtcNow());
        return await settings.ClaimNewAsync(scope, hash, digest, row) is { } standing ? ToCard(standing with { Mandate = mandate.Value, ClosedUnixMilliseconds = null }, null) : PayeeDirectory.Conflict;
    }

    /// <summary>Says under what mandate a card's days are paid from now on, be it another one or the same again, and asks for what is missing at once.</summary>
    public async ValueTask<Answer<FareCard>> ChangeMandateAsync(Id<WalletKind> wallet, IdempotencyKey key, Id<FareCardKind> id, Id<MandateKind> mandate)
    {
        if (await IsErasedAsync(wallet)) return WalletDirectory.Erased;
        if (await FindAsync(wallet, id) is not { } card) return NotFound(id);
        var (scope, hash, digest) = ($"fare-card-mandate:{id}", key.ToHash(), Digest(new(card.Offer), mandate));
        var offer = await offers.GetAsync(card.Offer);
        var claim = await settings.FindClaimAsync(scope, hash);
        while (claim is null)
        {
            if (await FindFaultAsync(wallet, offer, mandate) is { } refusal) return refusal;
            card = await settings.GetAsync<FareCardRow>(id.Value);
            claim = await settings.ClaimAsync(new ClaimRow(scope, hash, digest, card.Id, 0), card with { Mandate = mandate.Value, Version = card.Version + 1 });
        }

        if (claim.Digest != digest) return PayeeDirectory.Conflict;
        foreach (var day in await book.ListDaysAsync(card.Id))
        {
            // What is under way without a fault waits for the ledger: until another day, if the clock had leapt there.
            if (day.Fault is null && day.NextUnits is null) continue;
            var now = Now();
            await settings.ChangeAsync<DueRow>(day.Id, row => row.RunUnixMilliseconds <= now || (day.Fault is null && row.DueUnixMilliseconds > now) ? row : row.MovedTo(now));
        }

        schedule.Notice();
        // The first answer is given again, whatever came since.
        return ToCard(card with { Mandate = mandate.Value }, null);
    }

    /// <summary>Closes a card: taps made from now on are refused, those made before are still charged. Closing a closed one changes nothing.</summary>
    public async ValueTask<Answer<FareCard>> CloseAsync(Id<WalletKind> wallet, Id<FareCardKind> id)
    {
        if (await IsErasedAsync(wallet)) return WalletDirectory.Erased;
        if (await FindAsync(wallet, id) is null) return NotFound(id);
        var now = Now();
        return await DescribeAsync(await settings.ChangeAsync<FareCardRow>(id.Value, row => row.ClosedUnixMilliseconds is null ? row with { ClosedUnixMilliseconds = now, Version = row.Version + 1 } : row));
    }

    /// <summary>A wallet's cards, newest first.</summary>
    public async ValueTask<Answer<Page<FareCard>>> ListAsync(Id<WalletKind> wallet, string? from, int pageSize)
    {
        if (await IsErasedAsync(wallet)) return WalletDirectory.Erased;
        if (!cursor.TryRead(wallet.Value, from, out var before)) return Cursor.Invalid;
        pageSize = Cursor.ClampPageSize(pageSize);
        var rows = await settings.ListAsync<FareCardRow>(wallet.Value, before, pageSize + 1);
        var lines = new List<FareCard>(pageSize);
        foreach (var row in rows.Take(pageSize)) lines.Add(await DescribeAsync(row));
        return new Page<FareCard>(lines, rows.Count > pageSize ? cursor.Write(wallet.Value, lines[^1].Id.Value) : null);
    }

    /// <summary>Ends all cards of a wallet that is to be erased: no tap is taken any more, and nothing is asked for or given back for days that are not settled.</summary>
    /// <remarks>It is not remembered where they were: readers and zones are blanked, and in no file any more once the wallet's own row is erased.</remarks>
    internal async ValueTask EndAllAsync(Id<WalletKind> wallet)
    {
        await foreach (var card in settings.ReadAllAsync<FareCardRow>(wallet.Value))
        {
            await settings.ChangeAsync<FareCardRow>(card.Id, row => row.State == RowState.Erased ? row : row with { State = RowState.Erased, Version = row.Version + 1 });
            // Whoever prices a day now still needs the zones; whoever comes later finds the card erased.
            foreach (var day in await book.ListDaysAsync(card.Id)) (await schedule.EnterAsync(day.Id)).Dispose();
            await book.BlankTapsAsync(card.Id);
        }
    }

    internal static Refusal NotFound(Id<FareCardKind> id) => new(RefusalCodes.FareCardNotFound, $"There is no fare card {id}.");

    /// <summary>What keeps a card out until a day is paid.</summary>
    internal static Refusal Unpaid(FareDayRow day) =>
        new(RefusalCodes.FareUnpaid, $"The card's fare day {day.Date} is not paid ({day.Fault}).", new Dictionary<string, object> { ["date"] = day.Date });

    private async ValueTask<Refusal?> FindFaultAsync(Id<WalletKind> wallet, Id<OfferKind> id, Id<MandateKind> mandate)
    {
        if (await offers.FindAsync(id) is not { } offer) return OfferDirectory.NotFound(id);
        if (offer.IsClosed) return new(RefusalCodes.OfferClosed, "The offer is closed. Ask the payee for a current one.");
        if (offer.Pricing is not FareTable) return new(RefusalCodes.InvalidField, "The offer is no table of fares.");
        return await FindFaultAsync(wallet, offer, mandate) ?? await FindHindranceAsync(wallet, offer.Payee);
    }

    private async ValueTask<Refusal?> FindFaultAsync(Id<WalletKind> wallet, Offer offer, Id<MandateKind> id)
    {
        var found = await mandates.ReadAsync(wallet, id);
        if (!found.IsGiven) return found.Refusal;
        var (mandate, currency) = (found.Value.Mandate, ((FareTable)offer.Pricing).PerDay.Asset);
        if (mandate.IsRevoked) return CapRefusals.Revoked(mandate);
        if (found.Value.HasEnded) return CapRefusals.Ended(mandate);
        if (mandate.Each.Asset != currency) return new(RefusalCodes.CurrencyMismatch, $"The fares are in {currency}, but the wallet holds {mandate.Each.Asset}.");
        return await payees.FindAsync(offer.Payee) is { } payee && !mandate.Scope.Covers(payee) ? CapRefusals.OutOfScope(mandate, payee) : null;
    }

    /// <summary>Why a wallet gets no more cards for now, or null.</summary>
    private async ValueTask<Refusal?> FindHindranceAsync(Id<WalletKind> wallet, Id<PayeeKind> payee)
    {
        var (count, now) = (0, Now());
        await foreach (var card in settings.ReadAllAsync<FareCardRow>(wallet.Value))
        {
            // Who owes a fare would else ride on with another card.
            if ((await offers.GetAsync(card.Offer)).Payee == payee && await book.FindUnpaidAsync(card.Id, now) is { } unpaid) return Unpaid(unpaid);
            if (card.ClosedUnixMilliseconds is { } closed && closed + FareDay.OpenMilliseconds <= now) continue;
            if (++count == MaxPerWallet) return new(RefusalCodes.TooManyFareCards, $"The wallet has {MaxPerWallet} fare cards, those closed in the last eight weeks included.");
        }

        return null;
    }

    private async ValueTask<bool> IsErasedAsync(Id<WalletKind> wallet) => await wallets.LoadAsync(wallet.Value) is { IsErased: true };

    private async ValueTask<FareCardRow?> FindAsync(Id<WalletKind> wallet, Id<FareCardKind> id) =>
        await settings.FindAsync<FareCardRow>(id.Value) is { } card && card.Owner == wallet.Value ? card : null;

    private async ValueTask<FareCard> DescribeAsync(FareCardRow row) => ToCard(row, await book.FindUnpaidAsync(row.Id, Now()));

    private static FareCard ToCard(FareCardRow row, FareDayRow? unpaid) => new(new(row.Id), new(row.Offer), new(row.Mandate), row.ClosedUnixMilliseconds is not null, unpaid?.ReadDate(), row.CreatedAt);

    private static UInt128 Digest(Id<OfferKind> offer, Id<MandateKind> mandate)
    {
        var bytes = new CanonicalBytes(stackalloc byte[128]);
        bytes.Add("fare-card");
        bytes.Add(offer.Value);
        bytes.Add(mandate.Value);
        return bytes.ToDigest();
    }

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();
}
