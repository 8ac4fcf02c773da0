using Farthing.Protocol;
using Farthing.Server.Tests;
using Farthing.StripeSimulator;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;
using Simulator = Farthing.StripeSimulator.StripeSimulator;

namespace Farthing.Browser.Tests;

/// <summary>A server that takes cards, of a simulated processor that shows its card page itself.</summary>
public sealed class CardServer : IAsyncLifetime
{
    public Simulator Stripe { get; private set; } = null!;

    public ServerProcess Process { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Stripe = await Simulator.StartAsync(TimeProvider.System, showsPages: true);
        Process = await ServerProcess.StartAsync(null, "--wallets-per-minute", "100000",
            $"FARTHING_STRIPE_KEY={Simulator.Key}", $"FARTHING_STRIPE_WEBHOOK_SECRET={Simulator.WebhookSecret}", $"FARTHING_STRIPE_API={Stripe.Address.GetLeftPart(UriPartial.Authority)}");
    }

    /// <summary>The address of the pay page for an article of a payee's own.</summary>
    public async Task<string> NewArticleAsync(string price)
    {
        using var api = new Api(Process);
        var (key, verifier) = Api.NewSigningKey();
        var payee = await api.NewPayeeAsync(more: $",\"website\":\"{Process.Address.GetLeftPart(UriPartial.Authority)}\",\"signingKey\":\"{verifier}\"");
        Assert.True(Id<PayeeKind>.TryParse(payee.Id, out var id));
        var terms = new Terms
        {
            Payee = id,
            Amount = Amount.Parse(price),
            Resource = "/article",
            Title = "An article",
            ReturnUrl = new Uri(Process.Address, "/statement").AbsoluteUri,
            Once = true,
            Expires = TimeProvider.System.GetUtcNow().AddMinutes(10),
            Nonce = new string('n', 43),
        };
        return new Uri(Process.Address, $"/pay?terms={terms.Sign(key)}").AbsoluteUri;
    }

    public async ValueTask DisposeAsync()
    {
        if (Process is not null) await Process.DisposeAsync();
        if (Stripe is not null) await Stripe.DisposeAsync();
    }
}

/// <summary>A wallet that is topped up by itself, by card, from the wallet's pages: at the width of a phone and of a desk, light and dark.</summary>
public class AutomaticTopUpTests(BrowserHouse house, CardServer server) : IClassFixture<CardServer>
{
    [Theory]
    [InlineData(360, false)]
    [InlineData(1200, true)]
    public async Task Owner_agrees_at_the_card_page_is_topped_up_below_the_floor_and_stops_it(int width, bool dark)
    {
        await using var reader = await house.NewReaderAsync(width, dark, scripts: true);
        var page = await reader.NewTabAsync();
        await SetAsync(page, floor: "19");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "This is what you agree to" })).ToBeVisibleAsync();
        await Expect(page.GetByText("falls below 19.00 USD, your card is charged 10.00 USD, at most once a day, without asking you")).ToBeVisibleAsync();
        await Expect(page.GetByText("Of each 10.00 USD the card takes 0.59 USD at today's rates, so that 9.41 USD come to your wallet.")).ToBeVisibleAsync();
        await LookAsync("asked", isChecked: true);

        // Who turns back at the card page has agreed to nothing.
        await page.GetByRole(AriaRole.Link, new() { Name = "I agree: go to the card page" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Back without paying" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("If you have paid at the card page, this page says so in a moment.");
        await LookAsync("back-unpaid");
        await page.GotoAsync(server.Process.Address.AbsoluteUri);
        await Expect(page.GetByText("Automatic top-up waits for your card")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Automatic top-up" }).ClickAsync();

        await PayByCardAsync(page, TestCard.Visa);
        await LookAgainUntilAsync(page, "On. When your wallet falls below 19.00 USD, 10.00 USD are charged to your card, at most once a day.");
        await Expect(page.GetByText("Visa •••• 4242, until 12/2030. The card is kept by the card processor, not here.")).ToBeVisibleAsync();
        await LookAsync("on", isChecked: true);

        await page.GotoAsync(await server.NewArticleAsync("1.00 USD"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Pay 1.00 USD" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Paid to Shop" })).ToBeVisibleAsync();
        var statement = new[] { "+9.41 USD", "−1.00 USD", "+9.41 USD", "+10.00 USD" };
        await Server.Tests.Rest.Eventually.TrueAsync(async () =>
        {
            await page.GotoAsync(new Uri(server.Process.Address, "/statement").AbsoluteUri);
            return statement.SequenceEqual(await page.Locator("table.lines .amount").Filter(new() { HasNotText = "Amount" }).AllInnerTextsAsync());
        });
        Assert.Equal(["Top-up by card", "Paid to Shop", "Top-up by card", "Top-up, play money"], (await page.Locator("table.lines td.what").AllInnerTextsAsync()).Select(what => what.Split('\n')[0].Trim()));
        await LookAsync("statement");

        await page.GotoAsync(server.Process.Address.AbsoluteUri);
        await Expect(page.GetByText("Automatic top-up is on")).ToBeVisibleAsync();
        await LookAsync("wallet", isChecked: true);
        await page.GetByRole(AriaRole.Link, new() { Name = "Automatic top-up" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Stop it and remove the card" }).ClickAsync();
        await Expect(page.GetByText("Your wallet in USD is topped up only when you do it.")).ToBeVisibleAsync();
        await Expect(page.GetByText("stopped itself")).ToHaveCountAsync(0);
        await LookAsync("stopped");
        await Server.Tests.Rest.Eventually.TrueAsync(() => Task.FromResult(server.Stripe.Do(account => account.All("payment_method").Any(card => card["customer"] is null))));
        reader.AssertClean();

        Task LookAsync(string name, bool isChecked = false) => AutomaticTopUpTests.LookAsync(reader, page, name, dark, isChecked);
    }

    [Fact]
    public async Task Owner_is_told_why_the_bank_declined_and_can_set_it_anew()
    {
        const bool dark = true;
        await using var reader = await house.NewReaderAsync(360, dark, scripts: true);
        var page = await reader.NewTabAsync();
        await SetAsync(page, floor: "15");
        await PayByCardAsync(page, TestCard.ConfirmedAlways);
        await LookAgainUntilAsync(page, "On. When your wallet falls below 15.00 USD");
        await page.GotoAsync(await server.NewArticleAsync("5.00 USD"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Pay 5.00 USD" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Paid to Shop" })).ToBeVisibleAsync();

        await Server.Tests.Rest.Eventually.TrueAsync(async () =>
        {
            await page.GotoAsync(server.Process.Address.AbsoluteUri);
            return await page.GetByText("Automatic top-up stopped itself").IsVisibleAsync();
        });
        await page.GetByRole(AriaRole.Link, new() { Name = "Automatic top-up" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync("It stopped itself. Your bank wants you to confirm a payment by this card yourself, which nobody can while you are away.");
        await Expect(page.GetByLabel("When below")).ToHaveValueAsync("15.00");
        await LookAsync(reader, page, "declined", dark, isChecked: false);
        // What is wrong with the form is said beside it, and nothing else is lost.
        await page.GetByLabel("Times a day").FillAsync("20");
        await page.GetByRole(AriaRole.Button, new() { Name = "Set it" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("from 1 to 10");
        await Expect(page.GetByLabel("When below")).ToHaveValueAsync("15.00");
        await LookAsync(reader, page, "wrong", dark, isChecked: true);
        await page.GetByLabel("Times a day").FillAsync("2");
        await page.GetByRole(AriaRole.Button, new() { Name = "Set it" }).ClickAsync();
        await Expect(page.GetByText("at most 2 times a day, without asking you")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "I do not agree" }).ClickAsync();
        await Expect(page.GetByText("Your wallet in USD is topped up only when you do it.")).ToBeVisibleAsync();
        await Expect(page.GetByText("stopped itself")).ToHaveCountAsync(0);
        reader.AssertClean();
    }

    [Fact]
    public async Task What_the_wallet_lacks_is_topped_up_on_the_card_page_from_the_pay_page()
    {
        await using var reader = await house.NewReaderAsync(360, scripts: true);
        var page = await reader.NewTabAsync();
        await page.GotoAsync(server.Process.Address.AbsoluteUri);
        await page.GetByRole(AriaRole.Button, new() { Name = "Make a wallet" }).ClickAsync();
        var article = await server.NewArticleAsync("15.00 USD");
        await page.GotoAsync(article);
        await Expect(page.GetByText("Your wallet lacks 5.00 USD.")).ToBeVisibleAsync();
        await LookAsync(reader, page, "lacking", dark: false, isChecked: true);
        await page.GetByRole(AriaRole.Button, new() { Name = "Top up 10.00 USD by card" }).ClickAsync();
        await LookAsync(reader, page, "card", dark: false, isChecked: true);
        await page.GetByRole(AriaRole.Link, new() { Name = "Go to the card's page" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Pay 10.00 USD" }).ClickAsync();
        await Server.Tests.Rest.Eventually.TrueAsync(async () =>
        {
            await page.GotoAsync(article);
            return await page.GetByRole(AriaRole.Button, new() { Name = "Pay 15.00 USD" }).IsVisibleAsync();
        });
        await page.GetByRole(AriaRole.Button, new() { Name = "Pay 15.00 USD" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Paid to Shop" })).ToBeVisibleAsync();
        reader.AssertClean();
    }

    private async Task SetAsync(IPage page, string floor)
    {
        await page.GotoAsync(server.Process.Address.AbsoluteUri);
        await page.GetByRole(AriaRole.Button, new() { Name = "Make a wallet" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Automatic top-up" }).ClickAsync();
        await page.GetByLabel("When below").FillAsync(floor);
        await page.GetByLabel("Top up", new() { Exact = true }).FillAsync("10");
        await page.GetByLabel("From").SelectOptionAsync("a card");
        await page.GetByRole(AriaRole.Button, new() { Name = "Set it" }).ClickAsync();
    }

    private static async Task PayByCardAsync(IPage page, string card)
    {
        await page.GetByRole(AriaRole.Link, new() { Name = "I agree: go to the card page" }).ClickAsync();
        await page.GetByLabel("Card number").FillAsync(card);
        await page.GetByRole(AriaRole.Button, new() { Name = "Pay 10.00 USD" }).ClickAsync();
    }

    // No event tells of the payment: whoever comes back finds it on, or is told to look again, within a second of the last look.
    private static async Task LookAgainUntilAsync(IPage page, string text) => await Server.Tests.Rest.Eventually.TrueAsync(async () =>
    {
        // A click waits until the next page begins to come, and half a page has neither.
        await page.WaitForLoadStateAsync();
        if (await page.GetByText(text).IsVisibleAsync()) return true;
        await page.GetByRole(AriaRole.Link, new() { Name = "Look again" }).ClickAsync();
        return false;
    });

    private static async Task LookAsync(Reader reader, IPage page, string name, bool dark, bool isChecked)
    {
        await Reader.TakePictureAsync(page, $"automatic-{name}{(dark ? "-dark" : "")}");
        var (content, window) = await reader.MeasureWidthAsync(page);
        Assert.True(content <= window, $"{page.Url} is {content} wide in a window of {window}.");
        if (isChecked) await WcagChecker.AssertSoundAsync(page);
    }
}
