namespace Farthing.Server;

/// <summary>The server cannot start, for a reason that the operator can act on. The message is shown on its own, without a stack trace.</summary>
internal sealed class StartRefusedException(string message) : Exception(message);
