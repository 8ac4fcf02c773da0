namespace Farthing.Protocol.Tests;

/// <summary>A log of a few records about one payment among others, and the receipt that its operator would write.</summary>
internal sealed class ReceiptStory
{
    public const string Origin = "farthing.example/ledger";

    private const long Start = 1_795_392_000_000;
    private readonly List<LedgerLeaf> log = [];
    private readonly List<int> legs = [];

    public static UInt128 Wallet { get; } = Keys.IdOf(0x7700);

    public static Id<PayeeKind> Payee { get; } = new(Keys.IdOf(0x9900));

    public static UInt128 Payment { get; } = Keys.IdOf(0x4200);

    public static CheckpointKey Key { get; } = new(Origin, Keys.Operator.Verifier);

    public static ReadOnlySpan<byte> PayerSalt => "salt of a payer."u8;

    public List<LedgerLeaf> Leaves => [.. legs.Select(index => log[index])];

    /// <summary>A payment of 0.02 USD with a fee of 0.001 USD, half of it given back.</summary>
    public static ReceiptStory PartlyRefunded() => new ReceiptStory()
        .Stranger().Leg(2, TransferCode.Payment, Payment, 20_000).Leg(2, TransferCode.Fee, Payment + 1, 1_000).Stranger()
        .Leg(6, TransferCode.FeeRefund, Keys.IdOf(0x5501), 500, Payment + 1).Leg(6, TransferCode.Refund, Keys.IdOf(0x5500), 10_000, Payment).Stranger();

    /// <summary>A payment of 0.02 USD with a fee of 0.001 USD and two shares, of 0.006 and 0.003 USD.</summary>
    public static ReceiptStory Shared() => new ReceiptStory()
        .Stranger().Leg(2, TransferCode.Payment, Payment, 20_000).Leg(2, TransferCode.Fee, Payment + 1, 1_000)
        .Leg(2, TransferCode.Split, Payment + 16, 6_000).Leg(2, TransferCode.Split, Payment + 17, 3_000);

    /// <summary>A payment of 0.02 USD without a fee.</summary>
    public static ReceiptStory Single() => new ReceiptStory().Stranger().Stranger().Leg(2, TransferCode.Payment, Payment, 20_000).Stranger();

    /// <summary>A hold of 0.05 USD that nothing has ended yet.</summary>
    public static ReceiptStory Held() => new ReceiptStory().Stranger().Leg(3, TransferCode.Payment, Payment, 50_000);

    public ReceiptStory Stranger() => Append(new LedgerLeaf
    {
        Kind = 2,
        Code = TransferCode.Payment,
        UnixMilliseconds = Start + log.Count,
        Id = Keys.IdOf(0xAA0000) + (UInt128)(log.Count * 256),
        Payee = Keys.IdOf(0xBB00),
        Amount = new Amount(Asset.Usd, 7),
        PayerCommitment = new byte[32],
        MemoCommitment = new byte[32],
    });

    public ReceiptStory Leg(byte kind, TransferCode code, UInt128 id, ulong units, UInt128 cited = default, byte outcome = 0)
    {
        legs.Add(log.Count);
        var commitment = new byte[32];
        LedgerLeaf.CommitToPayer(PayerSalt, Wallet, commitment);
        var memo = new byte[32];
        LedgerLeaf.CommitToMemo("salt of the memo"u8, "ciphertext"u8, memo);
        return Append(new LedgerLeaf
        {
            Kind = kind,
            Outcome = outcome,
            Code = code,
            UnixMilliseconds = Start + log.Count,
            Id = id,
            Payee = Payee.Value,
            Cited = cited,
            Amount = new Amount(Asset.Usd, units),
            PayerCommitment = commitment,
            MemoCommitment = memo,
        });
    }

    public Receipt Receipt(string status, string amount, string fee, string refunded, bool forPayer = false)
    {
        var leaves = log.Select(Bytes).ToArray();
        var checkpoint = new Checkpoint(Origin, leaves.Length, NaiveTree.Root(leaves)).Sign(Keys.Operator);
        var payment = new ReceiptPayment
        {
            Id = new Id<PaymentKind>(Payment).ToString(),
            Status = status,
            Amount = new AmountJson(amount, "USD"),
            Fee = new AmountJson(fee, "USD"),
            Refunded = new AmountJson(refunded, "USD"),
            Payee = Payee.ToString(),
            CreatedAt = Rfc3339.Format(DateTimeOffset.FromUnixTimeMilliseconds(log[legs[0]].UnixMilliseconds)),
        };
        return Protocol.Receipt.Sign(payment, [.. legs.Select(index => new ReceiptLeg
        {
            Leaf = Convert.ToBase64String(leaves[index]),
            Index = index,
            Proof = Convert.ToBase64String(NaiveTree.Proof(leaves, index)),
            Payer = forPayer ? new Id<WalletKind>(Wallet).ToString() : null,
            PayerSalt = forPayer ? Convert.ToBase64String(PayerSalt) : null,
        })], checkpoint, Keys.Operator);
    }

    public static byte[] Bytes(LedgerLeaf leaf)
    {
        var buffer = new byte[LedgerLeaf.MaxLength];
        return buffer[..leaf.Write(buffer)];
    }

    private ReceiptStory Append(LedgerLeaf leaf)
    {
        log.Add(leaf);
        return this;
    }
}
