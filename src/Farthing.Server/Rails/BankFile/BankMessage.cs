using System.Xml;
using System.Xml.Linq;
using Farthing.Payments;

namespace Farthing.Server.Rails.BankFile;

/// <summary>What a bank sends, read by the rules of its message. Immutable.</summary>
/// <param name="MessageId">The bank's own number of it.</param>
internal abstract record BankMessage(string MessageId)
{
    /// <summary>The largest file that is read, in bytes.</summary>
    public const int MaxBytes = 4 << 20;

    private const int MaxDepth = 32;

    private static readonly Kind[] Kinds = [.. Camt054.Kinds, .. Pain002.Kinds];

    /// <summary>What is read, in words.</summary>
    public static string AllNames { get; } = string.Join(", ", Kinds.Select(kind => kind.Name));

    /// <summary>Reads a file.</summary>
    /// <returns>What it says; or why it is refused whole: it is no XML, no message that is read here, or breaks a rule of its message. Never throws, whatever the bytes.</returns>
    /// <remarks>No document type, no entity and nothing outside the file is ever looked at. The namespace says what message it is.</remarks>
    public static Answer<BankMessage> Read(byte[] file)
    {
        XElement root;
        try
        {
            CheckDepth(file);
            using var reader = XmlReader.Create(new MemoryStream(file, writable: false), Settings());
            root = XDocument.Load(reader, LoadOptions.PreserveWhitespace).Root!;
        }
        catch (Exception e) when (e is XmlException or ArgumentException or InvalidOperationException or NotSupportedException)
        {
            return new Refusal(RefusalCodes.NotificationUnreadable, e is XmlException { LineNumber: > 0 } xml ? $"Line {xml.LineNumber} is no XML that is read here." : "It is no XML that is read here.");
        }

        if (Kinds.FirstOrDefault(kind => kind.Namespace == root.Name.NamespaceName) is not { } known)
            return new Refusal(RefusalCodes.NotificationUnknown, $"The namespace of its root is none of those that are read here: {AllNames}.");
        return known.Rules.FindFault(root) is { } fault ? Broken(fault) : known.Read(root);
    }

    /// <summary>A refusal for a rule that is broken.</summary>
    public static Refusal Broken(string fault) => new(RefusalCodes.NotificationBreaksRule, fault);

    /// <summary>The element at a path below another.</summary>
    public static XElement? At(XElement element, params ReadOnlySpan<string> path)
    {
        XElement? found = element;
        foreach (var name in path) found = found?.Element(element.Name.Namespace + name);
        return found;
    }

    private static XmlReaderSettings Settings() => new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        MaxCharactersInDocument = MaxBytes,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
    };

    // The tree is built and walked with one call for each level.
    private static void CheckDepth(byte[] file)
    {
        using var reader = XmlReader.Create(new MemoryStream(file, writable: false), Settings());
        while (reader.Read())
        {
            if (reader.Depth > MaxDepth) throw new XmlException("Too deep.", null, ((IXmlLineInfo)reader).LineNumber, 1);
        }
    }

    /// <summary>A message in one of its versions.</summary>
    /// <param name="Name">Such as <c>camt.054.001.08</c>.</param>
    /// <param name="Rules">Its rules.</param>
    /// <param name="Read">Reads what keeps them.</param>
    internal sealed record Kind(string Name, MessageRules Rules, Func<XElement, Answer<BankMessage>> Read)
    {
        public string Namespace => NamespaceOf(Name);

        public static string NamespaceOf(string name) => $"urn:iso:std:iso:20022:tech:xsd:{name}";

        /// <summary>Makes one of rules as <see cref="MessageRules"/> has them.</summary>
        public static Kind Of(string name, string rules, Func<XElement, Answer<BankMessage>> read) => new(name, MessageRules.Of(NamespaceOf(name), rules), read);
    }
}
