using System.Text;

namespace Farthing.Protocol.Tests;

public class ReceiptTests
{
    private static readonly UInt128 Payment = ReceiptStory.Payment;
    private static readonly UInt128 Post = Keys.IdOf(0x6600);

    [Fact]
    public void Receipt_says_in_words_what_it_proves()
    {
        var receipt = ReceiptStory.PartlyRefunded().Receipt("posted", "0.02", "0.0005", "0.01", forPayer: true);
        var verdict = receipt.Verify(ReceiptStory.Key);
        Assert.True(verdict.IsValid, string.Join('\n', verdict.Findings));
        Assert.Equal(
            [
                "The operator's checkpoint of 7 records is genuinely signed by farthing.example/ledger.",
                $"Record 1 says that 0.02 USD went to {ReceiptStory.Payee} on 2026-11-23 at 00:00:00.001 UTC; it is proven to be among them.",
                "Record 2 says that the payee paid the operator a fee of 0.001 USD on 2026-11-23 at 00:00:00.002 UTC; it is proven to be among them.",
                "Record 4 says that the operator gave 0.0005 USD of the fee back to the payee on 2026-11-23 at 00:00:00.004 UTC; it is proven to be among them.",
                $"Record 5 says that {ReceiptStory.Payee} gave 0.01 USD back to the payer on 2026-11-23 at 00:00:00.005 UTC; it is proven to be among them.",
                "The operator has signed that these are all the records of the payment at that checkpoint.",
                $"They add up: payment {new Id<PaymentKind>(Payment)} of 0.02 USD to {ReceiptStory.Payee} is posted, its fee is 0.0005 USD, and 0.01 USD was given back.",
                $"The payer was {new Id<WalletKind>(ReceiptStory.Wallet)}: 4 records open to that wallet.",
            ],
            verdict.Findings);
    }

    public static TheoryData<string, string, string, string, string> Lives => new()
    {
        { "posted", "posted", "0.02", "0", "0" },
        { "held", "held", "0.05", "0", "0" },
        { "held posted", "posted", "0.05", "0", "0" },
        { "held posted in part, with a fee", "posted", "0.03", "0.001", "0" },
        { "held posted refunded", "posted", "0.03", "0", "0.03" },
        { "shared, one share refunded", "posted", "0.02", "0.001", "0.002" },
        { "held voided", "voided", "0.05", "0", "0" },
        { "held expired", "expired", "0.05", "0", "0" },
    };

    [Theory]
    [MemberData(nameof(Lives))]
    public void Every_life_of_a_payment_has_a_valid_receipt(string life, string status, string amount, string fee, string refunded)
    {
        var story = life switch
        {
            "posted" => ReceiptStory.Single(),
            "held" => ReceiptStory.Held(),
            "held posted" => ReceiptStory.Held().Leg(4, TransferCode.Payment, Post, 50_000, Payment),
            "held posted in part, with a fee" => ReceiptStory.Held().Leg(4, TransferCode.Payment, Post, 30_000, Payment).Leg(2, TransferCode.Fee, Post + 1, 1_000),
            "held posted refunded" => ReceiptStory.Held().Leg(4, TransferCode.Payment, Post, 30_000, Payment)
                .Leg(6, TransferCode.Refund, Keys.IdOf(0x8800), 10_000, Post).Leg(6, TransferCode.Refund, Keys.IdOf(0x8900), 20_000, Post),
            "shared, one share refunded" => ReceiptStory.Shared().Leg(6, TransferCode.SplitRefund, Post + 16, 2_000, Payment + 16).Leg(6, TransferCode.Refund, Post, 2_000, Payment),
            "held voided" => ReceiptStory.Held().Leg(5, TransferCode.Payment, Keys.IdOf(0x8800), 50_000, Payment),
            _ => ReceiptStory.Held().Stranger().Leg(11, TransferCode.Payment, Payment, 50_000, Payment),
        };
        var receipt = story.Receipt(status, amount, fee, refunded);
        var verdict = receipt.Verify(ReceiptStory.Key);
        Assert.True(verdict.IsValid, string.Join('\n', verdict.Findings));
        Assert.Equal(receipt.Legs.Count == 1, receipt.Leaf is not null);

        Assert.True(Receipt.TryParse(receipt.ToJson(), out var read));
        Assert.True(read.Verify(ReceiptStory.Key).IsValid);
        Assert.Contains(
            $"of {amount} USD to {ReceiptStory.Payee} is {status}, {(fee == "0" ? "without a fee" : $"its fee is {fee} USD")}, and {(refunded == "0" ? "nothing" : $"{refunded} USD")} was given back.",
            verdict.Findings[^1], StringComparison.Ordinal);
        Assert.DoesNotContain("wal_", Encoding.UTF8.GetString(receipt.ToJson()), StringComparison.Ordinal);
    }

    [Fact]
    public void Any_changed_byte_of_the_json_is_noticed()
    {
        var tried = 0;
        foreach (var receipt in new[]
        {
            ReceiptStory.Single().Receipt("posted", "0.02", "0", "0", forPayer: true),
            ReceiptStory.PartlyRefunded().Receipt("posted", "0.02", "0.0005", "0.01", forPayer: true),
        })
        {
            var json = receipt.ToJson();
            for (var i = 0; i < json.Length; i++)
            {
                foreach (var flip in new byte[] { 1, 0x20 })
                {
                    json[i] ^= flip;
                    if (Receipt.TryParse(json, out var changed)) Assert.False(changed.Verify(ReceiptStory.Key).IsValid, $"byte {i} of {Encoding.UTF8.GetString(json)}");
                    json[i] ^= flip;
                    tried++;
                }
            }

            Assert.True(Receipt.TryParse(json, out var whole) && whole.Verify(ReceiptStory.Key).IsValid);
        }

        Assert.InRange(tried, 5_000, 20_000);
    }

    [Fact]
    public void Operator_who_signs_a_lie_is_caught_by_the_records()
    {
        string[][] lies =
        [
            ["held", "0.02", "0.0005", "0.01"],
            ["voided", "0.02", "0.0005", "0.01"],
            ["posted", "0.03", "0.0005", "0.01"],
            ["posted", "0.02", "0.001", "0.01"],
            ["posted", "0.02", "0.0005", "0"],
        ];
        foreach (var lie in lies)
        {
            var verdict = ReceiptStory.PartlyRefunded().Receipt(lie[0], lie[1], lie[2], lie[3]).Verify(ReceiptStory.Key);
            Assert.False(verdict.IsValid);
            Assert.StartsWith("The records", verdict.Findings[^1], StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Records_that_do_not_belong_together_are_not_a_payment()
    {
        ReceiptStory[] stories =
        [
            new ReceiptStory().Leg(2, TransferCode.Payment, Payment + 1, 20_000),
            new ReceiptStory().Leg(2, TransferCode.TopUp, Payment, 20_000),
            new ReceiptStory().Leg(6, TransferCode.Refund, Payment, 20_000, Post),
            new ReceiptStory().Leg(2, TransferCode.Payment, Payment, 20_000, outcome: 41),
            new ReceiptStory().Leg(2, TransferCode.Payment, Payment, 20_000).Leg(2, TransferCode.Payment, Post, 20_000),
            new ReceiptStory().Leg(2, TransferCode.Payment, Payment, 20_000).Leg(2, TransferCode.Fee, Payment + 2, 1_000),
            new ReceiptStory().Leg(2, TransferCode.Payment, Payment, 20_000).Leg(2, TransferCode.Fee, Payment + 1, 20_001),
            new ReceiptStory().Leg(2, TransferCode.Payment, Payment, 20_000).Leg(2, TransferCode.Fee, Payment + 1, 1).Leg(2, TransferCode.Fee, Payment + 1, 1),
            new ReceiptStory().Leg(2, TransferCode.Payment, Payment, 20_000).Leg(6, TransferCode.Refund, Post, 20_001, Payment),
            new ReceiptStory().Leg(2, TransferCode.Payment, Payment, 20_000).Leg(6, TransferCode.Refund, Post, 1, Keys.IdOf(0x100)),
            new ReceiptStory().Leg(2, TransferCode.Payment, Payment, 20_000).Leg(6, TransferCode.FeeRefund, Post, 1, Payment + 1),
            new ReceiptStory().Leg(2, TransferCode.Payment, Payment, 20_000).Leg(4, TransferCode.Payment, Post, 1, Payment),
            ReceiptStory.Held().Leg(2, TransferCode.Fee, Payment + 1, 1_000),
            ReceiptStory.Held().Leg(6, TransferCode.Refund, Post, 1, Payment),
            ReceiptStory.Held().Leg(4, TransferCode.Payment, Post, 50_001, Payment),
            ReceiptStory.Held().Leg(4, TransferCode.Payment, Post + 1, 50_000, Payment),
            ReceiptStory.Held().Leg(4, TransferCode.Payment, Post, 50_000, Keys.IdOf(0x100)),
            ReceiptStory.Held().Leg(5, TransferCode.Payment, Post, 50_000, Payment).Leg(4, TransferCode.Payment, Post, 50_000, Payment),
            ReceiptStory.Held().Leg(11, TransferCode.Payment, Post, 50_000, Payment),
            ReceiptStory.Held().Leg(4, TransferCode.Payment, Post, 50_000, Payment).Leg(6, TransferCode.Refund, Keys.IdOf(0x100), 1, Payment),
            ReceiptStory.Held().Leg(1, TransferCode.None, Post, 0),
            ReceiptStory.Held().Leg(2, TransferCode.Split, Payment + 16, 1),
            ReceiptStory.Shared().Leg(2, TransferCode.Split, Payment + 16, 1),
            ReceiptStory.Shared().Leg(2, TransferCode.Split, Payment + 15, 1),
            ReceiptStory.Shared().Leg(2, TransferCode.Split, Payment - 1, 1),
            ReceiptStory.Shared().Leg(2, TransferCode.Split, Payment + 32, 1),
            ReceiptStory.Shared().Leg(2, TransferCode.Split, Payment + 18, 10_001),
            ReceiptStory.Shared().Leg(6, TransferCode.SplitRefund, Post, 6_001, Payment + 16),
            ReceiptStory.Shared().Leg(6, TransferCode.SplitRefund, Post, 1, Payment + 1),
            new ReceiptStory().Leg(2, TransferCode.Payment, Payment, 20_000).Leg(2, TransferCode.Split, Payment + 16, 19_500).Leg(2, TransferCode.Fee, Payment + 1, 501),
        ];
        foreach (var story in stories)
        {
            Assert.False(ReceiptSums.TryAdd(story.Leaves, out _, out var fault));
            Assert.NotEmpty(fault);
            Assert.False(story.Receipt("posted", "0.02", "0", "0").Verify(ReceiptStory.Key).IsValid);
        }
    }

    [Fact]
    public void Receipt_under_another_key_or_origin_is_refused()
    {
        var receipt = ReceiptStory.Single().Receipt("posted", "0.02", "0", "0");
        Assert.False(receipt.Verify(new CheckpointKey(ReceiptStory.Origin, Keys.Stranger.Verifier)).IsValid);
        Assert.False(receipt.Verify(new CheckpointKey("other.example/ledger", Keys.Operator.Verifier)).IsValid);
    }

    [Fact]
    public void Another_wallet_cannot_claim_to_be_the_payer()
    {
        var receipt = ReceiptStory.Single().Receipt("posted", "0.02", "0", "0", forPayer: true);
        var leg = receipt.Legs[0] with { Payer = new Id<WalletKind>(Keys.IdOf(0x7800)).ToString() };
        Assert.False((receipt with { Legs = [leg] }).Verify(ReceiptStory.Key).IsValid);
        Assert.False((receipt with { Legs = [leg with { Payer = null }] }).Verify(ReceiptStory.Key).IsValid);
        Assert.False((receipt with { Legs = [leg with { PayerSalt = null }] }).Verify(ReceiptStory.Key).IsValid);
        Assert.True((receipt with { Legs = [leg with { Payer = null, PayerSalt = null }] }).Verify(ReceiptStory.Key).IsValid);
    }

    [Fact]
    public void Left_out_leg_is_noticed()
    {
        var receipt = ReceiptStory.PartlyRefunded().Receipt("posted", "0.02", "0.0005", "0.01");
        var verdict = (receipt with { Legs = [.. receipt.Legs.Take(2)] }).Verify(ReceiptStory.Key);
        Assert.Contains("The operator's signature over the payment's state and records is wrong: something in the receipt was changed.", verdict.Findings);
    }

    [Fact]
    public void Malformed_receipts_are_neither_signed_nor_read()
    {
        var receipt = ReceiptStory.Single().Receipt("posted", "0.02", "0", "0");
        var note = receipt.Checkpoint;
        ReceiptPayment[] wrong =
        [
            receipt.Payment with { Id = "pay_1" },
            receipt.Payment with { Status = "posted\nrefunded" },
            receipt.Payment with { Amount = new AmountJson("0.020", "USD") },
            receipt.Payment with { Fee = new AmountJson("0", "EUR") },
            receipt.Payment with { Payee = receipt.Payment.Id },
            receipt.Payment with { CreatedAt = "yesterday" },
        ];
        foreach (var payment in wrong) Assert.Throws<InvalidOperationException>(() => Receipt.Sign(payment, receipt.Legs, note, Keys.Operator));
        Assert.Throws<InvalidOperationException>(() => Receipt.Sign(receipt.Payment, [], note, Keys.Operator));
        Assert.Throws<InvalidOperationException>(() => Receipt.Sign(receipt.Payment, receipt.Legs, note, Keys.Stranger));
        Assert.Throws<InvalidOperationException>(() => Receipt.Sign(receipt.Payment, receipt.Legs, "", Keys.Operator));

        var json = Encoding.UTF8.GetString(receipt.ToJson());
        foreach (var changed in new[]
        {
            json.Replace("\"status\"", "\"state\"", StringComparison.Ordinal),
            json.Replace("{\"payment\"", "{\"paid\":true,\"payment\"", StringComparison.Ordinal),
            json.Replace("\"status\":", "\"status\":\"held\",\"status\":", StringComparison.Ordinal),
            json.Replace("\"currency\":\"USD\"", "\"currency\":null", StringComparison.Ordinal),
            json + "{}",
            "null",
            "[]",
            "",
        })
        {
            Assert.False(Receipt.TryParse(Encoding.UTF8.GetBytes(changed), out _), changed);
        }
    }
}
