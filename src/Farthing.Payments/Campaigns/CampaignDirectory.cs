using System.Globalization;
using Farthing.Payments.Desk;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Payments.Schedules;
using Farthing.Payments.Settings;
using Farthing.Protocol;

namespace Farthing.Payments.Campaigns;

/// <summary>Campaigns: making and reading. What is pledged to them is in <see cref="PledgeDesk"/>.</summary>
/// <remarks>Thread-safe. Every write is idempotent, also across a crash.</remarks>
public sealed class CampaignDirectory
{
    private readonly RowCache<CampaignRow> loaded = new();
    private readonly ISettingsStore settings;
    private readonly Ledger.Ledger ledger;
    private readonly ChartOfAccounts chart;
    private readonly PayeeDirectory payees;
    private readonly Schedule schedule;
    private readonly uint feeBasisPoints;
    private readonly TimeProvider time;
    private readonly Cursor cursor;

    internal CampaignDirectory(ISettingsStore settings, Ledger.Ledger ledger, ChartOfAccounts chart, PayeeDirectory payees, Schedule schedule, LabelledSecrets secrets, PaymentOptions options, TimeProvider time)
    {
        this.settings = settings;
        this.ledger = ledger;
        this.chart = chart;
        this.payees = payees;
        this.schedule = schedule;
        feeBasisPoints = options.FeeBasisPoints;
        this.time = time;
        cursor = new Cursor(secrets, "campaigns");
    }

    /// <summary>Makes a campaign of a payee, in the payee's currency.</summary>
    public async ValueTask<Answer<Campaign>> CreateAsync(Id<PayeeKind> payee, IdempotencyKey key, NewCampaign request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (await payees.FindAsync(payee) is not { } owner) return PayeeDirectory.NotFound(payee);
        var now = DateTimeOffset.FromUnixTimeMilliseconds(ledger.NowUnixMilliseconds(time));
        var row = new CampaignRow(Id<CampaignKind>.New(time).Value, payee.Value, request.Name, request.Mode, request.Goal.Asset.Code, request.Goal.Units.ToString(CultureInfo.InvariantCulture),
            Split.ToText(request.Splits), (int)feeBasisPoints, DateTimeOffset.FromUnixTimeMilliseconds(request.Deadline.ToUnixTimeMilliseconds()), RowState.Creating, now);
        var (scope, hash) = ($"campaign:{payee}", key.ToHash());
        // What the key made before stands, also once its deadline is near or past.
        if (await settings.FindClaimAsync(scope, hash) is null && (Check(request, owner, now) ?? await Split.CheckAsync(request.Splits, owner, payees)) is { } refusal) return refusal;
        var digest = Digest(row);
        var claim = await settings.ClaimAsync(new ClaimRow(scope, hash, digest, row.Id, 0), row, DueRow.New(row.Id, DueKind.Campaign, row.DeadlineUnixMilliseconds))
            ?? throw new InvalidOperationException($"The id {row.Id:x32} of a new campaign is taken.");
        if (claim.Digest != digest) return PayeeDirectory.Conflict;
        schedule.Notice();
        var standing = await settings.GetAsync<CampaignRow>(claim.Row);
        if (!await TryFinishAsync(standing)) return LedgerCalls.NotReady;
        return Describe(loaded.Add(standing.Id, standing), CampaignStatus.Open, UInt128.Zero, UInt128.Zero);
    }

    /// <summary>A campaign, or why there is none.</summary>
    public async ValueTask<Answer<Campaign>> ReadAsync(Id<CampaignKind> id) => await LoadAsync(id.Value) is { } row ? await DescribeAsync(row) : NotFound(id);

    /// <summary>A payee's campaigns, newest first.</summary>
    public async ValueTask<Answer<Page<Campaign>>> ListAsync(Id<PayeeKind> payee, string? cursor, int pageSize)
    {
        if (!this.cursor.TryRead(payee.Value, cursor, out var before)) return Cursor.Invalid;
        pageSize = Cursor.ClampPageSize(pageSize);
        var rows = await settings.ListAsync<CampaignRow>(payee.Value, before, pageSize + 1);
        var lines = new List<Campaign>(pageSize);
        foreach (var row in rows.Take(pageSize)) lines.Add(await DescribeAsync(row));
        return new Page<Campaign>(lines, rows.Count > pageSize ? this.cursor.Write(payee.Value, lines[^1].Id.Value) : null);
    }

    internal async ValueTask<CampaignRow?> LoadAsync(UInt128 id)
    {
        if (loaded.TryGet(id, out var row)) return row;
        row = await settings.FindAsync<CampaignRow>(id);
        return row is null || row.State == RowState.Creating ? null : loaded.Add(id, row);
    }

    /// <summary>Carries a claimed row on: opens its accounts, then marks it active. Does nothing that was done before.</summary>
    /// <returns>False if the ledger takes no work.</returns>
    internal async ValueTask<bool> TryFinishAsync(CampaignRow row)
    {
        if (row.State != RowState.Creating) return true;
        if (!await CampaignAccounts.TryOpenAsync(ledger, chart, row)) return false;
        await settings.WriteAsync(row with { State = RowState.Active, Version = row.Version + 1 });
        return true;
    }

    private static Refusal? Check(NewCampaign request, Payee owner, DateTimeOffset now)
    {
        if (!Words.AreShown(request.Name, NewCampaign.MaxNameLength)) return new(RefusalCodes.InvalidField, $"name must be 1 to {NewCampaign.MaxNameLength} characters, not all blank, without control characters.");
        if (Amounts.Check(request.Goal, owner.Asset) is { } refusal) return refusal;
        if (request.Deadline < now + NewCampaign.Shortest || request.Deadline > now + NewCampaign.Longest) return new(RefusalCodes.InvalidField, "deadline must be at least a minute and at most 366 days ahead.");
        return request.Mode is CampaignMode.AllOrNothing or CampaignMode.KeepWhatYouGet ? null : new(RefusalCodes.InvalidField, "mode must be all_or_nothing or keep_what_you_get.");
    }

    private async ValueTask<Campaign> DescribeAsync(CampaignRow row)
    {
        var verdict = await CampaignEnder.FindVerdictAsync(ledger, row);
        var balances = await ledger.ReadBalancesAsync(row.Id, null);
        var status = verdict switch
        {
            true => CampaignStatus.Succeeded,
            false => CampaignStatus.Failed,
            _ => IsOver(row) ? CampaignStatus.Ending : CampaignStatus.Open,
        };
        // What is still held of a campaign that failed is on its way back.
        var total = balances.CreditsPosted + (status == CampaignStatus.Failed ? UInt128.Zero : balances.CreditsHeld);
        return Describe(row, status, total, await CampaignAccounts.CountAsync(ledger, row));
    }

    private static Campaign Describe(CampaignRow row, CampaignStatus status, UInt128 total, UInt128 pledges) => new()
    {
        Id = new(row.Id),
        Payee = new(row.Owner),
        Name = row.Name,
        Mode = row.Mode,
        Status = status,
        Splits = Split.FromText(row.Splits),
        Goal = new Amount(row.Asset, UInt128.Parse(row.GoalUnits, CultureInfo.InvariantCulture)),
        Total = new Amount(row.Asset, total),
        Pledges = pledges,
        Deadline = row.Deadline,
        CreatedAt = row.CreatedAt,
    };

    internal bool IsOver(CampaignRow row) => ledger.NowUnixMilliseconds(time) >= row.DeadlineUnixMilliseconds;

    internal static Refusal NotFound(Id<CampaignKind> id) => new(RefusalCodes.CampaignNotFound, $"There is no campaign {id}.");

    private static UInt128 Digest(CampaignRow row)
    {
        var bytes = new CanonicalBytes(stackalloc byte[1024]);
        bytes.Add("campaign");
        bytes.Add(row.Owner);
        bytes.Add(row.Name);
        bytes.Add((UInt128)(byte)row.Mode);
        bytes.Add(row.Currency);
        bytes.Add(row.GoalUnits);
        bytes.Add(row.Splits);
        bytes.Add((UInt128)unchecked((ulong)row.DeadlineUnixMilliseconds));
        return bytes.ToDigest();
    }
}
