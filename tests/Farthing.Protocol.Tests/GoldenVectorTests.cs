using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Farthing.Protocol.Tests;

/// <summary>The bytes of the protocol as <c>docs/spec/vectors</c> holds them. Changing one is a protocol change.</summary>
public class GoldenVectorTests
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static TheoryData<string> Files => [.. Makers.Keys];

    private static Dictionary<string, Func<JsonObject>> Makers { get; } = new()
    {
        ["amounts.json"] = Amounts,
        ["ids.json"] = Ids,
        ["terms.json"] = TermsToken,
        ["entitlement.json"] = EntitlementToken,
        ["leaf.json"] = Leaf,
        ["tree.json"] = Tree,
        ["checkpoint.json"] = CheckpointNote,
        ["receipt.json"] = ReceiptDocument,
        ["http402-farthing.json"] = Http402,
        ["http402-meter.json"] = Meter,
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void Bytes_are_those_of_the_vectors(string file)
    {
        var made = Makers[file]().ToJsonString(Readable) + "\n";
        // To change the protocol on purpose: FARTHING_WRITE_VECTORS=1, and say so in the commit.
        if (Environment.GetEnvironmentVariable("FARTHING_WRITE_VECTORS") == "1") File.WriteAllText(Vectors.PathOf(file), made);
        Assert.Equal(File.ReadAllText(Vectors.PathOf(file)), made);
    }

    [Fact]
    public void Golden_tokens_and_documents_verify()
    {
        var terms = Vectors.Read("terms.json");
        Assert.True(VerifyingKey.TryParse(terms.GetProperty("payeeKey").GetString(), out var payeeKey));
        Assert.True(Terms.VerifySignature(terms.GetProperty("token").GetString()!, payeeKey));
        Assert.True(Terms.TryParse(terms.GetProperty("token").GetString(), out var readTerms));
        Assert.Equal(TermsTests.Example, readTerms);

        var entitlement = Vectors.Read("entitlement.json");
        Assert.True(VerifyingKey.TryParse(entitlement.GetProperty("serverKey").GetString(), out var serverKey));
        Assert.True(Entitlement.TryVerify(entitlement.GetProperty("token").GetString(), serverKey, out _));

        var receipt = Vectors.Read("receipt.json");
        Assert.True(CheckpointKey.TryParse(receipt.GetProperty("verifierKey").GetString(), out var verifierKey));
        Assert.True(Receipt.TryParse(Encoding.UTF8.GetBytes(receipt.GetProperty("receipt").GetRawText()), out var read));
        Assert.True(read.Verify(verifierKey).IsValid);
    }

    private static JsonObject Amounts()
    {
        var good = new JsonArray();
        foreach (var (text, code) in new[] { ("0.02", "USD"), ("0.000001", "EUR"), ("12345678.9", "GBP"), ("0.00000000001", "BTC"), ("1000000000000000000", "USD"), ("0.0", "USD"), ("1.500", "USD") })
        {
            Assert.True(Asset.TryGetCurrency(code, out var asset));
            Assert.Equal(AmountError.None, Amount.TryParse(text, asset, out var amount));
            good.Add(new JsonObject { ["text"] = text, ["currency"] = code, ["units"] = amount.Units.ToString(), ["canonical"] = amount.ToDecimalString() });
        }

        var bad = new JsonArray();
        foreach (var text in new[] { "-1", "", " 1", "1 ", "NaN", "1e3", "1,5", "1.", ".5", "01", "+1", "0.0000001", "1000000000000000000.000001" })
            bad.Add(new JsonObject { ["text"] = text, ["currency"] = "USD", ["error"] = Amount.TryParse(text, Asset.Usd, out _).ToString() });
        return new JsonObject { ["note"] = "Amounts on the wire: text, currency, and the count of the currency's smallest unit.", ["good"] = good, ["bad"] = bad };
    }

    private static JsonObject Ids()
    {
        var ids = new JsonArray();
        foreach (var value in new[] { UInt128.Zero, UInt128.One, UInt128.MaxValue, Keys.IdOf(0x4200), IdBytes.Compose(1_795_392_000_123, "0123456789"u8) })
            ids.Add(new JsonObject { ["hex"] = value.ToString("x32"), ["unixMilliseconds"] = IdBytes.TimeOf(value), ["payment"] = new Id<PaymentKind>(value).ToString(), ["wallet"] = new Id<WalletKind>(value).ToString() });
        return new JsonObject { ["note"] = "Ids: 48 bits of Unix milliseconds and 80 bits, as Crockford base32 after a prefix.", ["ids"] = ids };
    }

    private static JsonObject TermsToken()
    {
        var token = TermsTests.Example.Sign(Keys.Payee);
        return new JsonObject
        {
            ["note"] = "Terms signed by a payee whose key has the seed 01 01 … 01.",
            ["payeeKey"] = Keys.Payee.Verifier.ToString(),
            ["payload"] = PayloadOf(token),
            ["token"] = token,
        };
    }

    private static JsonObject EntitlementToken()
    {
        var token = EntitlementTests.Example.Sign(Keys.Operator);
        return new JsonObject
        {
            ["note"] = "An entitlement signed by a server whose key has the seed 02 02 … 02.",
            ["serverKey"] = Keys.Operator.Verifier.ToString(),
            ["payload"] = PayloadOf(token),
            ["token"] = token,
        };
    }

    private static JsonObject Leaf()
    {
        var bytes = ReceiptStory.Bytes(LedgerLeafTests.Example);
        var hash = new byte[32];
        MerkleTree.HashLeaf(bytes, hash);
        var payer = new byte[32];
        LedgerLeaf.CommitToPayer(ReceiptStory.PayerSalt, ReceiptStory.Wallet, payer);
        var memo = new byte[32];
        LedgerLeaf.CommitToMemo(ReceiptStory.PayerSalt, "memo"u8, memo);
        return new JsonObject
        {
            ["note"] = "A leaf's bytes and hash, and commitments to a payer and to the memo \"memo\" under one salt.",
            ["leaf"] = Hex(bytes),
            ["leafHash"] = Hex(hash),
            ["salt"] = Hex(ReceiptStory.PayerSalt),
            ["payer"] = ReceiptStory.Wallet.ToString("x32"),
            ["payerCommitment"] = Hex(payer),
            ["memoCommitment"] = Hex(memo),
        };
    }

    private static JsonObject Tree()
    {
        var leaves = MerkleTreeTests.Rfc6962Leaves;
        var trees = new JsonArray();
        for (var size = 1; size <= leaves.Length; size++)
        {
            var proofs = new JsonArray();
            for (var index = 0; index < size; index++) proofs.Add(Hex(NaiveTree.Proof(leaves.AsSpan(0, size), index)));
            trees.Add(new JsonObject { ["size"] = size, ["root"] = Hex(NaiveTree.Root(leaves.AsSpan(0, size))), ["proofs"] = proofs });
        }

        var consistency = new JsonArray();
        for (var newSize = 1; newSize <= leaves.Length; newSize++)
        {
            for (var oldSize = 1; oldSize <= newSize; oldSize++)
                consistency.Add(new JsonObject { ["from"] = oldSize, ["to"] = newSize, ["proof"] = Hex(NaiveTree.Consistency(leaves.AsSpan(0, newSize), oldSize)) });
        }

        return new JsonObject
        {
            ["note"] = "The eight leaves that implementations of RFC 6962 share, for every tree of the first of them its root and each leaf's inclusion proof, and the consistency proof of each two of these trees.",
            ["leaves"] = new JsonArray([.. leaves.Select(leaf => (JsonNode)Hex(leaf))]),
            ["trees"] = trees,
            ["consistency"] = consistency,
        };
    }

    private static JsonObject CheckpointNote()
    {
        var root = new byte[32];
        Sha256.Hash("root"u8, root);
        return new JsonObject
        {
            ["note"] = "A signed checkpoint of ours, by the key with the seed 02 02 … 02; and the key, seed and note of the Go module golang.org/x/mod/sumdb/note.",
            ["verifierKey"] = ReceiptStory.Key.ToString(),
            ["size"] = 1204,
            ["root"] = Hex(root),
            ["checkpoint"] = new Checkpoint(ReceiptStory.Origin, 1204, root).Sign(Keys.Operator),
            ["go"] = new JsonObject { ["verifierKey"] = CheckpointTests.GoKey, ["seed"] = CheckpointTests.GoSeed, ["signedNote"] = CheckpointTests.GoNote },
        };
    }

    private static JsonObject ReceiptDocument()
    {
        var receipt = ReceiptStory.PartlyRefunded().Receipt("posted", "0.02", "0.0005", "0.01", forPayer: true);
        return new JsonObject
        {
            ["note"] = "A receipt for the payer of 0.02 USD, half of it given back, by the operator whose key has the seed 02 02 … 02.",
            ["verifierKey"] = ReceiptStory.Key.ToString(),
            ["findings"] = new JsonArray([.. receipt.Verify(ReceiptStory.Key).Findings.Select(finding => (JsonNode)finding)]),
            ["receipt"] = JsonNode.Parse(receipt.ToJson()),
        };
    }

    private static JsonObject Meter()
    {
        var terms = (TermsTests.Example with { Offer = new(Keys.IdOf(0x10)), Amount = null, Resource = EntitlementTests.OfMeter.Resource }).Sign(Keys.Payee);
        var cover = EntitlementTests.OfMeter.Meter!;
        var meter = new MeterRequest(cover.Price, cover.Count, Amount.Parse("0.5 USD"), TermsTests.Example.Payee, new Uri("http://127.0.0.1:5080"), terms);
        Assert.True(MeterRequest.TryRead(meter.ToRequest(), out var read));
        Assert.Equal(meter, read);
        var challenge = PaymentChallenge.Create("0123456789abcdef0123456789abcdef"u8, "localhost", PaymentChallenge.Farthing, PaymentChallenge.Meter, meter.ToRequest(), TermsTests.Example.Expires);
        var token = EntitlementTests.OfMeter.Sign(Keys.Operator);
        return new JsonObject
        {
            ["note"] = "The Payment scheme with method farthing and intent meter, under the secret 0123456789abcdef0123456789abcdef; the entitlement by a server whose key has the seed 02 02 … 02.",
            ["serverKey"] = Keys.Operator.Verifier.ToString(),
            ["request"] = Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(meter.ToRequest())),
            ["wwwAuthenticate"] = challenge.ToHeader(),
            ["payload"] = PayloadOf(token),
            ["authorization"] = new PaymentCredential(challenge, token).ToHeader(),
        };
    }

    private static JsonObject Http402()
    {
        var charge = new ChargeRequest(Amount.Parse("0.02 USD"), TermsTests.Example.Payee, new Uri("http://127.0.0.1:5080"), TermsTests.Example.Sign(Keys.Payee));
        var challenge = PaymentChallenge.Create("0123456789abcdef0123456789abcdef"u8, "localhost", PaymentChallenge.Farthing, PaymentChallenge.Charge, charge.ToRequest(), TermsTests.Example.Expires);
        var credential = new PaymentCredential(challenge, EntitlementTests.Example.Sign(Keys.Operator));
        return new JsonObject
        {
            ["note"] = "The Payment scheme with method farthing, under the secret 0123456789abcdef0123456789abcdef.",
            ["wwwAuthenticate"] = challenge.ToHeader(),
            ["authorization"] = credential.ToHeader(),
            ["paymentReceipt"] = new PaymentReceiptHeader(PaymentChallenge.Farthing, EntitlementTests.Example.Issued, EntitlementTests.Example.Payment.ToString()).ToHeader(),
        };
    }

    private static string PayloadOf(string token) => SignedToken.TryRead(token, 4096, out var read) ? Encoding.UTF8.GetString(read.Payload) : "";

    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);
}
