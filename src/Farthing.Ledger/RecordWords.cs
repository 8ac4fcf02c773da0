using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;
using Farthing.Protocol;

namespace Farthing.Ledger;

/// <summary>What records are called outside .NET, in feeds and exports: <c>open_account</c>, <c>insufficient_funds</c>, <c>top_up</c>.</summary>
/// <remarks>The words of outcomes are those of <c>docs/errors.md</c>. Thread-safe.</remarks>
public static class RecordWords
{
    private static readonly FrozenDictionary<RecordKind, string> Kinds = All<RecordKind>();
    private static readonly FrozenDictionary<Outcome, string> Outcomes = All<Outcome>();
    private static readonly FrozenDictionary<TransferCode, string> Codes = All<TransferCode>();

    /// <summary>The word for a kind.</summary>
    public static string Of(RecordKind kind) => Kinds[kind];

    /// <summary>The word for an outcome.</summary>
    public static string Of(Outcome outcome) => Outcomes[outcome];

    /// <summary>The word for a code; its number if it has none.</summary>
    public static string Of(TransferCode code) => Codes.GetValueOrDefault(code) ?? ((ushort)code).ToString(CultureInfo.InvariantCulture);

    private static FrozenDictionary<T, string> All<T>() where T : struct, Enum =>
        Enum.GetValues<T>().ToFrozenDictionary(value => value, value => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString()));
}
