using System.Globalization;
using Farthing.Ledger;
using Farthing.Payments.Desk;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Payments.Schedules;
using Farthing.Payments.Wallets;
using Farthing.Protocol;

namespace Farthing.Payments.Tabs;

/// <summary>Tabs: reading and paying them. What is read on them goes through <see cref="PaymentDesk"/>.</summary>
/// <remarks>Thread-safe. A tab is paid by one payment of what it owes, shared as its offers say and linked with what gives the room again: all or nothing.</remarks>
public sealed class TabDesk
{
    private readonly Ledger.Ledger ledger;
    private readonly TabDirectory tabs;
    private readonly TabLosses losses;
    private readonly PaymentMaker maker;
    private readonly WalletDirectory wallets;
    private readonly PayeeDirectory payees;
    private readonly OfferDirectory offers;
    private readonly Schedule schedule;
    private readonly LabelledSecrets secrets;
    private readonly Cursor cursor;
    private readonly TimeProvider time;

    internal TabDesk(Ledger.Ledger ledger, TabDirectory tabs, TabLosses losses, PaymentMaker maker, WalletDirectory wallets, PayeeDirectory payees, OfferDirectory offers, Schedule schedule, LabelledSecrets secrets, TimeProvider time)
    {
        this.ledger = ledger;
        this.tabs = tabs;
        this.losses = losses;
        this.maker = maker;
        this.wallets = wallets;
        this.payees = payees;
        this.offers = offers;
        this.schedule = schedule;
        this.secrets = secrets;
        cursor = new Cursor(secrets, "tabs");
        this.time = time;
    }

    /// <summary>A tab as its wallet or payee may see it.</summary>
    public async ValueTask<Answer<Tab>> ReadAsync(Caller caller, Id<TabKind> id)
    {
        if (await IsErasedAsync(caller)) return WalletDirectory.Erased;
        return await tabs.LoadAsync(id.Value) is { } tab && caller.Account == (caller.Kind == CallerKind.Wallet ? tab.Wallet : tab.Payee) ? await DescribeAsync(tab) : TabDirectory.NotFound(id);
    }

    /// <summary>The tabs of a wallet, or those with a payee, newest first.</summary>
    public async ValueTask<Answer<Page<Tab>>> ListAsync(Caller caller, string? from, int pageSize)
    {
        if (await IsErasedAsync(caller)) return WalletDirectory.Erased;
        if (!cursor.TryRead(caller.Account, from, out var before)) return Cursor.Invalid;
        pageSize = Cursor.ClampPageSize(pageSize);
        var found = caller.Kind == CallerKind.Wallet ? await tabs.ListOfWalletAsync(caller.Account, before, pageSize + 1) : await tabs.ListOfPayeeAsync(caller.Account, before, pageSize + 1);
        var lines = new List<Tab>(found.Count);
        foreach (var tab in found.Take(pageSize)) lines.Add(await DescribeAsync(tab));
        return new Page<Tab>(lines, found.Count > pageSize ? cursor.Write(caller.Account, lines[^1].Id.Value) : null);
    }

    /// <summary>What is owed on all tabs with a payee, what was paid, and what was lost.</summary>
    public async ValueTask<Answer<TabTotals>> ReadTotalsAsync(Id<PayeeKind> payee)
    {
        if (await payees.FindAsync(payee) is not { } found) return PayeeDirectory.NotFound(payee);
        var open = UInt128.Zero;
        await foreach (var tab in tabs.ReadAllOfPayeeAsync(payee.Value)) open += (await ledger.ReadAccountAsync(tab.Owed))?.Balances.Available ?? UInt128.Zero;
        var asset = TabAccounts.AssetOf(found.Asset);
        var paid = (await ledger.ReadAccountAsync(TabAccounts.Paid(payee.Value, asset)))?.Balances.CreditsPosted ?? UInt128.Zero;
        var lost = (await ledger.ReadAccountAsync(TabAccounts.Loss(payee.Value, asset)))?.Balances.Available ?? UInt128.Zero;
        return new TabTotals(new(found.Asset, open), new(found.Asset, paid), new(found.Asset, lost));
    }

    /// <summary>Pays all that a tab owes at this moment; what is read meanwhile stays owed.</summary>
    public async ValueTask<Answer<Payment>> PayAsync(Id<WalletKind> wallet, Id<TabKind> id, IdempotencyKey key)
    {
        if (await tabs.LoadAsync(id.Value) is not { } tab || tab.Wallet != wallet.Value) return TabDirectory.NotFound(id);
        return await PayAsync(tab, key, "pay-tab");
    }

    /// <summary>Pays the tabs of a wallet on which nothing can be read until they are paid, oldest first, as far as its balance suffices for each in whole.</summary>
    /// <returns>True if one was paid.</returns>
    internal async ValueTask<bool> TryPayFullAsync(UInt128 wallet)
    {
        var full = new List<TabEntry>();
        await foreach (var tab in tabs.ReadAllOfWalletAsync(wallet))
        {
            var balance = await tabs.ReadAsync(tab);
            if (balance.IsLost || TabReads.IsFull(tab, balance)) full.Add(tab);
        }

        if (full.Count == 0 || await wallets.LoadAsync(wallet) is not { } payer) return false;
        full.Reverse();
        var caps = string.Concat(payer.Caps?.At(ledger.NowUnixMilliseconds(time)).Select(use => string.Create(CultureInfo.InvariantCulture, $":{use.Account:x32}")) ?? []);
        var isPaid = false;
        foreach (var tab in full)
        {
            if (await ledger.ReadAccountAsync(wallet) is not { } account || await ledger.ReadAccountAsync(tab.Room) is not { } room) continue;
            if (account.Balances.Available < (await tabs.ReadAsync(tab)).Owed.Units) continue;
            // As the wallet, its caps and the tab stand now this is tried once: a refusal holds until one of them has changed, or the day of a cap is over.
            if (!IdempotencyKey.TryParse(string.Create(CultureInfo.InvariantCulture, $"{tab.Id}:{room.LastPosition}:{account.LastPosition}{caps}"), out var key))
                throw new InvalidOperationException("The key of a tab's payment is no key.");
            isPaid |= (await PayAsync(tab, key, "pay-full-tab")).IsGiven;
        }

        return isPaid;
    }

    private async ValueTask<Answer<Payment>> PayAsync(TabEntry tab, IdempotencyKey key, string scope)
    {
        // Neither another payment nor a loss comes in between.
        using var turn = await schedule.EnterAsync(tab.Id.Value);
        var balance = await tabs.ReadAsync(tab);
        var request = new PaymentRequest { Wallet = new(tab.Wallet), Key = key, KeyScope = scope, Payee = new(tab.Payee), Amount = balance.Owed, Tab = tab.Id };
        if (balance.Owed.IsZero) return await maker.AnswerRefusedAsync(request, TabRefusals.NothingOwed);
        return await maker.PayAsync(request with { Splits = await FindSplitsAsync(tab), Alongside = await WriteSettlementAsync(tab, request, balance) });
    }

    private async ValueTask<IReadOnlyList<Split>> FindSplitsAsync(TabEntry tab)
    {
        if (tab.Offer is not { } offer) return [];
        return (await offers.FindAsync(offer) ?? throw new InvalidOperationException($"The tab {tab.Id} has the splits of the offer {offer}, which has no row.")).Splits;
    }

    /// <summary>What is linked with a payment of a tab: it undoes the loss, if there is one, moves what is owed to what is paid, and gives as much room.</summary>
    private async ValueTask<IReadOnlyList<Command>> WriteSettlementAsync(TabEntry tab, PaymentRequest request, TabBalance balance)
    {
        var (id, digest) = (request.KeyId(), request.Digest());
        var asset = TabAccounts.AssetOf(tab.Currency);
        var units = new Amount(asset, balance.Owed.Units);
        var legs = new List<Command>(4);
        if (balance.IsLost)
        {
            var loss = await losses.FindLossAsync(tab) ?? throw new InvalidOperationException($"The loss of the tab {tab.Id} has no record.");
            legs.Add(Command.Refund(LegIds.TabLossOf(id), digest, loss.Command.Id, UInt128.Zero, TransferCode.Allowance));
        }

        legs.Add(Command.Transfer(LegIds.TabPaidOf(id), digest, tab.Owed, TabAccounts.Paid(tab.Payee, asset), units, TransferCode.Allowance));
        legs.Add(Command.Transfer(LegIds.TabRoomOf(id), digest, TabAccounts.Issuer(tab.Payee, asset), tab.Room, units, TransferCode.Allowance));
        if (balance.IsLost) legs.Add(Command.ChangeAccount(RecordKind.UnfreezeAccount, LegIds.TabOpenOf(id), tab.Room));
        return legs;
    }

    private async ValueTask<bool> IsErasedAsync(Caller caller) => caller.Kind == CallerKind.Wallet && await wallets.LoadAsync(caller.Account) is { IsErased: true };

    private async ValueTask<Tab> DescribeAsync(TabEntry tab)
    {
        var balance = await tabs.ReadAsync(tab);
        var oldest = await losses.FindOldestUnpaidAsync(tab, ledger.NowUnixMilliseconds(time));
        var wallet = await wallets.LoadAsync(tab.Wallet) ?? throw new InvalidOperationException($"The tab {tab.Id} is of a wallet without a row.");
        return new(tab.Id, new(tab.Wallet), wallet.PayerTo(tab.Payee, secrets), new(tab.Payee),
            balance.IsLost ? TabStatus.Lost : TabReads.IsFull(tab, balance) ? TabStatus.Full : TabStatus.Open,
            balance.Owed, tab.Cap, balance.IsLost || oldest is null ? null : DateTimeOffset.FromUnixTimeMilliseconds(oldest.Value + tab.DueAfterMilliseconds), tab.CreatedAt);
    }
}
