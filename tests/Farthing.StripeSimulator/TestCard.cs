namespace Farthing.StripeSimulator;

/// <summary>Card numbers that Stripe publishes for tests at https://docs.stripe.com/testing, and what becomes of a charge while their owner is away.</summary>
public static class TestCard
{
    /// <summary>Always succeeds.</summary>
    public const string Visa = "4242424242424242";

    /// <summary>Wants its owner to confirm when it is left, and is charged after that with nobody there.</summary>
    public const string ConfirmedWhenLeft = "4000002500003155";

    /// <summary>Wants its owner to confirm each payment.</summary>
    public const string ConfirmedAlways = "4000002760003184";

    /// <summary>Can be left, and is declined at each charge.</summary>
    public const string DeclinedAfterwards = "4000000000000341";

    /// <summary>Has too little money.</summary>
    public const string Poor = "4000000000009995";

    /// <summary>Has expired.</summary>
    public const string Expired = "4000000000000069";

    /// <summary>Was lost.</summary>
    public const string Lost = "4000000000009987";

    /// <summary>Code and decline code of a charge while nobody is there; null if it succeeds. As in https://docs.stripe.com/declines/codes and https://docs.stripe.com/error-codes.</summary>
    internal static (string Code, string DeclineCode)? Refuses(string number) => number switch
    {
        ConfirmedAlways => ("authentication_required", "authentication_required"),
        DeclinedAfterwards => ("card_declined", "generic_decline"),
        Poor => ("card_declined", "insufficient_funds"),
        Expired => ("expired_card", "expired_card"),
        Lost => ("card_declined", "lost_card"),
        _ => null,
    };
}
