using System.Text;
using System.Xml.Linq;

namespace Farthing.Server.Tests.Rest;

/// <summary>Payouts by files for a bank, over REST.</summary>
public class BankFilesTests(SharedServer server)
{
    private const string Operator = ServerProcess.OperatorKey;
    private const string OwnAccount = "DE89370400440532013000";
    private const string Base = "/v1/rails/bank-file";

    private readonly Api api = server.Api;

    [Fact]
    public async Task A_payout_goes_through_file_and_notification_to_its_end()
    {
        var payout = await SentAsync();
        var reference = payout["endToEndId"]!;
        var waiting = await api.GetAsync($"{Base}/files", Operator);
        Assert.True(waiting.Json["waiting"]!.GetValue<int>() >= 1, waiting.Text);
        var key = Api.NewKey();
        var made = await api.PostAsync($"{Base}/files", Operator, "{}", key);
        Assert.True(made.Status == 201, made.Text);
        Assert.StartsWith("FTEST", made["messageId"], StringComparison.Ordinal);
        Assert.Equal(made.Text, (await api.PostAsync($"{Base}/files", Operator, "{}", key)).Text);
        var path = $"{Base}/files/{made["messageId"]}";
        Assert.Equal(path, made.Headers.Location?.ToString());
        var file = await api.GetAsync(path, Operator);
        Assert.Equal((200, "application/xml"), (file.Status, file.MediaType));
        Assert.Contains(reference, XDocument.Parse(file.Text).Descendants().Select(element => element.Value));

        Assert.Equal("anotherAmount", await VerdictAsync(reference, "4.96"));
        Assert.Equal("paid", await VerdictAsync(reference, "4.95"));
        Assert.Equal("knownAlready", await VerdictAsync(reference, "4.95"));
        await Eventually.TrueAsync(async () => (await api.GetAsync($"/v1/payouts/{payout["id"]}", Operator))["state"] == "done");
        Expect.Problem(await api.PostAsync($"{Base}/failures", Operator, $$"""{"payout":"{{payout["id"]}}","reason":"No such account"}"""), 409, "transfer_booked");
    }

    [Fact]
    public async Task A_transfer_that_the_bank_refused_is_given_back()
    {
        var payout = await SentAsync();
        var failed = await api.PostAsync($"{Base}/failures", Operator, $$"""{"payout":"{{payout["id"]}}","reason":"No such account"}""");
        Assert.Equal((200, "failed"), (failed.Status, failed["verdict"]));
        await Eventually.TrueAsync(async () => (await api.GetAsync($"/v1/payouts/{payout["id"]}", Operator))["state"] == "returned");
        Assert.Contains("No such account", (await api.GetAsync($"/v1/payouts/{payout["id"]}", Operator))["reason"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_the_operator_hands_files_over_and_what_is_no_notification_is_refused()
    {
        var payee = await api.NewPayeeAsync("EUR");
        Expect.Problem(await api.PostAsync($"{Base}/files", payee.Key, "{}"), 403, "forbidden");
        Expect.Problem(await api.GetAsync($"{Base}/files", payee.Key), 403, "forbidden");
        Expect.Problem(await api.GetAsync($"{Base}/files/FTEST-99999999", Operator), 404, "bank_file_not_found");
        Expect.Problem(await TakeAsync("x", payee.Key), 403, "forbidden");
        Expect.Problem(await TakeAsync("""<?xml version="1.0"?><!DOCTYPE a SYSTEM "http://127.0.0.1:1/x"><a/>"""), 400, "notification_unreadable");
        Expect.Problem(await TakeAsync("<Document/>"), 400, "notification_unknown");
        Expect.Problem(await TakeAsync(Notification(OwnAccount, "A", "1.005")), 400, "notification_breaks_rule");
        Expect.Problem(await TakeAsync(Notification("NL91ABNA0417164300", "A", "1")), 409, "notification_of_another_account");
        Expect.Problem(await TakeAsync(new string('x', (4 << 20) + 1)), 413, "body_too_large");
        Expect.Problem(await api.PostAsync($"{Base}/failures", Operator, """{"payout":"out_00000000000000000000000007","reason":"No"}"""), 404, "payout_not_found");
        Expect.Problem(await api.PostAsync($"{Base}/failures", Operator, """{"payout":"pay_00000000000000000000000007","reason":"No"}"""), 400, "invalid_id");
        Assert.Equal("unknownReference", await VerdictAsync("OUT00000000000000000000000007", "1"));
        Assert.Equal("notOurs", await VerdictAsync("RENT", "1"));
        Expect.Problem(await SetAsync(payee, "NL91ABNA0417164301"), 400, "invalid_destination");
        Expect.Problem(await SetAsync(await api.NewPayeeAsync(), "NL91ABNA0417164300"), 400, "rail_not_available");
    }

    /// <summary>A payout of 4.95 EUR that the rail has.</summary>
    private async Task<Reply> SentAsync()
    {
        var (payee, wallet) = (await api.NewPayeeAsync("EUR"), await api.NewWalletAsync("10", "EUR"));
        // What cannot be refunded can be paid out at once.
        var offer = await api.PostAsync("/v1/offers", payee.Key, $$$"""{"name":"A keepsake","pricing":{"model":"per-use","price":{{{Api.Amount("5", "EUR")}}}},"refundWindowSeconds":0}""");
        Assert.True(offer.Status == 201, offer.Text);
        Assert.Equal(201, (await api.PostAsync("/v1/payments", wallet.Key, $$"""{"offer":"{{offer["id"]}}"}""")).Status);
        Assert.Equal(200, (await SetAsync(payee, "NL91 ABNA 0417 1643 00")).Status);
        var made = await api.PostAsync($"/v1/payees/{payee.Id}/payouts", payee.Key, null);
        Assert.True(made.Status == 201, made.Text);
        Assert.Equal(("reviewing", "4.95"), (made["state"], made.Amount("arrives")));
        Assert.Equal(200, (await api.PostAsync($"/v1/payouts/{made["id"]}/release", Operator, null)).Status);
        await Eventually.TrueAsync(async () => (await api.GetAsync($"/v1/payouts/{made["id"]}", Operator))["state"] == "sent");
        return made;
    }

    private Task<Reply> SetAsync(Account payee, string iban) => api.PostAsync($"/v1/payees/{payee.Id}/payout-setting", payee.Key, $$$"""{"rail":"bank-file","destination":{"name":"Shop","iban":"{{{iban}}}"}}""");

    private async Task<string> VerdictAsync(string reference, string amount)
    {
        var reply = await TakeAsync(Notification(OwnAccount, reference, amount));
        Assert.True(reply.Status == 200, reply.Text);
        return Assert.Single(reply.Json["lines"]!.AsArray())!["verdict"]!.GetValue<string>();
    }

    private Task<Reply> TakeAsync(string file, string bearer = Operator) => api.SendAsync(HttpMethod.Post, $"{Base}/notifications", bearer, null, new StringContent(file, Encoding.UTF8, "application/xml"));

    private static string Notification(string account, string reference, string amount) =>
        $"""<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>1</MsgId><CreDtTm>2026-11-24T06:00:00</CreDtTm></GrpHdr><Ntfctn><Id>1</Id><Acct><Id><IBAN>{account}</IBAN></Id></Acct><Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls><TxDtls><Refs><EndToEndId>{reference}</EndToEndId></Refs></TxDtls></NtryDtls></Ntry></Ntfctn></BkToCstmrDbtCdtNtfctn></Document>""";
}
