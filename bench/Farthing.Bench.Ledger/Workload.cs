using System.Security.Cryptography;

namespace Farthing.Bench.Ledger;

/// <summary>One movement of money, the same for whoever is measured.</summary>
/// <param name="Id">48 bits of Unix milliseconds and 80 random ones, as callers choose them.</param>
/// <param name="Digest">Stands for the request's digest.</param>
/// <param name="Debit">The index of the account that pays.</param>
/// <param name="Credit">The index of another account.</param>
/// <param name="Units">How much.</param>
internal readonly record struct Movement(UInt128 Id, UInt128 Digest, int Debit, int Credit, uint Units);

/// <summary>How payers and payees are chosen.</summary>
internal enum Pairing
{
    /// <summary>Every account as likely as any other.</summary>
    Uniform,

    /// <summary>Everybody pays the first account.</summary>
    OneHotAccount,

    /// <summary>Few accounts take part in most movements: the n-th most active one in a share of 1/n.</summary>
    Zipf,
}

/// <summary>An endless stream of movements. Not safe to share between threads.</summary>
internal sealed class Workload(int accounts, Pairing pairing = Pairing.Uniform)
{
    private const uint MaxUnits = 1000;
    private const int ClockEvery = 256;

    // 2^32 times the share of accounts 0 to n; only for Zipf.
    private readonly uint[]? shares = pairing == Pairing.Zipf ? ZipfShares(accounts) : null;
    private Numbers numbers = new(RandomNumberGenerator.GetBytes(8));
    private ulong milliseconds;
    private int untilClock;

    public Movement Next()
    {
        if (untilClock-- == 0)
        {
            milliseconds = (ulong)TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
            untilClock = ClockEvery;
        }
        var credit = Account();
        var debit = credit;
        while (debit == credit) debit = pairing == Pairing.OneHotAccount ? numbers.Below(accounts) : Account();
        return new(NextId(), new UInt128(numbers.Next(), numbers.Next()), debit, credit, (uint)numbers.Below((int)MaxUnits) + 1);
    }

    private UInt128 NextId() => new((milliseconds << 16) | (numbers.Next() & 0xffff), numbers.Next());

    private int Account()
    {
        if (pairing == Pairing.OneHotAccount) return 0;
        if (shares is null) return numbers.Below(accounts);
        var at = Array.BinarySearch(shares, (uint)(numbers.Next() >> 32));
        return Math.Min(at < 0 ? ~at : at, accounts - 1);
    }

    private static uint[] ZipfShares(int accounts)
    {
        var total = Enumerable.Range(1, accounts).Sum(n => 1.0 / n);
        var sum = 0.0;
        return [.. Enumerable.Range(1, accounts).Select(n => (uint)Math.Min(uint.MaxValue, (sum += 1.0 / n) / total * uint.MaxValue))];
    }
}

/// <summary>SplitMix64: fast, and good enough to choose accounts. Not for secrets.</summary>
internal struct Numbers(ReadOnlySpan<byte> seed)
{
    private ulong state = BitConverter.ToUInt64(seed);

    public ulong Next()
    {
        unchecked
        {
            var z = state += 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }

    public int Below(int bound) => (int)(((Next() >> 32) * (ulong)bound) >> 32);
}
