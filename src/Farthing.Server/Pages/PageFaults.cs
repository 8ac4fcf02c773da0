using Farthing.Ledger;
using Farthing.Payments;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.AspNetCore.Mvc.ViewFeatures;

namespace Farthing.Server.Pages;

/// <summary>Tells a person in words what the other doors tell a program in problem details: that the ledger is not ready, or that the server has a defect.</summary>
internal sealed class PageFaults(IModelMetadataProvider metadata, ILogger<PageFaults> log) : IExceptionFilter
{
    public void OnException(ExceptionContext context)
    {
        // Requests that were broken off or cannot be read have no person to talk to; the outermost step answers them.
        if (context.Exception is OperationCanceledException or IOException or BadHttpRequestException) return;
        var code = context.Exception switch
        {
            LedgerUnreadyException => RefusalCodes.NotReady,
            LedgerDamagedException => RefusalCodes.RecordDamaged,
            _ => RefusalCodes.InternalError,
        };
        if (code != RefusalCodes.NotReady) log.LogError(context.Exception, "{Method} {Path} failed.", context.HttpContext.Request.Method, context.HttpContext.Request.Path);
        context.Result = Show(Obstacle.From(new Refusal(code, ""), wayBack: null), code.HttpStatus, metadata, context.ModelState);
    }

    /// <summary>A page that says what is the matter, where there is no page of its own to say it.</summary>
    public static ViewResult Show(Obstacle obstacle, int status, IModelMetadataProvider metadata, ModelStateDictionary state) => new()
    {
        StatusCode = status,
        ViewName = "/Pages/Shared/Fault.cshtml",
        ViewData = new ViewDataDictionary<Obstacle>(metadata, state) { Model = obstacle },
    };
}
