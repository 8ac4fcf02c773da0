using Farthing.Server;

namespace Farthing.Payments.Tests.Cards;

public class CardSettingsTests
{
    [Fact]
    public void Cards_are_off_until_there_is_a_key()
    {
        Assert.Null(Parse("FARTHING_STRIPE_WEBHOOK_SECRET=whsec_1").Card);
        var options = Parse("FARTHING_STRIPE_KEY=sk_test_1", "FARTHING_STRIPE_WEBHOOK_SECRET=whsec_1", "FARTHING_STRIPE_API=http://127.0.0.1:12111");
        Assert.Equal(("sk_test_1", "whsec_1", 12111), (options.Card!.Key, options.Card.WebhookSecret, options.Card.Api!.Port));
        Assert.Equal("rk_test_1", Parse("FARTHING_STRIPE_KEY=rk_test_1", "FARTHING_STRIPE_WEBHOOK_SECRET=whsec_1").Card!.Key);
        Assert.DoesNotContain("sk_test_1", options.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("FARTHING_STRIPE_KEY=sk_live_0000000000000000")]
    [InlineData("FARTHING_STRIPE_KEY=pk_test_0000000000000000")]
    [InlineData("FARTHING_STRIPE_KEY=sk_test_0000000000000000 ")]
    [InlineData("FARTHING_STRIPE_KEY=sk_test_1", "FARTHING_STRIPE_WEBHOOK_SECRET=0000000000000000")]
    [InlineData("FARTHING_STRIPE_KEY=sk_test_1", "FARTHING_STRIPE_WEBHOOK_SECRET=whsec_1", "FARTHING_STRIPE_API=https://api.example")]
    [InlineData("FARTHING_STRIPE_KEY=sk_test_1", "FARTHING_STRIPE_WEBHOOK_SECRET=whsec_1", "FARTHING_STRIPE_API=http://127.0.0.1:12111/v1")]
    [InlineData("FARTHING_STRIPE_WEBHOOK_SECRET=", "FARTHING_STRIPE_KEY=sk_test_0000000000000000")]
    [InlineData("FARTHING_DISPUTE_DAYS=731")]
    [InlineData("FARTHING_KEPT_BASIS_POINTS=10001")]
    [InlineData("FARTHING_CARD_FEES=card-moon")]
    [InlineData("FARTHING_CARD_FEES=card-us,")]
    [InlineData("FARTHING_MOST_RAIL_COST_BASIS_POINTS=10001")]
    public void A_setting_that_cannot_be_meant_is_refused_without_its_secret(params string[] variables)
    {
        var refused = Assert.Throws<StartRefusedException>(() => Parse(variables));
        Assert.StartsWith(variables[^1].Split('=')[0], refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("0000000000000000", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, null)]
    [InlineData(120, null, "FARTHING_STRIPE_KEY=sk_test_1", "FARTHING_STRIPE_WEBHOOK_SECRET=whsec_1")]
    [InlineData(540, 500u, "FARTHING_STRIPE_KEY=sk_test_1", "FARTHING_STRIPE_WEBHOOK_SECRET=whsec_1", "FARTHING_DISPUTE_DAYS=540", "FARTHING_KEPT_BASIS_POINTS=500")]
    public void Where_cards_are_taken_what_payees_received_waits_for_disputes(int days, uint? kept, params string[] variables)
    {
        var payouts = Parse(variables).ToPaymentOptions().Payouts;
        Assert.Equal((TimeSpan.FromDays(days), kept), (payouts.DisputeWindow, payouts.KeptBasisPoints));
    }

    private static ServerOptions Parse(params string[] variables) =>
        ServerOptions.Parse([], name => variables.FirstOrDefault(variable => variable.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..]);
}
