namespace Farthing.Ledger.State;

// To wait for memory is most of what a command costs. So whoever knows which commands come asks for it, in steps: each one needs what the one before asked for.
// None of this changes anything.
internal sealed partial class LedgerState
{
    /// <summary>How many commands ahead to ask for accounts: they arrive after about so many are applied.</summary>
    public const int AccountsAhead = 6;

    /// <summary>How many commands ahead to ask for the slots that lead to accounts.</summary>
    public const int SlotsAhead = 2 * AccountsAhead;

    private const int CommandsAhead = 2 * SlotsAhead;

    /// <summary>Asks for what the commands behind a chain need, which are applied next.</summary>
    /// <param name="commands">All of them.</param>
    /// <param name="start">Where the chain begins.</param>
    /// <param name="length">How long it is.</param>
    public void PrefetchBehind(ReadOnlySpan<Command> commands, int start, int length)
    {
        for (var i = start; i < start + length; i++)
        {
            if (i + CommandsAhead < commands.Length) CacheLines.Prefetch(in commands[i + CommandsAhead]);
            if (i + SlotsAhead < commands.Length) PrefetchSlots(commands[i + SlotsAhead]);
            if (i + AccountsAhead < commands.Length) PrefetchAccounts(commands[i + AccountsAhead]);
        }
    }

    /// <summary>Asks for where the ids of a command are looked for.</summary>
    public void PrefetchSlots(in Command command)
    {
        ids.Prefetch(command.Id);
        accounts.PrefetchSlot(command.Debit);
        accounts.PrefetchSlot(command.Credit);
    }

    /// <summary>Asks for the accounts of a command.</summary>
    public void PrefetchAccounts(in Command command)
    {
        accounts.Prefetch(command.Debit);
        accounts.Prefetch(command.Credit);
    }
}
