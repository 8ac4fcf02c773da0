using System.Globalization;
using Farthing.Protocol;

namespace Farthing.Client;

/// <summary>What rails and operator take of a price.</summary>
/// <remarks>Takes no key.</remarks>
public sealed class FeeCalls
{
    private readonly Caller caller;

    internal FeeCalls(Caller caller) => this.caller = caller;

    /// <summary>Compares what reaches the payee of a price, paid directly over each rail and paid through this server.</summary>
    /// <param name="price">The price of one thing.</param>
    /// <param name="topUp">What payers usually top up by, in the same currency; the server's default if null.</param>
    /// <param name="payout">What is usually paid out at once, in the same currency; the server's default if null.</param>
    /// <param name="day">The day whose prices of rails hold; today if null.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<FeeTable> CompareFeesAsync(Amount price, Amount? topUp = null, Amount? payout = null, DateOnly? day = null, CancellationToken cancellation = default)
    {
        if ((topUp ?? price).Asset != price.Asset || (payout ?? price).Asset != price.Asset) throw new ArgumentException("Price, top-up and payout are in one currency.", nameof(price));
        var path = $"/v1/fees?price={price.ToDecimalString()}&currency={price.Asset.Code}";
        if (topUp is { } usual) path += $"&topUp={usual.ToDecimalString()}";
        if (payout is { } paidOut) path += $"&payout={paidOut.ToDecimalString()}";
        if (day is { } date) path += string.Create(CultureInfo.InvariantCulture, $"&day={date:yyyy-MM-dd}");
        return caller.GetAsync(path, Wire.Default.FeeTable, cancellation);
    }
}

/// <summary>What a price costs by every rail.</summary>
public sealed record FeeTable
{
    /// <summary>The day whose prices of rails hold.</summary>
    public required DateOnly Day { get; init; }

    /// <summary>The operator's fee, in hundredths of a percent.</summary>
    public required int FeeBasisPoints { get; init; }

    /// <summary>One for each rail.</summary>
    public required IReadOnlyList<RailFees> Lines { get; init; }
}

/// <summary>What a price costs by one rail. Millionths are of what the payer pays in; a direct cost may be many times that.</summary>
public sealed record RailFees
{
    /// <summary>Where the money comes from.</summary>
    public required string Rail { get; init; }

    /// <summary>Where it goes to.</summary>
    public required string PayoutRail { get; init; }

    /// <summary>The price, in a currency that the rail moves.</summary>
    public required Amount Price { get; init; }

    /// <summary>The price paid directly over the rail.</summary>
    public required DirectFees Directly { get; init; }

    /// <summary>The price paid from a wallet.</summary>
    public required PooledFees ThroughFarthing { get; init; }

    /// <summary>Where the figures are from.</summary>
    public required IReadOnlyList<FeeSource> Schedules { get; init; }
}

/// <summary>A price paid directly over a rail.</summary>
public sealed record DirectFees
{
    /// <summary>What the rail takes.</summary>
    public required Amount Cost { get; init; }

    /// <summary>The same, in millionths of the price.</summary>
    public required long CostMillionths { get; init; }

    /// <summary>False if the rail moves no such amount.</summary>
    public required bool Possible { get; init; }

    /// <summary>The least that it moves.</summary>
    public required Amount Minimum { get; init; }
}

/// <summary>A price paid from a wallet, with its part of a top-up and of a payout.</summary>
public sealed record PooledFees
{
    /// <summary>The usual top-up.</summary>
    public required Amount TopUp { get; init; }

    /// <summary>What the rail takes of it.</summary>
    public required Amount TopUpCost { get; init; }

    /// <summary>The price's part of that, in millionths.</summary>
    public required long TopUpMillionths { get; init; }

    /// <summary>The operator's fee.</summary>
    public required Amount Fee { get; init; }

    /// <summary>The same, in millionths.</summary>
    public required long FeeMillionths { get; init; }

    /// <summary>The usual payout.</summary>
    public required Amount Payout { get; init; }

    /// <summary>What the rail takes of it.</summary>
    public required Amount PayoutCost { get; init; }

    /// <summary>The price's part of that, in millionths.</summary>
    public required long PayoutMillionths { get; init; }

    /// <summary>All of these, in millionths.</summary>
    public required long CostMillionths { get; init; }

    /// <summary>What reaches the payee.</summary>
    public required Amount Kept { get; init; }

    /// <summary>The same, in millionths.</summary>
    public required long KeptMillionths { get; init; }
}

/// <summary>Where a figure is from.</summary>
public sealed record FeeSource
{
    /// <summary>Rail, currency and first day of the schedule.</summary>
    public required string Version { get; init; }

    /// <summary>Where it was published.</summary>
    public required string Source { get; init; }

    /// <summary>When it was read there.</summary>
    public required DateOnly ReadOn { get; init; }

    /// <summary>What to know before relying on it.</summary>
    public required string Note { get; init; }
}
