using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.FileProviders;

namespace Farthing.AspNetCore;

/// <summary>Files as endpoints, so that they can have a price.</summary>
public static class FileEndpoints
{
    /// <summary>Serves the files of a folder under a path, with ranges, conditions and the media types of <c>UseStaticFiles</c>, or <c>application/octet-stream</c>. Nothing is asked for what is not there: it is answered with 404.</summary>
    /// <param name="endpoints">The site's endpoints.</param>
    /// <param name="path">The path, such as <c>/songs</c>; it begins with a slash and does not end with one.</param>
    /// <param name="files">The folder, such as <c>new PhysicalFileProvider("/srv/songs")</c>. Keep it out of <c>wwwroot</c>, where <c>UseStaticFiles</c> would give it away.</param>
    /// <returns>The endpoint of all these files, for <c>RequirePayment</c> or <c>RequireSubscription</c>.</returns>
    /// <remarks>Each file is sold by itself, under its path. Folders are not listed.</remarks>
    /// <example><code>
    /// app.MapFiles("/songs", new PhysicalFileProvider("/srv/songs")).RequirePayment("0.10 USD", PaymentUse.Once);
    /// </code></example>
    public static IEndpointConventionBuilder MapFiles(this IEndpointRouteBuilder endpoints, string path, IFileProvider files)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(files);
        if (!path.StartsWith('/') || path.EndsWith('/')) throw new ArgumentException("The path must begin with a slash and not end with one.", nameof(path));
        var application = endpoints.CreateApplicationBuilder();
        application.UseStaticFiles(new StaticFileOptions { FileProvider = files, RequestPath = path, ServeUnknownFileTypes = true, DefaultContentType = "application/octet-stream" });
        var serve = application.Build();
        return endpoints.MapMethods($"{path}/{{**file}}", [HttpMethods.Get, HttpMethods.Head], context =>
        {
            // Static files leave a request alone that has an endpoint.
            context.SetEndpoint(null);
            return serve(context);
        }).WithMetadata(new ForSale(context => files.GetFileInfo($"/{context.Request.RouteValues["file"]}") is { Exists: true, IsDirectory: false }));
    }
}

/// <summary>What is for sale at an endpoint: the rest is not there.</summary>
/// <param name="Has">Whether there is something at a request's address.</param>
internal sealed record ForSale(Func<HttpContext, bool> Has);
