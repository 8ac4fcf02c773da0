using System.Numerics;
using System.Text.Json.Nodes;
using Farthing.Protocol;

namespace Farthing.Server.Tests.Rest;

/// <summary>Amounts of answers in millionths, so that tests can add them up.</summary>
internal static class Money
{
    public static BigInteger Units(string text)
    {
        var isNegative = text.StartsWith('-');
        Assert.Equal(AmountError.None, Amount.TryParse(isNegative ? text.AsSpan(1) : text, Asset.Usd, out var amount));
        return isNegative ? -(BigInteger)amount.Units : amount.Units;
    }

    public static BigInteger Sum(IEnumerable<JsonNode> lines, string member) =>
        lines.Aggregate(BigInteger.Zero, (sum, line) => sum + Units(line[member]!["amount"]!.GetValue<string>()));
}
