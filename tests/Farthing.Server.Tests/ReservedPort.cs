using System.Net;
using System.Net.Sockets;

namespace Farthing.Server.Tests;

/// <summary>A port of this machine for a program that must be told its port before it starts, or that starts there again.</summary>
/// <remarks>
/// A port that is looked up, let go and bound later may be somebody else's by then: other tests bind and connect all the time. This one stays bound, without listening,
/// until it is disposed of: the kernel gives it to nobody who asks for any port, and one who asks for it by its number, as servers on Linux do, may listen on it.
/// </remarks>
public sealed class ReservedPort : IDisposable
{
    private readonly Socket socket = new(Socket.OSSupportsIPv6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public ReservedPort()
    {
        // Of all addresses, as who connects takes up a port of its own address.
        if (Socket.OSSupportsIPv6) socket.DualMode = true;
        socket.Bind(new IPEndPoint(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, 0));
    }

    public int Number => ((IPEndPoint)socket.LocalEndPoint!).Port;

    public void Dispose() => socket.Dispose();
}
