namespace Farthing.Payments;

/// <summary>Attempts at something that can be done once, numbered from zero without gaps: a number is used up by what the ledger remembers, a refusal too.</summary>
internal static class FreeNumber
{
    /// <summary>The first number that is not used. Looks at about twice as many as the answer has bits.</summary>
    public static async ValueTask<uint> FindAsync(Func<uint, ValueTask<bool>> isUsed)
    {
        if (!await isUsed(0)) return 0;
        uint free = 1;
        while (await isUsed(free)) free = checked(free * 2);
        var used = free / 2;
        while (free - used > 1)
        {
            var middle = used + ((free - used) / 2);
            if (await isUsed(middle)) used = middle;
            else free = middle;
        }

        return free;
    }
}
