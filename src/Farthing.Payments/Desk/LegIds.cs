using Farthing.Ledger;

namespace Farthing.Payments.Desk;

/// <summary>The legs of a chain are numbered in the low byte of its id, which is zero for the price, post, refund or top-up itself.</summary>
internal static class LegIds
{
    private const byte LegMask = 0xFF;
    private const byte FirstSplit = 0x10;
    private const byte FirstUse = 0x20;

    /// <summary>A gate and the caps of a day, a week and a month.</summary>
    public const int UsesPerSet = 4;

    /// <summary>The number of the first use of a mandate's caps.</summary>
    public const int FirstUseOfMandate = 0;

    /// <summary>The number of the first use of a wallet's own caps.</summary>
    public const int FirstUseOfWallet = UsesPerSet;

    /// <summary>The number of the use of an offer's cap on the day, which has no gate.</summary>
    public const int UseOfDayCap = 2 * UsesPerSet;

    /// <summary>The fee of a price or post, or the refund of the fee beside a refund.</summary>
    public static UInt128 FeeOf(UInt128 id) => id | 1;

    /// <summary>The use of a refund allowance beside a refund.</summary>
    public static UInt128 AllowanceOf(UInt128 id) => id | 2;

    /// <summary>What says which offer's splits a held price has.</summary>
    public static UInt128 SplitsOf(UInt128 id) => id | 3;

    /// <summary>The issue that fills an allowance's account.</summary>
    public static UInt128 IssueOf(UInt128 account) => account | 4;

    /// <summary>What new caps take over of the old ones' use in a window.</summary>
    public static UInt128 TakeOverOf(UInt128 account) => account | 5;

    /// <summary>What undoes a loss, beside the payment of a tab.</summary>
    public static UInt128 TabLossOf(UInt128 id) => id | 6;

    /// <summary>What moves what a tab owes to what is paid, beside its payment.</summary>
    public static UInt128 TabPaidOf(UInt128 id) => id | 7;

    /// <summary>The room that the payment of a tab gives again.</summary>
    public static UInt128 TabRoomOf(UInt128 id) => id | 8;

    /// <summary>What lets a lost tab be read on again, beside its payment.</summary>
    public static UInt128 TabOpenOf(UInt128 id) => id | 9;

    /// <summary>What is issued beyond a cap, so that it can be taken over at once: the old use of a window that is more than the new cap.</summary>
    public static UInt128 ExcessOf(UInt128 account) => account | 10;

    /// <summary>What is left of an allowance when another takes its place, by the other's account.</summary>
    public static UInt128 LeftBefore(UInt128 account) => account | 11;

    /// <summary>The share of the payee with this number in an offer's splits, or its refund beside a refund.</summary>
    public static UInt128 SplitOf(UInt128 id, int number) => id | (UInt128)(FirstSplit + number);

    /// <summary>The use of the cap with this number, its post, void or refund.</summary>
    public static UInt128 UseOf(UInt128 id, int number) => id | (UInt128)(FirstUse + number);

    /// <summary>The number of the cap that a leg of a chain uses; null if it uses none.</summary>
    public static int? UseNumberOf(UInt128 leg, UInt128 id) =>
        HeadOf(leg) == HeadOf(id) && (leg & LegMask) >= FirstUse ? (int)(leg & LegMask) - FirstUse : null;

    /// <summary>The same leg of another chain.</summary>
    public static UInt128 SameOf(UInt128 id, UInt128 leg) => id | (leg & LegMask);

    /// <summary>The id that the legs of a chain share.</summary>
    public static UInt128 HeadOf(UInt128 id) => id & ~(UInt128)LegMask;
}
