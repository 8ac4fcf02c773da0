using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using Farthing.Payments;
using Farthing.Payments.Offers;
using Farthing.Protocol;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Scalar.AspNetCore;

namespace Farthing.Server.Doors.Rest;

/// <summary>OpenAPI at <c>/openapi/v1.json</c>, written from each <see cref="RestCall"/>, and a page to browse it at <c>/reference</c>.</summary>
internal static partial class OpenApiDescription
{
    private const string DocumentName = "v1";
    private const string Json = "application/json";
    private const string Bearer = "bearer";

    // Kept beside a schema while the document is made; not written.
    private const string NameMark = "farthing-name";

    // The page runs its own embedded script, and must reach nothing but this server.
    private const string ReferencePolicy =
        "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src blob:; frame-ancestors 'none'; base-uri 'none'";

    private static readonly Dictionary<KeyOwner, (string Name, string Description)[]> KeySchemes = new()
    {
        [KeyOwner.Anyone] = [],
        [KeyOwner.Operator] = [("operatorKey", "The operator's key.")],
        [KeyOwner.Payee] = [("payeeKey", "A payee's key, from POST /v1/payees.")],
        [KeyOwner.Wallet] = [("walletKey", "A wallet's key, from POST /v1/wallets.")],
        [KeyOwner.WalletOrMandate] = [("walletKey", ""), ("mandateKey", "A mandate's key, from POST /v1/mandates: it does exactly what the mandate allows.")],
        [KeyOwner.PayeeOrOperator] = [("payeeKey", ""), ("operatorKey", "")],
        [KeyOwner.WalletOrPayee] = [("walletKey", ""), ("payeeKey", "")],
        [KeyOwner.Party] = [("walletKey", ""), ("mandateKey", ""), ("payeeKey", "")],
    };

    private static readonly Dictionary<string, string> PrefixOfCollection = new()
    {
        ["payees"] = "pye",
        ["offers"] = "off",
        ["wallets"] = "wal",
        ["top-ups"] = "top",
        ["payouts"] = "out",
        ["payments"] = "pay",
        ["campaigns"] = "cam",
        ["pledges"] = "plg",
        ["mandates"] = "man",
    };

    public static void AddOpenApiDescription(this IServiceCollection services, ServerMode mode)
    {
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, Wire.Default);
            json.SerializerOptions.RespectNullableAnnotations = true;
            json.SerializerOptions.RespectRequiredConstructorParameters = true;
            json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
        });
        services.AddOpenApi(DocumentName, options =>
        {
            options.ShouldInclude = description => description.ActionDescriptor.EndpointMetadata.OfType<RestCall>().Any();
            options.AddDocumentTransformer((document, context, _) => DescribeDocumentAsync(document, context, mode));
            options.AddOperationTransformer(DescribeOperationAsync);
            options.AddSchemaTransformer(DescribeSchemaAsync);
        });
    }

    public static void MapOpenApiDescription(this IEndpointRouteBuilder routes, ServerMode mode)
    {
        routes.MapOpenApi();
        routes.MapScalarApiReference("/reference", page => page
                .WithTitle($"Farthing · API reference{(mode.IsLive ? "" : " · play money")}")
                .WithOpenApiRoutePattern("/openapi/{documentName}.json")
                .DisableDefaultFonts()
                .DisableTelemetry()
                // What would lead to somebody else's server.
                .DisableAgent()
                .DisableMcp()
                .HideDeveloperTools()
                .HideClientButton())
            .AddEndpointFilter(async (invocation, next) =>
            {
                invocation.HttpContext.Response.Headers.ContentSecurityPolicy = ReferencePolicy;
                invocation.HttpContext.Response.Headers.XContentTypeOptions = "nosniff";
                return await next(invocation);
            });
    }

    private static Task DescribeDocumentAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, ServerMode mode)
    {
        document.Info = new OpenApiInfo
        {
            Title = "Farthing",
            Version = DocumentName,
            Description = mode.Notice + " Payments down to a millionth of a unit of currency. Amounts are decimal strings with a currency. A write takes an Idempotency-Key, best a UUID version 7: "
                + "the same key with the same body gives the same answer, however often and however much later it is sent. Every refusal is a problem+json with a stable code; when something was refused, nothing moved.",
        };
        document.Tags = context.DescriptionGroups.SelectMany(group => group.Items)
            .SelectMany(description => description.ActionDescriptor.EndpointMetadata.OfType<RestCall>())
            .Select(call => call.Tag)
            .Distinct()
            .Select(tag => new OpenApiTag { Name = tag })
            .ToHashSet();
        document.Components ??= new OpenApiComponents();
        document.Webhooks = EventDescriptions.Of(document);
        document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
        foreach (var (name, description) in KeySchemes.Values.SelectMany(schemes => schemes).Where(scheme => scheme.Description.Length > 0))
            document.Components.SecuritySchemes[name] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = Bearer, Description = description };
        foreach (var schema in document.Components.Schemas?.Values.OfType<OpenApiSchema>().ToList() ?? []) NameParts(schema, document);
        return Task.CompletedTask;
    }

    // An amount is one schema, wherever it stands: parts that have a name of their own become references to it.
    private static void NameParts(OpenApiSchema schema, OpenApiDocument document)
    {
        if (schema.Items is OpenApiSchema items) schema.Items = Named(items, document);
        if (schema.AnyOf is { } cases) schema.AnyOf = [.. cases.Select(part => part is OpenApiSchema whole ? Named(whole, document) : part)];
        foreach (var (name, part) in schema.Properties?.ToList() ?? [])
        {
            if (part is OpenApiSchema whole) schema.Properties![name] = Named(whole, document);
        }
    }

    private static IOpenApiSchema Named(OpenApiSchema schema, OpenApiDocument document)
    {
        NameParts(schema, document);
        if (schema.Metadata is null || !schema.Metadata.TryGetValue(NameMark, out var mark) || mark is not string name) return schema;
        document.AddComponent(name, schema);
        return new OpenApiSchemaReference(name, document);
    }

    private static async Task DescribeOperationAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken stop)
    {
        var call = context.Description.ActionDescriptor.EndpointMetadata.OfType<RestCall>().Single();
        operation.OperationId = call.OperationId;
        operation.Summary = call.Summary;
        operation.Description = call.Description;
        operation.Tags = new HashSet<OpenApiTagReference> { new(call.Tag, context.Document) };
        operation.Parameters = [.. ParametersOf(call, context.Description.RelativePath ?? "")];
        operation.Security = [.. KeySchemes[call.Key].Select(scheme =>
            new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(scheme.Name, context.Document)] = [] })];
        if (call.Body is not null)
        {
            operation.RequestBody = new OpenApiRequestBody
            {
                Required = !call.BodyIsOptional,
                Description = $"At most {call.MaxBytes} bytes.",
                Content = new Dictionary<string, OpenApiMediaType> { [Json] = await ContentAsync(context, call.Body, call.BodyExample, stop) },
            };
        }

        if (call.BodyIsBytes)
        {
            operation.RequestBody = new OpenApiRequestBody
            {
                Required = true,
                Description = $"At most {call.MaxBytes} bytes.",
                Content = new Dictionary<string, OpenApiMediaType> { [call.BytesMediaType] = new() { Schema = new OpenApiSchema { Type = call.BytesMediaType == Json ? JsonSchemaType.Object : JsonSchemaType.String } } },
            };
        }

        operation.Responses = new OpenApiResponses { [Text(call.Status)] = await SuccessAsync(context, call, stop) };
        foreach (var refusals in call.AllRefusals().GroupBy(code => code.HttpStatus).OrderBy(group => group.Key))
            operation.Responses[Text(refusals.Key)] = await RefusedAsync(context, refusals.Key, [.. refusals], stop);
    }

    private static IEnumerable<IOpenApiParameter> ParametersOf(RestCall call, string path)
    {
        foreach (var member in call.Path)
        {
            yield return new OpenApiParameter
            {
                Name = member.Name,
                In = ParameterLocation.Path,
                Required = true,
                Description = member.Description,
                Schema = new OpenApiSchema { Type = JsonSchemaType.String, Pattern = member.Pattern },
                Example = member.Example,
            };
        }

        foreach (Match match in PathParameter().Matches(path))
        {
            if (call.Path.Any(member => member.Name == match.Groups["name"].Value)) continue;
            var prefix = PrefixOfCollection[match.Groups["collection"].Value];
            yield return new OpenApiParameter
            {
                Name = match.Groups["name"].Value,
                In = ParameterLocation.Path,
                Required = true,
                Schema = new OpenApiSchema { Type = JsonSchemaType.String, Pattern = $"^{prefix}_[0-7][0-9A-HJKMNP-TV-Z]{{25}}$" },
                Example = $"{prefix}_01JD8Y2M6K3T5V7W9XAZBCDEFG",
            };
        }

        if (call.TakesIdempotencyKey)
        {
            yield return new OpenApiParameter
            {
                Name = "Idempotency-Key",
                In = ParameterLocation.Header,
                Required = true,
                Description = "1 to 255 visible ASCII characters, a new one for each new request; a UUID version 7 is remembered for ever.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String, MinLength = 1, MaxLength = 255, Pattern = "^[!-~]+$" },
                Example = "0193590f-6a10-7cc2-8f3c-1d2e3f405162",
            };
        }

        foreach (var member in call.Query)
        {
            yield return new OpenApiParameter
            {
                Name = member.Name,
                In = ParameterLocation.Query,
                Required = member.IsRequired,
                Description = member.Description,
                Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = member.IsTime ? "date-time" : null },
            };
        }

        if (!call.IsPaged) yield break;
        yield return new OpenApiParameter
        {
            Name = "pageSize",
            In = ParameterLocation.Query,
            Description = "How many lines.",
            Schema = new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "1", Maximum = "200", Default = 50 },
        };
        yield return new OpenApiParameter
        {
            Name = "cursor",
            In = ParameterLocation.Query,
            Description = "next of the page before; absent for the first page.",
            Schema = new OpenApiSchema { Type = JsonSchemaType.String },
        };
    }

    private static async Task<OpenApiResponse> SuccessAsync(OpenApiOperationTransformerContext context, RestCall call, CancellationToken stop)
    {
        var response = new OpenApiResponse { Description = call.Status == StatusCodes.Status201Created ? "Made, now or when this key was first used." : "Done." };
        if (call.Status == StatusCodes.Status204NoContent) return response;
        response.Content = call.Answer is null
            ? new Dictionary<string, OpenApiMediaType>
            {
                [call.AnswerMediaType] = new() { Schema = new OpenApiSchema { Type = JsonSchemaType.String }, Example = call.AnswerExample },
            }
            : new Dictionary<string, OpenApiMediaType> { [Json] = await ContentAsync(context, call.Answer, call.AnswerExample, stop) };
        if (call.Status == StatusCodes.Status201Created)
        {
            response.Headers = new Dictionary<string, IOpenApiHeader>
            {
                ["Location"] = new OpenApiHeader { Description = "Where it can be read.", Schema = new OpenApiSchema { Type = JsonSchemaType.String } },
            };
        }

        return response;
    }

    private static async Task<OpenApiResponse> RefusedAsync(OpenApiOperationTransformerContext context, int status, RefusalCode[] codes, CancellationToken stop)
    {
        var content = await ContentAsync(context, typeof(ProblemJson), null, stop);
        content.Examples = codes.ToDictionary(code => code.Code, code => (IOpenApiExample)new OpenApiExample { Summary = code.Title, Value = ExampleOf(code) });
        var response = new OpenApiResponse
        {
            Description = string.Join("\n", codes.Select(code => $"- `{code.Code}`: {code.Title} {code.WhatToDo}")),
            Content = new Dictionary<string, OpenApiMediaType> { [Problem.MediaType] = content },
        };
        var header = status switch
        {
            StatusCodes.Status401Unauthorized => "WWW-Authenticate",
            StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable => "Retry-After",
            _ => null,
        };
        if (header is not null)
            response.Headers = new Dictionary<string, IOpenApiHeader> { [header] = new OpenApiHeader { Schema = new OpenApiSchema { Type = JsonSchemaType.String } } };
        return response;
    }

    private static JsonObject ExampleOf(RefusalCode code) => new()
    {
        ["type"] = Problem.TypeOf(code),
        ["title"] = code.Title,
        ["status"] = code.HttpStatus,
        ["detail"] = code.WhatToDo,
        ["code"] = code.Code,
        ["retry"] = Problem.WordFor(code.Retry),
    };

    private static async Task<OpenApiMediaType> ContentAsync(OpenApiOperationTransformerContext context, Type type, string? example, CancellationToken stop)
    {
        var schema = await context.GetOrCreateSchemaAsync(type, null, stop);
        var name = NameOf(type);
        context.Document!.AddComponent(name, schema);
        return new OpenApiMediaType { Schema = new OpenApiSchemaReference(name, context.Document), Example = example is null ? null : JsonNode.Parse(example) };
    }

    // What the types themselves do not say.
    private static Task DescribeSchemaAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken stop)
    {
        var type = context.JsonTypeInfo.Type;
        if (context.JsonTypeInfo.Kind == JsonTypeInfoKind.Object)
        {
            schema.Metadata ??= new Dictionary<string, object>();
            schema.Metadata[NameMark] = NameOf(type);
        }

        if (type.Name.EndsWith("Body", StringComparison.Ordinal) || type == typeof(NoFields) || type.BaseType == typeof(PricingJson)) schema.AdditionalPropertiesAllowed = false;
        if (context.JsonTypeInfo.PolymorphismOptions is { } union && schema.Discriminator is { } discriminator)
        {
            // Each case has the name of its type, as every other schema has.
            discriminator.Mapping = union.DerivedTypes.ToDictionary(
                derived => (string)derived.TypeDiscriminator!, derived => new OpenApiSchemaReference(NameOf(derived.DerivedType), context.Document));
        }

        if (type == typeof(AmountJson))
        {
            schema.Description = "An exact amount. In a statement it may have a minus sign.";
            schema.Examples = [new JsonObject { ["amount"] = "0.02", ["currency"] = "USD" }];
        }

        if (type == typeof(ProblemJson)) schema.Description = "A refusal, in the form of RFC 9457. retry is same_key, new_key or never. Some codes add facts, such as missing.";
        return Task.CompletedTask;
    }

    private static string NameOf(Type type) => JsonSuffix().Replace(type.Name, "");

    private static string Text(int status) => status.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex("Json$")]
    private static partial Regex JsonSuffix();

    [GeneratedRegex(@"(?<collection>[a-z-]+)/\{(?<name>\w+)\}")]
    private static partial Regex PathParameter();
}
