using System.Numerics;
using System.Text.Json.Nodes;
using Farthing.Server.Tests.Rest;

namespace Farthing.Server.Tests.Crash;

/// <summary>One client with a wallet of its own that pays, holds, posts, voids, refunds and batches at random, and remembers every answer.</summary>
internal sealed class Shopper(UnreliableLine line, Account wallet, Shop[] shops, Random random)
{
    private const int MostBatchPayments = 20;

    /// <summary>Acknowledged payments by id, as their making was answered.</summary>
    public Dictionary<string, JsonNode> Payments { get; } = [];

    /// <summary>Acknowledged refunds: id, payment, units.</summary>
    public List<(string Id, string Payment, BigInteger Units)> Refunds { get; } = [];

    /// <summary>How many holds were posted and voided by acknowledged writes.</summary>
    public int Posts { get; private set; }

    public int Voids { get; private set; }

    public int Batches { get; private set; }

    /// <summary>Writes that were refused for lack of money: named refusals, not accidents.</summary>
    public int Refused { get; private set; }

    /// <summary>Receipts taken along the way.</summary>
    public List<Reply> Receipts { get; } = [];

    /// <summary>Answered writes with their answers, to be repeated later.</summary>
    public List<(Write Write, Reply Reply)> Answered { get; } = [];

    public Account Wallet => wallet;

    /// <summary>Does one thing, to its answer.</summary>
    public async Task ActAsync()
    {
        var shop = shops[random.Next(shops.Length)];
        switch (random.Next(10))
        {
            case 0 or 1 or 2:
                await PayAsync($$"""{"offer":"{{shop.Offer}}","quantity":{{random.Next(1, 5)}}}""");
                break;
            case 3 or 4:
                await PayAsync(Api.Payment(shop.Payee, Amount()));
                break;
            case 5 or 6:
                await HoldAsync(shop);
                break;
            case 7:
                await RefundAsync();
                break;
            case 8:
                await BatchAsync(shop);
                break;
            default:
                await RepeatAsync();
                break;
        }

        if (random.Next(8) == 0 && Payments.Count > 0)
            Receipts.Add(await line.GetAsync($"/v1/payments/{Payments.Keys.ElementAt(random.Next(Payments.Count))}/receipt", wallet.Key));
    }

    private async Task<JsonNode?> PayAsync(string body)
    {
        var reply = await WriteAsync("/v1/payments", wallet.Key, body);
        if (reply.Status == 402)
        {
            Refused++;
            return null;
        }

        Assert.True(reply.Status == 201, reply.Text);
        Payments.Add(reply["id"]!, reply.Json);
        return reply.Json;
    }

    private async Task HoldAsync(Shop shop)
    {
        if (await PayAsync(Api.Payment(shop.Payee, Amount(), hold: true)) is not { } held) return;
        var path = $"/v1/payments/{held["id"]}";
        switch (random.Next(3))
        {
            case 0:
                Assert.Equal(200, (await WriteAsync($"{path}/post", shop.Payee.Key, "{}")).Status);
                Posts++;
                break;
            case 1:
                Assert.Equal(200, (await WriteAsync($"{path}/void", shop.Payee.Key, "{}")).Status);
                Voids++;
                break;
        }
    }

    private async Task RefundAsync()
    {
        var posted = Payments.Values.Where(payment => payment["status"]!.GetValue<string>() == "posted").ToList();
        if (posted.Count == 0) return;
        var payment = posted[random.Next(posted.Count)];
        var id = payment["id"]!.GetValue<string>();
        var shop = shops.Single(shop => shop.Payee.Id == payment["payee"]!.GetValue<string>());
        var body = random.Next(2) == 0 ? "{}" : $$"""{"amount":{{Api.Amount("0.000007")}}}""";
        var reply = await WriteAsync($"/v1/payments/{id}/refunds", shop.Payee.Key, body);
        if (reply.Status == 409)
        {
            Assert.Contains(reply["code"], new[] { "exceeds_refundable", "payee_funds_insufficient" });
            Refused++;
            return;
        }

        Assert.True(reply.Status == 201, reply.Text);
        Refunds.Add((reply["id"]!, id, Money.Units(reply.Amount("amount"))));
    }

    private async Task BatchAsync(Shop shop)
    {
        var payments = Enumerable.Range(0, random.Next(1, MostBatchPayments + 1))
            .Select(_ => $$"""{"idempotencyKey":"{{Api.NewKey()}}",{{Api.Payment(shop.Payee, Amount())[1..]}}""");
        var reply = await WriteAsync("/v1/payments/batch", wallet.Key, $$"""{"payments":[{{string.Join(',', payments)}}]}""");
        Assert.True(reply.Status == 200, reply.Text);
        Batches++;
        foreach (var result in reply.Json["results"]!.AsArray())
        {
            if (result!["payment"] is { } payment)
            {
                Payments.Add(payment["id"]!.GetValue<string>(), payment.DeepClone());
            }
            else
            {
                Assert.Equal("insufficient_funds", result["problem"]!["code"]!.GetValue<string>());
                Refused++;
            }
        }
    }

    // An answer that was given is given again, whatever died since.
    private async Task RepeatAsync()
    {
        if (Answered.Count == 0) return;
        var (write, reply) = Answered[random.Next(Answered.Count)];
        var again = await line.SendAsync(write);
        Assert.Equal(reply.Status, again.Status);
        Assert.Equal(reply.Text, again.Text);
    }

    private async Task<Reply> WriteAsync(string path, string bearer, string body)
    {
        var write = new Write(path, bearer, Api.NewKey(), body);
        var reply = await line.SendAsync(write);
        Answered.Add((write, reply));
        return reply;
    }

    // Some are so small that there is no fee, and so no second leg; now and then one is more than there is.
    private string Amount() => random.Next(12) switch
    {
        0 => "0.00001",
        1 => "900",
        _ => $"0.{random.Next(1, 99):00}",
    };
}

/// <summary>A payee with an offer.</summary>
internal sealed record Shop(Account Payee, string Offer);
