namespace Farthing.Server.Rails.BankFile;

/// <summary>The operator's account at a bank, out of which payees are paid.</summary>
/// <param name="Name">Whose account it is, as the bank writes it.</param>
/// <param name="Iban">Its IBAN, checked.</param>
/// <param name="Bic">The bank's BIC, or null if it asks for none.</param>
internal sealed record BankFileOptions(string Name, string Iban, string? Bic)
{
    /// <summary>Whether what is paid is play money, which each file then says. Default true.</summary>
    public bool IsPlayMoney { get; init; } = true;
}
