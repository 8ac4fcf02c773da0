using System.Reflection;

namespace Farthing.Ledger.Tests.State;

public class AccountantTableTests
{
    public static TheoryData<string> Tables => [.. Assembly.GetExecutingAssembly().GetManifestResourceNames().Where(name => name.EndsWith(".txt", StringComparison.Ordinal)).Order()];

    [Theory]
    [MemberData(nameof(Tables))]
    public void The_ledger_does_what_the_table_says(string table) => Assert.NotEmpty(AccountantTable.Run(table).Seen);

    [Fact]
    public void The_tables_show_every_outcome()
    {
        var seen = Tables.SelectMany(row => AccountantTable.Run(row.Data).Seen.Keys).ToHashSet();
        Assert.Equal(Enum.GetValues<Outcome>().Order(), seen.Order());
    }
}
