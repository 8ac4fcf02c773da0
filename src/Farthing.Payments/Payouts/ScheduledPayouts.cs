using Farthing.Ledger;
using Farthing.Payments.Schedules;
using Farthing.Payments.Settings;
using Farthing.Protocol;

namespace Farthing.Payments.Payouts;

/// <summary>Pays payees out by themselves, each day, week or month, once enough is there.</summary>
/// <remarks>Thread-safe. The payout of an instant has an id of its own, so that a run that is done twice pays once. Instants that passed while the server was off are one.</remarks>
internal sealed class ScheduledPayouts(ISettingsStore settings, Ledger.Ledger ledger, PayoutMaker maker, TimeProvider time) : IDue
{
    public async ValueTask<DueResult> RunAsync(UInt128 subject, long dueUnixMilliseconds)
    {
        if (await settings.FindAsync<PayoutSettingRow>(subject) is not { } setting) return DueResult.Done();
        var id = PayoutLegs.IdForDue(subject, dueUnixMilliseconds);
        if (await ledger.FindAsync(id) is null)
        {
            var payee = await maker.FindPayeeAsync(subject) ?? throw new InvalidOperationException($"The payee {subject:x32} is lost.");
            var planned = await maker.PlanAsync(payee, setting, null);
            if (!planned.IsGiven) return Skip(planned.Refusal);
            if (planned.Value.Amount.Units < setting.Threshold.Units) return Skip(new Refusal(RefusalCodes.PayoutBelowThreshold, ""));
            if (await maker.HoldAsync(id, planned.Value, PayoutTrigger.Schedule) is { Code: var code } && code == RefusalCodes.NotReady) return DueResult.Undecided(RefusalCodes.NotReady);
        }

        if (await ledger.FindAsync(id) is not { } held) return DueResult.Undecided(RefusalCodes.NotReady);
        if (held.Outcome != Outcome.Done) return Skip(PayoutMaker.RefusalOf(held.Outcome));
        ISettingsRow[] rows = setting.LastSkip is null ? [] : [setting with { LastSkip = null, Version = setting.Version + 1 }];
        if (await settings.FindAsync<PayoutRow>(id) is not null) return Next(rows);
        // Where the destination is lost the money stays held, and the payee's next instant comes all the same.
        return await maker.DescribeAsync(held) is var (payout, due) ? Next([payout, due, .. rows]) : Next(rows);

        DueResult Skip(Refusal refusal) => Next(setting.LastSkip == refusal.Code.Code ? [] : [setting with { LastSkip = refusal.Code.Code, Version = setting.Version + 1 }]);

        DueResult Next(ISettingsRow[] rows) =>
            PayoutSettings.NextOf(setting, Math.Max(dueUnixMilliseconds, ledger.NowUnixMilliseconds(time))) is { } next ? DueResult.Next(next, rows) : DueResult.Done(rows);
    }
}
