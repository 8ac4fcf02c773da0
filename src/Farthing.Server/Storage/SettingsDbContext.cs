using System.Buffers.Binary;
using Farthing.Payments.Campaigns;
using Farthing.Payments.Fares;
using Farthing.Payments.Meters;
using Farthing.Payments.Payouts;
using Farthing.Payments.People;
using Farthing.Payments.RoundUps;
using Farthing.Payments.Schedules;
using Farthing.Payments.Settings;
using Farthing.Payments.Subscriptions;
using Farthing.Payments.Tabs;
using Farthing.Payments.Tips;
using Farthing.Payments.TopUps;
using Farthing.Payments.Wallets;
using Farthing.Server.Rails.Card;
using Farthing.Payments.Webhooks;
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

    public DbSet<MeterCountRow> MeterCounts => Set<MeterCountRow>();

    public DbSet<RoundUpRow> RoundUps => Set<RoundUpRow>();

    public DbSet<MandateRow> Mandates => Set<MandateRow>();

    public DbSet<CapsRow> Caps => Set<CapsRow>();

    public DbSet<FareCardRow> FareCards => Set<FareCardRow>();

    public DbSet<FareTapRow> FareTaps => Set<FareTapRow>();

    public DbSet<FareDayRow> FareDays => Set<FareDayRow>();

    public DbSet<AutomaticTopUpRow> AutomaticTopUps => Set<AutomaticTopUpRow>();

    public DbSet<RecoveryRow> Recoveries => Set<RecoveryRow>();

    public DbSet<CardTopUpRow> CardTopUps => Set<CardTopUpRow>();

    public DbSet<LeftCardRow> LeftCards => Set<LeftCardRow>();

    public DbSet<EventRow> Events => Set<EventRow>();

    public DbSet<EventNumber> EventNumbers => Set<EventNumber>();

    public DbSet<WebhookRow> Webhooks => Set<WebhookRow>();

    public DbSet<WebhookProgressRow> WebhookProgress => Set<WebhookProgressRow>();

    public DbSet<ShareRow> Shares => Set<ShareRow>();

    public DbSet<PayoutSettingRow> PayoutSettings => Set<PayoutSettingRow>();

    public DbSet<PayoutDestinationRow> PayoutDestinations => Set<PayoutDestinationRow>();

    public DbSet<PayoutRow> Payouts => Set<PayoutRow>();

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
        AddOwnedRow<MeterCountRow>(modelBuilder);
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
        AddRow<CardTopUpRow>(modelBuilder);
        AddRow<LeftCardRow>(modelBuilder);
        AddRow<RecoveryRow>(modelBuilder);
        AddOwnedRow<AutomaticTopUpRow>(modelBuilder);
        modelBuilder.Entity<ShareRow>(share =>
        {
            share.HasKey(row => row.Id);
            share.HasIndex(row => new { row.Owner, row.RefundWindowSeconds });
            share.Property(row => row.Version).IsConcurrencyToken();
        });
        modelBuilder.Entity<OfferRow>().HasIndex(row => new { row.Owner, row.RefundWindowSeconds });
        AddRow<PayoutSettingRow>(modelBuilder);
        AddOwnedRow<PayoutDestinationRow>(modelBuilder);
        AddOwnedRow<PayoutRow>(modelBuilder);
        modelBuilder.Entity<PayoutRow>(payout =>
        {
            payout.HasIndex(row => new { row.Stage, row.Id });
            payout.HasIndex(row => new { row.Owner, row.Stage, row.Id });
        });
        AddOwnedRow<EventRow>(modelBuilder);
        modelBuilder.Entity<EventNumber>(number =>
        {
            // AUTOINCREMENT: of two commits the later one has the higher number, for ever.
            number.HasKey(row => row.Number);
            number.Property(row => row.Number).ValueGeneratedOnAdd();
            number.HasIndex(row => new { row.Owner, row.Number });
            number.HasIndex(row => row.UnixMilliseconds);
        });
        AddOwnedRow<WebhookRow>(modelBuilder);
        AddRow<WebhookProgressRow>(modelBuilder);
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
