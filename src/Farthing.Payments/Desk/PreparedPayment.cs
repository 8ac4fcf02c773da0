using Farthing.Ledger;
using Farthing.Payments.Mandates;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Payments.Tabs;
using Farthing.Payments.Wallets;
using Farthing.Protocol;

namespace Farthing.Payments.Desk;

/// <summary>A payment that is resolved, priced and checked, and can be submitted.</summary>
/// <remarks>Immutable; safe to share between threads.</remarks>
internal sealed record PreparedPayment
{
    public required LabelledSecrets Secrets { get; init; }

    /// <summary>The id that the caller's key stands for; zero if there is no key.</summary>
    public required UInt128 Key { get; init; }

    /// <summary>The digest of the request.</summary>
    public required UInt128 Digest { get; init; }

    public required WalletEntry Wallet { get; init; }

    public required PayeeEntry Payee { get; init; }

    /// <summary>What is paid.</summary>
    public required Amount Price { get; init; }

    /// <summary>What would be paid if no cap on the day lowered it.</summary>
    public required Amount FullPrice { get; init; }

    /// <summary>The offer, if it has a cap on what a wallet pays for it in a day; else null.</summary>
    public required Offer? CappedOffer { get; init; }

    public required PaymentTag Tag { get; init; }

    /// <summary>The payee's blind index of the reference; zero for none.</summary>
    public required UInt128 PayeeReference { get; init; }

    public required PaymentMemo Memo { get; init; }

    public required Terms? Terms { get; init; }

    /// <summary>The mandate it is paid under, or null.</summary>
    public required MandateEntry? Mandate { get; init; }

    /// <summary>What its caps are counted on; empty if it has none.</summary>
    public required IReadOnlyList<Allowance> Uses { get; init; }

    /// <summary>Those of them that may have to be opened first.</summary>
    public required IReadOnlyList<Allowance> Openings { get; init; }

    /// <summary>Who shares in the price; empty if nobody but the payee does.</summary>
    public required IReadOnlyList<Split> Splits { get; init; }

    public required bool Hold { get; init; }

    /// <summary>The pricing, if this is a read on tab; null for whatever is paid.</summary>
    public required OnTab? OnTab { get; init; }

    /// <summary>The tab that a read goes on, once it is found.</summary>
    public TabEntry? Tab { get; init; }

    /// <summary>What is linked behind all of it, such as the room that the payment of a tab gives back.</summary>
    public required IReadOnlyList<Command> Alongside { get; init; }

    /// <summary>When the hold expires, or until when the payment can be refunded (zero for never). Unix milliseconds.</summary>
    public required long Deadline { get; init; }

    /// <summary>What the wallet buys only once, a resource or a bundle; null if it buys it each time.</summary>
    public required string? OnceSubject { get; init; }

    /// <summary>True if the payee sells a bundle, other than what is bought here, that covers it too.</summary>
    public required bool MayBeCovered { get; init; }

    /// <summary>How long what is bought is the wallet's, in seconds; null for ever.</summary>
    public required int? OwnedForSeconds { get; init; }

    /// <summary>True if the payer goes on briefly once it is paid, and so does its answer: one without an entitlement, which takes a signature.</summary>
    public required bool ResumesBriefly { get; init; }

    /// <summary>True if what is paid follows from what the wallet has paid or read before, so that it is not prepared while that is on its way.</summary>
    public bool GoesAlone => CappedOffer is not null || OnTab is not null;

    /// <summary>True if the wallet buys this only once.</summary>
    public bool IsOnce => OnceSubject is not null;

    /// <summary>The fee that is taken now.</summary>
    public Amount Fee => Hold ? new(Price.Asset, UInt128.Zero) : Tag.FeeOf(Price);

    /// <summary>The payment's id if it is the <paramref name="attempt"/>th purchase, which counts only for what is bought once.</summary>
    public UInt128 IdOf(uint attempt) => IsOnce ? OncePurchases.IdOf(Secrets, Wallet.Account, Payee.Account, OnceSubject!, attempt) : Key;

    /// <summary>Where the payment's chain begins: before it stand the chains that open allowances, each its own.</summary>
    public int ChainStart => Allowance.OpeningLength * Openings.Count;

    /// <summary>Where the price stands in the payment's chain: after the claim, if there is one.</summary>
    public int PriceIndex => IsOnce && Key != UInt128.Zero ? 1 : 0;

    /// <summary>At least as many commands as <see cref="Write"/> writes.</summary>
    public int MaxLength => ChainStart + 1 + (IsOnce && Key != UInt128.Zero ? 1 : 0) + (Fee.IsZero ? 0 : 1) + Splits.Count + Openings.Count + Uses.Count + Alongside.Count;

    /// <summary>Writes what opens allowances, then the linked commands of the payment: a claim, if the key does not stand for the payment itself, then price, fee, shares and the use of caps.</summary>
    /// <returns>How many were written.</returns>
    public int Write(Span<Command> commands, uint attempt)
    {
        for (var i = 0; i < Openings.Count; i++) Openings[i].WriteOpening(commands[(Allowance.OpeningLength * i)..]);
        return ChainStart + WriteChain(commands[ChainStart..], attempt);
    }

    private int WriteChain(Span<Command> chain, uint attempt)
    {
        var length = 0;
        var id = IdOf(attempt);
        var digest = Digest;
        if (IsOnce)
        {
            // The purchase is the same whichever of the site's terms it is bought by; the key and its request are bound by the claim.
            if (Key != UInt128.Zero) chain[length++] = Command.Claim(Key, Digest, id);
            digest = id;
        }

        var fee = Fee;
        var memo = Memo.Seal(Wallet.Memos!, id);
        var tag = Tag.Pack();
        var (debit, credit, price) = Tab is null ? (Wallet.Account, Payee.Account, Price) : (Tab.Room, Tab.Owed, new Amount(TabAccounts.AssetOf(Price.Asset), Price.Units));
        chain[length++] = Hold
            ? Command.Hold(id, digest, debit, credit, price, TransferCode.Payment, Deadline, PayeeReference, tag, memo)
            : Command.Transfer(id, digest, debit, credit, price, TransferCode.Payment, Deadline, PayeeReference, tag, memo);
        if (!fee.IsZero) chain[length++] = Command.Transfer(LegIds.FeeOf(id), digest, Payee.Account, Payee.FeesAccount, fee, TransferCode.Fee, Deadline);
        // What is read on tab is shared when the tab is paid.
        if (Splits.Count > 0 && Tab is null)
        {
            // The post gives the shares, also when the wallet's memo, which names the offer too, can no longer be read.
            if (Hold) chain[length++] = Command.Claim(LegIds.SplitsOf(id), digest, Memo.Offer!.Value.Value);
            else length += SplitLegs.Write(chain[length..], id, digest, Payee.Account, Price - fee, Splits, Deadline);
        }

        foreach (var opening in Openings) chain[length++] = opening.Reopening();
        foreach (var use in Uses) chain[length++] = use.Use(id, digest, Price.Units, Hold, Deadline);
        foreach (var command in Alongside) chain[length++] = command;
        LedgerCalls.Link(chain[..length]);
        return length;
    }

    /// <summary>The commands of <see cref="Write"/>.</summary>
    public Command[] ToCommands(uint attempt)
    {
        var commands = new Command[MaxLength];
        var length = Write(commands, attempt);
        return length == commands.Length ? commands : commands[..length];
    }

    /// <summary>The payment as the ledger has just carried it out.</summary>
    public Payment ToPayment(UInt128 id, long unixMilliseconds, EntitlementIssuer entitlements) => new()
    {
        Id = new(id),
        Status = Hold ? PaymentStatus.Held : PaymentStatus.Posted,
        Amount = Price,
        Fee = Fee,
        Refunded = new(Price.Asset, UInt128.Zero),
        Payee = Payee.Payee.Id,
        Wallet = Wallet.Wallet.Id,
        Payer = Wallet.PayerTo(Payee.Account, Secrets),
        Tab = Tab?.Id,
        Offer = Memo.Offer,
        Reference = Memo.Reference,
        Resource = Memo.Resource,
        CreatedAt = DateTimeOffset.FromUnixTimeMilliseconds(unixMilliseconds),
        RefundableUntil = Hold ? null : PaymentReader.TimeOf(Deadline),
        IsRefundedByPayeeOnly = Tag.Has(PaymentTraits.RefundedByPayeeOnly),
        Entitlement = Hold || Terms is null ? null : entitlements.Issue(Terms, id, Deadline, Ownership.EndOf(unixMilliseconds, OwnedForSeconds)),
    };
}
