using Farthing.Payments.Payees;
using Farthing.Payments.Settings;
using Farthing.Protocol;

namespace Farthing.Payments.Offers;

/// <summary>An offer as it is. Immutable; safe to share between threads.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Payee">Who is paid.</param>
/// <param name="Name">1 to 200 characters.</param>
/// <param name="Resource">What is sold on the payee's site, or null.</param>
/// <param name="Pricing">How it is priced.</param>
/// <param name="RefundWindowSeconds">How long a payment can be refunded; 0 for never.</param>
/// <param name="IsClosed">True if it is no longer on offer.</param>
/// <param name="CreatedAt">When it was made.</param>
public sealed record Offer(Id<OfferKind> Id, Id<PayeeKind> Payee, string Name, string? Resource, Pricing Pricing, int RefundWindowSeconds, bool IsClosed, DateTimeOffset CreatedAt)
{
    /// <summary>Who shares what is paid, the offer's own payee included; empty if that one has all of it.</summary>
    public IReadOnlyList<Split> Splits { get; init; } = [];

    /// <summary>What a purchase of it covers: resources of the payee, where one that ends in an asterisk is all that begin like it; empty if it covers just what it is bought for.</summary>
    /// <remarks>A wallet buys such an offer once, and then pays for none of them while the purchase stands.</remarks>
    public IReadOnlyList<string> Resources { get; init; } = [];

    /// <summary>How long its purchase is the wallet's, in seconds; null for ever.</summary>
    internal int? OwnedForSeconds => (Pricing as PerUse)?.OwnedForSeconds;

    /// <summary>The most that a wallet pays for it in a calendar day; null for no such cap.</summary>
    internal DayCap? DayCap => (Pricing as PerUse)?.DayCap;
}

/// <summary>What is asked for a new offer.</summary>
public sealed record NewOffer(string Name, string? Resource, Pricing Pricing, int RefundWindowSeconds = NewOffer.DefaultRefundWindowSeconds)
{
    /// <summary>Fifteen minutes.</summary>
    public const int DefaultRefundWindowSeconds = 900;

    /// <summary>The longest name, in characters.</summary>
    public const int MaxNameLength = 200;

    /// <summary>The longest resource, in characters.</summary>
    public const int MaxResourceLength = 512;

    /// <summary>Ninety days.</summary>
    public const int MaxRefundWindowSeconds = 90 * 24 * 3600;

    /// <summary>Who shares what is paid, the offer's own payee included; empty, as by default, if that one has all of it.</summary>
    public IReadOnlyList<Split> Splits { get; init; } = [];

    /// <summary>What a purchase of it covers, at most 100; empty, as by default, if it covers just what it is bought for. See <see cref="Offer.Resources"/>.</summary>
    public IReadOnlyList<string> Resources { get; init; } = [];
}

/// <summary>A page of a list, newest first, and the cursor of the next one or null.</summary>
public sealed record Page<T>(IReadOnlyList<T> Lines, string? Next);

/// <summary>Offers: making, reading, closing.</summary>
/// <remarks>Thread-safe. Every write is idempotent, also across a crash.</remarks>
public sealed class OfferDirectory
{
    private readonly RowCache<Offer> loaded = new();

    // By payee: its offers that cover several resources, closed ones included.
    private readonly RowCache<IReadOnlyList<Offer>> bundles = new();
    private readonly ISettingsStore settings;
    private readonly PayeeDirectory payees;
    private readonly Cursor cursor;
    private readonly TimeProvider time;

    internal OfferDirectory(ISettingsStore settings, PayeeDirectory payees, LabelledSecrets secrets, TimeProvider time)
    {
        this.settings = settings;
        this.payees = payees;
        cursor = new Cursor(secrets, "offers");
        this.time = time;
    }

    /// <summary>Makes an offer of a payee; its amounts must be in the payee's currency.</summary>
    public async ValueTask<Answer<Offer>> CreateAsync(Id<PayeeKind> payee, IdempotencyKey key, NewOffer request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (await payees.FindAsync(payee) is not { } owner) return PayeeDirectory.NotFound(payee);
        if (Check(request, owner) is { } refusal) return refusal;
        if (await Split.CheckAsync(request.Splits, owner, payees) is { } unshared) return unshared;

        var row = new OfferRow(Id<OfferKind>.New(time).Value, payee.Value, request.Name, request.Resource, OfferDetails.From(request).ToText(),
            request.Pricing is Fares.FareTable ? Fares.FareDay.RefundWindowSeconds : request.RefundWindowSeconds, RowState.Creating, time.GetUtcNow());
        var scope = $"offer:{payee}";
        if (request.Resources.Count > 0 && (await ListBundlesAsync(payee)).Count >= Bundle.MaxPerPayee && await settings.FindClaimAsync(scope, key.ToHash()) is null)
            return new Refusal(RefusalCodes.TooManyBundles, $"A payee has at most {Bundle.MaxPerPayee} offers of several resources. List more resources in one offer, or all that begin alike.");
        if (await settings.ClaimNewAsync(scope, key.ToHash(), Digest(row), row, SharesOf(row, request)) is not { } standing) return PayeeDirectory.Conflict;
        await FinishAsync(standing);
        var offer = loaded.Add(standing.Id, ToOffer(standing));
        if (offer.Resources.Count > 0) await LoadBundlesAsync(payee);
        // The first answer is given again, even if the offer was closed since.
        return offer with { IsClosed = false };
    }

    /// <summary>An offer, closed ones included, or null. Answered from memory once it was read.</summary>
    public async ValueTask<Offer?> FindAsync(Id<OfferKind> id)
    {
        if (loaded.TryGet(id.Value, out var offer)) return offer;
        var row = await settings.FindAsync<OfferRow>(id.Value);
        return row is null || row.State == RowState.Creating ? null : loaded.Add(id.Value, ToOffer(row));
    }

    /// <summary>An offer that is known to be there, closed or not.</summary>
    internal async ValueTask<Offer> GetAsync(UInt128 id) => await FindAsync(new(id)) ?? throw new InvalidOperationException($"The offer {id:x32} is lost.");

    /// <summary>A payee's offers, newest first.</summary>
    public async ValueTask<Answer<Page<Offer>>> ListAsync(Id<PayeeKind> payee, string? cursor, int pageSize)
    {
        if (!this.cursor.TryRead(payee.Value, cursor, out var before)) return Cursor.Invalid;
        pageSize = Cursor.ClampPageSize(pageSize);
        var rows = await settings.ListAsync<OfferRow>(payee.Value, before, pageSize + 1);
        var lines = rows.Take(pageSize).Select(ToOffer).ToList();
        return new Page<Offer>(lines, rows.Count > pageSize ? this.cursor.Write(payee.Value, lines[^1].Id.Value) : null);
    }

    /// <summary>Closes an offer; closing a closed one changes nothing.</summary>
    public async ValueTask<Answer<Offer>> CloseAsync(Id<PayeeKind> payee, Id<OfferKind> id)
    {
        if (await FindAsync(id) is not { } offer || offer.Payee != payee) return NotFound(id);
        if (offer.IsClosed) return offer;
        await settings.ChangeAsync<OfferRow>(id.Value, row => row.State == RowState.Closed ? row : row with { State = RowState.Closed, Version = row.Version + 1 });
        var closed = offer with { IsClosed = true };
        loaded.Set(id.Value, closed);
        return closed;
    }

    /// <summary>A payee's offers that cover several resources, closed ones included: what was bought stays bought.</summary>
    internal ValueTask<IReadOnlyList<Offer>> ListBundlesAsync(Id<PayeeKind> payee) => bundles.TryGet(payee.Value, out var known) ? new(known) : LoadBundlesAsync(payee);

    internal bool TryGetLoadedBundles(Id<PayeeKind> payee, out IReadOnlyList<Offer>? offers) => bundles.TryGet(payee.Value, out offers);

    internal static Refusal NotFound(Id<OfferKind> id) => new(RefusalCodes.OfferNotFound, $"There is no offer {id}.");

    internal bool TryGetLoaded(UInt128 id, out Offer? offer) => loaded.TryGet(id, out offer);

    /// <summary>Carries a claimed row on. An offer has no account, so all that is left is to mark it active; a late repeat finds another version and changes nothing.</summary>
    internal async ValueTask FinishAsync(OfferRow row)
    {
        if (row.State != RowState.Creating) return;
        var active = row with { State = RowState.Active, Version = row.Version + 1 };
        await settings.WriteAsync(OfferDetails.Read(row.Details).Resources is null ? [active] : [active, new BundleRow(row.Id, row.Owner, RowState.Active)]);
    }

    private static Offer ToOffer(OfferRow row)
    {
        var details = OfferDetails.Read(row.Details);
        return new(new(row.Id), new(row.Owner), row.Name, row.Resource, details.ReadPricing(), row.RefundWindowSeconds, row.State == RowState.Closed, row.CreatedAt)
        {
            Splits = details.ReadSplits(),
            Resources = details.Resources ?? [],
        };
    }

    private async ValueTask<IReadOnlyList<Offer>> LoadBundlesAsync(Id<PayeeKind> payee)
    {
        var found = new List<Offer>();
        // Two that are made at once may both find room for one more.
        foreach (var row in await settings.ListAsync<BundleRow>(payee.Value, null, 2 * Bundle.MaxPerPayee)) found.Add(await FindAsync(new(row.Id)) ?? throw new InvalidOperationException($"The offer {row.Id:x32} has lost its row."));
        bundles.SetNewest(payee.Value, found, list => list.Count);
        return found;
    }

    // The owner's own share is found by the offer itself.
    private static ShareRow[] SharesOf(OfferRow offer, NewOffer request) =>
        [.. request.Splits.Where(split => split.Payee.Value != offer.Owner).Select(split => new ShareRow(IdOfShare(offer.Id, split.Payee), split.Payee.Value, offer.Id, offer.RefundWindowSeconds, RowState.Active))];

    private static UInt128 IdOfShare(UInt128 offer, Id<PayeeKind> payee)
    {
        var bytes = new CanonicalBytes(stackalloc byte[64]);
        bytes.Add("share");
        bytes.Add(offer);
        bytes.Add(payee.Value);
        return bytes.ToTimelessId();
    }

    private static UInt128 Digest(OfferRow row)
    {
        var bytes = new CanonicalBytes(stackalloc byte[512]);
        bytes.Add("offer");
        bytes.Add(row.Owner);
        bytes.Add(row.Name);
        bytes.Add(row.Resource);
        bytes.Add(row.Details);
        bytes.Add((UInt128)(uint)row.RefundWindowSeconds);
        return bytes.ToDigest();
    }

    private static Refusal? Check(NewOffer request, Payee owner)
    {
        if (!Words.AreShown(request.Name, NewOffer.MaxNameLength))
            return new(RefusalCodes.InvalidField, $"name must be 1 to {NewOffer.MaxNameLength} characters, not all blank, without control characters.");
        if (request.Resource is not null && !Words.AreShown(request.Resource, NewOffer.MaxResourceLength))
            return new(RefusalCodes.InvalidField, $"resource must be 1 to {NewOffer.MaxResourceLength} characters, without control characters.");
        if (request.Pricing is PerPeriod && request.Resources.Count > 0) return new(RefusalCodes.InvalidPricing, "A subscription takes no resources: list them in an offer that is bought once.");
        if (request.RefundWindowSeconds is < 0 or > NewOffer.MaxRefundWindowSeconds)
            return new(RefusalCodes.InvalidField, $"refundWindowSeconds must be 0 to {NewOffer.MaxRefundWindowSeconds}.");
        if (request is { Resources.Count: > 0, Pricing: PerUse { DayCap: not null } }) return new(RefusalCodes.InvalidPricing, "A bundle is bought once, so a dayCap has nothing to cap.");
        if (request is { Resources.Count: > 0, Pricing: Fares.FareTable }) return new(RefusalCodes.InvalidPricing, "Fares are ridden on and not bought, so resources has nothing to cover.");
        return Bundle.Check(request.Resources) ?? request.Pricing.Check(owner.Asset);
    }
}
