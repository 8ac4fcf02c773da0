// A stranger's program, built from the packages alone: a site that sells, and a payer who buys from it. Started by PackagesTests.
using Farthing.AspNetCore;
using Farthing.Client;
using Farthing.Protocol;

using var anyone = new FarthingClient(new Uri(args[0]));
var oper = anyone.WithKey(args[1]);

using var signingKey = SigningKey.Create();
var payee = await oper.Payees.CreatePayeeAsync(
    new NewPayee { Name = "A stranger", Currency = "USD", Website = "http://localhost:5999", SigningKey = signingKey.Verifier.ToString() }, anyone.NewKey());
var entitlementKey = await anyone.Ledger.ReadEntitlementKeyAsync();

var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.UseUrls("http://127.0.0.1:0");
builder.Services.AddFarthing(options =>
{
    options.Payee = payee.Id.ToString();
    options.SigningKey = Convert.ToBase64String(signingKey.ExportSeed());
    options.Server = anyone.Server.GetLeftPart(UriPartial.Authority);
    options.EntitlementKey = entitlementKey.ToString();
    options.PlayMoney = true;
});
await using var app = builder.Build();
app.MapGet("/forecast", () => "more rain").RequirePayment("0.002 USD", PaymentUse.PerCall);
await app.StartAsync();

var wallet = await anyone.Wallets.CreateWalletAsync("USD", anyone.NewKey());
var payer = anyone.WithKey(wallet.Key);
await payer.TopUps.CreateTopUpAsync(wallet.Id, new NewTopUp { Amount = Amount.Parse("1 USD"), Rail = "sandbox" }, anyone.NewKey());
using var budget = Budget.PerDay("0.01 USD").KeptIn("stranger.budget");
using var http = payer.CreateHttpClient(budget);
var sold = await http.GetStringAsync(new Uri($"{app.Urls.Single()}/forecast"));

var earned = await oper.WithKey(payee.Key).Payees.ReadPayeeAsync(payee.Id);
Console.WriteLine($"bought '{sold}' for {budget.Spent}; the payee has {earned.Balance}");
