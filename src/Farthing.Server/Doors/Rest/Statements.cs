using System.Numerics;
using Farthing.Payments;
using Farthing.Payments.Statements;
using Farthing.Protocol;

namespace Farthing.Server.Doors.Rest;

/// <summary>Statements of wallets and payees, which differ only in their path.</summary>
internal static class Statements
{
    public const string WalletExample = """
        {"lines":[{"kind":"payment","amount":{"amount":"-0.02","currency":"USD"},"held":{"amount":"0","currency":"USD"},"balance":{"amount":"9.98","currency":"USD"},"payment":"pay_01JD8Y2M6K3T5V7W9XAZBCDEFG","counterparty":"The Farthing Newsroom","title":"The night shift","createdAt":"2026-11-23T09:30:00.000Z"}],"next":"…"}
        """;

    public const string PayeeExample = """
        {"lines":[{"kind":"payment","amount":{"amount":"0.02","currency":"USD"},"held":{"amount":"0","currency":"USD"},"balance":{"amount":"12.3456","currency":"USD"},"payment":"pay_01JD8Y2M6K3T5V7W9XAZBCDEFG","counterparty":"pyr_01JD8Y2M6K3T5V7W9XAZBCDEFG","createdAt":"2026-11-23T09:30:00.000Z"}],"next":"…"}
        """;

    public static async ValueTask<Refusal?> AnswerAsync(RestRequest request)
    {
        if (request.ReadPage(out var cursor, out var pageSize) is { } refusal) return refusal;
        if (request.ReadTime(QueryMember.Since, out var since) is { } badSince) return badSince;
        if (request.ReadTime(QueryMember.Until, out var until) is { } badUntil) return badUntil;
        var page = await request.System.Statements.ReadAsync(request.Caller, cursor, pageSize, new Period(since, until));
        if (!page.IsGiven) return page.Refusal;
        var lines = page.Value.Lines.Select(From).ToArray();
        return await request.AnswerAsync(new StatementPage(lines, page.Value.Next), Wire.Default.StatementPage);
    }

    private static StatementLineJson From(StatementLine line) => new(
        line.Kind,
        Signed(line.Asset, line.SignedUnits),
        Signed(line.Asset, line.HeldUnits),
        AmountJson.From(line.BalanceAfter),
        line.Payment?.ToString(),
        line.TopUp?.ToString(),
        line.PersonalPayment?.ToString(),
        line.Campaign?.ToString(),
        line.Pledge?.ToString(),
        line.Payout?.ToString(),
        line.Counterparty,
        line.Title,
        line.Reference,
        WireTime.Format(line.CreatedAt));

    private static AmountJson Signed(Asset asset, BigInteger units)
    {
        var size = new Amount(asset, (UInt128)BigInteger.Abs(units)).ToDecimalString();
        return new AmountJson(units.Sign < 0 ? "-" + size : size, asset.Code);
    }
}
