using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;

namespace Farthing.StripeSimulator;

/// <summary>The page on which a payer pays by card, in place of Stripe's: an amount, a card number, a way on and a way back.</summary>
internal static class CardPage
{
    /// <summary>What its paths begin with.</summary>
    public const string Path = "/c/pay";

    private const string CardField = "card";

    public static async Task AnswerAsync(HttpContext http, string session, StripeSimulator simulator)
    {
        var page = simulator.Do(account => account.FindOpenPage(session)?.DeepClone());
        if (page is null)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        if (HttpMethods.IsPost(http.Request.Method))
        {
            var card = (await http.Request.ReadFormAsync())[CardField].ToString();
            simulator.Do(account => account.Pay(session, card));
            http.Response.StatusCode = StatusCodes.Status303SeeOther;
            http.Response.Headers.Location = page["success_url"]!.GetValue<string>();
            return;
        }

        var amount = string.Create(CultureInfo.InvariantCulture, $"{(long)page["amount_total"]! / 100m:0.00} {page["currency"]!.GetValue<string>().ToUpperInvariant()}");
        http.Response.ContentType = "text/html; charset=utf-8";
        await http.Response.WriteAsync($"""
            <!doctype html>
            <html lang="en"><title>A card page</title><h1>{amount}</h1>
            <form method="post"><label>Card number <input name="{CardField}" value="{TestCard.Visa}"></label> <button>Pay {amount}</button></form>
            <p><a href="{WebUtility.HtmlEncode(page["cancel_url"]?.GetValue<string>())}">Back without paying</a></p></html>
            """);
    }
}
