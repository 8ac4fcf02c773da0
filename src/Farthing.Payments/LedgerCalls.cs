using Farthing.Ledger;

namespace Farthing.Payments;

/// <summary>Calls of the ledger whose refusal of all work is an answer here.</summary>
internal static class LedgerCalls
{
    public static Refusal NotReady { get; } = new(RefusalCodes.NotReady, "The ledger takes no new work right now. Repeat with the same key.");

    /// <summary>What deadlines are counted from, in Unix milliseconds: the clock, or the ledger's time if the clock was set back behind it.</summary>
    public static long NowUnixMilliseconds(this Ledger.Ledger ledger, TimeProvider time) => Math.Max(time.GetUtcNow().ToUnixTimeMilliseconds(), ledger.LastBatchUnixMilliseconds);

    /// <summary>An account's counts now, or as they stood at a moment: all zero before it was opened.</summary>
    /// <exception cref="InvalidOperationException">There is no such account.</exception>
    public static async ValueTask<Balances> ReadBalancesAsync(this Ledger.Ledger ledger, UInt128 account, DateTimeOffset? at)
    {
        if (at is { } moment) return await ledger.ReadBalanceAsync(account, moment.ToUnixTimeMilliseconds()) is { } past ? past.Balances : default;
        return await ledger.ReadAccountAsync(account) is { } found ? found.Balances : throw new InvalidOperationException($"There is no account {account:x32}.");
    }

    /// <summary>Submits a chain; null if the ledger takes no work, in which case nothing was done.</summary>
    public static ValueTask<CommandResult[]?> TrySubmitAsync(this Ledger.Ledger ledger, params Command[] chain)
    {
        Link(chain);
        return ledger.TrySubmitManyAsync(chain);
    }

    /// <summary>Makes one chain of commands.</summary>
    public static void Link(Span<Command> chain)
    {
        for (var i = 0; i < chain.Length - 1; i++) chain[i] = chain[i] with { Linked = true };
    }

    /// <summary>Submits commands whose chains are linked already; null if the ledger takes no work, in which case nothing was done.</summary>
    /// <param name="ledger">The ledger.</param>
    /// <param name="commands">The commands.</param>
    /// <param name="resumesBriefly">See <see cref="Ledger.Ledger.SubmitAsync"/>.</param>
    public static async ValueTask<CommandResult[]?> TrySubmitManyAsync(this Ledger.Ledger ledger, Command[] commands, bool resumesBriefly = false)
    {
        try
        {
            return await ledger.SubmitAsync(commands, resumesBriefly);
        }
        catch (LedgerUnreadyException)
        {
            return null;
        }
    }

    /// <summary>Opens accounts or issues allowances: commands that may have been carried out before and must not be refused.</summary>
    /// <returns>False if the ledger takes no work.</returns>
    /// <exception cref="InvalidOperationException">One of them was refused.</exception>
    public static async ValueTask<bool> TryEnsureAsync(this Ledger.Ledger ledger, params Command[] commands)
    {
        try
        {
            var results = await ledger.SubmitAsync(commands);
            for (var i = 0; i < results.Length; i++)
            {
                if (results[i].Outcome != Outcome.Done)
                    throw new InvalidOperationException($"The ledger refused to prepare account {commands[i].Id:x32}: {results[i].Outcome}.");
            }

            return true;
        }
        catch (LedgerUnreadyException)
        {
            return false;
        }
    }
}
