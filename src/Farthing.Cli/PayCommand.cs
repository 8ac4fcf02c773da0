using System.CommandLine;
using System.Net;
using Farthing.Client;
using Farthing.Protocol;

namespace Farthing.Cli;

/// <summary><c>farthing pay URL --wallet-key KEY</c>: pays a site's 402 and prints what it sold.</summary>
internal static class PayCommand
{
    private const string WalletKeyVariable = "FARTHING_WALLET_KEY";

    public static Command Create()
    {
        var url = new Argument<string>("url") { Description = "What to read, such as http://localhost:5081/articles/rain." };
        var walletKey = new Option<string?>("--wallet-key") { Description = $"The wallet's key. Better in the variable {WalletKeyVariable}: command lines can be seen by others on the machine." };
        var server = new Option<string>("--server") { Description = "The wallet's payment server; no other gets the key.", DefaultValueFactory = _ => "http://127.0.0.1:5080" };
        var max = new Option<string>("--max") { Description = "The most that may be paid.", DefaultValueFactory = _ => "0.10 USD" };
        var command = new Command("pay", "Pays what a site asks, up to a maximum, and prints what it sold.") { url, walletKey, server, max };
        command.SetAction((parsed, cancellation) => RunAsync(parsed, parsed.GetValue(url)!,
            parsed.GetValue(walletKey) ?? Environment.GetEnvironmentVariable(WalletKeyVariable), parsed.GetValue(server)!, parsed.GetValue(max)!, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, string url, string? walletKey, string server, string max, CancellationToken cancellation)
    {
        if (!Addresses.TryParse(url, out var address)) return parsed.Fail($"'{url}' is not an address. Write it like http://localhost:5081/articles/rain.");
        if (!Addresses.TryParse(server, out var serverAddress)) return parsed.Fail($"'{server}' is not a server's address. Write it like http://127.0.0.1:5080.");
        if (string.IsNullOrEmpty(walletKey) || walletKey.AsSpan().ContainsAnyExceptInRange('!', '~'))
            return parsed.Fail($"Give the wallet's key with --wallet-key or in {WalletKeyVariable}. POST /v1/wallets makes a wallet and gives its key once.");

        Budget budget;
        try
        {
            budget = Budget.InAll(max);
        }
        catch (FormatException)
        {
            return parsed.Fail($"'{max}' is not a price. Write a decimal and a currency in quotes, such as --max \"0.10 USD\".");
        }

        using var wallet = new FarthingClient(serverAddress, walletKey);
        using var http = wallet.CreateHttpClient(budget);
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        try
        {
            using var response = await http.SendAsync(request, cancellation);
            return await WriteAsync(parsed, response, budget, cancellation);
        }
        catch (NotPaidException notPaid)
        {
            await parsed.InvocationConfiguration.Error.WriteLineAsync(notPaid.Message);
            if (notPaid.Reason == NotPaidReason.OverBudget) await parsed.InvocationConfiguration.Error.WriteLineAsync("Raise the maximum with --max if it is worth it to you.");
            return ExitCodes.No;
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            var reason = exception is OperationCanceledException ? "it took too long, or was broken off." : exception.Message;
            if (request.Options.TryGetValue(PayingHandler.PaymentOption, out var payment))
                return parsed.Fail($"{budget.Spent} was paid ({payment.Id}); the site did not answer: {reason} Ask for a refund in the wallet.");
            return parsed.Fail(budget.Spent.IsZero
                ? $"{url} cannot be reached: {reason}"
                : $"The payment server did not answer, so {budget.Spent} may have been paid: {reason} Look at the wallet's statement before you try again.");
        }
    }

    private static async Task<int> WriteAsync(ParseResult parsed, HttpResponseMessage response, Budget budget, CancellationToken cancellation)
    {
        var body = await response.Content.ReadAsStringAsync(cancellation);
        var error = parsed.InvocationConfiguration.Error;
        var payment = response.Headers.TryGetValues(PaymentReceiptHeader.Name, out var values) && PaymentReceiptHeader.TryParse(values.First(), out var receipt) ? receipt.Reference : null;
        await error.WriteLineAsync(budget.Spent.IsZero ? "Nothing was paid." : $"Paid {budget.Spent}{(payment is null ? "" : $" ({payment})")}.");
        if (response.StatusCode == HttpStatusCode.PaymentRequired && budget.Spent.IsZero)
            await error.WriteLineAsync("The site does not ask to be paid by method \"farthing\", the only one that this command knows.");
        if (!response.IsSuccessStatusCode)
        {
            await error.WriteLineAsync($"The site answered {(int)response.StatusCode} {response.ReasonPhrase}.{(budget.Spent.IsZero ? "" : " Ask for a refund in the wallet.")}");
            await error.WriteLineAsync(body);
            return ExitCodes.No;
        }

        await parsed.InvocationConfiguration.Output.WriteLineAsync(body);
        return ExitCodes.Done;
    }
}
