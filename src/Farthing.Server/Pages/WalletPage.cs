using System.Buffers.Text;
using System.Security.Cryptography;
using Farthing.Payments;
using Farthing.Payments.TopUps;
using Farthing.Payments.Wallets;
using Farthing.Protocol;
using Farthing.Server.Doors.Rest;
using Farthing.Server.Rails;
using Farthing.Server.Rails.Card;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Farthing.Server.Pages;

/// <summary>What every wallet page shares: whose browser this is, and how a refusal is shown.</summary>
/// <remarks>A browser is known by one opaque cookie of 256 random bits. It has at most one wallet in each currency.</remarks>
internal abstract class WalletPage(PaymentSystem payments) : PageModel
{
    /// <summary>The form field and query parameter of a site's terms.</summary>
    public const string TermsField = "terms";

    /// <summary>The query parameter of a page that is shown again because its form had gone stale.</summary>
    public const string StaleMark = "again";

    private const string WalletCookie = "farthing_wallet";
    private const int SecretLength = 43;
    private static readonly Asset[] Currencies = [Asset.Usd, Asset.Eur, Asset.Gbp, Asset.Btc];
    private static readonly TimeSpan CookieLifetime = TimeSpan.FromDays(400);

    /// <summary>Why the page cannot do what was asked; null if it can.</summary>
    public Obstacle? Obstacle { get; private set; }

    /// <summary>True if the form was stale and has to be sent again.</summary>
    public bool IsShownAgain => Request.Query.ContainsKey(StaleMark);

    protected PaymentSystem Payments { get; } = payments;

    /// <summary>Whether the money is real.</summary>
    public ServerMode Mode => HttpContext.RequestServices.GetRequiredService<ServerMode>();

    /// <summary>The rails that a click tops a wallet up by: that of play money, and cards where they are taken.</summary>
    public IEnumerable<string> TopUpRails => new[] { Mode.IsLive ? null : SandboxRail.RailName, Mode.TakesCards ? CardRail.RailName : null }.OfType<string>();

    /// <summary>The secret of this browser, or null if it has none yet or keeps no cookies.</summary>
    protected string? BrowserSecret =>
        Request.Cookies.TryGetValue(WalletCookie, out var secret) && secret.Length == SecretLength && Base64Url.IsValid(secret) ? secret : null;

    /// <summary>What one click tops up, and what a new wallet is given of play money: 10.00.</summary>
    public static Amount Round(Asset asset) => Amount.TryParse("10", asset, out var amount) == AmountError.None ? amount : throw new InvalidOperationException();

    /// <summary>What the button says that tops up.</summary>
    public static string TopUpWords(Asset asset, string rail) => $"Top up {Round(asset).ToPriceString()} {(rail == CardRail.RailName ? "by card" : "of play money")}";

    /// <summary>What is said of a wallet that is not there yet.</summary>
    public string NewWalletWords(Asset asset) => Mode.IsLive ? "Will be made for this browser, and is empty at first" : $"Will be made for this browser, with {Round(asset).ToPriceString()} of play money";

    /// <summary>A key for a form, made when the page is shown: the form works once, however often it is sent.</summary>
    public string NewFormKey() => Guid.CreateVersion7(HttpContext.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow()).ToString();

    /// <summary>Gives the browser its secret if it has none. The only thing that looking at a page changes.</summary>
    protected void GiveSecret()
    {
        if (BrowserSecret is not null) return;
        Response.Cookies.Append(WalletCookie, Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32)), new CookieOptions
        {
            HttpOnly = true,
            SameSite = SameSiteMode.Lax,
            Secure = Request.IsHttps || Mode.IsBehindTls,
            IsEssential = true,
            Path = "/",
            MaxAge = CookieLifetime,
        });
    }

    /// <summary>This browser's wallet in a currency, or null.</summary>
    protected async ValueTask<Wallet?> FindWalletAsync(Asset asset) =>
        BrowserSecret is { } secret ? await Payments.Wallets.FindForBrowserAsync(secret, asset) : null;

    /// <summary>All wallets of this browser.</summary>
    protected async ValueTask<IReadOnlyList<Wallet>> FindWalletsAsync()
    {
        var found = new List<Wallet>();
        foreach (var currency in Currencies)
        {
            if (await FindWalletAsync(currency) is { } wallet) found.Add(wallet);
        }

        return found;
    }

    /// <summary>This browser's wallet in a currency, made if there is none, and given play money if that is the server's.</summary>
    protected async ValueTask<Answer<Wallet>> OpenWalletAsync(string secret, Asset asset)
    {
        if (await Payments.Wallets.FindForBrowserAsync(secret, asset) is null
            && HttpContext.RequestServices.GetRequiredService<WalletCreationLimit>().Count(HttpContext) is { } tooMany) return tooMany;
        var opened = await Payments.Wallets.OpenForBrowserAsync(secret, asset);
        if (!opened.IsGiven || Mode.IsLive) return opened;
        // The same key every time: the gift is given once, also if the server stopped between making the wallet and filling it.
        var gift = await TopUpAsync(opened.Value, "welcome", SandboxRail.RailName);
        return gift.IsGiven ? opened : gift.Refusal;
    }

    /// <summary>Tops a wallet up with play money, or begins to do so by card; once for each key.</summary>
    protected async ValueTask<Answer<TopUp>> TopUpAsync(Wallet wallet, string? formKey, string? rail) =>
        IdempotencyKey.TryParse(formKey, out var key)
            ? await Payments.TopUps.TopUpAsync(wallet.Id, key, Round(wallet.Asset), rail ?? "", rail == CardRail.RailName ? $"{Request.Scheme}://{Request.Host}/" : null)
            : new Refusal(RefusalCodes.IdempotencyKeyInvalid, "The form was not complete. Go back and try again.");

    /// <summary>Shows a refusal in place of the page's content.</summary>
    /// <param name="refusal">Why.</param>
    /// <param name="wayBack">Where a link can lead, known to be safe; null for none.</param>
    protected PageResult Refuse(Refusal refusal, string? wayBack = null)
    {
        Response.StatusCode = refusal.Code.HttpStatus;
        Obstacle = Obstacle.From(refusal, wayBack);
        ViewData["Title"] = Obstacle.Title;
        return Page();
    }

    /// <summary>After a top-up: what is the matter with it, or the way to the card's page, or on to where the money is used.</summary>
    /// <param name="toppedUp">What became of it.</param>
    /// <param name="next">Where that is, an address of this server; and where it is tried again.</param>
    protected IActionResult After(Answer<TopUp> toppedUp, string next)
    {
        if (!toppedUp.IsGiven) return Refuse(toppedUp.Refusal);
        switch (toppedUp.Value)
        {
            case { Status: RailStatus.Failed }:
                Response.StatusCode = StatusCodes.Status402PaymentRequired;
                Obstacle = Obstacle.NotToppedUp(toppedUp.Value.Amount, next);
                break;
            case { Status: RailStatus.Pending, NextAction: { } page }:
                Obstacle = Obstacle.AtCard(page, toppedUp.Value.Amount);
                break;
            default:
                return new SeeOtherResult(next);
        }

        ViewData["Title"] = Obstacle.Title;
        return Page();
    }

    /// <summary>What is paid for, as people call it: a page by its path, all else by its offer's name, as its resource is a code.</summary>
    protected async ValueTask<string?> NameAsync(string? resource, Id<OfferKind>? offer) =>
        resource is not ['/', ..] && offer is { } id && await Payments.Offers.FindAsync(id) is { } sold ? sold.Name : resource;

    /// <summary>The caller that a wallet is to the desk.</summary>
    protected static Caller Owner(Wallet wallet) => new(CallerKind.Wallet, wallet.Id.Value);
}

/// <summary>A refusal in words for people.</summary>
/// <param name="Title">What is the matter.</param>
/// <param name="Advice">What to do about it.</param>
/// <param name="Code">The stable code, for whoever is asked for help; null if there is none.</param>
/// <param name="WayBack">A link to where the payer came from, or null.</param>
internal sealed record Obstacle(string Title, string Advice, string? Code, string? WayBack)
{
    /// <summary>A link to what is to be done, and its words; null for none.</summary>
    public (string Address, string Words)? Next { get; init; }

    /// <summary>A top-up that is paid on the page of the card's processor.</summary>
    public static Obstacle AtCard(string page, Amount amount) => new("Pay by card", $"{amount.ToPriceString()} are paid on a page of the card processor, so that no card number comes here. It leads back to your wallet, where the money is a moment later.", null, null)
    {
        Next = (page, "Go to the card's page"),
    };

    /// <summary>A top-up whose rail did not collect.</summary>
    public static Obstacle NotToppedUp(Amount amount, string again) => new("The top-up did not go through", $"{amount.ToPriceString()} were to come into your wallet, and whoever collects the money refused that or gave it up. Nothing was taken from you, and nothing was paid. Try it again; if it is refused again, tell whoever runs this server, whose log says why.", null, null)
    {
        // Another link leads to the wallet anyway.
        Next = again == "/" ? null : (again, "Try again"),
    };

    public static Obstacle From(Refusal refusal, string? wayBack)
    {
        var (title, advice) = refusal.Code.Code switch
        {
            "terms_invalid" => ("This payment request is damaged", "It was changed on its way here, or is not complete. Nothing was paid. Go back to the site and follow its link again."),
            "terms_expired" => ("This payment request is too old", "A request is good for ten minutes. Nothing was paid. Go back to the site and follow its link again; you will see the same page with a fresh request."),
            "terms_for_another_site" => ("This payment request leads to a stranger", "It would send you to a site that the payee has not registered, so it is not shown here. Nothing was paid."),
            "payee_not_found" or "payee_has_no_signing_key" => ("Nobody here asks for this payment", "The request names a payee that this server does not know, or that asks no payments. Nothing was paid."),
            "payment_not_found" => ("There is no such payment here", "It was made from another browser, or the address is not right. A wallet belongs to the browser that made it."),
            "wallet_not_found" => ("This browser keeps no wallet", "The wallet lives in a cookie of this browser. Allow cookies for this address, then go back and try again. Nothing was paid."),
            "invalid_cursor" => ("This page of the statement is gone", "Open the statement again from its newest line."),
            "wallet_frozen" => ("Your wallet is paused", "You stopped all payments from it, so nothing was paid. Let it pay again under Caps, then go back and try again."),
            "cap_exceeded" => ("Your own cap stops this payment", $"{CapInWords(refusal)} Nothing was paid. You can change that under Caps."),
            "tab_unpaid" => ("A tab has to be paid first", "Nothing more is read on tab until it is paid. Your wallet shows it: pay it there, then go back and try again."),
            "too_many_cap_changes" => ("Caps were changed too often", "They can be changed twenty times a day. Those you had still hold."),
            "recovery_code_required" => ("First, a way back in", "Your wallet lives in a cookie of this browser. Before there is money in it, make a code that gives the wallet back if the cookie is lost, and write it down. Nothing was paid."),
            "rail_not_available" => ("Nothing can be topped up here yet", "The operator of this server has set no way to pay in. Nothing was paid."),
            "rate_limited" => ("Too many new wallets", "Somebody at your address makes many wallets. Wait a minute, then try again. Nothing was paid."),
            "not_ready" => ("Closed for a moment", "The server takes no payments right now. Nothing was paid. Try again in a minute."),
            "record_damaged" => ("A record of this is damaged", "The operator's log names it. If you were paying, look at your statement before you try again; a page is never paid twice."),
            "internal_error" => ("Something went wrong on our side", "It is logged. If you were paying, look at your statement before you try again; a page is never paid twice."),
            _ => (refusal.Code.Title.TrimEnd('.'), refusal.Detail),
        };
        return new Obstacle(title, advice, refusal.Code.Code, wayBack) { Next = refusal.Code == RefusalCodes.RecoveryCodeRequired ? ("/recover", "Make a code") : null };
    }

    private static string CapInWords(Refusal refusal)
    {
        if (refusal.Facts is not { } facts || !facts.TryGetValue("headroom", out var headroom) || WireAmounts.Read(headroom as AmountJson, "headroom", out var left) is not null) return refusal.Detail;
        var period = facts["cap"] switch { "wallet.perDay" => "day", "wallet.perWeek" => "week", _ => "month" };
        return $"Of what your wallet may pay in this {period}, {left.ToPriceString()} is left.";
    }
}
