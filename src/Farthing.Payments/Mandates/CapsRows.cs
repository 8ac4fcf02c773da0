using System.Globalization;
using Farthing.Payments.Calendars;
using Farthing.Payments.Desk;
using Farthing.Payments.Settings;
using Farthing.Protocol;
using NodaTime;

namespace Farthing.Payments.Mandates;

/// <summary>Caps and how they are written in settings.</summary>
internal static class CapsRows
{
    /// <summary>What is wrong with caps that somebody asks for, or null.</summary>
    public static Refusal? Check(Caps caps, string? timeZone, Asset currency)
    {
        Amount?[] amounts = [caps.PerDay, caps.PerWeek, caps.PerMonth];
        foreach (var amount in amounts)
        {
            if (amount is { } given && Amounts.Check(given, currency) is { } refusal) return refusal;
        }

        return timeZone is null || TimeZones.TryFind(timeZone, out _) ? null
            : new(RefusalCodes.InvalidField, "timeZone must be a name of the IANA time zone database, such as Europe/Paris.");
    }

    public static CapsRow New(UInt128 id, Id<WalletKind> wallet, Asset currency, Caps caps, string timeZone, DateTimeOffset now) =>
        new(id, wallet.Value, currency.Code, UnitsOf(caps.PerDay), UnitsOf(caps.PerWeek), UnitsOf(caps.PerMonth), timeZone, RowState.Creating, now);

    public static Caps CapsOf(CapsRow row) => CapsOf(row.Currency, row.PerDayUnits, row.PerWeekUnits, row.PerMonthUnits);

    public static Caps CapsOf(string currency, string? perDay, string? perWeek, string? perMonth) => new(AmountOf(currency, perDay), AmountOf(currency, perWeek), AmountOf(currency, perMonth));

    /// <summary>The caps with the accounts they are counted on.</summary>
    public static CountedCaps Count(CapsRow row) => new(row.Id, CapsOf(row), ZoneOf(row.TimeZone), Currency.Of(row.Currency), LegIds.FirstUseOfWallet);

    public static Amount? AmountOf(string currency, string? units) => units is null ? null : new Amount(Currency.Of(currency), UInt128.Parse(units, CultureInfo.InvariantCulture));

    public static string? UnitsOf(Amount? amount) => amount?.Units.ToString(CultureInfo.InvariantCulture);

    public static DateTimeZone ZoneOf(string name) => TimeZones.TryFind(name, out var zone) ? zone
        : throw new InvalidOperationException($"The settings name the time zone '{name}', which this version does not know.");
}
