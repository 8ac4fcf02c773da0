using Farthing.Protocol;
using Farthing.Server.Tests.Sdk;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Farthing.Browser.Tests;

/// <summary>A page that is metered, read in Chromium, at the width of a phone and of a desk.</summary>
public class MeterTests(BrowserHouse house)
{
    [Theory]
    [InlineData(360)]
    [InlineData(1200)]
    public async Task A_reader_sees_what_is_held_starts_reads_and_stops(int width)
    {
        await using var site = await MeteredSite.OpenAsync(house.Server);
        await using var reader = await house.NewReaderAsync(width);
        var page = await reader.NewTabAsync();
        var words = new Uri(site.Address, "/words").AbsoluteUri;
        await page.GotoAsync(words);
        await LookAsync("meter-asked");
        await Expect(page.GetByText("At most 0.01 USD is held")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Start a meter" }).ClickAsync();
        await Expect(page.GetByText("0.001 USD for each unit")).ToBeVisibleAsync();
        await Expect(page.GetByText("you never pay more than that")).ToBeVisibleAsync();
        await LookAsync("meter-pay");
        await page.GetByRole(AriaRole.Button, new() { Name = "Start, and hold 0.01 USD" }).ClickAsync();
        await Expect(page.GetByText(MeteredSite.Words)).ToBeVisibleAsync();
        Assert.Equal(words, page.Url);
        await page.GotoAsync(words);
        await Expect(page.GetByText(MeteredSite.Words)).ToBeVisibleAsync();

        var meter = Assert.Single(site.Served);
        Assert.Equal(2, meter.Value);
        var payment = new Uri(house.Server, $"/payments/{new Id<PaymentKind>(meter.Key.Value)}").AbsoluteUri;
        await Server.Tests.Rest.Eventually.TrueAsync(async () =>
        {
            await page.GotoAsync(payment);
            return await page.GetByText("0.002 USD so far").IsVisibleAsync();
        });
        await Expect(page.Locator("dd", new() { HasTextRegex = new(@"^\s*Words\s*$") })).ToBeVisibleAsync();
        Assert.DoesNotContain("meter:", await page.ContentAsync(), StringComparison.Ordinal);
        await LookAsync("meter-payment");
        await page.GetByRole(AriaRole.Button, new() { Name = "Stop, and take the rest back" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "0.002 USD" })).ToBeVisibleAsync();
        await LookAsync("meter-stopped");

        async Task LookAsync(string name)
        {
            await Reader.TakePictureAsync(page, name);
            var (content, window) = await reader.MeasureWidthAsync(page);
            Assert.True(content <= window, $"{page.Url} is {content} wide in a window of {window}.");
        }
    }
}
