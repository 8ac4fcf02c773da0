using System.Text.RegularExpressions;
using Farthing.Protocol;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Farthing.Browser.Tests;

/// <summary>The main job from end to end, as a person does it.</summary>
public partial class ReaderTests(BrowserHouse house)
{
    /// <summary>A sentence of the first article that is seen only when it is paid for.</summary>
    public const string PaidText = "It bought the end of the conversation on the doorstep.";

    private const string Slug = "the-penny-post";
    private static readonly TimeSpan ClosesWithin = TimeSpan.FromSeconds(61);

    [Fact]
    public async Task Reader_buys_an_article_reads_it_again_takes_the_money_back_and_it_closes()
    {
        await using var reader = await house.NewReaderAsync();
        var page = await reader.NewTabAsync();

        // 1. The front page, then an article: its beginning, the price and one button.
        await page.GotoAsync(house.Site.AbsoluteUri);
        await Expect(page.Locator(".articles li")).ToHaveCountAsync(5);
        await page.GetByRole(AriaRole.Link, new() { Name = "What it really costs to carry a letter" }).ClickAsync();
        await Expect(page.GetByText("In London in 1680")).ToBeVisibleAsync();
        await Expect(page.Locator(".farthing-button")).ToHaveCountAsync(1);
        await Expect(page.Locator("body")).ToContainTextAsync("0.02 USD");
        Assert.DoesNotContain(PaidText, await page.ContentAsync(), StringComparison.Ordinal);

        // 2. The wallet: who is paid, for what, how much.
        await page.GetByRole(AriaRole.Link, new() { Name = "Read on for 0.02 USD" }).ClickAsync();
        Assert.StartsWith(new Uri(house.Server, "/pay?terms=").AbsoluteUri, page.Url, StringComparison.Ordinal);
        var pay = page.Locator("main");
        foreach (var text in new[] { "The Farthing Newsroom", "What it really costs to carry a letter", "0.02 USD", "15 minutes", "0.0198 USD", "10.00 USD of play money", house.Site.GetLeftPart(UriPartial.Authority) })
            await Expect(pay).ToContainTextAsync(text);

        // 3. One button, and the article is there, at its own address.
        await page.GetByRole(AriaRole.Button, new() { Name = "Pay 0.02 USD" }).ClickAsync();
        await Expect(page.GetByText(PaidText)).ToBeVisibleAsync();
        Assert.Equal(reader.ArticleAddress(Slug), page.Url);

        // 4. Again costs nothing: reloaded, and in another tab.
        await page.ReloadAsync();
        await Expect(page.GetByText(PaidText)).ToBeVisibleAsync();
        var second = await reader.NewTabAsync();
        Assert.Equal(200, await reader.VisitArticleAsync(second, Slug));
        await Expect(second.GetByText(PaidText)).ToBeVisibleAsync();
        Assert.Equal([("Paid to The Farthing Newsroom", "−0.02 USD", "9.98 USD"), ("Top-up, play money", "+10.00 USD", "10.00 USD")], await reader.ReadStatementAsync(second));
        await Expect(second.Locator("tr", new() { HasText = "Paid to" }).Locator(".title")).ToHaveTextAsync("What it really costs to carry a letter");

        // 5. Not worth it: one click and the money is back.
        await page.GetByRole(AriaRole.Link, new() { Name = "Refund until" }).ClickAsync();
        var receipt = await DownloadReceiptAsync(page);
        await page.GetByRole(AriaRole.Button, new() { Name = "Refund 0.02 USD" }).ClickAsync();
        await Expect(page.GetByText("The money is back in your wallet")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Refund" })).ToHaveCountAsync(0);
        var refundedAt = TimeProvider.System.GetTimestamp();

        // 6. The article closes within a minute, and stays closed.
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        do
        {
            // A visit counts from when it began: a slow machine does not keep an article open.
            var begun = TimeProvider.System.GetElapsedTime(refundedAt);
            if (await reader.VisitArticleAsync(second, Slug) != 200) break;
            Assert.True(begun < ClosesWithin, "The article was still open to a visit that began a minute after the refund.");
        }
        while (await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken));

        Assert.Equal(402, await reader.VisitArticleAsync(second, Slug));
        Assert.DoesNotContain(PaidText, await second.ContentAsync(), StringComparison.Ordinal);

        // 7. To the last millionth: 10.00 - 0.02 + 0.02.
        var lines = await reader.ReadStatementAsync(page);
        Assert.Equal(
            [("Refund from The Farthing Newsroom", "+0.02 USD", "10.00 USD"), ("Paid to The Farthing Newsroom", "−0.02 USD", "9.98 USD"), ("Top-up, play money", "+10.00 USD", "10.00 USD")],
            lines);
        await page.GotoAsync(house.Server.AbsoluteUri);
        await Expect(page.Locator(".balance-figure")).ToHaveTextAsync("10.00 USD");
        await AssertProvesAsync(receipt);
        reader.AssertClean();
    }

    [Fact]
    public async Task Two_tabs_that_pay_at_once_pay_once()
    {
        await using var reader = await house.NewReaderAsync();
        var tabs = new[] { await reader.NewTabAsync(), await reader.NewTabAsync() };
        foreach (var tab in tabs)
        {
            await reader.VisitArticleAsync(tab, "toll-bridges");
            await tab.GetByRole(AriaRole.Link, new() { Name = "Read on for" }).ClickAsync();
        }

        await Task.WhenAll(tabs.Select(tab => tab.GetByRole(AriaRole.Button, new() { Name = "Pay" }).ClickAsync()));
        foreach (var tab in tabs) await Expect(tab.GetByText("What they mind is stopping.")).ToBeVisibleAsync();
        var lines = await reader.ReadStatementAsync(tabs[0]);
        Assert.Equal(["−0.02 USD", "+10.00 USD"], lines.Select(line => line.Amount));
        reader.AssertClean();
    }

    [Fact]
    public async Task Article_can_be_bought_again_after_the_refund()
    {
        await using var reader = await house.NewReaderAsync();
        var page = await reader.NewTabAsync();
        var payee = await house.NewPayeeAsync();
        for (var round = 0; round < 2; round++)
        {
            await page.GotoAsync(payee.PayAddress(payee.NewTerms()));
            await page.GetByRole(AriaRole.Button, new() { Name = "Pay 0.02 USD" }).ClickAsync();
            await Expect(page).ToHaveURLAsync(new Regex("^" + Regex.Escape(house.Site.AbsoluteUri)));
            await OpenNewestPaymentAsync(reader, page);
            await page.GetByRole(AriaRole.Button, new() { Name = "Refund" }).ClickAsync();
            await Expect(page.GetByText("The money is back")).ToBeVisibleAsync();
        }

        var lines = await reader.ReadStatementAsync(page);
        Assert.Equal(["+0.02 USD", "−0.02 USD", "+0.02 USD", "−0.02 USD", "+10.00 USD"], lines.Select(line => line.Amount));
        Assert.Equal("10.00 USD", lines[0].Balance);
    }

    [Fact]
    public async Task One_click_refunds_stop_at_the_payees_allowance_and_the_page_says_so()
    {
        await using var reader = await house.NewReaderAsync();
        var page = await reader.NewTabAsync();
        var payee = await house.NewPayeeAsync();
        for (var bought = 1; bought <= 6; bought++)
        {
            await page.GotoAsync(payee.PayAddress(payee.NewTerms($"/page/{bought}")));
            await page.GetByRole(AriaRole.Button, new() { Name = "Pay 0.02 USD" }).ClickAsync();
            await Expect(page).ToHaveURLAsync(new Regex("^" + Regex.Escape(house.Site.AbsoluteUri)));
            await OpenNewestPaymentAsync(reader, page);
            if (bought == 6) break;
            await Expect(page.GetByText($"{6 - bought} one-click refund")).ToBeVisibleAsync();
            await page.GetByRole(AriaRole.Button, new() { Name = "Refund 0.02 USD" }).ClickAsync();
            await Expect(page.GetByText("The money is back")).ToBeVisibleAsync();
        }

        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Refund" })).ToHaveCountAsync(0);
        await Expect(page.GetByText("You have used up your 5 one-click refunds with The Test Gazette")).ToBeVisibleAsync();
        await Reader.TakePictureAsync(page, "payment-allowance-used");
        var lines = await reader.ReadStatementAsync(page);
        Assert.Equal(12, lines.Count);
        Assert.Equal("9.98 USD", lines[0].Balance);
        reader.AssertClean();
    }

    [Fact]
    public async Task Long_statement_is_turned_page_by_page()
    {
        await using var reader = await house.NewReaderAsync();
        var page = await reader.NewTabAsync();
        await page.GotoAsync(house.Server.AbsoluteUri);
        await page.GetByRole(AriaRole.Button, new() { Name = "Make a wallet" }).ClickAsync();
        for (var i = 0; i < 26; i++) await page.GetByRole(AriaRole.Button, new() { Name = "Top up" }).ClickAsync();
        await Expect(page.Locator(".balance-figure")).ToHaveTextAsync("270.00 USD");

        var newest = await reader.ReadStatementAsync(page);
        Assert.Equal(25, newest.Count);
        await page.GetByRole(AriaRole.Link, new() { Name = "Older" }).ClickAsync();
        await Expect(page.Locator("table.lines tbody tr")).ToHaveCountAsync(2);
        await Expect(page.Locator("table.lines .balance").Last).ToHaveTextAsync("10.00 USD");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Older" })).ToHaveCountAsync(0);
        await page.GetByRole(AriaRole.Link, new() { Name = "Newest" }).ClickAsync();
        await Expect(page.Locator("table.lines tbody tr")).ToHaveCountAsync(25);
    }

    private static async Task OpenNewestPaymentAsync(Reader reader, IPage page)
    {
        await page.GotoAsync(new Uri(reader.House.Server, "/statement").AbsoluteUri);
        await page.Locator("table.lines tbody tr a").First.ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToContainTextAsync("0.02 USD");
    }

    private static async Task<byte[]> DownloadReceiptAsync(IPage page)
    {
        var download = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Link, new() { Name = "Download the receipt" }).ClickAsync());
        Assert.Matches(ReceiptName(), download.SuggestedFilename);
        return await File.ReadAllBytesAsync(await download.PathAsync(), TestContext.Current.CancellationToken);
    }

    private async Task AssertProvesAsync(byte[] json)
    {
        Assert.True(Receipt.TryParse(json, out var receipt));
        Assert.True(CheckpointKey.TryParse((await house.GetTextAsync("/v1/ledger/key")).Trim(), out var key));
        var verdict = receipt.Verify(key);
        Assert.True(verdict.IsValid, string.Join("\n", verdict.Findings));
        Assert.Equal(("0.02", "posted", "0"), (receipt.Payment.Amount.Amount, receipt.Payment.Status, receipt.Payment.Refunded.Amount));
    }

    [GeneratedRegex(@"^receipt-pay_[0-9A-Z]{26}\.json$")]
    private static partial Regex ReceiptName();
}
