using Farthing.Ledger.State;
using Farthing.Ledger.Tests.State;
using Farthing.Protocol;

namespace Farthing.Ledger.Tests.Journal.Sealing;

/// <summary>What a state machine does about ids that it has left to sealed segments.</summary>
public sealed class SealedIdsTests : IDisposable
{
    private const long Start = 1_700_000_000_000;
    private static readonly UInt128 Hold = NewId(100);
    private static readonly UInt128 Paid = NewId(101);

    private readonly SealedWorld world = new(segmentBlocks: 2);
    private readonly RecordedLedger ledger;
    private ulong counter = 1_000;

    public SealedIdsTests()
    {
        ledger = new(world: world);
        Apply(Command.OpenAccount(1, Asset.Usd, AccountFlags.None));
        Apply(Command.OpenAccount(2, Asset.Usd, AccountFlags.None));
        Apply(Command.Hold(Hold, 7, 1, 2, new(Asset.Usd, 10), TransferCode.Payment, Start + 10_000));
        Apply(Command.Transfer(Paid, 7, 1, 2, new(Asset.Usd, 10), TransferCode.Payment, Start + 10_000));
        // A segment holds one batch here, and ids are dropped one segment later.
        for (var i = 0; i < 6; i++) Apply(Claim());
        Assert.True(world.SealedEnd > 6);
        Assert.False(ledger.State.TryGetPosition(Hold, out _));
        Assert.False(ledger.State.TryGetPosition(Paid, out _));
    }

    [Fact]
    public void An_open_hold_is_posted_and_voided_and_known_to_be_so()
    {
        Assert.Equal([Outcome.Done], Apply(Command.Post(Next(), 7, Hold, 4)));
        Assert.Equal([Outcome.HoldAlreadyPosted], Apply(Command.Void(Next(), 7, Hold)));
        for (var i = 0; i < 6; i++) Apply(Claim());
        Assert.Equal([Outcome.HoldAlreadyPosted], Apply(Command.Void(Next(), 7, Hold)));
        ledger.AssertReplayGivesTheSame();
    }

    [Fact]
    public void A_hold_that_its_own_chain_resolved_is_known_to_be_so()
    {
        var post = Command.Post(Next(), 7, Hold, 4);
        var @void = Command.Void(Next(), 7, Hold);
        Assert.Equal([Outcome.ChainRefused, Outcome.HoldAlreadyPosted], Apply(post with { Linked = true }, @void));
        Assert.Equal([Outcome.ChainRefused, Outcome.HoldAlreadyVoided], Apply(Command.Void(Next(), 7, Hold) with { Linked = true }, Command.Post(Next(), 7, Hold, 4)));
        Assert.Equal([Outcome.Done], Apply(Command.Void(Next(), 7, Hold)));
        ledger.AssertReplayGivesTheSame();
    }

    [Fact]
    public void An_open_hold_is_not_refundable()
    {
        Assert.Equal([Outcome.CitedIsNotRefundable], Apply(Command.Refund(Next(), 7, Hold, 0, TransferCode.Refund)));
        ledger.AssertReplayGivesTheSame();
    }

    [Fact]
    public void A_payment_is_refunded_until_nothing_is_left()
    {
        Assert.Equal([Outcome.Done], Apply(Command.Refund(Next(), 7, Paid, 4, TransferCode.Refund)));
        for (var i = 0; i < 6; i++) Apply(Claim());
        Assert.Equal([Outcome.Done], Apply(Command.Refund(Next(), 7, Paid, 6, TransferCode.Refund)));
        Assert.Equal([Outcome.ExceedsRefundable], Apply(Command.Refund(Next(), 7, Paid, 1, TransferCode.Refund)));
        var refunds = ledger.Records.Where(record => record is { Command.Kind: RecordKind.Refund, Outcome: Outcome.Done }).ToList();
        Assert.Equal([-1, refunds[0].Position], refunds.Select(refund => refund.PreviousCitation));
        ledger.AssertReplayGivesTheSame();
    }

    [Fact]
    public void Another_state_machine_is_told_of_sealed_ids_too()
    {
        world.Ids.Prepare(ledger.State, [Claim()]);
        Assert.Equal(world.SealedEnd, ledger.State.SealedEnd);
        // As when an opening failed halfway, and begins again with the same sealed segments.
        var fresh = new LedgerState();
        var buffer = new BatchBuffer();
        fresh.BeginBatch(Start, buffer);
        Command[] chain = [Command.Claim(Paid, 8, 5)];
        var results = new CommandResult[1];
        world.Ids.Prepare(fresh, chain);
        fresh.ApplyChain(chain, results, buffer);
        Assert.Equal(Outcome.IdAlreadyUsed, results[0].Outcome);
        Assert.Equal(world.SealedEnd, fresh.SealedEnd);
    }

    public void Dispose() => world.Dispose();

    private static UInt128 NewId(ulong number) => new((ulong)Start << 16, number);

    private UInt128 Next() => NewId(++counter);

    private Command Claim() => Command.Claim(Next(), 7, 5);

    private Outcome[] Apply(params Command[] chain) => [.. ledger.Apply(Start, chain)[0].Select(answer => answer.Outcome)];
}
