using System.Buffers.Binary;
using Farthing.Payments.Settings;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Farthing.Server.Storage;

/// <summary>The settings as tables. Ids and digests are blobs of 16 bytes, big-endian, so that they sort as they count.</summary>
internal sealed class SettingsDbContext(DbContextOptions<SettingsDbContext> options) : DbContext(options)
{
    public DbSet<PayeeRow> Payees => Set<PayeeRow>();

    public DbSet<OfferRow> Offers => Set<OfferRow>();

    public DbSet<WalletRow> Wallets => Set<WalletRow>();

    public DbSet<ClaimRow> Claims => Set<ClaimRow>();

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        configurationBuilder.Properties<UInt128>().HaveConversion<IdBlob>();
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UnixMilliseconds>();
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<PayeeRow>(payee =>
        {
            payee.HasKey(row => row.Id);
            payee.HasIndex(row => row.State);
        });
        modelBuilder.Entity<OfferRow>(offer =>
        {
            offer.HasKey(row => row.Id);
            offer.HasIndex(row => new { row.Payee, row.Id });
            offer.HasIndex(row => row.State);
        });
        modelBuilder.Entity<WalletRow>(wallet =>
        {
            wallet.HasKey(row => row.Id);
            wallet.HasIndex(row => row.State);
        });
        modelBuilder.Entity<ClaimRow>(claim => claim.HasKey(row => new { row.Scope, row.Key }));
    }

    private sealed class IdBlob() : ValueConverter<UInt128, byte[]>(id => ToBlob(id), blob => BinaryPrimitives.ReadUInt128BigEndian(blob))
    {
        private static byte[] ToBlob(UInt128 id)
        {
            var blob = new byte[16];
            BinaryPrimitives.WriteUInt128BigEndian(blob, id);
            return blob;
        }
    }

    private sealed class UnixMilliseconds() : ValueConverter<DateTimeOffset, long>(time => time.ToUnixTimeMilliseconds(), number => DateTimeOffset.FromUnixTimeMilliseconds(number));
}
