using System.Globalization;
using Farthing.Ledger;
using Farthing.Payments;
using Farthing.Payments.Campaigns;
using Farthing.Payments.Payees;
using Farthing.Protocol;
using Farthing.Server;

namespace Farthing.CrashHost;

/// <summary>The end of a campaign with a few pledges, one of them withdrawn, as the schedule does it.</summary>
internal sealed class CampaignEnd(string directory, PaymentSystem system, Ledger.Ledger ledger, TestClock time)
{
    private const int Pledges = 6;
    private const uint Unit = 1_000_000;

    private Id<CampaignKind> campaign;

    /// <summary>Makes what is there before the end, once, and moves the clock to the deadline.</summary>
    public async Task PrepareAsync(Payee owner)
    {
        var file = Path.Combine(directory, "deadline");
        if (!File.Exists(file)) await File.WriteAllTextAsync(file, time.GetUtcNow().AddHours(1).ToString("O", CultureInfo.InvariantCulture));
        var deadline = DateTimeOffset.Parse(await File.ReadAllTextAsync(file), CultureInfo.InvariantCulture);
        var wallet = (await system.Wallets.CreateAsync(Key("0123456789abcdefghijkl"), Asset.Usd)).Value!.Wallet.Id;
        await ledger.SubmitAsync([Command.OpenAccount(1, Asset.Usd, AccountFlags.None), Command.Transfer(2, 2, 1, wallet.Value, new Amount(Asset.Usd, 10 * Unit), TransferCode.TopUp)]);
        campaign = (await system.Campaigns.CreateAsync(owner.Id, Key("campaign"),
            new NewCampaign { Name = "Campaign", Goal = new Amount(Asset.Usd, (Pledges - 1) * Unit), Deadline = deadline, Mode = CampaignMode.AllOrNothing })).Value!.Id;
        var pledge = default(Id<PledgeKind>);
        for (var i = 0; i < Pledges; i++) pledge = (await system.Pledges.PledgeAsync(wallet, campaign, Key($"pledge-{i}"), new Amount(Asset.Usd, Unit))).Value!.Id;
        await system.Pledges.WithdrawAsync(wallet, campaign, pledge);
        time.TryMoveTo(deadline);
    }

    /// <summary>What came of it.</summary>
    public async Task<string> DescribeAsync(Payee owner)
    {
        var seen = (await system.Campaigns.ReadAsync(campaign)).Value!;
        var balance = (await system.Payees.ReadAsync(owner.Id)).Value!.Balance;
        return $"campaign {seen.Status} {seen.Total} pledges {seen.Pledges} payee {balance} open {(await ledger.ReadOpenHoldsAsync(TransferCode.Pledge)).Count}";
    }

    private static IdempotencyKey Key(string text) => IdempotencyKey.TryParse(text, out var key) ? key : throw new ArgumentException(text);
}
