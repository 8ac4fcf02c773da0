using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using Farthing.Client;
using Farthing.Protocol;

namespace Farthing.Server.Tests.Sdk;

/// <summary>The client has every call that the server describes, sends what is described, and carries every member of the answers.</summary>
/// <remarks>A new call of the server fails these tests until the client has it, or <see cref="NotForClients"/> says why it has not.</remarks>
public sealed partial class ClientCoversTheApiTests(SharedServer server)
{
    private const string OperatorsJob = "the operator's own job carries files between the server and its bank, beside the bank's program";

    /// <summary>Calls that are no method, by the name it would have, each with its reason. This list may only shrink, or grow by what no program would call.</summary>
    internal static readonly Dictionary<string, string> NotForClients = new()
    {
        ["RenewEntitlementAsync"] = "sites continue what a browser has bought; the middleware does it by itself",
        ["AskGateAsync"] = "nginx and Caddy ask it, for requests of their own; a program is asked by its answer",
        ["CreateBankFileAsync"] = OperatorsJob,
        ["ListBankFilesAsync"] = OperatorsJob,
        ["ReadBankFileAsync"] = OperatorsJob,
        ["TakeBankNotificationAsync"] = OperatorsJob,
        ["FailBankTransferAsync"] = OperatorsJob,
        ["TakeCardEventAsync"] = "the card processor calls it, and signs what it says",
    };

    // Types of the protocol that server and client share: what the server writes is what the client reads.
    private static readonly HashSet<Type> Shared = [typeof(Receipt)];

    private static readonly Type[] Groups = [.. typeof(FarthingClient).GetProperties().Select(property => property.PropertyType).Where(type => type.Name.EndsWith("Calls", StringComparison.Ordinal))];

    [Fact]
    public async Task Every_call_has_one_method_by_its_name_and_no_method_is_made_up()
    {
        var operations = await OperationsAsync();
        Assert.True(operations.Count > 80, $"Only {operations.Count} calls were found.");
        var described = operations.Select(operation => operation.Method).Where(method => !NotForClients.ContainsKey(method)).Order(StringComparer.Ordinal).ToList();
        var methods = Groups.SelectMany(MethodsOf).Select(method => method.Name).Order(StringComparer.Ordinal).ToList();
        Assert.True(described.SequenceEqual(methods),
            $"The client lacks: {string.Join(", ", described.Except(methods))}. It has what no server offers: {string.Join(", ", methods.Except(described))}. "
            + "A call goes into the file of its group in src/Farthing.Client, its records into the same file, and their types into Wire.cs; then ClientCallsTests calls it.");
        Assert.All(NotForClients, exception => Assert.Contains(exception.Key, operations.Select(operation => operation.Method)));
    }

    [Fact]
    public async Task Every_call_is_sent_as_it_is_described()
    {
        var document = await DocumentAsync();
        var sent = 0;
        foreach (var operation in await OperationsAsync())
        {
            if (Find(operation.Method) is not { } method) continue;
            foreach (var body in Bodies(method))
            {
                var request = await SendAsync(method, body);
                Assert.Equal(operation.Verb, request.Verb);
                Assert.True(Matches(operation.Path, request.Path), $"{operation.Method} goes to {request.Path}, not to {operation.Path}.");
                Assert.Equal(Parameters(operation.Node, "query"), request.Query.Order(StringComparer.Ordinal));
                Assert.Equal(Parameters(operation.Node, "header").Contains("Idempotency-Key"), request.IdempotencyKey == "text");
                Assert.Equal(operation.Node["security"] is JsonArray { Count: > 0 } || request.HasKey, request.HasKey);
                var schema = operation.Node["requestBody"]?["content"]?["application/json"]?["schema"];
                Assert.True(schema is not null || request.Body is null, $"{operation.Method} takes no body.");
                if (schema is null) continue;
                AssertSame(operation.Method, "body", MembersOf(document, schema, (request.Body as JsonObject)?["pricing"]?["model"]?.GetValue<string>()), MembersOf(request.Body));
            }

            sent++;
        }

        Assert.True(sent > 80, $"Only {sent} calls were sent.");
    }

    [Fact]
    public async Task Every_member_of_every_answer_is_carried()
    {
        var document = await DocumentAsync();
        var compared = 0;
        foreach (var operation in await OperationsAsync())
        {
            if (Find(operation.Method) is not { } method || AnswerOf(method) is not { } answer || Shared.Contains(answer)) continue;
            var schema = operation.Node["responses"]!.AsObject().Single(response => response.Key[0] == '2').Value!["content"]!["application/json"]!["schema"]!;
            AssertSame(operation.Method, "answer", MembersOf(document, schema, null), MembersOf(Wire.Default.GetTypeInfo(answer)!));
            compared++;
        }

        Assert.True(compared > 70, $"Only {compared} answers were compared.");
    }

    [Fact]
    public async Task Every_example_of_an_answer_is_read_and_loses_nothing()
    {
        var read = 0;
        foreach (var operation in await OperationsAsync())
        {
            if (Find(operation.Method) is not { } method || AnswerOf(method) is not { } answer || Shared.Contains(answer)) continue;
            var example = operation.Node["responses"]!.AsObject().Single(response => response.Key[0] == '2').Value!["content"]!["application/json"]!["example"]!;
            var value = JsonSerializer.Deserialize(example.ToJsonString(), Wire.Default.GetTypeInfo(answer)!);
            AssertSame(operation.Method, "example", MembersOf(example), MembersOf(JsonSerializer.SerializeToNode(value, Wire.Default.GetTypeInfo(answer)!)));
            read++;
        }

        Assert.True(read > 70, $"Only {read} examples were read.");
    }

    private static IEnumerable<MethodInfo> MethodsOf(Type group) => group.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly);

    private static MethodInfo? Find(string name) => Groups.SelectMany(MethodsOf).SingleOrDefault(method => method.Name == name);

    /// <summary>The JSON that a method answers with; null if it is none.</summary>
    private static Type? AnswerOf(MethodInfo method)
    {
        var type = method.ReturnType.GetGenericArguments().Single();
        if (method.ReturnType.GetGenericTypeDefinition() == typeof(Listing<>)) return typeof(Page<>).MakeGenericType(type);
        return method.ReturnType.GetGenericTypeDefinition() == typeof(Task<>) && Wire.Default.GetTypeInfo(type) is { Kind: JsonTypeInfoKind.Object } || Shared.Contains(type) ? type : null;
    }

    /// <summary>Arguments for a method, once for each model of pricing that its body may have.</summary>
    private static IEnumerable<object[]> Bodies(MethodInfo method)
    {
        object[] Arguments() => [.. method.GetParameters().Select(parameter => Samples.Of(parameter.ParameterType))];
        if (!method.GetParameters().Any(parameter => parameter.ParameterType == typeof(NewOffer))) return [Arguments()];
        return Samples.Cases(typeof(Pricing)).Select(model => Arguments().Select(argument => argument is NewOffer offer ? offer with { Pricing = (Pricing)Samples.Of(model) } : argument).ToArray());
    }

    private static async Task<Sent> SendAsync(MethodInfo method, object[] arguments)
    {
        using var line = new RecordingLine();
        using var client = new FarthingClient(new Uri("http://server.test"), "key", line);
        var group = typeof(FarthingClient).GetProperties().Single(property => property.PropertyType == method.DeclaringType).GetValue(client);
        try
        {
            await StartAsync(method.Invoke(group, arguments)!);
        }
        catch (FarthingException)
        {
            // Nothing that it could read was answered.
        }

        return line.Sent ?? throw new InvalidOperationException($"{method.Name} sent nothing.");
    }

    private static async Task StartAsync(object started)
    {
        if (started is Task task)
        {
            await task;
            return;
        }

        var type = started.GetType();
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Listing<>))
        {
            await (Task)type.GetMethod("ReadPageAsync")!.Invoke(started, ["cursor", 7, CancellationToken.None])!;
            return;
        }

        await using var changes = ((IAsyncEnumerable<Change>)started).GetAsyncEnumerator();
        await changes.MoveNextAsync();
    }

    private static bool Matches(string template, string path) =>
        Regex.IsMatch(path, "^" + PathMember().Replace(Regex.Escape(template).Replace("\\{", "{", StringComparison.Ordinal), match => match.Value == "{index}" ? ".+" : "[^/]+") + "$");

    private static IEnumerable<string> Parameters(JsonNode operation, string place) =>
        (operation["parameters"]?.AsArray() ?? []).Where(parameter => parameter!["in"]!.GetValue<string>() == place).Select(parameter => parameter!["name"]!.GetValue<string>()).Order(StringComparer.Ordinal);

    private static void AssertSame(string method, string what, IEnumerable<string> described, IEnumerable<string> carried)
    {
        var (wanted, had) = (described.ToHashSet(), carried.ToHashSet());
        Assert.True(wanted.SetEquals(had), $"{method}, {what}: the client lacks {string.Join(", ", wanted.Except(had))}; it has what is not described: {string.Join(", ", had.Except(wanted))}.");
    }

    /// <summary>The paths of all members that a schema describes, such as <c>lines[].amount.currency</c>.</summary>
    private static IEnumerable<string> MembersOf(JsonNode document, JsonNode schema, string? model, string path = "")
    {
        if (schema["$ref"] is { } reference)
        {
            var name = reference.GetValue<string>().Split('/')[^1];
            schema = document["components"]!["schemas"]![name]!;
        }

        if (schema["anyOf"] is JsonArray cases)
        {
            var mapping = schema["discriminator"]?["mapping"]?.AsObject();
            var wanted = model is null || mapping is null ? null : mapping[model]!.GetValue<string>();
            return cases.Where(one => wanted is null || one!["$ref"]?.GetValue<string>() == wanted).SelectMany(one => MembersOf(document, one!, model, path)).Distinct();
        }

        if (schema["items"] is { } items) return MembersOf(document, items, model, path + "[]");
        if (schema["properties"] is not JsonObject properties) return [path];
        return properties.SelectMany(property => MembersOf(document, property.Value!, model, $"{path}.{property.Key}"));
    }

    /// <summary>The paths of all members that JSON has.</summary>
    private static IEnumerable<string> MembersOf(JsonNode? json, string path = "") => json switch
    {
        JsonObject members => members.SelectMany(member => MembersOf(member.Value, $"{path}.{member.Key}")),
        JsonArray items => items.SelectMany(item => MembersOf(item, path + "[]")),
        _ => [path],
    };

    /// <summary>The paths of all members that a type reads and writes.</summary>
    private static IEnumerable<string> MembersOf(JsonTypeInfo type, string path = "")
    {
        if (type.Type == typeof(Amount)) return [$"{path}.amount", $"{path}.currency"];
        if (type.Kind == JsonTypeInfoKind.Enumerable) return MembersOf(Wire.Default.GetTypeInfo(type.Type.GetGenericArguments()[0])!, path + "[]");
        if (type.Type.GetCustomAttributes<JsonDerivedTypeAttribute>().Any())
            return Samples.Cases(type.Type).SelectMany(one => MembersOf(Wire.Default.GetTypeInfo(one)!, path)).Append($"{path}.model").Distinct();
        if (type.Kind != JsonTypeInfoKind.Object) return [path];
        return type.Properties.Where(property => !property.IsExtensionData)
            .SelectMany(property => MembersOf(Wire.Default.GetTypeInfo(Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType)!, $"{path}.{property.Name}"));
    }

    private async Task<JsonNode> DocumentAsync()
    {
        var reply = await server.Api.GetAsync("/openapi/v1.json");
        Assert.True(reply.Status == 200, reply.Text);
        return reply.Json;
    }

    private async Task<List<Operation>> OperationsAsync() =>
        [.. (await DocumentAsync())["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject().Select(operation =>
        {
            var id = operation.Value!["operationId"]!.GetValue<string>();
            return new Operation($"{char.ToUpperInvariant(id[0])}{id[1..]}Async", operation.Key.ToUpperInvariant(), path.Key, operation.Value);
        }))];

    [GeneratedRegex(@"\{\w+\}")]
    private static partial Regex PathMember();

    private sealed record Operation(string Method, string Verb, string Path, JsonNode Node);

    private sealed record Sent(string Verb, string Path, IReadOnlyList<string> Query, string? IdempotencyKey, bool HasKey, JsonNode? Body);

    /// <summary>Keeps what is sent, and answers with nothing that could be read.</summary>
    private sealed class RecordingLine : HttpMessageHandler
    {
        public Sent? Sent { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var body = request.Content is null ? null : JsonNode.Parse(await request.Content.ReadAsStringAsync(cancellationToken));
            Sent = new Sent(
                request.Method.Method,
                request.RequestUri!.AbsolutePath,
                [.. request.RequestUri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries).Select(member => member.Split('=')[0])],
                request.Headers.TryGetValues("Idempotency-Key", out var keys) ? keys.Single() : null,
                request.Headers.Authorization is { Scheme: "Bearer", Parameter: "key" },
                body);
            return new HttpResponseMessage { Content = new StringContent("data: []\n", Encoding.UTF8, "application/json") };
        }
    }
}
