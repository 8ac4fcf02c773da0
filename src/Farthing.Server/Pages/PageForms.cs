using Farthing.Payments;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.ModelBinding;

namespace Farthing.Server.Pages;

/// <summary>Reads the form of a page before anything else does, and refuses in words one that is too large or cannot be read.</summary>
/// <remarks>An authorization filter that is ordered before the one that looks for the form's token, as that reads the form too.</remarks>
internal sealed class PageForms(IModelMetadataProvider metadata) : IAsyncAuthorizationFilter, IOrderedFilter
{
    /// <summary>The largest form of a page: terms are its largest field, at most 4 KiB.</summary>
    public const int MaxFormBytes = 64 << 10;

    private static readonly Obstacle TooLarge = new("This form is too large", "A form of these pages has at most 64 KiB. Nothing was done. Go back and try again.", RefusalCodes.BodyTooLarge.Code, WayBack: null);
    private static readonly Obstacle Unreadable = new("This form cannot be read", "It was damaged on its way here. Nothing was done. Go back and try again.", RefusalCodes.InvalidField.Code, WayBack: null);

    /// <inheritdoc/>
    public int Order => int.MinValue;

    /// <inheritdoc/>
    public async Task OnAuthorizationAsync(AuthorizationFilterContext context)
    {
        var request = context.HttpContext.Request;
        if (!request.HasFormContentType) return;
        if (request.ContentLength > MaxFormBytes)
        {
            Refuse(context, TooLarge, RefusalCodes.BodyTooLarge);
            return;
        }

        // Without a length the body is counted as it is buffered. What is over is left to Kestrel to read, so that the browser hears the answer.
        context.HttpContext.Features.Set<IFormFeature>(new FormFeature(request, new FormOptions { BufferBody = true, BufferBodyLengthLimit = MaxFormBytes, MemoryBufferThreshold = MaxFormBytes }));
        try
        {
            await request.ReadFormAsync(context.HttpContext.RequestAborted);
        }
        catch (Exception e) when (e is InvalidDataException or BadHttpRequestException)
        {
            Refuse(context, Unreadable, RefusalCodes.InvalidField);
        }
        catch (IOException) when (!context.HttpContext.RequestAborted.IsCancellationRequested)
        {
            // The buffer has no more room.
            Refuse(context, TooLarge, RefusalCodes.BodyTooLarge);
        }
    }

    private void Refuse(AuthorizationFilterContext context, Obstacle obstacle, RefusalCode code) => context.Result = PageFaults.Show(obstacle, code.HttpStatus, metadata, context.ModelState);
}
