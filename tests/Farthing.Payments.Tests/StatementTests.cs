using System.Numerics;
using Farthing.Payments.Statements;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests;

public class StatementTests
{
    [Fact]
    public async Task Statements_tell_every_movement_and_sum_to_the_balances()
    {
        await using var test = await StartAsync(new() { FeeBasisPoints = TestSystem.OnePercent, HoldLifetime = TimeSpan.FromMinutes(5) });
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var paid = Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.1", reference: "first"))).Id;
        var posted = Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.2", hold: true, reference: "second"))).Id;
        var voided = Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.03", hold: true))).Id;
        Given(await test.Desk.PostAsync(As(payee), posted, test.NewKey(), Usd("0.15")));
        Given(await test.Desk.VoidAsync(As(payee), voided, test.NewKey()));
        Given(await test.Desk.RefundAsync(As(wallet), paid, test.NewKey(), Usd("0.05")));
        Given(await test.Desk.RefundAsync(As(payee), posted, test.NewKey(), null));
        Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.04", hold: true)));
        Refused(RefusalCodes.InsufficientFunds, await test.Desk.PayAsync(test.Pay(wallet, payee, "5")));
        test.Time.Advance(TimeSpan.FromMinutes(6));
        Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.06", hold: true)));

        var lines = await ReadAllAsync(test, As(wallet), 3);
        Assert.Equal(
        [
            "hold 0 0.06 -> 0.89", "expire 0 -0.04 -> 0.95", "hold 0 0.04 -> 0.91", "refund 0.15 0 -> 0.95", "refund 0.05 0 -> 0.8",
            "void 0 -0.03 -> 0.75", "post -0.15 -0.2 -> 0.72", "hold 0 0.03 -> 0.67", "hold 0 0.2 -> 0.7", "payment -0.1 0 -> 0.9", "top_up 1 0 -> 1",
        ], lines.Select(Text));
        Assert.Equal("0.89 held 0.06", await test.BalanceAsync(wallet));
        Assert.Equal(950_000, Sum(lines, line => line.SignedUnits));
        Assert.Equal(60_000, Sum(lines, line => line.HeldUnits));
        Assert.Equal(["The Newsroom", "first", paid.ToString()], [lines[9].Counterparty, lines[9].Reference, lines[9].Payment.ToString()]);
        Assert.NotNull(lines[10].TopUp);

        var theirs = await ReadAllAsync(test, As(payee), 2);
        Assert.Equal(
        [
            "hold 0 0.06", "expire 0 -0.04", "hold 0 0.04", "refund -0.15 0", "fee_refund 0.0015 0", "refund -0.05 0", "fee_refund 0.0005 0",
            "void 0 -0.03", "fee -0.0015 0", "post 0.15 -0.2", "hold 0 0.03", "hold 0 0.2", "fee -0.001 0", "payment 0.1 0",
        ], theirs.Select(line => Text(line).Split(" ->")[0]));
        Assert.Equal("0.0495 held 0.06", await test.BalanceAsync(payee));
        Assert.Equal(49_500, Sum(theirs, line => line.SignedUnits));
        Assert.Equal(60_000, Sum(theirs, line => line.HeldUnits));
        Assert.Equal(posted, theirs[4].Payment);
        Assert.Equal(posted, theirs[8].Payment);
        Assert.Equal("second", theirs[9].Reference);
        Assert.DoesNotContain(theirs, line => line.Counterparty?.Contains(wallet.Id.ToString()[4..], StringComparison.Ordinal) == true);
    }

    [Fact]
    public async Task A_line_says_what_was_paid_for_as_long_as_the_wallet_is_not_erased()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        var paid = Given(await test.Desk.PayOnceAsync(wallet.Id, test.TermsOf(payee)));
        Given(await test.Desk.RefundAsync(As(wallet), paid.Id, test.NewKey(), null));
        Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.1")));
        Assert.Equal([null, "Rain", "Rain", null], (await ReadAllAsync(test, As(wallet), 10)).Select(line => line.Title));
        Assert.Contains("Rain", (await ReadAllAsync(test, As(payee), 10)).Select(line => line.Title));

        Given(await test.Domain.Wallets.EraseAsync(wallet.Id));
        var theirs = await ReadAllAsync(test, As(payee), 10);
        Assert.Equal(6, theirs.Count);
        Assert.All(theirs, line => Assert.Null(line.Title));
    }

    [Fact]
    public async Task A_cursor_belongs_to_its_account()
    {
        await using var test = await StartAsync();
        var payee = await test.NewPayeeAsync();
        var wallet = await test.NewWalletAsync("1");
        Given(await test.Desk.PayAsync(test.Pay(wallet, payee, "0.1")));

        var page = Given(await test.Domain.Statements.ReadAsync(As(wallet), null, 1));

        Assert.NotNull(page.Next);
        Assert.Single(Given(await test.Domain.Statements.ReadAsync(As(wallet), page.Next, 1)).Lines);
        Refused(RefusalCodes.InvalidCursor, await test.Domain.Statements.ReadAsync(As(payee), page.Next, 1));
        Refused(RefusalCodes.InvalidCursor, await test.Domain.Statements.ReadAsync(As(wallet), "AAAA", 1));
        Refused(RefusalCodes.Forbidden, await test.Domain.Statements.ReadAsync(new Caller(CallerKind.Operator, 0), null, 1));
    }

    private static string Text(StatementLine line) =>
        $"{line.Kind} {line.SignedAmount} {(line.HeldUnits.Sign < 0 ? "-" : "")}{new Protocol.Amount(line.Asset, (UInt128)BigInteger.Abs(line.HeldUnits)).ToDecimalString()} -> {line.BalanceAfter.ToDecimalString()}";

    private static BigInteger Sum(IEnumerable<StatementLine> lines, Func<StatementLine, BigInteger> units) => lines.Aggregate(BigInteger.Zero, (sum, line) => sum + units(line));

    private static async Task<List<StatementLine>> ReadAllAsync(TestSystem test, Caller caller, int pageSize)
    {
        var lines = new List<StatementLine>();
        string? cursor = null;
        do
        {
            var page = Given(await test.Domain.Statements.ReadAsync(caller, cursor, pageSize));
            Assert.InRange(page.Lines.Count, 1, pageSize);
            lines.AddRange(page.Lines);
            cursor = page.Next;
        }
        while (cursor is not null);
        return lines;
    }
}
