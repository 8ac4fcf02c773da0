namespace Farthing.Payments.Desk;

/// <summary>Purchases that a wallet makes only once: their ids follow from wallet, payee, resource and how many came before.</summary>
/// <remarks>Thread-safe. A number is used up only by a refusal that the ledger remembers, a void, an expiry, a whole refund, or any refund by the wallet; so two tabs pay once.</remarks>
internal sealed class OncePurchases(Ledger.Ledger ledger, LabelledSecrets secrets)
{
    public static UInt128 IdOf(LabelledSecrets secrets, UInt128 wallet, UInt128 payee, string resource, uint attempt)
    {
        var bytes = new CanonicalBytes(stackalloc byte[768]);
        bytes.Add("once");
        bytes.Add(wallet);
        bytes.Add(payee);
        bytes.Add(resource);
        bytes.Add((UInt128)attempt);
        return bytes.ToOncePurchaseId(secrets);
    }

    /// <summary>Finds the wallet's newest purchase of a resource.</summary>
    /// <returns>The purchase, if it stands; and the number of the next one.</returns>
    public async ValueTask<(PaymentRecords? Standing, uint Next)> FindAsync(UInt128 wallet, UInt128 payee, string resource)
    {
        // The numbers that are used up have no gaps: double until one is free, then halve.
        uint free = 1;
        if (!await IsUsedAsync(0)) return (null, 0);
        while (await IsUsedAsync(free)) free = checked(free * 2);
        var used = free / 2;
        while (free - used > 1)
        {
            var middle = used + ((free - used) / 2);
            if (await IsUsedAsync(middle)) used = middle;
            else free = middle;
        }

        var newest = await PaymentRecords.FindAsync(ledger, IdOf(secrets, wallet, payee, resource, used));
        // An id that another payment has, however that came about, is used up but is no purchase of this wallet.
        var stands = newest is { Stands: true } && newest.Wallet == wallet && newest.Payee == payee;
        return (stands ? newest : null, used + 1);

        async ValueTask<bool> IsUsedAsync(uint attempt) => await ledger.FindAsync(IdOf(secrets, wallet, payee, resource, attempt)) is not null;
    }
}
