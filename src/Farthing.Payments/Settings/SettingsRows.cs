using System.Text.Json.Nodes;
using Farthing.Protocol;

namespace Farthing.Payments.Settings;

/// <summary>How far the making of a row with an account has come.</summary>
public enum RowState : byte
{
    /// <summary>The row is claimed; its account may not be open yet. Start-up finishes it.</summary>
    Creating = 0,

    /// <summary>Row and account are there.</summary>
    Active = 1,

    /// <summary>No longer on offer.</summary>
    Closed = 2,

    /// <summary>The person's data and key are destroyed; the account stays.</summary>
    Erased = 3,

    /// <summary>What would have made it was refused. Nobody is shown it; only a repeat with the same key looks at it again.</summary>
    Refused = 4,
}

/// <summary>What every row of settings has. Ids are 16 bytes, big-endian.</summary>
public interface ISettingsRow
{
    /// <summary>Its id; unique within its kind.</summary>
    UInt128 Id { get; }

    /// <summary>How far it has come.</summary>
    RowState State { get; }

    /// <summary>1 for a new row, one more with each change. Whoever changes a row writes it with the version after the one that was read.</summary>
    int Version { get; }
}

/// <summary>A row that belongs to a payee or a wallet, which can list its own.</summary>
public interface IOwnedRow : ISettingsRow
{
    /// <summary>The payee's or wallet's id.</summary>
    UInt128 Owner { get; }
}

/// <summary>Which rows tell of something that happened. Numbers are stored.</summary>
public enum EventRowKind : byte
{
    /// <summary>Something that happened to a subscription.</summary>
    Subscription = 1,

    /// <summary>Something that tells all by itself: an <see cref="EventRow"/>.</summary>
    Told = 2,
}

/// <summary>A row that tells its owner of something that happened.</summary>
/// <remarks>
/// The store numbers such rows in the order in which they are committed: whoever has seen a number will never see a lower one appear. Their ids have no such order, as each is
/// made some time before its row is written.
/// </remarks>
public interface IEventRow : IOwnedRow
{
    /// <summary>Which sort it is.</summary>
    EventRowKind RowKind { get; }
}

/// <summary>Something that happened to what a payee owns, told once and for all: to be written with the rows that it tells of.</summary>
/// <param name="Id">Its id, which whoever is told sees.</param>
/// <param name="Owner">The payee that is told.</param>
/// <param name="Type">The type of the event, such as <c>payout.sent</c>.</param>
/// <param name="Subject">The text of the id of what it happened to: events of one subject are told in their order.</param>
/// <param name="Data">A JSON object: what is told of it.</param>
/// <param name="At">When it happened, in Unix milliseconds.</param>
/// <param name="State">Always active.</param>
/// <param name="Version">Always 1.</param>
public sealed record EventRow(UInt128 Id, UInt128 Owner, string Type, string Subject, string Data, long At, RowState State = RowState.Active, int Version = 1) : IEventRow
{
    /// <inheritdoc/>
    public EventRowKind RowKind => EventRowKind.Told;

    /// <summary>An event whose id follows from its type, subject and time.</summary>
    internal static EventRow Of<T>(UInt128 owner, string type, Id<T> subject, DateTimeOffset at, JsonObject data) where T : IIdKind
    {
        var milliseconds = at.ToUnixTimeMilliseconds();
        var bytes = new CanonicalBytes(stackalloc byte[128]);
        bytes.Add("event");
        bytes.Add(type);
        bytes.Add(subject.Value);
        return new(bytes.ToLegId(milliseconds), owner, type, subject.ToString(), data.ToJsonString(), milliseconds);
    }

    /// <summary>An amount as it travels.</summary>
    internal static JsonObject NodeOf(Amount amount) => new() { ["amount"] = amount.ToDecimalString(), ["currency"] = amount.Asset.Code };
}

/// <summary>A row that tells its owner of something by being written. The store writes the event with it, and once only, however often the row is written: the event's id follows from what it tells.</summary>
public interface ITellingRow : IOwnedRow
{
    /// <summary>What it tells as it now is; null if nothing.</summary>
    EventRow? Tell();
}

/// <summary>The number that the store gave a row which tells of something.</summary>
/// <param name="Number">From 1 on, in the order of commits.</param>
/// <param name="Kind">Where the row is.</param>
/// <param name="Row">Its id.</param>
/// <param name="Owner">Its owner.</param>
/// <param name="UnixMilliseconds">When the row was made, by its id.</param>
public sealed record EventNumber(long Number, EventRowKind Kind, UInt128 Row, UInt128 Owner, long UnixMilliseconds);

/// <summary>A payee's settings; its tags have blanks between them.</summary>
public sealed record PayeeRow(UInt128 Id, string Name, string Currency, string? Website, byte[]? SigningKey, int KeyGeneration, int RefundsPerWalletPerMonth, string Tags, RowState State, DateTimeOffset CreatedAt, int Version = 1)
    : ISettingsRow;

/// <summary>An offer's settings; its owner is the payee. <see cref="Details"/> is JSON: its pricing, who shares it, and what else it covers.</summary>
public sealed record OfferRow(UInt128 Id, UInt128 Owner, string Name, string? Resource, string Details, int RefundWindowSeconds, RowState State, DateTimeOffset CreatedAt, int Version = 1)
    : IOwnedRow;

/// <summary>Says of an offer, whose id it has, that it covers several resources, so that a payee's few such offers are found among its many.</summary>
public sealed record BundleRow(UInt128 Id, UInt128 Owner, RowState State, int Version = 1)
    : IOwnedRow;

/// <summary>Says of an offer that a payee has a share in it, so that the longest time for which what the payee receives can be refunded is found.</summary>
public sealed record ShareRow(UInt128 Id, UInt128 Owner, UInt128 Offer, int RefundWindowSeconds, RowState State, int Version = 1)
    : IOwnedRow;

/// <summary>A wallet's settings. <see cref="MemoKey"/> is destroyed by erasure; <see cref="Caps"/> are those in force.</summary>
public sealed record WalletRow(UInt128 Id, string Currency, byte[]? MemoKey, int KeyGeneration, UInt128? Caps, RowState State, DateTimeOffset CreatedAt, int Version = 1)
    : ISettingsRow;

/// <summary>A mandate's settings; its owner is the wallet. Amounts are decimal counts of the smallest unit.</summary>
public sealed record MandateRow(
    UInt128 Id, UInt128 Owner, string Currency, UInt128? Payee, string? Tag, string EachUnits, string? PerDayUnits, string? PerWeekUnits, string? PerMonthUnits,
    string TimeZone, DateTimeOffset? EndsAt, RowState State, DateTimeOffset CreatedAt, int Version = 1) : IOwnedRow;

/// <summary>Caps that a wallet has or had on all it pays; their owner is the wallet. Amounts are decimal counts of the smallest unit.</summary>
public sealed record CapsRow(
    UInt128 Id, UInt128 Owner, string Currency, string? PerDayUnits, string? PerWeekUnits, string? PerMonthUnits, string TimeZone, RowState State, DateTimeOffset CreatedAt, int Version = 1) : IOwnedRow;

/// <summary>A key that was used, and what for.</summary>
/// <param name="Scope">Purpose and caller.</param>
/// <param name="Key">SHA-256 of the key as sent.</param>
/// <param name="Digest">SHA-256 of the canonical request, 16 bytes.</param>
/// <param name="Row">The row that it made or changed.</param>
/// <param name="Result">A number that the answer needs, such as a key's generation.</param>
public sealed record ClaimRow(string Scope, byte[] Key, UInt128 Digest, UInt128 Row, int Result);
