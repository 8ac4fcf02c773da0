using Farthing.Payments;
using Farthing.Payments.Fees;
using Farthing.Protocol;
using Farthing.Protocol.Fees;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Farthing.Server.Pages;

/// <summary>What a payee keeps of a price by each rail, directly and through this server.</summary>
internal sealed class FeesModel(PaymentSystem payments) : PageModel
{
    private const int MaxTextLength = Amount.MaxTextLength;

    /// <summary>What was asked, to be shown in the form again.</summary>
    public FeesForm Form { get; private set; } = new("0.01", Asset.Usd.Code, FeeDesk.DefaultTopUp, FeeDesk.DefaultPayout);

    /// <summary>The answer; null if what was asked cannot be read.</summary>
    public FeeTable? Table { get; private set; }

    /// <summary>What is wrong with what was asked.</summary>
    public string? Fault { get; private set; }

    /// <summary>The currencies that rails move.</summary>
    public IReadOnlyList<string> Currencies { get; } = [.. payments.Options.FeeSchedules.All.Where(schedule => schedule.MovesIn).Select(schedule => schedule.Asset.Code).Distinct()];

    public IActionResult OnGet([FromQuery] string? price, [FromQuery] string? currency, [FromQuery] string? topUp, [FromQuery] string? payout)
    {
        Form = new(Text(price, Form.Price), Text(currency, Form.Currency), Text(topUp, Form.TopUp), Text(payout, Form.Payout));
        var table = payments.Fees.Compare(Form.Currency, Form.Price, Form.TopUp, Form.Payout);
        if (table.IsGiven)
        {
            Table = table.Value;
        }
        else
        {
            Response.StatusCode = table.Refusal.Code.HttpStatus;
            Fault = InWords(table.Refusal);
        }

        return Page();
    }

    /// <summary>A whole percentage for a bar; what is above a hundred fills it.</summary>
    public static int Filled(FeeShare share) => (int)UInt128.Min((share.Millionths + (FeeShare.Whole / 200)) / (FeeShare.Whole / 100), 100);

    private static string Text(string? sent, string absent) => string.IsNullOrWhiteSpace(sent) ? absent : sent.Trim() is { Length: <= MaxTextLength } text ? text : "";

    private static string InWords(Refusal refusal) => refusal.Code.Code switch
    {
        "unknown_currency" => refusal.Detail,
        "too_many_decimals" => "That has more decimals than the currency.",
        "amount_must_not_be_zero" => "Nothing costs nothing: write a price, a top-up and a payout above zero.",
        "amount_too_large" => "That is more than can be paid.",
        _ => "Write the price, the top-up and the payout as plain decimals, such as 0.01 or 10.",
    };
}

/// <summary>The form of the page of fees, as it was filled in.</summary>
internal sealed record FeesForm(string Price, string Currency, string TopUp, string Payout);
