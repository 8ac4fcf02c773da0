using Farthing.Ledger;
using Farthing.Payments.Mandates;
using Farthing.Payments.Tabs;
using Farthing.Payments.Wallets;
using Farthing.Protocol;

namespace Farthing.Payments.Desk;

/// <summary>Makes payments: one ledger submission each, and whatever must be read again when the ledger knows the key already.</summary>
/// <remarks>
/// Thread-safe. A payment is submitted in the hope that it is new. If its key or purchase is known to the ledger, the first answer is rebuilt from the journal.
/// </remarks>
internal sealed class PaymentMaker(Ledger.Ledger ledger, PaymentPricer pricer, OncePurchases purchases, DayCaps dayCaps, TabReads tabs, Ownership ownership, PaymentReader reader, EntitlementIssuer entitlements, CapRefusals caps, ReferenceIndex references)
{
    /// <summary>With so many keys at most what is due is tried; each is used up by a change of the wallet's caps at that very moment, of which there are 20 a day at most.</summary>
    public const int MaxDueKeys = 32;

    // Each attempt lost means that another request bought or gave back the same thing in between.
    private const int MaxOnceAttempts = 16;

    public ValueTask<Answer<Payment>> PayAsync(PaymentRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return pricer.TryResolve(request, out var parties) ? PayAsync(request, parties) : LoadAndPayAsync(request);
    }

    public ValueTask<Answer<Payment>[]> PayManyAsync(IReadOnlyList<PaymentRequest> requests)
    {
        ArgumentNullException.ThrowIfNull(requests);
        return new PaymentBatch(ledger, pricer, this).PayAsync(requests);
    }

    public async ValueTask<Answer<Payment>> PayOnceAsync(Id<WalletKind> wallet, string token, Amount? amount)
    {
        var request = new PaymentRequest { Wallet = wallet, Key = default, Terms = token, Amount = amount };
        if (pricer.Prepare(request, await pricer.ResolveAsync(request), out var prepared) is { } refusal) return refusal;
        return prepared!.IsOnce ? await BuyAsync(prepared) : new Refusal(RefusalCodes.TermsInvalid, "These terms are not for something that is bought once.");
    }

    /// <summary>Pays what is due for a subject at an instant, or finds it paid; null if the wallet's caps were changed just then, so that it is to be tried again.</summary>
    /// <remarks>
    /// That refusal stands in the journal under its key, which therefore never pays: only what is found refused so is tried with the next key, so that at most one of them pays.
    /// After <see cref="MaxDueKeys"/> keys it is the answer.
    /// </remarks>
    /// <param name="request">What is paid, as if under its first key.</param>
    /// <param name="subject">From which, and from the instant, its keys are derived.</param>
    /// <param name="dueUnixMilliseconds">The instant.</param>
    public async ValueTask<Answer<Payment>?> PayDueAsync(PaymentRequest request, UInt128 subject, long dueUnixMilliseconds)
    {
        for (var number = 0; ; number++)
        {
            var keyed = request with { Key = IdempotencyKey.ForDue(subject + (uint)number, dueUnixMilliseconds) };
            var isKnown = await IsKnownAsync(keyed);
            var paid = await PayAsync(keyed);
            if (paid.Refusal?.Code != RefusalCodes.CapsChanged || number + 1 == MaxDueKeys) return paid;
            if (!isKnown) return null;
        }
    }

    /// <summary>True if the key of a request was used before.</summary>
    public ValueTask<bool> IsKnownAsync(PaymentRequest request) => IsKnownAsync(request.KeyId());

    /// <summary>Answers a request that was refused before the ledger saw it: if its key made a payment earlier, that is still the answer.</summary>
    public async ValueTask<Answer<Payment>> AnswerRefusedAsync(PaymentRequest request, Refusal refusal)
    {
        if (request.Key.Text is null || await ledger.FindAsync(request.KeyId()) is not { } record) return refusal;
        return await RepeatAsync(record, request.Digest(), PaymentPricer.ReadTerms(request.Terms));
    }

    /// <summary>Answers with a purchase that covers what is asked, if the wallet has one.</summary>
    public async ValueTask<Answer<Payment>?> TryAnswerCoveredAsync(PreparedPayment prepared)
    {
        if (!prepared.MayBeCovered || await purchases.FindCoverAsync(prepared.Wallet.Account, prepared.Terms!) is not { } standing) return null;
        return await AnswerStandingAsync(prepared, standing.Payment);
    }

    private async ValueTask<Answer<Payment>> AnswerRefusedAsync(PreparedPayment prepared, Refusal refusal) =>
        prepared.Key != UInt128.Zero && await ledger.FindAsync(prepared.Key) is { } record ? await RepeatAsync(record, prepared.Digest, prepared.Terms) : refusal;

    /// <summary>Makes a payment that follows from what the wallet has paid or read before: it waits for that.</summary>
    public ValueTask<Answer<Payment>> BuyAloneAsync(PreparedPayment prepared) => prepared.OnTab is null ? BuyCappedAsync(prepared) : ReadOnTabAsync(prepared);

    /// <summary>Pays what is left of the day for an offer with such a cap; when nothing is, answers with what used it up.</summary>
    private async ValueTask<Answer<Payment>> BuyCappedAsync(PreparedPayment prepared)
    {
        if (!await dayCaps.TryOpenIssuerAsync(prepared.Price.Asset)) return LedgerCalls.NotReady;
        using var turn = await dayCaps.EnterAsync(prepared.Wallet.Account, prepared.CappedOffer!);
        return await SubmitCappedAsync(prepared);
    }

    /// <summary>Turns the ledger's answers to the chain of a payment's first attempt into the payment's.</summary>
    public ValueTask<Answer<Payment>> AnswerAsync(PreparedPayment prepared, ReadOnlySpan<CommandResult> results) =>
        TryAnswer(prepared, prepared.IdOf(0), results, out var payment) ? new(payment) : AnswerUnmadeAsync(prepared, results);

    private async ValueTask<bool> IsKnownAsync(UInt128 key) => key != UInt128.Zero && await ledger.FindAsync(key) is not null;

    private async ValueTask<Answer<Payment>> LoadAndPayAsync(PaymentRequest request) => await PayAsync(request, await pricer.ResolveAsync(request));

    private ValueTask<Answer<Payment>> PayAsync(PaymentRequest request, in Parties parties) =>
        pricer.Prepare(request, parties, out var prepared) is { } refusal ? AnswerRefusedAsync(request, refusal) : BuyAsync(prepared!);

    private ValueTask<Answer<Payment>> BuyAsync(PreparedPayment prepared) =>
        prepared.MayBeCovered ? BuyUncoveredAsync(prepared) : prepared.GoesAlone ? BuyAloneAsync(prepared) : SubmitAsync(prepared, 0);

    private async ValueTask<Answer<Payment>> BuyUncoveredAsync(PreparedPayment prepared) =>
        await TryAnswerCoveredAsync(prepared) ?? (prepared.GoesAlone ? await BuyAloneAsync(prepared) : await SubmitAsync(prepared, 0));

    private async ValueTask<Answer<Payment>> SubmitCappedAsync(PreparedPayment prepared)
    {
        for (var tries = 0; tries < MaxOnceAttempts; tries++)
        {
            if (await dayCaps.LowerAsync(prepared) is { } lowered)
                return PaymentPricer.CheckEach(lowered.Mandate, lowered.Price) is { } over ? await AnswerRefusedAsync(lowered, over) : await SubmitAsync(lowered, 0);
            // What was bought itself goes before the day.
            var cover = prepared.Terms is { } terms ? await purchases.FindCoverAsync(prepared.Wallet.Account, terms) : await dayCaps.FindCoverAsync(prepared.Wallet.Account, prepared.CappedOffer!);
            if (cover is not null) return await AnswerStandingAsync(prepared, cover.Payment);
            // Room was made, or the day ended, in between.
        }

        return LedgerCalls.NotReady;
    }

    /// <summary>Puts a read on the wallet's tab with the payee, unless the wallet has bought it before.</summary>
    private async ValueTask<Answer<Payment>> ReadOnTabAsync(PreparedPayment prepared)
    {
        if (prepared.IsOnce && (await purchases.FindAsync(prepared.Wallet.Account, prepared.Payee.Account, prepared.OnceSubject!)).Standing is { } standing)
            return await AnswerStandingAsync(prepared, standing.Payment);
        var tab = await tabs.FindAsync(prepared, prepared.OnTab!);
        // A mandate is for what is read under it, not for what the wallet owes.
        var mayPay = tab.Refusal?.Code == RefusalCodes.TabUnpaid && prepared.Mandate is null;
        if (mayPay && !await IsKnownAsync(prepared.Key) && await tabs.PayFullAsync(prepared.Wallet.Account)) tab = await tabs.FindAsync(prepared, prepared.OnTab!);
        return tab.IsGiven ? await SubmitAsync(prepared with { Tab = tab.Value }, 0) : await AnswerRefusedAsync(prepared, tab.Refusal);
    }

    private async ValueTask<Answer<Payment>> SubmitAsync(PreparedPayment prepared, uint attempt)
    {
        if (await ledger.TrySubmitManyAsync(prepared.ToCommands(attempt), prepared.ResumesBriefly) is not { } results) return LedgerCalls.NotReady;
        if (TryAnswer(prepared, prepared.IdOf(attempt), results.AsSpan(prepared.ChainStart), out var payment)) return payment;
        // The journal is read for all else that there is to say.
        if (prepared.ResumesBriefly) await Task.Yield();
        return await AnswerUnmadeAsync(prepared, results.AsSpan(prepared.ChainStart));
    }

    /// <summary>Answers a payment that the ledger carried out just now.</summary>
    private bool TryAnswer(PreparedPayment prepared, UInt128 id, ReadOnlySpan<CommandResult> results, out Payment payment)
    {
        payment = null!;
        var price = results[prepared.PriceIndex];
        if (price.Outcome != Outcome.Done || price.IsDuplicate) return false;
        foreach (var opened in prepared.Openings) opened.MarkOpen();
        references.Add(prepared.PayeeReference, prepared.Tag.WalletReference, price.Position);
        payment = prepared.ToPayment(id, price.UnixMilliseconds, entitlements);
        return true;
    }

    private ValueTask<Answer<Payment>> AnswerUnmadeAsync(PreparedPayment prepared, ReadOnlySpan<CommandResult> results)
    {
        if (results[0].IsDuplicate) return AnswerKnownAsync(prepared);
        return Refusals.OfChain(results) switch
        {
            Outcome.IdAlreadyUsed => AnswerKnownAsync(prepared),
            Outcome.AccountEnded => MoveOnAsync(prepared),
            _ => RefuseAsync(results, prepared.PriceIndex),
        };
    }

    /// <summary>Answers a payment whose key or purchase the ledger knows.</summary>
    private async ValueTask<Answer<Payment>> AnswerKnownAsync(PreparedPayment prepared)
    {
        if (prepared.Key != UInt128.Zero && await ledger.FindAsync(prepared.Key) is { } record) return await RepeatAsync(record, prepared.Digest, prepared.Terms);
        return prepared.IsOnce ? await BuyOnceAsync(prepared) : throw new InvalidOperationException($"The ledger knows the payment {prepared.Key:x32}, but has no record of it.");
    }

    /// <summary>Pays what was on its way while a day, week or month of its caps ended. Nothing was bound: the new one has its own allowance.</summary>
    private async ValueTask<Answer<Payment>> MoveOnAsync(PreparedPayment prepared) =>
        pricer.TryMoveOn(prepared) is { } next ? next.CappedOffer is null ? await SubmitAsync(next, 0) : await SubmitCappedAsync(next) : await AnswerRefusedAsync(prepared, CapRefusals.Ended(prepared.Mandate!.Mandate));

    private async ValueTask<Answer<Payment>> BuyOnceAsync(PreparedPayment prepared)
    {
        for (var tries = 0; tries < MaxOnceAttempts; tries++)
        {
            var (standing, next) = await purchases.FindAsync(prepared.Wallet.Account, prepared.Payee.Account, prepared.OnceSubject!);
            if (standing is not null) return await AnswerStandingAsync(prepared, standing.Payment);

            if (await ledger.TrySubmitManyAsync(prepared.ToCommands(next)) is not { } submitted) return LedgerCalls.NotReady;
            var results = submitted[prepared.ChainStart..];
            if (TryAnswer(prepared, prepared.IdOf(next), results, out var payment)) return payment;
            if (!results[0].IsDuplicate && Refusals.OfChain(results) is var outcome && outcome != Outcome.IdAlreadyUsed)
                return outcome == Outcome.AccountEnded ? await MoveOnAsync(prepared) : await RefuseAsync(results, prepared.PriceIndex);
            if (prepared.Key != UInt128.Zero && await ledger.FindAsync(prepared.Key) is { } record) return await RepeatAsync(record, prepared.Digest, prepared.Terms);
        }

        return LedgerCalls.NotReady;
    }

    /// <summary>Answers with the purchase that stands, and binds the key to it.</summary>
    private async ValueTask<Answer<Payment>> AnswerStandingAsync(PreparedPayment prepared, PaymentRecords standing)
    {
        if (prepared.Key != UInt128.Zero)
        {
            if (await ledger.TrySubmitAsync(Command.Claim(prepared.Key, prepared.Digest, standing.Id)) is not { } results) return LedgerCalls.NotReady;
            if (results[0].Outcome is not (Outcome.Done or Outcome.IdAlreadyUsed)) return Refusals.OfPayment(results[0].Outcome);
            // The journaled claim is the answer, ours or that of the same request a moment ago: it may cite another purchase, and each repeat must say the same.
            var claim = await ledger.FindAsync(prepared.Key) ?? throw new InvalidOperationException($"The claim {prepared.Key:x32} has no record.");
            return await RepeatAsync(claim, prepared.Digest, prepared.Terms);
        }

        return await DescribeAsync(standing, standing, prepared.Terms);
    }

    /// <summary>Gives the first answer to a key again, from the journal alone.</summary>
    private async ValueTask<Answer<Payment>> RepeatAsync(JournalRecord record, UInt128 digest, Terms? terms)
    {
        if (record.Command.Digest != digest) return Payees.PayeeDirectory.Conflict;
        var price = record.Command.Kind == RecordKind.Claim
            ? await ledger.FindAsync(record.Command.Cited) ?? throw new InvalidOperationException($"The key {record.Command.Id:x32} stands for a payment without a record.")
            : record;
        if (PaymentRecords.IsPayment(price))
        {
            // A claim made with its price stands before it; one that found an older purchase answered with what had become of that by then.
            var shown = record.Position > price.Position ? await PaymentRecords.ReadAsync(ledger, price, record.Position) : PaymentRecords.AsMade(price);
            return await DescribeAsync(shown, await PaymentRecords.ReadAsync(ledger, price, long.MaxValue), terms);
        }

        return await ExplainAsync(price);
    }

    /// <summary>Describes a payment as it was, with an entitlement if it still is.</summary>
    private async ValueTask<Answer<Payment>> DescribeAsync(PaymentRecords shown, PaymentRecords current, Terms? terms)
    {
        var payment = await reader.DescribeAsync(shown);
        return terms is not null && current is { Status: PaymentStatus.Posted, Stands: true }
            ? payment with { Entitlement = entitlements.Issue(terms, current.Id, current.RefundableUntil, await ownership.EndOfCoverAsync(current, terms.Resource)) }
            : payment;
    }

    private ValueTask<Answer<Payment>> RefuseAsync(ReadOnlySpan<CommandResult> results, int price) =>
        results[price].Position is var position and >= 0 ? ExplainAsync(position) : new(Refusals.OfPayment(Refusals.OfChain(results)));

    private async ValueTask<Answer<Payment>> ExplainAsync(long price) => await ExplainAsync(ledger.Read(price));

    private ValueTask<Refusal> ExplainAsync(JournalRecord price)
    {
        var culprit = Refusals.CulpritOf(ledger, price);
        if (culprit.Command.Id == LegIds.TabPaidOf(price.Command.Id) && culprit.Outcome == Outcome.InsufficientFunds) return new(TabRefusals.LessOwed);
        return culprit.Position == price.Position && TabAccounts.IsTab(price.Command.Asset) ? tabs.ExplainAsync(price) : caps.ExplainAsync(price);
    }
}
