using Farthing.Payments.Settings;

namespace Farthing.Payments.Tests;

/// <summary>Settings that a test can stop at a step, so that another call comes in between.</summary>
internal sealed class WatchedSettings(ISettingsStore settings) : ISettingsStore
{
    public Func<Task> AfterFindingAPayee { get; set; } = () => Task.CompletedTask;

    public Func<Task> BeforeActivatingAnOffer { get; set; } = () => Task.CompletedTask;

    public int Erasures { get; private set; }

    public ValueTask<ClaimRow> ClaimPayeeAsync(ClaimRow claim, PayeeRow row) => settings.ClaimPayeeAsync(claim, row);

    public ValueTask<ClaimRow> ClaimOfferAsync(ClaimRow claim, OfferRow row) => settings.ClaimOfferAsync(claim, row);

    public ValueTask<ClaimRow> ClaimWalletAsync(ClaimRow claim, WalletRow row) => settings.ClaimWalletAsync(claim, row);

    public ValueTask<ClaimRow> ClaimPayeeKeyRotationAsync(ClaimRow claim) => settings.ClaimPayeeKeyRotationAsync(claim);

    public ValueTask<ClaimRow?> FindClaimAsync(string scope, byte[] key) => settings.FindClaimAsync(scope, key);

    public ValueTask ActivatePayeeAsync(UInt128 id) => settings.ActivatePayeeAsync(id);

    public async ValueTask ActivateOfferAsync(UInt128 id)
    {
        await BeforeActivatingAnOffer();
        await settings.ActivateOfferAsync(id);
    }

    public ValueTask ActivateWalletAsync(UInt128 id) => settings.ActivateWalletAsync(id);

    public ValueTask CloseOfferAsync(UInt128 id) => settings.CloseOfferAsync(id);

    public ValueTask EraseWalletAsync(UInt128 id)
    {
        Erasures++;
        return settings.EraseWalletAsync(id);
    }

    public async ValueTask<PayeeRow?> FindPayeeAsync(UInt128 id)
    {
        var row = await settings.FindPayeeAsync(id);
        await AfterFindingAPayee();
        return row;
    }

    public ValueTask<OfferRow?> FindOfferAsync(UInt128 id) => settings.FindOfferAsync(id);

    public ValueTask<WalletRow?> FindWalletAsync(UInt128 id) => settings.FindWalletAsync(id);

    public ValueTask<IReadOnlyList<OfferRow>> ListOffersAsync(UInt128 payee, UInt128? before, int count) => settings.ListOffersAsync(payee, before, count);

    public ValueTask<(IReadOnlyList<PayeeRow> Payees, IReadOnlyList<OfferRow> Offers, IReadOnlyList<WalletRow> Wallets)> ListCreatingAsync() => settings.ListCreatingAsync();
}
