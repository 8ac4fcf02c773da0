using System.Net;

namespace Farthing.Server.Tests.Rest;

/// <summary>Bytes whose length is not said beforehand.</summary>
internal sealed class ChunkedContent(byte[] bytes) : HttpContent
{
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context) => await stream.WriteAsync(bytes);

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
