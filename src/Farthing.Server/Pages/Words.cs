using System.Globalization;
using System.Numerics;
using Farthing.Payments.Calendars;
using Farthing.Payments.Offers;
using Farthing.Payments.Statements;
using Farthing.Payments.TopUps;
using Farthing.Protocol;
using Farthing.Server.Rails.Card;

namespace Farthing.Server.Pages;

/// <summary>How the pages say what the ledger counts.</summary>
internal static class Words
{
    /// <summary>What a line of a statement is.</summary>
    public static string Of(StatementLine line, ServerMode mode) => line.Kind switch
    {
        "payment" => $"Paid to {line.Counterparty}",
        "refund" => $"Refund from {line.Counterparty}",
        "personal_payment" => line.SignedUnits.Sign < 0 ? $"Paid to {line.Counterparty}" : $"From {line.Counterparty}",
        "pledge" => $"Pledged to {line.Counterparty}",
        "pledge_post" => $"Given to {line.Counterparty}, as pledged",
        "pledge_void" => $"No longer pledged to {line.Counterparty}",
        "pledge_expire" => $"No longer pledged to {line.Counterparty}: its time was over",
        "top_up" when line.Rail == CardRail.RailName => "Top-up by card",
        "top_up" => mode.IsLive ? "Top-up" : "Top-up, play money",
        "hold" => $"Set aside for {line.Counterparty}",
        "post" => $"Paid to {line.Counterparty}, from what was set aside",
        "void" => $"No longer set aside for {line.Counterparty}",
        "expire" => $"No longer set aside for {line.Counterparty}: its time was over",
        _ => line.Kind,
    };

    /// <summary>What a line changed, with its sign: <c>−0.02 USD</c>, <c>+10.00 USD</c>; for money set aside, how much.</summary>
    public static string SignedAmount(StatementLine line)
    {
        var (units, sign) = line.SignedUnits.Sign != 0 ? (line.SignedUnits, line.SignedUnits.Sign > 0 ? "+" : "−") : (line.HeldUnits, "");
        return sign + new Amount(line.Asset, (UInt128)BigInteger.Abs(units)).ToPriceString();
    }

    /// <summary>An amount without its currency, as people write it: <c>0.50</c>.</summary>
    public static string Figure(Amount amount) => amount.ToPriceString()[..^(amount.Asset.Code.Length + 1)];

    /// <summary>A price that is paid again and again: <c>5.00 USD a month</c>.</summary>
    public static string Each(Amount price, CalendarPeriod every) => $"{price.ToPriceString()} a {(every == CalendarPeriod.Week ? "week" : "month")}";

    /// <summary>What a site's meter asks: <c>0.001 USD for each unit</c>, <c>0.001 USD for 750 units</c>.</summary>
    public static string PerUnit(Metered meter) => meter.Price.ToPriceString() + (meter.Count == 1 ? " for each unit" : string.Create(CultureInfo.InvariantCulture, $" for {meter.Count:N0} units"));

    /// <summary>How often on a day at most.</summary>
    public static string TimesADay(int most) => most == 1 ? "at most once a day" : $"at most {most.ToString(CultureInfo.InvariantCulture)} times a day";

    /// <summary>A card as its owner knows it: <c>Visa •••• 4242, until 12/2030</c>.</summary>
    public static string Of(SavedCard card) =>
        $"{card.Brand switch { null => "Card", "visa" => "Visa", "mastercard" => "Mastercard", "amex" => "American Express", var brand => $"Card {brand}" }}{(card.LastFour is null ? "" : $" •••• {card.LastFour}")}{(card.Expires is [_, _, _, _, '-', ..] expires ? $", until {expires[5..]}/{expires[..4]}" : "")}";

    /// <summary>A moment: <c>23 Nov 2026, 14:05 UTC</c>.</summary>
    public static string Moment(DateTimeOffset time) => time.UtcDateTime.ToString("d MMM yyyy, HH:mm 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>A time to wait or to act in: <c>15 minutes</c>, <c>2 hours</c>, <c>30 days</c>. Rounded down, so that it never promises too much.</summary>
    public static string Duration(int seconds)
    {
        var (count, unit) = seconds switch
        {
            < 120 => (seconds, "second"),
            < 2 * 3600 => (seconds / 60, "minute"),
            < 2 * 86_400 => (seconds / 3600, "hour"),
            _ => (seconds / 86_400, "day"),
        };
        return $"{count} {unit}{(count == 1 ? "" : "s")}";
    }
}
