using System.Security.Cryptography;
using Farthing.AspNetCore;

// snippet: setup
var builder = WebApplication.CreateBuilder(args);
builder.Services.AddFarthing(options => builder.Configuration.Bind("Farthing", options));
var app = builder.Build();
// end snippet

app.MapGet("/", () => "GET /forecast costs 0.002 USD.");

// snippet: merchant
app.MapGet("/forecast", Forecast).RequirePayment("0.002 USD");
// end snippet

app.Run();

static object Forecast() => new { place = "Greenwich", tomorrow = RandomNumberGenerator.GetInt32(2) == 0 ? "rain" : "more rain" };
