using Farthing.Ledger;
using Farthing.Payments;
using Microsoft.AspNetCore.Http.Extensions;

namespace Farthing.Server.Doors;

/// <summary>The outermost step: whatever ends without a body of its own, be it an unknown path or a defect, becomes problem details.</summary>
internal sealed class EveryAnswerIsAProblem(RequestDelegate next, ILogger<EveryAnswerIsAProblem> log)
{
    public async Task InvokeAsync(HttpContext http)
    {
        // One that was sent before the answer to the one before it begins where that was written: on the ledger's own thread, perhaps, which has other work.
        if (!Thread.CurrentThread.IsThreadPoolThread) await Task.Yield();
        Refusal refusal;
        try
        {
            await next(http);
            var response = http.Response;
            if (response.StatusCode < 400 || response.HasStarted || response.ContentType is not null) return;
            refusal = ForStatus(http);
        }
        catch (LedgerUnreadyException e)
        {
            if (e.InnerException is { } cause) log.LogError(cause, "{Method} {Path}: {Problem}", http.Request.Method, http.Request.Path, e.Message);
            refusal = new Refusal(RefusalCodes.NotReady, $"{e.Message} Nothing was done: repeat with the same key.");
        }
        catch (LedgerDamagedException e)
        {
            log.LogError("{Method} {Path}: {Problem}", http.Request.Method, http.Request.Path, e.Message);
            refusal = new Refusal(RefusalCodes.RecordDamaged, "The operator's log names the place. Repeat with the same key when the ledger is mended: what was carried out is answered again, and never done twice.");
        }
        catch (BadHttpRequestException e)
        {
            refusal = e.StatusCode == StatusCodes.Status413PayloadTooLarge
                ? new Refusal(RefusalCodes.BodyTooLarge, "The body is larger than this call takes.")
                : new Refusal(RefusalCodes.MalformedJson, "The body could not be read to its end.");
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            return;
        }
        catch (IOException) when (http.RequestAborted.IsCancellationRequested)
        {
            return;
        }
        catch (Exception e)
        {
            log.LogError(e, "{Method} {Path} failed.", http.Request.Method, http.Request.Path);
            refusal = new Refusal(RefusalCodes.InternalError, "This is a defect of the server, and it is logged. Repeat with the same key: what was carried out is answered again, and never done twice.");
        }

        if (http.Response.HasStarted)
        {
            http.Abort();
            return;
        }

        await Problem.AnswerAsync(http, refusal);
    }

    private static Refusal ForStatus(HttpContext http)
    {
        var request = http.Request;
        return http.Response.StatusCode switch
        {
            StatusCodes.Status405MethodNotAllowed => new Refusal(RefusalCodes.MethodNotAllowed, $"{UriHelper.GetEncodedPathAndQuery(request)} does not take {request.Method}."),
            StatusCodes.Status404NotFound => new Refusal(RefusalCodes.NotFound, $"There is nothing at {request.Path.ToUriComponent()}."),
            StatusCodes.Status503ServiceUnavailable => new Refusal(RefusalCodes.NotReady, "The server takes no new work right now."),
            StatusCodes.Status413PayloadTooLarge => new Refusal(RefusalCodes.BodyTooLarge, "The body is larger than this call takes."),
            StatusCodes.Status415UnsupportedMediaType => new Refusal(RefusalCodes.UnsupportedMediaType, "Send Content-Type: application/json."),
            >= 500 => new Refusal(RefusalCodes.InternalError, "This is a defect of the server. Repeat with the same key."),
            _ => new Refusal(RefusalCodes.MalformedJson, "The request could not be understood."),
        };
    }
}
