using Farthing.Ledger;

namespace Farthing.Payments.Mandates;

/// <summary>Chains that move a wallet's money outside of payments, counted on the wallet's own caps.</summary>
internal static class CappedChain
{
    // Each lost try means that a day, a week or a month ended in between.
    private const int MaxTries = 3;

    /// <summary>Submits a chain together with the use of the caps that a wallet has at that moment.</summary>
    /// <param name="ledger">The ledger.</param>
    /// <param name="time">The clock.</param>
    /// <param name="caps">The wallet's own; null if it has none.</param>
    /// <param name="units">How much of the wallet's money moves.</param>
    /// <param name="chain">The chain. One command of it, the transfer or hold that takes the money, gives the uses their leg ids, digest, kind and deadline.</param>
    /// <param name="price">Which one that is.</param>
    /// <returns>The answers to the chain, those to the uses behind them; null if the ledger takes no work, in which case nothing was done.</returns>
    public static async ValueTask<CommandResult[]?> TrySubmitCappedAsync(this Ledger.Ledger ledger, TimeProvider time, CountedCaps? caps, UInt128 units, Command[] chain, int price)
    {
        if (caps is null) return await ledger.TrySubmitAsync(chain);
        for (var tries = 1; ; tries++)
        {
            var uses = caps.At(ledger.NowUnixMilliseconds(time));
            var openings = Allowance.NotOpen(uses);
            var start = Allowance.OpeningLength * openings.Count;
            var commands = new Command[start + chain.Length + openings.Count + uses.Count];
            for (var i = 0; i < openings.Count; i++) openings[i].WriteOpening(commands.AsSpan(Allowance.OpeningLength * i));
            chain.CopyTo(commands, start);
            for (var i = 0; i < openings.Count; i++) commands[start + chain.Length + i] = openings[i].Reopening();
            for (var i = 0; i < uses.Count; i++)
                commands[start + chain.Length + openings.Count + i] = uses[i].Use(chain[price].Id, chain[price].Digest, units, chain[price].Kind == RecordKind.Hold, chain[price].DeadlineUnixMilliseconds);
            LedgerCalls.Link(commands.AsSpan(start));

            if (await ledger.TrySubmitManyAsync(commands) is not { } results) return null;
            if (Array.Exists(results, result => result.Outcome == Outcome.AccountEnded) && tries < MaxTries) continue;
            foreach (var opened in openings) opened.MarkOpen();
            return results[start..];
        }
    }
}
