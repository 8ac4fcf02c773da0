using System.Runtime.CompilerServices;
using Farthing.Ledger.State;

namespace Farthing.Ledger.Tests.State;

public class IdIndexTests
{
    [Fact]
    public void Every_id_is_found_with_what_it_was_bound_to_however_the_table_grew()
    {
        var count = Effort.Of(200_000);
        var index = new IdIndex();
        for (var i = 1; i <= count; i++)
        {
            var place = new Place(i * 7L, i % 32, false, i % 31, i % 2 == 0);
            index.Bind(IdOf(i), (UInt128)i, (RecordKind)(1 + (i % 10)), i % 3 == 0 ? Outcome.InsufficientFunds : Outcome.Done, place);
        }

        for (var i = 1; i <= count; i++)
        {
            ref readonly var entry = ref index.Find(IdOf(i));
            var expected = new IdEntry(IdOf(i), (UInt128)i, i * 7L, (RecordKind)(1 + (i % 10)), i % 3 == 0 ? Outcome.InsufficientFunds : Outcome.Done, (byte)(i % 32), (byte)(i % 31), i % 2 == 0);
            Assert.Equal(expected, entry);
            Assert.Equal((i * 7L) - (i % 32), entry.ChainStart);
            Assert.True(Unsafe.IsNullRef(in index.Find(IdOf(-i))));
        }
    }

    [Fact]
    public void Citations_are_undone_with_their_chain_and_kept_otherwise()
    {
        var index = new IdIndex();
        index.Cite(5, 50, RecordKind.Refund);
        index.Commit();
        index.Cite(5, 60, RecordKind.Refund);
        index.Cite(5, 61, RecordKind.Refund);
        index.Cite(6, 62, RecordKind.Void);
        index.RollBack();
        Assert.True(index.TryFindCitation(5, out var citation));
        Assert.Equal(new Citation(5, 50, RecordKind.Refund), citation);
        Assert.False(index.TryFindCitation(6, out _));

        index.Cite(6, 70, RecordKind.Post);
        index.Commit();
        index.RollBack();
        Assert.True(index.TryFindCitation(6, out citation));
        Assert.Equal(new Citation(6, 70, RecordKind.Post), citation);
    }

    [Fact]
    public void An_account_that_was_not_opened_after_all_leaves_its_id_free()
    {
        var index = new IdIndex();
        index.Bind(5, 0, RecordKind.OpenAccount, Outcome.Done, new Place(1, 0, true, 0, false));
        index.Unbind(5);
        index.Unbind(6);
        Assert.True(Unsafe.IsNullRef(in index.Find(5)));
        index.Bind(5, 1, RecordKind.Transfer, Outcome.Done, new Place(2, 0, true, 0, true));
        Assert.Equal(RecordKind.Transfer, index.Find(5).Kind);
    }

    private static UInt128 IdOf(int i) => new((ulong)(1_700_000_000_000 + i) << 16, unchecked((ulong)i << 32));
}
