using System.Xml;
using System.Xml.Linq;
using System.Xml.Schema;

namespace Farthing.Payments.Tests.BankFile;

/// <summary>The schemas of ISO 20022 camt.054.001.08 and .02 as far as banks' files are looked into, written for these tests from the published message definitions, and shared with no code of ours.</summary>
/// <remarks>
/// BankToCustomerDebitCreditNotificationV08, Message Definition Report "Bank-to-Customer Cash Management", edition of February 2019, and V02, edition of 2009:
/// https://www.iso20022.org/iso-20022-message-definitions. What nothing is read from may hold anything here, but stands where the definition has it.
/// </remarks>
internal static class Camt054Schema
{
    private const string Types = """
          <s:simpleType name="M35"><s:restriction base="s:string"><s:minLength value="1"/><s:maxLength value="35"/></s:restriction></s:simpleType>
          <s:simpleType name="M70"><s:restriction base="s:string"><s:minLength value="1"/><s:maxLength value="70"/></s:restriction></s:simpleType>
          <s:simpleType name="M105"><s:restriction base="s:string"><s:minLength value="1"/><s:maxLength value="105"/></s:restriction></s:simpleType>
          <s:simpleType name="M500"><s:restriction base="s:string"><s:minLength value="1"/><s:maxLength value="500"/></s:restriction></s:simpleType>
          <s:simpleType name="C4"><s:restriction base="s:string"><s:minLength value="1"/><s:maxLength value="4"/></s:restriction></s:simpleType>
          <s:simpleType name="N5"><s:restriction base="s:string"><s:pattern value="[0-9]{1,5}"/></s:restriction></s:simpleType>
          <s:simpleType name="N15"><s:restriction base="s:string"><s:pattern value="[0-9]{1,15}"/></s:restriction></s:simpleType>
          <s:simpleType name="Number"><s:restriction base="s:decimal"><s:fractionDigits value="0"/><s:totalDigits value="18"/></s:restriction></s:simpleType>
          <s:simpleType name="Ccy"><s:restriction base="s:string"><s:pattern value="[A-Z]{3,3}"/></s:restriction></s:simpleType>
          <s:simpleType name="Iban"><s:restriction base="s:string"><s:pattern value="[A-Z]{2,2}[0-9]{2,2}[a-zA-Z0-9]{1,30}"/></s:restriction></s:simpleType>
          <s:simpleType name="Uuid"><s:restriction base="s:string"><s:pattern value="[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89ab][a-f0-9]{3}-[a-f0-9]{12}"/></s:restriction></s:simpleType>
          <s:simpleType name="Side"><s:restriction base="s:string"><s:enumeration value="CRDT"/><s:enumeration value="DBIT"/></s:restriction></s:simpleType>
          <s:simpleType name="Copy"><s:restriction base="s:string"><s:enumeration value="CODU"/><s:enumeration value="COPY"/><s:enumeration value="DUPL"/></s:restriction></s:simpleType>
          <s:simpleType name="Money"><s:restriction base="s:decimal"><s:minInclusive value="0"/><s:fractionDigits value="5"/><s:totalDigits value="18"/></s:restriction></s:simpleType>
          <s:complexType name="Amt"><s:simpleContent><s:extension base="Money"><s:attribute name="Ccy" type="Ccy" use="required"/></s:extension></s:simpleContent></s:complexType>
          <s:complexType name="Page"><s:sequence><s:element name="PgNb" type="N5"/><s:element name="LastPgInd" type="s:boolean"/></s:sequence></s:complexType>
          <s:complexType name="AcctId"><s:choice><s:element name="IBAN" type="Iban"/><s:element name="Othr"/></s:choice></s:complexType>
          <s:complexType name="Day"><s:choice><s:element name="Dt" type="s:date"/><s:element name="DtTm" type="s:dateTime"/></s:choice></s:complexType>
          <s:complexType name="TxCode"><s:sequence>
            <s:element name="Domn" minOccurs="0"><s:complexType><s:sequence><s:element name="Cd" type="C4"/><s:element name="Fmly"><s:complexType><s:sequence><s:element name="Cd" type="C4"/><s:element name="SubFmlyCd" type="C4"/></s:sequence></s:complexType></s:element></s:sequence></s:complexType></s:element>
            <s:element name="Prtry" minOccurs="0"><s:complexType><s:sequence><s:element name="Cd" type="M35"/><s:element name="Issr" type="M35" minOccurs="0"/></s:sequence></s:complexType></s:element>
          </s:sequence></s:complexType>
          <s:complexType name="AmtAndFx"><s:sequence><s:element name="Amt" type="Amt"/><s:element name="CcyXchg" minOccurs="0"/></s:sequence></s:complexType>
          <s:complexType name="AmtDtls"><s:sequence><s:element name="InstdAmt" type="AmtAndFx" minOccurs="0"/><s:element name="TxAmt" type="AmtAndFx" minOccurs="0"/><s:element name="CntrValAmt" type="AmtAndFx" minOccurs="0"/><s:element name="AnncdPstngAmt" minOccurs="0"/><s:element name="PrtryAmt" minOccurs="0" maxOccurs="unbounded"/></s:sequence></s:complexType>
          <s:complexType name="Rtr"><s:sequence><s:element name="OrgnlBkTxCd" minOccurs="0"/><s:element name="Orgtr" minOccurs="0"/>
            <s:element name="Rsn" minOccurs="0"><s:complexType><s:choice><s:element name="Cd" type="C4"/><s:element name="Prtry" type="M35"/></s:choice></s:complexType></s:element>
            <s:element name="AddtlInf" type="M105" minOccurs="0" maxOccurs="unbounded"/></s:sequence></s:complexType>
          <s:complexType name="NtryDtls"><s:sequence>
            <s:element name="Btch" minOccurs="0"><s:complexType><s:sequence><s:element name="MsgId" type="M35" minOccurs="0"/><s:element name="PmtInfId" type="M35" minOccurs="0"/><s:element name="NbOfTxs" type="N15" minOccurs="0"/><s:element name="TtlAmt" type="Amt" minOccurs="0"/><s:element name="CdtDbtInd" type="Side" minOccurs="0"/></s:sequence></s:complexType></s:element>
            <s:element name="TxDtls" type="Tx" minOccurs="0" maxOccurs="unbounded"/></s:sequence></s:complexType>
        """;

    private const string V08 = """
          <s:complexType name="Refs"><s:sequence><s:element name="MsgId" type="M35" minOccurs="0"/><s:element name="AcctSvcrRef" type="M35" minOccurs="0"/><s:element name="PmtInfId" type="M35" minOccurs="0"/><s:element name="InstrId" type="M35" minOccurs="0"/><s:element name="EndToEndId" type="M35" minOccurs="0"/><s:element name="UETR" type="Uuid" minOccurs="0"/><s:element name="TxId" type="M35" minOccurs="0"/><s:element name="MndtId" type="M35" minOccurs="0"/><s:element name="ChqNb" type="M35" minOccurs="0"/><s:element name="ClrSysRef" type="M35" minOccurs="0"/><s:element name="AcctOwnrTxId" type="M35" minOccurs="0"/><s:element name="AcctSvcrTxId" type="M35" minOccurs="0"/><s:element name="MktInfrstrctrTxId" type="M35" minOccurs="0"/><s:element name="PrcgId" type="M35" minOccurs="0"/><s:element name="Prtry" minOccurs="0" maxOccurs="unbounded"/></s:sequence></s:complexType>
          <s:complexType name="Tx"><s:sequence><s:element name="Refs" type="Refs" minOccurs="0"/><s:element name="Amt" type="Amt" minOccurs="0"/><s:element name="CdtDbtInd" type="Side" minOccurs="0"/><s:element name="AmtDtls" type="AmtDtls" minOccurs="0"/><s:element name="Avlbty" minOccurs="0" maxOccurs="unbounded"/><s:element name="BkTxCd" type="TxCode" minOccurs="0"/><s:element name="Chrgs" minOccurs="0"/><s:element name="Intrst" minOccurs="0"/><s:element name="RltdPties" minOccurs="0"/><s:element name="RltdAgts" minOccurs="0"/><s:element name="LclInstrm" minOccurs="0"/><s:element name="Purp" minOccurs="0"/><s:element name="RltdRmtInf" minOccurs="0" maxOccurs="10"/><s:element name="RmtInf" minOccurs="0"/><s:element name="RltdDts" minOccurs="0"/><s:element name="RltdPric" minOccurs="0"/><s:element name="RltdQties" minOccurs="0" maxOccurs="unbounded"/><s:element name="FinInstrmId" minOccurs="0"/><s:element name="Tax" minOccurs="0"/><s:element name="RtrInf" type="Rtr" minOccurs="0"/><s:element name="CorpActn" minOccurs="0"/><s:element name="SfkpgAcct" minOccurs="0"/><s:element name="CshDpst" minOccurs="0" maxOccurs="unbounded"/><s:element name="CardTx" minOccurs="0"/><s:element name="AddtlTxInf" type="M500" minOccurs="0"/><s:element name="SplmtryData" minOccurs="0" maxOccurs="unbounded"/></s:sequence></s:complexType>
          <s:complexType name="Ntry"><s:sequence><s:element name="NtryRef" type="M35" minOccurs="0"/><s:element name="Amt" type="Amt"/><s:element name="CdtDbtInd" type="Side"/><s:element name="RvslInd" type="s:boolean" minOccurs="0"/>
            <s:element name="Sts"><s:complexType><s:choice><s:element name="Cd" type="C4"/><s:element name="Prtry" type="M35"/></s:choice></s:complexType></s:element>
            <s:element name="BookgDt" type="Day" minOccurs="0"/><s:element name="ValDt" type="Day" minOccurs="0"/><s:element name="AcctSvcrRef" type="M35" minOccurs="0"/><s:element name="Avlbty" minOccurs="0" maxOccurs="unbounded"/><s:element name="BkTxCd" type="TxCode"/><s:element name="ComssnWvrInd" type="s:boolean" minOccurs="0"/><s:element name="AddtlInfInd" minOccurs="0"/><s:element name="AmtDtls" type="AmtDtls" minOccurs="0"/><s:element name="Chrgs" minOccurs="0"/><s:element name="TechInptChanl" minOccurs="0"/><s:element name="Intrst" minOccurs="0"/><s:element name="CardTx" minOccurs="0"/><s:element name="NtryDtls" type="NtryDtls" minOccurs="0" maxOccurs="unbounded"/><s:element name="AddtlNtryInf" type="M500" minOccurs="0"/></s:sequence></s:complexType>
          <s:element name="Document"><s:complexType><s:sequence><s:element name="BkToCstmrDbtCdtNtfctn"><s:complexType><s:sequence>
            <s:element name="GrpHdr"><s:complexType><s:sequence><s:element name="MsgId" type="M35"/><s:element name="CreDtTm" type="s:dateTime"/><s:element name="MsgRcpt" minOccurs="0"/><s:element name="MsgPgntn" type="Page" minOccurs="0"/><s:element name="OrgnlBizQry" minOccurs="0"/><s:element name="AddtlInf" type="M500" minOccurs="0"/></s:sequence></s:complexType></s:element>
            <s:element name="Ntfctn" maxOccurs="unbounded"><s:complexType><s:sequence><s:element name="Id" type="M35"/><s:element name="NtfctnPgntn" type="Page" minOccurs="0"/><s:element name="ElctrncSeqNb" type="Number" minOccurs="0"/><s:element name="RptgSeq" minOccurs="0"/><s:element name="LglSeqNb" type="Number" minOccurs="0"/><s:element name="CreDtTm" type="s:dateTime" minOccurs="0"/><s:element name="FrToDt" minOccurs="0"/><s:element name="CpyDplctInd" type="Copy" minOccurs="0"/><s:element name="RptgSrc" minOccurs="0"/>
              <s:element name="Acct"><s:complexType><s:sequence><s:element name="Id" type="AcctId"/><s:element name="Tp" minOccurs="0"/><s:element name="Ccy" type="Ccy" minOccurs="0"/><s:element name="Nm" type="M70" minOccurs="0"/><s:element name="Prxy" minOccurs="0"/><s:element name="Ownr" minOccurs="0"/><s:element name="Svcr" minOccurs="0"/></s:sequence></s:complexType></s:element>
              <s:element name="RltdAcct" minOccurs="0"/><s:element name="Intrst" minOccurs="0" maxOccurs="unbounded"/><s:element name="TxsSummry" minOccurs="0"/><s:element name="Ntry" type="Ntry" minOccurs="0" maxOccurs="unbounded"/><s:element name="AddtlNtfctnInf" type="M500" minOccurs="0"/></s:sequence></s:complexType></s:element>
            <s:element name="SplmtryData" minOccurs="0" maxOccurs="unbounded"/>
          </s:sequence></s:complexType></s:element></s:sequence></s:complexType></s:element>
        """;

    private const string V02 = """
          <s:complexType name="Refs"><s:sequence><s:element name="MsgId" type="M35" minOccurs="0"/><s:element name="AcctSvcrRef" type="M35" minOccurs="0"/><s:element name="PmtInfId" type="M35" minOccurs="0"/><s:element name="InstrId" type="M35" minOccurs="0"/><s:element name="EndToEndId" type="M35" minOccurs="0"/><s:element name="TxId" type="M35" minOccurs="0"/><s:element name="MndtId" type="M35" minOccurs="0"/><s:element name="ChqNb" type="M35" minOccurs="0"/><s:element name="ClrSysRef" type="M35" minOccurs="0"/><s:element name="Prtry" minOccurs="0"/></s:sequence></s:complexType>
          <s:complexType name="Tx"><s:sequence><s:element name="Refs" type="Refs" minOccurs="0"/><s:element name="AmtDtls" type="AmtDtls" minOccurs="0"/><s:element name="Avlbty" minOccurs="0" maxOccurs="unbounded"/><s:element name="BkTxCd" type="TxCode" minOccurs="0"/><s:element name="Chrgs" minOccurs="0" maxOccurs="unbounded"/><s:element name="Intrst" minOccurs="0" maxOccurs="unbounded"/><s:element name="RltdPties" minOccurs="0"/><s:element name="RltdAgts" minOccurs="0"/><s:element name="Purp" minOccurs="0"/><s:element name="RltdRmtInf" minOccurs="0" maxOccurs="10"/><s:element name="RmtInf" minOccurs="0"/><s:element name="RltdDts" minOccurs="0"/><s:element name="RltdPric" minOccurs="0"/><s:element name="RltdQties" minOccurs="0" maxOccurs="unbounded"/><s:element name="FinInstrmId" minOccurs="0"/><s:element name="Tax" minOccurs="0"/><s:element name="RtrInf" type="Rtr" minOccurs="0"/><s:element name="CorpActn" minOccurs="0"/><s:element name="SfkpgAcct" minOccurs="0"/><s:element name="AddtlTxInf" type="M500" minOccurs="0"/></s:sequence></s:complexType>
          <s:complexType name="Ntry"><s:sequence><s:element name="NtryRef" type="M35" minOccurs="0"/><s:element name="Amt" type="Amt"/><s:element name="CdtDbtInd" type="Side"/><s:element name="RvslInd" type="s:boolean" minOccurs="0"/>
            <s:element name="Sts"><s:simpleType><s:restriction base="s:string"><s:enumeration value="BOOK"/><s:enumeration value="PDNG"/><s:enumeration value="INFO"/></s:restriction></s:simpleType></s:element>
            <s:element name="BookgDt" type="Day" minOccurs="0"/><s:element name="ValDt" type="Day" minOccurs="0"/><s:element name="AcctSvcrRef" type="M35" minOccurs="0"/><s:element name="Avlbty" minOccurs="0" maxOccurs="unbounded"/><s:element name="BkTxCd" type="TxCode"/><s:element name="ComssnWvrInd" type="s:boolean" minOccurs="0"/><s:element name="AddtlInfInd" minOccurs="0"/><s:element name="AmtDtls" type="AmtDtls" minOccurs="0"/><s:element name="Chrgs" minOccurs="0" maxOccurs="unbounded"/><s:element name="TechInptChanl" minOccurs="0"/><s:element name="Intrst" minOccurs="0" maxOccurs="unbounded"/><s:element name="NtryDtls" type="NtryDtls" minOccurs="0" maxOccurs="unbounded"/><s:element name="AddtlNtryInf" type="M500" minOccurs="0"/></s:sequence></s:complexType>
          <s:element name="Document"><s:complexType><s:sequence><s:element name="BkToCstmrDbtCdtNtfctn"><s:complexType><s:sequence>
            <s:element name="GrpHdr"><s:complexType><s:sequence><s:element name="MsgId" type="M35"/><s:element name="CreDtTm" type="s:dateTime"/><s:element name="MsgRcpt" minOccurs="0"/><s:element name="MsgPgntn" type="Page" minOccurs="0"/><s:element name="AddtlInf" type="M500" minOccurs="0"/></s:sequence></s:complexType></s:element>
            <s:element name="Ntfctn" maxOccurs="unbounded"><s:complexType><s:sequence><s:element name="Id" type="M35"/><s:element name="ElctrncSeqNb" type="Number" minOccurs="0"/><s:element name="LglSeqNb" type="Number" minOccurs="0"/><s:element name="CreDtTm" type="s:dateTime"/><s:element name="FrToDt" minOccurs="0"/><s:element name="CpyDplctInd" type="Copy" minOccurs="0"/><s:element name="RptgSrc" minOccurs="0"/>
              <s:element name="Acct"><s:complexType><s:sequence><s:element name="Id" type="AcctId"/><s:element name="Tp" minOccurs="0"/><s:element name="Ccy" type="Ccy" minOccurs="0"/><s:element name="Nm" type="M70" minOccurs="0"/><s:element name="Ownr" minOccurs="0"/><s:element name="Svcr" minOccurs="0"/></s:sequence></s:complexType></s:element>
              <s:element name="RltdAcct" minOccurs="0"/><s:element name="Intrst" minOccurs="0" maxOccurs="unbounded"/><s:element name="TxsSummry" minOccurs="0"/><s:element name="Ntry" type="Ntry" minOccurs="0" maxOccurs="unbounded"/><s:element name="AddtlNtfctnInf" type="M500" minOccurs="0"/></s:sequence></s:complexType></s:element>
          </s:sequence></s:complexType></s:element></s:sequence></s:complexType></s:element>
        """;

    private static readonly XmlSchemaSet Schemas = Compile(("urn:iso:std:iso:20022:tech:xsd:camt.054.001.08", Types + V08), ("urn:iso:std:iso:20022:tech:xsd:camt.054.001.02", Types + V02));

    /// <summary>What is wrong with a file.</summary>
    public static List<string> FaultsOf(XDocument file) => FaultsOf(file, Schemas);

    internal static List<string> FaultsOf(XDocument file, XmlSchemaSet schemas)
    {
        var faults = new List<string>();
        new XDocument(file).Validate(schemas, (_, fault) => faults.Add(fault.Message));
        return faults;
    }

    internal static XmlSchemaSet Compile(params (string Namespace, string Rules)[] schemas)
    {
        var set = new XmlSchemaSet();
        foreach (var (space, rules) in schemas)
            set.Add(null, XmlReader.Create(new StringReader($"""<s:schema xmlns:s="http://www.w3.org/2001/XMLSchema" xmlns="{space}" targetNamespace="{space}" elementFormDefault="qualified">{rules}</s:schema>""")));
        set.Compile();
        return set;
    }
}
