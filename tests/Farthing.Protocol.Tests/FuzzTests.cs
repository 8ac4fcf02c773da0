using System.Buffers.Text;
using System.Text;

namespace Farthing.Protocol.Tests;

/// <summary>Arbitrary and mutated input never throws. The seed is fixed; a failing case is found again by running the test.</summary>
public class FuzzTests
{
    private const int CasesPerReader = 12_000;

    private static readonly byte[] Bait = "\"\\{}[]:,.=+-_ \n\t\0\u00ff019AZaz/|"u8.ToArray();

    public static TheoryData<string> Readers => [.. Targets.Keys];

    private static Dictionary<string, (byte[] Sample, Func<byte[], bool> Read)> Targets { get; } = new()
    {
        ["Amount"] = ("0.02"u8.ToArray(), bytes => Amount.TryParse(Text(bytes), Asset.Usd, out _) == AmountError.None),
        ["Id"] = (Encoding.ASCII.GetBytes(new Id<PaymentKind>(Keys.IdOf(1)).ToString()), bytes => Id<PaymentKind>.TryParse(Text(bytes), out _)),
        ["VerifyingKey"] = (Encoding.ASCII.GetBytes(Keys.Operator.Verifier.ToString()), bytes => VerifyingKey.TryParse(Text(bytes), out _)),
        ["CheckpointKey"] = (Encoding.ASCII.GetBytes(ReceiptStory.Key.ToString()), bytes => CheckpointKey.TryParse(Text(bytes), out _)),
        ["Checkpoint"] = (Encoding.UTF8.GetBytes(ReceiptStory.Single().Receipt("posted", "0.02", "0", "0").Checkpoint), bytes => Checkpoint.TryVerify(Encoding.UTF8.GetString(bytes), ReceiptStory.Key, out _)),
        ["Terms"] = (Encoding.ASCII.GetBytes(TermsTests.Example.Sign(Keys.Payee)), bytes => Terms.TryParse(Text(bytes), out _)),
        ["Terms payload"] = (Payload(TermsTests.Example.Sign(Keys.Payee)), bytes => Terms.TryParse(SignedToken.Sign("farthing-terms-v1", bytes, Keys.Payee), out _)),
        ["Entitlement payload"] = (Payload(EntitlementTests.Example.Sign(Keys.Operator)), bytes => Entitlement.TryVerify(SignedToken.Sign("farthing-entitlement-v1", bytes, Keys.Operator), Keys.Operator.Verifier, out _)),
        ["LedgerLeaf"] = (ReceiptStory.Bytes(LedgerLeafTests.Example), bytes => LedgerLeaf.TryRead(bytes, out _)),
        ["MerkleTree"] = (new byte[32 * 3], bytes => MerkleTree.VerifyInclusion(new byte[32], bytes.Length > 0 ? bytes[0] : 0, bytes.Length, bytes, new byte[32])),
        ["Consistency"] = (new byte[32 * 3], bytes => MerkleTree.VerifyConsistency(bytes.Length > 0 ? bytes[0] : 0, new byte[32], bytes.Length, new byte[32], bytes)),
        ["TileName"] = ("tile/2/x001/x234/067.p/17"u8.ToArray(), bytes => TileName.TryParse(Text(bytes), out _)),
        ["Receipt"] = (ReceiptStory.PartlyRefunded().Receipt("posted", "0.02", "0.0005", "0.01", forPayer: true).ToJson(), bytes => Receipt.TryParse(bytes, out var receipt) && receipt.Verify(ReceiptStory.Key).IsValid),
        ["PaymentChallenge"] = (Encoding.ASCII.GetBytes(Challenge.ToHeader()), bytes => PaymentChallenge.ReadAll(Text(bytes)).Any(c => c.Check("0123456789abcdef"u8, DateTimeOffset.UnixEpoch) == ChallengeError.None)),
        ["ChargeRequest"] = (Base64Url.DecodeFromChars(Challenge.Request), bytes => ChargeRequest.TryRead(Base64Url.EncodeToString(bytes), out _)),
        ["MeterRequest"] = (Base64Url.DecodeFromChars(PaymentChallengeTests.Meter.ToRequest()), bytes => MeterRequest.TryRead(Base64Url.EncodeToString(bytes), out _)),
        ["Entitlement payload of a meter"] = (Payload(EntitlementTests.OfMeter.Sign(Keys.Operator)), bytes => Entitlement.TryVerify(SignedToken.Sign("farthing-entitlement-v1", bytes, Keys.Operator), Keys.Operator.Verifier, out _)),
        ["PaymentCredential"] = (Base64Url.DecodeFromChars(new PaymentCredential(Challenge, "TOKEN", "me").ToHeader().AsSpan(8)), bytes => PaymentCredential.TryParse("Payment " + Base64Url.EncodeToString(bytes), out _)),
        ["PaymentReceiptHeader"] = (Base64Url.DecodeFromChars(new PaymentReceiptHeader("farthing", DateTimeOffset.UnixEpoch, "pay_1").ToHeader()), bytes => PaymentReceiptHeader.TryParse(Base64Url.EncodeToString(bytes), out _)),
    };

    private static PaymentChallenge Challenge => PaymentChallenge.Create("0123456789abcdef"u8, "news.example", "farthing", "charge",
        new ChargeRequest(Amount.Parse("0.02 USD"), new(Keys.IdOf(1)), new Uri("http://127.0.0.1:5080"), "TERMS").ToRequest(), DateTimeOffset.UnixEpoch.AddYears(1));

    [Theory]
    [MemberData(nameof(Readers))]
    public void Arbitrary_and_mutated_input_never_throws(string reader)
    {
        var (sample, read) = Targets[reader];
        var random = new Random(20_261_123);
        var refused = 0;
        for (var i = 0; i < CasesPerReader; i++)
        {
            var input = i % 8 == 0 ? Arbitrary(random) : Mutate(sample, random);
            if (!read(input)) refused++;
        }

        // Most mutants are broken; a reader that takes everything, or is never reached by anything good, is no reader.
        Assert.InRange(refused, CasesPerReader / 20, CasesPerReader);
        Assert.True(reader is "MerkleTree" or "Consistency" || read(sample));
    }

    [Fact]
    public void Cases_are_at_least_a_hundred_thousand() => Assert.InRange(CasesPerReader * Targets.Count, 100_000, 1_000_000);

    private static byte[] Arbitrary(Random random)
    {
        var bytes = new byte[random.Next(300)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Mutate(byte[] sample, Random random)
    {
        var bytes = sample.ToList();
        for (var changes = random.Next(1, 4); changes > 0 && bytes.Count > 0; changes--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] = Bait[random.Next(Bait.Length)];
                    break;
                case 2:
                    bytes.RemoveAt(at);
                    break;
                case 3:
                    bytes.Insert(at, Bait[random.Next(Bait.Length)]);
                    break;
                case 4:
                    bytes.RemoveRange(at, Math.Min(bytes.Count - at, random.Next(1, 20)));
                    break;
                default:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(bytes.Count - at, random.Next(1, 20))));
                    break;
            }
        }

        return [.. bytes];
    }

    // Latin 1, so that every byte is a character; and a lone surrogate now and then.
    private static string Text(byte[] bytes) => Encoding.Latin1.GetString(bytes).Replace('\u00fe', '\ud800');

    private static byte[] Payload(string token) => SignedToken.TryRead(token, 4096, out var read) ? read.Payload : [];
}
