using System.Globalization;
using System.Text;
using System.Xml;
using Farthing.Payments.Payouts;
using Farthing.Protocol;

namespace Farthing.Server.Rails.BankFile;

/// <summary>One transfer of a file.</summary>
/// <param name="Payout">Whose reference it bears.</param>
/// <param name="Amount">In euro, whole cents.</param>
/// <param name="Name">Whose account it goes to.</param>
/// <param name="Iban">That account.</param>
/// <param name="Bic">Its bank, or null.</param>
internal sealed record BankTransfer(Id<PayoutKind> Payout, Amount Amount, string Name, string Iban, string? Bic);

/// <summary>Writes what tells a bank to pay: ISO 20022 pain.001.001.09, as the single euro payments area uses it.</summary>
/// <remarks>
/// The elements, their sequence and their types are those of CustomerCreditTransferInitiationV09; what is used of them follows EPC132-08, the customer-to-bank
/// guidelines for SEPA credit transfers. The same transfers always give the same bytes.
/// </remarks>
internal static class Pain001
{
    public const string Namespace = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09";

    private const int MaxNameLength = 70;

    /// <summary>Writes a file.</summary>
    /// <param name="messageId">What makes it this file and no other, at most 35 characters.</param>
    /// <param name="createdAt">When it was made.</param>
    /// <param name="debtor">Whose account pays.</param>
    /// <param name="transfers">At least one.</param>
    public static byte[] Write(string messageId, DateTimeOffset createdAt, BankFileOptions debtor, IReadOnlyList<BankTransfer> transfers)
    {
        ArgumentOutOfRangeException.ThrowIfZero(transfers.Count, nameof(transfers));
        var count = transfers.Count.ToString(CultureInfo.InvariantCulture);
        var sum = Decimal(transfers.Aggregate(new Amount(Asset.Eur, UInt128.Zero), (total, transfer) => total + transfer.Amount));
        using var bytes = new MemoryStream();
        using (var xml = XmlWriter.Create(bytes, new XmlWriterSettings { Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), Indent = true, NewLineChars = "\n" }))
        {
            if (debtor.IsPlayMoney) xml.WriteComment(" Play money: this file is not for a bank. ");
            xml.WriteStartElement("Document", Namespace);
            xml.WriteStartElement("CstmrCdtTrfInitn", Namespace);

            xml.WriteStartElement("GrpHdr", Namespace);
            Write(xml, "MsgId", messageId);
            Write(xml, "CreDtTm", createdAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
            Write(xml, "NbOfTxs", count);
            Write(xml, "CtrlSum", sum);
            WriteParty(xml, "InitgPty", debtor.Name);
            xml.WriteEndElement();

            xml.WriteStartElement("PmtInf", Namespace);
            Write(xml, "PmtInfId", messageId);
            Write(xml, "PmtMtd", "TRF");
            Write(xml, "NbOfTxs", count);
            Write(xml, "CtrlSum", sum);
            xml.WriteStartElement("PmtTpInf", Namespace);
            xml.WriteStartElement("SvcLvl", Namespace);
            Write(xml, "Cd", "SEPA");
            xml.WriteEndElement();
            xml.WriteEndElement();
            xml.WriteStartElement("ReqdExctnDt", Namespace);
            Write(xml, "Dt", createdAt.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
            xml.WriteEndElement();
            WriteParty(xml, "Dbtr", debtor.Name);
            WriteAccount(xml, "DbtrAcct", debtor.Iban);
            WriteAgent(xml, "DbtrAgt", debtor.Bic);
            Write(xml, "ChrgBr", "SLEV");
            foreach (var transfer in transfers) Write(xml, transfer);
            xml.WriteEndElement();

            xml.WriteEndElement();
            xml.WriteEndElement();
        }

        return bytes.ToArray();
    }

    /// <summary>An amount as the file says it: with cents.</summary>
    public static string Decimal(Amount amount)
    {
        var text = amount.ToDecimalString();
        var point = text.IndexOf('.', StringComparison.Ordinal);
        return point < 0 ? text + ".00" : text.PadRight(point + 3, '0');
    }

    private static void Write(XmlWriter xml, BankTransfer transfer)
    {
        xml.WriteStartElement("CdtTrfTxInf", Namespace);
        xml.WriteStartElement("PmtId", Namespace);
        Write(xml, "EndToEndId", Payout.EndToEndIdOf(transfer.Payout));
        xml.WriteEndElement();
        xml.WriteStartElement("Amt", Namespace);
        xml.WriteStartElement("InstdAmt", Namespace);
        xml.WriteAttributeString("Ccy", transfer.Amount.Asset.Code);
        xml.WriteString(Decimal(transfer.Amount));
        xml.WriteEndElement();
        xml.WriteEndElement();
        if (transfer.Bic is not null) WriteAgent(xml, "CdtrAgt", transfer.Bic);
        WriteParty(xml, "Cdtr", transfer.Name);
        WriteAccount(xml, "CdtrAcct", transfer.Iban);
        xml.WriteStartElement("RmtInf", Namespace);
        Write(xml, "Ustrd", $"Payout {Payout.EndToEndIdOf(transfer.Payout)}");
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static void WriteParty(XmlWriter xml, string element, string name)
    {
        xml.WriteStartElement(element, Namespace);
        Write(xml, "Nm", BankText.Of(name, MaxNameLength));
        xml.WriteEndElement();
    }

    private static void WriteAccount(XmlWriter xml, string element, string iban)
    {
        xml.WriteStartElement(element, Namespace);
        xml.WriteStartElement("Id", Namespace);
        Write(xml, "IBAN", iban);
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static void WriteAgent(XmlWriter xml, string element, string? bic)
    {
        xml.WriteStartElement(element, Namespace);
        xml.WriteStartElement("FinInstnId", Namespace);
        if (bic is not null)
        {
            Write(xml, "BICFI", bic);
        }
        else
        {
            xml.WriteStartElement("Othr", Namespace);
            Write(xml, "Id", "NOTPROVIDED");
            xml.WriteEndElement();
        }

        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static void Write(XmlWriter xml, string element, string text) => xml.WriteElementString(element, Namespace, text);
}
