using Farthing.Payments.Desk;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Payments.Receipts;
using Farthing.Payments.Settings;
using Farthing.Payments.Statements;
using Farthing.Payments.TopUps;
using Farthing.Payments.Wallets;
using Farthing.Protocol;

namespace Farthing.Payments;

/// <summary>What the operator sets.</summary>
public sealed record PaymentOptions
{
    /// <summary>The operator's fee in hundredths of a percent of each payment, out of the payee's share, rounded down. Default 100: one percent.</summary>
    public uint FeeBasisPoints { get; init; } = 100;

    /// <summary>How long a held payment waits for its post. Default seven days.</summary>
    public TimeSpan HoldLifetime { get; init; } = TimeSpan.FromDays(7);

    /// <summary>The refund window of payments that name no offer. Default fifteen minutes.</summary>
    public TimeSpan DefaultRefundWindow { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>How long an entitlement lives once no refund is possible. Default 30 days.</summary>
    public TimeSpan EntitlementLifetime { get; init; } = TimeSpan.FromDays(30);
}

/// <summary>The secrets of one data directory.</summary>
/// <param name="IssuingSecret">32 bytes from which issued keys, pseudonyms and blind indexes are derived, each under its own label.</param>
/// <param name="EntitlementKey">Signs entitlements.</param>
/// <param name="LedgerKey">Signs checkpoints and receipts.</param>
public sealed record ServerSecrets(byte[] IssuingSecret, SigningKey EntitlementKey, SigningKey LedgerKey);

/// <summary>The payment domain put together: what the doors talk to.</summary>
/// <remarks>Thread-safe.</remarks>
public sealed class PaymentSystem
{
    /// <summary>Puts the parts together and finishes what a crash cut off: rows in the making, top-ups under way, the reference index.</summary>
    /// <param name="operatorKeyHash">SHA-256 of the operator's key.</param>
    public static ValueTask<PaymentSystem> StartAsync(Ledger.Ledger ledger, ISettingsStore settings, IReadOnlyList<IRail> rails, ServerSecrets secrets, byte[] operatorKeyHash, PaymentOptions options, TimeProvider time) => throw new NotImplementedException();

    /// <summary>Who shows this bearer key; null if it is not a current key. No lookup on disk once the payee or wallet was read.</summary>
    public ValueTask<Caller?> AuthenticateAsync(string bearerKey) => throw new NotImplementedException();

    /// <summary>Payees.</summary>
    public PayeeDirectory Payees => throw new NotImplementedException();

    /// <summary>Wallets.</summary>
    public WalletDirectory Wallets => throw new NotImplementedException();

    /// <summary>Offers.</summary>
    public OfferDirectory Offers => throw new NotImplementedException();

    /// <summary>Payments.</summary>
    public PaymentDesk Desk => throw new NotImplementedException();

    /// <summary>Top-ups.</summary>
    public TopUpDesk TopUps => throw new NotImplementedException();

    /// <summary>Statements.</summary>
    public StatementReader Statements => throw new NotImplementedException();

    /// <summary>Receipts.</summary>
    public ReceiptWriter Receipts => throw new NotImplementedException();

    /// <summary>The public key of entitlements, for sites that check them offline.</summary>
    public VerifyingKey EntitlementVerifier => throw new NotImplementedException();

    /// <summary>The options in force.</summary>
    public PaymentOptions Options => throw new NotImplementedException();
}
