namespace Farthing.Payments.Settings;

/// <summary>The port to relational settings: payees, offers, wallets, claims. Never a balance.</summary>
/// <remarks>Thread-safe. Each method is one transaction and durable when it returns.</remarks>
public interface ISettingsStore
{
    /// <summary>Claims a key and inserts a payee in one transaction; if the key was claimed before, nothing changes and the old claim is the answer.</summary>
    ValueTask<ClaimRow> ClaimPayeeAsync(ClaimRow claim, PayeeRow row);

    /// <summary>The same for an offer.</summary>
    ValueTask<ClaimRow> ClaimOfferAsync(ClaimRow claim, OfferRow row);

    /// <summary>The same for a wallet.</summary>
    ValueTask<ClaimRow> ClaimWalletAsync(ClaimRow claim, WalletRow row);

    /// <summary>Claims a key and sets the payee's key generation to one more, once.</summary>
    ValueTask<ClaimRow> ClaimPayeeKeyRotationAsync(ClaimRow claim);

    /// <summary>Finds an earlier claim.</summary>
    ValueTask<ClaimRow?> FindClaimAsync(string scope, byte[] key);

    /// <summary>Makes a payee active if it is still in the making; any other state stays, as a late repeat must not undo what came after.</summary>
    ValueTask ActivatePayeeAsync(UInt128 id);

    /// <summary>The same for an offer.</summary>
    ValueTask ActivateOfferAsync(UInt128 id);

    /// <summary>The same for a wallet.</summary>
    ValueTask ActivateWalletAsync(UInt128 id);

    /// <summary>Closes an offer; closing a closed one changes nothing.</summary>
    ValueTask CloseOfferAsync(UInt128 id);

    /// <summary>Destroys a wallet's memo key so that no file holds it any more, and marks the row erased. A repeat completes what was cut off.</summary>
    ValueTask EraseWalletAsync(UInt128 id);

    /// <summary>One payee, or null.</summary>
    ValueTask<PayeeRow?> FindPayeeAsync(UInt128 id);

    /// <summary>One offer, or null.</summary>
    ValueTask<OfferRow?> FindOfferAsync(UInt128 id);

    /// <summary>One wallet, or null.</summary>
    ValueTask<WalletRow?> FindWalletAsync(UInt128 id);

    /// <summary>A payee's offers, newest first, from before an id (null for the newest), at most <paramref name="count"/>.</summary>
    ValueTask<IReadOnlyList<OfferRow>> ListOffersAsync(UInt128 payee, UInt128? before, int count);

    /// <summary>Rows whose making was cut off.</summary>
    ValueTask<(IReadOnlyList<PayeeRow> Payees, IReadOnlyList<OfferRow> Offers, IReadOnlyList<WalletRow> Wallets)> ListCreatingAsync();
}
