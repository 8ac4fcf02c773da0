using System.Diagnostics.CodeAnalysis;
using NodaTime;

namespace Farthing.Payments.Calendars;

/// <summary>Time zones by their names in the IANA database, as this program brings it along: the same on every machine.</summary>
public static class TimeZones
{
    /// <summary>The zone of those who named none.</summary>
    public const string Utc = "UTC";

    /// <summary>Finds a zone, such as <c>Europe/Paris</c>.</summary>
    /// <returns>False if there is none of this name, letter by letter.</returns>
    public static bool TryFind(string? name, [NotNullWhen(true)] out DateTimeZone? zone)
    {
        zone = name is null ? null : DateTimeZoneProviders.Tzdb.GetZoneOrNull(name);
        return zone is not null && zone.Id == name;
    }
}
