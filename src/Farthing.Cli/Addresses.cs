using System.Diagnostics.CodeAnalysis;

namespace Farthing.Cli;

/// <summary>Addresses as people type them.</summary>
internal static class Addresses
{
    /// <summary>Reads an absolute http or https URL.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out Uri? address) =>
        Uri.TryCreate(text, UriKind.Absolute, out address) && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps);
}
