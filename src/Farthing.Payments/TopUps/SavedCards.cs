using System.Collections.Concurrent;
using Farthing.Ledger;
using Farthing.Payments.Settings;
using Farthing.Protocol;

namespace Farthing.Payments.TopUps;

/// <summary>Makes rails forget the cards that no wallet is topped up by any more, and keeps them from being charged until they are forgotten.</summary>
/// <remarks>
/// Nothing is written down for it: whether a card is needed is asked of the settings, about every card at a start, and about one whenever a setting has ended or its card was left. Thread-safe.
/// </remarks>
internal sealed class SavedCards(Ledger.Ledger ledger, IReadOnlyList<ISavingRail> rails, Func<UInt128, UInt128, ValueTask<bool>> isAgreedAsync, TimeProvider time)
{
    private const int AtOnce = 4;

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    private readonly Abreast removals = new(AtOnce, time);

    // By the top-ups at whose pages they were left: when to look at them, and how much longer it is put off each time.
    private readonly ConcurrentDictionary<UInt128, (DateTimeOffset LookAt, TimeSpan Pause)> doubtful = new();

    /// <summary>A card may be needed no more.</summary>
    public void Doubt(UInt128 agreed) => doubtful[agreed] = (DateTimeOffset.MinValue, FirstPause);

    /// <summary>Reads at start which cards were left.</summary>
    public async ValueTask LoadAsync()
    {
        foreach (var rail in rails)
        {
            foreach (var agreed in await rail.ListSavedAsync()) Doubt(agreed.Value);
        }
    }

    /// <summary>Removes what nobody needs. What fails is put off, and tried again.</summary>
    /// <exception cref="AggregateException">Some could not be removed; all others were.</exception>
    public ValueTask RemoveUnneededAsync()
    {
        var now = time.GetUtcNow();
        return removals.RunAsync(doubtful.Where(pair => pair.Value.LookAt <= now).Select(pair => pair.Key), TryRemoveAsync, "Some cards could not be removed; they are tried again.");
    }

    /// <summary>Whether a rail may be told to collect by a card: null if so. Else the payer has ended that, and it is pending until the card is forgotten and has failed then, unless it came in before.</summary>
    public async ValueTask<RailStatus?> CheckAsync(UInt128 wallet, IRail rail, string? instruction)
    {
        if (rail is not ISavingRail saving || saving.AgreedIn(instruction) is not { } agreed || await isAgreedAsync(wallet, agreed.Value)) return null;
        return await saving.FindSavedAsync(agreed) is null ? RailStatus.Failed : RailStatus.Pending;
    }

    private async ValueTask TryRemoveAsync(UInt128 agreed)
    {
        if (!doubtful.TryGetValue(agreed, out var known)) return;
        var isRemoved = false;
        try
        {
            isRemoved = await ledger.FindAsync(agreed) is { } hold && await isAgreedAsync(hold.Command.Credit, agreed) || await RemoveAsync(agreed);
        }
        finally
        {
            // Who doubts it again meanwhile has it looked at again.
            var later = (time.GetUtcNow() + known.Pause, known.Pause < LongestPause ? known.Pause * 2 : LongestPause);
            if (isRemoved) doubtful.TryRemove(new(agreed, known));
            else doubtful.TryUpdate(agreed, later, known);
        }
    }

    private async ValueTask<bool> RemoveAsync(UInt128 agreed)
    {
        foreach (var rail in rails)
        {
            if (!await rail.TryRemoveAsync(new(agreed))) return false;
        }

        return true;
    }
}
