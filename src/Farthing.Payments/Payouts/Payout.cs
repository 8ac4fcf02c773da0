using Farthing.Protocol;

namespace Farthing.Payments.Payouts;

/// <summary>How far a payout has come. Numbers are stored.</summary>
public enum PayoutState : byte
{
    /// <summary>Its money is set aside; it goes to the rail next.</summary>
    Preparing = 1,

    /// <summary>The operator looks at it first.</summary>
    Reviewing = 2,

    /// <summary>The rail has it, or has been told and has not answered.</summary>
    Sent = 3,

    /// <summary>The rail says that it has arrived.</summary>
    Done = 4,

    /// <summary>It was refused, was not paid, or came back: the money is the payee's again.</summary>
    Returned = 5,
}

/// <summary>What brought a payout into its state. Numbers are stored.</summary>
public enum PayoutCause : byte
{
    /// <summary>The ordinary course of things.</summary>
    None = 0,

    /// <summary>Nothing was released to its destination before.</summary>
    NewDestination = 1,

    /// <summary>It is above what leaves without a look.</summary>
    LargeAmount = 2,

    /// <summary>The operator released it.</summary>
    Released = 3,

    /// <summary>The operator refused it.</summary>
    Refused = 4,

    /// <summary>The rail did not pay it.</summary>
    RailFailed = 5,

    /// <summary>The rail paid it, and it came back.</summary>
    RailReturned = 6,
}

/// <summary>What began a payout. Numbers are stored.</summary>
public enum PayoutTrigger : byte
{
    /// <summary>The payee asked.</summary>
    Payee = 1,

    /// <summary>The operator asked.</summary>
    Operator = 2,

    /// <summary>Its schedule.</summary>
    Schedule = 3,
}

/// <summary>How often a payee is paid out by itself. Numbers are stored.</summary>
public enum PayoutRhythm : byte
{
    /// <summary>Only when asked.</summary>
    Off = 0,

    /// <summary>At the beginning of each day.</summary>
    Daily = 1,

    /// <summary>At the beginning of each Monday.</summary>
    Weekly = 2,

    /// <summary>At the beginning of each first of a month.</summary>
    Monthly = 3,
}

/// <summary>Where money goes. What a rail needs of it is the rail's to say.</summary>
/// <param name="Name">Whose account it is, as a bank writes it; 1 to <see cref="MaxNameLength"/> characters.</param>
/// <param name="Iban">The account's IBAN, or null.</param>
/// <param name="Bic">The bank's BIC, or null.</param>
/// <param name="Instruction">What the sandbox is to do with it; null for nothing special, and at every other rail.</param>
/// <remarks>Immutable; safe to share between threads.</remarks>
public sealed record PayoutDestination(string Name, string? Iban = null, string? Bic = null, string? Instruction = null)
{
    /// <summary>As long as banks carry a name.</summary>
    public const int MaxNameLength = 70;

    /// <summary>The longest each of the others may be, blanks and all.</summary>
    public const int MaxPartLength = 64;
}

/// <summary>What a payee asks for how it is paid out.</summary>
/// <param name="Rail">By what.</param>
/// <param name="Destination">Where to.</param>
/// <param name="Threshold">Below what its schedule waits; null for whatever the rail can pay.</param>
/// <param name="Rhythm">How often.</param>
/// <param name="TimeZone">The IANA name of the zone whose days count; null for UTC.</param>
public sealed record NewPayoutSetting(string Rail, PayoutDestination Destination, Amount? Threshold = null, PayoutRhythm Rhythm = PayoutRhythm.Off, string? TimeZone = null);

/// <summary>How a payee is paid out. Immutable.</summary>
/// <param name="Rail">By what.</param>
/// <param name="Destination">Where to.</param>
/// <param name="Threshold">Below what its schedule waits.</param>
/// <param name="Rhythm">How often.</param>
/// <param name="TimeZone">The IANA name of the zone whose days count.</param>
/// <param name="NextAt">When its schedule next looks; null if it is off.</param>
/// <param name="LastSkip">Why nothing was paid out when it last looked: a code of <c>docs/errors.md</c>, or null.</param>
public sealed record PayoutSetting(string Rail, PayoutDestination Destination, Amount Threshold, PayoutRhythm Rhythm, string TimeZone, DateTimeOffset? NextAt, string? LastSkip);

/// <summary>A payout. Immutable; safe to share between threads.</summary>
/// <param name="Id">Its id, also the rail's reference.</param>
/// <param name="Payee">Whose.</param>
/// <param name="State">How far it has come.</param>
/// <param name="Reason">Why it is there, in words for people.</param>
/// <param name="WhatToDo">What the payee can do, in words for people.</param>
/// <param name="Amount">What leaves the balance.</param>
/// <param name="Cost">What the rail takes of it.</param>
/// <param name="Rail">By what.</param>
/// <param name="Destination">Where to.</param>
/// <param name="Trigger">What began it.</param>
/// <param name="CreatedAt">When.</param>
/// <param name="ChangedAt">Since when it is in its state.</param>
/// <param name="Returned">What is on the balance again of what had arrived; null if it did not come back.</param>
public sealed record Payout(
    Id<PayoutKind> Id, Id<PayeeKind> Payee, PayoutState State, string Reason, string WhatToDo, Amount Amount, Amount Cost, string Rail, PayoutDestination Destination, PayoutTrigger Trigger, DateTimeOffset CreatedAt,
    DateTimeOffset ChangedAt, Amount? Returned = null)
{
    /// <summary>What arrives.</summary>
    public Amount Arrives => Amount - Cost;

    /// <summary>What banks call it: its id in the letters and digits that every bank carries.</summary>
    public string EndToEndId => EndToEndIdOf(Id);

    /// <summary>What banks call a payout. 29 characters, and at most 35 are carried.</summary>
    public static string EndToEndIdOf(Id<PayoutKind> id) => "OUT" + IdBytes.ToText(id.Value);

    /// <summary>Reads what a bank calls a payout.</summary>
    /// <returns>False if it is none of ours. Never throws.</returns>
    public static bool TryReadEndToEndId(string? text, out Id<PayoutKind> id)
    {
        id = default;
        return text is { Length: 29 } && text.StartsWith("OUT", StringComparison.Ordinal) && Id<PayoutKind>.TryParse($"out_{text[3..]}", out id);
    }
}

/// <summary>Why money of a payee is not paid out yet.</summary>
public enum StaysFor : byte
{
    /// <summary>Those who paid it can still take it back.</summary>
    Refunds,

    /// <summary>Those who paid it by card may still dispute that with their bank.</summary>
    Disputes,

    /// <summary>The part that the operator keeps for disputes.</summary>
    Kept,

    /// <summary>The rail cannot pay so little.</summary>
    SmallestUnit,
}

/// <summary>Money that stays behind.</summary>
/// <param name="Why">What for.</param>
/// <param name="Amount">How much.</param>
/// <param name="Window">How old it must be; zero if that is not the reason.</param>
public readonly record struct StayingBehind(StaysFor Why, Amount Amount, TimeSpan Window);

/// <summary>What a payee could be paid out now, and why it is not all. Immutable.</summary>
/// <param name="Balance">What the payee has.</param>
/// <param name="UnderWay">What is set aside for payouts that are under way; no part of the balance.</param>
/// <param name="Available">What can be paid out.</param>
/// <param name="Cost">What the rail would take of that; null if there is no rail, or it would not pay so much out.</param>
/// <param name="Obstacle">Why the rail would not: it would cost too much, or nobody knows what. Null if it would.</param>
/// <param name="Staying">The rest of the balance.</param>
public sealed record PayoutStanding(Amount Balance, Amount UnderWay, Amount Available, Amount? Cost, Refusal? Obstacle, IReadOnlyList<StayingBehind> Staying);
