using System.Globalization;
using Farthing.Payments;
using Farthing.Payments.Campaigns;
using Farthing.Payments.Desk;
using Farthing.Payments.Offers;
using Farthing.Protocol;

namespace Farthing.Server.Doors.Rest;

/// <summary>Body of <c>POST /v1/campaigns</c>.</summary>
internal sealed record NewCampaignBody
{
    public required string Name { get; init; }
    public required AmountJson Goal { get; init; }
    public required string Deadline { get; init; }
    public required string Mode { get; init; }
    public IReadOnlyList<SplitJson>? Splits { get; init; }
}

/// <summary>A campaign.</summary>
internal sealed record CampaignJson(
    string Id, string Payee, string Name, string Mode, string Status, IReadOnlyList<SplitJson>? Splits, AmountJson Goal, AmountJson Total, long Pledges, string Deadline, string CreatedAt);

/// <summary>A page of campaigns.</summary>
internal sealed record CampaignPage(IReadOnlyList<CampaignJson> Lines, string? Next);

/// <summary>Body of <c>POST /v1/campaigns/{id}/pledges</c>.</summary>
internal sealed record NewPledgeBody
{
    public required AmountJson Amount { get; init; }
}

/// <summary>A pledge, as its wallet sees it.</summary>
internal sealed record PledgeJson(string Id, string Campaign, string Status, AmountJson Amount, string CreatedAt);

/// <summary><c>/v1/campaigns</c>: money pledged by many.</summary>
internal static class CampaignsApi
{
    private const string Example = """
        {"id":"cam_01JD8Y2M6K3T5V7W9XAZBCDEFG","payee":"pye_01JD8Y2M6K3T5V7W9XAZBCDEFG","name":"A printed edition","mode":"all_or_nothing","status":"open","goal":{"amount":"500","currency":"USD"},"total":{"amount":"312.5","currency":"USD"},"pledges":41,"deadline":"2026-12-24T18:00:00.000Z","createdAt":"2026-11-23T09:30:00.000Z"}
        """;

    private const string PledgeExample = """
        {"id":"plg_01JD8Y2M6K3T5V7W9XAZBCDEFG","campaign":"cam_01JD8Y2M6K3T5V7W9XAZBCDEFG","status":"held","amount":{"amount":"5","currency":"USD"},"createdAt":"2026-11-23T09:30:00.000Z"}
        """;

    private static readonly RefusalCode[] PledgeRefusals = [RefusalCodes.InvalidId, RefusalCodes.PledgeNotFound, RefusalCodes.WalletErased];

    public static void Map(RestRoutes door)
    {
        door.Post("/v1/campaigns", CreateAsync, new RestCall
        {
            OperationId = "createCampaign",
            Tag = "Campaigns",
            Summary = "Start a campaign",
            Description = "mode is all_or_nothing, where nothing is taken unless the goal is reached, or keep_what_you_get. The deadline is a minute to 366 days ahead. The operator's fee is that of payments, out of what the campaign comes to. splits shares the rest, as those of an offer do.",
            Key = KeyOwner.Payee,
            TakesIdempotencyKey = true,
            Body = typeof(NewCampaignBody),
            Status = StatusCodes.Status201Created,
            Answer = typeof(CampaignJson),
            BodyExample = """{"name":"A printed edition","goal":{"amount":"500","currency":"USD"},"deadline":"2026-12-24T18:00:00Z","mode":"all_or_nothing"}""",
            AnswerExample = Example,
            Refusals = [.. PaymentsApi.AmountRefusals, RefusalCodes.CurrencyMismatch, RefusalCodes.InvalidSplits, RefusalCodes.InvalidId, RefusalCodes.PayeeNotFound],
        });
        door.Get("/v1/campaigns", ListAsync, new RestCall
        {
            OperationId = "listCampaigns",
            Tag = "Campaigns",
            Summary = "List the payee's campaigns, newest first",
            Key = KeyOwner.Payee,
            IsPaged = true,
            Answer = typeof(CampaignPage),
            AnswerExample = $$"""{"lines":[{{Example}}]}""",
        });
        door.Get("/v1/campaigns/{id}", ReadAsync, new RestCall
        {
            OperationId = "readCampaign",
            Tag = "Campaigns",
            Summary = "Read a campaign",
            Description = "For anyone. total is what is pledged, by the ledger, without what failed. status is open, ending, succeeded or failed.",
            Answer = typeof(CampaignJson),
            AnswerExample = Example,
            Refusals = [RefusalCodes.InvalidId, RefusalCodes.CampaignNotFound],
        });
        door.Post("/v1/campaigns/{id}/pledges", PledgeAsync, new RestCall
        {
            OperationId = "createPledge",
            Tag = "Campaigns",
            Summary = "Pledge to a campaign",
            Description = "The money is set aside until the deadline; then it is given, or returned.",
            Key = KeyOwner.Wallet,
            TakesIdempotencyKey = true,
            Body = typeof(NewPledgeBody),
            Status = StatusCodes.Status201Created,
            Answer = typeof(PledgeJson),
            BodyExample = """{"amount":{"amount":"5","currency":"USD"}}""",
            AnswerExample = PledgeExample,
            Refusals =
            [
                .. PaymentsApi.AmountRefusals, RefusalCodes.CurrencyMismatch, RefusalCodes.InvalidId, RefusalCodes.CampaignNotFound, RefusalCodes.CampaignOver, RefusalCodes.InsufficientFunds, RefusalCodes.WalletInDebt, RefusalCodes.CapExceeded, RefusalCodes.CapsChanged,
                RefusalCodes.WalletFrozen, RefusalCodes.AccountClosed, RefusalCodes.WalletErased,
            ],
        });
        door.Get("/v1/campaigns/{id}/pledges/{pledgeId}", ReadPledgeAsync, new RestCall
        {
            OperationId = "readPledge",
            Tag = "Campaigns",
            Summary = "Read a pledge",
            Description = "For the wallet that pledged. status is held, posted once it is given, voided once it is returned or withdrawn, or expired.",
            Key = KeyOwner.Wallet,
            Answer = typeof(PledgeJson),
            AnswerExample = PledgeExample,
            Refusals = PledgeRefusals,
        });
        door.Post("/v1/campaigns/{id}/pledges/{pledgeId}/withdraw", WithdrawAsync, new RestCall
        {
            OperationId = "withdrawPledge",
            Tag = "Campaigns",
            Summary = "Withdraw a pledge",
            Description = "Until the deadline. Withdrawing twice is withdrawing once.",
            Key = KeyOwner.Wallet,
            Body = typeof(NoFields),
            BodyIsOptional = true,
            Answer = typeof(PledgeJson),
            BodyExample = "{}",
            AnswerExample = PledgeExample.Replace("held", "voided", StringComparison.Ordinal),
            Refusals = [.. PledgeRefusals, RefusalCodes.CampaignOver],
        });
    }

    private static async ValueTask<Refusal?> CreateAsync(RestRequest request)
    {
        var read = await request.ReadBodyAsync(Wire.Default.NewCampaignBody);
        if (!read.IsGiven) return read.Refusal;
        var body = read.Value;
        if (!WireTexts.IsLine(body.Name, NewCampaign.MaxNameLength)) return WireTexts.Refuse("name", NewCampaign.MaxNameLength);
        if (WireAmounts.Read(body.Goal, "goal", out var goal) is { } refusal) return refusal;
        if (!WireTime.TryParse(body.Deadline, out var deadline)) return new Refusal(RefusalCodes.InvalidField, "deadline must be a time such as 2026-12-24T18:00:00Z.");
        CampaignMode? mode = body.Mode switch { "all_or_nothing" => CampaignMode.AllOrNothing, "keep_what_you_get" => CampaignMode.KeepWhatYouGet, _ => null };
        if (mode is not { } known) return new Refusal(RefusalCodes.InvalidField, "mode must be all_or_nothing or keep_what_you_get.");
        if (WireSplits.Read(body.Splits, out var splits) is { } unshared) return unshared;
        var made = await request.System.Campaigns.CreateAsync(request.Caller.Payee, request.Key, new NewCampaign { Name = body.Name, Goal = goal, Deadline = deadline, Mode = known, Splits = splits });
        return made.IsGiven ? await request.AnswerAsync(From(made.Value), Wire.Default.CampaignJson, $"/v1/campaigns/{made.Value.Id}") : made.Refusal;
    }

    private static async ValueTask<Refusal?> ListAsync(RestRequest request)
    {
        if (request.ReadPage(out var cursor, out var pageSize) is { } refusal) return refusal;
        var page = await request.System.Campaigns.ListAsync(request.Caller.Payee, cursor, pageSize);
        return page.IsGiven ? await request.AnswerAsync(new CampaignPage([.. page.Value.Lines.Select(From)], page.Value.Next), Wire.Default.CampaignPage) : page.Refusal;
    }

    private static async ValueTask<Refusal?> ReadAsync(RestRequest request)
    {
        if (request.ReadId<CampaignKind>("id", out var id) is { } refusal) return refusal;
        var read = await request.System.Campaigns.ReadAsync(id);
        return read.IsGiven ? await request.AnswerAsync(From(read.Value), Wire.Default.CampaignJson) : read.Refusal;
    }

    private static async ValueTask<Refusal?> PledgeAsync(RestRequest request)
    {
        if (request.ReadId<CampaignKind>("id", out var campaign) is { } refusal) return refusal;
        var body = await request.ReadBodyAsync(Wire.Default.NewPledgeBody);
        if (!body.IsGiven) return body.Refusal;
        if (WireAmounts.Read(body.Value.Amount, "amount", out var amount) is { } malformed) return malformed;
        var made = await request.System.Pledges.PledgeAsync(request.Caller.Wallet, campaign, request.Key, amount);
        return made.IsGiven ? await request.AnswerAsync(From(made.Value), Wire.Default.PledgeJson, $"/v1/campaigns/{campaign}/pledges/{made.Value.Id}") : made.Refusal;
    }

    private static async ValueTask<Refusal?> ReadPledgeAsync(RestRequest request)
    {
        if (ReadIds(request, out var campaign, out var pledge) is { } refusal) return refusal;
        return await AnswerAsync(request, await request.System.Pledges.ReadAsync(request.Caller.Wallet, campaign, pledge));
    }

    private static async ValueTask<Refusal?> WithdrawAsync(RestRequest request)
    {
        if (ReadIds(request, out var campaign, out var pledge) is { } refusal) return refusal;
        var body = await request.ReadBodyAsync(Wire.Default.NoFields);
        return body.IsGiven ? await AnswerAsync(request, await request.System.Pledges.WithdrawAsync(request.Caller.Wallet, campaign, pledge)) : body.Refusal;
    }

    private static Refusal? ReadIds(RestRequest request, out Id<CampaignKind> campaign, out Id<PledgeKind> pledge)
    {
        pledge = default;
        return request.ReadId("id", out campaign) ?? request.ReadId("pledgeId", out pledge);
    }

    private static async ValueTask<Refusal?> AnswerAsync(RestRequest request, Answer<Pledge> answer) =>
        answer.IsGiven ? await request.AnswerAsync(From(answer.Value), Wire.Default.PledgeJson) : answer.Refusal;

    private static CampaignJson From(Campaign campaign) => new(
        campaign.Id.ToString(), campaign.Payee.ToString(), campaign.Name, campaign.Mode == CampaignMode.AllOrNothing ? "all_or_nothing" : "keep_what_you_get",
        campaign.Status.ToString().ToLower(CultureInfo.InvariantCulture), WireSplits.Write(campaign.Splits), AmountJson.From(campaign.Goal), AmountJson.From(campaign.Total), (long)campaign.Pledges,
        WireTime.Format(campaign.Deadline), WireTime.Format(campaign.CreatedAt));

    private static PledgeJson From(Pledge pledge) => new(
        pledge.Id.ToString(), pledge.Campaign.ToString(), pledge.Status.ToString().ToLower(CultureInfo.InvariantCulture), AmountJson.From(pledge.Amount), WireTime.Format(pledge.CreatedAt));
}
