using System.Buffers;

namespace Farthing.Bench;

/// <summary>The yardstick: Kestrel in a process of its own that answers each body with the same bytes, and does nothing else.</summary>
internal static class EchoServer
{
    public static async Task RunAsync(int port)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.ListenLocalhost(port);
        });
        var app = builder.Build();
        app.Run(EchoAsync);
        await app.RunAsync();
    }

    private static async Task EchoAsync(HttpContext context)
    {
        var reader = context.Request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(context.RequestAborted);
            if (!read.IsCompleted)
            {
                reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                continue;
            }

            context.Response.StatusCode = StatusCodes.Status201Created;
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = read.Buffer.Length;
            foreach (var part in read.Buffer) context.Response.BodyWriter.Write(part.Span);
            reader.AdvanceTo(read.Buffer.End);
            return;
        }
    }
}
