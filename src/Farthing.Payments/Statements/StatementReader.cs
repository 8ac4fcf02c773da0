using System.Numerics;
using Farthing.Ledger;
using Farthing.Payments.Campaigns;
using Farthing.Payments.Desk;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Payments.People;
using Farthing.Payments.Wallets;
using Farthing.Protocol;

namespace Farthing.Payments.Statements;

/// <summary>Statements: the ledger's history of an account, in words of payments.</summary>
/// <remarks>Thread-safe. The signed amounts of all lines sum to the account's balance and held to the smallest unit.</remarks>
public sealed class StatementReader
{
    private readonly Ledger.Ledger ledger;
    private readonly WalletDirectory wallets;
    private readonly PayeeDirectory payees;
    private readonly CampaignDirectory campaigns;
    private readonly Handles handles;
    private readonly LabelledSecrets secrets;
    private readonly IReadOnlyList<string> rails;
    private readonly Cursor cursor;

    internal StatementReader(Ledger.Ledger ledger, WalletDirectory wallets, PayeeDirectory payees, CampaignDirectory campaigns, Handles handles, LabelledSecrets secrets, IReadOnlyList<string> rails)
    {
        this.ledger = ledger;
        this.wallets = wallets;
        this.payees = payees;
        this.campaigns = campaigns;
        this.handles = handles;
        this.secrets = secrets;
        this.rails = rails;
        cursor = new Cursor(secrets, "statement");
    }

    /// <summary>A page of the account of a wallet or payee, newest first.</summary>
    /// <param name="caller">The wallet or payee.</param>
    /// <param name="cursor">That of the page before, which must have been of the same period; null for the newest.</param>
    /// <param name="pageSize">1 to 200 lines.</param>
    /// <param name="period">Only lines of this time.</param>
    public async ValueTask<Answer<Page<StatementLine>>> ReadAsync(Caller caller, string? cursor, int pageSize, Period period = default)
    {
        if (caller.Kind is not (CallerKind.Wallet or CallerKind.Payee)) return new Refusal(RefusalCodes.Forbidden, "Only a wallet or a payee has a statement.");
        if (caller.Kind == CallerKind.Wallet && await wallets.LoadAsync(caller.Account) is not { IsErased: false }) return WalletDirectory.Erased;
        if (!this.cursor.TryRead(caller.Account, cursor, out var from)) return Cursor.Invalid;

        pageSize = Cursor.ClampPageSize(pageSize);
        var before = from is { } position ? (long)position : (long?)null;
        var parties = new Dictionary<UInt128, Party>();
        var lines = new List<StatementLine>();
        var last = 0L;
        while (true)
        {
            var records = await ledger.ReadStatementAsync(caller.Account, before, pageSize + 1, period.SinceUnixMilliseconds, period.UntilUnixMilliseconds);
            foreach (var record in records)
            {
                before = record.Position;
                if (KindOf(record.Command) is not { } kind) continue;
                if (lines.Count == pageSize) return new Page<StatementLine>(lines, this.cursor.Write(caller.Account, (UInt128)last));
                lines.Add(await DescribeAsync(caller, record, kind, parties));
                last = record.Position;
            }

            if (records.Count <= pageSize) return new Page<StatementLine>(lines, null);
        }
    }

    // What a top-up holds is not yet the wallet's: it shows when it is posted.
    private static string? KindOf(in Command command) => (command.Kind, command.Code) switch
    {
        (RecordKind.Transfer, TransferCode.Payment) => "payment",
        (RecordKind.Transfer, TransferCode.Fee) => "fee",
        (RecordKind.Transfer, TransferCode.Split) => "split",
        (RecordKind.Transfer or RecordKind.Post, TransferCode.TopUp) => "top_up",
        (RecordKind.Transfer, TransferCode.Debt) => "debt",
        (RecordKind.Transfer, TransferCode.PersonalPayment) => "personal_payment",
        (RecordKind.Transfer, TransferCode.Campaign) => "campaign",
        (RecordKind.Hold, TransferCode.Pledge) => "pledge",
        (RecordKind.Post, TransferCode.Pledge) => "pledge_post",
        (RecordKind.Void, TransferCode.Pledge) => "pledge_void",
        (RecordKind.Expire, TransferCode.Pledge) => "pledge_expire",
        (RecordKind.Hold, TransferCode.Payout or TransferCode.WalletPayout) => "payout",
        (RecordKind.Post, TransferCode.Payout or TransferCode.WalletPayout) => "payout_post",
        (RecordKind.Void, TransferCode.Payout or TransferCode.WalletPayout) => "payout_void",
        (RecordKind.Transfer, TransferCode.Payout or TransferCode.WalletPayout) => "payout_return",
        (RecordKind.Hold, TransferCode.Payment) => "hold",
        (RecordKind.Post, TransferCode.Payment) => "post",
        (RecordKind.Void, TransferCode.Payment) => "void",
        (RecordKind.Expire, TransferCode.Payment) => "expire",
        (RecordKind.Refund, TransferCode.Refund) => "refund",
        (RecordKind.Refund, TransferCode.FeeRefund) => "fee_refund",
        (RecordKind.Refund, TransferCode.SplitRefund) => "split_refund",
        _ => null,
    };

    private async ValueTask<StatementLine> DescribeAsync(Caller caller, JournalRecord record, string kind, Dictionary<UInt128, Party> parties)
    {
        var command = record.Command;
        var isDebit = command.Debit == caller.Account;
        var units = (BigInteger)command.Units;
        var isMoved = command.Kind is RecordKind.Transfer or RecordKind.Post or RecordKind.Refund;
        var after = isDebit ? record.DebitAfter : record.CreditAfter;
        var isTopUp = command.Code == TransferCode.TopUp;
        var isPersonal = command.Code == TransferCode.PersonalPayment;
        var isPledge = command.Code == TransferCode.Pledge;
        var isPayout = command.Code is TransferCode.Payout or TransferCode.WalletPayout;
        var party = command.Code switch
        {
            TransferCode.TopUp or TransferCode.Payout or TransferCode.WalletPayout or TransferCode.Debt => null,
            TransferCode.PersonalPayment => await FindPersonAsync(caller, command),
            TransferCode.Pledge or TransferCode.Campaign => await FindCampaignAsync(caller, command, parties),
            _ => await FindPartyAsync(caller, command, parties),
        };
        return new StatementLine(
            kind,
            command.Asset,
            isMoved ? isDebit ? -units : units : BigInteger.Zero,
            command.Kind switch
            {
                RecordKind.Hold => units,
                RecordKind.Void or RecordKind.Expire => -units,
                // Payouts are posted whole.
                RecordKind.Post when isPayout => -units,
                RecordKind.Post when party is not null => -(BigInteger)party.Price.Units,
                _ => BigInteger.Zero,
            },
            new Amount(command.Asset, after.Available),
            party?.Payment,
            isTopUp ? new Id<TopUpKind>(LegIds.HeadOf(command.Id)) : null,
            isPersonal ? new Id<PersonalPaymentKind>(command.Id) : null,
            party?.Campaign,
            isPledge ? new Id<PledgeKind>(command.Kind == RecordKind.Hold ? command.Id : command.Cited) : null,
            await FindCounterpartyAsync(caller, command, party),
            party?.Title,
            party?.Reference,
            DateTimeOffset.FromUnixTimeMilliseconds(record.UnixMilliseconds))
        {
            Payout = isPayout ? new Id<PayoutKind>(LegIds.HeadOf(command.Id)) : null,
            Rail = isTopUp ? rails.FirstOrDefault(rail => ChartOfAccounts.RailClearing(rail, command.Asset) == command.Debit) : null,
        };
    }

    private async ValueTask<string?> FindCounterpartyAsync(Caller caller, Command command, Party? party) => command.Code switch
    {
        TransferCode.Fee or TransferCode.FeeRefund => null,
        TransferCode.Split or TransferCode.SplitRefund => (await payees.LoadAsync(command.Debit == caller.Account ? command.Credit : command.Debit))?.Payee.Name,
        _ => party?.Counterparty,
    };

    /// <summary>The payment that a record belongs to: its own id, what it cites, or what the post that it cites cites.</summary>
    private async ValueTask<Party> FindPartyAsync(Caller caller, Command command, Dictionary<UInt128, Party> parties)
    {
        var head = LegIds.HeadOf(command.Cited != UInt128.Zero ? command.Cited : command.Id);
        if (parties.TryGetValue(head, out var known)) return known;
        var price = await ReadAsync(head);
        if (price.Command.Kind == RecordKind.Post) price = await ReadAsync(price.Command.Cited);

        if (price.Command.Code == TransferCode.Campaign) return parties[head] = await FindCampaignAsync(caller, price.Command, parties);

        // Who only shares in the price does not learn whose it was or what was bought.
        if (caller.Kind == CallerKind.Payee && price.Command.Credit != caller.Account) return parties[head] = new Party(null, new Amount(price.Command.Asset, price.Command.Units), null, null, null);
        var wallet = await wallets.LoadAsync(price.Command.Debit) ?? throw new InvalidOperationException($"The wallet {price.Command.Debit:x32} has no row.");
        var counterparty = caller.Kind == CallerKind.Wallet
            ? (await payees.LoadAsync(price.Command.Credit))?.Payee.Name
            : wallet.PayerTo(price.Command.Credit, secrets).ToString();
        var memo = PaymentMemo.TryOpen(wallet.Memos, price.Command.Id, price.Command.Memo);
        return parties[head] = new Party(new(price.Command.Id), new Amount(price.Command.Asset, price.Command.Units), counterparty, memo?.Title ?? memo?.Resource, memo?.Reference);

        async ValueTask<JournalRecord> ReadAsync(UInt128 id) => await ledger.FindAsync(id) ?? throw new InvalidOperationException($"The payment {id:x32} has no record.");
    }

    private async ValueTask<Party> FindPersonAsync(Caller caller, Command command)
    {
        var isPayer = command.Debit == caller.Account;
        var memo = PersonalMemo.TryOpen((await wallets.LoadAsync(caller.Account))?.Memos, isPayer, command.Id, command.Memo);
        return new Party(null, new Amount(command.Asset, command.Units), handles.Of(isPayer ? command.Credit : command.Debit).ToString(), memo?.Note, null);
    }

    /// <summary>The campaign of a pledge, of its end, or of what the campaign came to.</summary>
    private async ValueTask<Party> FindCampaignAsync(Caller caller, Command command, Dictionary<UInt128, Party> parties)
    {
        var id = command.Code == TransferCode.Pledge ? command.Credit : command.Debit;
        if (!parties.TryGetValue(id, out var known))
        {
            var row = await campaigns.LoadAsync(id) ?? throw new InvalidOperationException($"The campaign {id:x32} has no row.");
            var counterparty = caller.Kind == CallerKind.Wallet ? (await payees.LoadAsync(row.Owner))?.Payee.Name : null;
            known = parties[id] = new Party(null, default, counterparty, row.Name, null) { Campaign = new(id) };
        }

        // Pledges are posted whole.
        return known with { Price = new Amount(command.Asset, command.Units) };
    }

    private sealed record Party(Id<PaymentKind>? Payment, Amount Price, string? Counterparty, string? Title, string? Reference)
    {
        public Id<CampaignKind>? Campaign { get; init; }
    }
}
