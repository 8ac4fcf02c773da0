using System.Security.Cryptography;
using Farthing.Payments.Settings;
using Farthing.Payments.TopUps;
using Farthing.Server.Rails.Card;
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

    [Fact]
    public async Task Automatic_top_ups_of_before_there_were_cards_go_on_with_the_key_that_their_wallet_has()
    {
        await using (var context = new SettingsDbContext(new DbContextOptionsBuilder<SettingsDbContext>().UseSqlite($"Data Source={File};Pooling=False").Options))
        {
            await context.GetService<IMigrator>().MigrateAsync("MeterCounts", TestContext.Current.CancellationToken);
            // One that works; one that had failed twice; one that stopped itself; and one of a wallet that is not there.
            string[] wallets = [$"x'{1:x32}', 'USD', 1, 1, 0, 4", $"x'{2:x32}', 'USD', 3, 1, 0, 4", $"x'{3:x32}', 'USD', 2, 1, 0, 4"];
            string[] set =
            [
                $"x'{1:x32}', x'{1:x32}', '2000000', '10000000', 1, 'sandbox', NULL, 0, NULL, NULL, 1, 5",
                $"x'{2:x32}', x'{1:x32}', '3000000', '340282366920938463463374607431768211455', 10, 'sandbox', 'fail', 2, 'top_up_failed', x'{9:x32}', 1, 7",
                $"x'{3:x32}', x'{1:x32}', '1', '2', 3, 'sandbox', 'delay:5', 3, 'rail_cost_too_high', x'{8:x32}', 2, 1",
                $"x'{4:x32}', x'{1:x32}', '1', '2', 3, 'sandbox', NULL, 0, NULL, NULL, 2, 1",
            ];
            var inserts = wallets.Select(values => $"INSERT INTO Wallets (Id, Currency, KeyGeneration, State, CreatedAt, Version) VALUES ({values})")
                .Concat(set.Select(values => $"INSERT INTO AutomaticTopUps (Id, Owner, FloorUnits, AmountUnits, MostPerDay, Rail, Instruction, Failures, Fault, Counted, State, Version) VALUES ({values})"));
            foreach (var insert in inserts) await context.Database.ExecuteSqlRawAsync(insert, TestContext.Current.CancellationToken);
        }

        using var settings = SqliteSettingsStore.Open(File);
        var rows = new List<AutomaticTopUpRow>();
        await foreach (var row in settings.ReadAllAsync<AutomaticTopUpRow>(AutomaticTopUpRow.All)) rows.Add(row);
        // What had failed and was counted is not asked about again: it would be counted twice.
        Assert.Equal(
            [
                new(1, 1, "2000000", "10000000", 1, "sandbox", null, 0, null, RowState.Active, Agreed: null, Tried: null, Generation: 1, 5),
                new(2, 1, "3000000", "340282366920938463463374607431768211455", 10, "sandbox", "fail", 2, "top_up_failed", RowState.Active, null, null, 3, 7),
                new(3, 1, "1", "2", 3, "sandbox", "delay:5", 3, "rail_cost_too_high", RowState.Closed, null, null, 2, 1),
                new(4, 1, "1", "2", 3, "sandbox", null, 0, null, RowState.Closed, null, null, 1, 1),
            ],
            rows.OrderBy(row => row.Id));
        Assert.Empty(await settings.ListActiveAsync<LeftCardRow>());
        Assert.True(await settings.WriteAsync(rows.Single(row => row.Id == 2) with { Tried = UInt128.MaxValue, Version = 8 }));
        Assert.Equal(UInt128.MaxValue, (await settings.FindAsync<AutomaticTopUpRow>(2))!.Tried);
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);

    private static PayeeRow NewRow(UInt128 id) => new(id, "P", "USD", null, null, 1, 5, "", RowState.Creating, DateTimeOffset.UnixEpoch);
}
