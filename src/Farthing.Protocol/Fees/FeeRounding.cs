namespace Farthing.Protocol.Fees;

/// <summary>How a rail makes whole minor units of what it takes.</summary>
public enum FeeRounding
{
    /// <summary>Always up. Assumed where a rail does not say.</summary>
    Up,

    /// <summary>To the nearest, a half up.</summary>
    Nearest,
}
