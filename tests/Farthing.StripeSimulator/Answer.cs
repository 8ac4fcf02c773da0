using System.Text.Json.Nodes;

namespace Farthing.StripeSimulator;

/// <summary>Status and body of an answer.</summary>
internal sealed record Answer(int Status, string Body)
{
    /// <summary>True if it was given before, under the same idempotency key.</summary>
    public bool IsReplayed { get; init; }

    public static Answer Of(JsonNode body) => new(200, body.ToJsonString());

    public static Answer List(string url, IEnumerable<JsonObject> page, bool hasMore) =>
        Of(new JsonObject { ["object"] = "list", ["url"] = url, ["has_more"] = hasMore, ["data"] = new JsonArray([.. page.Select(one => one.DeepClone())]) });

    public static Answer Error(int status, string type, string? code, string message, Action<JsonObject>? more = null)
    {
        var error = new JsonObject { ["type"] = type, ["message"] = message };
        if (code is not null) error["code"] = code;
        more?.Invoke(error);
        return new(status, new JsonObject { ["error"] = error }.ToJsonString());
    }

    public static Answer Missing(string what) => Error(404, "invalid_request_error", "resource_missing", $"No such {what}.");
}
