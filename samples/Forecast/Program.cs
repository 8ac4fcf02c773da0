using System.Security.Cryptography;
using Farthing.AspNetCore;

// snippet: setup
var builder = WebApplication.CreateBuilder(args);
builder.Services.AddFarthing(options => builder.Configuration.Bind("Farthing", options));
var app = builder.Build();
// end snippet

app.MapGet("/", () => "GET /forecast costs programs 0.002 USD a call; /almanac is a page for 0.02 USD.");

// snippet: merchant
app.MapGet("/forecast", Forecast).RequirePayment("0.002 USD", PaymentUse.PerCall);
// end snippet

// snippet: page
app.MapGet("/almanac", Almanac).RequirePayment("0.02 USD");
// end snippet

app.Run();

static object Forecast() => new { place = "Greenwich", tomorrow = RandomNumberGenerator.GetInt32(2) == 0 ? "rain" : "more rain" };

static string Almanac() => "It rains on 106 days of the year in Greenwich. Nobody knows which.";
