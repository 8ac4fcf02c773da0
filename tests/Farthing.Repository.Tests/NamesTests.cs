using System.Reflection;
using System.Text.RegularExpressions;
using Farthing.Ledger;
using Farthing.Payments;
using Farthing.Protocol;

namespace Farthing.Repository.Tests;

/// <summary>One word for one thing: see GLOSSARY.md.</summary>
public sealed partial class NamesTests
{
    // A name that could stand for anything says nothing.
    private static readonly HashSet<string> EmptyWords = new(StringComparer.OrdinalIgnoreCase)
    {
        "Core", "Common", "Abstractions", "Infrastructure", "Util", "Utils", "Utilities", "Helper", "Helpers", "Manager", "Managers", "Service", "Services",
    };

    // Words that the glossary gives another word for.
    private static readonly HashSet<string> NeverWords = new(StringComparer.OrdinalIgnoreCase)
    {
        "transaction", "entry", "entries", "authorize", "authorization", "capture", "reserve", "user", "customer", "sender", "recipient", "product", "order",
        "charge", "quote", "ticket", "limit", "quota", "session", "sync", "deposit", "withdrawal", "reversal",
    };

    // .NET's own words, which stay theirs.
    private static readonly string[] OutsideWords = ["AspNetCore", "ServiceCollection", "HostedService", "BackgroundService", "ServiceProvider"];

    // Types that speak an outside protocol in its own words.
    private static readonly Dictionary<string, string> OutsideProtocols = new()
    {
        ["ChargeRequest"] = "the Payment scheme of HTTP 402 has an intent 'charge' with a member 'recipient'",
        ["PaymentChallenge"] = "its payload is the charge",
    };

    [Fact]
    public void No_project_folder_or_type_has_an_empty_name()
    {
        var types = 0;
        foreach (var file in WorkingTree.Files.Where(file => file.EndsWith(".cs", StringComparison.Ordinal)))
        {
            foreach (var part in file.Split('/')) AssertSaysSomething(Path.GetFileNameWithoutExtension(part), file);
            foreach (Match match in TypeDeclaration().Matches(WorkingTree.CodeOnly(WorkingTree.Read(file))))
            {
                AssertSaysSomething(match.Groups["name"].Value, file);
                types++;
            }
        }
        Assert.True(types > 100, $"Only {types} types were found: the test no longer reads the sources.");
    }

    [Fact]
    public void Public_names_use_the_words_of_the_glossary()
    {
        var names = 0;
        var wrong = new List<string>();
        foreach (var type in new[] { typeof(Amount), typeof(Outcome), typeof(RefusalCode) }.SelectMany(type => type.Assembly.GetExportedTypes()))
        {
            if (OutsideProtocols.ContainsKey(type.Name)) continue;
            foreach (var (place, name) in NamesOf(type))
            {
                names++;
                var word = WordsOf(name).FirstOrDefault(NeverWords.Contains);
                if (word is not null) wrong.Add($"{place}: '{name}' says '{word}'");
            }
        }
        Assert.True(names > 300, $"Only {names} names were found: the test no longer reads the assemblies.");
        Assert.Empty(wrong);
    }

    private static IEnumerable<(string Place, string Name)> NamesOf(Type type)
    {
        yield return (type.Name, type.Name);
        const BindingFlags Declared = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        foreach (var member in type.GetMembers(Declared))
        {
            // Accessors and what the compiler adds to records have no names of ours.
            if (member is MethodBase { IsSpecialName: true, IsConstructor: false } || member.Name.StartsWith('<')) continue;
            var place = $"{type.Name}.{member.Name}";
            if (member is not MethodBase { IsConstructor: true }) yield return (place, member.Name);
            if (member is not MethodBase method) continue;
            foreach (var parameter in method.GetParameters()) yield return (place, parameter.Name ?? "");
        }
    }

    private static void AssertSaysSomething(string name, string file)
    {
        foreach (var outside in OutsideWords) name = name.Replace(outside, "", StringComparison.Ordinal);
        var empty = WordsOf(name).FirstOrDefault(EmptyWords.Contains);
        Assert.True(empty is null, $"{file}: '{name}' says '{empty}', which says nothing: name what it does.");
    }

    private static IEnumerable<string> WordsOf(string name) => Word().Matches(name).Select(match => match.Value);

    [GeneratedRegex("[A-Z]?[a-z]+|[A-Z]+(?![a-z])")]
    private static partial Regex Word();

    [GeneratedRegex(@"\b(?:class|struct|interface|enum|record(?:\s+(?:class|struct))?|delegate\s+[\w<>,\[\]?. ]+?)\s+(?<name>[A-Z]\w*)\s*[<({:;\r\n]")]
    private static partial Regex TypeDeclaration();
}
