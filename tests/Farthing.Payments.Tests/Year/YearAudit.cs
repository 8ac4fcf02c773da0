using System.Numerics;
using Farthing.Ledger;
using Farthing.Payments.Campaigns;
using Farthing.Payments.Mandates;
using Farthing.Payments.Offers;
using Farthing.Protocol;
using NodaTime;

namespace Farthing.Payments.Tests.Year;

/// <summary>Reads the journal from its first record and holds it to what people were told.</summary>
/// <param name="log">What they were told.</param>
/// <param name="caps">The gates of the caps that wallets put on themselves, in the order in which these came into force.</param>
internal sealed class YearAudit(YearLog log, IReadOnlyDictionary<UInt128, (UInt128 Wallet, int Number)> caps)
{
    private readonly List<JournalRecord> chain = [];

    // By the id of whatever is cited: the price or hold, its post, the fee, a share.
    private readonly Dictionary<UInt128, BookedPayment> byPosted = [];
    private readonly Dictionary<UInt128, BookedLeg> legs = [];
    private readonly Dictionary<UInt128, UInt128> campaignHeld = [];

    public Books Books { get; } = new();

    public CapWatch Caps { get; } = new();

    public TabWatch Tabs { get; } = new();

    /// <summary>How many payments were counted on the cap that their offer has for a day.</summary>
    public int DayCapped { get; private set; }

    public Dictionary<UInt128, BookedPayment> Payments { get; } = [];

    public Dictionary<UInt128, BookedPayment> PersonalPayments { get; } = [];

    public Dictionary<UInt128, BookedPayment> Pledges { get; } = [];

    public Dictionary<UInt128, (UInt128 Payment, UInt128 Units)> Refunds { get; } = [];

    public Dictionary<UInt128, UInt128> TopUps { get; } = [];

    public Dictionary<UInt128, UInt128> CampaignPayments { get; } = [];

    public long Records { get; private set; }

    /// <summary>How many accounts were forgotten, and how many holds expired.</summary>
    public int Ended { get; private set; }

    public void Read(IEnumerable<JournalRecord> records)
    {
        foreach (var record in records)
        {
            Records++;
            Books.Add(record);
            if (record.ChainIndex == 0) AddChain();
            chain.Add(record);
        }

        AddChain();
    }

    private void AddChain()
    {
        if (chain.Count > 0 && chain[0].Outcome == Outcome.Done) AddDone();
        // A chain is carried out or refused as a whole.
        Assert.True(chain.TrueForAll(record => (record.Outcome == Outcome.Done) == (chain[0].Outcome == Outcome.Done)));
        chain.Clear();
    }

    private void AddDone()
    {
        var index = chain.FindIndex(record => record.Command.Code is TransferCode.Payment or TransferCode.PersonalPayment or TransferCode.Pledge or TransferCode.Campaign or TransferCode.Refund or TransferCode.TopUp);
        var main = chain[Math.Max(index, 0)];
        var command = main.Command;
        if (command.Kind == RecordKind.EndAccount) Ended++;
        Tabs.AddLoss(chain);
        switch (command.Kind, command.Code)
        {
            case (RecordKind.Transfer, TransferCode.Payment) when TabWatch.IsTab(command.Asset):
                AddRead(main);
                break;
            case (RecordKind.Transfer or RecordKind.Hold, TransferCode.Payment):
                AddPrice(main, Payments);
                break;
            case (RecordKind.Transfer, TransferCode.PersonalPayment):
                AddPrice(main, PersonalPayments);
                break;
            case (RecordKind.Hold, TransferCode.Pledge):
                AddPrice(main, Pledges);
                campaignHeld[command.Credit] = campaignHeld.GetValueOrDefault(command.Credit) + command.Units;
                break;
            case (RecordKind.Post or RecordKind.Void or RecordKind.Expire, TransferCode.Payment):
                End(Payments, main);
                break;
            case (RecordKind.Post or RecordKind.Void or RecordKind.Expire, TransferCode.Pledge):
                EndPledge(main);
                break;
            case (RecordKind.Refund, TransferCode.Refund):
                AddRefund(main);
                break;
            case (RecordKind.Post or RecordKind.Transfer, TransferCode.TopUp):
                TopUps.Add(command.Kind == RecordKind.Post ? command.Cited : command.Id, command.Units);
                break;
            case (RecordKind.Transfer, TransferCode.Campaign):
                AddCampaignPayment(main);
                break;
        }
    }

    private void AddPrice(in JournalRecord price, Dictionary<UInt128, BookedPayment> kind)
    {
        var payment = new BookedPayment(price);
        kind.Add(payment.Id, payment);
        byPosted.Add(payment.Id, payment);
        if (payment.Posted is not null) AddLegs(payment);
        Watch(payment);
        if (kind != Payments) return;
        Tabs.AddPayment(payment, chain);
        if (payment.Posted is not null) Divide(payment);
    }

    /// <summary>A read on tab moves no money: the caps of its mandate count it, those of the wallet count what pays the tab.</summary>
    private void AddRead(in JournalRecord read)
    {
        var booked = new BookedPayment(read);
        byPosted.Add(booked.Id, booked);
        Tabs.AddRead(booked, (OnTab)log.TabReads[booked.Id].Read.Offer!.Pricing);
        var gates = FindGates(booked);
        WatchMandate(booked, gates);
        Assert.Empty(gates);
    }

    private void AddLegs(BookedPayment payment)
    {
        foreach (var leg in chain)
        {
            if (leg.Command.Kind != RecordKind.Transfer || leg.Command.Code is not (TransferCode.Fee or TransferCode.Split)) continue;
            Assert.Equal(payment.Payee, leg.Command.Debit);
            var booked = new BookedLeg(leg.Command.Credit, leg.Command.Units);
            if (leg.Command.Code == TransferCode.Fee) payment.Fee = booked;
            else payment.Shares.Add(booked);
            legs.Add(leg.Command.Id, booked);
        }
    }

    private void Divide(BookedPayment payment) => payment.CheckDivision(log.Payments.GetValueOrDefault(payment.Id)?.Offer, YearHouse.FeeBasisPoints);

    private void End(Dictionary<UInt128, BookedPayment> kind, in JournalRecord end)
    {
        var command = end.Command;
        var payment = kind[command.Kind == RecordKind.Expire ? command.Id : command.Cited];
        Assert.Null(payment.Posted);
        payment.EndedBy = command.Kind;
        payment.Posted = command.Kind == RecordKind.Post ? command.Units : UInt128.Zero;
        payment.GiveBack(payment.Asked - payment.Posted.Value);
        if (command.Kind != RecordKind.Post) return;
        byPosted.Add(command.Id, payment);
        AddLegs(payment);
        if (kind == Payments) Divide(payment);
    }

    private void EndPledge(in JournalRecord end)
    {
        End(Pledges, end);
        var pledge = Pledges[end.Command.Kind == RecordKind.Expire ? end.Command.Id : end.Command.Cited];
        // Until the deadline what is voided is no longer there to be judged.
        if (end.UnixMilliseconds < log.Campaigns[pledge.Payee].Deadline.ToUnixTimeMilliseconds()) campaignHeld[pledge.Payee] -= pledge.Asked;
    }

    private void AddRefund(in JournalRecord refund)
    {
        var payment = byPosted[refund.Command.Cited];
        payment.Refunded += refund.Command.Units;
        payment.Refunds++;
        payment.GiveBack(refund.Command.Units);
        Refunds.Add(refund.Command.Id, (payment.Id, refund.Command.Units));
        foreach (var leg in chain)
        {
            if (leg.Command.Code is TransferCode.FeeRefund or TransferCode.SplitRefund) legs[leg.Command.Cited].Back += leg.Command.Units;
        }

        if (Tabs.Reads.ContainsKey(payment.Id)) Tabs.AddRefund(payment, refund.Command.Units);
        else payment.CheckKept(log.Payments.GetValueOrDefault(payment.Id)?.Offer, YearHouse.FeeBasisPoints);
    }

    private void AddCampaignPayment(in JournalRecord payment)
    {
        CampaignPayments.Add(payment.Command.Debit, payment.Command.Units);
        var fee = chain.Where(leg => leg.Command.Code == TransferCode.Fee).Select(leg => (BigInteger)leg.Command.Units).SingleOrDefault();
        Assert.Equal((BigInteger)payment.Command.Units * YearHouse.FeeBasisPoints / 10_000, fee);
    }

    /// <summary>Holds a payment to the caps, mandates and pauses that its wallet was told of.</summary>
    private void Watch(BookedPayment payment)
    {
        var gates = FindGates(payment);
        WatchMandate(payment, gates);
        WatchWallet(payment, gates);
        Assert.True(gates.Count == 0, $"Payment {payment.Id:x32} of {log.Find(payment.Id)?.ToString() ?? "nobody who was told"} was counted on {string.Join(", ", gates.Select(DescribeGate))}.");
        if (log.Payments.GetValueOrDefault(payment.Id)?.Offer is { Pricing: PerUse { DayCap: { } cap } } offer)
        {
            DayCapped++;
            Caps.Count(payment.Wallet ^ offer.Id.Value, new(cap.Amount, null, null), [0, 0, 0], DateTimeZoneProviders.Tzdb[cap.TimeZone], payment);
        }

        foreach (var pause in log.Pauses.GetValueOrDefault(payment.Wallet) ?? [])
            Assert.False(payment.Position >= pause.Paused.To && (pause.Resumed is not { } resumed || payment.Position < resumed.From), $"Payment {payment.Id:x32} was made by a paused wallet.");
    }

    /// <summary>What a payment uses it names in its own chain: a gate, which may owe, and the allowances behind it.</summary>
    private HashSet<UInt128> FindGates(BookedPayment payment)
    {
        var uses = chain.FindAll(leg => leg.Command.Code == TransferCode.Allowance && leg.Command.Asset.Code == "allowance:USD");
        Assert.All(uses, use => Assert.Equal(payment.Asked, use.Command.Units));
        return [.. uses.Select(use => use.Command.Debit).Where(account => !Books.Accounts[account].MustNotOwe)];
    }

    private string DescribeGate(UInt128 gate) =>
        log.Mandates.TryGetValue(gate, out var mandate) ? $"the mandate {mandate.Mandate}" : caps.TryGetValue(gate, out var of) ? $"caps {of.Number} of the wallet {of.Wallet:x32}" : $"{gate:x32}, which nobody was told of";

    private void WatchMandate(BookedPayment payment, HashSet<UInt128> gates)
    {
        // Nobody was told of a fare day's payment. A read on tab is told of by its wallet, and recorded between two accounts of the tab.
        var by = log.Find(payment.Id);
        UInt128? mandate = payment.Payee == log.Transit ? gates.Single(log.Mandates.ContainsKey) : log.PaidUnder.TryGetValue(KeyOf(payment), out var named) ? named : null;
        if (mandate is not { } told) return;
        Assert.True(gates.Remove(told), $"Payment {payment.Id:x32} was not counted on its mandate.");
        var (given, zone) = log.Mandates[told];
        Assert.Equal(given.Wallet.Value, by?.Wallet ?? payment.Wallet);
        Assert.True(payment.Asked <= given.Each.Units);
        Assert.True(given.Scope.Payee is not { } only || only.Value == (by?.Payee ?? payment.Payee));
        Assert.True(given.EndsAt is not { } end || payment.UnixMilliseconds < end.ToUnixTimeMilliseconds(), $"Payment {payment.Id:x32} was made after the end of its given.");
        Assert.True(log.Mandates[told].Revoked is not { } revoked || payment.Position < revoked.To, $"Payment {payment.Id:x32} was made after its mandate was revoked.");
        Caps.Count(told, given.Caps, [0, 0, 0], zone, payment);
    }

    /// <summary>The key that made a payment: what is bought once has an id of its own, and the key's claim before it.</summary>
    private UInt128 KeyOf(BookedPayment payment) => chain[0].Command.Kind == RecordKind.Claim ? chain[0].Command.Id : payment.Id;

    private void WatchWallet(BookedPayment payment, HashSet<UInt128> gates)
    {
        if (!log.Caps.TryGetValue(payment.Wallet, out var told)) return;
        var (latest, certain) = (told.Caps.FindLastIndex(given => given.InForce.From <= payment.Position), told.Caps.FindLastIndex(given => given.InForce.To <= payment.Position));
        var gate = gates.FirstOrDefault(gate => caps.TryGetValue(gate, out var found) && found.Wallet == payment.Wallet);
        if (gate == default)
        {
            Assert.True(!MustCount(payment) || Enumerable.Range(certain, latest - certain + 1).Any(number => number < 0 || IsNone(told.Caps[number].Caps)), $"Payment {payment.Id:x32} was not counted on the caps of its wallet.");
            return;
        }

        gates.Remove(gate);
        var number = caps[gate].Number;
        Assert.InRange(number, certain, latest);
        Caps.Count(payment.Wallet, told.Caps[number].Caps, Lineages(told.Caps, number), told.Zone, payment);
    }

    // A cap goes on counting what the one before it counted, if that was of the same period.
    private static int[] Lineages(List<ToldCaps> told, int number)
    {
        var lineages = new int[3];
        for (var period = 0; period < lineages.Length; period++)
        {
            var first = number;
            while (first > 0 && Has(told[first - 1].Caps, period)) first--;
            lineages[period] = first;
        }

        return lineages;
    }

    private static bool Has(Caps caps, int period) => (period switch { 0 => caps.PerDay, 1 => caps.PerWeek, _ => caps.PerMonth }) is not null;

    private static bool IsNone(Caps caps) => !Has(caps, 0) && !Has(caps, 1) && !Has(caps, 2);

    private bool MustCount(BookedPayment payment) => Payments.ContainsKey(payment.Id) || (PersonalPayments.ContainsKey(payment.Id) && chain[0].Command.Kind != RecordKind.Claim);

    /// <summary>All or nothing, and what the payee got, judged by what the records say that a campaign held at its deadline.</summary>
    /// <returns>How many succeeded, and how many failed.</returns>
    public (int Succeeded, int Failed) CheckCampaigns()
    {
        var (succeeded, failed) = (0, 0);
        foreach (var campaign in log.Campaigns.Values)
        {
            var pledges = Pledges.Values.Where(pledge => pledge.Payee == campaign.Id.Value && !log.Withdrawals.Contains(pledge.Id)).ToArray();
            var total = pledges.Aggregate(UInt128.Zero, (sum, pledge) => sum + pledge.Asked);
            Assert.Equal(campaignHeld.GetValueOrDefault(campaign.Id.Value), total);
            var isReached = total > 0 && (campaign.Mode == CampaignMode.KeepWhatYouGet || total >= campaign.Goal.Units);
            Assert.All(pledges, pledge => Assert.Equal(isReached ? RecordKind.Post : RecordKind.Void, pledge.EndedBy));
            Assert.Equal(isReached ? total : UInt128.Zero, CampaignPayments.GetValueOrDefault(campaign.Id.Value));
            if (isReached) succeeded++;
            else failed++;
        }

        return (succeeded, failed);
    }
}
