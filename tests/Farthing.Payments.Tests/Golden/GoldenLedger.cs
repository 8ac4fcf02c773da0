using System.Globalization;
using Farthing.Ledger;
using Farthing.Protocol;

namespace Farthing.Payments.Tests.Golden;

/// <summary>What payments do not do with a ledger, or seldom: each refusal that is journaled, the longest memo, every way of balancing, an account that is closed; and enough records for a second segment.</summary>
internal sealed class GoldenLedger(TestSystem test, Asset asset)
{
    private const byte Bound = 1, Free = 2, Owing = 3, Other = 4, Closed = 5, Frozen = 6, Full = 7, Missing = 99;

    private UInt128 next = 1_000;

    public async Task LiveAsync()
    {
        var other = new Asset("test:pebbles", 9);
        await DoAsync(Outcome.Done, Command.OpenAccount(Bound, asset, AccountFlags.DebitsMustNotExceedCredits), Command.OpenAccount(Free, asset, AccountFlags.None),
            Command.OpenAccount(Owing, asset, AccountFlags.CreditsMustNotExceedDebits), Command.OpenAccount(Other, other, AccountFlags.None),
            Command.OpenAccount(Closed, asset, AccountFlags.DebitsMustNotExceedCredits | AccountFlags.CreditsMustNotExceedDebits), Command.OpenAccount(Frozen, asset, AccountFlags.None));
        await DoAsync(Outcome.Done, Command.ChangeAccount(RecordKind.CloseAccount, Next(), Closed));
        await DoAsync(Outcome.Done, Command.ChangeAccount(RecordKind.FreezeAccount, Next(), Frozen));
        await DoAsync(Outcome.AccountStateUnchanged, Command.ChangeAccount(RecordKind.FreezeAccount, Next(), Frozen));
        var funds = Transfer(Free, Bound, 1_000, refundable: true, memo: new byte[] { 1, 2, 3 });
        await DoAsync(Outcome.Done, funds);
        await DoAsync(Outcome.AccountNotEmpty, Command.ChangeAccount(RecordKind.CloseAccount, Next(), Bound));

        await DoAsync(Outcome.DebitAccountNotFound, Transfer(Missing, Bound, 1));
        await DoAsync(Outcome.CreditAccountNotFound, Transfer(Free, Missing, 1));
        await DoAsync(Outcome.AssetsMustMatch, Transfer(Other, Bound, 1));
        await DoAsync(Outcome.DeadlineMustBeInFuture, Command.Transfer(Next(), 1, Free, Bound, Of(1), TransferCode.None, 1));
        await DoAsync(Outcome.DebitAccountClosed, Transfer(Closed, Bound, 1));
        await DoAsync(Outcome.CreditAccountClosed, Transfer(Free, Closed, 1));
        await DoAsync(Outcome.DebitAccountFrozen, Transfer(Frozen, Bound, 1));
        await DoAsync(Outcome.InsufficientFunds, Transfer(Bound, Free, 1_001));
        await DoAsync(Outcome.ExceedsDebits, Transfer(Free, Owing, 1));
        var refused = Next();
        await DoAsync(Outcome.InsufficientFunds, Command.OpenAccount(Full, asset, AccountFlags.None),
            Command.Transfer(refused, 7, Bound, Full, Of(5_000), TransferCode.None), Transfer(Free, Full, 1));

        await DoAsync(Outcome.CitedNotFound, Command.Post(Next(), 1, Missing, 0));
        await DoAsync(Outcome.CitedWasRefused, Command.Refund(Next(), 1, refused, 0, TransferCode.Refund));
        await DoAsync(Outcome.CitedIsNotAHold, Command.Void(Next(), 1, funds.Id));
        UInt128[] holds = [Next(), Next(), Next(), Next()];
        foreach (var hold in holds) await DoAsync(Outcome.Done, Command.Hold(hold, 2, Bound, Free, Of(100), (TransferCode)40_000, Soon(hold == holds[2] ? 1 : 60), reference1: 11, reference2: 12));
        await DoAsync(Outcome.CitedIsNotRefundable, Command.Refund(Next(), 1, holds[0], 0, TransferCode.Refund));
        await DoAsync(Outcome.ExceedsHeld, Command.Post(Next(), 1, holds[0], 101));
        var part = Command.Post(Next(), 1, holds[0], 40, Soon(3_600), reference2: 5, memo: new byte[] { 9 });
        await DoAsync(Outcome.Done, part);
        await DoAsync(Outcome.HoldAlreadyPosted, Command.Void(Next(), 1, holds[0]));
        await DoAsync(Outcome.Done, Command.Void(Next(), 1, holds[1]));
        await DoAsync(Outcome.HoldAlreadyVoided, Command.Post(Next(), 1, holds[1], 0));
        test.Time.Advance(TimeSpan.FromSeconds(2));
        await DoAsync(Outcome.HoldExpired, Command.Post(Next(), 1, holds[2], 0));

        await DoAsync(Outcome.Done, Command.Refund(Next(), 1, part.Id, 15, TransferCode.Refund, memo: new byte[] { 8 }));
        await DoAsync(Outcome.ExceedsRefundable, Command.Refund(Next(), 1, part.Id, 26, TransferCode.Refund));
        await DoAsync(Outcome.Done, Command.Refund(Next(), 1, part.Id, 26, TransferCode.Refund, balancing: true));
        await DoAsync(Outcome.Done, Command.Refund(Next(), 1, part.Id, 0, TransferCode.Refund, balancing: true));
        var unrefundable = Transfer(Free, Bound, 3);
        await DoAsync(Outcome.Done, unrefundable);
        await DoAsync(Outcome.RefundWindowOver, Command.Refund(Next(), 1, unrefundable.Id, 0, TransferCode.Refund));

        // As much as is there, and as much as is owed, of which there is nothing.
        await DoAsync(Outcome.Done, Command.Transfer(Next(), 1, Bound, Free, Of(5_000), TransferCode.None, balancing: Balancing.Debit));
        await DoAsync(Outcome.Done, Command.Transfer(Next(), 1, Free, Owing, Of(7), TransferCode.None, balancing: Balancing.Credit));
        await DoAsync(Outcome.Done, Command.Hold(Next(), 1, Free, Bound, Of(9), TransferCode.None, Soon(86_400), balancing: Balancing.Debit | Balancing.Credit));
        await DoAsync(Outcome.InsufficientFunds, Command.Transfer(Next(), 1, Owing, Free, Of(7), TransferCode.None, balancing: Balancing.Credit), Transfer(Bound, Free, 1_000_000));

        // Into the second segment, with few bytes that cannot be compressed.
        var memo = Enumerable.Repeat((byte)'f', Command.MaxMemoLength).ToArray();
        for (var i = 0; i < 2; i++)
            await DoAsync(Outcome.Done, linked: false, [.. Enumerable.Range(0, 600).Select(_ => Transfer(Free, Frozen, 1, memo: memo))]);
        await DoAsync(Outcome.Done, Transfer(Free, Frozen, 1));
    }

    private Command Transfer(byte debit, byte credit, uint units, bool refundable = false, ReadOnlyMemory<byte> memo = default) =>
        Command.Transfer(Next(), 1, debit, credit, Of(units), TransferCode.None, refundable ? Soon(86_400) : 0, memo: memo);

    private Amount Of(uint units) => new(asset, units);

    private UInt128 Next() => next++;

    private long Soon(int seconds) => test.Ledger.NowUnixMilliseconds(test.Time) + (seconds * 1_000);

    private Task DoAsync(Outcome outcome, params Command[] chain) => DoAsync(outcome, linked: true, chain);

    private async Task DoAsync(Outcome outcome, bool linked, Command[] chain)
    {
        if (linked) LedgerCalls.Link(chain);
        var results = await test.Ledger.SubmitAsync(chain);
        var found = results.Select(result => result.Outcome).Where(found => found != Outcome.ChainRefused).Distinct().ToArray();
        Assert.True(found is [var only] && only == outcome, string.Create(CultureInfo.InvariantCulture, $"{chain[0].Kind} {chain[0].Id}: {string.Join(", ", results.Select(result => result.Outcome))} instead of {outcome}"));
    }
}
