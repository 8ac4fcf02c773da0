using Farthing.Payments.Desk;
using Farthing.Payments.Offers;
using Farthing.Payments.Settings;
using Farthing.Protocol;

namespace Farthing.Payments.Campaigns;

/// <summary>What becomes of a campaign's pledges at its deadline. The numbers are stored.</summary>
public enum CampaignMode : byte
{
    /// <summary>All are posted if the goal is reached, and voided if not.</summary>
    AllOrNothing = 1,

    /// <summary>All are posted.</summary>
    KeepWhatYouGet = 2,
}

/// <summary>What a campaign is at a moment.</summary>
public enum CampaignStatus : byte
{
    /// <summary>Takes pledges.</summary>
    Open,

    /// <summary>The deadline has passed; what it reached is not judged yet.</summary>
    Ending,

    /// <summary>Its pledges are posted.</summary>
    Succeeded,

    /// <summary>Its pledges are voided, or there were none.</summary>
    Failed,
}

/// <summary>A campaign to be made.</summary>
public sealed record NewCampaign
{
    /// <summary>The longest name, in characters.</summary>
    public const int MaxNameLength = 200;

    /// <summary>The nearest deadline: a minute ahead.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromMinutes(1);

    /// <summary>The farthest deadline: 366 days ahead.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(366);

    /// <summary>What it is for, as people are shown it.</summary>
    public required string Name { get; init; }

    /// <summary>How much is wanted, in the payee's currency.</summary>
    public required Amount Goal { get; init; }

    /// <summary>From when on nothing is pledged or withdrawn.</summary>
    public required DateTimeOffset Deadline { get; init; }

    /// <summary>What becomes of the pledges.</summary>
    public required CampaignMode Mode { get; init; }

    /// <summary>Who shares what it comes to, its own payee included; empty, as by default, if that one has all of it.</summary>
    public IReadOnlyList<Split> Splits { get; init; } = [];
}

/// <summary>A campaign as it is. Immutable; safe to share between threads.</summary>
public sealed record Campaign
{
    /// <summary>Its id.</summary>
    public required Id<CampaignKind> Id { get; init; }

    /// <summary>Whose it is, and who gets the money.</summary>
    public required Id<PayeeKind> Payee { get; init; }

    /// <summary>What it is for.</summary>
    public required string Name { get; init; }

    /// <summary>What becomes of the pledges.</summary>
    public required CampaignMode Mode { get; init; }

    /// <summary>What it is now.</summary>
    public required CampaignStatus Status { get; init; }

    /// <summary>Who shares what it comes to; empty if its payee has all of it.</summary>
    public required IReadOnlyList<Split> Splits { get; init; }

    /// <summary>How much is wanted.</summary>
    public required Amount Goal { get; init; }

    /// <summary>What is pledged and has not failed, by the ledger: held or posted.</summary>
    public required Amount Total { get; init; }

    /// <summary>How many pledges were made and not withdrawn.</summary>
    public required UInt128 Pledges { get; init; }

    /// <summary>From when on nothing is pledged or withdrawn.</summary>
    public required DateTimeOffset Deadline { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>Money that a wallet has set aside for a campaign. Immutable; safe to share between threads.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Campaign">What for.</param>
/// <param name="Status">What it is now; in the answer to its making, what it was then.</param>
/// <param name="Amount">How much.</param>
/// <param name="CreatedAt">When it was made.</param>
public sealed record Pledge(Id<PledgeKind> Id, Id<CampaignKind> Campaign, PaymentStatus Status, Amount Amount, DateTimeOffset CreatedAt);

/// <summary>A campaign's settings; its owner is the payee. How much it has is for the ledger to say.</summary>
/// <remarks>Its id is also that of its account in the ledger; <see cref="Splits"/> is JSON. It is closed once all that its deadline asks is done.</remarks>
public sealed record CampaignRow(
    UInt128 Id, UInt128 Owner, string Name, CampaignMode Mode, string Currency, string GoalUnits, string? Splits, int FeeBasisPoints, DateTimeOffset Deadline, RowState State, DateTimeOffset CreatedAt, int Version = 1)
    : IOwnedRow
{
    internal Asset Asset => Payments.Currency.Of(Currency);

    internal long DeadlineUnixMilliseconds => Deadline.ToUnixTimeMilliseconds();
}
