namespace Farthing.Client;

/// <summary>A payment server refused, or gave an answer that cannot be understood.</summary>
/// <param name="problem">Why.</param>
public sealed class FarthingException(Problem problem)
    : Exception($"{problem.Detail ?? problem.Title ?? "The payment server refused."} ({problem.Code ?? "no code"}, HTTP {problem.Status})")
{
    /// <summary>Why the server refused.</summary>
    public Problem Problem { get; } = problem;

    /// <summary>True if this is no answer to the request, whose earlier tries may have been carried out: it may be repeated, and only with the same key.</summary>
    internal bool IsUnclear => Problem.Status is >= 500 or 429 or 408;
}

/// <summary>Why a 402 was not paid.</summary>
public enum NotPaidReason
{
    /// <summary>The price does not fit the <see cref="Budget"/>. Nothing was paid.</summary>
    OverBudget,

    /// <summary>The site wants to be paid at a payment server other than the wallet's. Nothing was paid, and no key was sent there.</summary>
    OtherServer,

    /// <summary>What the site asks contradicts itself, names no price of its own, or is over. Nothing was paid.</summary>
    TermsUnusable,

    /// <summary>The request already has an <c>Authorization</c>, which the proof of payment would replace. Nothing was paid.</summary>
    AlreadyAuthorized,

    /// <summary>The payment server refused; the inner exception says why. Nothing was paid.</summary>
    Refused,

    /// <summary>The payment server did not answer, so the payment may have been made. Sending the same request message again finds out and never pays twice.</summary>
    Unclear,
}

/// <summary>A site asked to be paid, and it was not, or not certainly.</summary>
public sealed class NotPaidException : HttpRequestException
{
    internal NotPaidException(NotPaidReason reason, string message, Exception? inner = null) : base(message, inner) => Reason = reason;

    /// <summary>Why.</summary>
    public NotPaidReason Reason { get; }
}
