namespace Farthing.StripeSimulator;

/// <summary>How a call fails.</summary>
public enum Fault
{
    /// <summary>Status 500 before anything was done.</summary>
    ErrorBefore,

    /// <summary>Status 500 after everything was done.</summary>
    ErrorAfter,

    /// <summary>Everything is done, and no answer comes until the caller hangs up.</summary>
    SilenceAfter,

    /// <summary>Everything is done, and the connection is cut in place of an answer.</summary>
    HangUpAfter,

    /// <summary>Status 429: too many calls. Nothing was done.</summary>
    TooMany,

    /// <summary>Status 400 before anything was done: the call is refused for good.</summary>
    Refused,
}
