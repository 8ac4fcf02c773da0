using Farthing.Protocol;

namespace Farthing.Payments.Offers;

/// <summary>The payer names the amount, from a minimum on.</summary>
/// <param name="Minimum">The least that is taken, more than zero.</param>
/// <param name="Suggested">What the payer may be shown to choose from, as the payee listed it: at most <see cref="MaxSuggested"/> different amounts, none below the minimum.</param>
public sealed record PayWhatYouWant(Amount Minimum, IReadOnlyList<Amount> Suggested) : Pricing
{
    /// <summary>The most suggestions.</summary>
    public const int MaxSuggested = 10;

    /// <inheritdoc/>
    public override PricingJson ToJson() =>
        new PayWhatYouWantJson(AmountJson.From(Minimum)) { Suggested = Suggested.Count == 0 ? null : [.. Suggested.Select(AmountJson.From)] };

    internal override IReadOnlyList<Amount> Choices => [Minimum, .. Suggested.Where(amount => amount != Minimum).OrderBy(amount => amount.Units)];

    private protected override IEnumerable<Amount> Amounts => Suggested.Prepend(Minimum);

    private protected override string? FindFault()
    {
        if (Suggested.Count > MaxSuggested) return $"At most {MaxSuggested} amounts can be suggested.";
        if (Suggested.Any(amount => amount.Units < Minimum.Units)) return $"A suggested amount is below the minimum of {Minimum}.";
        return Suggested.Distinct().Count() == Suggested.Count ? null : "An amount is suggested twice.";
    }

    internal override Refusal? PriceOf(uint quantity, Amount? chosen, out Amount price)
    {
        price = chosen ?? default;
        if (quantity != 1) return new(RefusalCodes.InvalidField, "The payer names the amount of this offer, so there is no quantity.");
        if (chosen is null) return new(RefusalCodes.MissingField, $"The payer names the amount of this offer. Add an amount of at least {Minimum}.", Facts());
        // Another currency than the payee's is refused by the desk, as for every payment.
        if (price.Asset != Minimum.Asset || price.Units >= Minimum.Units) return null;
        return new(RefusalCodes.AmountBelowMinimum, $"The least that this offer takes is {Minimum}.", Facts());
    }

    private Dictionary<string, object> Facts()
    {
        var facts = new Dictionary<string, object> { ["minimum"] = AmountJson.From(Minimum) };
        if (Suggested.Count > 0) facts["suggested"] = Suggested.Select(AmountJson.From).ToList();
        return facts;
    }
}
