using System.Buffers.Binary;
using Farthing.Protocol;

namespace Farthing.Payments.Webhooks;

/// <summary>When something is tried again: after ever longer, each time a little more or less than before, for three days.</summary>
internal static class Backoff
{
    /// <summary>After so long without success nothing is tried any more: three days.</summary>
    public const long GiveUpAfterMilliseconds = 3 * 24 * 3600 * 1000L;

    /// <summary>Nothing is put off for longer than this, whatever an answer asks for: eight hours.</summary>
    public const long LongestMilliseconds = 8 * 3600 * 1000L;

    private const long FirstMilliseconds = 5_000;
    private const int Factor = 3;

    /// <summary>How long to wait after so many failed attempts: about 5 s, 15 s, 45 s, 2 min, 7 min, 20 min, 1 h, 3 h, and then 6 h to 8 h again and again.</summary>
    /// <param name="attempts">How many failed, at least one.</param>
    /// <param name="salt">What is tried: different things are tried again at different times, or all that failed at once would come back at once.</param>
    /// <param name="asked">For how long the other side asked to be left alone, if it did.</param>
    public static long AfterAttempt(int attempts, UInt128 salt, TimeSpan? asked)
    {
        var wait = FirstMilliseconds;
        for (var i = 1; i < attempts && wait < LongestMilliseconds; i++) wait *= Factor;
        wait = Math.Min(wait, LongestMilliseconds);
        // Between three quarters of it and all of it, by a hash: nobody need remember what was drawn.
        wait -= wait / 4 * Draw(attempts, salt) / 256;
        return Math.Min(Math.Max(wait, asked is { } time ? (long)Math.Min(time.TotalMilliseconds, LongestMilliseconds) : 0), LongestMilliseconds);
    }

    private static byte Draw(int attempts, UInt128 salt)
    {
        Span<byte> message = stackalloc byte[20];
        BinaryPrimitives.WriteUInt128BigEndian(message, salt);
        BinaryPrimitives.WriteInt32BigEndian(message[16..], attempts);
        Span<byte> hash = stackalloc byte[Sha256.HashLength];
        Sha256.Hash(message, hash);
        return hash[0];
    }
}
