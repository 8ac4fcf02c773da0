using System.Diagnostics.CodeAnalysis;

namespace Farthing.Protocol;

/// <summary>What a site accepts as paid: signed by the operator's server, bound to payee, resource and the nonce of the terms.</summary>
/// <remarks>
/// Same token form as <see cref="Terms"/>, with the context <c>farthing-entitlement-v1</c>. Lives at most 60 seconds while a refund is still
/// possible, long afterwards. Immutable; safe to share between threads.
/// </remarks>
public sealed record Entitlement
{
    /// <summary>The longest token that is read, in characters.</summary>
    public const int MaxTokenLength = 4096;

    /// <summary>Whom it was paid to. Member <c>payee</c>.</summary>
    public required Id<PayeeKind> Payee { get; init; }

    /// <summary>The payment. Member <c>payment</c>.</summary>
    public required Id<PaymentKind> Payment { get; init; }

    /// <summary>What was paid for, as in the terms. Member <c>resource</c>.</summary>
    public required string Resource { get; init; }

    /// <summary>The nonce of the terms. Member <c>nonce</c>.</summary>
    public required string Nonce { get; init; }

    /// <summary>When it was issued, to the second. Member <c>issued</c>, Unix seconds.</summary>
    public required DateTimeOffset Issued { get; init; }

    /// <summary>When it ends, to the second. Member <c>expires</c>, Unix seconds.</summary>
    public required DateTimeOffset Expires { get; init; }

    /// <summary>Until when the payer can take the money back, or null if not at all. Member <c>refundableUntil</c>, Unix seconds.</summary>
    public DateTimeOffset? RefundableUntil { get; init; }

    /// <summary>Signs this entitlement.</summary>
    /// <returns>The token.</returns>
    public string Sign(SigningKey serverKey) => throw new NotImplementedException();

    /// <summary>Reads a token and checks its signature; the caller checks payee, resource, nonce and expiry.</summary>
    /// <returns>False for anything but a well-formed entitlement signed by <paramref name="serverKey"/>. Never throws.</returns>
    public static bool TryVerify(string? token, VerifyingKey serverKey, [NotNullWhen(true)] out Entitlement? entitlement) => throw new NotImplementedException();
}
