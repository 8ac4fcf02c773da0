using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Farthing.Browser.Tests;

/// <summary>What a screen reader is given of the elements of <c>/farthing.js</c>, step by step, and what an accessibility checker says of them.</summary>
public sealed class ScreenReaderTests(BrowserHouse house) : IAsyncDisposable
{
    private const string Opens = "(Your wallet opens in a window and says who is paid.)";
    private readonly StaticSite site = new(house);

    public ValueTask DisposeAsync() => site.DisposeAsync();

    [Fact]
    public async Task A_purchase_is_heard_from_its_price_to_its_receipt()
    {
        await using var reader = await house.NewReaderAsync(scripts: true);
        var offer = await (await site.NewPayeeAsync()).NewOfferAsync("""{"name":"A song","resource":"/songs/one.flac","price":{"amount":"0.05","currency":"USD"}}""");
        var page = await OpenAsync(reader, "/static/heard", $"""<farthing-pay offer="{offer}"><a href="/elsewhere">Buy it</a></farthing-pay><p><a href="/after">After it</a></p>""");
        await Expect(page.Locator("farthing-pay button")).ToBeVisibleAsync();

        // What tells of changes is there before the first of them; the link for browsers without scripts is gone for everybody.
        Assert.Equal([$"button \"A song, 0.05 USD\" {Opens}", "status live=polite"], await HearAsync(page, "farthing-pay"));
        await WcagChecker.AssertSoundAsync(page);
        await Expect(page.Locator("farthing-pay button")).ToHaveAttributeAsync("lang", "");
        await Expect(page.Locator("farthing-pay p")).ToHaveAttributeAsync("lang", "en");
        await page.Keyboard.PressAsync("Tab");
        await Expect(page.Locator("farthing-pay button")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Tab");
        await Expect(page.GetByText("After it")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Shift+Tab");

        var window = await page.RunAndWaitForPopupAsync(() => page.Keyboard.PressAsync("Enter"));
        await Expect(page.Locator("farthing-pay p a")).ToBeVisibleAsync();
        Assert.Equal(
            [
                $"button \"A song, 0.05 USD\" {Opens} focused", "status live=polite", "StaticText \"Go on in the window that has opened.\"",
                "link \"No window? Go on here.\" (Go on in the window that has opened.)",
            ],
            await HearAsync(page, "farthing-pay"));
        await Expect(window.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToBeVisibleAsync();
        Assert.Equal("heading \"Pay 0.05 USD to The Test Gazette\"", (await HearAsync(window, "h1"))[0]);
        await window.GetByRole(AriaRole.Button, new() { Name = "Pay 0.05 USD" }).ClickAsync();

        // The button that had the focus is gone; whoever pressed it hears the answer, and is at the receipt.
        await Expect(page.Locator("farthing-pay p a")).ToBeFocusedAsync();
        Assert.Equal(["status live=polite", "StaticText \"Paid. Thank you.\"", "link \"Receipt and refund\" (Paid. Thank you.) focused"], await HearAsync(page, "farthing-pay"));
        await WcagChecker.AssertSoundAsync(page);
        reader.AssertClean();
    }

    [Fact]
    public async Task Who_went_on_elsewhere_in_the_page_is_left_there()
    {
        await using var reader = await house.NewReaderAsync(scripts: true);
        var offer = await (await site.NewPayeeAsync()).NewOfferAsync("""{"name":"A song","resource":"/songs/two.flac","price":{"amount":"0.05","currency":"USD"}}""");
        var page = await OpenAsync(reader, "/static/elsewhere", $"""<farthing-pay offer="{offer}" label="Das Lied kaufen" lang="de"></farthing-pay><p><label>Notes <input></label></p>""");
        var window = await page.RunAndWaitForPopupAsync(() => page.GetByRole(AriaRole.Button, new() { Name = "Das Lied kaufen" }).ClickAsync());
        // Whose words they are, is whose language they are in.
        await Expect(page.Locator("farthing-pay button")).ToHaveAttributeAsync("lang", "");
        await page.GetByLabel("Notes").FocusAsync();
        await window.GetByRole(AriaRole.Button, new() { Name = "Pay 0.05 USD" }).ClickAsync();
        await Expect(page.Locator("farthing-pay p a")).ToHaveTextAsync("Receipt and refund");
        await Expect(page.GetByLabel("Notes")).ToBeFocusedAsync();
        reader.AssertClean();
    }

    [Fact]
    public async Task A_tip_is_heard_and_the_way_back_in_the_same_tab_leads_to_the_button()
    {
        await using var reader = await house.NewReaderAsync(scripts: true);
        var payee = await site.NewPayeeAsync();
        var page = await OpenAsync(reader, "/static/heard-tip", $"""<farthing-tip payee="{payee.Id}" amounts="0.25" redirect></farthing-tip>""");
        await Expect(page.Locator("farthing-tip button")).ToBeVisibleAsync();
        Assert.Equal(["button \"Leave a tip\" (Your wallet says who is paid.)", "status live=polite"], await HearAsync(page, "farthing-tip"));
        await Expect(page.Locator("farthing-tip button")).ToHaveAttributeAsync("lang", "en");
        await WcagChecker.AssertSoundAsync(page);

        await page.GetByRole(AriaRole.Button, new() { Name = "Leave a tip" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToContainTextAsync("The Test Gazette");
        await WcagChecker.AssertSoundAsync(page);
        await page.GetByRole(AriaRole.Button, new() { Name = "Tip 0.25 USD" }).ClickAsync();
        await Expect(page.Locator("farthing-tip button")).ToBeFocusedAsync();
        Assert.Equal(["button \"Leave a tip\" (Your wallet says who is paid.) focused", "status live=polite", "StaticText \"Thank you for the tip.\""], await HearAsync(page, "farthing-tip"));
        reader.AssertClean();
    }

    [Fact]
    public async Task A_paywall_tells_that_the_rest_is_on_its_way_and_reading_goes_on_in_it()
    {
        await using var reader = await house.NewReaderAsync(scripts: true);
        await site.NewPayeeAsync();
        var page = await reader.NewTabAsync();
        // The rest comes only when the test says so.
        using var gate = new SemaphoreSlim(0);
        await page.RouteAsync("**/paid/rest*", async route =>
        {
            await gate.WaitAsync();
            await route.ContinueAsync();
        });
        await page.GotoAsync(site.PutPage("/static/heard-paywall", """<farthing-paywall src="/paid/rest"><p>How it begins.</p></farthing-paywall>"""));
        await Expect(page.GetByText("How it begins.")).ToBeVisibleAsync();
        gate.Release();
        await Expect(page.Locator("farthing-paywall button")).ToBeVisibleAsync();
        Assert.Equal(
            ["StaticText \"How it begins.\"", $"button \"Read on for 0.02 USD\" {Opens}", "status live=polite", "StaticText \"You see who is paid, and confirm. What you have paid for is not paid again.\""],
            await HearAsync(page, "farthing-paywall"));
        await WcagChecker.AssertSoundAsync(page);

        var window = await page.RunAndWaitForPopupAsync(() => page.GetByRole(AriaRole.Button, new() { Name = "Read on for 0.02 USD" }).ClickAsync());
        await window.GetByRole(AriaRole.Button, new() { Name = "Pay 0.02 USD" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync("The rest is on its way.");
        // Nobody pays a second time because the first is not there yet.
        Assert.Equal(
            ["StaticText \"How it begins.\"", $"button \"Read on for 0.02 USD\" {Opens} disabled focused", "status live=polite", "StaticText \"The rest is on its way.\""],
            await HearAsync(page, "farthing-paywall"));
        gate.Release();
        await Expect(page.Locator("farthing-paywall[paid]")).ToBeFocusedAsync();
        Assert.Equal(["article \"What you paid for\" focused", "StaticText \"How it ends.\"", "status live=polite", "StaticText \"Paid. Thank you.\""], await HearAsync(page, "farthing-paywall"));
        await WcagChecker.AssertSoundAsync(page);
        reader.AssertClean();
    }

    [Fact]
    public async Task A_price_that_cannot_be_had_is_said()
    {
        await using var reader = await house.NewReaderAsync(scripts: true);
        var page = await OpenAsync(reader, "/static/heard-closed", """<farthing-pay offer="off_00000000000000000000000007"><a href="/elsewhere">Buy it</a></farthing-pay>""");
        await Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("no longer sold");
        Assert.Equal(["link \"Buy it\"", "status live=polite", "StaticText \"This is no longer sold.\""], await HearAsync(page, "farthing-pay"));
        reader.AssertClean();
    }

    [Fact]
    public async Task The_checker_sees_what_is_wrong_also_inside_an_element()
    {
        await using var reader = await house.NewReaderAsync(scripts: true);
        var page = await OpenAsync(reader, "/static/wrong", "<section id=\"host\"></section>");
        Assert.Empty(await WcagChecker.FindBrokenAsync(page));
        await page.EvaluateAsync("""
            () => {
              const root = document.getElementById('host').attachShadow({ mode: 'open' });
              root.innerHTML = '<button></button><p>Pale</p>';
              root.lastChild.style.color = '#ccc';
            }
            """);
        var broken = await WcagChecker.FindBrokenAsync(page);
        Assert.Contains(broken, one => one.StartsWith("input_label_exists", StringComparison.Ordinal));
        Assert.Contains(broken, one => one.StartsWith("text_contrast_sufficient", StringComparison.Ordinal));
    }

    private async Task<IPage> OpenAsync(Reader reader, string path, string body)
    {
        var address = site.PutPage(path, body);
        var page = await reader.NewTabAsync();
        await page.GotoAsync(address);
        return page;
    }

    private static Task<IReadOnlyList<string>> HearAsync(IPage page, string selector) => AccessibilityTree.ReadAsync(page, selector);
}
