using Farthing.Ledger;
using Farthing.Payments.Payees;
using Farthing.Payments.Settings;
using Farthing.Protocol;

namespace Farthing.Payments.Payouts;

/// <summary>What payees can be paid out, and what stays behind.</summary>
/// <remarks>
/// Thread-safe. Errs on the side of leaving money behind: whatever went out, fees and refunds of what stays included, counts against what may go. What can still be refunded is
/// summed up receipt by receipt where there are few; where there are many, all stays that came in within the longest time for which anything the payee sells can be refunded, which is
/// one look at the account as it was then.
/// </remarks>
internal sealed class PayoutBalances(ISettingsStore settings, Ledger.Ledger ledger, PaymentOptions options, TimeProvider time)
{
    // Beyond so many records of the refund window none is looked at.
    private const int MostLooked = 1_000;

    private readonly PayoutOptions payouts = options.Payouts;

    /// <summary>What a payee could be paid out by a rail; by none, as if it could pay any amount.</summary>
    public async ValueTask<(Balances Balances, Amount Available, IReadOnlyList<StayingBehind> Staying)> ReadAsync(Payee payee, IPayoutRail? rail)
    {
        var asset = payee.Asset;
        var account = payee.Id.Value;
        var window = await RefundWindowAsync(account);
        var now = ledger.NowUnixMilliseconds(time);
        // The balance is read first: what comes in between the two looks is not seen, and what goes out is held against the balance by the ledger itself.
        var balances = await ledger.ReadBalancesAsync(account, null);
        var left = balances.Available;
        var staying = new List<StayingBehind>();

        var refundable = await RefundableAsync(account, balances, now, window);
        Leave(StaysFor.Refunds, refundable, window);
        if (payouts.DisputeWindow > TimeSpan.Zero)
        {
            var older = await CreditedSinceAsync(account, balances, now, payouts.DisputeWindow);
            older = older > refundable ? older - refundable : UInt128.Zero;
            if (payouts.KeptBasisPoints is not { } kept) Leave(StaysFor.Disputes, older, payouts.DisputeWindow);
            else Leave(StaysFor.Kept, checked((older * kept) + 9_999) / 10_000, payouts.DisputeWindow);
        }

        if (rail is not null) Leave(StaysFor.SmallestUnit, left - PayoutRails.RoundDown(rail, new(asset, left)).Units, TimeSpan.Zero);
        return (balances, new(asset, left), staying);

        void Leave(StaysFor why, UInt128 units, TimeSpan age)
        {
            units = UInt128.Min(units, left);
            if (units == UInt128.Zero) return;
            left -= units;
            staying.Add(new(why, new(asset, units), age));
        }
    }

    private async ValueTask<UInt128> RefundableAsync(UInt128 account, Balances balances, long now, TimeSpan window)
    {
        var records = await ledger.ReadStatementAsync(account, null, MostLooked + 1, now - (long)window.TotalMilliseconds);
        if (records.Count > MostLooked) return await CreditedSinceAsync(account, balances, now, window);
        var sum = UInt128.Zero;
        foreach (var record in records)
        {
            // The ledger gives back nothing whose deadline has passed, or that has none.
            if (record.Command is { Kind: RecordKind.Transfer or RecordKind.Post } command && command.Credit == account && command.DeadlineUnixMilliseconds >= now) sum += command.Units;
        }

        return sum;
    }

    /// <summary>What came in within a time, payouts that came back aside: those were let go before.</summary>
    private async ValueTask<UInt128> CreditedSinceAsync(UInt128 account, Balances balances, long now, TimeSpan window)
    {
        if (window <= TimeSpan.Zero) return UInt128.Zero;
        var since = now - (long)window.TotalMilliseconds;
        var before = await ledger.ReadBalanceAsync(account, since) is { } past ? past.Balances.CreditsPosted : UInt128.Zero;
        var credited = balances.CreditsPosted > before ? balances.CreditsPosted - before : UInt128.Zero;
        foreach (var returned in await settings.ListPayoutsAsync(account, PayoutState.Returned, null, PayoutDesk.MostReturned))
        {
            if (returned.Returned is { } back && returned.ChangedAt.ToUnixTimeMilliseconds() > since) credited = credited > back.Units ? credited - back.Units : UInt128.Zero;
        }

        return credited;
    }

    private async ValueTask<TimeSpan> RefundWindowAsync(UInt128 payee)
    {
        var longest = TimeSpan.FromSeconds(await settings.ReadLongestRefundWindowAsync(payee));
        return longest > options.DefaultRefundWindow ? longest : options.DefaultRefundWindow;
    }
}
