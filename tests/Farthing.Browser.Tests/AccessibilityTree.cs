using System.Text;
using System.Text.Json;
using Microsoft.Playwright;

namespace Farthing.Browser.Tests;

/// <summary>What a screen reader is given of a page: Chromium's accessibility tree, read over the DevTools protocol.</summary>
internal static class AccessibilityTree
{
    /// <summary>What is heard of a part of the page, in reading order.</summary>
    /// <param name="page">The page.</param>
    /// <param name="selector">The element whose part of the tree is wanted.</param>
    /// <returns>One line for each thing that has a role of its own, such as <c>button "Buy" (opens a window) focusable</c>; text that is no thing's name by itself.</returns>
    public static async Task<IReadOnlyList<string>> ReadAsync(IPage page, string selector)
    {
        var session = await page.Context.NewCDPSessionAsync(page);
        try
        {
            await session.SendAsync("Accessibility.enable");
            var document = await session.SendAsync("DOM.getDocument", new() { ["depth"] = 0 });
            var root = document!.Value.GetProperty("root").GetProperty("nodeId").GetInt32();
            var found = await session.SendAsync("DOM.querySelector", new() { ["nodeId"] = root, ["selector"] = selector });
            var described = await session.SendAsync("DOM.describeNode", new() { ["nodeId"] = found!.Value.GetProperty("nodeId").GetInt32() });
            var wanted = described!.Value.GetProperty("node").GetProperty("backendNodeId").GetInt32();
            var tree = await session.SendAsync("Accessibility.getFullAXTree");
            var nodes = tree!.Value.GetProperty("nodes").EnumerateArray().ToDictionary(node => node.GetProperty("nodeId").GetString()!);
            var start = nodes.Values.Single(node => node.TryGetProperty("backendDOMNodeId", out var id) && id.GetInt32() == wanted);
            var lines = new List<string>();
            Read(start, nodes, lines);
            return lines;
        }
        finally
        {
            await session.DetachAsync();
        }
    }

    private static void Read(JsonElement node, Dictionary<string, JsonElement> nodes, List<string> lines)
    {
        if (!node.GetProperty("ignored").GetBoolean() && Describe(node) is { } line) lines.Add(line);
        // What a button or a link is called is its content.
        if (RoleOf(node) is "button" or "link") return;
        foreach (var child in node.GetProperty("childIds").EnumerateArray())
        {
            if (nodes.TryGetValue(child.GetString()!, out var found)) Read(found, nodes, lines);
        }
    }

    private static string? Describe(JsonElement node)
    {
        var states = node.GetProperty("properties").EnumerateArray().ToDictionary(state => state.GetProperty("name").GetString()!, state => state.GetProperty("value").TryGetProperty("value", out var value) ? value.ToString() : "");
        var role = RoleOf(node);
        if (role is "InlineTextBox" or "generic" or "none" or "paragraph" || (role == "StaticText" && string.IsNullOrWhiteSpace(TextOf(node, "name")))) return null;
        var line = new StringBuilder(role);
        if (TextOf(node, "name") is { Length: > 0 } name) line.Append($" \"{name.Trim()}\"");
        if (TextOf(node, "description") is { Length: > 0 } description) line.Append($" ({description})");
        foreach (var state in (string[])["live", "disabled", "expanded", "focused"])
        {
            if (states.TryGetValue(state, out var value) && value is not ("" or "False" or "false" or "off")) line.Append(value is "True" or "true" ? $" {state}" : $" {state}={value}");
        }

        return line.ToString();
    }

    private static string RoleOf(JsonElement node) => TextOf(node, "role") ?? "none";

    private static string? TextOf(JsonElement node, string member) => node.TryGetProperty(member, out var text) && text.TryGetProperty("value", out var value) ? value.GetString() : null;
}
