using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Farthing.Ledger.State;
using Farthing.Protocol;

namespace Farthing.Ledger.Tests.State;

/// <summary>The records of <c>docs/spec/vectors/records.json</c>: at least one of each kind, out of one short story.</summary>
internal static class RecordVectors
{
    private const long Start = 1_700_000_000_000;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true, NewLine = "\n" };

    public static string FilePath([CallerFilePath] string thisFile = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", "..", "docs", "spec", "vectors", "records.json"));

    public static Vector[] Load() => JsonSerializer.Deserialize<Vector[]>(File.ReadAllBytes(FilePath()), Json)!;

    public static string ToJson(Vector[] vectors) => JsonSerializer.Serialize(vectors, Json) + "\n";

    /// <summary>Makes the vectors anew from the state machine.</summary>
    public static Vector[] Make()
    {
        var ledger = new RecordedLedger();
        UInt128 rail = 1, alice = Id(0xA), shop = Id(0xB), fees = 2;
        var usd = (ulong units) => new Amount(Asset.Usd, units);
        ledger.Apply(Start,
            [Command.OpenAccount(rail, Asset.Usd, AccountFlags.None)],
            [Command.OpenAccount(fees, Asset.Usd, AccountFlags.None)],
            [Command.OpenAccount(alice, Asset.Usd, AccountFlags.DebitsMustNotExceedCredits)],
            [Command.OpenAccount(shop, Asset.Usd, AccountFlags.DebitsMustNotExceedCredits)],
            [Command.Transfer(Id(0x10), Id(0xD0), rail, alice, usd(5_000_000), TransferCode.TopUp)]);
        ledger.Apply(Start + 1,
            [
                Command.Transfer(Id(0x11), Id(0xD1), alice, shop, usd(20_000), TransferCode.Payment, Start + 60_000, Id(0xE1), Id(0xE2), new byte[] { 1, 2, 3 }) with { Linked = true },
                Command.Transfer(Id(0x12), Id(0xD2), shop, fees, usd(1_000), TransferCode.Fee),
            ],
            [Command.Refund(Id(0x13), Id(0xD3), Id(0x11), 0, TransferCode.Refund)],
            [Command.Hold(Id(0x14), Id(0xD4), alice, shop, usd(300_000), TransferCode.Payment, Start + 60_000)],
            [Command.Hold(Id(0x15), Id(0xD5), alice, shop, usd(400_000), TransferCode.Payment, Start + 60_000)],
            [Command.Hold(Id(0x16), Id(0xD6), alice, shop, usd(500_000), TransferCode.Payment, Start + 60_000)],
            [Command.Post(Id(0x17), Id(0xD7), Id(0x14), 200_000, Start + 60_000)],
            [Command.Void(Id(0x18), Id(0xD8), Id(0x15))],
            [Command.Claim(Id(0x19), Id(0xD9), Id(0x11))],
            [Command.ChangeAccount(RecordKind.FreezeAccount, Id(0x1A), alice)],
            [Command.Transfer(Id(0x1B), Id(0xDB), alice, shop, usd(1), TransferCode.Payment)],
            [Command.ChangeAccount(RecordKind.UnfreezeAccount, Id(0x1C), alice)],
            [
                Command.OpenAccount(Id(0xC), new Asset("allowance:USD", 6), AccountFlags.CreditsMustNotExceedDebits) with { Linked = true },
                Command.Transfer(Id(0x1D), Id(0xDD), alice, shop, usd(9_000_000), TransferCode.Payment),
            ],
            [Command.Post(Id(0x1E), Id(0xDE), Id(0x99), 0)]);
        ledger.Apply(Start + 60_000, [Command.ChangeAccount(RecordKind.CloseAccount, Id(0x1F), shop)],
            [Command.Hold(Id(0x20), Id(0xE3), rail, alice, usd(9_000_000), TransferCode.TopUp, Start + 90_000, balancing: Balancing.Credit)],
            [Command.Transfer(Id(0x21), Id(0xE4), alice, fees, usd(9_000_000), TransferCode.Payment, balancing: Balancing.Debit)],
            [Command.Transfer(Id(0x22), Id(0xE5), alice, rail, usd(7), TransferCode.Payment, balancing: Balancing.Debit | Balancing.Credit)],
            [Command.Transfer(Id(0x23), Id(0xE6), alice, shop, usd(1), TransferCode.Payment, balancing: Balancing.Debit)],
            [
                Command.OpenAccount(Id(0xD), Asset.Usd, AccountFlags.DebitsMustNotExceedCredits, Start + 120_000, fees) with { Linked = true },
                Command.Transfer(Id(0x24), Id(0xE7), fees, Id(0xD), usd(100), TransferCode.Allowance, Start + 600_000),
            ],
            [Command.OpenAccount(Id(0xE), Asset.Usd, AccountFlags.None, Start + 120_001, fees)],
            [Command.Transfer(Id(0x25), Id(0xE8), Id(0xE), rail, usd(30), TransferCode.Allowance)],
            [Command.Refund(Id(0x26), Id(0xE9), Id(0x24), 30, TransferCode.Refund, balancing: true)],
            [Command.Refund(Id(0x27), Id(0xEA), Id(0x24), 0, TransferCode.Refund, balancing: true)],
            [Command.Refund(Id(0x28), Id(0xEB), Id(0x24), 1, TransferCode.Refund, balancing: true)]);
        ledger.Apply(Start + 120_001 + LedgerState.ForgetAfterMilliseconds, [Command.Refund(Id(0x29), Id(0xEC), Id(0x24), 0, TransferCode.Refund, balancing: true)]);

        return [.. ledger.Batches.SelectMany(batch => batch.Records()).Select((entry, i) => Describe($"{i}: {entry.Record.Command.Kind}", entry.Record, entry.Bytes))];
    }

    public static Vector Describe(string name, JournalRecord record, byte[] bytes)
    {
        var c = record.Command;
        return new Vector
        {
            Name = name,
            Position = record.Position,
            UnixMilliseconds = record.UnixMilliseconds,
            Kind = (int)c.Kind,
            Outcome = (int)record.Outcome,
            ChainIndex = record.ChainIndex,
            Linked = c.Linked,
            UnitsWereZero = record.UnitsWereZero,
            Balancing = (int)c.Balancing,
            UnitsAsked = record.UnitsAsked.ToString(CultureInfo.InvariantCulture),
            Id = Hex(c.Id),
            Digest = Hex(c.Digest),
            Debit = Hex(c.Debit),
            Credit = Hex(c.Credit),
            Asset = c.Asset.Code is null ? "" : $"{c.Asset.Code}/{c.Asset.Scale}",
            Units = c.Units.ToString(CultureInfo.InvariantCulture),
            Code = (int)c.Code,
            Cited = Hex(c.Cited),
            Deadline = c.DeadlineUnixMilliseconds,
            Reference1 = Hex(c.Reference1),
            Reference2 = Hex(c.Reference2),
            Flags = (int)c.Flags,
            Memo = Convert.ToHexStringLower(c.Memo.Span),
            PreviousOfDebit = record.PreviousOfDebit,
            PreviousOfCredit = record.PreviousOfCredit,
            PreviousCitation = record.PreviousCitation,
            DebitAfter = Counts(record.DebitAfter),
            CreditAfter = Counts(record.CreditAfter),
            Bytes = Convert.ToHexStringLower(bytes),
        };
    }

    private static UInt128 Id(ulong name) => new((ulong)Start << 16, name);

    private static string Hex(UInt128 value) => value.ToString("x32", CultureInfo.InvariantCulture);

    private static string Counts(Balances b) => $"{b.DebitsPosted} {b.DebitsHeld} {b.CreditsPosted} {b.CreditsHeld}";

    internal sealed record Vector
    {
        public required string Name { get; init; }

        public required long Position { get; init; }

        public required long UnixMilliseconds { get; init; }

        public required int Kind { get; init; }

        public required int Outcome { get; init; }

        public required int ChainIndex { get; init; }

        public required bool Linked { get; init; }

        public required bool UnitsWereZero { get; init; }

        public required int Balancing { get; init; }

        public required string UnitsAsked { get; init; }

        public required string Id { get; init; }

        public required string Digest { get; init; }

        public required string Debit { get; init; }

        public required string Credit { get; init; }

        public required string Asset { get; init; }

        public required string Units { get; init; }

        public required int Code { get; init; }

        public required string Cited { get; init; }

        public required long Deadline { get; init; }

        public required string Reference1 { get; init; }

        public required string Reference2 { get; init; }

        public required int Flags { get; init; }

        public required string Memo { get; init; }

        public required long PreviousOfDebit { get; init; }

        public required long PreviousOfCredit { get; init; }

        public required long PreviousCitation { get; init; }

        /// <summary>Debits posted, debits held, credits posted, credits held.</summary>
        public required string DebitAfter { get; init; }

        public required string CreditAfter { get; init; }

        public required string Bytes { get; init; }
    }
}
