using Farthing.AspNetCore;
using Newsroom;

if (!SiteArguments.TryParse(args, out var arguments)) return 64;
if (await SiteFile.WaitAsync(arguments.SiteFile, TimeProvider.System) is not { } site) return 1;

// Content lies beside the program, wherever it is started.
var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenLocalhost(arguments.Port));

var library = ArticleLibrary.Read(Path.Combine(AppContext.BaseDirectory, "Articles"));
builder.Services.AddFarthing(farthing =>
{
    farthing.Payee = site.Payee;
    farthing.SigningKey = site.SigningKeySeed;
    farthing.Server = site.Server;
    farthing.EntitlementKey = site.EntitlementKey;
    farthing.Name = SitePages.Name;
    farthing.Stylesheet = "/newsroom.css";
    farthing.PlayMoney = true;
    farthing.Preview = http => ValueTask.FromResult(library.Find(http.Request.RouteValues["slug"]) is { } article
        ? new PaymentPreview(article.Title, article.FirstParagraph)
        : null);
});

var app = builder.Build();
app.Use(SitePages.AddHeaders);
app.UseStatusCodePages(answer => SitePages.NotFound().ExecuteAsync(answer.HttpContext));
app.UseStaticFiles();
app.MapGet("/", () => SitePages.Front(library));
app.MapGet("/articles/{slug}", (string slug, HttpContext http) => SitePages.Article(library.Find(slug)!, http.GetPayment()!)).RequirePayment("0.02 USD");

await app.RunAsync();
return 0;
