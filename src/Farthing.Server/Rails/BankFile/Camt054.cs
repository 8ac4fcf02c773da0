using System.Xml;
using System.Xml.Linq;
using Farthing.Protocol;

namespace Farthing.Server.Rails.BankFile;

/// <summary>What a bank says that it booked, as far as it concerns transfers. Immutable.</summary>
/// <param name="EndToEndId">The reference that the transfer bore; null if it bore none.</param>
/// <param name="IsCredit">True if money came into the account: what comes back.</param>
/// <param name="IsBooked">True if it is booked, and not only announced.</param>
/// <param name="IsReturn">True if the bank says that it takes something back.</param>
/// <param name="Amount">How much, in euro; null if that is missing, no amount, or not in euro.</param>
/// <param name="Reason">The bank's code and words for a return, or null.</param>
internal sealed record BookedTransfer(string? EndToEndId, bool IsCredit, bool IsBooked, bool IsReturn, Amount? Amount, string? Reason);

/// <summary>A bank's notification: ISO 20022 camt.054.001.08.</summary>
/// <param name="Accounts">The IBANs of the accounts that it is of.</param>
/// <param name="Transfers">What it says, in its sequence.</param>
internal sealed record BankNotification(IReadOnlyList<string> Accounts, IReadOnlyList<BookedTransfer> Transfers);

/// <summary>Reads what banks say that they booked: ISO 20022 camt.054.001.08, BankToCustomerDebitCreditNotificationV08.</summary>
/// <remarks>
/// What it does not know it passes over, as banks fill in what they like; what it needs and does not find makes the file unreadable. No document type, no entity and nothing outside the
/// file is ever looked at.
/// </remarks>
internal static class Camt054
{
    public const string Namespace = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08";

    /// <summary>The largest file that is read, in bytes.</summary>
    public const int MaxBytes = 4 << 20;

    private const int MaxDepth = 32;
    private const int MaxTransfers = 100_000;
    private const int MaxReasonLength = 140;

    private static readonly XNamespace Camt = Namespace;

    /// <summary>Reads a file. Never throws, whatever the bytes.</summary>
    /// <param name="file">The file.</param>
    /// <param name="notification">What it says, if the answer is null.</param>
    /// <returns>Why it cannot be read, or null.</returns>
    public static string? Read(byte[] file, out BankNotification notification)
    {
        notification = new([], []);
        XElement root;
        try
        {
            CheckDepth(file);
            using var reader = XmlReader.Create(new MemoryStream(file, writable: false), Settings());
            root = XDocument.Load(reader).Root!;
        }
        catch (Exception e) when (e is XmlException or ArgumentException or InvalidOperationException or NotSupportedException)
        {
            return e is XmlException { LineNumber: > 0 } xml ? $"Line {xml.LineNumber} is no XML that is read here." : "It is no XML that is read here.";
        }

        if (root.Name != Camt + "Document" || root.Element(Camt + "BkToCstmrDbtCdtNtfctn") is not { } message) return $"It is no camt.054: its root must be a Document in {Namespace} with a BkToCstmrDbtCdtNtfctn.";
        var accounts = new List<string>();
        var transfers = new List<BookedTransfer>();
        foreach (var part in message.Elements(Camt + "Ntfctn"))
        {
            if (At(part, "Acct", "Id", "IBAN")?.Value.Trim() is not { Length: > 0 } account) return "A Ntfctn does not say by its IBAN which account it is of.";
            accounts.Add(account);
            foreach (var booked in part.Elements(Camt + "Ntry"))
            {
                if (!TryReadDirection(booked, out var isCredit)) return "A Ntry has no CdtDbtInd of CRDT or DBIT.";
                var details = booked.Elements(Camt + "NtryDtls").SelectMany(one => one.Elements(Camt + "TxDtls")).ToList();
                if (details.Count == 0) transfers.Add(new(null, isCredit, IsBooked(booked), IsReturn(booked), AmountOf(booked.Element(Camt + "Amt")), null));
                foreach (var detail in details)
                {
                    if (transfers.Count == MaxTransfers) return $"It has more than {MaxTransfers} transfers.";
                    // A detail may go the other way than the sum that it is part of.
                    if (detail.Element(Camt + "CdtDbtInd") is null || !TryReadDirection(detail, out var isOwnCredit)) isOwnCredit = isCredit;
                    var amount = detail.Element(Camt + "Amt") ?? At(detail, "AmtDtls", "TxAmt", "Amt") ?? (details.Count == 1 ? booked.Element(Camt + "Amt") : null);
                    transfers.Add(new(At(detail, "Refs", "EndToEndId")?.Value.Trim(), isOwnCredit, IsBooked(booked), IsReturn(booked) || detail.Element(Camt + "RtrInf") is not null, AmountOf(amount), ReasonOf(detail)));
                }
            }
        }

        if (accounts.Count == 0) return "It has no Ntfctn.";
        notification = new(accounts, transfers);
        return null;
    }

    private static XmlReaderSettings Settings() => new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        MaxCharactersInDocument = MaxBytes,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
    };

    // The tree below is built and walked with one call for each level.
    private static void CheckDepth(byte[] file)
    {
        using var reader = XmlReader.Create(new MemoryStream(file, writable: false), Settings());
        while (reader.Read())
        {
            if (reader.Depth > MaxDepth) throw new XmlException("Too deep.", null, ((IXmlLineInfo)reader).LineNumber, 1);
        }
    }

    private static XElement? At(XElement element, params ReadOnlySpan<string> path)
    {
        XElement? found = element;
        foreach (var name in path) found = found?.Element(Camt + name);
        return found;
    }

    private static bool TryReadDirection(XElement element, out bool isCredit)
    {
        var text = element.Element(Camt + "CdtDbtInd")?.Value.Trim();
        isCredit = text == "CRDT";
        return isCredit || text == "DBIT";
    }

    private static bool IsBooked(XElement booked) => At(booked, "Sts", "Cd")?.Value.Trim() == "BOOK";

    private static bool IsReturn(XElement booked) => booked.Element(Camt + "RvslInd")?.Value.Trim() is "true" or "1";

    private static Amount? AmountOf(XElement? amount)
    {
        if (amount is null || amount.Attribute("Ccy")?.Value != Asset.Eur.Code) return null;
        return Amount.TryParse(amount.Value.Trim(), Asset.Eur, out var read) == AmountError.None ? read : null;
    }

    private static string? ReasonOf(XElement detail)
    {
        if (detail.Element(Camt + "RtrInf") is not { } returned) return null;
        var code = (At(returned, "Rsn", "Cd") ?? At(returned, "Rsn", "Prtry"))?.Value.Trim();
        var words = string.Join(' ', returned.Elements(Camt + "AddtlInf").Select(one => one.Value.Trim()));
        var reason = new string([.. $"{code} {words}".Trim().Where(c => !char.IsControl(c))]);
        return reason.Length == 0 ? null : reason.Length > MaxReasonLength ? reason[..MaxReasonLength] : reason;
    }
}
