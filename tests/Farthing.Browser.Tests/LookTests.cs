using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Farthing.Browser.Tests;

/// <summary>Every page at the width of a phone and of a desk, under the eyes of an accessibility checker, and by keyboard alone. With <c>FARTHING_SCREENSHOTS</c> set, pictures for people to look at.</summary>
public class LookTests(BrowserHouse house)
{
    [Theory]
    [InlineData(360, false)]
    [InlineData(360, true)]
    [InlineData(1200, false)]
    [InlineData(1200, true)]
    public async Task No_page_scrolls_sideways_or_breaks_a_rule_of_WCAG(int width, bool dark)
    {
        await using var reader = await house.NewReaderAsync(width, dark, scripts: true);
        var page = await reader.NewTabAsync();
        var seen = 0;

        await page.GotoAsync(house.Server.AbsoluteUri);
        await LookAsync("wallet-none");
        await page.GotoAsync(house.Site.AbsoluteUri);
        await LookAsync("site-front");
        await reader.VisitArticleAsync(page, "coffeehouse-tokens");
        await LookAsync("site-unpaid");
        await page.GetByRole(AriaRole.Link, new() { Name = "Read on for" }).ClickAsync();
        await LookAsync("pay");
        await page.GetByRole(AriaRole.Button, new() { Name = "Pay" }).ClickAsync();
        await Expect(page.Locator(".paid")).ToBeVisibleAsync();
        await LookAsync("site-paid");
        await page.GetByRole(AriaRole.Link, new() { Name = "Refund until" }).ClickAsync();
        await LookAsync("payment");
        await page.GetByRole(AriaRole.Button, new() { Name = "Refund" }).ClickAsync();
        await LookAsync("payment-refunded");
        await page.GotoAsync(house.Server.AbsoluteUri);
        await LookAsync("wallet");
        await page.GetByRole(AriaRole.Link, new() { Name = "The whole statement" }).ClickAsync();
        await LookAsync("statement");
        await page.GotoAsync(new Uri(house.Server, "/caps").AbsoluteUri);
        await LookAsync("caps");
        await page.GotoAsync(new Uri(house.Server, "/automatic-top-up").AbsoluteUri);
        await LookAsync("automatic-top-up");
        // In two of the four, as each look takes its time: two plans, so that there are two forms; then what costs more than is left.
        var seesPlans = width < 500 != dark;
        if (seesPlans) await LookAtPlansAsync();
        await page.GotoAsync(new Uri(house.Server, "/fees").AbsoluteUri);
        await LookAsync("fees");
        await page.GotoAsync(new Uri(house.Server, "/recover").AbsoluteUri);
        await LookAsync("recover");
        await page.GotoAsync(new Uri(house.Server, "/pay?terms=edited").AbsoluteUri);
        await LookAsync("refused");
        await page.GotoAsync(new Uri(house.Site, "/articles/nothing-here").AbsoluteUri);
        await LookAsync("site-not-found");

        Assert.Equal(seesPlans ? 18 : 15, seen);
        reader.AssertClean();

        async Task LookAtPlansAsync()
        {
            var payee = await house.NewPayeeAsync();
            foreach (var plan in new[] { "The paper", "The archive" })
            {
                var offer = await payee.NewOfferAsync($$$"""{"name":"{{{plan}}}","pricing":{"model":"subscription","price":{"amount":"2","currency":"USD"},"every":"month"}}""");
                await page.GotoAsync(payee.PayAddress(payee.NewTerms($"subscription:{offer}") with { Amount = null, Offer = offer }));
                if (plan == "The paper") await LookAsync("subscribe");
                await page.GetByRole(AriaRole.Button, new() { Name = "Subscribe for 2.00 USD a month" }).ClickAsync();
                await Expect(page).ToHaveURLAsync(new Regex("^" + Regex.Escape(house.Site.AbsoluteUri)));
            }

            await page.GotoAsync(new Uri(house.Server, "/subscriptions").AbsoluteUri);
            await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Cancel" })).ToHaveCountAsync(2);
            await LookAsync("subscriptions");
            await page.GotoAsync(payee.PayAddress(payee.NewTerms("/dear", "7 USD")));
            await Expect(page.GetByText("Your wallet lacks")).ToBeVisibleAsync();
            await LookAsync("pay-lacking");
        }

        async Task LookAsync(string name)
        {
            seen++;
            await Reader.TakePictureAsync(page, dark ? $"{name}-dark" : name);
            var (content, window) = await reader.MeasureWidthAsync(page);
            Assert.True(content <= window, $"{page.Url} is {content} wide in a window of {window}.");
            await WcagChecker.AssertSoundAsync(page);
            Assert.False((await page.TitleAsync()).TrimStart().StartsWith('·'), $"{page.Url} has no title.");
            await Expect(page.GetByRole(AriaRole.Main)).ToHaveCountAsync(1);
            await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveCountAsync(1);
        }
    }

    [Fact]
    public async Task Article_can_be_bought_and_refunded_by_keyboard_alone()
    {
        await using var reader = await house.NewReaderAsync();
        var page = await reader.NewTabAsync();
        await page.GotoAsync(house.Site.AbsoluteUri);
        await PressAsync("a[href='/articles/the-farthing']");
        await Expect(page.Locator(".farthing-offer")).ToBeVisibleAsync();
        await PressAsync(".farthing-button");
        await Expect(page).ToHaveTitleAsync("Pay 0.02 USD to The Farthing Newsroom · Farthing");
        await PressAsync("button");
        await Expect(page.GetByText("a way of saying that a thing was worth very little, and not nothing")).ToBeVisibleAsync();
        await PressAsync(".paid a");
        await PressAsync("form button");
        await Expect(page.GetByText("The money is back in your wallet")).ToBeVisibleAsync();
        reader.AssertClean();

        async Task PressAsync(string selector)
        {
            await Reader.TabToAsync(page, selector);
            await page.Keyboard.PressAsync("Enter");
            await page.WaitForLoadStateAsync();
        }
    }
}
