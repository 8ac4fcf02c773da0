using System.Text.Json.Nodes;
using Farthing.Payments.Webhooks;
using Farthing.Protocol.Webhooks;
using Microsoft.OpenApi;

namespace Farthing.Server.Doors.Rest;

/// <summary>OpenAPI of what is sent to webhooks: one entry for each type of event.</summary>
internal static class EventDescriptions
{
    private const string EventId = "evt_01JD8Y2M6K3T5V7W9XAZBCDEFG";

    public static IDictionary<string, IOpenApiPathItem> Of(OpenApiDocument document) =>
        EventTypes.All.ToDictionary(type => type.Name, type => (IOpenApiPathItem)new OpenApiPathItem { Operations = new Dictionary<HttpMethod, OpenApiOperation> { [HttpMethod.Post] = Of(type, document) } });

    private static OpenApiOperation Of(EventType type, OpenApiDocument document) => new()
    {
        Summary = type.Summary,
        Tags = new HashSet<OpenApiTagReference> { new("Webhooks", document) },
        Parameters =
        [
            Header(WebhookVerifier.IdHeader, "The event's id: the same each time that it is sent.", EventId),
            Header(WebhookVerifier.TimestampHeader, "When this attempt was made, in Unix seconds.", "1795435200"),
            Header(WebhookVerifier.SignatureHeader, "v1, and the base64 of HMAC-SHA-256 over id, timestamp and body, with points between; two of them, with a blank between, while a secret is replaced.", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        ],
        RequestBody = new OpenApiRequestBody
        {
            Required = true,
            Content = new Dictionary<string, OpenApiMediaType> { ["application/json"] = new() { Schema = BodyOf(type, document) } },
        },
        Responses = new OpenApiResponses
        {
            ["2XX"] = new OpenApiResponse { Description = "Taken: it is not sent again." },
            ["410"] = new OpenApiResponse { Description = "Gone: the webhook is switched off." },
            ["default"] = new OpenApiResponse { Description = "Not taken: it is sent again, for three days. Redirects are not followed; Retry-After is heard." },
        },
    };

    private static OpenApiParameter Header(string name, string description, string example) => new()
    {
        Name = name,
        In = ParameterLocation.Header,
        Required = true,
        Description = description,
        Schema = new OpenApiSchema { Type = JsonSchemaType.String },
        Example = example,
    };

    private static OpenApiSchema BodyOf(EventType type, OpenApiDocument document) => ObjectOf(new()
    {
        ["type"] = new OpenApiSchema { Type = JsonSchemaType.String, Const = type.Name },
        ["timestamp"] = Text("When it happened.", "date-time"),
        ["data"] = ObjectOf(DataOf(type, document)),
    });

    private static Dictionary<string, IOpenApiSchema> DataOf(EventType type, OpenApiDocument document)
    {
        var members = new Dictionary<string, IOpenApiSchema>
        {
            ["payee"] = Text("Whom it concerns."),
            ["subject"] = Text("The id of what it happened to. Events of one subject are sent in their order."),
            ["sequence"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int64", Description = "Of two events of one subject the later one has the greater number." },
        };
        switch (type.Name.Split('.')[0])
        {
            case "payment":
                members["payment"] = new OpenApiSchemaReference("Payment", document);
                if (type.Name == EventTypes.PaymentRefunded) members["refund"] = new OpenApiSchemaReference("Refund", document);
                break;
            case "subscription":
                members["event"] = new OpenApiSchemaReference("SubscriptionEvent", document);
                members["payer"] = Text("The payer's pseudonym with the payee.");
                break;
            case "payout":
                members["event"] = ObjectOf(
                    new()
                    {
                        ["id"] = Text("The payout's id."),
                        ["state"] = Text("What it now is."),
                        ["amount"] = new OpenApiSchemaReference("Amount", document),
                        ["cost"] = new OpenApiSchemaReference("Amount", document),
                        ["arrives"] = new OpenApiSchemaReference("Amount", document),
                        ["cause"] = Text("What brought it there, such as rail_returned; absent in the ordinary course of things."),
                        ["note"] = Text("The operator's or the rail's words, if there are any."),
                    },
                    optional: ["cause", "note"]);
                break;
            default:
                members["event"] = ObjectOf(new() { ["id"] = Text("The campaign's id."), ["name"] = Text("Its name."), ["total"] = new OpenApiSchemaReference("Amount", document) });
                break;
        }

        return members;
    }

    private static OpenApiSchema Text(string description, string? format = null) => new() { Type = JsonSchemaType.String, Description = description, Format = format };

    private static OpenApiSchema ObjectOf(Dictionary<string, IOpenApiSchema> members, params string[] optional) =>
        new() { Type = JsonSchemaType.Object, Properties = members, Required = members.Keys.Except(optional).ToHashSet() };
}
