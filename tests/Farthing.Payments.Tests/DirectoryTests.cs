using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Protocol;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

public class DirectoryTests
{
    [Fact]
    public async Task A_repeated_creation_gives_the_same_thing_and_the_same_key()
    {
        await using var test = await StartAsync();
        var (one, two, three) = (test.NewKey(), test.NewKey(), test.NewKey());
        var asked = new NewPayee("The Newsroom", Asset.Usd, "https://news.example/about?x=1", test.PayeeKey.Verifier);

        var payee = Given(await test.Domain.Payees.CreateAsync(one, asked));
        var wallet = Given(await test.Domain.Wallets.CreateAsync(two, Asset.Usd));
        var offer = Given(await test.Domain.Offers.CreateAsync(payee.Payee.Id, three, new("x", null, new PerUse(Usd("1")))));
        Assert.Equal("https://news.example", payee.Payee.Website);
        await test.RestartAsync();

        Assert.Equal(payee, Given(await test.Domain.Payees.CreateAsync(one, asked)));
        Assert.Equal(wallet, Given(await test.Domain.Wallets.CreateAsync(two, Asset.Usd)));
        Given(await test.Domain.Offers.CloseAsync(payee.Payee.Id, offer.Id));
        Assert.Equal(offer, Given(await test.Domain.Offers.CreateAsync(payee.Payee.Id, three, new("x", null, new PerUse(Usd("1"))))));
        Assert.True((await test.Domain.Offers.FindAsync(offer.Id))!.IsClosed);
        Refused(RefusalCodes.IdempotencyConflict, await test.Domain.Payees.CreateAsync(one, asked with { Name = "Another" }));
        Refused(RefusalCodes.IdempotencyConflict, await test.Domain.Wallets.CreateAsync(two, Asset.Eur));
        Refused(RefusalCodes.IdempotencyConflict, await test.Domain.Offers.CreateAsync(payee.Payee.Id, three, new("y", null, new PerUse(Usd("1")))));
    }

    [Fact]
    public async Task Keys_open_what_they_were_issued_for_and_nothing_else()
    {
        await using var test = await StartAsync();
        var payee = Given(await test.Domain.Payees.CreateAsync(test.NewKey(), new("P", Asset.Usd)));
        var wallet = Given(await test.Domain.Wallets.CreateAsync(test.NewKey(), Asset.Usd));

        Assert.Equal(As(payee.Payee), await test.Domain.AuthenticateAsync(payee.Key));
        Assert.Equal(As(wallet.Wallet), await test.Domain.AuthenticateAsync(wallet.Key));
        Assert.Equal(new Caller(CallerKind.Operator, 0), await test.Domain.AuthenticateAsync(test.OperatorKey));
        Assert.Matches("^fk_wal_[0-9A-Z]{26}_1_[A-Za-z0-9_-]{43}$", wallet.Key);
        var secret = wallet.Key.Length - 43;
        string[] wrong =
        [
            "", "fk_op_", "fk_wal_", payee.Key[..^1], payee.Key + "A", payee.Key[..^1] + "!", payee.Key.Replace("_pye_", "_wal_", StringComparison.Ordinal), wallet.Key.Replace("_1_", "_2_", StringComparison.Ordinal),
            wallet.Key[..secret] + (wallet.Key[secret] == 'A' ? 'B' : 'A') + wallet.Key[(secret + 1)..], string.Concat(payee.Key.AsSpan(0, secret), wallet.Key.AsSpan(secret)), new string('x', 600),
        ];
        foreach (var key in wrong) Assert.Null(await test.Domain.AuthenticateAsync(key));
        Assert.Equal(11, wrong.Length);
    }

    [Fact]
    public async Task A_rotated_key_ends_the_old_one_once_for_each_request()
    {
        await using var test = await StartAsync();
        var made = Given(await test.Domain.Payees.CreateAsync(test.NewKey(), new("P", Asset.Usd)));
        var key = test.NewKey();

        var second = Given(await test.Domain.Payees.RotateKeyAsync(made.Payee.Id, key));
        Assert.Equal(second, Given(await test.Domain.Payees.RotateKeyAsync(made.Payee.Id, key)));
        Assert.Null(await test.Domain.AuthenticateAsync(made.Key));
        Assert.NotNull(await test.Domain.AuthenticateAsync(second));
        await test.RestartAsync();
        Assert.Null(await test.Domain.AuthenticateAsync(made.Key));
        Assert.Equal(second, Given(await test.Domain.Payees.RotateKeyAsync(made.Payee.Id, key)));
        Assert.NotEqual(second, Given(await test.Domain.Payees.RotateKeyAsync(made.Payee.Id, test.NewKey())));
    }

    /// <param name="step">Where the first one is held up: after reading the row that it changes, or after reading what the change made of it.</param>
    /// <param name="firstIsNewer">Whether the one that came in between is overtaken by it.</param>
    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public async Task Of_two_rotations_at_once_the_newer_key_stays_whichever_ends_last(int step, bool firstIsNewer)
    {
        await using var test = await StartAsync();
        var made = Given(await test.Domain.Payees.CreateAsync(test.NewKey(), new("P", Asset.Usd)));
        var (reached, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        var reads = 0;
        test.Settings.AfterFindingAPayee = () =>
        {
            if (Interlocked.Increment(ref reads) != step) return Task.CompletedTask;
            reached.SetResult();
            return goOn.Task;
        };

        var first = test.Domain.Payees.RotateKeyAsync(made.Payee.Id, test.NewKey()).AsTask();
        await reached.Task.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        var between = Given(await test.Domain.Payees.RotateKeyAsync(made.Payee.Id, test.NewKey()));
        goOn.SetResult();
        var late = Given(await first);

        var (newer, older) = firstIsNewer ? (late, between) : (between, late);
        Assert.NotEqual(newer, older);
        Assert.NotNull(await test.Domain.AuthenticateAsync(newer));
        Assert.Null(await test.Domain.AuthenticateAsync(older));
        Assert.Null(await test.Domain.AuthenticateAsync(made.Key));
    }

    [Fact]
    public async Task A_late_repeat_of_a_creation_does_not_open_a_closed_offer_again()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var key = test.NewKey();
        var (reached, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        test.Settings.BeforeActivatingAnOffer = () =>
        {
            test.Settings.BeforeActivatingAnOffer = () => Task.CompletedTask;
            reached.SetResult();
            return goOn.Task;
        };

        var late = test.Domain.Offers.CreateAsync(payee.Id, key, new("x", null, new PerUse(Usd("1")))).AsTask();
        await reached.Task.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        var offer = Given(await test.Domain.Offers.CreateAsync(payee.Id, key, new("x", null, new PerUse(Usd("1")))));
        Given(await test.Domain.Offers.CloseAsync(payee.Id, offer.Id));
        goOn.SetResult();
        Assert.Equal(offer, Given(await late));

        await test.RestartAsync();
        Assert.True((await test.Domain.Offers.FindAsync(offer.Id))!.IsClosed);
    }

    [Fact]
    public async Task Each_wrong_payee_offer_and_wallet_has_its_refusal()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        NewPayee[] payees = [new("", Asset.Usd), new(new string('x', 101), Asset.Usd), new("a\0", Asset.Usd), new("P", Asset.Usd, "ftp://x.example"), new("P", Asset.Usd, "news.example"), new("P", Asset.Usd, "https://me@x.example"), new("P", Asset.Usd, null, null, -1)];
        foreach (var wrong in payees) Refused(RefusalCodes.InvalidField, await test.Domain.Payees.CreateAsync(test.NewKey(), wrong));
        Refused(RefusalCodes.UnknownCurrency, await test.Domain.Payees.CreateAsync(test.NewKey(), new("P", new Asset("USD", 2))));

        NewOffer[] offers = [new("", null, new PerUse(Usd("1"))), new("x", "", new PerUse(Usd("1"))), new("x", null, new PerUse(Usd("1")), -1), new("x", null, new PerUse(Usd("1")), NewOffer.MaxRefundWindowSeconds + 1)];
        foreach (var wrong in offers) Refused(RefusalCodes.InvalidField, await test.Domain.Offers.CreateAsync(payee.Id, test.NewKey(), wrong));
        Refused(RefusalCodes.AmountMustNotBeZero, await test.Domain.Offers.CreateAsync(payee.Id, test.NewKey(), new("x", null, new PerUse(Usd("0")))));
        Refused(RefusalCodes.CurrencyMismatch, await test.Domain.Offers.CreateAsync(payee.Id, test.NewKey(), new("x", null, new PerUse(new Amount(Asset.Eur, 1)))));
        Refused(RefusalCodes.PayeeNotFound, await test.Domain.Offers.CreateAsync(Id<PayeeKind>.New(test.Time), test.NewKey(), new("x", null, new PerUse(Usd("1")))));
        Refused(RefusalCodes.OfferNotFound, await test.Domain.Offers.CloseAsync((await test.NewPayeeAsync()).Id, (await test.NewOfferAsync(payee, "1")).Id));

        Refused(RefusalCodes.IdempotencyKeyInvalid, await test.Domain.Wallets.CreateAsync(Key("my-wallet"), Asset.Usd));
        Refused(RefusalCodes.IdempotencyKeyInvalid, await test.Domain.Wallets.CreateAsync(Key(new string('a', 40)), Asset.Usd));
        Refused(RefusalCodes.UnknownCurrency, await test.Domain.Wallets.CreateAsync(test.NewKey(), new Asset("XYZ", 6)));
    }

    [Fact]
    public async Task Offers_are_listed_newest_first_in_pages()
    {
        await using var test = await StartAsync();
        var (payee, other) = (await test.NewPayeeAsync(), await test.NewPayeeAsync());
        var ids = new List<Id<OfferKind>>();
        for (var i = 0; i < 7; i++)
        {
            test.Time.Advance(TimeSpan.FromMilliseconds(1));
            ids.Add((await test.NewOfferAsync(payee, "1")).Id);
            await test.NewOfferAsync(other, "1");
        }

        ids.Reverse();
        var first = Given(await test.Domain.Offers.ListAsync(payee.Id, null, 3));
        var second = Given(await test.Domain.Offers.ListAsync(payee.Id, first.Next, 3));
        var third = Given(await test.Domain.Offers.ListAsync(payee.Id, second.Next, 3));
        Assert.Equal(ids, first.Lines.Concat(second.Lines).Concat(third.Lines).Select(offer => offer.Id));
        Assert.Null(third.Next);
        Refused(RefusalCodes.InvalidCursor, await test.Domain.Offers.ListAsync(other.Id, first.Next, 3));
    }

    [Fact]
    public async Task A_browser_has_one_wallet_per_currency()
    {
        await using var test = await StartAsync();
        Assert.Null(await test.Domain.Wallets.FindForBrowserAsync("cookie", Asset.Usd));

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => test.Domain.Wallets.OpenForBrowserAsync("cookie", Asset.Usd).AsTask()));

        var wallet = Assert.Single(answers.Select(Given).Distinct());
        Assert.Equal(wallet, await test.Domain.Wallets.FindForBrowserAsync("cookie", Asset.Usd));
        Assert.NotEqual(wallet, Given(await test.Domain.Wallets.OpenForBrowserAsync("cookie", Asset.Eur)));
        Assert.NotEqual(wallet, Given(await test.Domain.Wallets.OpenForBrowserAsync("another", Asset.Usd)));
    }
}
