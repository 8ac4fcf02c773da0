using Farthing.Protocol;

namespace Farthing.Client;

/// <summary>Money asked of many for one goal until a deadline.</summary>
/// <remarks>The payee's key starts and lists them, a wallet's pledges; anyone may read one.</remarks>
public sealed class CampaignCalls
{
    private readonly Caller caller;

    internal CampaignCalls(Caller caller) => this.caller = caller;

    /// <summary>Starts a campaign.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Campaign> CreateCampaignAsync(NewCampaign campaign, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync("/v1/campaigns", campaign, Wire.Default.NewCampaign, idempotencyKey, Wire.Default.Campaign, cancellation);

    /// <summary>The payee's campaigns, newest first.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Listing<Campaign> ListCampaignsAsync() => caller.List("/v1/campaigns", Wire.Default.PageCampaign);

    /// <summary>Reads a campaign. Takes no key.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Campaign> ReadCampaignAsync(Id<CampaignKind> campaign, CancellationToken cancellation = default) =>
        caller.GetAsync($"/v1/campaigns/{campaign}", Wire.Default.Campaign, cancellation);

    /// <summary>Sets money aside for a campaign until its deadline; then it is given, or returned.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Pledge> CreatePledgeAsync(Id<CampaignKind> campaign, Amount amount, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/campaigns/{campaign}/pledges", new NewPledge { Amount = amount }, Wire.Default.NewPledge, idempotencyKey, Wire.Default.Pledge, cancellation);

    /// <summary>Reads a pledge.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Pledge> ReadPledgeAsync(Id<CampaignKind> campaign, Id<PledgeKind> pledge, CancellationToken cancellation = default) =>
        caller.GetAsync($"/v1/campaigns/{campaign}/pledges/{pledge}", Wire.Default.Pledge, cancellation);

    /// <summary>Takes a pledge back, before the deadline.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<Pledge> WithdrawPledgeAsync(Id<CampaignKind> campaign, Id<PledgeKind> pledge, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/campaigns/{campaign}/pledges/{pledge}/withdraw", null, Wire.Default.Pledge, cancellation);
}

/// <summary>A campaign to be started.</summary>
public sealed record NewCampaign
{
    /// <summary>What people see.</summary>
    public required string Name { get; init; }

    /// <summary>What is wanted.</summary>
    public required Amount Goal { get; init; }

    /// <summary>Until when: a minute to 366 days ahead.</summary>
    public required DateTimeOffset Deadline { get; init; }

    /// <summary><c>all_or_nothing</c> or <c>keep_what_you_get</c>.</summary>
    public required string Mode { get; init; }

    /// <summary>Who shares what it comes to, or null.</summary>
    public IReadOnlyList<Split>? Splits { get; init; }
}

/// <summary>A campaign.</summary>
public sealed record Campaign
{
    /// <summary>Its id.</summary>
    public required Id<CampaignKind> Id { get; init; }

    /// <summary>Whose it is.</summary>
    public required Id<PayeeKind> Payee { get; init; }

    /// <summary>What people see.</summary>
    public required string Name { get; init; }

    /// <summary><c>all_or_nothing</c> or <c>keep_what_you_get</c>.</summary>
    public required string Mode { get; init; }

    /// <summary><c>open</c>, <c>ending</c>, <c>succeeded</c> or <c>failed</c>.</summary>
    public required string Status { get; init; }

    /// <summary>Who shares what it comes to, or null.</summary>
    public IReadOnlyList<Split>? Splits { get; init; }

    /// <summary>What is wanted.</summary>
    public required Amount Goal { get; init; }

    /// <summary>What is pledged, without what failed.</summary>
    public required Amount Total { get; init; }

    /// <summary>How many pledges there are.</summary>
    public required long Pledges { get; init; }

    /// <summary>Until when.</summary>
    public required DateTimeOffset Deadline { get; init; }

    /// <summary>When it was started.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>Body of a pledge.</summary>
internal sealed record NewPledge
{
    /// <summary>How much.</summary>
    public required Amount Amount { get; init; }
}

/// <summary>A pledge.</summary>
public sealed record Pledge
{
    /// <summary>Its id.</summary>
    public required Id<PledgeKind> Id { get; init; }

    /// <summary>For which.</summary>
    public required Id<CampaignKind> Campaign { get; init; }

    /// <summary><c>held</c>, <c>posted</c>, <c>voided</c> or <c>expired</c>.</summary>
    public required string Status { get; init; }

    /// <summary>How much.</summary>
    public required Amount Amount { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}
