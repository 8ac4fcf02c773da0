using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Farthing.Browser.Tests;

/// <summary>What the owner of a wallet puts on it, and what it owes on tabs, as a person sees them.</summary>
public class CapsTests(BrowserHouse house)
{
    [Fact]
    public async Task Owner_caps_and_pauses_the_wallet_and_nothing_is_paid_beyond()
    {
        await using var reader = await house.NewReaderAsync(360);
        var page = await reader.NewTabAsync();
        var payee = await house.NewPayeeAsync();
        await page.GotoAsync(new Uri(house.Server, "/caps").AbsoluteUri);
        await Expect(page.GetByText("there is nothing to cap")).ToBeVisibleAsync();
        await PayAsync("/first", "0.30 USD");
        await Expect(page).ToHaveURLAsync(Back);

        await page.GotoAsync(new Uri(house.Server, "/caps").AbsoluteUri);
        await page.GetByLabel("In a day").FillAsync("a little");
        await page.GetByRole(AriaRole.Button, new() { Name = "Set these caps" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("is not an amount");
        await Expect(page.GetByLabel("In a day")).ToHaveValueAsync("a little");
        await page.GetByLabel("In a day").FillAsync("0.50");
        await page.GetByLabel("Time zone").FillAsync("Europe/Nowhere");
        await page.GetByRole(AriaRole.Button, new() { Name = "Set these caps" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("The time zone is not known");
        // Where this day does not end meanwhile.
        await page.GetByLabel("Time zone").FillAsync(TimeProvider.System.GetUtcNow().Hour >= 21 ? "Asia/Tokyo" : "Europe/Paris");
        await page.GetByRole(AriaRole.Button, new() { Name = "Set these caps" }).ClickAsync();
        await Expect(page.GetByText("0.50 USD left until")).ToBeVisibleAsync();
        await Reader.TakePictureAsync(page, "caps");

        await PayAsync("/second", "0.40 USD");
        await Expect(page).ToHaveURLAsync(Back);
        await PayAsync("/third", "0.20 USD");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Your own cap stops this payment");
        await Expect(page.GetByText("Of what your wallet may pay in this day, 0.10 USD is left.")).ToBeVisibleAsync();
        await Reader.TakePictureAsync(page, "caps-reached");

        await page.GotoAsync(new Uri(house.Server, "/caps").AbsoluteUri);
        await Expect(page.GetByText("0.10 USD left until")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Pause all payments" }).ClickAsync();
        await Expect(page.GetByText("Nothing is paid from this wallet")).ToBeVisibleAsync();
        await Reader.TakePictureAsync(page, "caps-paused");
        await PayAsync("/fourth", "0.05 USD");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Your wallet is paused");
        await page.GetByRole(AriaRole.Link, new() { Name = "Go to the wallet" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Let it pay again" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Let it pay again" }).ClickAsync();
        await PayAsync("/fourth", "0.05 USD");
        await Expect(page).ToHaveURLAsync(Back);

        Assert.Equal(["−0.05 USD", "−0.40 USD", "−0.30 USD", "+10.00 USD"], (await reader.ReadStatementAsync(page)).Select(line => line.Amount));
        var (content, window) = await reader.MeasureWidthAsync(page);
        Assert.True(content <= window, "The statement scrolls sideways.");
        reader.AssertClean();

        async Task PayAsync(string resource, string price)
        {
            await page.GotoAsync(payee.PayAddress(payee.NewTerms(resource, price)));
            await page.GetByRole(AriaRole.Button, new() { Name = $"Pay {price}" }).ClickAsync();
        }
    }

    [Fact]
    public async Task Reader_reads_on_tab_sees_what_is_owed_and_pays_it_all_at_once()
    {
        await using var reader = await house.NewReaderAsync();
        var page = await reader.NewTabAsync();
        var payee = await house.NewPayeeAsync();
        var offer = await payee.NewOfferAsync("""{"name":"One article","pricing":{"model":"tab","price":{"amount":"0.02","currency":"USD"},"payAt":{"amount":"5","currency":"USD"}}}""");
        foreach (var resource in new[] { "/one", "/two", "/three" })
        {
            await page.GotoAsync(payee.PayAddress(payee.NewTerms(resource) with { Amount = null, Offer = offer }));
            await Expect(page.GetByText("nothing is taken now")).ToBeVisibleAsync();
            await Reader.TakePictureAsync(page, "pay-on-tab");
            await page.GetByRole(AriaRole.Button, new() { Name = "Read on tab for 0.02 USD" }).ClickAsync();
            await Expect(page).ToHaveURLAsync(Back);
        }

        await page.GotoAsync(house.Server.AbsoluteUri);
        await Expect(page.GetByText("You owe The Test Gazette 0.06 USD")).ToBeVisibleAsync();
        await Reader.TakePictureAsync(page, "wallet-tab");
        await page.GetByRole(AriaRole.Button, new() { Name = "Pay 0.06 USD" }).ClickAsync();
        await Expect(page.GetByText("You owe")).ToHaveCountAsync(0);
        Assert.Equal(["−0.06 USD", "+10.00 USD"], (await reader.ReadStatementAsync(page)).Select(line => line.Amount));
        reader.AssertClean();
    }

    private Regex Back => new("^" + Regex.Escape(house.Site.AbsoluteUri));
}
