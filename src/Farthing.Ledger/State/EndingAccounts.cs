using System.Diagnostics.CodeAnalysis;

namespace Farthing.Ledger.State;

/// <summary>When an account ends, and who gets what is left. The default is never.</summary>
/// <param name="UnixMilliseconds">The first moment at which it has ended.</param>
/// <param name="Heir">An account that does not end.</param>
internal readonly record struct AccountEnd(long UnixMilliseconds, UInt128 Heir)
{
    public bool IsNever => UnixMilliseconds == 0;
}

/// <summary>An account that ends.</summary>
internal sealed class EndingAccount : IDeadlined
{
    /// <summary>Its number in <see cref="AccountTable"/>.</summary>
    public required int Number { get; init; }

    public required AccountEnd End { get; init; }

    /// <summary>The record that opened it.</summary>
    public required long Position { get; init; }

    public long Deadline => End.UnixMilliseconds;

    public bool IsLive { get; set; } = true;

    /// <summary>True once it could not be forgotten when it was due, until its holds are resolved.</summary>
    public bool IsHeldUp { get; set; }
}

/// <summary>What only accounts that end have, so that it costs the others nothing; and the order in which they are forgotten.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class EndingAccounts
{
    private readonly Dictionary<int, EndingAccount> accounts = [];
    private readonly DeadlineQueue<EndingAccount> queue = new();

    // Of how many accounts each is the heir.
    private readonly Dictionary<UInt128, int> heirs = [];

    /// <summary>The end of the next one that is not held up, or long.MaxValue.</summary>
    public long NextEnd => queue.TryPeek(out var account) ? account.Deadline : long.MaxValue;

    /// <summary>All heirs.</summary>
    public IEnumerable<UInt128> Heirs => heirs.Keys;

    /// <summary>The end of the account with a number.</summary>
    public AccountEnd this[int number] => accounts[number].End;

    public bool IsHeir(UInt128 id) => heirs.ContainsKey(id);

    public void Add(int number, in AccountEnd end, long openedPosition)
    {
        var account = new EndingAccount { Number = number, End = end, Position = openedPosition };
        accounts.Add(number, account);
        queue.Add(account);
        heirs[end.Heir] = heirs.GetValueOrDefault(end.Heir) + 1;
    }

    public void Remove(int number)
    {
        accounts.Remove(number, out var account);
        account!.IsLive = false;
        var heir = account.End.Heir;
        if (--heirs[heir] == 0) heirs.Remove(heir);
    }

    /// <summary>The first that is not held up and whose end is not after <paramref name="time"/>.</summary>
    public bool TryPeek(long time, [NotNullWhen(true)] out EndingAccount? account) => queue.TryPeek(out account) && account.Deadline <= time;

    /// <summary>Takes the one that was peeked at out of the order, until its holds are resolved.</summary>
    public void HoldUp(EndingAccount account)
    {
        account.IsHeldUp = true;
        queue.Dequeue();
    }

    /// <summary>Puts an account on which nothing is held any more in the order again, if it was held up.</summary>
    public void GoOn(int number)
    {
        var account = accounts[number];
        if (!account.IsHeldUp) return;
        account.IsHeldUp = false;
        queue.Add(account);
    }

    public void Sweep() => queue.Sweep(accounts.Count);
}
