namespace Farthing.Cli;

/// <summary>A table of text: columns as wide as they need to be.</summary>
internal static class TextTable
{
    private const string Gap = "  ";

    /// <summary>Writes heads and rows, all of the same length.</summary>
    /// <param name="leftColumns">The columns that begin together; all others, being numbers, end together.</param>
    public static void Write(TextWriter output, string[] heads, IReadOnlyList<string[]> rows, int[] leftColumns)
    {
        var widths = Enumerable.Range(0, heads.Length).Select(column => rows.Append(heads).Max(row => row[column].Length)).ToArray();
        foreach (var row in rows.Prepend(heads))
        {
            var cells = row.Select((cell, column) => leftColumns.Contains(column) ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]));
            output.WriteLine(string.Join(Gap, cells).TrimEnd());
        }
    }
}
