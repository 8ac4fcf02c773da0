using Farthing.Protocol;

namespace Farthing.Ledger.State;

/// <summary>A record read in place: what <see cref="JournalRecord"/> has, without copying the memo or making a string of the asset's code.</summary>
/// <remarks>For those who pass over many records and want little of each. Made by <see cref="RecordCodec.TryView"/>.</remarks>
internal ref struct RecordView
{
    public RecordKind Kind;
    public Outcome Outcome;
    public byte ChainIndex;
    public bool Linked;
    public bool UnitsWereZero;
    public AccountFlags Flags;
    public Balancing Balancing;
    public byte AssetScale;
    public TransferCode Code;

    /// <summary>How many bytes it takes.</summary>
    public int Length;

    public UInt128 Id;
    public UInt128 Digest;
    public UInt128 Debit;
    public UInt128 Credit;
    public UInt128 Units;
    public UInt128 UnitsAsked;
    public UInt128 Cited;
    public UInt128 Reference1;
    public UInt128 Reference2;
    public long DeadlineUnixMilliseconds;
    public long PreviousOfDebit;
    public long PreviousOfCredit;
    public long PreviousCitation;
    public Balances DebitAfter;
    public Balances CreditAfter;

    /// <summary>The asset's code; empty if there is no asset.</summary>
    public ReadOnlySpan<byte> AssetCode;

    public ReadOnlySpan<byte> Memo;

    /// <summary>The asset, or the default one.</summary>
    public readonly Asset Asset => AssetCode.IsEmpty ? default : new(AssetRules.CodeOf(AssetCode), AssetScale);

    /// <summary>True if it was carried out, and is of the history of the accounts it names.</summary>
    public readonly bool IsDone => Outcome == Outcome.Done;

    /// <summary>True if it binds its id: all do but expiries, ends of accounts, and openings of accounts that were refused.</summary>
    public readonly bool BindsItsId => Kind is not (RecordKind.Expire or RecordKind.EndAccount) && (IsDone || Kind != RecordKind.OpenAccount);

    /// <summary>True if it resolves a hold or gives something back.</summary>
    public readonly bool IsCitation => IsDone && Kind is RecordKind.Post or RecordKind.Void or RecordKind.Refund or RecordKind.Expire && !IsEmptyRefund;

    /// <summary>True for a balancing refund that found nothing to give back: it touches nothing.</summary>
    public readonly bool IsEmptyRefund => Kind == RecordKind.Refund && Units == UInt128.Zero;
}
