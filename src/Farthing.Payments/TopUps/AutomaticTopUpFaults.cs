namespace Farthing.Payments.TopUps;

/// <summary>Why automatic top-ups stop themselves, beside refusals of top-ups: stable codes, each with a sentence for the wallet's owner.</summary>
public static class AutomaticTopUpFaults
{
    /// <summary>The rail did not collect, and did not say why.</summary>
    public const string Failed = "top_up_failed";

    /// <summary>The card's bank wants its owner to confirm.</summary>
    public const string AuthenticationRequired = "authentication_required";

    /// <summary>The card's bank says no.</summary>
    public const string CardDeclined = "card_declined";

    /// <summary>The card's account has too little.</summary>
    public const string InsufficientFunds = "insufficient_funds";

    /// <summary>The card's time is over.</summary>
    public const string ExpiredCard = "expired_card";

    /// <summary>The card was left nowhere any more.</summary>
    public const string CardRemoved = "card_removed";

    /// <summary>Nobody paid at the card page in time.</summary>
    public const string PageExpired = "page_expired";

    /// <summary>The payer paid, and the card was not kept.</summary>
    public const string CardNotSaved = "card_not_saved";

    /// <summary>The wallet was recovered with its code.</summary>
    public const string WalletRecovered = "wallet_recovered";

    /// <summary>A top-up was taken back.</summary>
    public const string TakenBack = "top_up_taken_back";

    private static readonly Dictionary<string, string> Sentences = new(StringComparer.Ordinal)
    {
        [Failed] = "The top-up did not come through.",
        [AuthenticationRequired] = "Your bank wants you to confirm a payment by this card yourself, which nobody can while you are away.",
        [CardDeclined] = "Your bank declined the card.",
        [InsufficientFunds] = "There was not enough money on the card's account.",
        [ExpiredCard] = "The card has expired.",
        [CardRemoved] = "The card is not kept any more.",
        [PageExpired] = "The card page was not completed in time.",
        [CardNotSaved] = "The card page took the money and could not keep the card.",
        [WalletRecovered] = "The wallet was recovered with its code. Whoever had it before may have set this, so it was stopped.",
        [TakenBack] = "Your bank, or the operator, took back money of a top-up of this wallet.",
    };

    /// <summary>The fault in a sentence.</summary>
    public static string Explain(string fault) =>
        Sentences.GetValueOrDefault(fault) ?? RefusalCodes.All.FirstOrDefault(refusal => refusal.Code == fault)?.Title ?? "The top-up was refused.";
}
