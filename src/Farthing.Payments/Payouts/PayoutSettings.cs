using System.Globalization;
using Farthing.Payments.Calendars;
using Farthing.Payments.Payees;
using Farthing.Payments.Schedules;
using Farthing.Payments.Settings;
using Farthing.Protocol;
using NodaTime;

namespace Farthing.Payments.Payouts;

/// <summary>How payees are paid out: by what, where to, and how often by itself. Off until a payee sets it.</summary>
/// <remarks>Thread-safe. Every write is idempotent, also across a crash.</remarks>
public sealed class PayoutSettings
{
    /// <summary>To how many destinations a payee can ever be paid out: each stays known.</summary>
    public const int MaxDestinations = 50;

    private readonly ISettingsStore settings;
    private readonly Ledger.Ledger ledger;
    private readonly PayeeDirectory payees;
    private readonly PayoutRails rails;
    private readonly Schedule schedule;
    private readonly LabelledSecrets secrets;
    private readonly TimeProvider time;

    internal PayoutSettings(ISettingsStore settings, Ledger.Ledger ledger, PayeeDirectory payees, PayoutRails rails, Schedule schedule, LabelledSecrets secrets, TimeProvider time)
    {
        this.settings = settings;
        this.ledger = ledger;
        this.payees = payees;
        this.rails = rails;
        this.schedule = schedule;
        this.secrets = secrets;
        this.time = time;
    }

    /// <summary>Sets how a payee is paid out, in place of how it was. Payouts that are under way go where they went.</summary>
    public async ValueTask<Answer<PayoutSetting>> SetAsync(Id<PayeeKind> payee, IdempotencyKey key, NewPayoutSetting request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (await payees.FindAsync(payee) is not { } owner) return PayeeDirectory.NotFound(payee);
        var digest = Digest(payee, request);
        var (scope, hash) = ($"payout-setting:{payee}", key.ToHash());
        using var turn = await schedule.EnterAsync(payee.Value);
        var claim = await settings.FindClaimAsync(scope, hash);
        while (claim is null)
        {
            var made = await MakeAsync(owner, request);
            if (!made.IsGiven) return made.Refusal;
            claim = await settings.ClaimAsync(new ClaimRow(scope, hash, digest, payee.Value, 0), [.. made.Value]);
        }

        if (claim.Digest != digest) return PayeeDirectory.Conflict;
        schedule.Notice();
        return await DescribeAsync(await settings.GetAsync<PayoutSettingRow>(payee.Value));
    }

    /// <summary>How a payee is paid out; null if it has not set that.</summary>
    public async ValueTask<PayoutSetting?> FindAsync(Id<PayeeKind> payee) => await settings.FindAsync<PayoutSettingRow>(payee.Value) is { } row ? await DescribeAsync(row) : null;

    /// <summary>When a schedule looks next, in Unix milliseconds; null if it is off.</summary>
    internal static long? NextOf(PayoutSettingRow row, long nowUnixMilliseconds)
    {
        if (!TimeZones.TryFind(row.TimeZone, out var zone)) throw new InvalidOperationException($"The time zone {row.TimeZone} of a payout setting is no longer known.");
        return row.Rhythm switch
        {
            PayoutRhythm.Off => null,
            PayoutRhythm.Daily => EndOf(CalendarPeriod.Day, zone),
            PayoutRhythm.Weekly => EndOf(CalendarPeriod.Week, zone),
            _ => EndOf(CalendarPeriod.Month, zone),
        };

        long EndOf(CalendarPeriod period, DateTimeZone zone) => CalendarWindow.Of(period, zone, nowUnixMilliseconds).EndUnixMilliseconds;
    }

    private async ValueTask<Answer<List<ISettingsRow>>> MakeAsync(Payee owner, NewPayoutSetting request)
    {
        if (rails.Find(request.Rail) is not { } rail) return rails.NotAvailable;
        if (rail.DecimalsOf(owner.Asset) is null) return new Refusal(RefusalCodes.RailNotAvailable, $"The rail {rail.Name} does not pay out {owner.Asset}.");
        if (!Words.AreShown(request.Destination.Name, PayoutDestination.MaxNameLength))
            return new Refusal(RefusalCodes.InvalidDestination, $"The destination's name must be 1 to {PayoutDestination.MaxNameLength} characters, not all blank, without control characters.");
        if (request.Destination is { Iban.Length: > PayoutDestination.MaxPartLength } or { Bic.Length: > PayoutDestination.MaxPartLength } or { Instruction.Length: > PayoutDestination.MaxPartLength })
            return new Refusal(RefusalCodes.InvalidDestination, $"Each part of the destination has at most {PayoutDestination.MaxPartLength} characters.");
        var checkedDestination = rail.Check(request.Destination, owner.Asset);
        if (!checkedDestination.IsGiven) return checkedDestination.Refusal;
        if (request.Threshold is { } least && least.Asset != owner.Asset) return new Refusal(RefusalCodes.CurrencyMismatch, $"The threshold is in {least.Asset}, and the payee is paid in {owner.Asset}.");
        if (!TimeZones.TryFind(request.TimeZone ?? TimeZones.Utc, out var zone)) return new Refusal(RefusalCodes.InvalidField, "timeZone must be the name of an IANA time zone, such as Europe/Paris.");

        var rows = new List<ISettingsRow>();
        var (name, iban, bic, instruction) = checkedDestination.Value;
        var destination = new PayoutDestinationRow(IdOf(owner.Id, rail.Name, checkedDestination.Value), owner.Id.Value, rail.Name, name, iban, bic, instruction, false, RowState.Active);
        if (await settings.FindAsync<PayoutDestinationRow>(destination.Id) is null)
        {
            if ((await settings.ListAsync<PayoutDestinationRow>(owner.Id.Value, null, MaxDestinations)).Count == MaxDestinations)
                return new Refusal(RefusalCodes.TooManyDestinations, $"The payee has had {MaxDestinations} destinations. Use one of those.");
            rows.Add(destination);
        }

        var units = (request.Threshold?.Units ?? UInt128.Zero).ToString(CultureInfo.InvariantCulture);
        var before = await settings.FindAsync<PayoutSettingRow>(owner.Id.Value);
        var row = new PayoutSettingRow(owner.Id.Value, destination.Id, owner.Asset.Code, units, request.Rhythm, zone.Id, null, RowState.Active, (before?.Version ?? 0) + 1);
        var next = NextOf(row, ledger.NowUnixMilliseconds(time));
        var due = await settings.FindAsync<DueRow>(row.Id);
        rows.Add(row);
        rows.Add(due?.MovedTo(next) ?? new DueRow(row.Id, DueKind.PayoutSetting, next, next, 0, null, RowState.Active));
        return rows;
    }

    private async ValueTask<PayoutSetting> DescribeAsync(PayoutSettingRow row)
    {
        var destination = await settings.GetAsync<PayoutDestinationRow>(row.Destination);
        var next = (await settings.FindAsync<DueRow>(row.Id))?.DueUnixMilliseconds;
        return new PayoutSetting(destination.Rail, destination.Destination, row.Threshold, row.Rhythm, row.TimeZone, next is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null, row.LastSkip);
    }

    // It stands in the journal, where nobody shall find out an account by trying.
    private UInt128 IdOf(Id<PayeeKind> payee, string rail, PayoutDestination destination)
    {
        var bytes = new CanonicalBytes(stackalloc byte[512]);
        bytes.Add("payout-destination");
        bytes.Add(rail);
        Add(ref bytes, destination);
        return secrets.ReferenceOf(payee.Value, bytes.ToDigest().ToString("x32", CultureInfo.InvariantCulture));
    }

    private static UInt128 Digest(Id<PayeeKind> payee, NewPayoutSetting request)
    {
        var bytes = new CanonicalBytes(stackalloc byte[512]);
        bytes.Add("payout-setting");
        bytes.Add(payee.Value);
        bytes.Add(request.Rail);
        Add(ref bytes, request.Destination);
        bytes.Add(request.Threshold);
        bytes.Add((UInt128)(byte)request.Rhythm);
        bytes.Add(request.TimeZone);
        return bytes.ToDigest();
    }

    private static void Add(ref CanonicalBytes bytes, PayoutDestination destination)
    {
        bytes.Add(destination.Name);
        bytes.Add(destination.Iban);
        bytes.Add(destination.Bic);
        bytes.Add(destination.Instruction);
    }
}
