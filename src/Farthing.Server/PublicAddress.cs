using Farthing.Payments;
using Farthing.Server.Doors;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.HttpOverrides;

namespace Farthing.Server;

/// <summary>How requests that came through a proxy look like those of the people behind it.</summary>
internal static class PublicAddress
{
    /// <summary>Gives each request the address of who sent it, as far as trusted proxies tell, and the scheme and host that people reach the server by.</summary>
    /// <remarks>
    /// Scheme and host are what the operator says they are and not what a header says, so that no request makes a link lead elsewhere, or a cookie go without TLS. Must come before
    /// whatever asks for any of these.
    /// </remarks>
    public static void UsePublicAddress(this IApplicationBuilder app, ServerMode mode)
    {
        if (mode.IsBehindTls)
        {
            // Else whoever reached the port past the proxy would send keys openly, and nobody would notice.
            app.Use((context, next) => context.Connection.RemoteIpAddress is { } sender && mode.IsTrusted(sender, context.Connection.LocalIpAddress)
                ? next(context)
                : Problem.AnswerAsync(context, new Refusal(RefusalCodes.Misdirected, $"This server is reached at {OriginOf(mode)} and not directly. Whatever was sent here was not encrypted: if it had a key in it, make a new one.")));
        }

        if (mode.TrustedProxies.Count > 0)
        {
            // From the last one back, as long as who says so is trusted; whatever a stranger wrote in front of that is not read.
            var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor, ForwardLimit = null };
            options.KnownProxies.Clear();
            options.KnownIPNetworks.Clear();
            foreach (var proxy in mode.TrustedProxies) options.KnownIPNetworks.Add(proxy);
            app.UseForwardedHeaders(options);
        }

        if (mode.PublicUrl is not { } url) return;
        var host = HostString.FromUriComponent(url.Authority);
        app.Use((context, next) =>
        {
            (context.Request.Scheme, context.Request.Host) = (url.Scheme, host);
            return next(context);
        });
    }

    /// <summary>The origin that browsers and sites are told, once the server listens.</summary>
    public static string OriginOf(ServerMode mode, IServer server) => OriginOf(mode) ?? ListeningAt(server);

    /// <summary>Where a web server on this machine reaches it, once it listens.</summary>
    public static string ListeningAt(IServer server) => server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();

    private static string? OriginOf(ServerMode mode) => mode.PublicUrl?.GetLeftPart(UriPartial.Authority);
}
