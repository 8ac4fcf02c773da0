using Farthing.Payments.Tabs;
using Farthing.Payments.Wallets;
using Farthing.Protocol;

namespace Farthing.Payments.Desk;

/// <summary>Payments as their parties may see them.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class PaymentReader(Ledger.Ledger ledger, WalletDirectory wallets, TabDirectory tabs, LabelledSecrets secrets)
{
    /// <summary>Who paid, and who is paid.</summary>
    public async ValueTask<(UInt128 Wallet, UInt128 Payee)> FindPartiesAsync(PaymentRecords records)
    {
        if (!records.IsOnTab) return (records.Debit, records.Credit);
        var tab = await tabs.GetAsync(records.Debit);
        return (tab.Wallet, tab.Payee);
    }

    /// <summary>The records of a payment, if the caller is its wallet or payee.</summary>
    public async ValueTask<Answer<PaymentRecords>> FindAsync(Caller caller, Id<PaymentKind> id)
    {
        if (caller.Kind == CallerKind.Wallet && await wallets.LoadAsync(caller.Account) is not { IsErased: false }) return WalletDirectory.Erased;
        return await PaymentRecords.FindAsync(ledger, id.Value) is { } records && IsParty(caller, await FindPartiesAsync(records)) ? records : NotFound(id);
    }

    /// <summary>A payment in words, with what the wallet's key opens.</summary>
    public async ValueTask<Payment> DescribeAsync(PaymentRecords records)
    {
        var parties = await FindPartiesAsync(records);
        var wallet = await wallets.LoadAsync(parties.Wallet) ?? throw new InvalidOperationException($"The payment {records.Id:x32} is of a wallet without a row.");
        var memo = PaymentMemo.TryOpen(wallet.Memos, records.Id, records.Price.Command.Memo);
        return new Payment
        {
            Id = new(records.Id),
            Status = records.Status,
            Amount = records.Amount,
            Fee = records.Fee,
            Refunded = records.Refunded,
            Payee = new(parties.Payee),
            Wallet = new(parties.Wallet),
            Payer = wallet.PayerTo(parties.Payee, secrets),
            Tab = records.IsOnTab ? new(records.Debit) : null,
            Offer = memo?.Offer,
            Reference = memo?.Reference,
            Resource = memo?.Resource,
            CreatedAt = DateTimeOffset.FromUnixTimeMilliseconds(records.Price.UnixMilliseconds),
            RefundableUntil = TimeOf(records.RefundableUntil),
            IsRefundedByPayeeOnly = records.Tag.Has(PaymentTraits.RefundedByPayeeOnly),
        };
    }

    /// <summary>The memo of a payment; null if the wallet is erased.</summary>
    public async ValueTask<PaymentMemo?> ReadMemoAsync(PaymentRecords records) =>
        PaymentMemo.TryOpen((await wallets.LoadAsync((await FindPartiesAsync(records)).Wallet))?.Memos, records.Id, records.Price.Command.Memo);

    public static Refusal NotFound(Id<PaymentKind> id) => new(RefusalCodes.PaymentNotFound, $"There is no payment {id} of this wallet or payee.");

    /// <summary>A deadline of the ledger, where zero is none.</summary>
    public static DateTimeOffset? TimeOf(long unixMilliseconds) => unixMilliseconds == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(unixMilliseconds);

    private static bool IsParty(Caller caller, (UInt128 Wallet, UInt128 Payee) parties) => caller.Kind switch
    {
        CallerKind.Wallet => caller.Account == parties.Wallet,
        CallerKind.Payee => caller.Account == parties.Payee,
        _ => false,
    };
}
