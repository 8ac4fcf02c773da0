using Farthing.Ledger;
using Farthing.Payments.Desk;
using Farthing.Protocol;

namespace Farthing.Payments.Campaigns;

/// <summary>A campaign in the ledger: its accounts, and the chains that pledge and withdraw.</summary>
/// <remarks>
/// The campaign's account takes the money: held while it is pledged, posted once it is given. The gate ends at the deadline. Each pledge moves a unit from the gate
/// to the tally and each withdrawal moves one back, in one chain with the money, so that the ledger itself refuses both from the deadline on, to the
/// millisecond, and the tally has the number of pledges.
/// </remarks>
internal static class CampaignAccounts
{
    /// <summary>Pledges, counted singly.</summary>
    private static readonly Asset Singly = new("pledges", 0);

    // A server that is off at the deadline has so long to come back before the money returns by itself.
    private static readonly TimeSpan TimeToEnd = TimeSpan.FromDays(30);

    // So long before that, nothing is begun any more that its expiry could cut in two.
    private static readonly TimeSpan TimeToPost = TimeSpan.FromHours(1);

    /// <summary>Opens a campaign's accounts. Doing it again changes nothing; once the deadline has passed, a gate that was never opened stays shut.</summary>
    /// <returns>False if the ledger takes no work.</returns>
    public static async ValueTask<bool> TryOpenAsync(Ledger.Ledger ledger, ChartOfAccounts chart, CampaignRow row)
    {
        var heir = ChartOfAccounts.AllowanceIssuer(Singly);
        if (!await chart.TryOpenAsync(heir, Singly)) return false;
        if (!await ledger.TryEnsureAsync(Command.OpenAccount(row.Id, row.Asset, AccountFlags.DebitsMustNotExceedCredits), Command.OpenAccount(TallyOf(row.Id), Singly, AccountFlags.None))) return false;
        if (await ledger.TrySubmitAsync(Command.OpenAccount(GateOf(row.Id), Singly, AccountFlags.None, row.DeadlineUnixMilliseconds, heir)) is not { } results) return false;
        return results[0].Outcome is Outcome.Done or Outcome.AccountEnded ? true
            : throw new InvalidOperationException($"The ledger refused the gate of campaign {row.Id:x32}: {results[0].Outcome}.");
    }

    public static Command[] Pledge(CampaignRow row, UInt128 id, UInt128 digest, UInt128 wallet, Amount amount) =>
    [
        Command.Transfer(PassageOf(id), digest, GateOf(row.Id), TallyOf(row.Id), new Amount(Singly, UInt128.One), TransferCode.Allowance),
        Command.Hold(id, digest, wallet, row.Id, amount, TransferCode.Pledge, ExpiryOf(row)),
    ];

    /// <summary>Gives a pledge back, and what it used of the wallet's caps.</summary>
    /// <param name="row">The campaign.</param>
    /// <param name="pledge">The pledge.</param>
    /// <param name="uses">The holds on the caps' allowances beside it.</param>
    public static Command[] Withdraw(CampaignRow row, UInt128 pledge, IEnumerable<UInt128> uses)
    {
        var id = WithdrawalOf(pledge);
        return
        [
            Command.Transfer(LegIds.AllowanceOf(id), pledge, TallyOf(row.Id), GateOf(row.Id), new Amount(Singly, UInt128.One), TransferCode.Allowance),
            Command.Void(id, pledge, pledge),
            .. uses.Select(use => Command.Void(LegIds.SameOf(id, use), pledge, use)),
        ];
    }

    /// <summary>The id of the unit that a pledge moves through the gate.</summary>
    public static UInt128 PassageOf(UInt128 pledge) => LegIds.AllowanceOf(pledge);

    /// <summary>The id under which a pledge is withdrawn.</summary>
    public static UInt128 WithdrawalOf(UInt128 pledge) => EndOf("withdraw-pledge", pledge, IdBytes.TimeOf(pledge));

    /// <summary>What a campaign's deadline does to one of its pledges, and to what it used of the wallet's caps: once, however often it is asked.</summary>
    public static Command[] End(CampaignRow row, UInt128 pledge, IEnumerable<UInt128> uses, bool hasSucceeded)
    {
        var id = EndOf("end-pledge", pledge, row.DeadlineUnixMilliseconds);
        Command[] chain = [EndOne(id, pledge), .. uses.Select(use => EndOne(LegIds.SameOf(id, use), use))];
        LedgerCalls.Link(chain);
        return chain;

        Command EndOne(UInt128 end, UInt128 hold) => hasSucceeded ? Command.Post(end, pledge, hold, UInt128.Zero) : Command.Void(end, pledge, hold);
    }

    /// <summary>The id of something that happens once to a campaign, at its deadline.</summary>
    public static UInt128 AtDeadline(CampaignRow row, string what) => EndOf(what, row.Id, row.DeadlineUnixMilliseconds);

    /// <summary>True if the pledges have expired, or are about to: the campaign was not ended in time, and there is nothing to give.</summary>
    public static bool IsTooLate(CampaignRow row, long unixMilliseconds) => unixMilliseconds >= ExpiryOf(row) - (long)TimeToPost.TotalMilliseconds;

    /// <summary>How many pledges were made and not withdrawn.</summary>
    public static async ValueTask<UInt128> CountAsync(Ledger.Ledger ledger, CampaignRow row) =>
        await ledger.ReadAccountAsync(TallyOf(row.Id)) is { } tally ? tally.Balances.CreditsPosted - tally.Balances.DebitsPosted : UInt128.Zero;

    private static long ExpiryOf(CampaignRow row) => (row.Deadline + TimeToEnd).ToUnixTimeMilliseconds();

    private static UInt128 GateOf(UInt128 campaign) => IdOf("campaign-gate", campaign);

    private static UInt128 TallyOf(UInt128 campaign) => IdOf("campaign-tally", campaign);

    private static UInt128 IdOf(string purpose, UInt128 campaign)
    {
        var bytes = new CanonicalBytes(stackalloc byte[64]);
        bytes.Add(purpose);
        bytes.Add(campaign);
        return bytes.ToTimelessId();
    }

    private static UInt128 EndOf(string purpose, UInt128 subject, long unixMilliseconds)
    {
        var bytes = new CanonicalBytes(stackalloc byte[64]);
        bytes.Add(purpose);
        bytes.Add(subject);
        return bytes.ToLegId(unixMilliseconds);
    }
}
