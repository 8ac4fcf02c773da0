using System.Text.Json;
using Farthing.Protocol;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Farthing.AspNetCore;

/// <summary>A program: is asked with <c>WWW-Authenticate: Payment</c>, pays, and repeats the request with <c>Authorization: Payment</c>.</summary>
/// <remarks>
/// The steps of <see cref="AdmitAsync"/>: 1. one well-formed credential; 2. the challenge is of this site, made since it started and not over; 3. it asked for
/// this resource at this price, in terms that are not over; 4. the entitlement is of the operator, for this payee, resource and challenge, and not over; 5. the challenge was not answered before.
/// Only then the handler runs. If it fails through no fault of the caller (an exception or a 5xx), the challenge may be answered again, a few times.
/// </remarks>
internal sealed class ProgramDoor(FarthingSite site)
{
    /// <summary>How many answered challenges are remembered at most: some 30 MB, and 160 paid calls a second for the ten minutes that challenges live.</summary>
    public const int MaxUsedChallenges = 100_000;

    private readonly UsedChallenges used = new(MaxUsedChallenges);

    /// <summary>True if the request tries to show that it was paid for.</summary>
    public static bool BringsCredential(HttpRequest request) =>
        request.Headers.Authorization.Any(value => value is not null && value.StartsWith($"{PaymentChallenge.Scheme} ", StringComparison.OrdinalIgnoreCase));

    public async Task AdmitAsync(Sale sale)
    {
        if (sale.Request.Headers.Authorization is not [{ } header] || !PaymentCredential.TryParse(header, out var credential))
        {
            await AskAsync(sale, ProgramProblem.MalformedCredential);
            return;
        }

        var now = site.Time.GetUtcNow();
        var challenge = credential.Challenge;
        var error = challenge.Check(site.ChallengeSecret, now);
        if (error != ChallengeError.None)
        {
            await AskAsync(sale, error == ChallengeError.Expired ? ProgramProblem.PaymentExpired : ProgramProblem.InvalidChallenge);
            return;
        }

        if (!ChargeRequest.TryRead(challenge.Request, out var charge) || !Terms.TryParse(charge.Terms, out var terms)
            || terms.Payee != site.Payee || terms.Resource != sale.Resource || terms.Amount != sale.Demand.Price)
        {
            await AskAsync(sale, ProgramProblem.InvalidChallenge);
            return;
        }

        // An older process of the same secret took with it what it knew of used challenges.
        var ends = challenge.Ends ?? DateTimeOffset.MinValue;
        if (terms.Expires <= now || ends - FarthingSite.TermsLifetime < site.Opened)
        {
            await AskAsync(sale, ProgramProblem.PaymentExpired);
            return;
        }

        if (site.ReadEntitlement(credential.Entitlement, sale.Resource, terms.Nonce) is not { } entitlement)
        {
            await AskAsync(sale, ProgramProblem.VerificationFailed);
            return;
        }

        if (!site.IsCurrent(entitlement))
        {
            await AskAsync(sale, ProgramProblem.PaymentExpired);
            return;
        }

        switch (used.Take(challenge.Id, terms.Expires > ends ? terms.Expires : ends, now))
        {
            case UsedChallenges.Claim.UsedBefore:
                await AskAsync(sale, ProgramProblem.AlreadyUsed);
                return;
            case UsedChallenges.Claim.Full:
                await RefuseCrowdAsync(sale);
                return;
        }

        await ServeAsync(sale, challenge, entitlement);
    }

    /// <summary>
    /// Lets in whoever shows a subscription of its wallet. The operator signed that for terms that this payee signed, so it proves all that the challenge could, and after a restart too; it opens every
    /// page of the plan as often as it is shown, until it is over.
    /// </summary>
    public async Task AdmitSubscriberAsync(Sale sale)
    {
        if (sale.Request.Headers.Authorization is not [{ } header] || !PaymentCredential.TryParse(header, out var credential)) await AskAsync(sale, ProgramProblem.MalformedCredential);
        else if (credential.Challenge.Intent != PaymentChallenge.Subscription) await AskAsync(sale, ProgramProblem.InvalidChallenge);
        else if (site.ReadEntitlement(credential.Entitlement, sale.Resource) is not { } entitlement || !FarthingSite.IsForProgram(entitlement)) await AskAsync(sale, ProgramProblem.VerificationFailed);
        else if (!site.IsCurrent(entitlement)) await AskAsync(sale, ProgramProblem.PaymentExpired);
        else
        {
            AddReceipt(sale, entitlement);
            await sale.ServeAsync(entitlement, site.PaymentPage(entitlement.Payment), "private");
        }
    }

    /// <summary>Answers 402 with a fresh challenge and why the request did not pass.</summary>
    public async Task AskAsync(Sale sale, ProgramProblem problem)
    {
        if (await site.PreviewAsync(sale.Context) is not { } preview)
        {
            sale.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        if (sale.Demand.Plan is not null && problem == ProgramProblem.PaymentRequired) problem = ProgramProblem.SubscriptionRequired;
        if (TryAddChallenge(sale, preview.Title)) await WriteProblemAsync(sale, StatusCodes.Status402PaymentRequired, problem);
        else await RefuseAddressAsync(sale);
    }

    /// <summary>Adds a challenge to the answer, with terms of its own.</summary>
    /// <returns>False if terms cannot name this address.</returns>
    public bool TryAddChallenge(Sale sale, string title)
    {
        // One reading of the clock, so that terms and challenge end together.
        var expires = site.ProgramTermsEnd();
        if (site.TermsForProgram(sale.Demand, sale.Resource, title, expires) is not { } terms) return false;
        var (intent, request) = sale.Demand.Meter is { } meter
            ? (PaymentChallenge.Meter, new MeterRequest(sale.Demand.Price, meter.Count, meter.Ceiling, site.Payee, site.Server, terms).ToRequest())
            : (sale.Demand.Plan is null ? PaymentChallenge.Charge : PaymentChallenge.Subscription, new ChargeRequest(sale.Demand.Price, site.Payee, site.Server, terms).ToRequest());
        var challenge = PaymentChallenge.Create(site.ChallengeSecret, site.Payee.ToString(), PaymentChallenge.Farthing, intent, request, expires);
        sale.Response.Headers.WWWAuthenticate = StringValues.Concat(sale.Response.Headers.WWWAuthenticate, challenge.ToHeader());
        return true;
    }

    /// <summary>Refuses an address that terms cannot name: too long, or with control characters.</summary>
    public static Task RefuseAddressAsync(Sale sale) => WriteProblemAsync(sale, StatusCodes.Status400BadRequest, ProgramProblem.AddressNotForSale);

    /// <summary>Refuses what was paid for while nobody can be asked whether it still is.</summary>
    public static Task RefuseForNowAsync(Sale sale)
    {
        sale.Response.Headers.RetryAfter = "5";
        return WriteProblemAsync(sale, StatusCodes.Status503ServiceUnavailable, ProgramProblem.ServerAway);
    }

    /// <summary>Refuses for now, because too much is remembered already.</summary>
    public static Task RefuseCrowdAsync(Sale sale)
    {
        sale.Response.Headers.RetryAfter = "10";
        return WriteProblemAsync(sale, StatusCodes.Status503ServiceUnavailable, ProgramProblem.TooManyCalls);
    }

    /// <summary>Says with an answer that it was paid for.</summary>
    public void AddReceipt(Sale sale, Entitlement entitlement) => sale.Response.OnStarting(() =>
    {
        if (sale.Response.StatusCode < StatusCodes.Status400BadRequest)
            sale.Response.Headers[PaymentReceiptHeader.Name] = new PaymentReceiptHeader(PaymentChallenge.Farthing, site.Time.GetUtcNow(), entitlement.Payment.ToString()).ToHeader();
        return Task.CompletedTask;
    });

    private async Task ServeAsync(Sale sale, PaymentChallenge challenge, Entitlement entitlement)
    {
        AddReceipt(sale, entitlement);
        var served = false;
        try
        {
            await sale.ServeAsync(entitlement, site.PaymentPage(entitlement.Payment), "private");
            served = sale.Response.StatusCode < StatusCodes.Status500InternalServerError;
        }
        finally
        {
            // What was begun to be sent counts as served, or a caller could hang up after the last byte and call again.
            if (!served && !sale.Response.HasStarted) used.GiveBack(challenge.Id);
        }
    }

    private static async Task WriteProblemAsync(Sale sale, int status, ProgramProblem problem)
    {
        var response = sale.Response;
        response.StatusCode = status;
        response.ContentType = "application/problem+json";
        response.Headers.CacheControl = "no-store";
        response.Headers[HeaderNames.XContentTypeOptions] = "nosniff";
        if (HttpMethods.IsHead(sale.Request.Method)) return;

        await using var writer = new Utf8JsonWriter(response.BodyWriter);
        writer.WriteStartObject();
        writer.WriteString("type", $"https://paymentauth.org/problems/{problem.Code}");
        writer.WriteString("title", problem.Title);
        writer.WriteNumber("status", status);
        writer.WriteString("detail", problem.Detail);
        if (status == StatusCodes.Status402PaymentRequired)
        {
            writer.WriteStartObject("price");
            writer.WriteString("amount", sale.Demand.Price.ToDecimalString());
            writer.WriteString("currency", sale.Demand.Price.Asset.Code);
            writer.WriteEndObject();
            if (sale.Demand.Meter is { } meter) writer.WriteNumber("count", meter.Count);
        }

        writer.WriteEndObject();
    }
}

/// <summary>Why a program's request did not pass.</summary>
/// <param name="Code">The last part of the problem's type, in the words of the <c>Payment</c> scheme.</param>
/// <param name="Title">A sentence, the same for every occurrence.</param>
/// <param name="Detail">What to do.</param>
internal sealed record ProgramProblem(string Code, string Title, string Detail)
{
    public static ProgramProblem PaymentRequired { get; } = new("payment-required", "This has a price.", "Pay what the WWW-Authenticate header asks and repeat the request with Authorization: Payment.");

    public static ProgramProblem MalformedCredential { get; } = new("malformed-credential", "The payment credential cannot be read.", "Send one Authorization: Payment header of method farthing; a fresh challenge is in WWW-Authenticate.");

    public static ProgramProblem InvalidChallenge { get; } = new("invalid-challenge", "The challenge is not one of this address.", "Answer the fresh challenge in WWW-Authenticate, unchanged, at the address that gave it.");

    public static ProgramProblem VerificationFailed { get; } = new("verification-failed", "The entitlement does not prove this payment.", "It must be signed by the operator for the terms of this very challenge; a fresh one is in WWW-Authenticate.");

    public static ProgramProblem PaymentExpired { get; } = new("payment-expired", "The challenge or the entitlement is over.", "Ask the payment server again with the same Idempotency-Key for a fresh entitlement; if the challenge is over, answer the new one.");

    public static ProgramProblem AlreadyUsed { get; } = new("credential-already-used", "This payment was used before.", "One challenge opens one call: answer the fresh one in WWW-Authenticate.");

    public static ProgramProblem TooManyCalls { get; } = new("too-many-calls", "The site takes no more paid calls right now.", "Nothing was used up: repeat the same request after the time in Retry-After.");

    public static ProgramProblem SubscriptionRequired { get; } = new("subscription-required", "This is for subscribers.", "Subscribe from your wallet, at a browser or at the payment server; then show it with the challenge in WWW-Authenticate. Nothing is paid by that.");

    public static ProgramProblem MeterOver { get; } = new("meter-over", "The meter is used up or stopped.", "Nothing more is counted on it. Start another one with the challenge in WWW-Authenticate.");

    public static ProgramProblem ServerAway { get; } = new("server-away", "The payment server cannot be asked right now.", "What was bought is still bought: repeat the same request after the time in Retry-After.");

    public static ProgramProblem AddressNotForSale { get; } = new("address-not-for-sale", "This address cannot be sold.", "It is too long, or has control characters.");
}
