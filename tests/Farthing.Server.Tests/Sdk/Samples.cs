using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Farthing.Protocol;

namespace Farthing.Server.Tests.Sdk;

/// <summary>A value for any parameter of the client, with every member of a record filled in.</summary>
internal static class Samples
{
    private static readonly DateTimeOffset Noon = DateTimeOffset.Parse("2026-11-23T12:00:00Z", CultureInfo.InvariantCulture);

    public static object Of(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(string)) return "text";
        if (type == typeof(int)) return 7;
        if (type == typeof(uint)) return 7u;
        if (type == typeof(long)) return 7L;
        if (type == typeof(bool)) return true;
        if (type == typeof(DateTimeOffset)) return Noon;
        if (type == typeof(DateOnly)) return DateOnly.FromDateTime(Noon.UtcDateTime);
        if (type == typeof(Amount)) return Amount.Parse("1.5 USD");
        if (type == typeof(TileName)) return new TileName(0, 1, 17);
        if (type == typeof(CancellationToken)) return TestContext.Current.CancellationToken;
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Id<>)) return Activator.CreateInstance(type, (UInt128)7)!;
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))
        {
            // One of each kind that a list can hold.
            var item = type.GetGenericArguments()[0];
            var array = Array.CreateInstance(item, 1);
            array.SetValue(Of(item), 0);
            return array;
        }

        return Record(type);
    }

    /// <summary>One of each record that may stand where this one is wanted.</summary>
    public static IEnumerable<Type> Cases(Type type) => type.GetCustomAttributes<JsonDerivedTypeAttribute>().Select(derived => derived.DerivedType).DefaultIfEmpty(type);

    private static object Record(Type type)
    {
        type = Cases(type).First();
        if (type.GetConstructors().FirstOrDefault(constructor => constructor.GetParameters() is { Length: > 0 } parameters && parameters[0].ParameterType != type) is { } positional)
            return positional.Invoke([.. positional.GetParameters().Select(parameter => Of(parameter.ParameterType))]);
        var record = Activator.CreateInstance(type) ?? throw new InvalidOperationException($"{type} cannot be made.");
        foreach (var property in type.GetProperties().Where(property => property.CanWrite && property.PropertyType != typeof(IDictionary<string, JsonElement>)))
            property.SetValue(record, Of(property.PropertyType));
        return record;
    }
}
