using System.Runtime.CompilerServices;
using System.Text;
using Farthing.Ledger;
using Farthing.Payments.Desk;
using Farthing.Payments.Payouts;
using Farthing.Payments.People;
using Farthing.Protocol;
using static Farthing.Payments.Tests.TestSystem;

namespace Farthing.Payments.Tests.Golden;

/// <summary>The data directories of frozen formats, written once by the version that froze each: every later version reads all of them, and sees in them what that version saw.</summary>
public sealed class GoldenTests
{
    // Formats that are frozen. Each later one is added here; none is ever taken away.
    public static TheoryData<string> Frozen { get; } = ["directory-2"];

    [Theory]
    [MemberData(nameof(Frozen))]
    public async Task A_directory_of_a_frozen_format_is_read_as_it_was_written(string name)
    {
        if (Environment.GetEnvironmentVariable("FARTHING_WRITE_VECTORS") == name) await GoldenDirectory.WriteAsync(name);
        var expected = GoldenDirectory.ReadSight(name);
        var root = GoldenDirectory.Unpack(name);
        try
        {
            await using var golden = await GoldenDirectory.OpenAsync(root, expected.Now);
            Assert.Equal(expected.Records, golden.Ledger.DurableSize);
            Assert.Empty(golden.Ledger.RecoveryNotes);
            var seen = await golden.LookAsync(CastOf(expected));

            Assert.Equal((expected.Records, expected.Root, expected.Digest, expected.LedgerKey), (seen.Records, seen.Root, seen.Digest, seen.LedgerKey));
            Assert.Equal(expected.Accounts, seen.Accounts);
            Assert.Equal(expected.Statements.Keys, seen.Statements.Keys);
            foreach (var (whose, lines) in expected.Statements) Assert.Equal(lines, seen.Statements[whose]);
            Assert.Equal(expected.Receipts, seen.Receipts);
            Assert.True(expected.Receipts.Count >= 10 && expected.Statements.Count >= 15 && expected.Accounts.Count >= 40, "The golden directory says little.");
            foreach (var text in expected.Receipts.Values)
            {
                Assert.True(Receipt.TryParse(Encoding.UTF8.GetBytes(text[(text.IndexOf(' ', StringComparison.Ordinal) + 1)..]), out var receipt));
                var verdict = receipt.Verify(golden.Ledger.VerifierKey);
                Assert.True(verdict.IsValid, string.Join('\n', verdict.Findings));
            }

            await CheckMemosAsync(golden);
            await WriteOnAsync(golden, CastOf(expected));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [Theory]
    [MemberData(nameof(Frozen))]
    public void A_check_finds_it_sound_and_holds_all_that_a_journal_can_hold(string name)
    {
        var expected = GoldenDirectory.ReadSight(name);
        var root = GoldenDirectory.Unpack(name);
        try
        {
            Assert.True(CheckpointKey.TryParse(expected.LedgerKey, out var key));
            var report = LedgerCheck.Run(Path.Combine(root, "ledger"), key);
            Assert.True(report.IsSound, report.Damage ?? report.Checkpoint?.Finding);
            Assert.Equal((expected.Records, expected.Root, expected.Records, true), (report.Records, Convert.ToHexStringLower(report.Root), report.Checkpoint!.Size, report.Checkpoint.Matches));

            var spec = SpecReader.Read(Path.Combine(root, "ledger", "journal"));
            Assert.Equal(Enum.GetValues<RecordKind>().Select(kind => (byte)kind).Where(kind => kind != 0), spec.Records.Select(record => record.Kind).Distinct().Order());
            Assert.Equal(Enum.GetValues<TransferCode>().Select(code => (ushort)code), spec.Records.Select(record => record.Code).Where(code => code < 1_000).Distinct().Order());
            // A count past 2^127 takes more transfers than anybody makes.
            Assert.Equal(Enum.GetValues<Outcome>().Where(outcome => outcome >= Outcome.ChainRefused && outcome != Outcome.BalanceOverflow).Select(outcome => (byte)outcome),
                spec.Records.Select(record => record.Outcome).Where(outcome => outcome != 0).Distinct().Order());
            Assert.Equal(ushort.MaxValue, spec.Records.Aggregate(0, (members, record) => members | record.Members));
            Assert.Equal([1, 2, 3, 4], spec.Records.Select(record => (int)record.Balancing).Where(balancing => balancing != 0).Distinct().Order());
            Assert.Equal(Command.MaxMemoLength, spec.Records.Max(record => record.Memo.Length));
            Assert.True(spec.Segments >= 2);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [Theory]
    [MemberData(nameof(Frozen))]
    public void A_reader_written_from_the_specification_alone_finds_the_same_money_digest_and_tree(string name)
    {
        var expected = GoldenDirectory.ReadSight(name);
        var root = GoldenDirectory.Unpack(name);
        try
        {
            var spec = SpecReader.Read(Path.Combine(root, "ledger", "journal"));
            Assert.Equal(expected.Records, spec.Records.Count);
            Assert.Equal(expected.Digest, spec.Digest.ToString("x32", System.Globalization.CultureInfo.InvariantCulture));
            Assert.Equal(expected.Root, Convert.ToHexStringLower(spec.Root));
            Assert.Equal(expected.Accounts, spec.Accounts.Values.ToDictionary(account => account.Id.ToString("x32", System.Globalization.CultureInfo.InvariantCulture),
                account => FormattableString.Invariant($"{account.Asset}/{account.Scale} flags {account.Flags}: {account.DebitsPosted} {account.DebitsHeld} {account.CreditsPosted} {account.CreditsHeld}")));
            Assert.True(spec.Frames > 100);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [Fact]
    public void The_reader_of_the_specification_knows_nothing_of_ours()
    {
        Assert.DoesNotContain("using Farthing", File.ReadAllText(PathOf("SpecReader.cs")), StringComparison.Ordinal);
        Assert.DoesNotContain(typeof(SpecReader).GetMethods().SelectMany(method => method.GetParameters().Select(parameter => parameter.ParameterType).Append(method.ReturnType)), type => type.Assembly != typeof(SpecReader).Assembly && type.FullName!.StartsWith("Farthing", StringComparison.Ordinal));
    }

    private static string PathOf(string name, [CallerFilePath] string thisFile = "") => Path.Combine(Path.GetDirectoryName(thisFile)!, name);

    // Each kind of memo, of the versions that there were.
    private static async Task CheckMemosAsync(GoldenDirectory golden)
    {
        var (payments, personal, payouts, topUps, unreadable) = (0, 0, 0, 0, 0);
        foreach (var record in golden.Ledger.ReadFrom(0).Where(record => record is { Outcome: Outcome.Done, Command.Memo.IsEmpty: false }))
        {
            var command = record.Command;
            switch (command.Code)
            {
                case TransferCode.Payment when command.Kind is RecordKind.Hold or RecordKind.Transfer:
                    var memo = PaymentMemo.TryOpen((await golden.Domain.Wallets.LoadAsync(command.Debit))!.Memos, command.Id, command.Memo);
                    if (memo is null) unreadable++;
                    else payments++;
                    PaymentTag.Of(command.Reference2);
                    break;
                case TransferCode.PersonalPayment:
                    Assert.NotNull(PersonalMemo.TryOpen((await golden.Domain.Wallets.LoadAsync(command.Debit))!.Memos, isPayer: true, command.Id, command.Memo));
                    Assert.NotNull(PersonalMemo.TryOpen((await golden.Domain.Wallets.LoadAsync(command.Credit))!.Memos, isPayer: false, command.Id, command.Memo));
                    personal++;
                    break;
                case TransferCode.Payout when command.Kind == RecordKind.Hold:
                    Assert.Equal(Usd("0.25").Units, PayoutLegs.Read(command.Memo).CostUnits);
                    payouts++;
                    break;
                case TransferCode.TopUp when command.Kind == RecordKind.Hold:
                    if ((await golden.Domain.Wallets.LoadAsync(command.Credit))!.Memos is { } memos) Assert.NotNull(memos.TryOpen(command.Id, command.Memo.Span));
                    topUps++;
                    break;
            }
        }

        Assert.True(payments >= 10 && personal >= 2 && payouts >= 2 && topUps >= 8, $"{payments} {personal} {payouts} {topUps}");
        // That of the erased wallet.
        Assert.Equal(1, unreadable);
    }

    // It is not only read: what was begun goes on.
    private static async Task WriteOnAsync(GoldenDirectory golden, GoldenCast cast)
    {
        var open = cast.Payments[^1];
        foreach (var (wallet, id) in cast.Payments)
        {
            if (Given(await golden.Domain.Desk.ReadAsync(new(CallerKind.Wallet, wallet.Value), id)) is { Status: PaymentStatus.Held }) open = (wallet, id);
        }

        var held = Given(await golden.Domain.Desk.ReadAsync(new(CallerKind.Wallet, open.Wallet.Value), open.Id));
        Assert.Equal("open", held.Reference);
        var posted = Given(await golden.Domain.Desk.VoidAsync(new(CallerKind.Payee, held.Payee.Value), open.Id, Key("after-the-freeze")));
        Assert.Equal(PaymentStatus.Voided, posted.Status);
        Assert.Equal(golden.Ledger.DurableSize, (await golden.Ledger.GetCheckpointAsync(golden.Ledger.DurableSize)).Checkpoint.Size);
    }

    private static GoldenCast CastOf(GoldenSight sight) => new(
        [.. Ids<WalletKind>(sight.Statements.Keys)],
        [.. Ids<PayeeKind>(sight.Statements.Keys)],
        [.. sight.Receipts.Select(receipt => (Id<WalletKind>.TryParse(receipt.Value.Split(' ')[0], out var wallet) && Id<PaymentKind>.TryParse(receipt.Key, out var payment) ? (wallet, payment) : throw new InvalidDataException(receipt.Key)))]);

    private static IEnumerable<Id<T>> Ids<T>(IEnumerable<string> texts) where T : IIdKind => texts.Where(text => Id<T>.TryParse(text, out _)).Select(text => Id<T>.TryParse(text, out var id) ? id : default);
}
