using System.Globalization;
using System.Text.RegularExpressions;
using Farthing.Client;
using Farthing.Protocol;

namespace Farthing.Server.Tests.Sdk;

/// <summary>Every call of the client, against a server.</summary>
public sealed partial class ClientCallsTests(SharedServer server) : IDisposable
{
    private readonly CountingLine line = new();

    [Fact]
    public async Task Every_call_is_answered_by_a_server_and_understood()
    {
        using var anyone = new FarthingClient(server.Process.Address, null, line);
        var shop = await OpenShopAsync(anyone.WithKey(ServerProcess.OperatorKey));
        var (wallet, payer) = await OpenWalletAsync(anyone);

        await SellAsync(shop, payer);
        await LetPayAsync(shop, wallet, payer);
        await ReadOnTabAsync(shop, payer);
        await MeterAsync(shop, payer);
        await GiveAsync(shop, payer);
        await SubscribeAsync(shop, payer);
        await RideAsync(shop, payer);
        await ShareAsync(anyone, wallet, payer);
        await AskManyAsync(shop, payer);
        await PayOutAsync(shop, payer, anyone.WithKey(ServerProcess.OperatorKey));
        await HearAsync(shop);
        await CheckAsync(anyone, anyone.WithKey(ServerProcess.OperatorKey));
        await LeaveAsync(shop, anyone);

        var document = (await server.Api.GetAsync("/openapi/v1.json")).Json;
        var silent = new List<string>();
        var calls = 0;
        foreach (var (path, operations) in document["paths"]!.AsObject())
        {
            var template = new Regex("^" + PathMember().Replace(Regex.Escape(path).Replace("\\{", "{", StringComparison.Ordinal), match => match.Value == "{index}" ? ".+" : "[^/]+") + "$");
            foreach (var (verb, operation) in operations!.AsObject())
            {
                calls++;
                var id = operation!["operationId"]!.GetValue<string>();
                if (ClientCoversTheApiTests.NotForClients.ContainsKey($"{char.ToUpperInvariant(id[0])}{id[1..]}Async")) continue;
                if (!line.Answered.Any(answered => answered.Verb.Equals(verb, StringComparison.OrdinalIgnoreCase) && template.IsMatch(answered.Path)))
                    silent.Add(id);
            }
        }

        Assert.True(calls > 80, $"Only {calls} calls were found.");
        Assert.True(silent.Count == 0, $"No call of the client was answered: {string.Join(", ", silent)}.");
    }

    public void Dispose() => line.Dispose();

    private static readonly SigningKey SiteKey = SigningKey.Create();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static string Key() => Api.NewKey();

    private static Amount Usd(string amount) => Amount.Parse($"{amount} USD");

    private static async Task<Shop> OpenShopAsync(FarthingClient oper)
    {
        var made = await oper.Payees.CreatePayeeAsync(new NewPayee { Name = "Shop", Currency = "USD", Website = "https://shop.example", SigningKey = SiteKey.Verifier.ToString(), Tags = ["news"] }, Key(), Stop);
        var rotated = await oper.Payees.RotatePayeeKeyAsync(made.Id, Key(), Stop);
        Assert.NotEqual(made.Key, rotated.Key);
        var payee = oper.WithKey(rotated.Key);
        var read = await payee.Payees.ReadPayeeAsync(made.Id, cancellation: Stop);
        Assert.Equal(("Shop", "USD", "https://shop.example", "news"), (read.Name, read.Currency, read.Website, Assert.Single(read.Tags!)));
        var ended = await Assert.ThrowsAsync<FarthingException>(() => oper.WithKey(made.Key).Payees.ReadPayeeAsync(made.Id, cancellation: Stop));
        Assert.Equal("unauthorized", ended.Problem.Code);
        return new Shop(made.Id, payee);
    }

    private static async Task<(Id<WalletKind> Id, FarthingClient Payer)> OpenWalletAsync(FarthingClient anyone)
    {
        var made = await anyone.Wallets.CreateWalletAsync("USD", Key(), Stop);
        var payer = anyone.WithKey(made.Key);
        var topUp = await payer.TopUps.CreateTopUpAsync(made.Id, new NewTopUp { Amount = Usd("100"), Rail = "sandbox" }, Key(), Stop);
        Assert.Equal(topUp, await payer.TopUps.ReadTopUpAsync(made.Id, topUp.Id, Stop));
        Assert.Equal(Usd("100"), (await payer.TopUps.ReadTopUpCostAsync(made.Id, "sandbox", Usd("100"), Stop)).Credited);
        var wallet = await payer.Wallets.ReadWalletAsync(made.Id, cancellation: Stop);
        Assert.Equal((Usd("100"), true), (wallet.Balance, wallet.Held.IsZero));
        Assert.True((await payer.Wallets.ReadWalletAsync(made.Id, DateTimeOffset.UnixEpoch, Stop)).Balance.IsZero);
        await TakeBackAsync(anyone);
        return (made.Id, payer);
    }

    private static async Task TakeBackAsync(FarthingClient anyone)
    {
        var made = await anyone.Wallets.CreateWalletAsync("USD", Key(), Stop);
        var payer = anyone.WithKey(made.Key);
        var topUp = await payer.TopUps.CreateTopUpAsync(made.Id, new NewTopUp { Amount = Usd("3"), Rail = "sandbox" }, Key(), Stop);
        Assert.Equal(Usd("3"), (await payer.TopUps.ReadWalletPayoutsAsync(made.Id, Stop)).Available);
        var back = await payer.TopUps.CreateWalletPayoutAsync(made.Id, Key(), Usd("2"), Stop);
        Assert.Equal((topUp.Id, "posted"), (Assert.Single(back.Parts).TopUp, back.Status));
        Assert.Equal(Usd("2"), (await payer.TopUps.ReadWalletPayoutAsync(made.Id, back.Id, Stop)).Returned);

        var wish = new NewAutomaticTopUp { Floor = Usd("1"), Amount = Usd("5"), Rail = "sandbox" };
        Assert.Equal("on", (await payer.TopUps.SetAutomaticTopUpAsync(made.Id, wish, Key(), Stop)).Status);
        Assert.Equal(1, (await payer.TopUps.ReadAutomaticTopUpAsync(made.Id, Stop)).MostPerDay);
        Assert.Equal("off", (await payer.TopUps.StopAutomaticTopUpAsync(made.Id, Key(), Stop)).Status);
        var code = (await payer.Wallets.CreateRecoveryCodeAsync(made.Id, Key(), Stop)).Code;
        Assert.Equal("in_force", (await payer.Wallets.ConfirmRecoveryCodeAsync(made.Id, code, Stop)).Status);
        var found = await anyone.Wallets.RecoverWalletAsync(code, Key(), Stop);
        Assert.Equal(made.Id, found.Id);
        Assert.Equal(Usd("1"), (await anyone.WithKey(found.Key).Wallets.ReadWalletAsync(made.Id, cancellation: Stop)).Balance);
    }

    private static async Task SellAsync(Shop shop, FarthingClient payer)
    {
        var offer = await shop.Keys.Offers.CreateOfferAsync(new NewOffer { Name = "One article", Resource = "/articles/rain", Price = Usd("0.02") }, Key(), Stop);
        Assert.Equal(new PerUse { Price = Usd("0.02") }, offer.Pricing);
        Assert.Equal(offer, await payer.Offers.ReadOfferAsync(offer.Id, Stop));

        var key = Key();
        var reference = $"invoice {key}";
        var payment = await payer.Payments.CreatePaymentAsync(new NewPayment { Offer = offer.Id, Quantity = 2, Reference = reference }, key, Stop);
        Assert.Equal(payment, await payer.Payments.CreatePaymentAsync(new NewPayment { Offer = offer.Id, Quantity = 2, Reference = reference }, key, Stop));
        Assert.Equal((Usd("0.04"), "posted"), (payment.Amount, payment.Status));
        Assert.Equal(payment, await payer.Payments.ReadPaymentAsync(payment.Id, Stop));
        var seen = await shop.Keys.Payments.ReadPaymentAsync(payment.Id, Stop);
        Assert.True(seen is { Wallet: null, Payer: not null });
        Assert.Equal(payment.Id, Assert.Single(await AllAsync(payer.Payments.FindPaymentsAsync(reference))).Id);

        var refund = await payer.Payments.CreateRefundAsync(payment.Id, Key(), Usd("0.01"), Stop);
        Assert.Equal((payment.Id, Usd("0.01")), (refund.Payment, refund.Amount));
        var verdict = (await payer.Payments.ReadReceiptAsync(payment.Id, Stop)).Verify(await payer.Ledger.ReadLedgerKeyAsync(Stop));
        Assert.True(verdict.IsValid, string.Join('\n', verdict.Findings));

        var held = await payer.Payments.CreatePaymentAsync(new NewPayment { Payee = shop.Payee, Amount = Usd("3"), Hold = true }, Key(), Stop);
        Assert.Equal(Usd("1"), (await shop.Keys.Payments.PostPaymentAsync(held.Id, Key(), Usd("1"), Stop)).Amount);
        held = await payer.Payments.CreatePaymentAsync(new NewPayment { Payee = shop.Payee, Amount = Usd("3"), Hold = true }, Key(), Stop);
        Assert.Equal("voided", (await shop.Keys.Payments.VoidPaymentAsync(held.Id, Key(), Stop)).Status);

        var batch = await payer.Payments.CreatePaymentsAsync(
            [new BatchPayment { IdempotencyKey = Key(), Offer = offer.Id }, new BatchPayment { IdempotencyKey = Key(), Payee = shop.Payee, Amount = Usd("1000000") }], Stop);
        Assert.Equal(("posted", null), (batch.Results[0].Payment?.Status, batch.Results[0].Problem));
        Assert.Equal((null, "insufficient_funds"), (batch.Results[1].Payment, batch.Results[1].Problem?.Code));

        Assert.Contains(await AllAsync(shop.Keys.Payees.ReadPayeeStatementAsync(shop.Payee)), line => line.Payment == payment.Id && line.Amount.Amount == "0.04");
        Assert.Contains(await AllAsync(shop.Keys.Offers.ListOffersAsync()), one => one.Id == offer.Id);
        Assert.Equal("closed", (await shop.Keys.Offers.CloseOfferAsync(offer.Id, Stop)).Status);
    }

    private static async Task PayOutAsync(Shop shop, FarthingClient payer, FarthingClient oper)
    {
        var calls = shop.Keys.Payouts;
        var setting = new NewPayoutSetting { Rail = "sandbox", Destination = new PayoutDestination { Name = "Shop" }, Threshold = Usd("5"), Schedule = "weekly", TimeZone = "Europe/Paris" };
        var set = await calls.SetPayoutSettingAsync(shop.Payee, setting, Key(), Stop);
        Assert.Equal(("weekly", Usd("5"), "Shop"), (set.Schedule, set.Threshold, set.Destination.Name));
        Assert.Equal(set, await oper.Payouts.ReadPayoutSettingAsync(shop.Payee, Stop));
        // A payee who sells what cannot be taken back can be paid out at once.
        var offer = await shop.Keys.Offers.CreateOfferAsync(new NewOffer { Name = "A keepsake", Price = Usd("3"), RefundWindowSeconds = 0 }, Key(), Stop);
        await payer.Payments.CreatePaymentAsync(new NewPayment { Offer = offer.Id }, Key(), Stop);
        var standing = await calls.ListPayeePayoutsAsync(shop.Payee, cancellation: Stop);
        Assert.Equal(standing.Balance, standing.Available + standing.Staying.Aggregate(Usd("0.000001") - Usd("0.000001"), (sum, one) => sum + one.Amount));
        var refused = await Assert.ThrowsAsync<FarthingException>(() => calls.CreatePayoutAsync(shop.Payee, Key(), Usd("5000"), Stop));
        Assert.Equal("payout_exceeds_available", refused.Problem.Code);
        Assert.True((await calls.ReadPayoutCostAsync(shop.Payee, Usd("1"), Stop)).Cost.IsZero);
        var (let, kept) = (await calls.CreatePayoutAsync(shop.Payee, Key(), Usd("1"), Stop), await oper.Payouts.CreatePayoutAsync(shop.Payee, Key(), Usd("1.5"), Stop));
        Assert.Equal(("reviewing", "reviewing", "operator"), (let.State, kept.State, kept.Trigger));
        Assert.Contains(kept, await AllAsync(oper.Payouts.ListPayoutsAsync("reviewing")));
        Assert.Equal("preparing", (await oper.Payouts.ReleasePayoutAsync(let.Id, Stop)).State);
        Assert.Equal("returned", (await oper.Payouts.RefusePayoutAsync(kept.Id, "Not your account", Stop)).State);
        Assert.Equal(Usd("1"), (await calls.ReadPayoutAsync(let.Id, Stop)).Arrives);
    }

    private static async Task LetPayAsync(Shop shop, Id<WalletKind> wallet, FarthingClient payer)
    {
        var caps = await payer.Wallets.SetWalletCapsAsync(wallet, new NewWalletCaps { PerDay = Usd("90"), PerMonth = Usd("95"), TimeZone = "Europe/Paris" }, Key(), Stop);
        Assert.Equal(["day", "month"], caps.Caps.Select(cap => cap.Period));
        Assert.Equal("Europe/Paris", (await payer.Wallets.ReadWalletCapsAsync(wallet, Stop)).TimeZone);
        Assert.Equal("paused", (await payer.Wallets.PauseWalletAsync(wallet, Key(), Stop)).Status);
        Assert.Equal("active", (await payer.Wallets.ResumeWalletAsync(wallet, Key(), Stop)).Status);

        var mandate = await payer.Mandates.CreateMandateAsync(new NewMandate { Payee = shop.Payee, Each = Usd("1"), PerDay = Usd("2") }, Key(), Stop);
        var agent = payer.WithKey(mandate.Key);
        await agent.Payments.CreatePaymentAsync(new NewPayment { Payee = shop.Payee, Amount = Usd("0.5") }, Key(), Stop);
        var refused = await Assert.ThrowsAsync<FarthingException>(() => agent.Payments.CreatePaymentAsync(new NewPayment { Payee = shop.Payee, Amount = Usd("1.5") }, Key(), Stop));
        Assert.False(refused.IsUnclear);
        Assert.Equal(Usd("1.5"), Assert.Single((await agent.Mandates.ReadMandateAsync(mandate.Id, Stop)).Caps).Headroom);
        Assert.Equal(mandate.Id, Assert.Single(await AllAsync(payer.Mandates.ListMandatesAsync())).Id);
        Assert.Equal("revoked", (await payer.Mandates.RevokeMandateAsync(mandate.Id, Stop)).Status);
    }

    private static async Task ReadOnTabAsync(Shop shop, FarthingClient payer)
    {
        var offer = await OfferAsync(shop, new OnTab { Price = Usd("0.02"), PayAt = Usd("5"), DueAfterSeconds = 86_400 });
        var read = await payer.Payments.CreatePaymentAsync(new NewPayment { Offer = offer }, Key(), Stop);
        var tab = await payer.Tabs.ReadTabAsync(read.Tab!.Value, Stop);
        Assert.Equal((Usd("0.02"), Usd("5"), "open"), (tab.Owed, tab.Cap, tab.Status));
        Assert.Equal(tab.Id, Assert.Single(await AllAsync(shop.Keys.Tabs.ListTabsAsync())).Id);
        Assert.Equal(Usd("0.02"), (await payer.Tabs.PayTabAsync(tab.Id, Key(), Stop)).Amount);
        Assert.Equal(Usd("0.02"), (await shop.Keys.Tabs.ReadTabTotalsAsync(shop.Payee, Stop)).Paid);
    }

    private static async Task MeterAsync(Shop shop, FarthingClient payer)
    {
        var offer = await OfferAsync(shop, new Metered { Price = Usd("0.01"), Per = "unit", Ceiling = Usd("2"), SilentAfterSeconds = 300 });
        var meter = await payer.Meters.StartMeterAsync(new NewMeter { Offer = offer, Reference = "seat 7" }, Key(), Stop);
        Assert.Equal(Usd("0.05"), (await shop.Keys.Meters.ReportMeterAsync(meter.Id, 5, cancellation: Stop)).Cost);
        Assert.Equal(5, (await payer.Meters.ReadMeterAsync(meter.Id, Stop)).Units);
        Assert.Equal("stopped", (await payer.Meters.StopMeterAsync(meter.Id, Stop)).Status);
    }

    private static async Task GiveAsync(Shop shop, FarthingClient payer)
    {
        var tip = await payer.Tips.CreateTipAsync(new NewTip { Payee = shop.Payee, Amount = Usd("1"), Monthly = true }, Key(), Stop);
        var monthly = tip.Monthly!;
        Assert.Equal(monthly, await payer.Tips.ReadTipAsync(monthly.Id, Stop));
        Assert.Equal(monthly, Assert.Single(await AllAsync(payer.Tips.ListTipsAsync())));
        Assert.Equal("cancelled", (await payer.Tips.CancelTipAsync(monthly.Id, Stop)).Status);

        var roundUp = await payer.RoundUps.CreateRoundUpAsync(new NewRoundUp { Payee = shop.Payee, Unit = Usd("0.1") }, Key(), Stop);
        Assert.Equal(roundUp.Id, (await payer.RoundUps.ReadRoundUpAsync(roundUp.Id, Stop)).Id);
        Assert.Equal(roundUp.Id, Assert.Single(await AllAsync(payer.RoundUps.ListRoundUpsAsync())).Id);
        Assert.Equal("cancelled", (await payer.RoundUps.CancelRoundUpAsync(roundUp.Id, Stop)).Status);
    }

    private static async Task SubscribeAsync(Shop shop, FarthingClient payer)
    {
        var small = await OfferAsync(shop, new PerPeriod { Price = Usd("1"), Every = "month", Included = 10, Extra = new Extra { Price = Usd("0.05"), Cap = Usd("1") } });
        var large = await OfferAsync(shop, new PerPeriod { Price = Usd("2"), Every = "month" });
        var subscription = (await payer.Subscriptions.CreateSubscriptionAsync(small, Key(), "Europe/Paris", Stop)).Subscription;
        Assert.Equal((small, "Europe/Paris"), (subscription.Offer, subscription.TimeZone));
        Assert.Equal(10, (await payer.Subscriptions.ReadSubscriptionAsync(subscription.Id, Stop)).UnitsLeft);
        var use = await shop.Keys.Subscriptions.UseSubscriptionAsync(subscription.Id, Key(), 12, Stop);
        Assert.Equal((10, Usd("0.1")), (use.Included, use.Amount));
        var terms = new Terms { Payee = shop.Payee, Offer = small, Resource = $"subscription:{small}", Nonce = "program-with-a-nonce", Expires = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + 600) }.Sign(SiteKey);
        Assert.True(Entitlement.TryVerify((await payer.Payments.ShowEntitlementAsync(terms, Stop)).Entitlement, await payer.Ledger.ReadEntitlementKeyAsync(Stop), out var shown));
        Assert.Equal($"subscription:{small}", shown.Resource);
        Assert.Equal("paused", (await payer.Subscriptions.PauseSubscriptionAsync(subscription.Id, Key(), Stop)).Kind);
        Assert.Equal("resumed", (await payer.Subscriptions.ResumeSubscriptionAsync(subscription.Id, Key(), Stop)).Kind);
        Assert.Equal(large, (await payer.Subscriptions.ChangeSubscriptionAsync(subscription.Id, large, Key(), Stop)).Offer);
        Assert.Equal("payee", (await shop.Keys.Subscriptions.CancelSubscriptionAsync(subscription.Id, Key(), Stop)).By);
        Assert.Equal("cancelled", (await payer.Subscriptions.ReadSubscriptionAsync(subscription.Id, Stop)).Status);
        Assert.Equal(subscription.Id, Assert.Single(await AllAsync(payer.Subscriptions.ListSubscriptionsAsync())).Id);
        Assert.Equal(["cancelled", "changed", "resumed", "paused", "started"], (await AllAsync(shop.Keys.Subscriptions.ListSubscriptionEventsAsync())).Select(happened => happened.Kind));
    }

    private static async Task RideAsync(Shop shop, FarthingClient payer)
    {
        var offer = await OfferAsync(shop, new FareTable { PerDay = Usd("5"), PerWeek = Usd("20"), Flat = Usd("1") });
        var mandate = await payer.Mandates.CreateMandateAsync(new NewMandate { Payee = shop.Payee, PerDay = Usd("6") }, Key(), Stop);
        var card = await payer.Fares.RegisterFareCardAsync(offer, mandate.Id, Key(), Stop);
        Assert.Equal(card, Assert.Single(await AllAsync(payer.Fares.ListFareCardsAsync())));
        Assert.Equal(mandate.Id, (await payer.Fares.ChangeFareMandateAsync(card.Id, mandate.Id, Key(), Stop)).Mandate);
        var tap = await shop.Keys.Fares.TakeFareTapAsync(new NewFareTap { Offer = offer, Card = card.Id, Reader = "Gate 4", TappedAt = TimeProvider.System.GetUtcNow() }, Key(), Stop);
        var day = await payer.Fares.ReadFareDayAsync(card.Id, tap.Date, Stop);
        Assert.Equal((tap.Date, Usd("1"), 1), (day.Date, day.Owed, day.Journeys.Count));
        Assert.Equal("closed", (await payer.Fares.CloseFareCardAsync(card.Id, Stop)).Status);
    }

    private static async Task ShareAsync(FarthingClient anyone, Id<WalletKind> wallet, FarthingClient payer)
    {
        var (otherId, other) = await OpenWalletAsync(anyone);
        var mine = (await payer.Wallets.ReadWalletAsync(wallet, cancellation: Stop)).Handle!.Value;
        var theirs = (await other.Wallets.ReadWalletAsync(otherId, cancellation: Stop)).Handle!.Value;
        var paid = await payer.People.CreatePersonalPaymentAsync(new NewPersonalPayment { To = theirs, Amount = Usd("1"), Note = "pizza" }, Key(), Stop);
        Assert.Equal(("received", mine, "pizza"), await other.People.ReadPersonalPaymentAsync(paid.Id, Stop) is { } read ? (read.Direction, read.Counterparty, read.Note) : default);

        var request = await payer.People.CreateRequestAsync(new NewMoneyRequest { From = theirs, Amount = Usd("2") }, Key(), Stop);
        Assert.Equal("accepted", (await other.People.AcceptRequestAsync(request.Id, Key(), Stop)).Status);
        request = await payer.People.CreateRequestAsync(new NewMoneyRequest { From = theirs, Amount = Usd("2") }, Key(), Stop);
        Assert.Equal("declined", (await other.People.DeclineRequestAsync(request.Id, Stop)).Status);
        request = await payer.People.CreateRequestAsync(new NewMoneyRequest { From = theirs, Amount = Usd("2") }, Key(), Stop);
        Assert.Equal("cancelled", (await payer.People.CancelRequestAsync(request.Id, Stop)).Status);
        Assert.Equal("cancelled", (await payer.People.ReadRequestAsync(request.Id, Stop)).Status);

        var bill = await payer.People.CreateBillAsync(new NewBill { Amount = Usd("5"), Shares = [new BillShare { From = theirs }], IncludeMe = true }, Key(), Stop);
        Assert.Equal(Usd("2.5"), Assert.Single((await payer.People.ReadBillAsync(bill.Id, Stop)).Requests).Amount);
        Assert.Equal(4, (await AllAsync(payer.People.ListRequestsAsync("sent"))).Count);
    }

    private static async Task AskManyAsync(Shop shop, FarthingClient payer)
    {
        var deadline = TimeProvider.System.GetUtcNow().AddDays(7);
        var campaign = await shop.Keys.Campaigns.CreateCampaignAsync(new NewCampaign { Name = "A printed edition", Goal = Usd("500"), Deadline = deadline, Mode = "all_or_nothing" }, Key(), Stop);
        var pledge = await payer.Campaigns.CreatePledgeAsync(campaign.Id, Usd("5"), Key(), Stop);
        Assert.Equal(pledge, await payer.Campaigns.ReadPledgeAsync(campaign.Id, pledge.Id, Stop));
        Assert.Equal((Usd("5"), 1L), await payer.Campaigns.ReadCampaignAsync(campaign.Id, Stop) is { } read ? (read.Total, read.Pledges) : default);
        Assert.Equal("voided", (await payer.Campaigns.WithdrawPledgeAsync(campaign.Id, pledge.Id, Stop)).Status);
        Assert.Equal(campaign.Id, Assert.Single(await AllAsync(shop.Keys.Campaigns.ListCampaignsAsync())).Id);
    }

    private static async Task HearAsync(Shop shop)
    {
        // Nobody listens there: what is sent waits.
        var webhook = await shop.Keys.Webhooks.CreateWebhookAsync(new NewWebhook { Url = "http://127.0.0.1:9/farthing", Types = ["payment.posted"] }, Key(), Stop);
        Assert.StartsWith("whsec_", webhook.Secret, StringComparison.Ordinal);
        Assert.Null((await shop.Keys.Webhooks.ReadWebhookAsync(webhook.Id, Stop)).Secret);
        Assert.Equal("paused", (await shop.Keys.Webhooks.PauseWebhookAsync(webhook.Id, Key(), Stop)).Status);
        Assert.Equal("active", (await shop.Keys.Webhooks.ResumeWebhookAsync(webhook.Id, Key(), Stop)).Status);
        Assert.Null((await shop.Keys.Webhooks.ChangeWebhookAsync(webhook.Id, new WebhookChange { Types = [] }, Key(), Stop)).Types);
        Assert.NotEqual(webhook.Secret, (await shop.Keys.Webhooks.RotateWebhookSecretAsync(webhook.Id, new SecretRotation { OverlapSeconds = 60 }, Key(), Stop)).Secret);
        await shop.Keys.Webhooks.ReplayWebhookAsync(webhook.Id, new Replay { Since = TimeProvider.System.GetUtcNow().AddDays(-1) }, Key(), Stop);
        await AllAsync(shop.Keys.Webhooks.ListDeliveriesAsync(webhook.Id));
        Assert.Equal("closed", (await shop.Keys.Webhooks.CloseWebhookAsync(webhook.Id, Stop)).Status);
        Assert.Equal(webhook.Id, Assert.Single(await AllAsync(shop.Keys.Webhooks.ListWebhooksAsync())).Id);
    }

    private static async Task CheckAsync(FarthingClient anyone, FarthingClient oper)
    {
        var note = await anyone.Ledger.ReadCheckpointAsync(Stop);
        var size = long.Parse(note.Split('\n')[1], CultureInfo.InvariantCulture);
        var width = (int)Math.Min(size, TileName.FullWidth);
        Assert.Equal(32 * width, (await anyone.Ledger.ReadTileAsync(new TileName(0, 0, width), Stop)).Length);
        Assert.Equal((1L, size), await anyone.Ledger.ProveConsistencyAsync(1, size, Stop) is { Hashes.Count: > 0 } proof ? (proof.From, proof.To) : default);
        Assert.NotNull(await anyone.Ledger.ReadEntitlementKeyAsync(Stop));
        Assert.Contains("farthing_ledger_records_total", await oper.Ledger.ReadMetricsAsync(Stop), StringComparison.Ordinal);
        var fees = await anyone.Fees.CompareFeesAsync(Usd("0.01"), Usd("10"), Usd("50"), new DateOnly(2026, 11, 1), Stop);
        Assert.Contains(fees.Lines, fee => fee is { Rail: "card-us", Directly.Possible: false, ThroughFarthing.CostMillionths: < 80_000 });
        Assert.NotNull((await oper.Ledger.ReadScheduleAsync(cancellation: Stop)).Lines);

        var position = 3L;
        await foreach (var change in oper.Ledger.FollowChangesAsync(position, Stop))
        {
            Assert.Equal(position++, change.Position);
            if (position == 20) break;
        }

        Assert.Equal(20, position);
    }

    private static async Task LeaveAsync(Shop shop, FarthingClient anyone)
    {
        var (wallet, payer) = await OpenWalletAsync(anyone);
        await payer.Payments.CreatePaymentAsync(new NewPayment { Payee = shop.Payee, Amount = Usd("1") }, Key(), Stop);
        var lines = await AllAsync(payer.Wallets.ReadWalletStatementAsync(wallet, since: TimeProvider.System.GetUtcNow().AddHours(-1)));
        Assert.Equal(["-1", "100"], lines.Select(line => line.Amount.Amount));
        Assert.Equal("erased", (await payer.Wallets.EraseWalletAsync(wallet, Stop)).Status);
    }

    private static async Task<Id<OfferKind>> OfferAsync(Shop shop, Pricing pricing)
    {
        var offer = await shop.Keys.Offers.CreateOfferAsync(new NewOffer { Name = "Something", Pricing = pricing }, Key(), Stop);
        Assert.Equal(pricing.GetType(), offer.Pricing.GetType());
        return offer.Id;
    }

    private static async Task<List<T>> AllAsync<T>(Listing<T> listing)
    {
        var all = new List<T>();
        await foreach (var one in listing.WithCancellation(Stop)) all.Add(one);
        return all;
    }

    [GeneratedRegex(@"\{\w+\}")]
    private static partial Regex PathMember();

    private sealed record Shop(Id<PayeeKind> Payee, FarthingClient Keys);
}
