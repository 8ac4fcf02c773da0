using Farthing.Client.Purchases;
using Farthing.Protocol;

namespace Farthing.Client.Tests;

public class BudgetTests
{
    private const long Today = 20_780;

    [Fact]
    public void Budget_is_spent_to_the_last_millionth_and_not_beyond()
    {
        var spending = new Spending(Budget.InAll("0.05 USD"));
        Assert.True(Take(spending, "0.03 USD", Today));
        Assert.False(Take(spending, "0.020001 USD", Today));
        Assert.True(Take(spending, "0.02 USD", Today));
        Assert.False(Take(spending, "0.000001 USD", Today + 1));
        Assert.Equal(Amount.Parse("0.05 USD"), spending.Counted);
    }

    [Fact]
    public void Daily_budget_is_there_again_the_next_day()
    {
        var spending = new Spending(Budget.PerDay("0.05 USD"));
        Assert.True(Take(spending, "0.05 USD", Today));
        Assert.False(Take(spending, "0.01 USD", Today));
        Assert.True(Take(spending, "0.04 USD", Today + 1));

        // Given back too late to count, and in time.
        spending.GiveBack(Amount.Parse("0.05 USD"), Today);
        Assert.Equal(Amount.Parse("0.04 USD"), spending.Counted);
        spending.GiveBack(Amount.Parse("0.04 USD"), Today + 1);
        Assert.True(spending.Counted.IsZero);

        // A clock that is set back opens no second day.
        Assert.True(Take(spending, "0.05 USD", Today + 1));
        Assert.False(Take(spending, "0.05 USD", Today));
    }

    [Fact]
    public void Budget_that_was_lowered_has_nothing_left()
    {
        var spending = new Spending(Budget.InAll("0.05 USD"));
        spending.Restore(Today, 1_000_000, 1_000_000);
        Assert.Contains("0 USD is left", spending.FindFault(Amount.Parse("0.01 USD"), Today), StringComparison.Ordinal);
    }

    [Fact]
    public void Another_currency_does_not_fit() => Assert.NotNull(new Spending(Budget.InAll("1 USD")).FindFault(Amount.Parse("0.01 EUR"), Today));

    [Fact]
    public void Malformed_and_mixed_budgets_are_refused()
    {
        Assert.Throws<FormatException>(() => Budget.InAll("1"));
        Assert.Throws<FormatException>(() => Budget.PerDay("0 USD"));
        Assert.Throws<ArgumentException>(() => Budget.InAll("1 USD", perRequest: "1 EUR"));
    }

    private static bool Take(Spending spending, string price, long day)
    {
        var amount = Amount.Parse(price);
        if (spending.FindFault(amount, day) is not null) return false;
        spending.Take(amount, day);
        return true;
    }
}
