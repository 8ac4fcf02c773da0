using Farthing.Payments.Fares;
using Farthing.Payments.Mandates;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Protocol;

namespace Farthing.Payments.Tests.Year;

/// <summary>What people ride: they get in, and get out at a reader that may be heard of days later.</summary>
internal sealed partial class Life
{
    private const int MostCards = 40;

    private static readonly FareTable Fares = new(new ZoneFares([new("1", "1", Usd(140_000)), new("1", "2", Usd(230_000)), new("2", "2", Usd(90_000))], Usd(600_000)), Usd(700_000), Usd(1_500_000), "Europe/London");

    private readonly List<(Person Person, FareCard Card)> cards = [];
    private readonly List<(FareCard Card, DateTimeOffset OutAt)> riding = [];
    private Offer transit = null!;

    /// <summary>What was asked for each fare day, at the end.</summary>
    public List<(UInt128 Wallet, FareDayRow Day)> FareDays { get; } = [];

    private async Task OpenTransitAsync()
    {
        var payee = TestSystem.Given(await house.Domain.Payees.CreateAsync(NewKey(), new NewPayee("City transit", Asset.Usd, null, house.PayeeKey.Verifier, 3))).Payee;
        transit = TestSystem.Given(await house.Domain.Offers.CreateAsync(payee.Id, NewKey(), new NewOffer("Rides", null, Fares)));
        Log.Transit = payee.Id.Value;
    }

    private Deed RideAsync(Person person)
    {
        if (cards.Count < MostCards && random.Next(4) == 0) return GetCardAsync(person);
        if (cards.Count == 0) return GetCardAsync(person);
        var (key, card, at) = (NewKey(), cards[random.Next(cards.Count)].Card, Now);
        return new(async domain => Note("rides", await domain.Fares.TakeAsync(transit.Payee, key, new(transit.Id, card.Id, "Gate 1", TapDirection.In, "1", at)), _ => Keep(riding, (card, at.AddMinutes(20)))));
    }

    private Deed GetOutAsync()
    {
        if (riding.Count == 0) return PayPersonAsync(people[0]);
        var which = random.Next(4) == 0 ? random.Next(riding.Count) : riding.Count - 1;
        var ((card, at), key, zone) = (riding[which], NewKey(), random.Next(2) == 0 ? "1" : "2");
        if (at > Now) return RideAsync(people[0]);
        riding.RemoveAt(which);
        return new(async domain => Note("ends of rides", await domain.Fares.TakeAsync(transit.Payee, key, new(transit.Id, card.Id, "Gate 2", TapDirection.Out, zone, at)), _ => { }));
    }

    private Deed GetCardAsync(Person person)
    {
        var (mandateKey, cardKey) = (NewKey(), NewKey());
        var asked = new NewMandate(new MandateScope(transit.Payee, null), null, new Caps(null, Usd(3_000_000), null), person.Zone.Id, null);
        return new(async domain =>
        {
            var mandate = await domain.Mandates.CreateAsync(person.Wallet, mandateKey, asked);
            if (!mandate.IsGiven) return Note("cards", mandate, _ => { });
            var given = mandate.Value.State.Mandate;
            var note = Note("cards", await domain.FareCards.RegisterAsync(person.Wallet, cardKey, transit.Id, given.Id), card => cards.Add((person, card)));
            return note is null ? null : () =>
            {
                Log.Mandates.TryAdd(given.Id.Value, new(given, person.Zone));
                note();
            };
        });
    }

    private static Amount Usd(uint units) => new(Asset.Usd, units);
}
