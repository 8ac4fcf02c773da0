using Farthing.Ledger;
using Farthing.Payments.Desk;
using Farthing.Payments.Mandates;
using Farthing.Payments.Payees;
using Farthing.Payments.Wallets;
using Farthing.Protocol;

namespace Farthing.Payments.People;

/// <summary>Payments between wallets: no fee, final, one transfer each. Whoever was paid by mistake pays back.</summary>
/// <remarks>Thread-safe. Idempotent for ever, also across a crash: the journal alone gives the first answer again.</remarks>
public sealed class PeopleDesk
{
    private readonly Ledger.Ledger ledger;
    private readonly WalletDirectory wallets;
    private readonly Handles handles;
    private readonly CapRefusals caps;
    private readonly TimeProvider time;

    internal PeopleDesk(Ledger.Ledger ledger, WalletDirectory wallets, Handles handles, CapRefusals caps, TimeProvider time)
    {
        this.ledger = ledger;
        this.wallets = wallets;
        this.handles = handles;
        this.caps = caps;
        this.time = time;
    }

    /// <summary>The id by which others pay and ask a wallet. It never changes.</summary>
    public Id<HandleKind> HandleOf(Id<WalletKind> wallet) => handles.Of(wallet.Value);

    /// <summary>Pays another wallet.</summary>
    /// <param name="wallet">The payer.</param>
    /// <param name="key">The caller's key.</param>
    /// <param name="to">Who is paid.</param>
    /// <param name="amount">How much, in the currency of both.</param>
    /// <param name="note">At most <see cref="PersonalPayment.MaxNoteLength"/> characters, which only the two can read; or null.</param>
    public async ValueTask<Answer<PersonalPayment>> PayAsync(Id<WalletKind> wallet, IdempotencyKey key, Id<HandleKind> to, Amount amount, string? note)
    {
        var id = key.DeriveId("personal-payment", new Caller(CallerKind.Wallet, wallet.Value));
        var digest = Digest(wallet, to, amount, note);
        var payer = await wallets.LoadAsync(wallet.Value);
        var paid = await wallets.LoadAsync(handles.Open(to));
        // What the key did before stands, whatever became of the two since.
        if (Check(wallet, payer, to, paid, amount, note) is { } refusal) return await ledger.FindAsync(id) is { } known ? await RepeatAsync(wallet, known, digest) : refusal;

        var memo = new PersonalMemo(UInt128.Zero, note).Seal(payer!.Memos!, paid!.Memos!, id);
        Command[] chain = [Command.Transfer(id, digest, payer.Account, paid.Account, amount, TransferCode.PersonalPayment, memo: memo)];
        if (await ledger.TrySubmitCappedAsync(time, payer.Caps, amount.Units, chain, price: 0) is not { } results) return LedgerCalls.NotReady;
        return await ledger.FindAsync(id) is { } record ? await RepeatAsync(wallet, record, digest) : Refusals.OfPayment(Refusals.OfChain(results));
    }

    /// <summary>A personal payment as one of its two wallets may see it.</summary>
    public async ValueTask<Answer<PersonalPayment>> ReadAsync(Id<WalletKind> wallet, Id<PersonalPaymentKind> id)
    {
        if (await wallets.LoadAsync(wallet.Value) is not { IsErased: false }) return WalletDirectory.Erased;
        return await ledger.FindAsync(id.Value) is { Outcome: Outcome.Done, Command: { Kind: RecordKind.Transfer, Code: TransferCode.PersonalPayment } } record
            && (record.Command.Debit == wallet.Value || record.Command.Credit == wallet.Value)
            ? await DescribeAsync(wallet, record)
            : new Refusal(RefusalCodes.PersonalPaymentNotFound, $"There is no payment {id} from or to this wallet.");
    }

    private Refusal? Check(Id<WalletKind> wallet, WalletEntry? payer, Id<HandleKind> to, WalletEntry? paid, Amount amount, string? note)
    {
        if (payer is null) return WalletDirectory.NotFound(wallet);
        if (wallets.CheckPayer(payer) is { } unable) return unable;
        if (paid is null or { IsErased: true }) return new(RefusalCodes.HandleNotFound, $"Nobody here has the handle {to}.");
        if (paid.Account == payer.Account) return new(RefusalCodes.InvalidField, "That handle is your own. Use the one of whom you pay.");
        if (note is not null && !Words.AreShown(note, PersonalPayment.MaxNoteLength)) return new(RefusalCodes.InvalidField, $"A note is 1 to {PersonalPayment.MaxNoteLength} characters.");
        if (Amounts.Check(amount, payer.Asset) is { } refusal) return refusal;
        return paid.Asset == payer.Asset ? null : new(RefusalCodes.CurrencyMismatch, $"The wallet of {to} is in another currency than {payer.Asset}.");
    }

    /// <summary>Gives the first answer to a key again, from the journal alone.</summary>
    private async ValueTask<Answer<PersonalPayment>> RepeatAsync(Id<WalletKind> wallet, JournalRecord record, UInt128 digest)
    {
        if (record.Command.Digest != digest) return PayeeDirectory.Conflict;
        return record.Outcome == Outcome.Done ? await DescribeAsync(wallet, record) : await caps.ExplainAsync(record);
    }

    private async ValueTask<PersonalPayment> DescribeAsync(Id<WalletKind> viewer, JournalRecord record)
    {
        var command = record.Command;
        var isSent = command.Debit == viewer.Value;
        var memo = PersonalMemo.TryOpen((await wallets.LoadAsync(viewer.Value))?.Memos, isSent, command.Id, command.Memo);
        return new(new(command.Id), isSent, handles.Of(isSent ? command.Credit : command.Debit), new Amount(command.Asset, command.Units), memo?.Note,
            memo is { Request: var request } && request != UInt128.Zero ? new(request) : null, DateTimeOffset.FromUnixTimeMilliseconds(record.UnixMilliseconds));
    }

    private static UInt128 Digest(Id<WalletKind> wallet, Id<HandleKind> to, Amount amount, string? note)
    {
        var bytes = new CanonicalBytes(stackalloc byte[512]);
        bytes.Add("personal-payment");
        bytes.Add(wallet.Value);
        bytes.Add(to.Value);
        bytes.Add(amount);
        bytes.Add(note);
        return bytes.ToDigest();
    }
}
