using System.Buffers.Binary;
using Farthing.Payments.Campaigns;
using Farthing.Payments.Fares;
using Farthing.Payments.Meters;
using Farthing.Payments.People;
using Farthing.Payments.RoundUps;
using Farthing.Payments.Schedules;
using Farthing.Payments.Settings;
using Farthing.Payments.Subscriptions;
using Farthing.Payments.Tabs;
using Farthing.Payments.Tips;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Farthing.Server.Storage;

/// <summary>The settings as tables. Ids and digests are blobs of 16 bytes, big-endian, so that they sort as they count.</summary>
internal sealed class SettingsDbContext(DbContextOptions<SettingsDbContext> options) : DbContext(options)
{
    public DbSet<PayeeRow> Payees => Set<PayeeRow>();

    public DbSet<OfferRow> Offers => Set<OfferRow>();

    public DbSet<BundleRow> Bundles => Set<BundleRow>();

    public DbSet<WalletRow> Wallets => Set<WalletRow>();

    public DbSet<SubscriptionRow> Subscriptions => Set<SubscriptionRow>();

    public DbSet<SubscriptionUseRow> SubscriptionUses => Set<SubscriptionUseRow>();

    public DbSet<SubscriptionEventRow> SubscriptionEvents => Set<SubscriptionEventRow>();

    public DbSet<TipRow> Tips => Set<TipRow>();

    public DbSet<DueRow> Due => Set<DueRow>();

    public DbSet<RequestRow> Requests => Set<RequestRow>();

    public DbSet<SentRequestRow> SentRequests => Set<SentRequestRow>();

    public DbSet<CampaignRow> Campaigns => Set<CampaignRow>();

    public DbSet<TabRow> Tabs => Set<TabRow>();

    public DbSet<PayeeTabRow> PayeeTabs => Set<PayeeTabRow>();

    public DbSet<MeterRow> Meters => Set<MeterRow>();

    public DbSet<RoundUpRow> RoundUps => Set<RoundUpRow>();

    public DbSet<MandateRow> Mandates => Set<MandateRow>();

    public DbSet<CapsRow> Caps => Set<CapsRow>();

    public DbSet<FareCardRow> FareCards => Set<FareCardRow>();

    public DbSet<FareTapRow> FareTaps => Set<FareTapRow>();

    public DbSet<FareDayRow> FareDays => Set<FareDayRow>();

    public DbSet<ClaimRow> Claims => Set<ClaimRow>();

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        configurationBuilder.Properties<UInt128>().HaveConversion<IdBlob>();
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UnixMilliseconds>();
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        AddRow<PayeeRow>(modelBuilder);
        AddOwnedRow<OfferRow>(modelBuilder);
        AddOwnedRow<BundleRow>(modelBuilder);
        AddRow<WalletRow>(modelBuilder);
        AddOwnedRow<TipRow>(modelBuilder);
        AddOwnedRow<TabRow>(modelBuilder);
        AddOwnedRow<PayeeTabRow>(modelBuilder);
        AddRow<MeterRow>(modelBuilder);
        AddOwnedRow<MandateRow>(modelBuilder);
        AddOwnedRow<CapsRow>(modelBuilder);
        AddOwnedRow<SubscriptionRow>(modelBuilder);
        AddOwnedRow<SubscriptionUseRow>(modelBuilder);
        AddOwnedRow<SubscriptionEventRow>(modelBuilder);
        AddRow<DueRow>(modelBuilder);
        modelBuilder.Entity<DueRow>(due =>
        {
            due.HasIndex(row => new { row.RunUnixMilliseconds, row.Id });
            due.HasIndex(row => row.Id).HasFilter("Attempt > 0");
        });
        AddOwnedRow<RequestRow>(modelBuilder);
        AddOwnedRow<SentRequestRow>(modelBuilder);
        AddOwnedRow<CampaignRow>(modelBuilder);
        AddOwnedRow<RoundUpRow>(modelBuilder);
        AddOwnedRow<FareCardRow>(modelBuilder);
        AddOwnedRow<FareTapRow>(modelBuilder);
        AddOwnedRow<FareDayRow>(modelBuilder);
        modelBuilder.Entity<ClaimRow>(claim => claim.HasKey(row => new { row.Scope, row.Key }));
    }

    private static void AddRow<TRow>(ModelBuilder modelBuilder) where TRow : class, ISettingsRow => modelBuilder.Entity<TRow>(entity =>
    {
        entity.HasKey(nameof(ISettingsRow.Id));
        entity.HasIndex(nameof(ISettingsRow.State));
        entity.Property(nameof(ISettingsRow.Version)).IsConcurrencyToken();
    });

    private static void AddOwnedRow<TRow>(ModelBuilder modelBuilder) where TRow : class, IOwnedRow
    {
        AddRow<TRow>(modelBuilder);
        modelBuilder.Entity<TRow>().HasIndex(nameof(IOwnedRow.Owner), nameof(ISettingsRow.Id));
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
