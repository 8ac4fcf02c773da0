using System.Globalization;
using System.Text;
using System.Xml.Linq;
using Farthing.Ledger;
using Farthing.Payments.Payees;
using Farthing.Payments.Payouts;
using Farthing.Protocol;
using Farthing.Server.Rails.BankFile;
using Microsoft.Data.Sqlite;
using static Farthing.Payments.Tests.BankFile.BankFileFormatTests;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests.BankFile;

/// <summary>Payouts by files for a bank, from the hold to what the bank says of them.</summary>
public class BankFileRailTests
{
    private static readonly BankFileOptions Operator = new("Farthing", "DE89370400440532013000", null);
    private static readonly string[] Accounts = ["NL91ABNA0417164300", "FR1420041010050500013M02606", "GB29NWBK60161331926819"];

    [Fact]
    public async Task A_payout_is_in_one_file_is_confirmed_once_and_comes_back_once()
    {
        await using var house = await BankHouse.OpenAsync();
        var payouts = new List<Payout>();
        foreach (var account in Accounts) payouts.Add(await house.PayOutAsync(account, "100.004999", "25.5"));
        Assert.All(payouts, payout => Assert.Equal((PayoutState.Preparing, Eur("0.25"), Eur("25.25")), (payout.State, payout.Cost, payout.Arrives)));
        await house.Test.RunDueAsync();
        Assert.All(await house.ReadAsync(payouts), payout => Assert.Equal(PayoutState.Sent, payout.State));
        // No bank was told yet, whoever says that one paid.
        Assert.Equal(NotedAs.InNoFile, Assert.Single(house.Take(Booked("DBIT", "25.25", payouts[0].EndToEndId))).Verdict);

        var key = house.Test.NewKey();
        var file = Given(await house.Rail.MakeFileAsync(key));
        Assert.Equal((3, Eur("75.75")), (file.Count, file.Sum));
        Assert.Equal(file, Given(await house.Rail.MakeFileAsync(key)));
        Refused(RefusalCodes.NothingToPayOut, await house.Rail.MakeFileAsync(house.Test.NewKey()));
        var bytes = await File.ReadAllBytesAsync(house.PathOf(file), TestContext.Current.CancellationToken);
        Assert.Equal(bytes, house.Rail.ReadFile(file.MessageId));
        var (document, faults) = Pain001Schema.Validate(bytes);
        Assert.Empty(faults);
        Assert.Equal(payouts.Select(payout => payout.EndToEndId).Order(StringComparer.Ordinal), document.Descendants(XName.Get("EndToEndId", Pain001.Namespace)).Select(id => id.Value));
        Assert.Equal(["75.75", "75.75"], document.Descendants(XName.Get("CtrlSum", Pain001.Namespace)).Select(sum => sum.Value));

        var lines = house.Take(
            Booked("DBIT", "25.25", payouts[0].EndToEndId), Booked("DBIT", "25.25", payouts[1].EndToEndId), Booked("DBIT", "25.24", payouts[2].EndToEndId), Booked("DBIT", "25.25", payouts[2].EndToEndId, "PDNG"),
            Booked("DBIT", "25.25", Payout.EndToEndIdOf(new(77))), Booked("DBIT", "9", "RENT"));
        Assert.Equal([NotedAs.Paid, NotedAs.Paid, NotedAs.AnotherAmount, NotedAs.NotBooked, NotedAs.UnknownReference, NotedAs.NotOurs], lines.Select(line => line.Verdict));
        await house.HearAsync();
        Assert.Equal([PayoutState.Done, PayoutState.Done, PayoutState.Sent], (await house.ReadAsync(payouts)).Select(payout => payout.State));
        Assert.Equal((Eur("50.5").Units, Eur("0.5").Units), (await house.TransitAsync(), await house.CostAsync()));

        var back = Booked("CRDT", "25.25", payouts[1].EndToEndId, more: "<RtrInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>Account closed</AddtlInf></RtrInf>");
        Assert.Equal([NotedAs.Returned, NotedAs.KnownAlready], house.Take(back, Booked("DBIT", "25.25", payouts[0].EndToEndId)).Select(line => line.Verdict));
        await house.HearAsync();
        Assert.Equal([NotedAs.KnownAlready, NotedAs.KnownAlready], house.Take(back, Booked("DBIT", "25.25", payouts[1].EndToEndId)).Select(line => line.Verdict));
        await house.HearAsync();
        var returned = (await house.ReadAsync(payouts))[1];
        Assert.Equal(PayoutState.Returned, returned.State);
        Assert.Contains("AC04 the account is closed: Account closed", returned.Reason, StringComparison.Ordinal);
        Assert.Equal((Eur("25.25").Units, Eur("0.5").Units), (await house.TransitAsync(), await house.CostAsync()));
        Assert.Equal(["74.504999 held 0", "99.754999 held 0", "74.504999 held 0"], await house.BalancesAsync());
        // 300.014997 came in: what is left, what has left for good, what is on its way, and what it cost.
        Assert.Equal(Eur("300.014997"), Eur("74.504999") + Eur("99.754999") + Eur("74.504999") + Eur("25.25") + Eur("25.5") + Eur("0.5"));
    }

    [Fact]
    public async Task Of_a_file_that_breaks_a_rule_nothing_is_taken_and_one_that_is_taken_again_says_so()
    {
        await using var house = await BankHouse.OpenAsync();
        var (payout, other) = (await house.PayOutAsync(Accounts[0], "100", "25"), await house.PayOutAsync(Accounts[1], "100", "25"));
        await house.Test.RunDueAsync();
        Given(await house.Rail.MakeFileAsync(house.Test.NewKey()));

        var broken = Notification(Operator.Iban, Booked("DBIT", "24.75", payout.EndToEndId), Booked("DBIT", "24.7", "RENT").Replace("<Sts><Cd>BOOK</Cd></Sts>", "", StringComparison.Ordinal));
        Refused(RefusalCodes.NotificationBreaksRule, house.Rail.TakeMessage(broken));
        await house.HearAsync();
        Assert.Equal(PayoutState.Sent, (await house.ReadAsync([payout]))[0].State);

        // The same reference twice on one side: the bank may have paid twice, which must not pass for a repetition.
        var twice = Notification(Operator.Iban, Booked("DBIT", "24.75", payout.EndToEndId), Booked("DBIT", "24.75", payout.EndToEndId), Booked("CRDT", "24.75", payout.EndToEndId), Booked("DBIT", "24.750", other.EndToEndId));
        var first = Given(house.Rail.TakeMessage(twice));
        Assert.Equal((false, "N1"), (first.IsRepeated, first.MessageId));
        Assert.Equal([NotedAs.Paid, NotedAs.Twice, NotedAs.Returned, NotedAs.Paid], first.Lines.Select(line => line.Verdict));
        await house.HearAsync();
        var again = Given(house.Rail.TakeMessage(twice));
        Assert.True(again.IsRepeated);
        Assert.Equal([NotedAs.KnownAlready, NotedAs.Twice, NotedAs.KnownAlready, NotedAs.KnownAlready], again.Lines.Select(line => line.Verdict));
        await house.HearAsync();
        Assert.Equal([PayoutState.Returned, PayoutState.Done], (await house.ReadAsync([payout, other])).Select(one => one.State));
        Assert.Equal(["99.75 held 0", "75 held 0"], await house.BalancesAsync());
    }

    [Fact]
    public async Task A_return_short_of_its_fee_gives_back_what_came_back_and_all_adds_up()
    {
        await using var house = await BankHouse.OpenAsync();
        var payouts = await house.SendAsync(3);
        house.Take([.. payouts.Select(payout => Booked("DBIT", "24.75", payout.EndToEndId))]);
        await house.HearAsync();

        const string Why = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>";
        // No return: more than was sent, another currency, nothing at all, and less without a word of a return.
        string[] odd = [Booked("CRDT", "24.76", payouts[0].EndToEndId, more: Why), Booked("CRDT", "20", payouts[0].EndToEndId, more: Why).Replace("EUR", "USD", StringComparison.Ordinal), Booked("CRDT", "0", payouts[0].EndToEndId, more: Why), Booked("CRDT", "0.01", payouts[0].EndToEndId)];
        var refused = house.Take(odd);
        Assert.All(refused, line => Assert.Equal(NotedAs.AnotherAmount, line.Verdict));
        Assert.Equal("24.75 EUR was sent, and this is 24.76 EUR. Nothing moved.", refused[0].Detail);
        Assert.Equal("24.75 EUR was sent, and this is no amount in EUR. Nothing moved.", refused[1].Detail);
        await house.HearAsync();
        Assert.All(await house.ReadAsync(payouts), payout => Assert.Equal(PayoutState.Done, payout.State));

        // The entry says what came in, the detail what was sent.
        var back = Booked("CRDT", "24.75", payouts[0].EndToEndId, more: Why).Replace("<NtryRef>1</NtryRef><Amt Ccy=\"EUR\">24.75<", "<NtryRef>1</NtryRef><Amt Ccy=\"EUR\">19.75<", StringComparison.Ordinal);
        Assert.Equal(NotedAs.Returned, Assert.Single(house.Take(back)).Verdict);
        Assert.Equal(NotedAs.Returned, Assert.Single(house.Take(Booked("CRDT", "24.75", payouts[1].EndToEndId))).Verdict);
        // Everything ends before that was heard; then it is heard twice.
        await house.RestartAsync();
        await house.HearAsync();
        Assert.Equal(NotedAs.KnownAlready, Assert.Single(house.Take(back)).Verdict);
        Assert.Equal("19.75 EUR came back before, and this is 5.00 EUR. Nothing moved.", Assert.Single(house.Take(Booked("CRDT", "5", payouts[0].EndToEndId, more: Why))).Detail);
        foreach (var payout in payouts) await house.Test.Domain.Payouts.WakeAsync(payout.Id);
        await house.HearAsync();

        var read = await house.ReadAsync(payouts);
        Assert.Equal([Eur("19.75"), Eur("24.75"), null], read.Select(payout => payout.Returned));
        Assert.Equal("It arrived and came back (AC04 the account is closed). 19.75 EUR is on the balance again; the rail keeps its 0.25 EUR; 5.00 EUR was kept by a bank on the way back.", read[0].Reason);
        Assert.DoesNotContain("kept by a bank", read[1].Reason, StringComparison.Ordinal);
        Assert.Equal(["94.75 held 0", "99.75 held 0", "75 held 0"], await house.BalancesAsync());
        // 300 came in: what is left, what has left for good, and what it cost, three times the rail's and once a bank's.
        Assert.Equal((Eur("24.75").Units, Eur("5.75").Units), (await house.TransitAsync(), await house.CostAsync()));
        Assert.Equal(Eur("300"), Eur("94.75") + Eur("99.75") + Eur("75") + Eur("24.75") + Eur("5.75"));
    }

    [Fact]
    public async Task What_no_transfer_carries_stands_in_no_file()
    {
        await using var house = await BankHouse.OpenAsync();
        var (largest, larger) = (await house.PayOutAsync(Accounts[0], "1000000000.24", "1000000000.24"), await house.PayOutAsync(Accounts[1], "1000000000.25", "1000000000.25"));
        await house.Test.RunDueAsync();
        Assert.Equal((Eur("999999999.99"), Eur("1000000000")), (largest.Arrives, larger.Arrives));
        var read = await house.ReadAsync([largest, larger]);
        if (read[0].State != PayoutState.Sent || read[1].State != PayoutState.Returned) Assert.Fail($"{read[0]}\n{read[1]}");
        Assert.Contains("at most 999999999.99 EUR", read[1].Reason, StringComparison.Ordinal);
        Assert.Equal(1, Given(await house.Rail.MakeFileAsync(house.Test.NewKey())).Count);
    }

    [Fact]
    public async Task What_a_crash_cut_off_is_finished_and_nothing_is_written_or_heard_twice()
    {
        await using var house = await BankHouse.OpenAsync();
        var payout = await house.PayOutAsync(Accounts[0], "100", "25");
        await house.Test.RunDueAsync();
        var file = Given(await house.Rail.MakeFileAsync(house.Test.NewKey()));
        var bytes = await File.ReadAllBytesAsync(house.PathOf(file), TestContext.Current.CancellationToken);

        // The file was decided on and not written.
        File.Delete(house.PathOf(file));
        house.Execute("UPDATE Files SET IsWritten = 0");
        await house.RestartAsync();
        Assert.Equal(bytes, await File.ReadAllBytesAsync(house.PathOf(file), TestContext.Current.CancellationToken));

        // It was written, and the operator took it to the bank.
        File.Delete(house.PathOf(file));
        await house.RestartAsync();
        Assert.False(File.Exists(house.PathOf(file)));
        Assert.Equal(bytes, house.Rail.ReadFile(file.MessageId));
        Refused(RefusalCodes.NothingToPayOut, await house.Rail.MakeFileAsync(house.Test.NewKey()));

        // What the bank said was noted and not told.
        Assert.Equal(NotedAs.Paid, Assert.Single(house.Take(Booked("DBIT", "24.75", payout.EndToEndId))).Verdict);
        await house.RestartAsync();
        await house.Test.RunDueAsync();
        Assert.Equal(PayoutState.Sent, (await house.ReadAsync([payout]))[0].State);
        await house.HearAsync();
        Assert.Equal(PayoutState.Done, (await house.ReadAsync([payout]))[0].State);
        await house.HearAsync();
        Assert.Equal(Eur("24.75").Units, await house.TransitAsync());
    }

    [Fact]
    public async Task A_transfer_that_the_bank_will_not_pay_is_given_back_unless_it_was_booked()
    {
        await using var house = await BankHouse.OpenAsync();
        var (refused, paid) = (await house.PayOutAsync(Accounts[0], "100", "25"), await house.PayOutAsync(Accounts[1], "100", "25"));
        await house.Test.RunDueAsync();
        Given(await house.Rail.MakeFileAsync(house.Test.NewKey()));
        house.Take(Booked("DBIT", "24.75", paid.EndToEndId));

        Assert.Null(house.Rail.TakeFailure(refused.Id, "No such account"));
        Assert.Null(house.Rail.TakeFailure(refused.Id, "No such account"));
        Assert.Equal(RefusalCodes.TransferBooked, house.Rail.TakeFailure(paid.Id, "No such account")!.Code);
        Assert.Equal(RefusalCodes.PayoutNotFound, house.Rail.TakeFailure(new(7), "No such account")!.Code);
        await house.HearAsync();
        Assert.Equal(NotedAs.FailedBefore, Assert.Single(house.Take(Booked("DBIT", "24.75", refused.EndToEndId))).Verdict);
        await house.HearAsync();

        Assert.Equal([PayoutState.Returned, PayoutState.Done], (await house.ReadAsync([refused, paid])).Select(payout => payout.State));
        Assert.Equal(["100 held 0", "75 held 0"], await house.BalancesAsync());
    }

    [Fact]
    public async Task Impossible_destinations_and_notifications_of_other_accounts_are_refused()
    {
        await using var house = await BankHouse.OpenAsync();
        var payee = await house.NewPayeeAsync("100");
        foreach (var destination in (PayoutDestination[])[new("N"), new("N", "DE88370400440532013000"), new("N", Operator.Iban), new("N", Accounts[0], "DEUT"), new("N", Accounts[0], "deutdeff"), new("N", Accounts[0], Instruction: "fail"), new("新聞", Accounts[0])])
            Refused(RefusalCodes.InvalidDestination, await house.Test.Domain.PayoutSettings.SetAsync(payee.Id, house.Test.NewKey(), new("bank-file", destination)));
        Refused(RefusalCodes.RailNotAvailable, await house.Test.Domain.PayoutSettings.SetAsync((await house.Test.NewPayeeAsync()).Id, house.Test.NewKey(), new("bank-file", new("N", Accounts[0]))));
        var set = Given(await house.Test.Domain.PayoutSettings.SetAsync(payee.Id, house.Test.NewKey(), new("bank-file", new("N", "nl91 abna 0417 1643 00"))));
        Assert.Equal(Accounts[0], set.Destination.Iban);
        Refused(RefusalCodes.NotificationOfAnotherAccount, house.Rail.TakeMessage(Notification(Accounts[0], Booked("DBIT", "1", "A"))));
        Refused(RefusalCodes.NotificationOfAnotherAccount, house.Rail.TakeMessage(Encoding.UTF8.GetBytes(BankMessageTests.Sample08.Replace("<IBAN>DE89370400440532013000</IBAN>", "<Othr><Id>532013000</Id></Othr>", StringComparison.Ordinal))));
        Refused(RefusalCodes.NotificationUnreadable, house.Rail.TakeMessage("no file of a bank"u8.ToArray()));
    }

    private static Amount Eur(string text) => Amount.TryParse(text, Asset.Eur, out var amount) == AmountError.None ? amount : throw new ArgumentException(text);

    [Fact]
    public async Task Without_the_memory_of_its_files_the_rail_does_not_begin_anew()
    {
        await using var house = await BankHouse.OpenAsync();
        await house.PayOutAsync(Accounts[0], "100", "25.5");
        await house.Test.RunDueAsync();
        Given(await house.Rail.MakeFileAsync(house.Test.NewKey()));
        house.Lose();
        var refused = await Assert.ThrowsAsync<Farthing.Server.StartRefusedException>(() => house.Test.RestartAsync());
        Assert.Contains("is missing", refused.Message, StringComparison.Ordinal);
    }
}
