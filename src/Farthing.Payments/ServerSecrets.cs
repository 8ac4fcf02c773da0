using Farthing.Protocol;

namespace Farthing.Payments;

/// <summary>The secrets of one data directory.</summary>
/// <param name="IssuingSecret">32 bytes from which issued keys, pseudonyms and blind indexes are derived, each under its own label.</param>
/// <param name="EntitlementKey">Signs entitlements.</param>
/// <param name="LedgerKey">Signs checkpoints and receipts.</param>
public sealed record ServerSecrets(byte[] IssuingSecret, SigningKey EntitlementKey, SigningKey LedgerKey);
