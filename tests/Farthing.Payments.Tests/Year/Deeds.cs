using Farthing.Payments.Campaigns;
using Farthing.Payments.Desk;
using Farthing.Payments.Mandates;
using Farthing.Payments.Offers;
using Farthing.Payments.People;
using Farthing.Payments.Tips;
using Farthing.Payments.TopUps;
using Farthing.Protocol;

namespace Farthing.Payments.Tests.Year;

/// <summary>What people do.</summary>
internal sealed partial class Life
{
    // Refusals that are bound to their key for ever.
    private static readonly string[] BoundCodes = [RefusalCodes.InsufficientFunds.Code, RefusalCodes.WalletFrozen.Code];

    private readonly HashSet<Person> changing = [];
    private readonly List<(PaymentRequest Request, Payment? Paid, string? Code)> repeatable = [];
    private readonly List<Payment> posted = [];
    private readonly List<Payment> periods = [];
    private readonly List<Payment> held = [];
    private readonly List<(Id<RequestKind> Id, Person Asker, Person Asked)> asked = [];
    private readonly List<(Person Person, Pledge Pledge)> pledged = [];
    private readonly List<(Person Person, Id<TipKind> Tip)> monthly = [];

    private Deed Plan(Person person, long size) => random.Next(100) switch
    {
        < 24 => PayAsync(Buying(person)),
        < 32 => PayAsync(new() { Wallet = person.Wallet, Key = NewKey(), Payee = PopularShop().Payee.Id, Amount = Units(1, 2_000_000), Reference = random.Next(3) == 0 ? "a reference" : null }),
        < 38 => PayTermsAsync(person),
        < 53 => person.Mandates.Count == 0 || random.Next(12) == 0 ? GiveMandateAsync(person) : PayAsync(UnderMandate(person)),
        < 54 => RevokeAsync(person, size),
        < 59 => PayAsync(Buying(person) with { Hold = true }),
        < 65 => EndHoldAsync(),
        < 72 => RefundAsync(),
        < 75 => TipAsync(person),
        < 80 => PayPersonAsync(person),
        < 83 => AskAsync(person),
        < 87 => AnswerAsync(),
        < 88 => StartCampaignAsync(),
        < 91 => PledgeAsync(person),
        < 93 => WithdrawAsync(),
        < 95 => SetCapsAsync(person, size),
        < 97 => PauseAsync(person, size),
        < 99 => RepeatAsync(),
        _ => PayManyAsync([Buying(person), Buying(people[random.Next(people.Count)]), Buying(person)]),
    };

    /// <summary>What an answer changes here; null for none yet.</summary>
    private Action? Note<T>(string kind, Answer<T> answer, Action<T> given) => answer.Refusal?.Code == RefusalCodes.NotReady ? null : () =>
    {
        if (answer.IsGiven)
        {
            Log.Count(kind);
            given(answer.Value);
        }
        else
        {
            Log.Refused(answer.Refusal.Code.Code);
        }
    };

    private PaymentRequest Buying(Person person)
    {
        var shop = PopularShop();
        var offer = shop.Offers[random.Next(shop.Offers.Count)];
        return new()
        {
            Wallet = person.Wallet,
            Key = NewKey(),
            Offer = offer.Id,
            Quantity = offer.Pricing is PerUse && offer.Resources.Count == 0 ? (uint)random.Next(1, 4) : 1,
            Amount = offer.Pricing is PayWhatYouWant like ? random.Next(20) == 0 ? new(Asset.Usd, like.Minimum.Units - 1) : new(Asset.Usd, like.Minimum.Units + Units(0, 100_000).Units) : null,
        };
    }

    private PaymentRequest UnderMandate(Person person)
    {
        var mandate = person.Mandates[random.Next(person.Mandates.Count)];
        var request = mandate.Scope.Payee is { } only && random.Next(8) > 0
            ? new PaymentRequest { Wallet = person.Wallet, Key = NewKey(), Payee = only, Amount = Units(1, 1_200_000) }
            : Buying(person);
        if (random.Next(10) == 0) return Buying(person, PopularShop().Tab) with { Mandate = mandate.Id };
        return request with { Mandate = mandate.Id, ByMandateKey = random.Next(2) == 0, Hold = random.Next(6) == 0 };
    }

    private Deed PayAsync(PaymentRequest request) => new(async domain => Paid(request, await domain.Desk.PayAsync(request)));

    private Action? Paid(PaymentRequest request, Answer<Payment> answer)
    {
        var note = Note(request.Mandate is not null ? "payments under mandates" : request.Hold ? "holds" : "payments", answer, payment =>
        {
            Told(payment, request);
            Keep(repeatable, (request, payment, null));
        });
        return note is null ? null : () =>
        {
            note();
            if (answer.IsGiven) return;
            var person = people.Find(person => person.Wallet == request.Wallet)!;
            // What is topped up pays a full tab.
            person.IsShort |= answer.Refusal.Code == RefusalCodes.InsufficientFunds || answer.Refusal.Code == RefusalCodes.TabUnpaid;
            // A read on tab may be refused before the ledger sees it, which binds nothing.
            Keep(repeatable, (request, null, request.Offer is { } id && offers[id.Value].Pricing is OnTab ? null : answer.Refusal.Code.Code));
        };
    }

    private void Told(Payment payment, PaymentRequest request)
    {
        if (request.Mandate is { } mandate) Log.PaidUnder.TryAdd(request.KeyId(), mandate.Value);
        Told(payment);
    }

    private void Told(Payment payment)
    {
        if (payment.Tab is { } tab)
        {
            if (Log.ToldRead(payment, offers[payment.Offer!.Value.Value])) Keep(posted, payment);
            if (!tabs.Contains((payment.Wallet, tab))) Keep(tabs, (payment.Wallet, tab));
            return;
        }

        var isNew = !Log.Payments.ContainsKey(payment.Id.Value);
        if (!isNew && payment.Offer is { } again && offers[again.Value].Pricing is PerUse { DayCap: not null }) Log.Count("covered by a day's cap");
        Log.Told(payment, payment.Offer is { } id ? offers[id.Value] : null);
        if (isNew) Keep(payment.Status == PaymentStatus.Held ? held : posted, payment);
    }

    private Deed PayTermsAsync(Person person)
    {
        var shop = PopularShop();
        var (kind, page) = (random.Next(4), random.Next(4));
        var token = new Terms
        {
            Payee = shop.Payee.Id,
            Offer = kind switch { 0 => shop.Offers[1].Id, 1 => shop.Offers[2].Id, _ => null },
            Amount = kind < 2 ? null : Units(1, 200_000),
            Resource = $"{(kind == 3 ? "/all" : "/articles")}/{page}",
            Title = "Rain",
            Once = true,
            Expires = DateTimeOffset.FromUnixTimeSeconds(Now.ToUnixTimeSeconds() + 600),
            Nonce = "nonce-nonce-nonce-nonce",
        }.Sign(house.PayeeKey);
        if (random.Next(2) == 0) return new(async domain => Note("purchases made once", await domain.Desk.PayOnceAsync(person.Wallet, token), Told));
        var request = new PaymentRequest { Wallet = person.Wallet, Key = NewKey(), Terms = token };
        return new(async domain => Note("purchases made once", await domain.Desk.PayAsync(request), Told));
    }

    private Deed PayManyAsync(PaymentRequest[] requests) => new(async domain =>
    {
        var answers = await domain.Desk.PayManyAsync(requests);
        var notes = answers.Select((answer, i) => Paid(requests[i], answer)).ToArray();
        return Array.Exists(notes, note => note is null) ? null : () => Array.ForEach(notes, note => note!());
    });

    private Deed RepeatAsync()
    {
        if (repeatable.Count == 0) return PayPersonAsync(people[0]);
        var (request, paid, code) = repeatable[random.Next(repeatable.Count)];
        return new(async domain =>
        {
            var again = await domain.Desk.PayAsync(request);
            return again.Refusal?.Code == RefusalCodes.NotReady ? null : () =>
            {
                if (paid is not null) Assert.Equal(paid.Id, TestSystem.Given(again).Id);
                else if (BoundCodes.Contains(code)) Assert.Equal(code, again.Refusal?.Code.Code);
                else if (again.IsGiven) Told(again.Value, request);
                Log.Count("repeats");
            };
        });
    }

    private Deed GiveMandateAsync(Person person)
    {
        var scope = random.Next(3) switch { 0 => new MandateScope(PopularShop().Payee.Id, null), 1 => new MandateScope(null, random.Next(2) == 0 ? "news" : "music"), _ => default };
        DateTimeOffset? end = random.Next(3) == 0 ? Now + TimeSpan.FromHours(random.Next(10, 400)) : null;
        var (key, request) = (NewKey(), new NewMandate(scope, random.Next(2) == 0 ? Units(1000, 1_000_000) : null, NewCaps(), person.Zone.Id, end));
        return new(async domain => Note("mandates", await domain.Mandates.CreateAsync(person.Wallet, key, request), issued =>
        {
            person.Mandates.Add(issued.State.Mandate);
            Log.Mandates.TryAdd(issued.State.Mandate.Id.Value, new(issued.State.Mandate, person.Zone));
        }));
    }

    private Caps NewCaps()
    {
        var which = random.Next(8);
        return new((which & 1) != 0 ? Units(10_000, 4_000_000) : null, (which & 2) != 0 ? Units(50_000, 9_000_000) : null, (which & 4) != 0 ? Units(100_000, 30_000_000) : null);
    }

    private Deed RevokeAsync(Person person, long size)
    {
        if (person.Mandates.Count == 0) return GiveMandateAsync(person);
        var mandate = person.Mandates[random.Next(person.Mandates.Count)];
        return new(async domain => Note("revocations", await domain.Mandates.RevokeAsync(person.Wallet, mandate.Id), _ =>
            Log.Mandates[mandate.Id.Value].Revoked ??= new(size, house.Ledger.DurableSize)));
    }

    private Deed SetCapsAsync(Person person, long size)
    {
        if (!changing.Add(person)) return PayPersonAsync(person);
        var (key, caps) = (NewKey(), NewCaps());
        return new(async domain => Note("changes of caps", await domain.WalletCaps.SetAsync(person.Wallet, key, caps, person.Zone.Id), _ =>
        {
            if (!Log.Caps.TryGetValue(person.Wallet.Value, out var known)) Log.Caps.Add(person.Wallet.Value, known = ([], person.Zone));
            known.Caps.Add(new(caps, new(size, house.Ledger.DurableSize)));
        }));
    }

    private Deed PauseAsync(Person person, long size)
    {
        // Whoever is paused does not stay so for long.
        person = people.Find(other => other.IsPaused && random.Next(3) == 0) ?? person;
        if (!changing.Add(person)) return PayPersonAsync(person);
        var key = NewKey();
        if (person.IsPaused)
        {
            return new(async domain => Note("resumptions", await domain.WalletCaps.ResumeAsync(person.Wallet, key), _ =>
            {
                person.IsPaused = false;
                Log.Pauses[person.Wallet.Value][^1].Resumed = new(size, house.Ledger.DurableSize);
            }));
        }

        return new(async domain => Note("pauses", await domain.WalletCaps.PauseAsync(person.Wallet, key), _ =>
        {
            person.IsPaused = true;
            if (!Log.Pauses.TryGetValue(person.Wallet.Value, out var pauses)) Log.Pauses.Add(person.Wallet.Value, pauses = []);
            pauses.Add(new(new Stretch(size, house.Ledger.DurableSize)));
        }));
    }

    private Deed EndHoldAsync()
    {
        if (held.Count == 0) return PayPersonAsync(people[0]);
        var at = random.Next(held.Count);
        var (payment, key, isVoid) = (held[at], NewKey(), random.Next(4) == 0);
        held.RemoveAt(at);
        var caller = new Caller(CallerKind.Payee, payment.Payee.Value);
        if (isVoid) return new(async domain => Note("voids", await domain.Desk.VoidAsync(caller, payment.Id, key), _ => Log.Ends.Add(payment.Id.Value, null)));
        Amount? part = random.Next(3) == 0 ? new(Asset.Usd, 1 + (payment.Amount.Units / (uint)random.Next(1, 4))) : null;
        return new(async domain => Note("posts", await domain.Desk.PostAsync(caller, payment.Id, key, part), ended =>
        {
            Log.Ends.Add(payment.Id.Value, ended.Amount.Units);
            Keep(posted, ended);
        }));
    }

    private Deed RefundAsync()
    {
        if (posted.Count == 0) return PayPersonAsync(people[0]);
        // Those of periods would be rare among all.
        var payment = periods.Count > 0 && random.Next(10) == 0 ? periods[random.Next(periods.Count)] : posted[random.Next(2) == 0 ? posted.Count - 1 - random.Next(Math.Min(20, posted.Count)) : random.Next(posted.Count)];
        var caller = random.Next(3) == 0 ? new Caller(CallerKind.Wallet, payment.Wallet.Value) : new Caller(CallerKind.Payee, payment.Payee.Value);
        Amount? part = random.Next(2) == 0 ? new(Asset.Usd, 1 + (payment.Amount.Units / (uint)random.Next(1, 9))) : null;
        var key = NewKey();
        return new(async domain => Note("refunds", await domain.Desk.RefundAsync(caller, payment.Id, key, part), refund => Log.Refunds.Add(refund.Id.Value, (payment.Id.Value, refund.Amount.Units))));
    }

    private Deed TipAsync(Person person)
    {
        if (monthly.Count > 0 && random.Next(8) == 0)
        {
            var (owner, id) = monthly[random.Next(monthly.Count)];
            return new(async domain => Note("ends of monthly tips", await domain.Tips.CancelAsync(owner.Wallet, id), _ => { }));
        }

        var (key, request) = (NewKey(), new NewTip(PopularShop().Payee.Id, Units(1000, 500_000), null, random.Next(3) == 0 ? person.Zone.Id : null));
        return new(async domain => Note("tips", await domain.Tips.TipAsync(person.Wallet, key, request), tip =>
        {
            Told(tip.Payment);
            if (tip.Monthly is not { } each) return;
            Log.MonthlyTips.Add(each);
            monthly.Add((person, each.Id));
        }));
    }

    private Deed PayPersonAsync(Person person)
    {
        var (key, to, amount) = (NewKey(), people[random.Next(people.Count)], Units(1, 3_000_000));
        return new(async domain => Note("personal payments", await domain.People.PayAsync(person.Wallet, key, to.Handle, amount, "for tea"), paid => Log.PersonalPayments[paid.Id.Value] = paid.Amount.Units));
    }

    private Deed AskAsync(Person person)
    {
        var others = Enumerable.Range(0, random.Next(1, 5)).Select(_ => people[random.Next(people.Count)]).Where(other => other != person).Distinct().ToArray();
        if (others.Length == 0) return PayPersonAsync(person);
        var bill = new NewBill { Amount = Units(100, 3_000_000), Shares = [.. others.Select(other => new BillShare(other.Handle, null))], IncludeMe = true, LifetimeSeconds = random.Next(60, 90 * 86_400) };
        var key = NewKey();
        return new(async domain => Note("bills", await domain.Requests.AskAsync(person.Wallet, key, bill), requests =>
        {
            for (var i = 0; i < requests.Count; i++) Keep(asked, (requests[i].Id, person, others[i]));
        }));
    }

    private Deed AnswerAsync()
    {
        if (asked.Count == 0) return PayPersonAsync(people[0]);
        var (id, asker, payer) = asked[random.Next(asked.Count)];
        var (key, how) = (NewKey(), random.Next(6));
        return how switch
        {
            0 => new(async domain => Note("requests declined", await domain.Requests.DeclineAsync(payer.Wallet, id), _ => { })),
            1 => new(async domain => Note("requests cancelled", await domain.Requests.CancelAsync(asker.Wallet, id), _ => { })),
            _ => new(async domain => Note("requests accepted", await domain.Requests.AcceptAsync(payer.Wallet, id, key), request => Log.PersonalPayments[request.Payment!.Value.Value] = request.Amount.Units)),
        };
    }

    private Deed StartCampaignAsync()
    {
        var (shop, key) = (PopularShop(), NewKey());
        var asked = new NewCampaign
        {
            Name = "The printed edition",
            Goal = Units(100_000, 20_000_000),
            Deadline = Now + TimeSpan.FromHours(random.Next(2, 300)),
            Mode = random.Next(3) == 0 ? CampaignMode.KeepWhatYouGet : CampaignMode.AllOrNothing,
        };
        return new(async domain => Note("campaigns", await domain.Campaigns.CreateAsync(shop.Payee.Id, key, asked), campaign =>
        {
            Keep(shop.Campaigns, campaign);
            Log.Campaigns.Add(campaign.Id.Value, campaign);
        }));
    }

    private Deed PledgeAsync(Person person)
    {
        var campaigns = shops[random.Next(Math.Min(10, shops.Count))].Campaigns;
        if (campaigns.Count == 0) return StartCampaignAsync();
        var (campaign, key, amount) = (campaigns[^1], NewKey(), Units(1000, 2_000_000));
        return new(async domain => Note("pledges", await domain.Pledges.PledgeAsync(person.Wallet, campaign.Id, key, amount), pledge =>
        {
            Log.Pledges.Add(pledge.Id.Value, pledge.Amount.Units);
            Keep(pledged, (person, pledge));
        }));
    }

    private Deed WithdrawAsync()
    {
        if (pledged.Count == 0) return StartCampaignAsync();
        var (person, pledge) = pledged[^(1 + random.Next(Math.Min(20, pledged.Count)))];
        return new(async domain => Note("withdrawals of pledges", await domain.Pledges.WithdrawAsync(person.Wallet, pledge.Campaign, pledge.Id), _ => Log.Withdrawals.Add(pledge.Id.Value)));
    }

    private Deed TopUpAsync(Person person, uint units)
    {
        var (key, instruction) = (NewKey(), random.Next(10) == 0 ? "fail" : null);
        return new(async domain => Note("top-ups", await domain.TopUps.TopUpAsync(person.Wallet, key, new(Asset.Usd, units), house.Rail.Name, instruction), topUp =>
        {
            person.IsShort = false;
            if (topUp.Status == RailStatus.Posted) Log.TopUps.Add(topUp.Id.Value, topUp.Amount.Units);
        }));
    }

    // The newest few hundred are enough to choose from.
    private static void Keep<T>(List<T> kept, T item)
    {
        if (kept.Count >= 600) kept.RemoveRange(0, 200);
        kept.Add(item);
    }
}
