using System.Globalization;
using System.IO.Hashing;
using System.Text;
using Farthing.Ledger.State;
using Farthing.Protocol;

namespace Farthing.Ledger.Tests.State;

/// <summary>Runs a table that an accountant can read: one command a line, an equals sign, and its outcome.</summary>
/// <remarks>
/// <code>
/// account  alice USD wallet             = done      // wallet: debits ≤ credits; reserve: credits ≤ debits; clearing: anything
/// transfer T1 rail alice 100 until 10m  = done      // a transfer's "until" is its refund deadline, a hold's its expiry
/// hold     H1 alice shop 60 until 10m   = done
/// transfer B1 alice shop 99 as debit    = done      // balancing: at most what the debit account has; "as credit" what the credit account owes; "as both"
/// post     P1 H1 45                     = done      // "all" posts or refunds all that is left
/// void     V1 H1                        = hold_already_posted
/// refund   R1 T1 10                     = done      // "as cited": balancing, at most what can still be given back
/// claim    K1 T1                        = done
/// freeze   F1 alice                     = done      // and unfreeze, close
/// chain                                             // the lines up to "end" are one chain
/// account  day USD wallet ends 9m heir rail = done  // an account that ends, and gets an heir
/// time     10m expires H2 H3 ends day               // the batch's time, from the start; the holds that must expire, the accounts that must be forgotten
/// balance  alice available 55 held 0                // held: debits held
/// full     1000                                     // first line only: the highest count of an account
/// </code>
/// A name stands for one id; <c>name@6m</c> is an id of that time, <c>nothing</c> is id zero. The digest is the line's, so the same line again is a repetition
/// (<c>= done, again</c>) and another line with the same name a conflict. After each chain the runner repeats it and wants the same answer, and no record of it.
/// </remarks>
internal sealed class AccountantTable
{
    private const long Start = 1_700_000_000_000;

    private readonly Dictionary<string, UInt128> ids = new() { ["nothing"] = UInt128.Zero };
    private readonly List<(Command Command, string Expected)> chain = [];
    private readonly RecordedLedger ledger;
    private long now = Start;
    private bool inChain;
    private string place = "";

    private AccountantTable(UInt128? maxCount) => ledger = new RecordedLedger(maxCount);

    /// <summary>How often each outcome was seen.</summary>
    public Dictionary<Outcome, int> Seen { get; } = [];

    public static AccountantTable Run(string name)
    {
        using var stream = typeof(AccountantTable).Assembly.GetManifestResourceStream(name) ?? throw new FileNotFoundException(name);
        var lines = new StreamReader(stream).ReadToEnd().Split('\n');
        var isFull = lines[0].StartsWith("full ", StringComparison.Ordinal);
        var table = new AccountantTable(isFull ? Number(Words(lines[0])[1]) : null);
        for (var i = isFull ? 1 : 0; i < lines.Length; i++)
        {
            table.place = $"{name}, line {i + 1}: {lines[i]}";
            if (Words(lines[i]) is { Length: > 0 } words) table.Step(words);
        }

        Assert.False(table.inChain, $"{name}: a chain does not end.");
        table.ledger.AssertReplayGivesTheSame();
        return table;
    }

    private static string[] Words(string line) =>
        line.Split("//")[0].Replace("=", " = ", StringComparison.Ordinal).Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static UInt128 Number(string text) => text switch
    {
        "all" => UInt128.Zero,
        "too-much" => Amount.MaxUnits + 1,
        _ => UInt128.Parse(text, CultureInfo.InvariantCulture),
    };

    private static long Time(string text)
    {
        var number = text.TrimEnd('m', 's');
        return Start + (text[number.Length..] switch
        {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            _ => throw new FormatException($"'{text}' is not a time."),
        } * long.Parse(number, CultureInfo.InvariantCulture));
    }

    private static Asset AssetOf(string text) => text switch
    {
        "no-asset" => default,
        "bad-asset" => new Asset("US D", 6),
        "deep-asset" => new Asset("USD", 37),
        _ => new Asset(text, 6),
    };

    // Outcome.HoldAlreadyPosted is written hold_already_posted.
    private static string Snake(Outcome outcome) =>
        string.Concat(outcome.ToString().Select((c, i) => char.IsUpper(c) ? (i > 0 ? "_" : "") + char.ToLowerInvariant(c) : c.ToString()));

    private void Step(string[] words)
    {
        switch (words[0])
        {
            case "time":
                AdvanceTo(Time(words[1]), words[2..]);
                break;
            case "balance":
                CheckBalance(words);
                break;
            case "chain":
                inChain = true;
                break;
            case "end":
                inChain = false;
                RunChain();
                break;
            default:
                var equals = Array.IndexOf(words, "=");
                Assert.True(equals > 0, $"No outcome. {place}");
                chain.Add((Read(words[..equals]), string.Join(' ', words[(equals + 1)..])));
                if (!inChain) RunChain();
                break;
        }
    }

    private Command Read(string[] words)
    {
        var digest = XxHash128.HashToUInt128(Encoding.UTF8.GetBytes(string.Join(' ', words)));
        var id = Id(words[1]);
        var options = new Options(words);
        var until = options.Text("until") is { } text ? Time(text) : 0;
        var balancing = options.Text("as") switch { null => Balancing.None, "cited" => Balancing.Cited, "debit" => Balancing.Debit, "credit" => Balancing.Credit, "both" => Balancing.Debit | Balancing.Credit, _ => throw new FormatException(place) };
        var memo = new byte[options.Text("memo") is { } length ? (int)Number(length) : 0];
        var asset = options.Text("of") is { } code ? AssetOf(code) : Asset.Usd;
        return words[0] switch
        {
            "account" => Command.OpenAccount(id, AssetOf(words[2]), words[3] switch
            {
                "wallet" => AccountFlags.DebitsMustNotExceedCredits,
                "reserve" => AccountFlags.CreditsMustNotExceedDebits,
                "clearing" => AccountFlags.None,
                _ => throw new FormatException(place),
            }, options.Text("ends") is { } end ? Time(end) : 0, options.Text("heir") is { } heir ? Id(heir) : 0),
            "transfer" => Command.Transfer(id, digest, Id(words[2]), Id(words[3]), new Amount(asset, Number(words[4])), TransferCode.Payment, until, memo: memo, balancing: balancing),
            "hold" => Command.Hold(id, digest, Id(words[2]), Id(words[3]), new Amount(asset, Number(words[4])), TransferCode.Payment, until, memo: memo, balancing: balancing),
            "post" => Command.Post(id, digest, Id(words[2]), Number(words[3]), until, memo: memo),
            "void" => Command.Void(id, digest, Id(words[2])),
            "refund" => Command.Refund(id, digest, Id(words[2]), Number(words[3]), TransferCode.Refund, memo: memo, balancing: balancing == Balancing.Cited),
            "claim" => Command.Claim(id, digest, Id(words[2])),
            "freeze" => Command.ChangeAccount(RecordKind.FreezeAccount, id, Id(words[2])),
            "unfreeze" => Command.ChangeAccount(RecordKind.UnfreezeAccount, id, Id(words[2])),
            "close" => Command.ChangeAccount(RecordKind.CloseAccount, id, Id(words[2])),
            _ => throw new FormatException(place),
        };
    }

    private void RunChain()
    {
        // "unfinished" at a chain's end leaves its last command linked to nothing.
        var commands = chain.Select((entry, i) => entry.Command with { Linked = i < chain.Count - 1 || entry.Expected.Contains("unfinished", StringComparison.Ordinal) }).ToArray();
        var answers = ledger.Apply(now, commands)[0];
        for (var i = 0; i < answers.Length; i++)
        {
            var wanted = chain[i].Expected.Replace(", unfinished", "", StringComparison.Ordinal);
            var given = Snake(answers[i].Outcome) + (answers[i].IsDuplicate ? ", again" : "");
            Assert.True(given == wanted, $"'{commands[i].Kind}' was answered '{given}', not '{wanted}'. {place}");
            Seen[answers[i].Outcome] = Seen.GetValueOrDefault(answers[i].Outcome) + 1;
        }

        CheckRepetition(commands, answers);
        chain.Clear();
    }

    private void CheckRepetition(Command[] commands, CommandResult[] answers)
    {
        var (position, digest) = (ledger.State.NextPosition, ledger.State.Digest);
        var again = ledger.Apply(now, commands)[0];
        Assert.True(answers.Select(a => (a.Outcome, a.Position)).SequenceEqual(again.Select(a => (a.Outcome, a.Position))), $"The repetition was answered otherwise. {place}");
        Assert.True((position, digest) == (ledger.State.NextPosition, ledger.State.Digest), $"The repetition changed something. {place}");
        var isBound = answers.All(a => a.Outcome is Outcome.Done or >= Outcome.ChainRefused) && answers.Any(a => a.Position >= 0);
        Assert.True(again.All(a => a.IsDuplicate == isBound), $"The repetition was not recognised. {place}");
    }

    private void AdvanceTo(long time, string[] due)
    {
        var before = ledger.State.NextPosition;
        now = time;
        ledger.Apply(now);
        var ends = Array.IndexOf(due, "ends") is >= 0 and var index ? index : due.Length;
        var expected = due[..ends].Skip(1).Select(name => (RecordKind.Expire, Id(name))).Concat(due[ends..].Skip(1).Select(name => (RecordKind.EndAccount, Id(name))));
        var made = ledger.Records.Where(record => record.Position >= before).Select(record => (record.Command.Kind, record.Command.Id)).ToArray();
        Assert.True(made.SequenceEqual(expected), $"Other holds expired, or accounts ended: {string.Join(", ", made)}. {place}");
        Assert.All(made, record => Assert.False(record.Kind == RecordKind.EndAccount && ledger.State.TryGetAccount(record.Id, out _)));
    }

    private void CheckBalance(string[] words)
    {
        Assert.True(ledger.State.TryGetAccount(Id(words[1]), out var account), place);
        var options = new Options(words);
        var found = $"available {account.Balances.Available} held {account.Balances.DebitsHeld}";
        var wanted = $"available {options.Text("available")} held {options.Text("held")}";
        Assert.True(found == wanted, $"Found {found}. {place}");
    }

    private UInt128 Id(string name)
    {
        if (ids.TryGetValue(name, out var id)) return id;
        var time = name.Split('@') is [_, var at] ? Time(at) : 0;
        return ids[name] = new UInt128((ulong)time << 16, (ulong)ids.Count);
    }

    private readonly record struct Options(string[] Words)
    {
        public string? Text(string name) => Array.IndexOf(Words, name, 1) is > 0 and var i ? Words[i + 1] : null;
    }
}
