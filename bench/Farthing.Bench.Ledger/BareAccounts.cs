namespace Farthing.Bench.Ledger;

/// <summary>The least that a ledger decides in memory: has this id been seen, can the payer pay, and two balances. Nothing of the ledger's. For one thread.</summary>
internal sealed class BareAccounts
{
    // As many ids as a segment of the ledger has: beyond that nothing is looked up in memory there either.
    private const int SlotBits = 21;
    private const int MostIds = 1 << (SlotBits - 1);
    private const ulong Funds = 1_000_000_000_000;

    private readonly Dictionary<UInt128, int> numbers = [];
    private readonly UInt128[] accounts;
    private readonly (UInt128 Debits, UInt128 Credits)[] balances;
    private readonly UInt128[] ids = new UInt128[1 << SlotBits];
    private int idCount;

    public BareAccounts(int count)
    {
        var made = new Workload(accounts: 2);
        accounts = [.. Enumerable.Range(0, count).Select(_ => made.Next().Id)];
        balances = [.. Enumerable.Repeat((UInt128.Zero, (UInt128)Funds), count)];
        for (var i = 0; i < count; i++) numbers.Add(accounts[i], i);
    }

    public void Apply(in Movement movement)
    {
        if (!Remember(movement.Id)) throw new BenchFailedException("An id came twice.");
        ref var debit = ref balances[numbers[accounts[movement.Debit]]];
        ref var credit = ref balances[numbers[accounts[movement.Credit]]];
        if (debit.Debits + movement.Units > debit.Credits) throw new BenchFailedException("An account cannot pay.");
        debit.Debits += movement.Units;
        credit.Credits += movement.Units;
    }

    private bool Remember(UInt128 id)
    {
        if (idCount++ == MostIds)
        {
            Array.Clear(ids);
            idCount = 1;
        }
        for (var slot = (int)((ulong)(id & ulong.MaxValue) >> (64 - SlotBits)); ; slot = (slot + 1) & ((1 << SlotBits) - 1))
        {
            if (ids[slot] == id) return false;
            if (ids[slot] != UInt128.Zero) continue;
            ids[slot] = id;
            return true;
        }
    }
}
