namespace Farthing.Client;

/// <summary>A payment server refused, or gave an answer that cannot be understood.</summary>
public sealed class FarthingException : Exception
{
    private readonly bool hadUnclearTries;

    internal FarthingException(Problem problem, TimeSpan? retryAfter = null, bool hadUnclearTries = false)
        : base($"{problem.Detail ?? problem.Title ?? "The payment server refused."} ({problem.Code ?? "no code"}, HTTP {problem.Status})")
    {
        Problem = problem;
        RetryAfter = retryAfter;
        this.hadUnclearTries = hadUnclearTries;
    }

    /// <summary>Why the server refused.</summary>
    public Problem Problem { get; }

    /// <summary>How long the server wants not to be asked again, if it said so.</summary>
    public TimeSpan? RetryAfter { get; }

    /// <summary>True if this does not say what became of the request, which may have been carried out: it may be repeated, and only with the same key.</summary>
    /// <remarks>
    /// So it is with an answer that no payment server gave, with one that cannot be read, and with one that failed. A key is looked at before anything else:
    /// what a try said that it must not be known does not say that an earlier one did nothing.
    /// </remarks>
    public bool IsUnclear => IsWorthRepeating || Problem.Status < 400 || Problem.Code is null || (hadUnclearTries && IsAboutTheKey);

    /// <summary>True if the server did not come as far as to look whether the request was carried out before.</summary>
    internal bool IsAboutTheKey => Problem.Status is 401 or 403 or 404;

    internal bool IsWorthRepeating => Problem.Status is >= 500 or 429 or 408;
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

    /// <summary>What would be spent cannot be written down in the budget's file. Nothing was paid.</summary>
    BudgetNotKept,

    /// <summary>The request's name is that of another request. Nothing was paid.</summary>
    NameTaken,

    /// <summary>The payment server cannot be reached. Nothing was paid.</summary>
    Unreachable,

    /// <summary>The payment server refused; the inner exception says why. Nothing was paid.</summary>
    Refused,

    /// <summary>The payment server did not answer, so the payment may have been made. Sending the same request again finds out and never pays twice.</summary>
    Unclear,

    /// <summary>It was paid before and opens nothing any more, as when it was given back since. Nothing was paid now.</summary>
    GivenBack,

    /// <summary>It is for subscribers, and the wallet does not subscribe to it. Nothing was paid: a program subscribes to nothing by itself.</summary>
    NotSubscribed,
}

/// <summary>A site asked to be paid, and it was not, or not certainly.</summary>
public sealed class NotPaidException : HttpRequestException
{
    internal NotPaidException(NotPaidReason reason, string message, Exception? inner = null) : base(message, inner) => Reason = reason;

    /// <summary>Why.</summary>
    public NotPaidReason Reason { get; }
}
