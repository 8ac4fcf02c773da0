namespace Farthing.Client.Tests;

/// <summary>Hands requests on, and at a moment of the test's choice pulls the plug: from then on nothing is sent or heard.</summary>
internal sealed class CuttingLine(Func<HttpRequestMessage, bool, bool> isCut, Action atCut) : DelegatingHandler(new SocketsHttpHandler())
{
    private bool isOff;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Cut(request, isAnswered: false);
        var response = await base.SendAsync(request, cancellationToken);
        Cut(request, isAnswered: true);
        return response;
    }

    private void Cut(HttpRequestMessage request, bool isAnswered)
    {
        if (!isOff && isCut(request, isAnswered))
        {
            isOff = true;
            atCut();
        }

        if (isOff) throw new CutException();
    }
}

/// <summary>The process is gone.</summary>
internal sealed class CutException : Exception;
