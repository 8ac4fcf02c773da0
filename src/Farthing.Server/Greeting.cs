namespace Farthing.Server;

/// <summary>What is printed once the server takes work.</summary>
internal static class Greeting
{
    public static void Print(string address, ServerOptions options, OwnSite? ownSite, string? madeOperatorKey)
    {
        var reached = options.Mode.PublicUrl?.GetLeftPart(UriPartial.Authority) ?? address;
        var money = options.Mode.IsLive ? $"real money, held by {options.Mode.OperatorName}" : "play money only";
        Console.WriteLine($"""
            Farthing takes payments at {address} ({money}).
              Wallet:     {reached}/
              Reference:  {reached}/reference
              Health:     {address}/health/ready
            """);
        if (options.Mode.IsLive && options.Card is null) Console.WriteLine("  Top-ups:    none: there is no rail for them. Set FARTHING_STRIPE_KEY for cards; see docs/guides/going-live.md.");
        if (options.Mode.IsLive && options.BankFile is null) Console.WriteLine("  Payouts:    none: there is no rail for them. Set FARTHING_BANK_FILE_IBAN for files for your bank.");
        if (options.SampleSite is not null)
            Console.WriteLine($"  Try it:     open {options.SampleSite}/, choose an article, and press the button with the price.");
        if (ownSite is not null) Print(ownSite, options.Mode);
        if (madeOperatorKey is not null)
            Console.WriteLine($"""

                The operator's key, shown this once and stored only as a hash:
                  {madeOperatorKey}
                """);
    }

    private static void Print(OwnSite site, ServerMode mode)
    {
        Console.WriteLine($"  Your site:  {site.Payee.Website} is paid as {site.Payee.Id}, and nobody else is. Its lines are in {site.Directory}");
        if (site.Key is null) return;
        if (mode.IsLive)
        {
            // What is printed may be kept in a log: the key that signs for the site is not.
            Console.WriteLine($"""

                Its key, with which you read your sales and refund them, shown this once:
                  {site.Key}

                Go on with docs/guides/own-site.md. The files there open to their owner only, as the site's signing key is in them.
                """);
            return;
        }

        Console.WriteLine($"""

            Its key, with which you read your sales and refund them, shown this once:
              {site.Key}

            nginx: put this into /etc/nginx/snippets/{OwnSite.NginxFile}, and go on with docs/guides/nginx.md, step 2.

            {site.Read(OwnSite.NginxFile)}
            Caddy: put this beside your Caddyfile as {OwnSite.CaddyFile}, and go on with docs/guides/caddy.md, step 2.

            {site.Read(OwnSite.CaddyFile)}
            ASP.NET Core: give your site this environment, and go on with docs/guides/first-sale-publisher.md, step 3.

            {site.Read(OwnSite.EnvironmentFile)}
            """);
    }
}
