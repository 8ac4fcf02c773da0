using System.Runtime.CompilerServices;
using Farthing.Ledger.State;

namespace Farthing.Ledger.Tests.State;

public class IdIndexTests
{
    [Fact]
    public void Every_id_is_found_with_what_it_was_bound_to_however_the_table_grew()
    {
        const int Count = 200_000;
        var index = new IdIndex();
        for (var i = 1; i <= Count; i++)
        {
            var place = new Place(i * 7L, i % 32, false, i % 31, i % 2 == 0);
            index.Bind(IdOf(i), (UInt128)i, (RecordKind)(1 + (i % 10)), i % 3 == 0 ? Outcome.InsufficientFunds : Outcome.Done, place);
        }

        for (var i = 1; i <= Count; i++)
        {
            ref var entry = ref index.Find(IdOf(i));
            Assert.Equal(
                ((UInt128)i, i * 7L, (RecordKind)(1 + (i % 10)), i % 3 == 0 ? Outcome.InsufficientFunds : Outcome.Done, (i * 7L) - (i % 32), i % 31, i % 2 == 0, -1L, Resolution.Open),
                (entry.Digest, entry.Position, entry.Kind, entry.Outcome, entry.ChainStart, entry.BoundIndex, entry.IsLastBound, entry.LastCitation, entry.Resolution));
            Assert.True(Unsafe.IsNullRef(ref index.Find(IdOf(-i))));
        }
    }

    [Fact]
    public void Citations_and_resolutions_are_undone_with_their_chain_and_kept_otherwise()
    {
        var index = new IdIndex();
        index.Bind(5, 1, RecordKind.Hold, Outcome.Done, new Place(40, 3, false, 2, true));
        index.Cite(ref index.Find(5), 50);
        index.Find(5).Resolution = Resolution.Expired;
        index.RollBack();
        Assert.Equal((-1L, Resolution.Open), (index.Find(5).LastCitation, index.Find(5).Resolution));

        Assert.Equal(-1, index.Cite(ref index.Find(5), (1L << 50) + 1));
        index.Find(5).Resolution = Resolution.Voided;
        index.Commit();
        index.RollBack();
        Assert.Equal(((1L << 50) + 1, Resolution.Voided, 37L, 2, true), (index.Find(5).LastCitation, index.Find(5).Resolution, index.Find(5).ChainStart, index.Find(5).BoundIndex, index.Find(5).IsLastBound));
    }

    [Fact]
    public void A_position_that_cannot_be_named_is_a_bug_and_throws() =>
        Assert.Throws<InvalidOperationException>(() => new IdIndex().Bind(5, 1, RecordKind.Hold, Outcome.Done, new Place(1L << 51, 0, true, 0, true)));

    private static UInt128 IdOf(int i) => new((ulong)(1_700_000_000_000 + i) << 16, unchecked((ulong)i << 32));
}
