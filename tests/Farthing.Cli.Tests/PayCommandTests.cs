using Farthing.Protocol;
using Farthing.Simulator;

namespace Farthing.Cli.Tests;

public sealed class PayCommandTests : IAsyncLifetime
{
    private PaidWorld world = null!;

    public async ValueTask InitializeAsync() => world = await PaidWorld.StartAsync();

    public ValueTask DisposeAsync() => world.DisposeAsync();

    [Fact]
    public async Task Article_is_paid_and_printed()
    {
        var run = await PayAsync("/articles/rain");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal(PaidWorld.Article + Environment.NewLine, run.Output);
        Assert.Matches(@"^Paid 0\.02 USD \(pay_[0-9A-Z]{26}\)\.\s*$", run.Error);
        Assert.Equal(1, world.Payments);
    }

    [Fact]
    public async Task What_is_free_is_printed_and_not_paid()
    {
        var run = await PayAsync("/free");
        Assert.Equal(0, run.ExitCode);
        Assert.StartsWith("free", run.Output, StringComparison.Ordinal);
        Assert.Contains("Nothing was paid.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_than_the_maximum_is_not_paid()
    {
        world.Price = Amount.Parse("0.100001 USD");
        var run = await PayAsync("/articles/rain");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("--max", run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Output);
        Assert.Equal(0, world.Attempts);

        Assert.Equal(0, (await PayAsync("/articles/rain", "--max", "0.2 USD")).ExitCode);
    }

    [Fact]
    public async Task Site_that_wants_another_server_is_not_paid()
    {
        world.ServerInChallenge = new Uri("http://127.0.0.1:9");
        var run = await PayAsync("/articles/rain");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("http://127.0.0.1:9", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refusal_of_the_server_is_told_with_its_code()
    {
        world.Refusal = (402, "insufficient_funds");
        var run = await PayAsync("/articles/rain");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("insufficient_funds", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Site_that_fails_after_it_was_paid_is_told_with_what_to_do()
    {
        world.PaidStatus = 500;
        var run = await PayAsync("/articles/rain");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("Paid 0.02 USD", run.Error, StringComparison.Ordinal);
        Assert.Contains("refund", run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task Site_that_dies_after_it_was_paid_does_not_hide_that_money_was_spent()
    {
        world.InsteadOfAnswering = http =>
        {
            http.Abort();
            return Task.CompletedTask;
        };
        var run = await PayAsync("/articles/rain");
        Assert.Equal(2, run.ExitCode);
        Assert.Matches(@"^0\.02 USD was paid \(pay_[0-9A-Z]{26}\); the site did not answer: .+ Ask for a refund in the wallet\.\s*$", run.Error);
        Assert.Equal(1, world.Payments);
    }

    [Fact]
    public async Task Site_that_never_answers_after_it_was_paid_does_not_hide_that_money_was_spent()
    {
        using var patience = new CancellationTokenSource();
        world.InsteadOfAnswering = http =>
        {
            patience.Cancel();
            return Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        };
        string[] arguments = ["pay", world.ArticleUrl.ToString(), "--wallet-key", PaidWorld.WalletKey, "--server", world.Server.ToString()];
        var run = await Invocation.RunAsync(patience.Token, arguments);
        Assert.Equal(2, run.ExitCode);
        Assert.Matches(@"^0\.02 USD was paid \(pay_[0-9A-Z]{26}\); the site did not answer: .+ Ask for a refund in the wallet\.\s*$", run.Error);
    }

    [Fact]
    public async Task Another_way_of_payment_is_named()
    {
        var run = await PayAsync("/other-method");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("farthing", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_use_has_no_answer_and_says_what_to_do()
    {
        var url = world.ArticleUrl.ToString();
        (string[] Arguments, string Advice)[] uses =
        [
            (["pay", url, "--server", world.Server.ToString()], "FARTHING_WALLET_KEY"),
            (["pay", url, "--wallet-key", "a\nb"], "FARTHING_WALLET_KEY"),
            (["pay", "rain", "--wallet-key", "k"], "http://localhost:5081"),
            (["pay", url, "--wallet-key", "k", "--server", "rain"], "http://127.0.0.1:5080"),
            (["pay", url, "--wallet-key", "k", "--max", "1"], "--max"),
            (["pay", "http://127.0.0.1:1/", "--wallet-key", "k"], "cannot be reached"),
        ];
        foreach (var (arguments, advice) in uses)
        {
            var run = await Invocation.RunAsync(arguments);
            Assert.Equal(2, run.ExitCode);
            Assert.Contains(advice, run.Error, StringComparison.Ordinal);
        }

        Assert.Equal(0, world.Attempts);
    }

    private Task<Invocation> PayAsync(string path, params string[] more) =>
        Invocation.RunAsync(["pay", new Uri(world.Site, path).ToString(), "--wallet-key", PaidWorld.WalletKey, "--server", world.Server.ToString(), .. more]);
}
