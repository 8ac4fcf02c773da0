using Farthing.Protocol;

namespace Farthing.Client;

/// <summary>Money in.</summary>
/// <remarks>Takes the wallet's key.</remarks>
public sealed class TopUpCalls
{
    private readonly Caller caller;

    internal TopUpCalls(Caller caller) => this.caller = caller;

    /// <summary>Puts money into a wallet.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<TopUp> CreateTopUpAsync(Id<WalletKind> wallet, NewTopUp topUp, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/wallets/{wallet}/top-ups", topUp, Wire.Default.NewTopUp, idempotencyKey, Wire.Default.TopUp, cancellation);

    /// <summary>Reads a top-up.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<TopUp> ReadTopUpAsync(Id<WalletKind> wallet, Id<TopUpKind> topUp, CancellationToken cancellation = default) =>
        caller.GetAsync($"/v1/wallets/{wallet}/top-ups/{topUp}", Wire.Default.TopUp, cancellation);

    /// <summary>Tops a wallet up by itself when it falls below a floor.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<AutomaticTopUp> SetAutomaticTopUpAsync(Id<WalletKind> wallet, NewAutomaticTopUp automatic, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/wallets/{wallet}/automatic-top-up", automatic, Wire.Default.NewAutomaticTopUp, idempotencyKey, Wire.Default.AutomaticTopUp, cancellation);

    /// <summary>Reads how a wallet is topped up by itself.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<AutomaticTopUp> ReadAutomaticTopUpAsync(Id<WalletKind> wallet, CancellationToken cancellation = default) =>
        caller.GetAsync($"/v1/wallets/{wallet}/automatic-top-up", Wire.Default.AutomaticTopUp, cancellation);

    /// <summary>Tops a wallet up by itself no longer.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<AutomaticTopUp> StopAutomaticTopUpAsync(Id<WalletKind> wallet, string idempotencyKey, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/wallets/{wallet}/automatic-top-up/stop", idempotencyKey, Wire.Default.AutomaticTopUp, cancellation);

    /// <summary>Takes unspent money back to where it came from: all that can go back, if no amount is named.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<WalletPayout> CreateWalletPayoutAsync(Id<WalletKind> wallet, string idempotencyKey, Amount? amount = null, CancellationToken cancellation = default) =>
        caller.PostAsync($"/v1/wallets/{wallet}/payouts", new PartAmount { Amount = amount }, Wire.Default.PartAmount, idempotencyKey, Wire.Default.WalletPayout, cancellation);

    /// <summary>Reads how much unspent money could go back now.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<WalletPayouts> ReadWalletPayoutsAsync(Id<WalletKind> wallet, CancellationToken cancellation = default) =>
        caller.GetAsync($"/v1/wallets/{wallet}/payouts", Wire.Default.WalletPayouts, cancellation);

    /// <summary>Reads where money stands that goes back.</summary>
    /// <exception cref="FarthingException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<WalletPayout> ReadWalletPayoutAsync(Id<WalletKind> wallet, Id<PayoutKind> payout, CancellationToken cancellation = default) =>
        caller.GetAsync($"/v1/wallets/{wallet}/payouts/{payout}", Wire.Default.WalletPayout, cancellation);

    /// <summary>Reads what a top-up would cost, before it is made.</summary>
    /// <exception cref="FarthingException">The server refused, as it would refuse the top-up.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer.</exception>
    public Task<TopUpCost> ReadTopUpCostAsync(Id<WalletKind> wallet, string rail, Amount amount, CancellationToken cancellation = default) =>
        caller.GetAsync($"/v1/wallets/{wallet}/top-ups/cost{Query.Member("rail", rail)}&amount={amount.ToDecimalString()}", Wire.Default.TopUpCost, cancellation);
}

/// <summary>A top-up to be made.</summary>
public sealed record NewTopUp
{
    /// <summary>How much.</summary>
    public required Amount Amount { get; init; }

    /// <summary>Where the money comes from; <c>sandbox</c> is play money.</summary>
    public required string Rail { get; init; }

    /// <summary>What the rail of play money does: <c>fail</c>, <c>delay:5</c>; null posts at once.</summary>
    public string? Sandbox { get; init; }

    /// <summary>Where the page of the card processor leads back to; null for the server's own page.</summary>
    public string? ReturnUrl { get; init; }
}

/// <summary>Money in.</summary>
public sealed record TopUp
{
    /// <summary>Its id.</summary>
    public required Id<TopUpKind> Id { get; init; }

    /// <summary><c>pending</c>, <c>posted</c> or <c>failed</c>.</summary>
    public required string Status { get; init; }

    /// <summary>What the payer is charged.</summary>
    public required Amount Amount { get; init; }

    /// <summary>What the rail takes of it.</summary>
    public required Amount Cost { get; init; }

    /// <summary>What comes to the wallet.</summary>
    public required Amount Credited { get; init; }

    /// <summary>What the payer has still to do, such as a page to open; or null.</summary>
    public string? NextAction { get; init; }
}

/// <summary>What a top-up would cost.</summary>
public sealed record TopUpCost
{
    /// <summary>What the payer would be charged.</summary>
    public required Amount Amount { get; init; }

    /// <summary>What the rail would take of it.</summary>
    public required Amount Cost { get; init; }

    /// <summary>What would come to the wallet.</summary>
    public required Amount Credited { get; init; }
}

/// <summary>Unspent money on its way back.</summary>
public sealed record WalletPayout
{
    /// <summary>Its id.</summary>
    public required Id<PayoutKind> Id { get; init; }

    /// <summary><c>pending</c> as long as a part is; <c>posted</c> if any of it has gone back; else <c>failed</c>.</summary>
    public required string Status { get; init; }

    /// <summary>What was asked to go back.</summary>
    public required Amount Amount { get; init; }

    /// <summary>What has gone back.</summary>
    public required Amount Returned { get; init; }

    /// <summary>What goes back to which top-up, newest top-up first.</summary>
    public required IReadOnlyList<WalletPayoutPart> Parts { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>What goes back to one top-up.</summary>
public sealed record WalletPayoutPart
{
    /// <summary>The top-up.</summary>
    public required Id<TopUpKind> TopUp { get; init; }

    /// <summary>How much.</summary>
    public required Amount Amount { get; init; }

    /// <summary><c>pending</c>, <c>posted</c>, or <c>failed</c>: then it is the wallet's again.</summary>
    public required string Status { get; init; }
}

/// <summary>What of a wallet can go back.</summary>
public sealed record WalletPayouts
{
    /// <summary>How much could go back now.</summary>
    public required Amount Available { get; init; }
}

/// <summary>How a wallet is to be topped up by itself.</summary>
public sealed record NewAutomaticTopUp
{
    /// <summary>Below what.</summary>
    public required Amount Floor { get; init; }

    /// <summary>By how much.</summary>
    public required Amount Amount { get; init; }

    /// <summary>By what.</summary>
    public required string Rail { get; init; }

    /// <summary>At most how often on a day, in UTC; null for once.</summary>
    public int? MostPerDay { get; init; }

    /// <summary>With the rail <c>card</c>, where its page leads back to; null for the wallet's pages.</summary>
    public string? ReturnUrl { get; init; }
}

/// <summary>How a wallet is topped up by itself.</summary>
public sealed record AutomaticTopUp
{
    /// <summary>Below what.</summary>
    public required Amount Floor { get; init; }

    /// <summary>By how much.</summary>
    public required Amount Amount { get; init; }

    /// <summary>At most how often on a day, in UTC.</summary>
    public required int MostPerDay { get; init; }

    /// <summary>By what.</summary>
    public required string Rail { get; init; }

    /// <summary><c>on</c>, <c>off</c>, or <c>waiting</c>: until the payer was at <see cref="NextAction"/>.</summary>
    public required string Status { get; init; }

    /// <summary>Why it stopped itself, or what went wrong last; null for nothing.</summary>
    public string? Fault { get; init; }

    /// <summary>The fault in a sentence for the payer; null for none.</summary>
    public string? Reason { get; init; }

    /// <summary>The page at which the payer agrees, pays a first top-up and leaves a card; null if it waits for none.</summary>
    public string? NextAction { get; init; }

    /// <summary>The card it is charged to; null for none.</summary>
    public SavedCard? Card { get; init; }
}

/// <summary>A card that a payer left with the card processor, as far as it may be shown.</summary>
public sealed record SavedCard
{
    /// <summary>Such as <c>visa</c>; null if it is not known.</summary>
    public string? Brand { get; init; }

    /// <summary>Its last four digits; null if they are not known.</summary>
    public string? LastFour { get; init; }

    /// <summary>The month of its end, such as <c>2030-12</c>; null if it is not known.</summary>
    public string? Expires { get; init; }
}
