using System.Buffers;
using Farthing.Payments.Payees;
using Farthing.Protocol;
using NodaTime;

namespace Farthing.Payments.Mandates;

/// <summary>Whom a mandate lets pay: one payee, all payees with a tag, or anyone if both are null.</summary>
/// <param name="Payee">The one payee.</param>
/// <param name="Tag">A tag that the operator gives to payees.</param>
public readonly record struct MandateScope(Id<PayeeKind>? Payee, string? Tag)
{
    /// <summary>The longest tag, in characters.</summary>
    public const int MaxTagLength = 40;

    private static readonly SearchValues<char> TagCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    /// <summary>True for 1 to <see cref="MaxTagLength"/> lower-case letters, digits and hyphens.</summary>
    public static bool IsTag(string text) => text is { Length: > 0 and <= MaxTagLength } && !text.AsSpan().ContainsAnyExcept(TagCharacters);

    internal bool Covers(Payee payee) => Payee is { } only ? payee.Id == only : Tag is null || payee.Tags.Contains(Tag);
}

/// <summary>A standing permission to pay from a wallet without asking. Immutable; safe to share between threads.</summary>
/// <param name="Id">Its id, which is also its gate's account.</param>
/// <param name="Wallet">Whose money it is.</param>
/// <param name="Scope">Who can be paid.</param>
/// <param name="Each">At most how much each time.</param>
/// <param name="Caps">At most how much in a day, a week and a month; at least one of them.</param>
/// <param name="TimeZone">Whose days, weeks and months those are: a name of the IANA database.</param>
/// <param name="EndsAt">The first moment at which it no longer holds; null if it has no end.</param>
/// <param name="IsRevoked">True once the wallet took it back.</param>
/// <param name="CreatedAt">When it was given.</param>
public sealed record Mandate(
    Id<MandateKind> Id, Id<WalletKind> Wallet, MandateScope Scope, Amount Each, Caps Caps, string TimeZone, DateTimeOffset? EndsAt, bool IsRevoked, DateTimeOffset CreatedAt);

/// <summary>A mandate with what is left of its caps.</summary>
/// <param name="Mandate">The mandate.</param>
/// <param name="Caps">Its caps in the windows of the moment.</param>
/// <param name="Used">All that was ever paid under it and not given back.</param>
/// <param name="HasEnded">True at and after <see cref="Mandate.EndsAt"/>.</param>
public sealed record MandateState(Mandate Mandate, IReadOnlyList<CapState> Caps, Amount? Used, bool HasEnded);

/// <summary>A mandate and the key that does exactly what it allows.</summary>
public sealed record IssuedMandate(MandateState State, string Key);

/// <summary>What is asked for a new mandate.</summary>
/// <param name="Scope">Who can be paid.</param>
/// <param name="Each">At most how much each time; null for the smallest of the caps.</param>
/// <param name="Caps">The caps; if there are none, <see cref="Mandates.Caps.Default"/>.</param>
/// <param name="TimeZone">A name of the IANA database; null for UTC.</param>
/// <param name="EndsAt">The first moment at which it no longer holds; null if it has no end.</param>
public sealed record NewMandate(MandateScope Scope, Amount? Each, Caps Caps, string? TimeZone, DateTimeOffset? EndsAt);

/// <summary>A mandate as it is kept in memory. Safe to share between threads.</summary>
internal sealed class MandateEntry(Mandate mandate, DateTimeZone zone)
{
    public Mandate Mandate => mandate;

    public UInt128 Gate => mandate.Id.Value;

    /// <summary>What its uses are counted on.</summary>
    public CountedCaps Counted { get; } = new(mandate.Id.Value, mandate.Caps, zone, mandate.Each.Asset, Desk.LegIds.FirstUseOfMandate);

    public bool HasEnded(long unixMilliseconds) => mandate.EndsAt is { } end && end.ToUnixTimeMilliseconds() <= unixMilliseconds;
}
