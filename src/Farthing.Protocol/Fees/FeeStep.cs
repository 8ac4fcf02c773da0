namespace Farthing.Protocol.Fees;

/// <summary>What a rail takes of amounts from <paramref name="From"/> on, up to the next step.</summary>
/// <param name="From">The least amount of this step. The step that an amount falls in holds for the whole amount.</param>
/// <param name="BasisPoints">Hundredths of a percent of the whole amount; below 10,000.</param>
/// <param name="Fixed">Taken besides, whatever the amount.</param>
/// <remarks>A ceiling is a step too: no basis points from the amount on at which the ceiling is reached, and the ceiling as what is fixed. Immutable.</remarks>
public sealed record FeeStep(Amount From, uint BasisPoints, Amount Fixed);
