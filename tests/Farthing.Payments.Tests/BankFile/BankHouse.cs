using Farthing.Ledger;
using Farthing.Payments.Payees;
using Farthing.Payments.Payouts;
using Farthing.Protocol;
using Farthing.Server.Rails.BankFile;
using Microsoft.Data.Sqlite;
using static Farthing.Payments.Tests.BankFile.BankFileFormatTests;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests.BankFile;

/// <summary>A payment system that pays out by files for a bank.</summary>
internal sealed class BankHouse : IAsyncDisposable
{
    public static readonly BankFileOptions Debtor = new("Farthing", "DE89370400440532013000", null);
    private static readonly string[] Accounts = ["NL91ABNA0417164300", "FR1420041010050500013M02606", "GB29NWBK60161331926819"];

    private readonly List<Payee> payees = [];

    private BankHouse(TestSystem test) => Test = test;

    public TestSystem Test { get; }

    public BankFileRail Rail { get; private set; } = null!;

    private string Directory => Path.Combine(Test.Directory, "bank-files");

    private string Database => Path.Combine(Test.Directory, "bank-file.db");

    public static async Task<BankHouse> OpenAsync()
    {
        var costs = new Dictionary<string, string> { ["bank-file"] = "bank-transfer" };
        var house = new BankHouse(await StartAsync(new() { FeeBasisPoints = 0, Payouts = new() { ReviewNewDestinations = false, ReviewAboveWholeUnits = null, CostSchedules = costs } }));
        house.Test.WrapPayoutRail = _ => house.Rail = new BankFileRail(Debtor, house.Database, house.Directory, "FTESTa1b2c3d4", house.Test.Time);
        await house.Test.RestartAsync();
        return house;
    }

    public async Task RestartAsync()
    {
        Rail.Dispose();
        await Test.RestartAsync();
    }

    public void Lose()
    {
        Rail.Dispose();
        foreach (var file in System.IO.Directory.GetFiles(Test.Directory, "bank-file.db*")) File.Delete(file);
    }

    public string PathOf(Farthing.Server.Rails.BankFile.BankFile file) => Path.Combine(Directory, $"{file.MessageId}.xml");

    /// <summary>Payouts of 25 of 100, of which 24.75 arrives, in one file that the bank has.</summary>
    public async Task<List<Payout>> SendAsync(int count)
    {
        var payouts = new List<Payout>();
        for (var i = 0; i < count; i++) payouts.Add(await PayOutAsync(Accounts[i % Accounts.Length], "100", "25"));
        await Test.RunDueAsync();
        Assert.Equal("FTESTa1b2c3d4-00000001", Given(await Rail.MakeFileAsync(Test.NewKey())).MessageId);
        return payouts;
    }

    private static Amount Eur(string text) => BankMessageTests.Eur(text);

    public async Task<Payee> NewPayeeAsync(string amount)
    {
        var payee = Given(await Test.Domain.Payees.CreateAsync(Test.NewKey(), new NewPayee("Maison Été", Asset.Eur))).Payee;
        var clearing = ChartOfAccounts.RailClearing("sandbox", Asset.Eur);
        var id = Id<PaymentKind>.New(Test.Time).Value;
        await Test.Ledger.SubmitAsync([Command.OpenAccount(clearing, Asset.Eur, AccountFlags.None)]);
        Assert.Equal(Outcome.Done, (await Test.Ledger.SubmitAsync([Command.Transfer(id, id, clearing, payee.Id.Value, Eur(amount), TransferCode.Campaign)]))[0].Outcome);
        payees.Add(payee);
        return payee;
    }

    public async Task<Payout> PayOutAsync(string account, string balance, string amount)
    {
        var payee = await NewPayeeAsync(balance);
        Given(await Test.Domain.PayoutSettings.SetAsync(payee.Id, Test.NewKey(), new("bank-file", new("Maison Été", account))));
        return Given(await Test.Domain.Payouts.PayOutAsync(As(payee), payee.Id, Test.NewKey(), Eur(amount)));
    }

    public IReadOnlyList<NotedTransfer> Take(params string[] booked) => Given(Rail.TakeMessage(Notification(Debtor.Iban, booked))).Lines;

    public async Task HearAsync()
    {
        await Rail.TellAsync(Test.Domain.Payouts.WakeAsync);
        await Test.RunDueAsync();
    }

    public async Task<List<Payout>> ReadAsync(IEnumerable<Payout> payouts)
    {
        var read = new List<Payout>();
        foreach (var payout in payouts) read.Add(Given(await Test.Domain.Payouts.ReadAsync(new(CallerKind.Operator, 0), payout.Id)));
        return read;
    }

    public async Task<List<string>> BalancesAsync()
    {
        var balances = new List<string>();
        foreach (var payee in payees) balances.Add(await Test.BalanceAsync(payee));
        return balances;
    }

    public async Task<UInt128> TransitAsync() => (await Test.Ledger.ReadAccountAsync(ChartOfAccounts.RailTransit("bank-file", Asset.Eur)))?.Balances.Available ?? 0;

    public async Task<UInt128> CostAsync() => (await Test.Ledger.ReadAccountAsync(ChartOfAccounts.RailCost("bank-file", Asset.Eur)))?.Balances.Available ?? 0;

    public void Execute(string sql)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Database, Pooling = false }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        Assert.Equal(1, command.ExecuteNonQuery());
    }

    public async ValueTask DisposeAsync()
    {
        Rail.Dispose();
        await Test.DisposeAsync();
    }
}
