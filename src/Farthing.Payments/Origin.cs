namespace Farthing.Payments;

/// <summary>The origins that pay pages return to.</summary>
internal static class Origin
{
    /// <summary>Reads the origin of an address.</summary>
    /// <returns>False if it is not absolute http or https, or names a user.</returns>
    public static bool TryRead(string address, out string? origin)
    {
        origin = null;
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.UserInfo.Length != 0) return false;
        if (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps) return false;
        origin = uri.GetLeftPart(UriPartial.Authority);
        return true;
    }
}
