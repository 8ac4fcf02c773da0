using Farthing.Protocol;

namespace Farthing.Client.Purchases;

/// <summary>What one logical request buys: always under the same key, with the same terms.</summary>
/// <param name="key">The idempotency key of its payment.</param>
/// <param name="request">The digest of method, address and body.</param>
/// <param name="name">The digest of the name that the caller gave the request, or null.</param>
/// <param name="payer">The digest of the server and of the wallet or mandate that pay.</param>
/// <param name="challenge">What the site asks.</param>
/// <param name="charge">The same, read.</param>
/// <param name="begun">When it was begun, by the server's clock.</param>
/// <param name="day">The day that its price counts on.</param>
internal sealed class Purchase(string key, string request, string? name, string payer, PaymentChallenge challenge, ChargeRequest charge, DateTimeOffset begun, long day)
{
    public string Key => key;

    public string Request => request;

    public string? Name => name;

    public string Payer => payer;

    public PaymentChallenge Challenge => challenge;

    public ChargeRequest Charge => charge;

    public Amount Price => charge.Amount;

    public DateTimeOffset Begun => begun;

    public long Day => day;

    /// <summary>One message at a time pays; the others then have what it got.</summary>
    public SemaphoreSlim Turn { get; } = new(1);

    /// <summary>What was paid. Written by whoever has the turn.</summary>
    public Payment? Payment { get; set; }

    /// <summary>When that was heard, by the system's clock, which goes on while the system sleeps. Written by whoever has the turn.</summary>
    public DateTimeOffset PaymentHeard { get; set; }

    /// <summary>Why nothing was paid, for ever. Written by whoever has the turn.</summary>
    public NotPaidException? Refusal { get; set; }

    /// <summary>True if an earlier try may have paid, and nothing was heard of it. Written by whoever has the turn.</summary>
    public bool MayBePaid { get; set; }

    /// <summary>True once the site has answered the paid request. Guarded by the book.</summary>
    public bool IsAnswered { get; set; }
}
