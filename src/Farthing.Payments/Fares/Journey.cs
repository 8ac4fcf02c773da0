using Farthing.Protocol;

namespace Farthing.Payments.Fares;

/// <summary>Which way a card went past a reader. Numbers are stored.</summary>
public enum TapDirection : byte
{
    /// <summary>Into the operator's vehicles or stations.</summary>
    In = 1,

    /// <summary>Out of them.</summary>
    Out = 2,
}

/// <summary>A card was held to a reader. Times are Unix milliseconds.</summary>
/// <param name="Id">Its id.</param>
/// <param name="UnixMilliseconds">When it was held there, by the reader's clock.</param>
/// <param name="ArrivedUnixMilliseconds">When the server heard of it.</param>
/// <param name="Direction">Which way it went; null where fares are flat.</param>
/// <param name="Zone">Where that was; null where fares are flat.</param>
/// <remarks>Immutable; safe to share between threads.</remarks>
public sealed record FareTap(UInt128 Id, long UnixMilliseconds, long ArrivedUnixMilliseconds, TapDirection? Direction, string? Zone);

/// <summary>What taps make: a way from one reader to another. It belongs to the fare day of its first tap.</summary>
/// <param name="First">The tap that it is known by.</param>
/// <param name="Last">The tap that completed it; null if there is none, or fares are flat.</param>
/// <param name="Fare">What it costs by itself.</param>
/// <param name="IsComplete">False while a tap is missing.</param>
/// <remarks>Immutable; safe to share between threads.</remarks>
public sealed record Journey(FareTap First, FareTap? Last, Amount Fare, bool IsComplete);
