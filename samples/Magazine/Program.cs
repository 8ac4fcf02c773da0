using Farthing.AspNetCore;
using Microsoft.Extensions.FileProviders;

// Pages and songs lie beside the program, wherever it is started.
var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.Services.AddFarthing(options => builder.Configuration.Bind("Farthing", options));
builder.Services.AddRazorPages();
var app = builder.Build();
var songs = new PhysicalFileProvider(Path.Combine(AppContext.BaseDirectory, "Songs"));

app.MapGet("/", () => "A magazine: /leader is a page for 0.02 USD, /songs/air.txt a song for 0.10 USD, /archive/2026 for subscribers, /search?words=sun for 0.001 USD each.");

// snippet: files
app.MapFiles("/songs", songs).RequirePayment("0.10 USD", PaymentUse.Once);
app.MapRazorPages().RequirePayment("0.02 USD");
// end snippet

// snippet: subscription
app.MapGroup("/archive").RequireSubscription("reader").MapGet("/{year:int}", (int year) => $"All that was written in {year}.");
// end snippet

// snippet: metered
app.MapGet("/search", (string? words) => $"Nothing about {words} but rain.").Metered("searches");
// end snippet

app.Run();
