using System.Globalization;
using System.Text.Json.Nodes;
using Farthing.Ledger;
using Farthing.Payments.Desk;
using Farthing.Payments.Offers;
using Farthing.Payments.Schedules;
using Farthing.Payments.Settings;
using Farthing.Payments.Webhooks;
using Farthing.Protocol;

namespace Farthing.Payments.Campaigns;

/// <summary>Does what a campaign's deadline asks: judges it, posts or voids every pledge, and pays the payee.</summary>
/// <remarks>
/// Thread-safe. Each step has an id of its own in the ledger, so that it can be cut off anywhere, be done again from the start, or twice at once, and happens once. The
/// pledges are read backward along the campaign's account, so that a hundred thousand of them are never in memory together.
/// </remarks>
internal sealed class CampaignEnder(ISettingsStore settings, Ledger.Ledger ledger, CampaignDirectory campaigns) : IDue
{
    // So many commands, or a few more, share one wait for the disk.
    private const int CommandsAtOnce = 1_000;

    /// <summary>Whether a campaign succeeded, once that is judged; null before.</summary>
    public static async ValueTask<bool?> FindVerdictAsync(Ledger.Ledger ledger, CampaignRow row) =>
        await ledger.FindAsync(CampaignAccounts.AtDeadline(row, "campaign-verdict")) is { } verdict ? HasSucceeded(verdict) : null;

    /// <summary>Does all that is left to do.</summary>
    public async ValueTask<DueResult> RunAsync(UInt128 subject, long dueUnixMilliseconds)
    {
        // A campaign whose making was cut off is finished first: it has accounts, and nobody pledged.
        if (!await campaigns.TryFinishAsync(await settings.GetAsync<CampaignRow>(subject))) return DueResult.Undecided(RefusalCodes.NotReady);
        var row = await settings.GetAsync<CampaignRow>(subject);
        if (row.State == RowState.Closed) return DueResult.Done();
        if (await TryJudgeAsync(row) is not { } verdict || !await TryEndPledgesAsync(row, verdict) || (HasSucceeded(verdict) && !await TryPayAsync(row)))
            return DueResult.Undecided(RefusalCodes.NotReady);
        var hasSucceeded = HasSucceeded(verdict);
        var told = EventRow.Of(row.Owner, hasSucceeded ? EventTypes.CampaignSucceeded : EventTypes.CampaignFailed, new Id<CampaignKind>(row.Id), row.Deadline, new JsonObject
        {
            ["id"] = new Id<CampaignKind>(row.Id).ToString(),
            ["name"] = row.Name,
            ["total"] = EventRow.NodeOf(await FindTotalAsync(row)),
        });
        return DueResult.Done(row with { State = RowState.Closed, Version = row.Version + 1 }, told);
    }

    /// <summary>Judges what the campaign had at its deadline, once and for all.</summary>
    private async ValueTask<JournalRecord?> TryJudgeAsync(CampaignRow row)
    {
        var id = CampaignAccounts.AtDeadline(row, "campaign-verdict");
        if (await ledger.FindAsync(id) is { } known) return known;

        // Once the ledger's own time has come to the deadline, nothing more is pledged or withdrawn; before, there is nothing to judge.
        var over = CampaignAccounts.AtDeadline(row, "campaign-over");
        if (await ledger.TrySubmitAsync(Command.Claim(over, row.Id, row.Id)) is null || ledger.LastBatchUnixMilliseconds < row.DeadlineUnixMilliseconds) return null;
        var reached = await ledger.ReadBalanceAsync(row.Id, row.DeadlineUnixMilliseconds - 1) is { } past ? past.Balances.CreditsHeld : UInt128.Zero;
        var hasSucceeded = reached > UInt128.Zero && !CampaignAccounts.IsTooLate(row, ledger.LastBatchUnixMilliseconds) && (row.Mode == CampaignMode.KeepWhatYouGet || reached >= UInt128.Parse(row.GoalUnits, CultureInfo.InvariantCulture));
        if (await ledger.TrySubmitAsync(Command.Claim(id, hasSucceeded ? UInt128.One : UInt128.Zero, row.Id)) is null) return null;
        return await ledger.FindAsync(id);
    }

    private async ValueTask<bool> TryEndPledgesAsync(CampaignRow row, JournalRecord verdict)
    {
        var commands = new List<Command>(CommandsAtOnce);
        foreach (var pledge in FindPledges(row, verdict.Position, (await ledger.ReadAccountAsync(row.Id))!.Value.LastPosition))
        {
            commands.AddRange(CampaignAccounts.End(row, pledge.Command.Id, PaymentRecords.UsesOf(ledger, pledge), HasSucceeded(verdict)));
            if (commands.Count < CommandsAtOnce) continue;
            if (!await TryEndAsync(row, commands)) return false;
            commands.Clear();
        }

        return commands.Count == 0 || await TryEndAsync(row, commands);
    }

    private async ValueTask<bool> TryEndAsync(CampaignRow row, List<Command> ends)
    {
        if (await ledger.TrySubmitManyAsync([.. ends]) is not { } results) return false;
        foreach (var result in results)
        {
            // A pledge that has ended otherwise meanwhile needs no end; with it the rest of its chain is refused, and had ended too.
            if (result.Outcome is not (Outcome.Done or Outcome.ChainRefused or Outcome.HoldAlreadyPosted or Outcome.HoldAlreadyVoided or Outcome.HoldExpired))
                throw new InvalidOperationException($"The end of a pledge to campaign {row.Id:x32} was refused: {result.Outcome}.");
        }

        return true;
    }

    /// <summary>The pledges that stood at the verdict, newest first.</summary>
    private IEnumerable<JournalRecord> FindPledges(CampaignRow row, long verdict, long last)
    {
        // What was withdrawn is met before its pledge, and forgotten with it.
        var withdrawn = new HashSet<UInt128>();
        for (var position = last; position >= 0;)
        {
            var record = ledger.Read(position);
            position = record.Command.Debit == row.Id ? record.PreviousOfDebit : record.PreviousOfCredit;
            if (record.Position > verdict) continue;
            if (record.Command.Kind is RecordKind.Void or RecordKind.Expire) withdrawn.Add(record.Command.Cited);
            else if (record.Command.Kind == RecordKind.Hold && !withdrawn.Remove(record.Command.Id)) yield return record;
        }
    }

    /// <summary>Gives the payee what the posted pledges come to, the operator its fee out of it, and those who share the rest their shares.</summary>
    private async ValueTask<bool> TryPayAsync(CampaignRow row)
    {
        var id = CampaignAccounts.AtDeadline(row, "campaign-payment");
        if (await ledger.FindAsync(id) is { } known) return known.Outcome == Outcome.Done ? true : throw NotPaid(row, known.Outcome);
        var total = new Amount(row.Asset, (await ledger.ReadAccountAsync(row.Id))!.Value.Balances.Available);
        if (total.IsZero) return true;
        var fee = total.ShareRoundedDown((uint)row.FeeBasisPoints);
        var chain = new List<Command> { Command.Transfer(id, id, row.Id, row.Owner, total, TransferCode.Campaign) };
        if (!fee.IsZero) chain.Add(Command.Transfer(LegIds.FeeOf(id), id, row.Owner, ChartOfAccounts.Fees(row.Asset), fee, TransferCode.Fee));
        chain.AddRange(SplitLegs.Of(id, id, row.Owner, total - fee, Split.FromText(row.Splits), 0));
        if (await ledger.TrySubmitAsync([.. chain]) is not { } results) return false;
        return results[0].Outcome == Outcome.Done ? true : throw NotPaid(row, Refusals.OfChain(results));
    }

    /// <summary>What the payee was paid before the fee; zero if the campaign failed.</summary>
    private async ValueTask<Amount> FindTotalAsync(CampaignRow row) =>
        new(row.Asset, await ledger.FindAsync(CampaignAccounts.AtDeadline(row, "campaign-payment")) is { Outcome: Outcome.Done } paid ? paid.Command.Units : UInt128.Zero);

    private static InvalidOperationException NotPaid(CampaignRow row, Outcome outcome) => new($"The payment of campaign {row.Id:x32} was refused: {outcome}.");

    private static bool HasSucceeded(in JournalRecord verdict) => verdict.Command.Digest == UInt128.One;
}
