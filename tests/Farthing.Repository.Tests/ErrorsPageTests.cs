using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Farthing.Ledger;
using Farthing.Payments;

namespace Farthing.Repository.Tests;

/// <summary><c>docs/errors.md</c> is written from the catalogue of codes and the ledger's outcomes.</summary>
/// <remarks>After a change of either, run these tests with <c>FARTHING_UPDATE_DOCS=1</c> and commit the page.</remarks>
public sealed partial class ErrorsPageTests
{
    private const string Page = "docs/errors.md";

    [Fact]
    public void The_page_says_what_the_code_says()
    {
        var expected = Render();
        if (Environment.GetEnvironmentVariable("FARTHING_UPDATE_DOCS") == "1") File.WriteAllText(WorkingTree.Absolute(Page), expected);
        Assert.Equal(expected, WorkingTree.Read(Page));
    }

    [Fact]
    public void Every_code_is_unique_well_formed_and_in_the_catalogue()
    {
        var declared = typeof(RefusalCodes).GetProperties().Where(property => property.PropertyType == typeof(RefusalCode)).Select(property => (property.Name, Code: (RefusalCode)property.GetValue(null)!)).ToList();
        Assert.True(declared.Count > 40);
        Assert.Equal(declared.Count, RefusalCodes.All.Count);
        Assert.Equal(declared.Count, RefusalCodes.All.DistinctBy(code => code.Code).Count());
        Assert.All(declared, entry =>
        {
            Assert.Contains(entry.Code, RefusalCodes.All);
            Assert.Equal(SnakeCase(entry.Name), entry.Code.Code);
            Assert.InRange(entry.Code.HttpStatus, 400, 599);
            Assert.EndsWith(".", entry.Code.Title, StringComparison.Ordinal);
            Assert.EndsWith(".", entry.Code.WhatToDo, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Outcomes_are_numbered_in_the_order_in_which_they_are_checked()
    {
        var outcomes = Enum.GetValues<Outcome>();
        Assert.True(outcomes.Length > 30);
        Assert.Equal(outcomes.Order(), outcomes);
        Assert.All(outcomes, outcome => Assert.False(string.IsNullOrWhiteSpace(Meaning(outcome))));
    }

    private static string Render()
    {
        var page = new StringBuilder();
        page.Append("""
            # Errors

            <!-- Written by ErrorsPageTests from RefusalCodes.cs and Outcome.cs. Edit those, then run the test with FARTHING_UPDATE_DOCS=1. -->

            A refused request moves no money. The answer is `application/problem+json` ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)) with
            `type`, `title`, `status`, `detail`, the stable `code` of this page and `retry`; some codes add facts, such as `missing`.

            `retry` says what a program should do:

            | retry | meaning |
            | --- | --- |
            | `same_key` | Repeat with the same `Idempotency-Key`: nothing was decided, or the answer is not known yet. |
            | `new_key` | Repeat with a new key once the reason is gone: the refusal is remembered under the old one, so that a late duplicate can never pay. |
            | `never` | Do not repeat: the request itself is wrong. |

            ## Codes of the API

            """);
        foreach (var code in RefusalCodes.All)
        {
            page.Append(CultureInfo.InvariantCulture, $"""

                ### {code.Code}

                {code.HttpStatus} · retry `{SnakeCase(code.Retry.ToString())}` · {code.Title} {code.WhatToDo}

                """);
        }
        page.Append("""

            ## Outcomes of the ledger

            The state machine checks in this order, and the first check that fails names the outcome. Numbers 1 to 14 are mistakes of the calling code,
            clashes of ids or ends of accounts: they are not journaled and bind nothing. From 20 on, the refusal depends on the state of accounts: it is
            journaled, binds its id for ever, and whoever repeats the command gets the same answer. Of a chain, all commands are checked for 1 to 10,
            then all for 11 and 12; the rest, 13 and 14 included, is checked command by command as the chain is carried out.

            | number | outcome | journaled | meaning |
            | --- | --- | --- | --- |

            """);
        foreach (var outcome in Enum.GetValues<Outcome>())
        {
            var journaled = outcome == Outcome.Done || outcome >= Outcome.ChainRefused ? "yes" : "no";
            page.Append(CultureInfo.InvariantCulture, $"| {(int)outcome} | `{SnakeCase(outcome.ToString())}` | {journaled} | {Meaning(outcome)} |\n");
        }
        return page.ToString();
    }

    // The sentence of the enum's own documentation, so that there is one text.
    private static string Meaning(Outcome outcome)
    {
        var member = Documentation.Value.Descendants("member").Single(element => element.Attribute("name")!.Value == $"F:Farthing.Ledger.Outcome.{outcome}");
        var summary = member.Element("summary")!;
        foreach (var reference in summary.Elements("c").ToList()) reference.ReplaceWith($"`{reference.Value}`");
        return Blanks().Replace(summary.Value.Trim(), " ");
    }

    private static readonly Lazy<XDocument> Documentation = new(() => XDocument.Load(Path.ChangeExtension(typeof(Outcome).Assembly.Location, ".xml")));

    private static string SnakeCase(string name) => Capital().Replace(name, match => (match.Index == 0 ? "" : "_") + match.Value.ToLowerInvariant());

    [GeneratedRegex("[A-Z]")]
    private static partial Regex Capital();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
