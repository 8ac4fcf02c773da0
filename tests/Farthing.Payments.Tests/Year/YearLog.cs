using Farthing.Payments.Campaigns;
using Farthing.Payments.Desk;
using Farthing.Payments.Mandates;
using Farthing.Payments.Offers;
using Farthing.Payments.Tips;
using Farthing.Protocol;
using NodaTime;

namespace Farthing.Payments.Tests.Year;

/// <summary>Records of the journal between which something came into force: from the first on it may have been, from the second on it was.</summary>
internal readonly record struct Stretch(long From, long To);

/// <summary>A payment as its wallet was told of it.</summary>
internal sealed record ToldPayment(UInt128 Wallet, UInt128 Payee, UInt128 Units, bool IsHold, Offer? Offer);

/// <summary>A mandate as its wallet was told of it.</summary>
internal sealed record ToldMandate(Mandate Mandate, DateTimeZone Zone)
{
    public Stretch? Revoked { get; set; }
}

/// <summary>Caps that a wallet put on itself; none at all takes them off.</summary>
internal sealed record ToldCaps(Caps Caps, Stretch InForce);

/// <summary>A pause of a wallet: what is paid between its two ends is wrong.</summary>
internal sealed record ToldPause(Stretch Paused)
{
    public Stretch? Resumed { get; set; }
}

/// <summary>What people were told in a year: all that the journal must say too, and nothing else.</summary>
internal sealed class YearLog
{
    public Dictionary<UInt128, ToldPayment> Payments { get; } = [];

    /// <summary>The mandate of each key that was used under one. Who asks for what was bought once is told of a payment that another key made, and perhaps under none.</summary>
    public Dictionary<UInt128, UInt128> PaidUnder { get; } = [];

    /// <summary>What was read on tab, and on which.</summary>
    public Dictionary<UInt128, (ToldPayment Read, UInt128 Tab)> TabReads { get; } = [];

    /// <summary>Meters, and what one cost that somebody was told had stopped.</summary>
    public Dictionary<UInt128, UInt128?> Meters { get; } = [];

    /// <summary>How held payments were posted, with how much, or voided, with null.</summary>
    public Dictionary<UInt128, UInt128?> Ends { get; } = [];

    /// <summary>What refunds gave back of which payment.</summary>
    public Dictionary<UInt128, (UInt128 Payment, UInt128 Units)> Refunds { get; } = [];

    public Dictionary<UInt128, UInt128> PersonalPayments { get; } = [];

    public Dictionary<UInt128, UInt128> Pledges { get; } = [];

    public HashSet<UInt128> Withdrawals { get; } = [];

    public Dictionary<UInt128, UInt128> TopUps { get; } = [];

    public Dictionary<UInt128, Campaign> Campaigns { get; } = [];

    public Dictionary<UInt128, ToldMandate> Mandates { get; } = [];

    public Dictionary<UInt128, (List<ToldCaps> Caps, DateTimeZone Zone)> Caps { get; } = [];

    public Dictionary<UInt128, List<ToldPause>> Pauses { get; } = [];

    /// <summary>The payee of rides, which is paid by fare days only.</summary>
    public UInt128 Transit { get; set; }

    public List<MonthlyTip> MonthlyTips { get; } = [];

    /// <summary>How often each kind of thing was done, and how often each refusal was given.</summary>
    public SortedDictionary<string, int> Done { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, int> Refusals { get; } = new(StringComparer.Ordinal);

    public void Count(string kind) => Done[kind] = Done.GetValueOrDefault(kind) + 1;

    public void Refused(string code) => Refusals[code] = Refusals.GetValueOrDefault(code) + 1;

    /// <summary>What was told of a payment, be it of a read on tab; null if nobody was.</summary>
    public ToldPayment? Find(UInt128 id) => TabReads.TryGetValue(id, out var read) ? read.Read : Payments.GetValueOrDefault(id);

    /// <returns>True if nobody was told of this read before.</returns>
    public bool ToldRead(Payment read, Offer offer) =>
        TabReads.TryAdd(read.Id.Value, (new(read.Wallet.Value, read.Payee.Value, read.Amount.Units, false, offer), read.Tab!.Value.Value));

    /// <summary>A payment is told once, or the same again.</summary>
    public void Told(Payment payment, Offer? offer)
    {
        var told = new ToldPayment(payment.Wallet.Value, payment.Payee.Value, payment.Amount.Units, payment.Status == PaymentStatus.Held, offer);
        if (!Payments.TryAdd(payment.Id.Value, told)) Assert.Equal((told.Wallet, told.Payee), (Payments[payment.Id.Value].Wallet, Payments[payment.Id.Value].Payee));
    }
}
