using Farthing.Payments.Calendars;
using Farthing.Payments.Desk;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Payments.Payouts;
using Farthing.Payments.Statements;
using Farthing.Payments.Webhooks;
using Farthing.Protocol;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests.Webhooks;

/// <summary>What webhooks are told, and when.</summary>
public sealed class WebhookTests : IAsyncLifetime
{
    private const string Url = "https://shop.example/farthing";
    private const string Other = "https://other.example/farthing";

    private static readonly Caller Operator = new(CallerKind.Operator, 0);

    private readonly RecordingCourier courier = new();
    private TestSystem test = null!;

    public async ValueTask InitializeAsync() => test = await StartAsync(courier: courier);

    public ValueTask DisposeAsync() => test.DisposeAsync();

    [Fact]
    public async Task A_payment_is_told_step_by_step_as_it_then_was()
    {
        var (payee, stranger, wallet) = (await test.NewPayeeAsync(), await test.NewPayeeAsync(), await test.NewWalletAsync("10"));
        await HookAsync(As(payee), Url);
        await HookAsync(As(stranger), Other);
        var held = Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "2", hold: true)));
        Given(await test.Desk.PostAsync(As(payee), held.Id, test.NewKey(), Usd("1.5")));
        Given(await test.Desk.RefundAsync(As(payee), held.Id, test.NewKey(), Usd("0.5")));
        Given(await test.Desk.RefundAsync(As(wallet), held.Id, test.NewKey(), null));
        var voided = Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.1", hold: true)));
        Given(await test.Desk.VoidAsync(As(payee), voided.Id, test.NewKey()));
        Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.2", hold: true)));
        test.Time.Advance(TimeSpan.FromDays(8));
        var posted = Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.3", reference: "order-7")));

        Assert.Empty(await test.RunWebhooksAsync(() => Task.FromResult(courier.To(Url).Count == 9)));

        var told = courier.To(Url).Select(attempt => attempt.Event).ToList();
        Assert.Equal(
            [
                "payment.held Held 2 refunded 0", "payment.posted Posted 1.5 refunded 0", "payment.refunded Posted 1.5 refunded 0.5 by 0.5", "payment.refunded Posted 1.5 refunded 1.5 by 1",
            ],
            courier.WordsTo(Url).Where((_, index) => told[index].Subject == held.Id.ToString()));
        Assert.Equal(["payment.held Held 0.1 refunded 0", "payment.voided Voided 0.1 refunded 0"], courier.WordsTo(Url).Where((_, index) => told[index].Subject == voided.Id.ToString()));
        Assert.Single(courier.WordsTo(Url), "payment.expired Expired 0.2 refunded 0");
        var last = told.Single(sent => sent.Subject == posted.Id.ToString());
        Assert.Equal(("order-7", posted.CreatedAt, payee.Id), (last.Payment!.Reference, last.At, last.Payee));
        Assert.All(told.GroupBy(sent => sent.Subject), subject => Assert.Equal(subject.Select(sent => sent.Sequence).Order(), subject.Select(sent => sent.Sequence)));
        Assert.Equal(9, told.Select(sent => sent.Id).Distinct().Count());
        Assert.Empty(courier.To(Other));
    }

    [Fact]
    public async Task Each_is_told_its_own_of_the_types_it_chose_and_the_operator_of_all()
    {
        var (first, second, wallet) = (await test.NewPayeeAsync(), await test.NewPayeeAsync(), await test.NewWalletAsync("10"));
        await HookAsync(As(first), Url, EventTypes.PaymentRefunded);
        await HookAsync(Operator, Other);
        var offer = await test.NewOfferAsync(first, "1", splits: [new Split(first.Id, 5_000), new Split(second.Id, 5_000)]);
        await HookAsync(As(second), "https://share.example/farthing");
        var bought = Given(await test.Desk.PayAsync(new PaymentRequest { Wallet = wallet.Id, Key = test.NewKey(), Offer = offer.Id }));
        Given(await test.Desk.RefundAsync(As(wallet), bought.Id, test.NewKey(), null));
        var given = Given(await test.Desk.PayAsync(test.Pay(wallet, second, "1")));

        Assert.Empty(await test.RunWebhooksAsync(() => Task.FromResult(courier.Attempts.Count == 5)));

        Assert.Equal(["payment.refunded Posted 1 refunded 1 by 1"], courier.WordsTo(Url));
        string[] all = [bought.Id.ToString(), bought.Id.ToString(), given.Id.ToString()];
        Assert.Equal(all.Order(StringComparer.Ordinal), courier.To(Other).Select(attempt => attempt.Event.Subject).Order(StringComparer.Ordinal));
        // A share of what another payee sold is no payment of one's own.
        Assert.Equal([given.Id.ToString()], courier.To("https://share.example/farthing").Select(attempt => attempt.Event.Subject));
    }

    [Fact]
    public async Task What_happens_to_subscriptions_is_told_to_their_payee_the_cancelling_of_the_payer_too()
    {
        var (payee, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync("10"));
        var pricing = new PerPeriod(Usd("1"), CalendarPeriod.Week) { Included = 3, Extra = new Extra(Usd("0.25"), Usd("1")) };
        var offer = Given(await test.Domain.Offers.CreateAsync(payee.Id, test.NewKey(), new NewOffer("Calls", null, pricing)));
        await HookAsync(As(payee), Url, "subscription.started", "subscription.cancelled", "subscription.ended");
        await HookAsync(Operator, Other, "subscription.cancelled");
        var subscription = Given(await test.Domain.Subscriptions.SubscribeAsync(wallet.Id, test.NewKey(), offer.Id, TimeZones.Utc)).Subscription;
        Given(await test.Domain.Subscriptions.PauseAsync(As(wallet), test.NewKey(), subscription.Id));
        Given(await test.Domain.Subscriptions.CancelAsync(As(wallet), test.NewKey(), subscription.Id));
        test.Time.Advance(TimeSpan.FromDays(8));
        await test.RunDueAsync();

        Assert.Empty(await test.RunWebhooksAsync(() => Task.FromResult(courier.Attempts.Count == 4)));

        Assert.Equal(["subscription.started Schedule", "subscription.cancelled Payer", "subscription.ended Schedule"], courier.WordsTo(Url).Select(words => words.Replace("started Payer", "started Schedule", StringComparison.Ordinal)));
        Assert.Equal(["subscription.cancelled Payer"], courier.WordsTo(Other));
        Assert.All(courier.Attempts, attempt => Assert.Equal((subscription.Id.ToString(), subscription.Payer), (attempt.Event.Subject, attempt.Event.Subscription!.Payer)));
        var listed = Given(await test.Domain.Subscriptions.ListEventsAsync(As(payee), null, 10)).Lines.Select(line => line.Id).ToHashSet();
        Assert.All(courier.Attempts, attempt => Assert.Contains(attempt.Event.Id, listed));
    }

    [Fact]
    public async Task What_is_not_taken_is_sent_again_ever_later_for_three_days_and_then_given_up()
    {
        var (payee, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync("10"));
        var id = (await HookAsync(As(payee), Url)).Webhook.Id;
        courier.Answer = _ => new(RecordingCourier.Failed);
        Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "1")));
        await test.RunWebhooksAsync(async () =>
        {
            if ((await ReadAsync(payee, id)).Status == WebhookStatus.Off) return true;
            // The clock goes on when what was due has been tried and written down, however slow that is.
            var waiting = Given(await test.Domain.Webhooks.ListDeliveriesAsync(As(payee), id, null, 10)).Lines;
            if (waiting.Count == 1 && waiting[0].NextAt is { } next && next > test.Time.GetUtcNow()) test.Time.SetUtcNow(next);
            return false;
        });

        var attempts = courier.To(Url);
        var waits = attempts.Zip(attempts.Skip(1), (before, after) => after.At - before.At).ToList();
        Assert.InRange(attempts.Count, 12, 24);
        Assert.InRange(attempts[^1].At - attempts[0].At, TimeSpan.FromHours(72), TimeSpan.FromHours(72.5));
        Assert.True(waits[^2] > TimeSpan.FromHours(5) && waits[2] < TimeSpan.FromMinutes(30));
        Assert.Single(attempts.Select(attempt => attempt.Event.Id).Distinct());
        var delivery = Assert.Single(Given(await test.Domain.Webhooks.ListDeliveriesAsync(As(payee), id, null, 10)).Lines);
        Assert.Equal((DeliveryStatus.GivenUp, attempts.Count, 500, null), (delivery.Status, delivery.Attempts, delivery.AnswerStatus, delivery.NextAt));
        var off = await ReadAsync(payee, id);
        Assert.Equal(("failing", attempts[0].At, attempts[^1].At), (off.OffReason, off.FailingSince, off.OffAt));

        // Nothing is lost while it is off: resumed, it goes on where it stopped.
        courier.Answer = _ => new(RecordingCourier.Taken);
        Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "2")));
        Given(await test.Domain.Webhooks.ResumeAsync(As(payee), test.NewKey(), id));
        await test.RunWebhooksAsync(() => Task.FromResult(courier.To(Url).Count == attempts.Count + 1));
        Assert.Equal("payment.posted Posted 2 refunded 0", courier.WordsTo(Url)[^1]);
        var resumed = await ReadAsync(payee, id);
        Assert.Equal((WebhookStatus.Active, null, 0), (resumed.Status, resumed.FailingSince, resumed.Waiting));
    }

    [Fact]
    public async Task Who_asks_for_time_is_given_it_and_who_is_gone_is_told_no_more()
    {
        var (payee, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync("10"));
        var id = (await HookAsync(As(payee), Url)).Webhook.Id;
        courier.Answer = _ => new(courier.Attempts.Count == 1 ? new WebhookReply(503, "The answer was 503.", TimeSpan.FromHours(1)) : new WebhookReply(410, "The answer was 410."));
        Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "1")));
        await test.RunWebhooksAsync(async () =>
        {
            test.Time.Advance(TimeSpan.FromMinutes(1));
            return (await ReadAsync(payee, id)).Status == WebhookStatus.Off;
        });
        Assert.Equal(2, courier.Attempts.Count);
        Assert.True(courier.Attempts[1].At - courier.Attempts[0].At >= TimeSpan.FromHours(1));
        Assert.Equal(("gone", 1), (await ReadAsync(payee, id)) is var off ? (off.OffReason, off.Waiting) : default);
    }

    [Fact]
    public async Task An_event_that_is_not_taken_keeps_back_only_what_happens_to_the_same_payment()
    {
        var (payee, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync("100"));
        await HookAsync(As(payee), Url);
        var poisoned = Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "1")));
        var takes = false;
        courier.Answer = attempt => new(!Volatile.Read(ref takes) && attempt.Event.Subject == poisoned.Id.ToString() ? RecordingCourier.Failed : RecordingCourier.Taken);
        Given(await test.Desk.RefundAsync(As(payee), poisoned.Id, test.NewKey(), null));
        for (var i = 0; i < 40; i++) Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.5")));
        await test.RunWebhooksAsync(() =>
        {
            test.Time.Advance(TimeSpan.FromSeconds(1));
            var taken = courier.Attempts.Count(attempt => attempt.Event.Payment!.Amount == Usd("0.5"));
            if (taken == 40 && courier.Attempts.Count(attempt => attempt.Event.Subject == poisoned.Id.ToString()) >= 3) Volatile.Write(ref takes, true);
            return Task.FromResult(courier.Attempts.Any(attempt => attempt.Event.Type == EventTypes.PaymentRefunded));
        });
        var told = courier.Attempts.Select(attempt => attempt.Event).Where(sent => sent.Subject == poisoned.Id.ToString()).ToList();
        Assert.True(told.Count > 3);
        Assert.All(told.SkipLast(1), sent => Assert.Equal(EventTypes.PaymentPosted, sent.Type));
        Assert.Equal(40, courier.Attempts.Count(attempt => attempt.Event.Payment!.Amount == Usd("0.5")));
    }

    [Fact]
    public async Task A_dead_webhook_keeps_nobody_waiting_and_piles_nothing_up()
    {
        const int Payments = 600;
        var (payee, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync("100"));
        var dead = (await HookAsync(As(payee), Url)).Webhook.Id;
        var living = (await HookAsync(As(payee), Other)).Webhook.Id;
        var never = new TaskCompletionSource<WebhookReply>();
        courier.Answer = attempt => attempt.Url.OriginalString == Url ? new(never.Task) : new(RecordingCourier.Taken);
        var requests = Enumerable.Range(0, Payments).Select(_ => test.Pay(wallet, payee, "0.01")).ToList();
        Assert.All(await test.Desk.PayManyAsync(requests), answer => Assert.True(answer.IsGiven));
        await test.RunWebhooksAsync(() =>
        {
            var isOver = courier.To(Other).Count == Payments && courier.To(Url).Count > 0;
            if (isOver) never.TrySetResult(RecordingCourier.Failed);
            return Task.FromResult(isOver);
        });
        Assert.Equal(Payments, courier.To(Other).Select(attempt => attempt.Event.Id).Distinct().Count());
        Assert.InRange(courier.To(Url).Count, 1, 8);
        Assert.Equal(0, (await ReadAsync(payee, living)).Waiting);

        // For days on end: what is not taken stays in the journal.
        courier.Answer = attempt => new(attempt.Url.OriginalString == Url ? RecordingCourier.Failed : RecordingCourier.Taken);
        var end = test.Time.GetUtcNow() + TimeSpan.FromDays(2);
        await test.RunWebhooksAsync(() =>
        {
            test.Time.Advance(TimeSpan.FromMinutes(10));
            return Task.FromResult(test.Time.GetUtcNow() > end);
        });
        Assert.InRange((await ReadAsync(payee, dead)).Waiting, 1, WebhookProgress.MaxWaiting);
        Assert.InRange((await test.Settings.FindAsync<WebhookProgressRow>(dead.Value))!.Progress.Length, 1, 60_000);
    }

    [Fact]
    public async Task A_replay_sends_a_stretch_of_time_again_under_the_same_ids_also_from_before_the_webhook()
    {
        var (payee, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync("100"));
        var payments = new List<Payment>();
        for (var i = 0; i < 20; i++)
        {
            if (i == 5) await HookAsync(As(payee), Url);
            payments.Add(Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.01"))));
            test.Time.Advance(TimeSpan.FromMinutes(1));
        }

        var id = Given(await test.Domain.Webhooks.ListAsync(As(payee), null, 10)).Lines.Single().Id;
        await test.RunWebhooksAsync(() => Task.FromResult(courier.Attempts.Count == 15));
        var first = courier.Attempts.ToDictionary(attempt => attempt.Event.Subject, attempt => attempt.Event);
        var key = test.NewKey();
        var period = new Period(payments[2].CreatedAt, payments[9].CreatedAt);
        Assert.True(Given(await test.Domain.Webhooks.ReplayAsync(As(payee), key, id, period)).IsReplaying);
        await test.RunWebhooksAsync(async () => !(await ReadAsync(payee, id)).IsReplaying);
        // A repeat of the request is no second replay.
        Given(await test.Domain.Webhooks.ReplayAsync(As(payee), key, id, period));
        var latest = Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.02")));
        await test.RunWebhooksAsync(() => Task.FromResult(courier.Attempts.Any(attempt => attempt.Event.Subject == latest.Id.ToString())));

        var again = courier.Attempts.Skip(15).Select(attempt => attempt.Event).ToList();
        Assert.Equal(payments[2..9].Append(latest).Select(payment => payment.Id.ToString()).Order(StringComparer.Ordinal), again.Select(sent => sent.Subject).Order(StringComparer.Ordinal));
        Assert.Equal(4, again.Count(sent => first.TryGetValue(sent.Subject, out var before) && before == sent));
        Assert.Equal(7, Given(await test.Domain.Webhooks.ListDeliveriesAsync(As(payee), id, null, 100)).Lines.Count(delivery => delivery.IsReplay));
    }

    [Fact]
    public async Task Each_state_of_a_payout_is_told_once_to_its_payee()
    {
        var payee = await PayoutTests.RichAsync(test, "100");
        await PayoutTests.SetAsync(test, payee);
        await HookAsync(As(payee), Url);
        var payout = Given(await test.Domain.Payouts.PayOutAsync(As(payee), payee.Id, test.NewKey(), Usd("5")));
        await test.RunDueAsync();
        Given(await test.Domain.Payouts.ReleaseAsync(payout.Id));
        await test.RunDueAsync();
        Assert.Equal(PayoutState.Done, Given(await test.Domain.Payouts.ReadAsync(As(payee), payout.Id)).State);

        Assert.Empty(await test.RunWebhooksAsync(() => Task.FromResult(courier.Attempts.Count == 4)));

        Assert.Equal(["payout.reviewing", "payout.preparing", "payout.sent", "payout.done"], courier.Attempts.Select(attempt => attempt.Event.Type));
        Assert.All(courier.Attempts, attempt => Assert.Equal((payout.Id.ToString(), payee.Id), (attempt.Event.Subject, attempt.Event.Payee)));
        Assert.Contains("\"cause\":\"new_destination\"", courier.Attempts[0].Event.Data, StringComparison.Ordinal);
        Assert.All(courier.Attempts, attempt => Assert.Contains("\"amount\":{\"amount\":\"5\",\"currency\":\"USD\"}", attempt.Event.Data, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_busy_journal_fills_neither_memory_nor_settings()
    {
        const int Payments = 4_000;
        var (payee, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync("100"));
        var all = (await HookAsync(Operator, Url)).Webhook.Id;
        await HookAsync(As(payee), Other, EventTypes.PaymentVoided);
        var (writes, longest) = (0, 0);
        test.Settings.AfterWriting = rows =>
        {
            foreach (var row in rows.OfType<WebhookProgressRow>())
            {
                Interlocked.Increment(ref writes);
                longest = Math.Max(longest, row.Progress.Length);
            }

            return Task.CompletedTask;
        };
        var paying = Task.Run(async () =>
        {
            for (var i = 0; i < Payments / 500; i++)
                Assert.All(await test.Desk.PayManyAsync([.. Enumerable.Range(0, 500).Select(_ => test.Pay(wallet, payee, "0.01"))]), answer => Assert.True(answer.IsGiven));
        }, TestContext.Current.CancellationToken);

        Assert.Empty(await test.RunWebhooksAsync(() => Task.FromResult(courier.To(Url).Count >= Payments)));

        await paying;
        Assert.Equal(Payments, courier.To(Url).Select(attempt => attempt.Event.Id).Distinct().Count());
        Assert.Equal(Payments, courier.To(Url).Count);
        Assert.Empty(courier.To(Other));
        Assert.InRange(writes, 1, Payments / 20);
        Assert.InRange(longest, 1, 60_000);
        Assert.Equal(0, (Given(await test.Domain.Webhooks.ReadAsync(Operator, all))).Waiting);
    }

    [Fact]
    public async Task While_a_secret_is_replaced_both_sign_and_afterwards_only_the_new_one()
    {
        var (payee, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync("100"));
        var made = await HookAsync(As(payee), Url);
        var key = test.NewKey();
        var rotated = Given(await test.Domain.Webhooks.RotateSecretAsync(As(payee), key, made.Webhook.Id, 3600));
        Assert.Equal(rotated.Secret, Given(await test.Domain.Webhooks.RotateSecretAsync(As(payee), key, made.Webhook.Id, 3600)).Secret);
        Assert.NotEqual(made.Secret, rotated.Secret);
        Assert.Equal(test.Time.GetUtcNow().AddHours(1), rotated.Webhook.PreviousSecretUntil);
        Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "1")));
        await test.RunWebhooksAsync(() => Task.FromResult(courier.Attempts.Count == 1));
        test.Time.Advance(TimeSpan.FromHours(1));
        Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "1")));
        await test.RunWebhooksAsync(() => Task.FromResult(courier.Attempts.Count == 2));
        Assert.Equal([rotated.Secret, made.Secret], courier.Attempts[0].Secrets.Select(secret => "whsec_" + Convert.ToBase64String(secret)));
        Assert.Equal([rotated.Secret], courier.Attempts[1].Secrets.Select(secret => "whsec_" + Convert.ToBase64String(secret)));
    }

    [Fact]
    public async Task A_payee_has_so_many_webhooks_and_sees_nobody_elses()
    {
        var (payee, stranger) = (await test.NewPayeeAsync(), await test.NewPayeeAsync());
        var key = test.NewKey();
        var first = Given(await test.Domain.Webhooks.CreateAsync(As(payee), key, new NewWebhook(Url)));
        Assert.Equal(first.Secret, Given(await test.Domain.Webhooks.CreateAsync(As(payee), key, new NewWebhook(Url))).Secret);
        Refused(RefusalCodes.IdempotencyConflict, await test.Domain.Webhooks.CreateAsync(As(payee), key, new NewWebhook(Other)));
        for (var i = 1; i < WebhookDirectory.MaxPerOwner; i++) await HookAsync(As(payee), Url);
        Refused(RefusalCodes.TooManyWebhooks, await test.Domain.Webhooks.CreateAsync(As(payee), test.NewKey(), new NewWebhook(Url)));
        Assert.Equal(WebhookStatus.Closed, Given(await test.Domain.Webhooks.CloseAsync(As(payee), first.Webhook.Id)).Status);
        Refused(RefusalCodes.WebhookClosed, await test.Domain.Webhooks.PauseAsync(As(payee), test.NewKey(), first.Webhook.Id));
        await HookAsync(As(payee), Url);
        foreach (var caller in new[] { As(stranger), Operator })
        {
            Refused(RefusalCodes.WebhookNotFound, await test.Domain.Webhooks.ReadAsync(caller, first.Webhook.Id));
            Refused(RefusalCodes.WebhookNotFound, await test.Domain.Webhooks.CloseAsync(caller, first.Webhook.Id));
            Refused(RefusalCodes.WebhookNotFound, await test.Domain.Webhooks.RotateSecretAsync(caller, test.NewKey(), first.Webhook.Id, 0));
            Refused(RefusalCodes.WebhookNotFound, await test.Domain.Webhooks.ListDeliveriesAsync(caller, first.Webhook.Id, null, 10));
            Assert.Empty(Given(await test.Domain.Webhooks.ListAsync(caller, null, 10)).Lines);
        }

        foreach (var wrong in new[] { "shop.example", "ftp://shop.example/", "https://me@shop.example/", "https://shop.example/#a", "https://", "/farthing", "https://shop.example/" + new string('a', 500) })
            Refused(RefusalCodes.InvalidField, await test.Domain.Webhooks.CreateAsync(As(stranger), test.NewKey(), new NewWebhook(wrong)));
        Refused(RefusalCodes.WebhookAddressRefused, await test.Domain.Webhooks.CreateAsync(As(stranger), test.NewKey(), new NewWebhook("http://shop.example/")));
        Refused(RefusalCodes.InvalidField, await test.Domain.Webhooks.CreateAsync(As(stranger), test.NewKey(), new NewWebhook(Url) { Types = ["payment.stolen"] }));
        Refused(RefusalCodes.InvalidField, await test.Domain.Webhooks.RotateSecretAsync(As(payee), test.NewKey(), first.Webhook.Id, NewWebhook.MaxOverlapSeconds + 1));
    }

    [Fact]
    public async Task A_paused_webhook_is_told_afterwards_and_a_changed_one_at_its_new_address()
    {
        var (payee, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync("100"));
        var id = (await HookAsync(As(payee), Url)).Webhook.Id;
        Assert.Equal(WebhookStatus.Paused, Given(await test.Domain.Webhooks.PauseAsync(As(payee), test.NewKey(), id)).Status);
        Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "1")));
        var isChanged = false;
        await test.RunWebhooksAsync(async () =>
        {
            if (!isChanged)
            {
                isChanged = true;
                Assert.Empty(courier.Attempts);
                Assert.Equal(Other, Given(await test.Domain.Webhooks.ChangeAsync(As(payee), test.NewKey(), id, Other, null)).Url);
                Given(await test.Domain.Webhooks.ResumeAsync(As(payee), test.NewKey(), id));
            }

            return courier.Attempts.Count > 0;
        });
        Assert.Equal([Other], courier.Attempts.Select(attempt => attempt.Url.OriginalString));
    }

    private async Task<IssuedWebhook> HookAsync(Caller caller, string url, params string[] types) =>
        Given(await test.Domain.Webhooks.CreateAsync(caller, test.NewKey(), new NewWebhook(url) { Types = types }));

    private async Task<Webhook> ReadAsync(Payee payee, Id<WebhookKind> id) => Given(await test.Domain.Webhooks.ReadAsync(As(payee), id));
}
