using System.Text.RegularExpressions;
using Farthing.Protocol;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Farthing.Browser.Tests;

/// <summary>The elements of <c>/farthing.js</c> on a static page of another origin, which cannot sign anything and allows nothing but the script and what it fetches.</summary>
public sealed partial class ScriptTests(BrowserHouse house) : IAsyncDisposable
{
    private readonly StaticSite site = new(house);

    public ValueTask DisposeAsync() => site.DisposeAsync();

    private const string Song = """{"name":"A song","resource":"/songs/one.flac","price":{"amount":"0.05","currency":"USD"}}""";

    [Fact]
    public async Task Reader_buys_an_offer_in_a_window_of_its_own_and_the_page_hears_of_it()
    {
        await using var reader = await house.NewReaderAsync(scripts: true);
        var offer = await (await site.NewPayeeAsync()).NewOfferAsync(Song);
        var page = await OpenAsync(reader, "/static/song", $"""<farthing-pay offer="{offer}"><a href="/elsewhere">Buy it</a></farthing-pay>""");

        await Expect(page.GetByText("Buy it")).ToBeHiddenAsync();
        var window = await page.RunAndWaitForPopupAsync(() => page.GetByRole(AriaRole.Button, new() { Name = "A song, 0.05 USD" }).ClickAsync());
        await Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("Go on in the window that has opened.");
        await Expect(window.GetByText("The Test Gazette").First).ToBeVisibleAsync();
        var closed = ClosedAsync(window);
        await window.GetByRole(AriaRole.Button, new() { Name = "Pay 0.05 USD" }).ClickAsync();

        await Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("Paid. Thank you.");
        await closed;
        await Expect(page.Locator("farthing-pay[paid]")).ToHaveCountAsync(1);
        var paid = await page.EvaluateAsync<string[]>("() => window.paid.map(event => event.entitlement)");
        var entitlement = Assert.Single(paid);
        Assert.True(VerifyingKey.TryParse(await house.GetTextAsync("/v1/entitlement-key"), out var key));
        Assert.True(Entitlement.TryVerify(entitlement, key, out var read));
        Assert.Equal("/songs/one.flac", read.Resource);
        Assert.EndsWith($"/payments/{read.Payment}", await page.GetByRole(AriaRole.Link, new() { Name = "Receipt and refund" }).GetAttributeAsync("href"), StringComparison.Ordinal);

        await page.ReloadAsync();
        await Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("Paid. Thank you.");
        Assert.Equal(["−0.05 USD", "+10.00 USD"], (await reader.ReadStatementAsync(page)).Select(line => line.Amount));
        reader.AssertClean();
    }

    [Fact]
    public async Task Without_windows_the_same_tab_goes_to_the_wallet_and_comes_back_by_keyboard_alone()
    {
        await using var reader = await house.NewReaderAsync(360, scripts: true);
        var offer = await (await site.NewPayeeAsync()).NewOfferAsync(Song);
        var page = await OpenAsync(reader, "/static/redirect", $"""<farthing-pay offer="{offer}" redirect label="Buy the song"></farthing-pay>""");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Buy the song" })).ToBeVisibleAsync();
        await Reader.TakePictureAsync(page, "script-pay");
        await Reader.TabToAsync(page, "farthing-pay button");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page).ToHaveTitleAsync("Pay 0.05 USD to The Test Gazette · Farthing");
        await Reader.TabToAsync(page, "form button");
        await page.Keyboard.PressAsync("Enter");

        await Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("Paid. Thank you.");
        Assert.Equal(new Uri(site.Address, "/static/redirect?kept=1").AbsoluteUri, page.Url);
        Assert.Equal("1", await page.EvaluateAsync<string>("() => String(window.paid.length)"));
        reader.AssertClean();
    }

    [Fact]
    public async Task Reader_leaves_a_tip_of_an_own_amount()
    {
        await using var reader = await house.NewReaderAsync(scripts: true);
        var payee = await site.NewPayeeAsync();
        var page = await OpenAsync(reader, "/static/tip", $"""<farthing-tip payee="{payee.Id}" amounts="0.25 2"></farthing-tip>""");
        var window = await page.RunAndWaitForPopupAsync(() => page.GetByRole(AriaRole.Button, new() { Name = "Leave a tip" }).ClickAsync());
        await Expect(window.GetByRole(AriaRole.Button, new() { Name = "Tip 0.25 USD" })).ToBeVisibleAsync();
        await Expect(window.GetByRole(AriaRole.Button, new() { Name = "Tip 2.00 USD" })).ToBeVisibleAsync();
        await Reader.TakePictureAsync(window, "tip");
        await window.GetByLabel("Another amount").FillAsync("much");
        await window.GetByRole(AriaRole.Button, new() { Name = "Tip that" }).ClickAsync();
        await Expect(window.GetByRole(AriaRole.Alert)).ToContainTextAsync("That is not an amount.");
        await window.GetByLabel("Another amount").FillAsync("20");
        await window.GetByRole(AriaRole.Button, new() { Name = "Tip that" }).ClickAsync();
        await Expect(window.GetByRole(AriaRole.Alert)).ToContainTextAsync("Your wallet holds less than that.");
        await window.GetByRole(AriaRole.Button, new() { Name = "Top up" }).ClickAsync();
        await window.GetByLabel("Another amount").FillAsync("12.34");
        var closed = ClosedAsync(window);
        // Not the first button's amount.
        await window.Keyboard.PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("Thank you for the tip.");
        await closed;
        Assert.Equal(["−12.34 USD", "+10.00 USD", "+10.00 USD"], (await reader.ReadStatementAsync(page)).Select(line => line.Amount));
        reader.AssertClean();
    }

    [Fact]
    public async Task What_a_gate_guards_opens_in_the_page_that_shows_its_beginning()
    {
        await using var reader = await house.NewReaderAsync(scripts: true);
        await site.NewPayeeAsync();
        var page = await OpenAsync(reader, "/static/paywall", """<farthing-paywall src="/paid/rest"><p>How it begins.</p></farthing-paywall>""");
        await Expect(page.GetByText("How it begins.")).ToBeVisibleAsync();
        await Reader.TakePictureAsync(page, "script-paywall");
        var window = await page.RunAndWaitForPopupAsync(() => page.GetByRole(AriaRole.Button, new() { Name = "Read on for 0.02 USD" }).ClickAsync());
        var closed = ClosedAsync(window);
        await window.GetByRole(AriaRole.Button, new() { Name = "Pay 0.02 USD" }).ClickAsync();

        await Expect(page.GetByText("How it begins.")).ToHaveCountAsync(0);
        await closed;
        await Expect(page.Locator("farthing-paywall[paid]")).ToBeFocusedAsync();
        await Expect(page.GetByText("How it ends.")).ToBeVisibleAsync();
        await page.ReloadAsync();
        await Expect(page.Locator("farthing-paywall[paid]")).ToHaveCountAsync(1);
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Read on" })).ToHaveCountAsync(0);
        Assert.Equal(["−0.02 USD", "+10.00 USD"], (await reader.ReadStatementAsync(page)).Select(line => line.Amount));
        reader.AssertClean();
    }

    [Fact]
    public async Task An_answer_that_nobody_asked_for_does_nothing_and_is_taken_out_of_the_address()
    {
        await using var reader = await house.NewReaderAsync(scripts: true);
        var offer = await (await site.NewPayeeAsync()).NewOfferAsync(Song);
        var page = await OpenAsync(reader, "/static/forged", $"""<farthing-pay offer="{offer}"></farthing-pay>""", "?farthing-for=aaaaaaaaaaaaaaaaaaaaaaaa&farthing=eyJwYXltZW50IjoicGF5XzEifQ.x&kept=1");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "A song, 0.05 USD" })).ToBeVisibleAsync();
        Assert.Equal(new Uri(site.Address, "/static/forged?kept=1").AbsoluteUri, page.Url);
        await Expect(page.Locator("farthing-pay[paid]")).ToHaveCountAsync(0);
        reader.AssertClean();
    }

    [Theory]
    [InlineData("https://elsewhere.example/")]
    [InlineData("//elsewhere.example/")]
    [InlineData("javascript:alert(1)")]
    [InlineData("http://localhost.elsewhere.example/")]
    [InlineData("http://user@localhost/")]
    [InlineData("/relative")]
    public async Task Nobody_is_sent_back_to_a_site_that_the_payee_has_not_registered(string back)
    {
        await using var reader = await house.NewReaderAsync();
        var page = await reader.NewTabAsync();
        var payee = await site.NewPayeeAsync();
        var offer = await payee.NewOfferAsync(Song);
        foreach (var address in new[] { $"/buy?offer={offer}&return={Uri.EscapeDataString(back)}", $"/tip?payee={payee.Id}&return={Uri.EscapeDataString(back)}" })
        {
            var answer = await page.GotoAsync(new Uri(house.Server, address).AbsoluteUri);
            Assert.True(answer!.Status is >= 400 and < 500, $"{address}: {answer.Status}");
            await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("This payment request leads to a stranger");
            Assert.DoesNotContain("elsewhere", await page.ContentAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_page_that_signs_nothing_sells_only_what_the_offer_names_at_its_price()
    {
        await using var reader = await house.NewReaderAsync();
        var page = await reader.NewTabAsync();
        var payee = await site.NewPayeeAsync();
        var song = await payee.NewOfferAsync(Song);
        var album = await payee.NewOfferAsync("""{"name":"An album","resources":["/songs/*"],"price":{"amount":"1","currency":"USD"}}""");
        var nothing = await payee.NewOfferAsync("""{"name":"Whatever","price":{"amount":"0.01","currency":"USD"}}""");

        await ExpectTitleAsync($"offer={song}", "Pay 0.05 USD to The Test Gazette · Farthing");
        await ExpectTitleAsync($"offer={song}&resource=/songs/one.flac&amount=0.01", "Pay 0.05 USD to The Test Gazette · Farthing");
        await ExpectTitleAsync($"offer={album}&resource=/songs/two.flac", "Pay 1.00 USD to The Test Gazette · Farthing");
        await ExpectTitleAsync($"offer={song}&resource=/songs/two.flac", "A field has a value that is not allowed · Farthing");
        await ExpectTitleAsync($"offer={album}&resource=/films/one", "A field has a value that is not allowed · Farthing");
        await ExpectTitleAsync($"offer={album}", "A field has a value that is not allowed · Farthing");
        await ExpectTitleAsync($"offer={nothing}", "A field has a value that is not allowed · Farthing");
        await ExpectTitleAsync($"offer={song}&nonce=short", "A field has a value that is not allowed · Farthing");

        async Task ExpectTitleAsync(string query, string title)
        {
            await page.GotoAsync(new Uri(house.Server, $"/buy?{query}").AbsoluteUri);
            await Expect(page).ToHaveTitleAsync(title);
        }
    }

    [Fact]
    public async Task The_script_is_one_small_file_that_any_page_may_load()
    {
        using var http = new HttpClient { BaseAddress = house.Server };
        using var answer = await http.GetAsync("/farthing.js", TestContext.Current.CancellationToken);
        Assert.Equal("*", Assert.Single(answer.Headers.GetValues("Access-Control-Allow-Origin")));
        Assert.Equal("text/javascript", answer.Content.Headers.ContentType!.MediaType);
        var script = await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        Assert.InRange(script.Length, 1, 10_000);
        // Nothing is told to other origins, and no cookie of another site is needed.
        Assert.DoesNotMatch(Told(), System.Text.Encoding.UTF8.GetString(script));
    }

    private async Task<IPage> OpenAsync(Reader reader, string path, string body, string query = "?kept=1")
    {
        var address = site.PutPage(path, body);
        var page = await reader.NewTabAsync();
        await page.AddInitScriptAsync("window.paid = []; addEventListener('farthing-paid', event => window.paid.push(event.detail));");
        await page.GotoAsync(address + query);
        return page;
    }

    private static Task ClosedAsync(IPage window)
    {
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        window.Close += (_, _) => closed.TrySetResult();
        return closed.Task.WaitAsync(TimeSpan.FromMinutes(2));
    }

    [GeneratedRegex(@"opener|parent|targetOrigin|document\.cookie|credentials|'\*'")]
    private static partial Regex Told();
}
