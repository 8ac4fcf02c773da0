using Farthing.Server.Tests;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Farthing.Browser.Tests;

/// <summary>A wallet whose cookie is lost comes back by a code that was written down.</summary>
public class RecoverTests(BrowserHouse house)
{
    [Fact]
    public async Task A_code_that_was_written_down_moves_the_wallet_to_another_browser()
    {
        await using var owner = await house.NewReaderAsync(360);
        var page = await owner.NewTabAsync();
        await page.GotoAsync(house.Server.AbsoluteUri);
        await page.GetByRole(AriaRole.Button, new() { Name = "Make a wallet" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Lost your wallet" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Show my code" }).ClickAsync();
        var code = (await page.Locator("#code").TextContentAsync())!.Trim();
        await Reader.TakePictureAsync(page, "recover-code");
        await page.GetByLabel("Type it back").FillAsync("something else");
        await page.GetByRole(AriaRole.Button, new() { Name = "I have written it down" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("not the code that is shown");
        // The same code is shown still.
        await Expect(page.Locator("#code")).ToHaveTextAsync(code);
        await page.GetByLabel("Type it back").FillAsync(code.ToLowerInvariant().Replace("-", " ", StringComparison.Ordinal));
        await page.GetByRole(AriaRole.Button, new() { Name = "I have written it down" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("You have a way back");
        await Expect(page.Locator("#code")).ToHaveCountAsync(0);

        await using var finder = await house.NewReaderAsync();
        var other = await finder.NewTabAsync();
        await other.GotoAsync(house.Server.AbsoluteUri);
        await other.GetByRole(AriaRole.Button, new() { Name = "Make a wallet" }).ClickAsync();
        await other.GotoAsync(new Uri(house.Server, "/recover").AbsoluteUri);
        await RecoverAsync(code);
        // A wallet with money and without a code of its own is not given up for another one.
        await Expect(other.GetByRole(AriaRole.Alert)).ToContainTextAsync("Write down its own code first");
        await Reader.TakePictureAsync(other, "recover-refused");

        await using var fresh = await house.NewReaderAsync(scripts: true);
        other = await fresh.NewTabAsync();
        var payee = await house.PostAsync("/v1/payees", ServerProcess.OperatorKey, """{"name":"La Gazette","currency":"EUR"}""");
        await other.GotoAsync(new Uri(house.Server, $"/tip?payee={payee.GetProperty("id").GetString()}&amounts=1").AbsoluteUri);
        await other.GetByRole(AriaRole.Button, new() { Name = "Tip 1.00 EUR" }).ClickAsync();
        await other.WaitForLoadStateAsync();
        await other.GotoAsync(new Uri(house.Server, "/recover").AbsoluteUri);
        await RecoverAsync(code[..^1] + (code[^1] == '0' ? '1' : '0'));
        await Expect(other.GetByRole(AriaRole.Alert)).ToContainTextAsync("No wallet has this code");
        await RecoverAsync(code);
        await Expect(other.GetByRole(AriaRole.Status)).ToContainTextAsync("Your wallet is in this browser.");
        await Expect(other.GetByRole(AriaRole.Region, new() { Name = "Code, USD" })).ToBeVisibleAsync();
        // The wallet in another currency has no code, and is not in the way.
        await Expect(other.GetByRole(AriaRole.Region, new() { Name = "Code, EUR" })).ToBeVisibleAsync();
        await WcagChecker.AssertSoundAsync(other);
        await Reader.TakePictureAsync(other, "recover-done");
        // As if the answer had been lost.
        await other.GotoAsync(new Uri(house.Server, "/recover").AbsoluteUri);
        await RecoverAsync(code);
        await Expect(other.GetByRole(AriaRole.Status)).ToContainTextAsync("Your wallet is in this browser.");
        await other.GotoAsync(house.Server.AbsoluteUri);
        await Expect(other.GetByText("10.00 USD").First).ToBeVisibleAsync();
        await Expect(other.GetByText("9.00 EUR").First).ToBeVisibleAsync();
        await page.GotoAsync(house.Server.AbsoluteUri);
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Make a wallet" })).ToBeVisibleAsync();
        fresh.AssertClean();

        async Task RecoverAsync(string typed)
        {
            await other.GetByLabel("Your code").FillAsync(typed);
            await other.GetByRole(AriaRole.Button, new() { Name = "Give me my wallet" }).ClickAsync();
        }
    }
}
