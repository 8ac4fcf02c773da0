using System.Globalization;

namespace Farthing.Protocol;

/// <summary>Checks one receipt and collects what it finds as sentences for people. Used once.</summary>
internal sealed class ReceiptCheck
{
    private readonly Receipt receipt;
    private readonly List<string> findings = [];
    private bool failed;

    private ReceiptCheck(Receipt receipt) => this.receipt = receipt;

    public static ReceiptVerdict Run(Receipt receipt, CheckpointKey key)
    {
        var check = new ReceiptCheck(receipt);
        check.CheckAll(key);
        return new ReceiptVerdict(!check.failed, check.findings);
    }

    private void CheckAll(CheckpointKey key)
    {
        if (ReceiptStatement.FindFault(receipt.Payment, receipt.Legs) is { } fault)
        {
            Fail($"The receipt is malformed: {fault}.");
            return;
        }

        if (!Checkpoint.TryVerify(receipt.Checkpoint, key, out var checkpoint))
        {
            Fail($"The checkpoint is not signed by {key.Name} with the given key, so nothing else can be relied on.");
            return;
        }

        Hold($"The operator's checkpoint of {Count(checkpoint.Size)} {(checkpoint.Size == 1 ? "record" : "records")} is genuinely signed by {checkpoint.Origin}.");
        CheckSingleLeg();
        var leaves = CheckInclusion(checkpoint);
        CheckStatement(checkpoint, key);
        CheckSums(leaves);
        CheckPayer(leaves);
    }

    private void CheckSingleLeg()
    {
        var single = receipt.Legs.Count == 1 ? receipt.Legs[0] : null;
        if (receipt.Leaf != single?.Leaf || receipt.Index != single?.Index || receipt.Proof != single?.Proof)
            Fail("The leaf, index and proof at the top of the receipt are not those of its only record.");
    }

    private List<LedgerLeaf> CheckInclusion(Checkpoint checkpoint)
    {
        var leaves = new List<LedgerLeaf>();
        var hash = new byte[MerkleTree.HashLength];
        foreach (var leg in receipt.Legs)
        {
            ReceiptStatement.TryReadLeaf(leg, out var leaf, out var bytes);
            leaves.Add(leaf);
            MerkleTree.HashLeaf(bytes, hash);
            var isProven = SignedNote.TryDecodeBase64(leg.Proof, out var proof) && MerkleTree.VerifyInclusion(hash, leg.Index, checkpoint.Size, proof, checkpoint.Root);
            if (isProven) Hold($"Record {Count(leg.Index)} says that {Describe(leaf)}; it is proven to be among them.");
            else Fail($"Record {Count(leg.Index)} is not in the log of the checkpoint: its proof does not lead to the checkpoint's root.");
        }

        return leaves;
    }

    private void CheckStatement(Checkpoint checkpoint, CheckpointKey key)
    {
        var isSigned = SignedNote.TryDecodeBase64(receipt.Statement, out var signature)
            && key.Key.Verify(ReceiptStatement.Write(receipt.Payment, receipt.Legs, checkpoint), signature);
        if (isSigned) Hold("The operator has signed that these are all the records of the payment at that checkpoint.");
        else Fail("The operator's signature over the payment's state and records is wrong: something in the receipt was changed.");
    }

    private void CheckSums(List<LedgerLeaf> leaves)
    {
        if (!ReceiptSums.TryAdd(leaves, out var sums, out var fault))
        {
            Fail($"The records do not make one payment: {fault}.");
            return;
        }

        var payment = receipt.Payment;
        if (!Id<PaymentKind>.TryParse(payment.Id, out var id) || id.Value != sums.Id) Fail("The records are those of another payment.");
        else if (!Id<PayeeKind>.TryParse(payment.Payee, out var payee) || payee.Value != sums.Payee) Fail("The records pay another payee.");
        else if (payment.Status != sums.Status) Fail($"The records say that the payment is {sums.Status}, not {payment.Status}.");
        else if (payment.Amount != AmountJson.From(sums.Amount)) Fail($"The records add up to a price of {sums.Amount}, not {Describe(payment.Amount)}.");
        else if (payment.Fee != AmountJson.From(sums.Fee)) Fail($"The records add up to a fee of {sums.Fee}, not {Describe(payment.Fee)}.");
        else if (payment.Refunded != AmountJson.From(sums.Refunded)) Fail($"The records add up to {sums.Refunded} given back, not {Describe(payment.Refunded)}.");
        else if (!IsTimeOf(payment.CreatedAt, sums.UnixMilliseconds)) Fail($"The first record was made {DescribeTime(sums.UnixMilliseconds)}, not at {payment.CreatedAt}.");
        else Hold($"They add up: payment {payment.Id} of {sums.Amount} to {payment.Payee} is {payment.Status}, {(sums.Fee.IsZero ? "without a fee" : $"its fee is {sums.Fee}")}, and {(sums.Refunded.IsZero ? "nothing" : sums.Refunded)} was given back.");
    }

    private void CheckPayer(List<LedgerLeaf> leaves)
    {
        var opened = 0;
        string? payer = null;
        Span<byte> commitment = stackalloc byte[MerkleTree.HashLength];
        for (var i = 0; i < leaves.Count; i++)
        {
            var leg = receipt.Legs[i];
            if (leg.Payer is null && leg.PayerSalt is null) continue;
            var isOpening = Id<WalletKind>.TryParse(leg.Payer, out var wallet)
                && SignedNote.TryDecodeBase64(leg.PayerSalt ?? "", out var salt) && salt.Length == LedgerLeaf.SaltLength
                && Commits(salt, wallet.Value, leaves[i], commitment);
            if (!isOpening || (payer is not null && payer != leg.Payer))
            {
                Fail($"Record {Count(leg.Index)} was not made by the payer that the receipt names.");
                return;
            }

            payer = leg.Payer;
            opened++;
        }

        if (payer is not null) Hold($"The payer was {payer}: {(opened == 1 ? "one record opens" : $"{Count(opened)} records open")} to that wallet.");
    }

    private static bool Commits(byte[] salt, UInt128 wallet, LedgerLeaf leaf, Span<byte> commitment)
    {
        LedgerLeaf.CommitToPayer(salt, wallet, commitment);
        return commitment.SequenceEqual(leaf.PayerCommitment.Span);
    }

    // A time may be written in whole seconds.
    private static bool IsTimeOf(string text, long unixMilliseconds) =>
        Rfc3339.TryParse(text, out var time) && unixMilliseconds - time.ToUnixTimeMilliseconds() is >= 0 and < 1000;

    private static string Describe(LedgerLeaf leaf)
    {
        var payee = new Id<PayeeKind>(leaf.Payee);
        var what = ((ReceiptLegKind)leaf.Kind, leaf.Code) switch
        {
            (ReceiptLegKind.Transfer, TransferCode.Payment) => $"{leaf.Amount} went to {payee}",
            (ReceiptLegKind.Transfer, TransferCode.Fee) => $"the payee paid the operator a fee of {leaf.Amount}",
            (ReceiptLegKind.Transfer, TransferCode.Split) => $"the payee gave {payee} a share of {leaf.Amount}",
            (ReceiptLegKind.Hold, _) => $"{leaf.Amount} was held for {payee}",
            (ReceiptLegKind.Post, _) => $"{leaf.Amount} of what was held went to {payee}",
            (ReceiptLegKind.Void, _) => $"what was held for {payee} was returned to the payer",
            (ReceiptLegKind.Expire, _) => $"the time to take what was held for {payee} ran out, and it returned to the payer",
            (ReceiptLegKind.Refund, TransferCode.Refund) => $"{payee} gave {leaf.Amount} back to the payer",
            (ReceiptLegKind.Refund, TransferCode.FeeRefund) => $"the operator gave {leaf.Amount} of the fee back to the payee",
            (ReceiptLegKind.Refund, TransferCode.SplitRefund) => $"{payee} gave {leaf.Amount} of its share back to the payee",
            _ => $"{leaf.Amount} moved for another reason",
        };
        return $"{what} {DescribeTime(leaf.UnixMilliseconds)}";
    }

    private static string DescribeTime(long unixMilliseconds) =>
        DateTimeOffset.FromUnixTimeMilliseconds(unixMilliseconds).UtcDateTime.ToString("'on' yyyy-MM-dd 'at' HH:mm:ss.fff 'UTC'", CultureInfo.InvariantCulture);

    private static string Describe(AmountJson amount) => $"{amount.Amount} {amount.Currency}";

    private static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private void Hold(string sentence) => findings.Add(sentence);

    private void Fail(string sentence)
    {
        findings.Add(sentence);
        failed = true;
    }
}
