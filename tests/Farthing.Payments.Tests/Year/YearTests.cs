using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using Farthing.Ledger;
using Farthing.Payments.Meters;
using Farthing.Payments.Offers;
using Farthing.Payments.Settings;
using Farthing.Payments.Subscriptions;
using Farthing.Protocol;

namespace Farthing.Payments.Tests.Year;

/// <summary>A month of everything that people can do here, a year of it in <c>./test --long</c>: what they were told and what the journal says are the same.</summary>
public sealed class YearTests
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("FARTHING_LONG") == "1";

    private static readonly YearSize Size = IsLong
        ? new(Wallets: 10_000, Payees: 200, Days: 365, DeedsPerDay: 384, AtOnce: 384, PlainPercent: 80, Cuts: 40, DaysOff: 12, SegmentBytes: 16 << 20)
        : new(Wallets: 200, Payees: 20, Days: 31, DeedsPerDay: 192, AtOnce: 48, PlainPercent: 0, Cuts: 6, DaysOff: 2, SegmentBytes: 1 << 20);

    [Fact]
    public async Task What_people_were_told_in_a_month_is_what_the_journal_says()
    {
        var seed = int.Parse(Environment.GetEnvironmentVariable("FARTHING_SEED") ?? "1", CultureInfo.InvariantCulture);
        try
        {
            await RunAsync(seed);
        }
        catch (Exception error)
        {
            throw new InvalidOperationException($"Seed {seed} failed. Again: ./test --filter What_people_were_told --seed {seed}", error);
        }
    }

    private static async Task RunAsync(int seed)
    {
        var clock = Stopwatch.StartNew();
        // Clocks change in spring in America and Europe, and in autumn in the south.
        await using var house = await YearHouse.OpenAsync(new DateTimeOffset(2027, 3, 7, 20, 0, 0, TimeSpan.Zero), Size.SegmentBytes);
        var life = new Life(house, Size, seed);
        await life.RunAsync();
        var lived = clock.Elapsed;

        Assert.Empty(house.Faults);
        Assert.Equal(0, (await house.Domain.Schedule.ReadBacklogAsync()).Due);
        var log = life.Log;
        var audit = new YearAudit(log, await ReadGatesAsync(house, log));
        audit.Read(house.Ledger.ReadFrom(0));
        CheckTold(life, audit);
        var campaigns = audit.CheckCampaigns();
        var difference = await ReconcileAsync(house, life, audit);
        await ReplayAsync(house, audit);

        var told = TestContext.Current.TestOutputHelper!;
        told.WriteLine($"Seed {seed}: {Size.Days} days in {lived.TotalSeconds:F1} s, audited in {(clock.Elapsed - lived).TotalSeconds:F1} s; {audit.Records} records, {life.Cuts} restarts.");
        told.WriteLine($"{audit.Payments.Count} payments, {audit.Refunds.Count} refunds, {audit.PersonalPayments.Count} between people, {audit.Pledges.Count} pledges, {campaigns.Succeeded} campaigns succeeded, {campaigns.Failed} failed.");
        told.WriteLine($"Done: {string.Join(", ", log.Done.Select(pair => $"{pair.Value} {pair.Key}"))}");
        told.WriteLine($"Refused: {string.Join(", ", log.Refusals.Select(pair => $"{pair.Value} {pair.Key}"))}");
        told.WriteLine($"{audit.Caps.Counted} counted on caps, {audit.Caps.NearlyFull} of them nearly full; {audit.Ended} accounts ended; months of tips paid {life.MonthlyTips.Sum(tip => tip.Paid)}, missed {life.MonthlyTips.Sum(tip => tip.Missed)}.");
        told.WriteLine($"{audit.Tabs.Reads.Count} reads on tab, {audit.Tabs.Payments.Count} payments of tabs, {audit.Tabs.Lost} tabs lost, {audit.Tabs.MadeGood} paid after all; {audit.DayCapped} on the cap of a day; {life.Meters.Count} meters, {CountSilent(life)} fell silent; periods renewed {CountEvents(life, SubscriptionEventKind.Renewed)}, refused {CountEvents(life, SubscriptionEventKind.RenewalRefused)}; round-ups given {life.RoundUps.Sum(roundUp => roundUp.Paid)}, missed {life.RoundUps.Sum(roundUp => roundUp.Missed)}; {life.FareDays.Count} fare days, {CountFares(life, audit)} payments for them, {CountFareRefunds(life, audit)} refunds.");
        told.WriteLine($"Largest cap overrun {UInt128.Max(audit.Caps.LargestOverrun, audit.Tabs.LargestOverrun)}, reconciliation difference {difference}, schedule backlog 0.");
        Assert.True(audit.Caps.LargestOverrun == UInt128.Zero, audit.Caps.WorstCase);
        Assert.Equal(UInt128.Zero, audit.Tabs.LargestOverrun);
        Assert.Equal(BigInteger.Zero, difference);
        AssertNotVacuous(audit, life, campaigns);
    }

    /// <summary>The gates of the caps that wallets put on themselves: the settings keep what was asked, the journal when it was opened.</summary>
    private static async Task<Dictionary<UInt128, (UInt128 Wallet, int Number)>> ReadGatesAsync(YearHouse house, YearLog log)
    {
        var opened = new Dictionary<UInt128, long>();
        foreach (var record in house.Ledger.ReadFrom(0))
        {
            if (record.Command.Kind == RecordKind.OpenAccount && record.Outcome == Outcome.Done) opened.Add(record.Command.Id, record.Position);
        }

        var gates = new Dictionary<UInt128, (UInt128 Wallet, int Number)>();
        foreach (var (wallet, told) in log.Caps)
        {
            var rows = (await house.Settings.ListAsync<CapsRow>(wallet, null, 1000)).OrderBy(row => opened[row.Id]).ToArray();
            Reorder(told.Caps, [.. rows.Select(row => Mandates.CapsRows.CapsOf(row))]);
            for (var i = 0; i < rows.Length; i++) gates.Add(rows[i].Id, (wallet, i));
        }

        return gates;
    }

    /// <summary>Puts changes of caps into the order in which they came into force. They were told in the order in which they were asked for, which is another one only where they were under way at once.</summary>
    private static void Reorder(List<ToldCaps> told, IReadOnlyList<Mandates.Caps> opened)
    {
        Assert.Equal(told.Count, opened.Count);
        for (var i = 0; i < told.Count; i++)
        {
            var found = told.FindIndex(i, caps => caps.Caps == opened[i]);
            Assert.True(found >= 0, $"{opened[i]} came into force, but is not told of behind {i} others.");
            var caps = told[found];
            Assert.All(told[i..found], passed => Assert.True(caps.InForce.From < passed.InForce.To, $"{caps} came into force before {passed}, but was asked for when that was answered."));
            told.RemoveAt(found);
            told.Insert(i, caps);
        }
    }

    /// <summary>Everything that was acknowledged is in the journal once, and the journal has nothing that was not.</summary>
    private static void CheckTold(Life life, YearAudit audit)
    {
        var log = life.Log;
        foreach (var (id, told) in log.Payments)
        {
            Assert.True(audit.Payments.TryGetValue(id, out var booked), $"Payment {id:x32} was told of, but is not in the journal.");
            Assert.Equal((told.Wallet, told.Payee), (booked.Wallet, booked.Payee));
            Assert.True(told.Units == booked.Asked || told.Units == booked.Posted, $"Payment {id:x32} was told to be of {told.Units} units, and is of {booked.Asked}.");
            if (booked.EndedBy is RecordKind.Post or RecordKind.Void && !log.Meters.ContainsKey(id)) Assert.Equal(booked.EndedBy == RecordKind.Post ? booked.Posted : null, log.Ends[id]);
        }

        Assert.All(log.Ends, end => Assert.Equal(end.Value is null ? RecordKind.Void : RecordKind.Post, audit.Payments[end.Key].EndedBy));
        AssertSame(log.TabReads.ToDictionary(read => read.Key, read => (read.Value.Read.Units, read.Value.Tab)), audit.Tabs.Reads.ToDictionary(read => read.Key, read => (read.Value.Asked, read.Value.Wallet)));
        CheckUntold(life, audit);
        CheckMeters(life, audit);
        CheckFares(life, audit);
        AssertSame(log.Refunds, audit.Refunds.Where(refund => !IsOfFare(life, audit, refund.Value.Payment)).ToDictionary());
        AssertSame(log.PersonalPayments, audit.PersonalPayments.ToDictionary(pair => pair.Key, pair => pair.Value.Asked));
        AssertSame(log.Pledges, audit.Pledges.ToDictionary(pair => pair.Key, pair => pair.Value.Asked));
        AssertSame(log.TopUps, audit.TopUps);
    }

    /// <summary>What nobody was told of the schedule paid, or a top-up that paid a full tab.</summary>
    private static void CheckUntold(Life life, YearAudit audit)
    {
        var untold = audit.Payments.Keys.Except(life.Log.Payments.Keys).ToHashSet();
        untold.ExceptWith(audit.Tabs.Payments);
        var periods = life.SubscriptionEvents.Where(told => told.Payment is not null).Select(told => told.Payment!.Value.Value).ToArray();
        Assert.All(periods, payment => Assert.Contains(payment, audit.Payments));
        Assert.Distinct(periods);
        untold.ExceptWith(periods);
        untold.RemoveWhere(payment => IsFare(life, audit.Payments[payment]));
        // The first month of a tip was told like any payment.
        Assert.Equal(life.Log.MonthlyTips.Select(tip => tip.Id).Order(), life.MonthlyTips.Select(tip => tip.Id).Order());
        Assert.Equal(life.MonthlyTips.Sum(tip => tip.Paid - 1) + life.RoundUps.Sum(roundUp => roundUp.Paid), untold.Count);
    }

    /// <summary>Whoever stopped it, a meter costs what was used, by arithmetic of this test, and never more than its ceiling.</summary>
    private static void CheckMeters(Life life, YearAudit audit)
    {
        Assert.Equal(life.Log.Meters.Count, life.Meters.Count);
        foreach (var meter in life.Meters)
        {
            var booked = audit.Payments[meter.Id.Value];
            var pricing = (Metered)life.Log.Payments[meter.Id.Value].Offer!.Pricing;
            Assert.Equal(meter.Cost.Units, booked.Posted);
            Assert.Equal(meter.Cost.IsZero ? RecordKind.Void : RecordKind.Post, booked.EndedBy);
            var (told, hour) = (life.Log.Meters[meter.Id.Value], (BigInteger)3_600_000);
            if (told is not null) Assert.Equal(told, booked.Posted);
            var silent = meter.ReportedAt.ToUnixTimeMilliseconds() + (pricing.SilentAfterSeconds * 1000L) - booked.UnixMilliseconds;
            var (used, per) = meter.Units is { } units ? (units, pricing.Count) : (silent, hour);
            var cost = BigInteger.Min((BigInteger)pricing.Ceiling.Units, (((BigInteger)pricing.Price.Units * used) + per - 1) / per);
            // Somebody may have stopped the time before.
            if (meter.Units is not null || IsSilent(life, meter)) Assert.Equal(cost, (BigInteger)meter.Cost.Units);
            else Assert.True(meter.Cost.Units <= cost, $"The meter {meter.Id} cost {meter.Cost}, and not {cost}.");
        }
    }

    /// <summary>What each wallet paid for its fare days and was given back is what the days say was paid for them.</summary>
    private static void CheckFares(Life life, YearAudit audit)
    {
        Assert.DoesNotContain(life.Log.Payments.Values, told => told.Payee == life.Log.Transit);
        var booked = audit.Payments.Values.Where(payment => IsFare(life, payment)).GroupBy(payment => payment.Wallet)
            .ToDictionary(wallet => wallet.Key, wallet => wallet.Aggregate(BigInteger.Zero, (sum, payment) => sum + (BigInteger)payment.Posted!.Value - (BigInteger)payment.Refunded));
        var settled = life.FareDays.GroupBy(day => day.Wallet).ToDictionary(wallet => wallet.Key, wallet => wallet.Aggregate(BigInteger.Zero, (sum, day) => sum + (BigInteger)day.Day.Settled));
        Assert.All(booked, wallet => Assert.Equal(wallet.Value, settled[wallet.Key]));
        Assert.Equal(settled.Count(wallet => !wallet.Value.IsZero), booked.Count(wallet => !wallet.Value.IsZero));
    }

    private static bool IsFare(Life life, BookedPayment payment) => payment.Payee == life.Log.Transit;

    private static int CountFares(Life life, YearAudit audit) => audit.Payments.Values.Count(payment => IsFare(life, payment));

    private static int CountFareRefunds(Life life, YearAudit audit) => audit.Refunds.Values.Count(refund => IsOfFare(life, audit, refund.Payment));

    private static bool IsOfFare(Life life, YearAudit audit, UInt128 payment) => audit.Payments.TryGetValue(payment, out var booked) && IsFare(life, booked);

    private static void AssertSame<T>(Dictionary<UInt128, T> told, Dictionary<UInt128, T> booked)
    {
        Assert.All(told, pair => Assert.Equal(pair.Value, booked[pair.Key]));
        Assert.Equal(told.Count, booked.Count);
    }

    /// <summary>Accounts, balances and statements of the product against what the records add up to.</summary>
    private static async Task<BigInteger> ReconcileAsync(YearHouse house, Life life, YearAudit audit)
    {
        var difference = BigInteger.Zero;
        foreach (var asset in audit.Books.Accounts.Values.GroupBy(account => account.Asset))
        {
            difference += BigInteger.Abs(asset.Aggregate(BigInteger.Zero, (sum, account) => sum + (BigInteger)account.CreditsPosted - (BigInteger)account.DebitsPosted));
            difference += BigInteger.Abs(asset.Aggregate(BigInteger.Zero, (sum, account) => sum + (BigInteger)account.CreditsHeld - (BigInteger)account.DebitsHeld));
        }

        foreach (var (id, account) in audit.Books.Accounts)
            Assert.True((await house.Ledger.ReadAccountAsync(id))?.Balances == (account.HasEnded ? null : account.Balances), $"The ledger says something else of account {id:x32} than its records.");

        var owners = life.Shops.Select(shop => shop.Payee.Id.Value).Append(life.Log.Transit).Select(payee => new Caller(CallerKind.Payee, payee)).Concat(life.People.Take(1000).Select(person => new Caller(CallerKind.Wallet, person.Wallet.Value)));
        foreach (var owner in owners)
        {
            var (posted, held, lines) = (BigInteger.Zero, BigInteger.Zero, 0);
            for (string? cursor = null; ;)
            {
                var page = TestSystem.Given(await house.Domain.Statements.ReadAsync(owner, cursor, 200));
                posted += page.Lines.Aggregate(BigInteger.Zero, (sum, line) => sum + line.SignedUnits);
                held += page.Lines.Aggregate(BigInteger.Zero, (sum, line) => sum + line.HeldUnits);
                lines += page.Lines.Count;
                if ((cursor = page.Next) is null) break;
            }

            var account = audit.Books.Accounts[owner.Account];
            difference += BigInteger.Abs(posted - (BigInteger)account.CreditsPosted + (BigInteger)account.DebitsPosted);
            difference += BigInteger.Abs(held - (BigInteger)(owner.Kind == CallerKind.Wallet ? account.DebitsHeld : account.CreditsHeld));
            Assert.True(lines > 0);
        }

        return difference;
    }

    /// <summary>The journal read from its first byte, without anything derived from it, gives the same.</summary>
    private static async Task ReplayAsync(YearHouse house, YearAudit audit)
    {
        var root = (await house.Ledger.GetCheckpointAsync(audit.Records)).Checkpoint;
        var copy = Directory.CreateTempSubdirectory("farthing-year-copy-").FullName;
        try
        {
            // Each frame's digest of the state is compared on the way.
            await using (var again = house.OpenCopy(copy))
            {
                Assert.Equal(audit.Records, again.DurableSize);
                foreach (var (id, account) in audit.Books.Accounts) Assert.Equal(account.HasEnded ? null : account.Balances, (await again.ReadAccountAsync(id))?.Balances);
                Assert.Equal((root.Size, Convert.ToHexString(root.Root)), (await again.GetCheckpointAsync(audit.Records)).Checkpoint is var other ? (other.Size, Convert.ToHexString(other.Root)) : default);
            }
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }

        await house.CloseAsync(Task.CompletedTask);
        var report = LedgerCheck.Run(house.LedgerDirectory);
        Assert.True(report.IsSound, report.Damage);
        Assert.Equal(audit.Records, report.Records);
        foreach (var (asset, totals) in report.Totals)
        {
            var mine = audit.Books.Accounts.Values.Where(account => account.Asset == asset && !account.HasEnded).ToArray();
            Assert.Equal(totals, (mine.Aggregate(UInt128.Zero, (sum, account) => sum + account.DebitsPosted), mine.Aggregate(UInt128.Zero, (sum, account) => sum + account.CreditsPosted)));
        }
    }

    private static int CountEvents(Life life, SubscriptionEventKind kind) => life.SubscriptionEvents.Count(told => told.Kind == kind);

    private static int CountSilent(Life life) => life.Meters.Count(meter => IsSilent(life, meter));

    private static bool IsSilent(Life life, Meter meter) =>
        meter.StoppedAt >= meter.ReportedAt.AddSeconds(((Metered)life.Log.Payments[meter.Id.Value].Offer!.Pricing).SilentAfterSeconds);

    private static void AssertNotVacuous(YearAudit audit, Life life, (int Succeeded, int Failed) campaigns)
    {
        Assert.Equal(Size.Cuts, life.Cuts);
        Assert.True(campaigns is { Succeeded: >= 1, Failed: >= 1 }, $"{campaigns}");
        Assert.True(audit.Caps.Counted >= 500, $"{audit.Caps.Counted}");
        Assert.True(audit.Caps.NearlyFull >= 5, $"{audit.Caps.NearlyFull}");
        Assert.True(audit.Ended >= 50, $"{audit.Ended}");
        Assert.True(audit.Books.Checked >= 10_000, $"{audit.Books.Checked}");
        Assert.True(audit.Payments.Values.Count(payment => payment.EndedBy == RecordKind.Expire) >= 10);
        Assert.True(audit.Payments.Values.Count(payment => payment.Shares.Count > 0) >= 100);
        Assert.True(life.MonthlyTips.Sum(tip => tip.Paid - 1) >= 1);
        Assert.True(audit.Tabs.Reads.Count >= 50, $"{audit.Tabs.Reads.Count}");
        Assert.True(audit.Tabs.Payments.Count - life.Log.Done.GetValueOrDefault("tabs paid") >= 5, $"{audit.Tabs.Payments.Count}");
        Assert.True(audit.Tabs is { Lost: >= 1, MadeGood: >= 1 }, $"{audit.Tabs.Lost} {audit.Tabs.MadeGood}");
        Assert.True(audit.DayCapped >= 30, $"{audit.DayCapped}");
        Assert.True(CountSilent(life) >= 10, $"{CountSilent(life)}");
        Assert.True(CountEvents(life, SubscriptionEventKind.Renewed) >= 30, $"{CountEvents(life, SubscriptionEventKind.Renewed)}");
        Assert.True(CountFares(life, audit) >= 20, $"{CountFares(life, audit)}");
        Assert.True(CountFareRefunds(life, audit) >= 1, $"{CountFareRefunds(life, audit)}");
        Assert.True(life.RoundUps.Sum(roundUp => roundUp.Paid) >= 1, $"{life.RoundUps.Sum(roundUp => roundUp.Paid)}");
        string[] done =
        [
            "bills", "campaigns", "cancelled subscriptions", "changed subscriptions", "changes of caps", "covered by a day's cap", "ends of monthly tips", "ends of rides", "extras", "holds", "meters", "mandates", "pauses", "payments", "payments under mandates", "personal payments", "pledges", "posts",
            "purchases made once", "refunds", "repeats", "reports", "requests accepted", "requests cancelled", "requests declined", "resumptions", "rides", "revocations", "round-ups", "stops", "subscriptions", "tabs paid", "tips", "top-ups", "uses of subscriptions", "voids", "withdrawals of pledges",
        ];
        // How often is for the moments of the machine to say, as much goes on at once; never would be a test of nothing.
        Assert.All(done, kind => Assert.True(life.Log.Done.GetValueOrDefault(kind) > 0, $"{kind}: {life.Log.Done.GetValueOrDefault(kind)}"));
        string[] refused = ["cap_exceeded", "insufficient_funds", "mandate_ended", "mandate_revoked", "mandate_scope_exceeded", "wallet_frozen", "campaign_over", "request_ended", "exceeds_held", "refund_window_over", "amount_below_minimum", "tab_unpaid", "meter_stopped", "subscription_status_forbids", "refund_by_payee_only"];
        Assert.All(refused, code => Assert.True(life.Log.Refusals.GetValueOrDefault(code) > 0, $"{code}: {life.Log.Refusals.GetValueOrDefault(code)}"));
    }
}
