using Farthing.Protocol;

namespace Farthing.Client.Tests;

public class BudgetTests
{
    private static readonly DateTimeOffset Today = DateTimeOffset.FromUnixTimeSeconds(1_795_392_000);

    [Fact]
    public void Budget_is_spent_to_the_last_millionth_and_not_beyond()
    {
        var budget = Budget.InAll("0.05 USD");
        Assert.Null(budget.TryTake(Amount.Parse("0.03 USD"), Today));
        Assert.NotNull(budget.TryTake(Amount.Parse("0.020001 USD"), Today));
        Assert.Null(budget.TryTake(Amount.Parse("0.02 USD"), Today));
        Assert.NotNull(budget.TryTake(Amount.Parse("0.000001 USD"), Today.AddDays(1)));
        Assert.Equal(budget.MostInAll, budget.Spent);
    }

    [Fact]
    public void Daily_budget_is_there_again_the_next_day()
    {
        var budget = Budget.PerDay("0.05 USD");
        Assert.Null(budget.TryTake(Amount.Parse("0.05 USD"), Today));
        Assert.NotNull(budget.TryTake(Amount.Parse("0.01 USD"), Today.AddHours(23)));
        Assert.Null(budget.TryTake(Amount.Parse("0.04 USD"), Today.AddDays(1)));

        // Given back too late to count, and in time.
        budget.GiveBack(Amount.Parse("0.05 USD"), Today);
        Assert.Equal(Amount.Parse("0.04 USD"), budget.Spent);
        budget.GiveBack(Amount.Parse("0.04 USD"), Today.AddDays(1));
        Assert.True(budget.Spent.IsZero);

        // A clock that is set back opens no second day.
        Assert.Null(budget.TryTake(Amount.Parse("0.05 USD"), Today.AddDays(1)));
        Assert.NotNull(budget.TryTake(Amount.Parse("0.05 USD"), Today));
    }

    [Fact]
    public void Another_currency_does_not_fit() => Assert.NotNull(Budget.InAll("1 USD").TryTake(Amount.Parse("0.01 EUR"), Today));

    [Fact]
    public void Malformed_and_mixed_budgets_are_refused()
    {
        Assert.Throws<FormatException>(() => Budget.InAll("1"));
        Assert.Throws<FormatException>(() => Budget.PerDay("0 USD"));
        Assert.Throws<ArgumentException>(() => Budget.InAll("1 USD", perRequest: "1 EUR"));
    }
}
