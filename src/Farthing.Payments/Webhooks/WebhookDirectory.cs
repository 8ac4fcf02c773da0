using Farthing.Payments.Desk;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Payments.Settings;
using Farthing.Payments.Statements;
using Farthing.Protocol;

namespace Farthing.Payments.Webhooks;

/// <summary>Webhooks: making, reading, changing, secrets, replays. What is sent to them is the business of <see cref="WebhookRounds"/>.</summary>
/// <remarks>Thread-safe. Every write is idempotent, also across a crash.</remarks>
public sealed class WebhookDirectory
{
    /// <summary>How many webhooks a payee, or the operator, has at most; closed ones do not count.</summary>
    public const int MaxPerOwner = 10;

    private const int FirstGeneration = 1;
    private const string SecretPrefix = "whsec_";
    private static readonly TimeSpan TimeToCheck = TimeSpan.FromSeconds(5);

    private readonly Turns turns = new(64);
    private readonly ISettingsStore settings;
    private readonly Ledger.Ledger ledger;
    private readonly LabelledSecrets secrets;
    private readonly IWebhookCourier? courier;
    private readonly Cursor cursor;
    private readonly Cursor deliveryCursor;
    private readonly TimeProvider time;

    internal WebhookDirectory(ISettingsStore settings, Ledger.Ledger ledger, LabelledSecrets secrets, IWebhookCourier? courier, TimeProvider time)
    {
        this.settings = settings;
        this.ledger = ledger;
        this.secrets = secrets;
        this.courier = courier;
        cursor = new Cursor(secrets, "webhooks");
        deliveryCursor = new Cursor(secrets, "webhook-deliveries");
        this.time = time;
    }

    /// <summary>Told of each webhook that was made or changed. Set once, before anything is.</summary>
    internal Action<WebhookRow> Changed { private get; set; } = _ => { };

    /// <summary>Makes a webhook of a payee or of the operator. It is told of what happens from now on.</summary>
    public async ValueTask<Answer<IssuedWebhook>> CreateAsync(Caller caller, IdempotencyKey key, NewWebhook request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (courier is null) return new Refusal(RefusalCodes.WebhooksNotAvailable, "This server sends no webhooks.");
        if (CheckTypes(request.Types) is { } unknown) return unknown;
        var scope = $"webhook:{Owner(caller):x32}";
        var digest = Digest("webhook", request.Url, string.Join(' ', request.Types));
        using var turn = await turns.EnterAsync(Owner(caller));
        if (await settings.FindClaimAsync(scope, key.ToHash()) is not { } claim)
        {
            if (await CheckUrlAsync(request.Url) is { } refusal) return refusal;
            if (await CountAsync(Owner(caller)) >= MaxPerOwner) return new Refusal(RefusalCodes.TooManyWebhooks, $"At most {MaxPerOwner} webhooks are told at once. Close one of them first.");
            var row = new WebhookRow(Id<WebhookKind>.New(time).Value, Owner(caller), request.Url, string.Join(' ', request.Types), FirstGeneration, 0, false, 0, 0, 0, 0, 0, 0,
                ledger.DurableSize, await settings.CountEventsAsync() + 1, RowState.Active, time.GetUtcNow());
            claim = await settings.ClaimAsync(new ClaimRow(scope, key.ToHash(), digest, row.Id, 0), row) ?? throw new InvalidOperationException($"The id {row.Id:x32} of a new webhook is taken.");
        }

        if (claim.Digest != digest) return PayeeDirectory.Conflict;
        var made = await settings.GetAsync<WebhookRow>(claim.Row);
        Changed(made);
        return new IssuedWebhook(await DescribeAsync(made), SecretText(made.Id, FirstGeneration));
    }

    /// <summary>A webhook of the caller's.</summary>
    public async ValueTask<Answer<Webhook>> ReadAsync(Caller caller, Id<WebhookKind> id) => await FindAsync(caller, id) is { } row ? await DescribeAsync(row) : NotFound(id);

    /// <summary>The caller's webhooks, newest first, closed ones included.</summary>
    public async ValueTask<Answer<Page<Webhook>>> ListAsync(Caller caller, string? cursor, int pageSize)
    {
        var owner = Owner(caller);
        if (!this.cursor.TryRead(owner, cursor, out var before)) return Cursor.Invalid;
        pageSize = Cursor.ClampPageSize(pageSize);
        var rows = await settings.ListAsync<WebhookRow>(owner, before, pageSize + 1);
        var lines = new List<Webhook>(pageSize);
        foreach (var row in rows.Take(pageSize)) lines.Add(await DescribeAsync(row));
        return new Page<Webhook>(lines, rows.Count > pageSize ? this.cursor.Write(owner, lines[^1].Id.Value) : null);
    }

    /// <summary>Changes where events are sent, or which; what is null stays as it is.</summary>
    public async ValueTask<Answer<Webhook>> ChangeAsync(Caller caller, IdempotencyKey key, Id<WebhookKind> id, string? url, IReadOnlyList<string>? types)
    {
        if (types is not null && CheckTypes(types) is { } unknown) return unknown;
        var text = types is null ? null : string.Join(' ', types);
        if (await FindAsync(caller, id) is { } found && url is not null && url != found.Url && await CheckUrlAsync(url) is { } refusal) return refusal;
        var changed = await ActAsync(caller, key, id, Digest("change", url, text), row => row with { Url = url ?? row.Url, Types = text ?? row.Types });
        return changed.IsGiven ? await DescribeAsync(changed.Value.Row) : changed.Refusal;
    }

    /// <summary>Pauses a webhook: what happens meanwhile waits.</summary>
    public async ValueTask<Answer<Webhook>> PauseAsync(Caller caller, IdempotencyKey key, Id<WebhookKind> id)
    {
        var changed = await ActAsync(caller, key, id, Digest("pause", null, null), row => row with { IsPaused = true });
        return changed.IsGiven ? await DescribeAsync(changed.Value.Row) : changed.Refusal;
    }

    /// <summary>Resumes a webhook that was paused or switched off, where it stopped. What waits is sent at once, and tried for three days anew.</summary>
    public async ValueTask<Answer<Webhook>> ResumeAsync(Caller caller, IdempotencyKey key, Id<WebhookKind> id)
    {
        var changed = await ActAsync(caller, key, id, Digest("resume", null, null), row => row with { IsPaused = false, Resumes = row.Resumes + 1 });
        return changed.IsGiven ? await DescribeAsync(changed.Value.Row) : changed.Refusal;
    }

    /// <summary>Issues a new secret. The one before goes on signing beside it for so long, so that receivers can be changed one by one; one before that does so no more.</summary>
    public async ValueTask<Answer<IssuedWebhook>> RotateSecretAsync(Caller caller, IdempotencyKey key, Id<WebhookKind> id, int overlapSeconds)
    {
        if (overlapSeconds is < 0 or > NewWebhook.MaxOverlapSeconds) return new Refusal(RefusalCodes.InvalidField, $"overlapSeconds must be 0 to {NewWebhook.MaxOverlapSeconds}.");
        var until = time.GetUtcNow().ToUnixTimeMilliseconds() + (overlapSeconds * 1000L);
        var changed = await ActAsync(caller, key, id, Digest("rotate", overlapSeconds.ToString(), null), row => row with { SecretGeneration = row.SecretGeneration + 1, PreviousSecretUntil = until });
        return changed.IsGiven ? new IssuedWebhook(await DescribeAsync(changed.Value.Row), SecretText(id.Value, changed.Value.Claim.Result)) : changed.Refusal;
    }

    /// <summary>Sends again what happened in a stretch of time, under the same ids, whatever became of it the first time. Another replay under way ends.</summary>
    public async ValueTask<Answer<Webhook>> ReplayAsync(Caller caller, IdempotencyKey key, Id<WebhookKind> id, Period period)
    {
        if (period.Since is not { } since || (period.Until is { } until && until <= since)) return new Refusal(RefusalCodes.InvalidField, "since must be a time before until.");
        var (position, end) = (ledger.SizeBefore(period.SinceUnixMilliseconds), period.Until is null ? ledger.DurableSize : ledger.SizeBefore(period.UntilUnixMilliseconds));
        var (number, numberEnd) = (await settings.CountEventsAsync(period.SinceUnixMilliseconds) + 1, await settings.CountEventsAsync(period.UntilUnixMilliseconds) + 1);
        var changed = await ActAsync(caller, key, id, Digest("replay", period.SinceUnixMilliseconds.ToString(), period.UntilUnixMilliseconds.ToString()), row =>
            row with { Replays = row.Replays + 1, ReplayPosition = position, ReplayEnd = end, ReplayNumber = number, ReplayNumberEnd = numberEnd });
        return changed.IsGiven ? await DescribeAsync(changed.Value.Row) : changed.Refusal;
    }

    /// <summary>Closes a webhook, for ever; closing a closed one changes nothing. An attempt that is under way is not called back.</summary>
    public async ValueTask<Answer<Webhook>> CloseAsync(Caller caller, Id<WebhookKind> id)
    {
        if (await FindAsync(caller, id) is null) return NotFound(id);
        var row = await settings.ChangeAsync<WebhookRow>(id.Value, row => row.State == RowState.Closed ? row : row with { State = RowState.Closed, Version = row.Version + 1 });
        Changed(row);
        return await DescribeAsync(row);
    }

    /// <summary>What waits to be sent, and the last of what was sent or given up, newest first.</summary>
    public async ValueTask<Answer<Page<Delivery>>> ListDeliveriesAsync(Caller caller, Id<WebhookKind> id, string? cursor, int pageSize)
    {
        if (await FindAsync(caller, id) is not { } row) return NotFound(id);
        if (!deliveryCursor.TryRead(row.Id, cursor, out var before)) return Cursor.Invalid;
        pageSize = Cursor.ClampPageSize(pageSize);
        var progress = await ReadProgressAsync(row);
        var found = progress.Waiting.Concat(progress.Done).Where(delivery => before is not { } number || delivery.Number < (long)number).OrderByDescending(delivery => delivery.Number).Take(pageSize + 1).ToList();
        var lines = found.Take(pageSize).Select(ToDelivery).ToList();
        return new Page<Delivery>(lines, found.Count > pageSize ? deliveryCursor.Write(row.Id, (UInt128)found[pageSize - 1].Number) : null);
    }

    /// <summary>What is sent to a webhook at a time is signed with these, the newest first.</summary>
    internal IReadOnlyList<byte[]> SecretsOf(WebhookRow row, long now) => row.PreviousSecretUntil > now
        ? [secrets.WebhookSecretOf(row.Id, row.SecretGeneration), secrets.WebhookSecretOf(row.Id, row.SecretGeneration - 1)]
        : [secrets.WebhookSecretOf(row.Id, row.SecretGeneration)];

    internal async ValueTask<WebhookProgress> ReadProgressAsync(WebhookRow row) =>
        (await settings.FindAsync<WebhookProgressRow>(row.Id) is { } progress ? WebhookProgress.Parse(progress.Progress) : WebhookProgress.Begin(row)).Adopt(row, time.GetUtcNow().ToUnixTimeMilliseconds());

    /// <summary>Changes a row once for a key. A repeat gives the row as it now is, and changes nothing.</summary>
    private async ValueTask<Answer<(WebhookRow Row, ClaimRow Claim)>> ActAsync(Caller caller, IdempotencyKey key, Id<WebhookKind> id, UInt128 digest, Func<WebhookRow, WebhookRow> change)
    {
        var scope = $"webhook:{id}";
        while (await FindAsync(caller, id) is { } row)
        {
            var claim = await settings.FindClaimAsync(scope, key.ToHash());
            if (claim is null)
            {
                if (row.State == RowState.Closed) return new Refusal(RefusalCodes.WebhookClosed, "The webhook is closed. Make a new one.");
                row = change(row) with { Version = row.Version + 1 };
                claim = await settings.ClaimAsync(new ClaimRow(scope, key.ToHash(), digest, row.Id, row.SecretGeneration), row);
                // Changed by somebody else just now.
                if (claim is null) continue;
            }

            if (claim.Digest != digest) return PayeeDirectory.Conflict;
            row = await settings.GetAsync<WebhookRow>(id.Value);
            Changed(row);
            return (row, claim);
        }

        return NotFound(id);
    }

    private async ValueTask<WebhookRow?> FindAsync(Caller caller, Id<WebhookKind> id) => await settings.FindAsync<WebhookRow>(id.Value) is { } row && row.Owner == Owner(caller) ? row : null;

    private async ValueTask<int> CountAsync(UInt128 owner)
    {
        var count = 0;
        await foreach (var row in settings.ReadAllAsync<WebhookRow>(owner)) count += row.State == RowState.Active ? 1 : 0;
        return count;
    }

    private async ValueTask<Webhook> DescribeAsync(WebhookRow row)
    {
        var progress = await ReadProgressAsync(row);
        return new Webhook
        {
            Id = new(row.Id),
            Payee = row.Owner == UInt128.Zero ? null : new Id<PayeeKind>(row.Owner),
            Url = row.Url,
            Types = TypesOf(row),
            Status = row.State == RowState.Closed ? WebhookStatus.Closed : row.IsPaused ? WebhookStatus.Paused : progress.OffReason is null ? WebhookStatus.Active : WebhookStatus.Off,
            OffReason = progress.OffReason,
            OffAt = TimeOf(progress.OffAt),
            FailingSince = TimeOf(progress.FailingSince),
            Waiting = progress.Waiting.Count,
            PreviousSecretUntil = row.PreviousSecretUntil > time.GetUtcNow().ToUnixTimeMilliseconds() ? TimeOf(row.PreviousSecretUntil) : null,
            IsReplaying = progress.Replay is not null,
            CreatedAt = row.CreatedAt,
        };
    }

    internal static string[] TypesOf(WebhookRow row) => row.Types.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private async ValueTask<Refusal?> CheckUrlAsync(string text)
    {
        if (text.Length > NewWebhook.MaxUrlLength || !Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("https" or "http") || url.UserInfo.Length > 0 || url.Fragment.Length > 0 || url.Host.Length == 0)
            return new Refusal(RefusalCodes.InvalidField, $"url must be an absolute https address of at most {NewWebhook.MaxUrlLength} characters, without a user name or fragment, such as https://shop.example/farthing.");
        using var deadline = new CancellationTokenSource(TimeToCheck, time);
        return courier is not null && await courier.FindObstacleAsync(url, deadline.Token) is { } obstacle ? new Refusal(RefusalCodes.WebhookAddressRefused, obstacle) : null;
    }

    private static Refusal? CheckTypes(IReadOnlyList<string> types) =>
        types.FirstOrDefault(type => !EventTypes.IsKnown(type)) is { } unknown ? new Refusal(RefusalCodes.InvalidField, $"There is no type of event '{(unknown.Length > 50 ? "…" : unknown)}'. The types are {string.Join(", ", EventTypes.All.Select(type => type.Name))}.")
            : types.Distinct().Count() != types.Count ? new Refusal(RefusalCodes.InvalidField, "A type of event is named twice.") : null;

    private static Delivery ToDelivery(DeliveryState state) => new(
        state.Event.Id, state.Event.Type, state.Event.Subject, state.Status, state.Attempts, TimeOf(state.FirstAt), TimeOf(state.LastAt), TimeOf(state.NextAt), state.AnswerStatus, state.Problem, state.IsReplay);

    private string SecretText(UInt128 id, int generation) => SecretPrefix + Convert.ToBase64String(secrets.WebhookSecretOf(id, generation));

    private static UInt128 Owner(Caller caller) => caller.Payee.Value;

    private static DateTimeOffset? TimeOf(long? unixMilliseconds) => unixMilliseconds is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null;

    private static Refusal NotFound(Id<WebhookKind> id) => new(RefusalCodes.WebhookNotFound, $"There is no webhook {id} of this payee or operator.");

    private static UInt128 Digest(string what, string? first, string? second)
    {
        var bytes = new CanonicalBytes(stackalloc byte[512]);
        bytes.Add("webhook");
        bytes.Add(what);
        bytes.Add(first);
        bytes.Add(second);
        return bytes.ToDigest();
    }
}
