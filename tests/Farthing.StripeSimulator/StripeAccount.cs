using System.Globalization;
using System.Text.Json.Nodes;

namespace Farthing.StripeSimulator;

/// <summary>What one account of Stripe's has: objects as the published samples show them, with the members that the rail reads.</summary>
/// <remarks>Not thread-safe: the simulator calls it one at a time.</remarks>
public sealed class StripeAccount
{
    // Published at https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts for USD; near enough for the others.
    private const long LeastCents = 50;

    private static readonly string[] ListParameters = ["created[gte]", "customer", "limit", "payment_intent", "starting_after"];

    private static readonly string[] Own = ["intent_metadata", "future_usage", "number"];

    private readonly TimeProvider time;
    private readonly Dictionary<string, JsonObject> objects = [];
    private readonly List<JsonObject> events = [];
    private readonly Dictionary<string, Func<SortedDictionary<string, string>, string[], Answer>> routes;
    private int made;

    internal StripeAccount(TimeProvider time)
    {
        this.time = time;
        routes = new()
        {
            ["POST checkout/sessions"] = (form, _) => CreateSession(form),
            ["GET checkout/sessions/*"] = (_, path) => Read("checkout.session", path[^1]),
            ["GET payment_intents/*"] = (form, path) => Read("payment_intent", path[^1], form.GetValueOrDefault("expand[0]")),
            ["GET payment_intents"] = (form, _) => List("payment_intent", "/v1/payment_intents", form),
            ["POST payment_intents"] = (form, _) => ChargeLeftCard(form),
            ["GET payment_methods/*"] = (_, path) => Read("payment_method", path[^1]),
            ["POST payment_methods/*/detach"] = (_, path) => Detach(path[^2]),
            ["POST refunds"] = (form, _) => CreateRefund(form),
            ["GET refunds"] = (form, _) => List("refund", "/v1/refunds", form),
            ["GET disputes"] = (form, _) => List("dispute", "/v1/disputes", form),
        };
    }

    /// <summary>What addresses of pages begin with: Stripe's own, or where the simulator shows them itself.</summary>
    internal string Pages { get; set; } = "https://checkout.stripe.com";

    /// <summary>All that ever happened, as events, oldest first.</summary>
    public IReadOnlyList<JsonObject> Events => [.. events.Select(one => one.DeepClone().AsObject())];

    /// <summary>What was collected from cards, in cents, less what was given or taken back.</summary>
    public long Balance { get; private set; }

    /// <summary>Objects of a kind, such as <c>refund</c>, in the sequence of their making.</summary>
    public IReadOnlyList<JsonObject> All(string kind) => [.. objects.Values.Where(one => Text(one, "object") == kind).Select(one => one.DeepClone().AsObject())];

    /// <summary>The payer pays at the page, and confirms whatever is asked.</summary>
    /// <param name="session">The page.</param>
    /// <param name="card">With which card: one of <see cref="TestCard"/>.</param>
    /// <param name="keepsCard">False if a page that was asked to keep the card does not.</param>
    /// <returns>The payment intent's id.</returns>
    public string Pay(string session, string card = TestCard.Visa, bool keepsCard = true)
    {
        var page = objects[session];
        if (Text(page, "status") != "open") throw new InvalidOperationException($"The page of {session} is {Text(page, "status")}.");
        var intent = Add("payment_intent", "pi", new JsonObject
        {
            ["amount"] = page["amount_total"]!.DeepClone(),
            ["amount_received"] = page["amount_total"]!.DeepClone(),
            ["currency"] = Text(page, "currency"),
            ["status"] = "succeeded",
            ["metadata"] = page["intent_metadata"]!.DeepClone(),
            ["latest_charge"] = NewId("ch"),
            ["last_payment_error"] = null,
        });
        Leave(page, intent, card, keepsCard);
        page["status"] = "complete";
        page["payment_status"] = "paid";
        page["payment_intent"] = Text(intent, "id");
        page["url"] = null;
        Balance += (long)page["amount_total"]!;
        Tell("payment_intent.succeeded", intent);
        Tell("checkout.session.completed", page);
        return Text(intent, "id");
    }

    /// <summary>The account is used for something else, too.</summary>
    /// <returns>The payment intent's id.</returns>
    public string Sell(long cents)
    {
        Balance += cents;
        return Text(Add("payment_intent", "pi", new JsonObject
        {
            ["amount"] = cents,
            ["amount_received"] = cents,
            ["currency"] = "usd",
            ["status"] = "succeeded",
            ["metadata"] = new JsonObject(),
            ["latest_charge"] = NewId("ch"),
        }), "id");
    }

    /// <summary>A card that was left is now as another one is: it has expired, say.</summary>
    public bool TurnInto(string paymentMethod, string card)
    {
        objects[paymentMethod]["number"] = card;
        return true;
    }

    /// <summary>A day passes without the payer.</summary>
    public bool Expire(string session)
    {
        var page = objects[session];
        page["status"] = "expired";
        page["url"] = null;
        Tell("checkout.session.expired", page);
        return true;
    }

    /// <summary>The payer's bank takes money back.</summary>
    /// <param name="intent">The payment.</param>
    /// <param name="cents">How much.</param>
    /// <param name="isInquiry">True if the bank only asks, and takes nothing yet.</param>
    /// <param name="booked">What is withdrawn, in cents of the currency in which the account is kept, if that is another than the payment's.</param>
    /// <returns>The dispute's id.</returns>
    public string Dispute(string intent, long cents, bool isInquiry = false, (long Cents, string Currency)? booked = null)
    {
        var dispute = Add("dispute", "dp", new JsonObject
        {
            ["amount"] = cents,
            ["currency"] = Text(objects[intent], "currency"),
            ["charge"] = Text(objects[intent], "latest_charge"),
            ["payment_intent"] = intent,
            ["status"] = isInquiry ? "warning_needs_response" : "needs_response",
            ["reason"] = "general",
            ["is_charge_refundable"] = isInquiry,
            ["balance_transactions"] = new JsonArray(),
            ["metadata"] = new JsonObject(),
        });
        Tell("charge.dispute.created", dispute);
        if (!isInquiry) Withdraw(dispute, booked);
        return Text(dispute, "id");
    }

    /// <summary>A bank that only asked takes the money after all.</summary>
    public bool Escalate(string dispute)
    {
        var found = objects[dispute];
        found["status"] = "needs_response";
        found["is_charge_refundable"] = false;
        Withdraw(found, null);
        return true;
    }

    /// <summary>A dispute is decided.</summary>
    /// <param name="dispute">Which.</param>
    /// <param name="isWon">Whether the money comes back.</param>
    /// <param name="booked">What comes back, in cents of the currency in which the account is kept, if that is another than the payment's.</param>
    public bool Decide(string dispute, bool isWon, (long Cents, string Currency)? booked = null)
    {
        var found = objects[dispute];
        found["status"] = isWon ? "won" : "lost";
        if (isWon) Book(found, booked ?? Disputed(found), "charge.dispute.funds_reinstated");
        Tell("charge.dispute.closed", found);
        return isWon;
    }

    /// <summary>The operator refunds at the dashboard.</summary>
    /// <param name="intent">The payment.</param>
    /// <param name="cents">How much.</param>
    /// <param name="status">What is said of it; the specification allows null.</param>
    /// <returns>The refund's id.</returns>
    public string Refund(string intent, long cents, string? status = "succeeded") => Text(AddRefund(intent, cents, [], status), "id");

    /// <summary>The card's bank does not take a refund: the money is back with Stripe.</summary>
    public bool FailRefund(string refund)
    {
        var found = objects[refund];
        found["status"] = "failed";
        found["failure_reason"] = "lost_or_stolen_card";
        Balance += (long)found["amount"]!;
        Tell("refund.failed", found);
        return true;
    }

    /// <summary>A page as its payer sees it; null if there is none, or it is not open any more.</summary>
    internal JsonObject? FindOpenPage(string session) => objects.TryGetValue(session, out var page) && Text(page, "object") == "checkout.session" && Text(page, "status") == "open" ? page : null;

    internal Answer Handle(string method, string path, SortedDictionary<string, string> form)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts is not ["v1", .. var rest]) return Answer.Missing("path");
        var whole = $"{method} {string.Join('/', rest)}";
        if (routes.TryGetValue(whole, out var route)) return route(form, rest);
        foreach (var (pattern, handler) in routes)
        {
            var words = pattern.Split(' ')[1].Split('/');
            if (pattern.StartsWith(method + " ", StringComparison.Ordinal) && words.Length == rest.Length && words.Zip(rest).All(pair => pair.First == "*" || pair.First == pair.Second)) return handler(form, rest);
        }

        return Answer.Missing($"path: {whole} is not simulated");
    }

    private Answer CreateSession(SortedDictionary<string, string> form)
    {
        const string Item = "line_items[0]";
        if (form.GetValueOrDefault("mode") != "payment") return Invalid("mode");
        if (!form.TryGetValue("success_url", out var successUrl)) return Invalid("success_url");
        if (!long.TryParse(form.GetValueOrDefault($"{Item}[price_data][unit_amount]"), NumberStyles.None, CultureInfo.InvariantCulture, out var cents)) return Invalid($"{Item}[price_data][unit_amount]");
        if (!form.TryGetValue($"{Item}[price_data][currency]", out var currency)) return Invalid($"{Item}[price_data][currency]");
        if (cents < LeastCents) return Answer.Error(400, "invalid_request_error", "amount_too_small", "The Checkout Session's total amount must convert to at least 50 cents.");
        var id = NewId("cs_test");
        return Answer.Of(Shown(Add("checkout.session", id, new JsonObject
        {
            ["amount_total"] = cents * long.Parse(form[$"{Item}[quantity]"], CultureInfo.InvariantCulture),
            ["currency"] = currency,
            ["mode"] = "payment",
            ["status"] = "open",
            ["payment_status"] = "unpaid",
            ["payment_intent"] = null,
            ["client_reference_id"] = form.GetValueOrDefault("client_reference_id"),
            ["payment_method_types"] = new JsonArray("card"),
            ["success_url"] = successUrl,
            ["cancel_url"] = form.GetValueOrDefault("cancel_url"),
            ["url"] = $"{Pages}/c/pay/{id}",
            ["customer"] = null,
            ["future_usage"] = form.GetValueOrDefault("payment_intent_data[setup_future_usage]"),
            ["customer_creation"] = form.GetValueOrDefault("customer_creation", "if_required"),
            ["metadata"] = Metadata(form, "metadata"),
            ["intent_metadata"] = Metadata(form, "payment_intent_data[metadata]"),
        })));
    }

    // As documented of setup_future_usage: the card is attached if the page makes a customer.
    private void Leave(JsonObject page, JsonObject intent, string card, bool keepsCard)
    {
        var customer = Text(page, "customer_creation") == "always" ? Text(Add("customer", "cus", new JsonObject { ["email"] = "payer@example.com", ["metadata"] = new JsonObject() }), "id") : null;
        var isKept = customer is not null && keepsCard && page["future_usage"]?.GetValue<string>() == "off_session";
        var method = Add("payment_method", "pm", new JsonObject
        {
            ["type"] = "card",
            ["customer"] = isKept ? customer : null,
            ["card"] = new JsonObject { ["brand"] = "visa", ["last4"] = card[^4..], ["exp_month"] = 12, ["exp_year"] = 2030, ["country"] = "US", ["funding"] = "credit" },
            ["number"] = card,
            ["metadata"] = new JsonObject(),
        });
        page["customer"] = customer;
        intent["customer"] = customer;
        intent["payment_method"] = Text(method, "id");
    }

    // A payment intent that is confirmed while the payer is away. What the bank refuses is status 402, and the intent stays: https://docs.stripe.com/api/errors.
    private Answer ChargeLeftCard(SortedDictionary<string, string> form)
    {
        if (form.GetValueOrDefault("confirm") != "true") return Invalid("confirm");
        if (form.GetValueOrDefault("off_session") != "true") return Invalid("off_session");
        if (!long.TryParse(form.GetValueOrDefault("amount"), NumberStyles.None, CultureInfo.InvariantCulture, out var cents)) return Invalid("amount");
        if (!form.TryGetValue("currency", out var currency)) return Invalid("currency");
        if (cents < LeastCents) return Answer.Error(400, "invalid_request_error", "amount_too_small", "Amount must convert to at least 50 cents.");
        if (!form.TryGetValue("payment_method", out var method) || !objects.TryGetValue(method, out var card)) return Answer.Missing("payment_method");
        if (!form.TryGetValue("customer", out var customer) || card["customer"]?.GetValue<string>() != customer)
            return Answer.Error(400, "invalid_request_error", "payment_method_unexpected_state", "The PaymentMethod does not belong to the Customer, or was detached from it.");
        var intent = Add("payment_intent", "pi", new JsonObject
        {
            ["amount"] = cents,
            ["amount_received"] = 0,
            ["currency"] = currency,
            ["customer"] = customer,
            ["payment_method"] = method,
            ["status"] = "requires_payment_method",
            ["metadata"] = Metadata(form, "metadata"),
            ["latest_charge"] = NewId("ch"),
            ["last_payment_error"] = null,
        });
        if (TestCard.Refuses(Text(card, "number")) is { } refused)
        {
            // As of every intent whose payment failed.
            intent["payment_method"] = null;
            intent["last_payment_error"] = new JsonObject { ["type"] = "card_error", ["code"] = refused.Code, ["decline_code"] = refused.DeclineCode, ["message"] = "The card was declined.", ["payment_method"] = Shown(card) };
            Tell("payment_intent.payment_failed", intent);
            return Answer.Error(402, "card_error", refused.Code, "The card was declined.", error =>
            {
                error["decline_code"] = refused.DeclineCode;
                error["payment_intent"] = Shown(intent);
            });
        }

        intent["status"] = "succeeded";
        intent["amount_received"] = cents;
        Balance += cents;
        Tell("payment_intent.succeeded", intent);
        return Answer.Of(Shown(intent));
    }

    private Answer Detach(string method)
    {
        if (!objects.TryGetValue(method, out var card)) return Answer.Missing("payment_method");
        if (card["customer"] is null) return Answer.Error(400, "invalid_request_error", null, "The payment method you provided is not attached to a customer so detachment is impossible.");
        card["customer"] = null;
        Tell("payment_method.detached", card);
        return Answer.Of(Shown(card));
    }

    private Answer CreateRefund(SortedDictionary<string, string> form)
    {
        if (!form.TryGetValue("payment_intent", out var intent) || !objects.TryGetValue(intent, out var payment)) return Answer.Missing("payment_intent");
        var cents = form.TryGetValue("amount", out var text) ? long.Parse(text, CultureInfo.InvariantCulture) : (long)payment["amount"]!;
        if (All("dispute").Any(dispute => Text(dispute, "payment_intent") == intent && Text(dispute, "status") is "needs_response" or "under_review" or "lost"))
            return Answer.Error(400, "invalid_request_error", "charge_disputed", "This charge has been charged back.");
        var refunded = All("refund").Where(refund => Text(refund, "payment_intent") == intent && Text(refund, "status") != "failed").Sum(refund => (long)refund["amount"]!);
        if (refunded + cents > (long)payment["amount"]!) return Answer.Error(400, "invalid_request_error", "charge_already_refunded", "The amount is greater than what is left of the charge.");
        return Answer.Of(Shown(AddRefund(intent, cents, Metadata(form, "metadata"))));
    }

    private JsonObject AddRefund(string intent, long cents, JsonObject metadata, string? status = "succeeded")
    {
        var refund = Add("refund", "re", new JsonObject
        {
            ["amount"] = cents,
            ["currency"] = Text(objects[intent], "currency"),
            ["charge"] = Text(objects[intent], "latest_charge"),
            ["payment_intent"] = intent,
            ["status"] = status,
            ["metadata"] = metadata,
        });
        Balance -= cents;
        Tell("refund.created", refund);
        return refund;
    }

    private void Withdraw(JsonObject dispute, (long Cents, string Currency)? booked)
    {
        var (cents, currency) = booked ?? Disputed(dispute);
        Book(dispute, (-cents, currency), "charge.dispute.funds_withdrawn");
    }

    private static (long Cents, string Currency) Disputed(JsonObject dispute) => ((long)dispute["amount"]!, Text(dispute, "currency"));

    private void Book(JsonObject dispute, (long Cents, string Currency) booked, string type)
    {
        dispute["balance_transactions"]!.AsArray().Add(new JsonObject { ["object"] = "balance_transaction", ["id"] = NewId("txn"), ["amount"] = booked.Cents, ["currency"] = booked.Currency });
        Balance += booked.Cents;
        Tell(type, dispute);
    }

    private Answer Read(string kind, string id, string? expanded = null)
    {
        if (!objects.TryGetValue(id, out var found) || Text(found, "object") != kind) return Answer.Missing(kind);
        var shown = Shown(found);
        if (expanded is not null && shown[expanded] is { } reference) shown[expanded] = Shown(objects[reference.GetValue<string>()]);
        return Answer.Of(shown);
    }

    // As published: newest first, ten unless a limit up to a hundred is named, from behind the object that starting_after names; created[gte] is a least time in seconds.
    private Answer List(string kind, string url, SortedDictionary<string, string> form)
    {
        if (form.Keys.FirstOrDefault(name => !ListParameters.Contains(name)) is { } unknown) return Answer.Error(400, "invalid_request_error", "parameter_unknown", $"Not simulated: {unknown}.");
        var limit = form.TryGetValue("limit", out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : 10;
        if (limit is < 1 or > 100) return Invalid("limit");
        var since = form.TryGetValue("created[gte]", out var least) ? long.Parse(least, CultureInfo.InvariantCulture) : 0;
        var fitting = objects.Values.Where(one => Text(one, "object") == kind && (long)one["created"]! >= since
            && Fits(one, "payment_intent") && Fits(one, "customer")).Reverse().ToList();
        if (form.TryGetValue("starting_after", out var before))
        {
            if (!objects.ContainsKey(before)) return Answer.Missing(kind);
            fitting = [.. fitting.SkipWhile(one => Text(one, "id") != before).Skip(1)];
        }

        return Answer.List(url, fitting.Take(limit).Select(Shown), fitting.Count > limit);

        bool Fits(JsonObject one, string member) => !form.TryGetValue(member, out var wanted) || one[member]?.GetValue<string>() == wanted;
    }

    private JsonObject Add(string kind, string prefixOrId, JsonObject members)
    {
        var id = prefixOrId.Contains("_test_", StringComparison.Ordinal) ? prefixOrId : NewId(prefixOrId);
        members["id"] = id;
        members["object"] = kind;
        members["created"] = time.GetUtcNow().ToUnixTimeSeconds();
        members["livemode"] = false;
        objects[id] = members;
        return members;
    }

    private void Tell(string type, JsonObject about) => events.Add(new JsonObject
    {
        ["id"] = NewId("evt"),
        ["object"] = "event",
        ["api_version"] = "2026-10-28.endive",
        ["created"] = time.GetUtcNow().ToUnixTimeSeconds(),
        ["livemode"] = false,
        ["pending_webhooks"] = 1,
        ["request"] = new JsonObject { ["id"] = null, ["idempotency_key"] = null },
        ["type"] = type,
        ["data"] = new JsonObject { ["object"] = Shown(about) },
    });

    private static JsonObject Metadata(SortedDictionary<string, string> form, string prefix)
    {
        var metadata = new JsonObject();
        foreach (var (name, value) in form)
        {
            if (name.StartsWith(prefix + "[", StringComparison.Ordinal)) metadata[name[(prefix.Length + 1)..^1]] = value;
        }

        return metadata;
    }

    // What the simulator keeps for itself is not shown: a card's number least of all.
    private static JsonObject Shown(JsonObject one)
    {
        var shown = one.DeepClone().AsObject();
        foreach (var own in Own) shown.Remove(own);
        return shown;
    }

    private static Answer Invalid(string member) => Answer.Error(400, "invalid_request_error", "parameter_missing", $"Missing or wrong: {member}.", error => error["param"] = member);

    private string NewId(string prefix) => string.Create(CultureInfo.InvariantCulture, $"{prefix}_{++made:D16}");

    private static string Text(JsonObject one, string member) => one[member]!.GetValue<string>();
}
