using System.Globalization;
using Farthing.Ledger;
using Farthing.Payments.Desk;
using Farthing.Payments.Offers;
using Farthing.Payments.Settings;
using Farthing.Protocol;

namespace Farthing.Payments.Meters;

/// <summary>A meter with its payment.</summary>
/// <remarks>Immutable; safe to share between threads.</remarks>
internal sealed record MeterState(PaymentRecords Payment, Metered Pricing, MeterRow Row)
{
    /// <summary>When it stops by itself if nothing more is reported.</summary>
    public long StopUnixMilliseconds
    {
        get
        {
            var start = Payment.Price.UnixMilliseconds;
            return Math.Min(Math.Max(start, Row.ReportedAt.ToUnixTimeMilliseconds()) + (Pricing.SilentAfterSeconds * 1000L), start + Pricing.CeilingMilliseconds);
        }
    }

    /// <summary>What it costs at a time.</summary>
    public Amount CostAt(long unixMilliseconds) => Pricing.CostOf(Math.Max(0, Math.Min(unixMilliseconds, StopUnixMilliseconds) - Payment.Price.UnixMilliseconds), Row.Units);

    /// <summary>True while it counts.</summary>
    public bool IsRunningAt(long unixMilliseconds) => Payment.Status == PaymentStatus.Held && unixMilliseconds < StopUnixMilliseconds;
}

/// <summary>Finds meters, also those that a browser started, which knows no ids: of each offer a wallet's browsers run one meter at a time.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class MeterReader(ISettingsStore settings, Ledger.Ledger ledger, OfferDirectory offers, EntitlementIssuer entitlements, TimeProvider time)
{
    /// <summary>What the keys are keys of by which browsers start meters.</summary>
    public const string BrowserScope = "meter-once";

    /// <summary>A site counts units; time passes by itself.</summary>
    public static Refusal CountsTime { get; } = new(RefusalCodes.InvalidField, "The offer counts time, which a site does not: start a meter with POST /v1/meters and the offer.");

    private static Refusal Paused { get; } = new(RefusalCodes.WalletFrozen, "The wallet is paused, and its meter opens nothing until it is resumed.");

    /// <summary>The key of the meter that a wallet's browsers start as their <paramref name="number"/>th of an offer.</summary>
    public static IdempotencyKey BrowserKey(Id<OfferKind> offer, uint number) =>
        IdempotencyKey.TryParse(string.Create(CultureInfo.InvariantCulture, $"{offer}.{number}"), out var key) ? key : throw new InvalidOperationException();

    /// <summary>The meter of an offer that runs for a wallet's browsers, or null; and the number of their next one.</summary>
    /// <remarks>Two tabs find the same number, and so start one meter. A start that the ledger refused has used its number up.</remarks>
    public async ValueTask<(MeterState? Running, uint Next)> FindForBrowserAsync(Id<WalletKind> wallet, Id<OfferKind> offer)
    {
        var caller = new Caller(CallerKind.Wallet, wallet.Value);
        var next = await FreeNumber.FindAsync(async number => await ledger.FindAsync(BrowserKey(offer, number).DeriveId(BrowserScope, caller)) is not null);
        if (next == 0) return (null, 0);
        var newest = await LoadAsync(BrowserKey(offer, next - 1).DeriveId(BrowserScope, caller));
        return (newest?.IsRunningAt(ledger.NowUnixMilliseconds(time)) == true ? newest : null, next);
    }

    /// <summary>A meter, whoever asks; null if there is none, or its hold was refused.</summary>
    public async ValueTask<MeterState?> LoadAsync(UInt128 id) =>
        await settings.FindAsync<MeterRow>(id) is { } row && await PaymentRecords.FindAsync(ledger, id) is { } payment ? new(payment, await GetPricingAsync(row), row) : null;

    /// <summary>How the offer of a meter is priced.</summary>
    public async ValueTask<Metered> GetPricingAsync(MeterRow row) =>
        (await offers.FindAsync(new(row.Offer)))?.Pricing as Metered ?? throw new InvalidOperationException($"The meter {row.Id:x32} has lost its offer.");

    /// <summary>What a site lets a meter be used by, in answer to its terms; null if the meter does not run.</summary>
    /// <remarks>Refused while the wallet is paused: what was paid once stays open then, but a meter costs more with each use.</remarks>
    public async ValueTask<Answer<string?>> EntitleAsync(Terms terms, MeterState meter)
    {
        if (!meter.IsRunningAt(ledger.NowUnixMilliseconds(time)) || meter.Pricing is not { By: MeteredBy.Unit } pricing) return default(string);
        if (await ledger.ReadAccountAsync(meter.Payment.Debit) is { } wallet && wallet.Flags.HasFlag(AccountFlags.Frozen)) return Paused;
        return entitlements.IssueForMeter(terms, meter.Row.Id, new MeterCover(pricing.Price, pricing.Count, pricing.CeilingUnits), meter.StopUnixMilliseconds);
    }
}
