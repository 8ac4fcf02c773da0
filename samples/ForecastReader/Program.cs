using Farthing.Client;

if (args is [var atServer, var key, var address, var budgetFile, var day])
{
    await ForecastReader.Kept.ReadAsync(new Uri(atServer), key, new Uri(address), budgetFile, day);
    return 0;
}

if (args is not [var server, var walletKey, var url])
{
    Console.Error.WriteLine("usage: ForecastReader SERVER WALLET-KEY URL [BUDGET-FILE DAY]");
    return 64;
}

// snippet: payer
using var wallet = new FarthingClient(new Uri(server), walletKey);
using var http = wallet.CreateHttpClient(Budget.PerDay("1.00 USD"));
Console.WriteLine(await http.GetStringAsync(new Uri(url)));
// end snippet

return 0;
