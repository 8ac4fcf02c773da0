using System.Security.Cryptography;
using Farthing.Payments.Settings;
using Farthing.Server.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Farthing.Payments.Tests;

public sealed class SettingsStoreTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("farthing-settings-").FullName;

    private string File => Path.Combine(directory, "settings.db");

    [Fact]
    public async Task Of_two_changes_of_one_version_the_second_changes_nothing()
    {
        using var settings = SqliteSettingsStore.Open(File);
        var row = NewRow(7);
        Assert.True(await settings.WriteAsync(row));
        Assert.False(await settings.WriteAsync(row));
        Assert.True(await settings.WriteAsync(row with { KeyGeneration = 2, Version = 2 }));
        Assert.False(await settings.WriteAsync(row with { KeyGeneration = 3, Version = 2 }));
        Assert.False(await settings.WriteAsync(row with { KeyGeneration = 3, Version = 4 }));
        Assert.False(await settings.EraseAsync(row with { KeyGeneration = 3, Version = 1 }));
        Assert.Equal(2, (await settings.FindAsync<PayeeRow>(7))!.KeyGeneration);
    }

    [Fact]
    public async Task A_write_of_several_rows_and_a_claim_is_all_or_nothing()
    {
        using var settings = SqliteSettingsStore.Open(File);
        Assert.True(await settings.WriteAsync(NewRow(1), NewRow(2) with { KeyGeneration = 5 }));
        var claim = new ClaimRow("scope", SHA256.HashData("key"u8), 1, 3, 0);

        Assert.Null(await settings.ClaimAsync(claim, NewRow(3), NewRow(1) with { KeyGeneration = 9, Version = 3 }));
        Assert.Null(await settings.ClaimAsync(claim, NewRow(3), NewRow(2)));
        Assert.False(await settings.WriteAsync(NewRow(3), NewRow(1) with { KeyGeneration = 9, Version = 3 }));
        Assert.Null(await settings.FindClaimAsync("scope", claim.Key));
        Assert.Null(await settings.FindAsync<PayeeRow>(3));
        Assert.Equal(1, (await settings.FindAsync<PayeeRow>(1))!.KeyGeneration);

        Assert.Equal(claim, await settings.ClaimAsync(claim, NewRow(3), NewRow(1) with { KeyGeneration = 9, Version = 2 }));
        Assert.Equal(9, (await settings.FindAsync<PayeeRow>(1))!.KeyGeneration);
        var second = await settings.ClaimAsync(claim with { Row = 4 }, NewRow(4));
        Assert.Equal((UInt128)3, second!.Row);
        Assert.Null(await settings.FindAsync<PayeeRow>(4));
        Assert.Equal([1, 2, 3], (await settings.ListCreatingAsync<PayeeRow>()).Select(row => (int)row.Id).Order());
    }

    [Fact]
    public async Task A_row_of_the_first_version_of_the_tables_can_still_be_changed()
    {
        await using (var context = new SettingsDbContext(new DbContextOptionsBuilder<SettingsDbContext>().UseSqlite($"Data Source={File};Pooling=False").Options))
        {
            await context.GetService<IMigrator>().MigrateAsync("First", TestContext.Current.CancellationToken);
            await context.Database.ExecuteSqlRawAsync(
                "INSERT INTO Offers VALUES (x'00000000000000000000000000000007', x'00000000000000000000000000000001', 'An article', NULL, '20000', 'USD', 900, 1, 0)", TestContext.Current.CancellationToken);
        }

        using var settings = SqliteSettingsStore.Open(File);
        var row = Assert.Single(await settings.ListAsync<OfferRow>(1, null, 10));
        Assert.Equal(((UInt128)7, "An article", 1), (row.Id, row.Name, row.Version));
        Assert.True(await settings.WriteAsync(row with { State = RowState.Closed, Version = 2 }));
        Assert.Empty(await settings.ListAsync<OfferRow>(1, 7, 10));
        Assert.Single(await settings.ListAsync<OfferRow>(1, 8, 10));
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);

    private static PayeeRow NewRow(UInt128 id) => new(id, "P", "USD", null, null, 1, 5, "", RowState.Creating, DateTimeOffset.UnixEpoch);
}
