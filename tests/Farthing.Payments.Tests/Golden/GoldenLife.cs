using Farthing.Ledger;
using Farthing.Payments.Campaigns;
using Farthing.Payments.Desk;
using Farthing.Payments.Mandates;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Payments.TopUps;
using Farthing.Payments.Wallets;
using Farthing.Protocol;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests.Golden;

/// <summary>What happened in the golden directory: a little of everything that a journal can remember. It is lived once for each format, and then only read.</summary>
internal static class GoldenLife
{
    // The asset of what has nothing to do with payments.
    private static readonly Asset Shells = new("test:shells", 0);

    /// <summary>The options of the server that the directory belongs to.</summary>
    public static PaymentOptions Options { get; } = new()
    {
        FeeBasisPoints = OnePercent,
        TopUps = new() { ScheduleNames = new Dictionary<string, IReadOnlyList<string>> { ["sandbox"] = ["card-us"] } },
        Payouts = new() { ReviewNewDestinations = false, CostSchedules = new Dictionary<string, string> { ["sandbox"] = "bank-transfer" } },
    };

    /// <summary>Lives it.</summary>
    /// <returns>Whose wallets, payees and payments there are.</returns>
    public static async Task<GoldenCast> LiveAsync(TestSystem test, TakenBack taken)
    {
        var cast = new GoldenCast([], [], []);
        await PayAsync(test, cast);
        await HoldAsync(test, cast);
        await LimitAsync(test, cast);
        await GatherAsync(test, cast);
        await MoveOutAsync(test, cast, taken);
        await EraseAsync(test, cast);
        await new GoldenLedger(test, Shells).LiveAsync();
        return cast;
    }

    private static async Task PayAsync(TestSystem test, GoldenCast cast)
    {
        Payee[] payees = [await test.NewPayeeAsync(), await test.NewPayeeAsync(), await test.NewPayeeAsync()];
        cast.Payees.AddRange(payees.Select(payee => payee.Id));
        var reader = await WalletAsync(test, cast, "20");
        var offer = await test.NewOfferAsync(payees[0], "0.50", splits: [new(payees[0].Id, 5000), new(payees[1].Id, 3000), new(payees[2].Id, 2000)]);
        var shared = Given(await test.Desk.PayAsync(new() { Wallet = reader.Id, Key = test.NewKey(), Offer = offer.Id, Reference = "order 1 äöü" }));
        var held = Given(await test.Desk.PayAsync(new() { Wallet = reader.Id, Key = test.NewKey(), Offer = offer.Id, Hold = true }));
        Given(await test.Desk.PostAsync(As(payees[0]), held.Id, test.NewKey(), Usd("0.30")));
        Given(await test.Desk.RefundAsync(As(reader), shared.Id, test.NewKey(), Usd("0.20")));
        Given(await test.Desk.RefundAsync(As(payees[0]), held.Id, test.NewKey(), null));

        // Once only: a claim stands for the key, and the purchase has an id without a time.
        var once = Given(await test.Desk.PayAsync(new() { Wallet = reader.Id, Key = test.NewKey(), Terms = test.TermsOf(payees[1]) }));
        var page = Given(await test.Desk.PayOnceAsync(reader.Id, test.TermsOf(payees[1], resource: "/articles/snow")));
        Refused(RefusalCodes.InsufficientFunds, await test.Desk.PayAsync(test.Pay(reader, payees[0], "999")));
        var friend = await WalletAsync(test, cast, "0");
        Given(await test.Domain.People.PayAsync(reader.Id, test.NewKey(), test.Domain.People.HandleOf(friend.Id), Usd("1.5"), "for the bread"));
        Given(await test.Domain.People.PayAsync(reader.Id, test.NewKey(), test.Domain.People.HandleOf(friend.Id), Usd("0.000001"), null));
        cast.Payments.AddRange([(reader.Id, shared.Id), (reader.Id, held.Id), (reader.Id, once.Id), (reader.Id, page.Id)]);
    }

    private static async Task HoldAsync(TestSystem test, GoldenCast cast)
    {
        var payee = await test.NewPayeeAsync();
        cast.Payees.Add(payee.Id);
        var wallet = await WalletAsync(test, cast, "5");
        var voided = Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "1", hold: true)));
        var expired = Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "1", hold: true)));
        Given(await test.Desk.VoidAsync(As(payee), voided.Id, test.NewKey()));
        Assert.Equal(RailStatus.Failed, Given(await test.Domain.TopUps.TopUpAsync(wallet.Id, test.NewKey(), Usd("6"), "sandbox", "fail")).Status);
        test.Time.Advance(test.Options.HoldLifetime + TimeSpan.FromSeconds(1));
        cast.Payments.AddRange([(wallet.Id, voided.Id), (wallet.Id, expired.Id), (wallet.Id, Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.25"))).Id)]);
        // One that is open still.
        cast.Payments.Add((wallet.Id, Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.75", hold: true, reference: "open"))).Id));
    }

    private static async Task LimitAsync(TestSystem test, GoldenCast cast)
    {
        var payee = await test.NewPayeeAsync();
        cast.Payees.Add(payee.Id);
        var wallet = await WalletAsync(test, cast, "5");
        Given(await test.Domain.WalletCaps.SetAsync(wallet.Id, test.NewKey(), new Caps(Usd("0.5"), Usd("2"), null), "Europe/Paris"));
        cast.Payments.Add((wallet.Id, Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.4"))).Id));
        Refused(RefusalCodes.CapExceeded, await test.Desk.PayAsync(test.Pay(wallet, payee, "0.2")));
        // The day's allowance ends and is forgotten.
        test.Time.Advance(TimeSpan.FromDays(1) + TimeSpan.FromMinutes(10));
        Given(await test.Domain.WalletCaps.SetAsync(wallet.Id, test.NewKey(), new Caps(null, Usd("1"), Usd("3")), null));
        cast.Payments.Add((wallet.Id, Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.3"))).Id));
        var paused = await WalletAsync(test, cast, "5");
        Given(await test.Domain.WalletCaps.PauseAsync(paused.Id, test.NewKey()));
        Refused(RefusalCodes.WalletFrozen, await test.Desk.PayAsync(test.Pay(paused, payee, "0.2")));
        Given(await test.Domain.WalletCaps.ResumeAsync(paused.Id, test.NewKey()));
        cast.Payments.Add((paused.Id, Given(await test.Desk.PayAsync(test.Pay(paused, payee, "0.2"))).Id));
    }

    private static async Task GatherAsync(TestSystem test, GoldenCast cast)
    {
        var payee = await test.NewPayeeAsync();
        cast.Payees.Add(payee.Id);
        Wallet[] wallets = [await WalletAsync(test, cast, "6"), await WalletAsync(test, cast, "6")];
        foreach (var goal in new[] { "3", "300" })
        {
            var campaign = Given(await test.Domain.Campaigns.CreateAsync(payee.Id, test.NewKey(),
                new NewCampaign { Name = "The printed edition", Goal = Usd(goal), Deadline = test.Time.GetUtcNow().AddDays(1), Mode = CampaignMode.AllOrNothing }));
            foreach (var wallet in wallets) Given(await test.Domain.Pledges.PledgeAsync(wallet.Id, campaign.Id, test.NewKey(), Usd("1.5")));
            var withdrawn = Given(await test.Domain.Pledges.PledgeAsync(wallets[0].Id, campaign.Id, test.NewKey(), Usd("0.1")));
            Given(await test.Domain.Pledges.WithdrawAsync(wallets[0].Id, campaign.Id, withdrawn.Id));
            test.Time.Advance(TimeSpan.FromDays(1));
            await test.RunDueAsync();
        }
    }

    private static async Task MoveOutAsync(TestSystem test, GoldenCast cast, TakenBack taken)
    {
        var payee = await test.NewPayeeAsync();
        cast.Payees.Add(payee.Id);
        var wallet = await WalletAsync(test, cast, "100");
        Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "60")));
        test.Time.Advance(TimeSpan.FromMinutes(16));
        await PayoutTests.SetAsync(test, payee, instruction: "return:30");
        Given(await test.Domain.Payouts.PayOutAsync(As(payee), payee.Id, test.NewKey(), Usd("10")));
        await test.RunDueAsync();
        test.Time.Advance(TimeSpan.FromMinutes(1));
        await test.RunDueAsync();
        await PayoutTests.SetAsync(test, payee);
        Given(await test.Domain.Payouts.PayOutAsync(new(CallerKind.Operator, 0), payee.Id, test.NewKey(), Usd("20")));
        await test.RunDueAsync();
        Given(await test.Domain.WalletPayouts.PayAsync(wallet.Id, test.NewKey(), Usd("5")));

        // A bank takes a top-up back, and gives it again.
        var key = test.NewKey();
        var topUp = Given(await test.Domain.TopUps.TopUpAsync(wallet.Id, key, Usd("10"), "sandbox", null));
        foreach (var isTaken in new[] { true, false })
        {
            taken.Of[topUp.Id] = [new("dispute-1", Usd("10"), isTaken)];
            Given(await test.Domain.TopUps.LookAsync(topUp.Id));
        }
    }

    private static async Task EraseAsync(TestSystem test, GoldenCast cast)
    {
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("5");
        Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "4", reference: "gone")));
        Given(await test.Domain.Wallets.EraseAsync(wallet.Id));
        cast.Payees.Add(payee.Id);
    }

    private static async Task<Wallet> WalletAsync(TestSystem test, GoldenCast cast, string amount)
    {
        var wallet = await test.NewWalletAsync(amount);
        cast.Wallets.Add(wallet.Id);
        return wallet;
    }
}

/// <summary>Who is in it. A payment has its wallet beside it.</summary>
internal sealed record GoldenCast(List<Id<WalletKind>> Wallets, List<Id<PayeeKind>> Payees, List<(Id<WalletKind> Wallet, Id<PaymentKind> Id)> Payments);

/// <summary>The sandbox, where a test says what a bank has taken back.</summary>
internal sealed class TakenBack : IRail
{
    public IRail Sandbox { get; set; } = null!;

    public Dictionary<Id<TopUpKind>, IReadOnlyList<RailTaking>> Of { get; } = [];

    public string Name => Sandbox.Name;

    public bool CanReturn => true;

    public ValueTask<RailAnswer> CollectAsync(Id<TopUpKind> reference, Amount amount, string? instruction) => Sandbox.CollectAsync(reference, amount, instruction);

    public async ValueTask<RailAnswer> AskAsync(Id<TopUpKind> reference) =>
        (await Sandbox.AskAsync(reference)) with { Takings = Of.GetValueOrDefault(reference) ?? [] };

    public ValueTask<RailAnswer> ReturnAsync(string reference, Id<TopUpKind> topUp, Amount amount) => Sandbox.ReturnAsync(reference, topUp, amount);
}
