using System.Globalization;
using System.Text;
using Farthing.Ledger;
using Farthing.Protocol;

namespace Farthing.Cli;

/// <summary>Records as lines of CSV (RFC 4180), safe to open in a spreadsheet.</summary>
internal static class RecordCsv
{
    private const string Head =
        "position,time,kind,outcome,id,chain_index,linked,debit,credit,amount,amount_asked,asset,code,cited,deadline,reference1,reference2,memo_bytes,"
        + "debit_debits_posted,debit_debits_held,debit_credits_posted,debit_credits_held,credit_debits_posted,credit_debits_held,credit_credits_posted,credit_credits_held";

    // What makes a spreadsheet take a text for a formula.
    private const string FormulaStarts = "=+-@\t\r";

    private static readonly long EarliestTime = DateTimeOffset.MinValue.ToUnixTimeMilliseconds();
    private static readonly long LatestTime = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    public static void AppendHead(StringBuilder text) => text.Append(Head).Append("\r\n");

    /// <summary>Appends one line. Amounts are exact decimals of their asset; what a record does not have is empty.</summary>
    public static void Append(StringBuilder text, in JournalRecord record)
    {
        var command = record.Command;
        var hasAsset = command.Asset.Code is not null;
        var moves = hasAsset && record.Outcome == Outcome.Done;
        text.Append(CultureInfo.InvariantCulture, $"{record.Position},").Append(TimeOf(record.UnixMilliseconds));
        AppendField(text, RecordWords.Of(command.Kind));
        AppendField(text, RecordWords.Of(record.Outcome));
        AppendField(text, IdBytes.ToText(command.Id));
        text.Append(CultureInfo.InvariantCulture, $",{record.ChainIndex},{(command.Linked ? "yes" : "no")}");
        AppendField(text, IdOf(command.Debit));
        AppendField(text, IdOf(command.Credit));
        AppendField(text, hasAsset ? Decimal(command.Asset, command.Units) : "");
        AppendField(text, record.UnitsAsked == UInt128.Zero || !hasAsset ? "" : Decimal(command.Asset, record.UnitsAsked));
        AppendField(text, command.Asset.Code ?? "");
        AppendField(text, command.Code == TransferCode.None ? "" : RecordWords.Of(command.Code));
        AppendField(text, IdOf(command.Cited));
        AppendField(text, command.DeadlineUnixMilliseconds == 0 ? "" : TimeOf(command.DeadlineUnixMilliseconds));
        AppendField(text, IdOf(command.Reference1));
        AppendField(text, IdOf(command.Reference2));
        text.Append(CultureInfo.InvariantCulture, $",{command.Memo.Length}");
        AppendCounts(text, moves ? record.DebitAfter : null, command.Asset);
        AppendCounts(text, moves && command.Credit != UInt128.Zero ? record.CreditAfter : null, command.Asset);
        text.Append("\r\n");
    }

    /// <summary>Appends a comma and a field, quoted if need be. A text that a spreadsheet would carry out gets an apostrophe in front.</summary>
    internal static void AppendField(StringBuilder text, string field)
    {
        text.Append(',');
        if (field.Length > 0 && FormulaStarts.Contains(field[0], StringComparison.Ordinal)) field = "'" + field;
        if (field.AsSpan().IndexOfAny(",\"\r\n") < 0) text.Append(field);
        else text.Append('"').Append(field.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"');
    }

    private static void AppendCounts(StringBuilder text, Balances? counts, Asset asset)
    {
        if (counts is not { } known)
        {
            text.Append(",,,,");
            return;
        }

        foreach (var count in (ReadOnlySpan<UInt128>)[known.DebitsPosted, known.DebitsHeld, known.CreditsPosted, known.CreditsHeld]) AppendField(text, Decimal(asset, count));
    }

    private static string Decimal(Asset asset, UInt128 units) => new Amount(asset, units).ToDecimalString();

    private static string IdOf(UInt128 id) => id == UInt128.Zero ? "" : IdBytes.ToText(id);

    // A refused command may name any number as its deadline.
    private static string TimeOf(long unixMilliseconds) => unixMilliseconds < EarliestTime || unixMilliseconds > LatestTime
        ? unixMilliseconds.ToString(CultureInfo.InvariantCulture)
        : DateTimeOffset.FromUnixTimeMilliseconds(unixMilliseconds).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
