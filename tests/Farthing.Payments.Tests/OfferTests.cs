using System.Buffers.Binary;
using Farthing.Payments.Offers;
using Farthing.Payments.Settings;
using Farthing.Protocol;
using Farthing.Server.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

public sealed class OfferTests
{
    [Fact]
    public async Task What_an_offer_asks_is_the_same_after_a_restart_and_for_a_repeated_key()
    {
        await using var test = await StartAsync();
        var (owner, friend) = (await test.NewPayeeAsync(), await test.NewPayeeAsync());
        var request = new NewOffer("A song", "/songs/1", new PayWhatYouWant(Usd("0.5"), [Usd("1"), Usd("2")]))
        {
            Splits = [new(owner.Id, 6_667), new(friend.Id, 3_333)],
        };
        var key = test.NewKey();
        var made = Given(await test.Domain.Offers.CreateAsync(owner.Id, key, request));
        await test.RestartAsync();

        var read = await test.Domain.Offers.FindAsync(made.Id);
        var pricing = Assert.IsType<PayWhatYouWant>(read!.Pricing);
        Assert.Equal((Usd("0.5"), 2, Usd("2")), (pricing.Minimum, pricing.Suggested.Count, pricing.Suggested[1]));
        Assert.Equal([new(owner.Id, 6_667), new(friend.Id, 3_333)], read.Splits);
        Assert.Equal(made.Id, Given(await test.Domain.Offers.CreateAsync(owner.Id, key, request)).Id);
        Refused(RefusalCodes.IdempotencyConflict, await test.Domain.Offers.CreateAsync(owner.Id, key, request with { Splits = [new(owner.Id, 5_000), new(friend.Id, 5_000)] }));
    }

    [Theory]
    [InlineData("1", "USD", "0.000001")]
    [InlineData("20000", "EUR", "0.02")]
    [InlineData("1000000", "GBP", "1")]
    [InlineData("1234567", "USD", "1.234567")]
    [InlineData("120000000", "USD", "120")]
    [InlineData("1000000000000000000000000", "USD", "1000000000000000000")]
    [InlineData("1", "BTC", "0.00000000001")]
    [InlineData("250000000000", "BTC", "2.5")]
    public async Task An_offer_from_before_there_were_models_keeps_its_price(string units, string currency, string price)
    {
        var directory = Directory.CreateTempSubdirectory("farthing-settings-").FullName;
        var file = Path.Combine(directory, "settings.db");
        var id = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(id, 7);
        try
        {
            await using (var connection = new SqliteConnection($"Data Source={file};Pooling=False"))
            {
                await using var context = new SettingsDbContext(new DbContextOptionsBuilder<SettingsDbContext>().UseSqlite(connection).Options);
                await context.GetService<IMigrator>().MigrateAsync("Versions", TestContext.Current.CancellationToken);
                await context.Database.ExecuteSqlAsync(
                    $"INSERT INTO Offers (Id, Owner, Name, PriceUnits, Currency, RefundWindowSeconds, State, CreatedAt, Version) VALUES ({id}, {id}, 'Old', {units}, {currency}, 900, 1, 0, 2)",
                    TestContext.Current.CancellationToken);
            }

            using var settings = SqliteSettingsStore.Open(file);
            var row = await settings.FindAsync<OfferRow>(7);
            var asked = Assert.IsType<PerUse>(OfferDetails.Read(row!.Details).ReadPricing());
            Assert.Equal((price, currency), (asked.Price.ToDecimalString(), asked.Price.Asset.Code));
            Assert.Equal(OfferDetails.From(new("Old", null, asked)).ToText(), row.Details);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
