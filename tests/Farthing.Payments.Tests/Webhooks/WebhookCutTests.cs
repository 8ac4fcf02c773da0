using System.Collections.Concurrent;
using Farthing.CrashHost;
using Farthing.Payments.Calendars;
using Farthing.Payments.Offers;
using Farthing.Payments.Webhooks;
using Farthing.Protocol;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests.Webhooks;

/// <summary>Everything ends between two steps of telling webhooks of events, at each place in turn, and is opened again: what happened is told, what did not happen is not, and what is told twice has one id.</summary>
public class WebhookCutTests
{
    private const string Url = "https://shop.example/farthing";

    // Where all may end: which moments there are differs a little from run to run, as two things go on at once, but not that there are so many.
    private const int FewestMoments = 18;
    private const int Events = 6;
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("FARTHING_LONG") == "1";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly ConcurrentDictionary<int, IdempotencyKey> Keys = new();

    [Fact]
    public async Task Cut_off_anywhere_every_event_is_told_at_least_once_under_one_id_and_none_is_made_up()
    {
        var step = IsLong ? 1 : 4;
        var cuts = 0;
        for (var moment = 1; await CutAsync(moments => moments.EndAt(moment), arrivalToEndAt: 0) is not null; moment += step)
        {
            Assert.True(moment < 200, "There is no end of moments.");
            cuts++;
        }

        Assert.True(cuts > FewestMoments / step, $"Only {cuts} moments were found.");
    }

    [Fact]
    public async Task Cut_off_between_an_attempts_arrival_and_its_note_the_event_is_told_again_under_the_same_id()
    {
        // There are as many arrivals as events in any case, whatever else goes on.
        for (var arrival = 1; arrival <= Events; arrival += IsLong ? 1 : 3) Assert.True(await CutAsync(_ => { }, arrival) > 0, $"What arrived {arrival}. was not told again.");
    }

    /// <summary>Acts and tells, is cut off, is opened again, acts again and tells the rest; checks what was told.</summary>
    /// <param name="arrivalToEndAt">All ends as this attempt has arrived, before anybody knows of it; zero for another end.</param>
    /// <returns>How often something was told again that had arrived; null if nothing was cut off.</returns>
    private static async Task<int?> CutAsync(Action<Moments> endAt, int arrivalToEndAt)
    {
        var courier = new RecordingCourier();
        await using var test = await StartAsync(courier: courier);
        var (payee, wallet) = (await test.NewPayeeAsync(), await test.NewWalletAsync("10"));
        var pricing = new PerPeriod(Usd("1"), CalendarPeriod.Week) { Included = 3, Extra = new Extra(Usd("0.25"), Usd("1")) };
        var offer = Given(await test.Domain.Offers.CreateAsync(payee.Id, test.NewKey(), new NewOffer("Calls", null, pricing)));
        var id = Given(await test.Domain.Webhooks.CreateAsync(As(payee), test.NewKey(), new NewWebhook(Url))).Webhook.Id;

        // Each arrival is a moment too; every third event fails at first.
        var failed = new HashSet<Id<EventKind>>();
        var arrivals = 0;
        courier.Answer = attempt =>
        {
            if (Interlocked.Increment(ref arrivals) == arrivalToEndAt) test.Moments.End();
            test.Moments.Pass();
            lock (failed) return new(attempt.Event.Sequence % 3 == 0 && failed.Add(attempt.Event.Id) ? RecordingCourier.Failed : RecordingCourier.Taken);
        };
        endAt(test.Moments);
        if (!await TryTellAsync(test, () => ActAsync(test, payee, wallet, offer))) return null;

        await test.RestartAsync();
        // What was begun is done again, under the same keys.
        Assert.False(await TryTellAsync(test, () => ActAsync(test, payee, wallet, offer)));
        var listed = Given(await test.Domain.Webhooks.ListDeliveriesAsync(As(payee), id, null, 200)).Lines;
        Assert.All(listed, delivery => Assert.Equal(DeliveryStatus.Delivered, delivery.Status));
        AssertComplete(courier);
        return courier.Attempts.Count - courier.Attempts.Select(attempt => attempt.Event.Id).Distinct().Count() - failed.Count;
    }

    private static void AssertComplete(RecordingCourier courier)
    {
        var told = courier.Attempts.Select(attempt => attempt.Event).ToList();
        Assert.All(told.GroupBy(one => one.Id), same => Assert.Single(same.Distinct()));
        Assert.Equal(
            ["payment.held 2", "payment.posted 1", "payment.posted 1.5", "payment.refunded 1.5", "subscription.cancelled", "subscription.started"],
            told.DistinctBy(one => one.Id).Select(one => one.Payment is { } payment ? $"{one.Type} {payment.Amount.ToDecimalString()}" : one.Type).Order(StringComparer.Ordinal));
    }

    private static async Task ActAsync(TestSystem test, Payees.Payee payee, Wallets.Wallet wallet, Offer offer)
    {
        var request = test.Pay(wallet, payee, "2", hold: true) with { Key = KeyOf(1) };
        var held = Given(await test.Desk.PayAsync(request));
        Given(await test.Desk.PostAsync(As(payee), held.Id, KeyOf(2), Usd("1.5")));
        Given(await test.Desk.RefundAsync(As(payee), held.Id, KeyOf(3), null));
        var subscription = Given(await test.Domain.Subscriptions.SubscribeAsync(wallet.Id, KeyOf(4), offer.Id, TimeZones.Utc)).Subscription;
        Given(await test.Domain.Subscriptions.CancelAsync(As(wallet), KeyOf(5), subscription.Id));
    }

    /// <summary>Does something while webhooks are told, until all of it was told or everything ends.</summary>
    /// <returns>True if everything ended.</returns>
    private static async Task<bool> TryTellAsync(TestSystem test, Func<Task> act)
    {
        // As they are before a restart: what was cut off goes on with what it had.
        var (domain, settings, moments) = (test.Domain, test.Settings, test.Moments);
        using var stop = new CancellationTokenSource();
        var running = domain.WebhookRounds.RunAsync((_, _) => { }, stop.Token);
        var acting = ActAndWaitAsync();
        await Task.WhenAny(acting, moments.Ended).WaitAsync(Patience, TestContext.Current.CancellationToken);
        var isCut = moments.Ended.IsCompleted;
        // Who waits for the ledger when all ends may wait for ever.
        if (isCut) _ = acting.ContinueWith(task => task.Exception, TaskScheduler.Default);
        else await acting;
        await stop.CancelAsync();
        if (isCut) await Task.WhenAny(running, Task.Delay(TimeSpan.FromMilliseconds(100), CancellationToken.None));
        else await running.WaitAsync(Patience, CancellationToken.None);
        return moments.Ended.IsCompleted;

        async Task ActAndWaitAsync()
        {
            await act();
            using var looks = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
            while (await looks.WaitForNextTickAsync())
            {
                if (moments.Ended.IsCompleted) return;
                test.Time.Advance(TimeSpan.FromSeconds(1));
                var rows = await settings.ListActiveAsync<WebhookRow>();
                var progress = await domain.Webhooks.ReadProgressAsync(rows.Single());
                if (progress.Waiting.Count == 0 && progress.Done.Select(delivery => delivery.Event.Id).Distinct().Count() == Events) return;
            }
        }
    }

    private static IdempotencyKey KeyOf(int number) => Keys.GetOrAdd(number, _ => Key(Guid.CreateVersion7(Start).ToString()));
}
