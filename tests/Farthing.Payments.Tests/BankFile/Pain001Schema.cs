using System.Xml;
using System.Xml.Linq;
using System.Xml.Schema;

namespace Farthing.Payments.Tests.BankFile;

/// <summary>The rules of ISO 20022 pain.001.001.09 for what we use of it, written for these tests from the published message definition, and shared with no code of ours.</summary>
/// <remarks>
/// CustomerCreditTransferInitiationV09, ISO 20022 Message Definition Report "Payments Initiation", edition of February 2019: https://www.iso20022.org/iso-20022-message-definitions
/// What it leaves optional and we never write is left out here, so that a file with anything else fails. The narrower rules (a SEPA service level, amounts of at most
/// 999,999,999.99, restricted references) are those of EPC132-08, the European Payments Council's customer-to-bank guidelines.
/// </remarks>
internal static class Pain001Schema
{
    private const string Rules = """
        <s:schema xmlns:s="http://www.w3.org/2001/XMLSchema" xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09" targetNamespace="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09" elementFormDefault="qualified">
          <s:simpleType name="Reference"><s:restriction base="s:string"><s:pattern value="[A-Za-z0-9+?/:().,' \-]{1,35}"/></s:restriction></s:simpleType>
          <s:simpleType name="Name"><s:restriction base="s:string"><s:minLength value="1"/><s:maxLength value="70"/><s:pattern value="[A-Za-z0-9+?/:().,' \-]*"/></s:restriction></s:simpleType>
          <s:simpleType name="Words"><s:restriction base="s:string"><s:minLength value="1"/><s:maxLength value="140"/></s:restriction></s:simpleType>
          <s:simpleType name="Count"><s:restriction base="s:string"><s:pattern value="[0-9]{1,15}"/></s:restriction></s:simpleType>
          <s:simpleType name="Sum"><s:restriction base="s:decimal"><s:totalDigits value="18"/><s:fractionDigits value="17"/></s:restriction></s:simpleType>
          <s:simpleType name="Iban"><s:restriction base="s:string"><s:pattern value="[A-Z]{2}[0-9]{2}[a-zA-Z0-9]{1,30}"/></s:restriction></s:simpleType>
          <s:simpleType name="Bic"><s:restriction base="s:string"><s:pattern value="[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?"/></s:restriction></s:simpleType>
          <s:simpleType name="Euros"><s:restriction base="s:decimal"><s:minInclusive value="0.01"/><s:maxInclusive value="999999999.99"/><s:fractionDigits value="2"/><s:totalDigits value="11"/></s:restriction></s:simpleType>
          <s:complexType name="Party"><s:sequence><s:element name="Nm" type="Name"/></s:sequence></s:complexType>
          <s:complexType name="Account"><s:sequence><s:element name="Id"><s:complexType><s:sequence><s:element name="IBAN" type="Iban"/></s:sequence></s:complexType></s:element></s:sequence></s:complexType>
          <s:complexType name="Agent"><s:sequence><s:element name="FinInstnId"><s:complexType><s:choice>
            <s:element name="BICFI" type="Bic"/>
            <s:element name="Othr"><s:complexType><s:sequence><s:element name="Id" type="s:string" fixed="NOTPROVIDED"/></s:sequence></s:complexType></s:element>
          </s:choice></s:complexType></s:element></s:sequence></s:complexType>
          <s:element name="Document"><s:complexType><s:sequence><s:element name="CstmrCdtTrfInitn"><s:complexType><s:sequence>
            <s:element name="GrpHdr"><s:complexType><s:sequence>
              <s:element name="MsgId" type="Reference"/><s:element name="CreDtTm" type="s:dateTime"/><s:element name="NbOfTxs" type="Count"/><s:element name="CtrlSum" type="Sum"/><s:element name="InitgPty" type="Party"/>
            </s:sequence></s:complexType></s:element>
            <s:element name="PmtInf" maxOccurs="unbounded"><s:complexType><s:sequence>
              <s:element name="PmtInfId" type="Reference"/><s:element name="PmtMtd" type="s:string" fixed="TRF"/><s:element name="NbOfTxs" type="Count"/><s:element name="CtrlSum" type="Sum"/>
              <s:element name="PmtTpInf"><s:complexType><s:sequence><s:element name="SvcLvl"><s:complexType><s:sequence><s:element name="Cd" type="s:string" fixed="SEPA"/></s:sequence></s:complexType></s:element></s:sequence></s:complexType></s:element>
              <s:element name="ReqdExctnDt"><s:complexType><s:choice><s:element name="Dt" type="s:date"/><s:element name="DtTm" type="s:dateTime"/></s:choice></s:complexType></s:element>
              <s:element name="Dbtr" type="Party"/><s:element name="DbtrAcct" type="Account"/><s:element name="DbtrAgt" type="Agent"/>
              <s:element name="ChrgBr" type="s:string" fixed="SLEV"/>
              <s:element name="CdtTrfTxInf" maxOccurs="unbounded"><s:complexType><s:sequence>
                <s:element name="PmtId"><s:complexType><s:sequence><s:element name="InstrId" type="Reference" minOccurs="0"/><s:element name="EndToEndId" type="Reference"/></s:sequence></s:complexType></s:element>
                <s:element name="Amt"><s:complexType><s:sequence><s:element name="InstdAmt"><s:complexType><s:simpleContent><s:extension base="Euros"><s:attribute name="Ccy" type="s:string" fixed="EUR" use="required"/></s:extension></s:simpleContent></s:complexType></s:element></s:sequence></s:complexType></s:element>
                <s:element name="CdtrAgt" type="Agent" minOccurs="0"/><s:element name="Cdtr" type="Party"/><s:element name="CdtrAcct" type="Account"/>
                <s:element name="RmtInf" minOccurs="0"><s:complexType><s:sequence><s:element name="Ustrd" type="Words"/></s:sequence></s:complexType></s:element>
              </s:sequence></s:complexType></s:element>
            </s:sequence></s:complexType></s:element>
          </s:sequence></s:complexType></s:element></s:sequence></s:complexType></s:element>
        </s:schema>
        """;

    private static readonly XmlSchemaSet Schemas = Compile();

    /// <summary>Reads a file and checks it.</summary>
    /// <returns>The file, and what is wrong with it.</returns>
    public static (XDocument Document, List<string> Faults) Validate(byte[] file)
    {
        var document = XDocument.Load(new MemoryStream(file));
        var faults = new List<string>();
        document.Validate(Schemas, (_, fault) => faults.Add(fault.Message));
        return (document, faults);
    }

    private static XmlSchemaSet Compile()
    {
        var schemas = new XmlSchemaSet();
        schemas.Add(null, XmlReader.Create(new StringReader(Rules)));
        schemas.Compile();
        return schemas;
    }
}
