using System.Xml.Linq;
using System.Xml.Schema;

namespace Farthing.Payments.Tests.BankFile;

/// <summary>The schemas of ISO 20022 pain.002.001.10 and .03 as far as banks' reports are looked into, written for these tests from the published message definitions, and shared with no code of ours.</summary>
/// <remarks>
/// CustomerPaymentStatusReportV10, Message Definition Report "Payments Initiation", edition of February 2019, and V03, edition of 2009: https://www.iso20022.org/iso-20022-message-definitions. What nothing is
/// read from may hold anything here, but stands where the definition has it.
/// </remarks>
internal static class Pain002Schema
{
    private const string Types = """
          <s:simpleType name="M35"><s:restriction base="s:string"><s:minLength value="1"/><s:maxLength value="35"/></s:restriction></s:simpleType>
          <s:simpleType name="M105"><s:restriction base="s:string"><s:minLength value="1"/><s:maxLength value="105"/></s:restriction></s:simpleType>
          <s:simpleType name="C4"><s:restriction base="s:string"><s:minLength value="1"/><s:maxLength value="4"/></s:restriction></s:simpleType>
          <s:simpleType name="N15"><s:restriction base="s:string"><s:pattern value="[0-9]{1,15}"/></s:restriction></s:simpleType>
          <s:simpleType name="Decimal"><s:restriction base="s:decimal"><s:fractionDigits value="17"/><s:totalDigits value="18"/></s:restriction></s:simpleType>
          <s:simpleType name="Uuid"><s:restriction base="s:string"><s:pattern value="[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89ab][a-f0-9]{3}-[a-f0-9]{12}"/></s:restriction></s:simpleType>
          <s:complexType name="Why"><s:sequence><s:element name="Orgtr" minOccurs="0"/>
            <s:element name="Rsn" minOccurs="0"><s:complexType><s:choice><s:element name="Cd" type="C4"/><s:element name="Prtry" type="M35"/></s:choice></s:complexType></s:element>
            <s:element name="AddtlInf" type="M105" minOccurs="0" maxOccurs="unbounded"/></s:sequence></s:complexType>
          <s:complexType name="Head"><s:sequence><s:element name="MsgId" type="M35"/><s:element name="CreDtTm" type="s:dateTime"/><s:element name="InitgPty" minOccurs="0"/><s:element name="FwdgAgt" minOccurs="0"/><s:element name="DbtrAgt" minOccurs="0"/><s:element name="CdtrAgt" minOccurs="0"/></s:sequence></s:complexType>
          <s:complexType name="Group"><s:sequence><s:element name="OrgnlMsgId" type="M35"/><s:element name="OrgnlMsgNmId" type="M35"/><s:element name="OrgnlCreDtTm" type="s:dateTime" minOccurs="0"/><s:element name="OrgnlNbOfTxs" type="N15" minOccurs="0"/><s:element name="OrgnlCtrlSum" type="Decimal" minOccurs="0"/><s:element name="GrpSts" type="GroupStatus" minOccurs="0"/><s:element name="StsRsnInf" type="Why" minOccurs="0" maxOccurs="unbounded"/><s:element name="NbOfTxsPerSts" minOccurs="0" maxOccurs="unbounded"/></s:sequence></s:complexType>
          <s:complexType name="Block"><s:sequence><s:element name="OrgnlPmtInfId" type="M35"/><s:element name="OrgnlNbOfTxs" type="N15" minOccurs="0"/><s:element name="OrgnlCtrlSum" type="Decimal" minOccurs="0"/><s:element name="PmtInfSts" type="GroupStatus" minOccurs="0"/><s:element name="StsRsnInf" type="Why" minOccurs="0" maxOccurs="unbounded"/><s:element name="NbOfTxsPerSts" minOccurs="0" maxOccurs="unbounded"/><s:element name="TxInfAndSts" type="Tx" minOccurs="0" maxOccurs="unbounded"/></s:sequence></s:complexType>
        """;

    private const string V10 = """
          <s:simpleType name="GroupStatus"><s:restriction base="C4"/></s:simpleType>
          <s:complexType name="Tx"><s:sequence><s:element name="StsId" type="M35" minOccurs="0"/><s:element name="OrgnlInstrId" type="M35" minOccurs="0"/><s:element name="OrgnlEndToEndId" type="M35" minOccurs="0"/><s:element name="OrgnlUETR" type="Uuid" minOccurs="0"/><s:element name="TxSts" type="C4" minOccurs="0"/><s:element name="StsRsnInf" type="Why" minOccurs="0" maxOccurs="unbounded"/><s:element name="ChrgsInf" minOccurs="0" maxOccurs="unbounded"/><s:element name="TrckrData" minOccurs="0"/><s:element name="AccptncDtTm" type="s:dateTime" minOccurs="0"/><s:element name="AcctSvcrRef" type="M35" minOccurs="0"/><s:element name="ClrSysRef" type="M35" minOccurs="0"/><s:element name="OrgnlTxRef" minOccurs="0"/><s:element name="SplmtryData" minOccurs="0" maxOccurs="unbounded"/></s:sequence></s:complexType>
          <s:element name="Document"><s:complexType><s:sequence><s:element name="CstmrPmtStsRpt"><s:complexType><s:sequence>
            <s:element name="GrpHdr" type="Head"/><s:element name="OrgnlGrpInfAndSts" type="Group"/><s:element name="OrgnlPmtInfAndSts" type="Block" minOccurs="0" maxOccurs="unbounded"/><s:element name="SplmtryData" minOccurs="0" maxOccurs="unbounded"/>
          </s:sequence></s:complexType></s:element></s:sequence></s:complexType></s:element>
        """;

    private const string V03 = """
          <s:simpleType name="TxStatus"><s:restriction base="s:string"><s:enumeration value="ACTC"/><s:enumeration value="RJCT"/><s:enumeration value="PDNG"/><s:enumeration value="ACCP"/><s:enumeration value="ACSP"/><s:enumeration value="ACSC"/><s:enumeration value="ACWC"/></s:restriction></s:simpleType>
          <s:simpleType name="GroupStatus"><s:restriction base="s:string"><s:enumeration value="ACTC"/><s:enumeration value="RCVD"/><s:enumeration value="PART"/><s:enumeration value="RJCT"/><s:enumeration value="PDNG"/><s:enumeration value="ACCP"/><s:enumeration value="ACSP"/><s:enumeration value="ACSC"/><s:enumeration value="ACWC"/></s:restriction></s:simpleType>
          <s:complexType name="Tx"><s:sequence><s:element name="StsId" type="M35" minOccurs="0"/><s:element name="OrgnlInstrId" type="M35" minOccurs="0"/><s:element name="OrgnlEndToEndId" type="M35" minOccurs="0"/><s:element name="TxSts" type="TxStatus" minOccurs="0"/><s:element name="StsRsnInf" type="Why" minOccurs="0" maxOccurs="unbounded"/><s:element name="ChrgsInf" minOccurs="0" maxOccurs="unbounded"/><s:element name="AccptncDtTm" type="s:dateTime" minOccurs="0"/><s:element name="AcctSvcrRef" type="M35" minOccurs="0"/><s:element name="ClrSysRef" type="M35" minOccurs="0"/><s:element name="OrgnlTxRef" minOccurs="0"/></s:sequence></s:complexType>
          <s:element name="Document"><s:complexType><s:sequence><s:element name="CstmrPmtStsRpt"><s:complexType><s:sequence>
            <s:element name="GrpHdr" type="Head"/><s:element name="OrgnlGrpInfAndSts" type="Group"/><s:element name="OrgnlPmtInfAndSts" type="Block" minOccurs="0" maxOccurs="unbounded"/>
          </s:sequence></s:complexType></s:element></s:sequence></s:complexType></s:element>
        """;

    private static readonly XmlSchemaSet Schemas = Camt054Schema.Compile(("urn:iso:std:iso:20022:tech:xsd:pain.002.001.10", Types + V10), ("urn:iso:std:iso:20022:tech:xsd:pain.002.001.03", Types + V03));

    /// <summary>What is wrong with a report.</summary>
    public static List<string> FaultsOf(XDocument report) => Camt054Schema.FaultsOf(report, Schemas);
}
