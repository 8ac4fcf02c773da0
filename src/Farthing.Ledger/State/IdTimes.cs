using Farthing.Protocol;

namespace Farthing.Ledger.State;

/// <summary>Which times the ids of a set have.</summary>
/// <param name="Lowest">The earliest time of an id that has one, Unix milliseconds; 0 if none has.</param>
/// <param name="Highest">The latest; 0 if none has.</param>
/// <param name="Timeless">How many ids have the time zero, which is none; from <see cref="int.MaxValue"/> on there is no more counting.</param>
internal readonly record struct IdTimes(long Lowest, long Highest, int Timeless)
{
    /// <summary>These times and that of one more id.</summary>
    public IdTimes With(UInt128 id)
    {
        var time = IdBytes.TimeOf(id);
        if (time == 0) return this with { Timeless = Timeless + 1 };
        return time >= Lowest && time <= Highest ? this : new(Lowest == 0 ? time : Math.Min(Lowest, time), Math.Max(Highest, time), Timeless);
    }

    /// <summary>These times and those of another set.</summary>
    public IdTimes With(in IdTimes other) => new(
        Lowest == 0 || other.Lowest == 0 ? Lowest + other.Lowest : Math.Min(Lowest, other.Lowest),
        Math.Max(Highest, other.Highest),
        (int)Math.Min(int.MaxValue, (long)Timeless + other.Timeless));

    /// <summary>False if the set cannot hold an id of this time.</summary>
    public bool MayHold(long time) => time == 0 ? Timeless > 0 : time >= Lowest && time <= Highest;
}
