using Farthing.Ledger;
using Farthing.Payments.Desk;
using Farthing.Payments.Mandates;
using Farthing.Payments.Payees;
using Farthing.Payments.Wallets;
using Farthing.Protocol;

namespace Farthing.Payments.Campaigns;

/// <summary>Pledges: money that wallets set aside for a campaign until its deadline, when it is given or returned.</summary>
/// <remarks>Thread-safe. Every write is idempotent for ever, also across a crash. From the deadline on the ledger itself refuses pledges and withdrawals.</remarks>
public sealed class PledgeDesk
{
    private readonly Ledger.Ledger ledger;
    private readonly WalletDirectory wallets;
    private readonly CampaignDirectory campaigns;
    private readonly CapRefusals caps;
    private readonly TimeProvider time;

    internal PledgeDesk(Ledger.Ledger ledger, WalletDirectory wallets, CampaignDirectory campaigns, CapRefusals caps, TimeProvider time)
    {
        this.ledger = ledger;
        this.wallets = wallets;
        this.campaigns = campaigns;
        this.caps = caps;
        this.time = time;
    }

    /// <summary>Sets a wallet's money aside for a campaign, until its deadline.</summary>
    public async ValueTask<Answer<Pledge>> PledgeAsync(Id<WalletKind> wallet, Id<CampaignKind> campaign, IdempotencyKey key, Amount amount)
    {
        var id = key.DeriveId("pledge", new Caller(CallerKind.Wallet, wallet.Value));
        var digest = Digest(wallet, campaign, amount);
        var payer = await wallets.LoadAsync(wallet.Value);
        var row = await campaigns.LoadAsync(campaign.Value);
        if (Check(campaign, row, wallet, payer, amount) is { } refusal) return await ledger.FindAsync(id) is { } known ? await RepeatAsync(known, row, digest) : refusal;

        if (await ledger.TrySubmitCappedAsync(time, payer!.Caps, amount.Units, CampaignAccounts.Pledge(row!, id, digest, wallet.Value, amount), price: 1) is not { } results) return LedgerCalls.NotReady;
        if (await ledger.FindAsync(id) is { } record) return await RepeatAsync(record, row, digest);
        return Refusals.OfChain(results) is var outcome && outcome == Outcome.AccountEnded && campaigns.IsOver(row!) ? Over(row!) : Refusals.OfPayment(outcome);
    }

    /// <summary>A wallet's pledge as it is.</summary>
    public async ValueTask<Answer<Pledge>> ReadAsync(Id<WalletKind> wallet, Id<CampaignKind> campaign, Id<PledgeKind> id)
    {
        var found = await FindAsync(wallet, campaign, id);
        return found.IsGiven ? await DescribeAsync(found.Value) : found.Refusal;
    }

    /// <summary>Takes a pledge back before the deadline. Withdrawing twice is withdrawing once.</summary>
    public async ValueTask<Answer<Pledge>> WithdrawAsync(Id<WalletKind> wallet, Id<CampaignKind> campaign, Id<PledgeKind> id)
    {
        var found = await FindAsync(wallet, campaign, id);
        if (!found.IsGiven) return found.Refusal;
        var row = (await campaigns.LoadAsync(campaign.Value))!;
        var pledge = await DescribeAsync(found.Value);
        if (pledge.Status != PaymentStatus.Held || campaigns.IsOver(row)) return await IsWithdrawnAsync(id) ? pledge : Over(row);
        if (await ledger.TrySubmitAsync(CampaignAccounts.Withdraw(row, id.Value, PaymentRecords.UsesOf(ledger, found.Value))) is not { } results) return LedgerCalls.NotReady;
        return results[0].Outcome == Outcome.Done ? await DescribeAsync(found.Value) : Over(row);
    }

    private Refusal? Check(Id<CampaignKind> campaign, CampaignRow? row, Id<WalletKind> wallet, WalletEntry? payer, Amount amount)
    {
        if (row is null) return CampaignDirectory.NotFound(campaign);
        if (payer is null) return WalletDirectory.NotFound(wallet);
        if (wallets.CheckPayer(payer) is { } unable) return unable;
        if (payer.Asset != row.Asset) return new(RefusalCodes.CurrencyMismatch, $"The wallet is in {payer.Asset}, and the campaign in {row.Asset}.");
        return Amounts.Check(amount, row.Asset) ?? (campaigns.IsOver(row) ? Over(row) : null);
    }

    private async ValueTask<Answer<JournalRecord>> FindAsync(Id<WalletKind> wallet, Id<CampaignKind> campaign, Id<PledgeKind> id)
    {
        if (await wallets.LoadAsync(wallet.Value) is not { IsErased: false }) return WalletDirectory.Erased;
        return await ledger.FindAsync(id.Value) is { Outcome: Outcome.Done, Command: { Kind: RecordKind.Hold, Code: TransferCode.Pledge } } record
            && record.Command.Debit == wallet.Value && record.Command.Credit == campaign.Value
            ? record
            : new Refusal(RefusalCodes.PledgeNotFound, $"There is no pledge {id} of this wallet for this campaign.");
    }

    /// <summary>Gives the first answer to a key again, from the journal alone.</summary>
    private async ValueTask<Answer<Pledge>> RepeatAsync(JournalRecord record, CampaignRow? row, UInt128 digest)
    {
        if (record.Command.Digest != digest) return PayeeDirectory.Conflict;
        if (record.Outcome == Outcome.Done) return Describe(record, PaymentStatus.Held);
        // The gate, which stands before the pledge, is not known any more soon after the deadline.
        return await ledger.FindAsync(CampaignAccounts.PassageOf(record.Command.Id)) is { Outcome: Outcome.DebitAccountNotFound } ? Over(row!) : await caps.ExplainAsync(record);
    }

    private async ValueTask<Pledge> DescribeAsync(JournalRecord hold)
    {
        foreach (var citation in await ledger.ReadCitationsAsync(hold.Command.Id))
        {
            if (citation.Outcome != Outcome.Done) continue;
            return Describe(hold, citation.Command.Kind switch { RecordKind.Post => PaymentStatus.Posted, RecordKind.Void => PaymentStatus.Voided, _ => PaymentStatus.Expired });
        }

        return Describe(hold, PaymentStatus.Held);
    }

    private async ValueTask<bool> IsWithdrawnAsync(Id<PledgeKind> id) => await ledger.FindAsync(CampaignAccounts.WithdrawalOf(id.Value)) is { Outcome: Outcome.Done };

    private static Pledge Describe(JournalRecord hold, PaymentStatus status) => new(new(hold.Command.Id), new(hold.Command.Credit), status, new Amount(hold.Command.Asset, hold.Command.Units),
        DateTimeOffset.FromUnixTimeMilliseconds(hold.UnixMilliseconds));

    private static Refusal Over(CampaignRow row) => new(RefusalCodes.CampaignOver, $"The deadline of the campaign was {row.Deadline.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC: nothing is pledged or withdrawn any more.");

    private static UInt128 Digest(Id<WalletKind> wallet, Id<CampaignKind> campaign, Amount amount)
    {
        var bytes = new CanonicalBytes(stackalloc byte[192]);
        bytes.Add("pledge");
        bytes.Add(wallet.Value);
        bytes.Add(campaign.Value);
        bytes.Add(amount);
        return bytes.ToDigest();
    }
}
