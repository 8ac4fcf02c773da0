namespace Farthing.Protocol.Tests;

/// <summary>Keys and ids that are the same in every run, so that golden bytes are stable.</summary>
internal static class Keys
{
    public static SigningKey Payee { get; } = FromByte(1);

    public static SigningKey Operator { get; } = FromByte(2);

    public static SigningKey Stranger { get; } = FromByte(3);

    /// <summary>An id of 2026-11-23T00:00:00Z whose other bits are <paramref name="low"/>.</summary>
    public static UInt128 IdOf(ulong low) => new(1_795_392_000_000UL << 16, low);

    private static SigningKey FromByte(byte value)
    {
        var seed = new byte[32];
        Array.Fill(seed, value);
        return SigningKey.FromSeed(seed);
    }
}
