using Farthing.Server;

namespace Farthing.Payments.Tests.BankFile;

/// <summary>What the operator says of payouts in the environment.</summary>
public class PayoutOptionsTests
{
    [Fact]
    public void Reviews_are_on_and_bank_files_off_until_the_operator_says_otherwise()
    {
        var plain = Parse();
        Assert.Null(plain.BankFile);
        Assert.Equal((true, 1_000u, 0), (plain.ToPaymentOptions().Payouts.ReviewNewDestinations, plain.ToPaymentOptions().Payouts.ReviewAboveWholeUnits!.Value, plain.ToPaymentOptions().Payouts.CostSchedules.Count));

        var set = Parse(
            "FARTHING_PAYOUT_REVIEW_NEW=0", "FARTHING_PAYOUT_REVIEW_ABOVE=never", "FARTHING_PAYOUT_COSTS=bank-file=bank-transfer, sandbox=bank-transfer", "FARTHING_MOST_RAIL_COST_BASIS_POINTS=500",
            "FARTHING_BANK_FILE_IBAN=de89 3704 0044 0532 0130 00", "FARTHING_BANK_FILE_NAME=Farthing", "FARTHING_BANK_FILE_BIC=COBADEFFXXX");
        var payouts = set.ToPaymentOptions().Payouts;
        Assert.Equal((false, null, 500u), (payouts.ReviewNewDestinations, payouts.ReviewAboveWholeUnits, payouts.MostCostBasisPoints));
        Assert.Equal(["bank-file bank-transfer", "sandbox bank-transfer"], payouts.CostSchedules.Select(pair => $"{pair.Key} {pair.Value}").Order(StringComparer.Ordinal));
        Assert.Equal(("Farthing", "DE89370400440532013000", "COBADEFFXXX"), (set.BankFile!.Name, set.BankFile.Iban, set.BankFile.Bic));
    }

    [Theory]
    [InlineData("FARTHING_PAYOUT_REVIEW_NEW=2")]
    [InlineData("FARTHING_PAYOUT_REVIEW_ABOVE=-1")]
    [InlineData("FARTHING_PAYOUT_COSTS=bank-file")]
    [InlineData("FARTHING_PAYOUT_COSTS=bank-file=moon")]
    [InlineData("FARTHING_PAYOUT_COSTS=bank-file=bank-transfer,bank-file=bank-transfer")]
    [InlineData("FARTHING_BANK_FILE_IBAN=DE88370400440532013000")]
    [InlineData("FARTHING_BANK_FILE_NAME=", "FARTHING_BANK_FILE_IBAN=DE89370400440532013000")]
    [InlineData("FARTHING_BANK_FILE_BIC=bank", "FARTHING_BANK_FILE_IBAN=DE89370400440532013000", "FARTHING_BANK_FILE_NAME=Farthing")]
    public void A_setting_that_cannot_be_meant_is_refused(params string[] variables) =>
        Assert.StartsWith(variables[0].Split('=')[0], Assert.Throws<StartRefusedException>(() => Parse(variables)).Message, StringComparison.Ordinal);

    private static ServerOptions Parse(params string[] variables) =>
        ServerOptions.Parse([], name => variables.FirstOrDefault(variable => variable.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..]);
}
