using Farthing.Protocol;

namespace Farthing.Ledger.Tests.State;

/// <summary>Makes chains out of a seed: mostly sensible ones, with every mistake that a caller could make among them.</summary>
/// <param name="seed">The seed.</param>
/// <param name="reach">How many of the newest chains are repeated, and of the newest ids cited.</param>
internal sealed class RandomChains(int seed, int reach = 24)
{
    private const int AccountCount = 12;
    private const int EndingCount = 6;

    private static readonly Asset[] Assets = [Asset.Usd, Asset.Eur];

    private readonly Random random = new(seed);
    private readonly List<UInt128> holds = [];
    private readonly List<UInt128> payments = [];
    private readonly List<UInt128> others = [];
    private readonly List<Command> ending = [];
    private readonly List<Command[]> sent = [];
    private ulong counter;

    /// <summary>The time that ids and deadlines are near to. Set by whoever has a clock of its own.</summary>
    public long Now { get; set; } = 1_700_000_000_000;

    /// <summary>Opens most of the accounts, and fills the wallets from a clearing account.</summary>
    public Command[][] Beginning()
    {
        var chains = new List<Command[]>();
        for (var i = 1; i < AccountCount - 1; i++) chains.Add([Open(i)]);
        for (var i = 3; i < AccountCount - 1; i++)
            chains.Add([Command.Transfer(FreshId(), 1, (UInt128)(2 - (i & 1)), (UInt128)i, new Amount(AssetOf(i), 1_000), TransferCode.TopUp, Now + 60_000)]);
        return [.. chains];
    }

    /// <summary>Lets up to three seconds pass, rarely a minute.</summary>
    public void PassTime() => Now += Chance(50) ? 60_000 : random.Next(4) * 1_000;

    public Command[] NextChain()
    {
        if (sent.Count > 0 && Chance(12)) return Again();
        var length = Chance(2_000) ? 33 : random.Next(10) < 8 ? 1 : random.Next(2, 6);
        var chain = new Command[length];
        var deadline = Deadline();
        for (var i = 0; i < length; i++)
        {
            chain[i] = NextCommand(Chance(20) ? Deadline() : deadline) with { Linked = i < length - 1 || Chance(500) };
            if (i > 0 && Chance(150)) chain[i] = chain[i - 1] with { Linked = chain[i].Linked };
        }

        sent.Add(chain);
        return chain;
    }

    /// <summary>Remembers what can be cited: mostly what was carried out.</summary>
    public void Learn(Command[] chain, CommandResult[] answers)
    {
        for (var i = 0; i < chain.Length; i++)
        {
            if (answers[i].Position < 0 || answers[i].IsDuplicate) continue;
            var list = (answers[i].Outcome, chain[i].Kind) switch
            {
                (not Outcome.Done, _) => others,
                (_, RecordKind.Hold) => holds,
                (_, RecordKind.Transfer or RecordKind.Post) => payments,
                _ => others,
            };
            list.Add(chain[i].Id);
            if (list.Count > reach) list.RemoveAt(0);
        }
    }

    // The same chain once more, or one that resembles it.
    private Command[] Again()
    {
        var chain = sent[^random.Next(1, Math.Min(sent.Count, reach) + 1)];
        return random.Next(8) switch
        {
            0 => chain[..^1] is { Length: > 0 } shorter ? [.. shorter[..^1], shorter[^1] with { Linked = false }] : chain,
            1 => [.. chain.Reverse().Select((command, i) => command with { Linked = i < chain.Length - 1 })],
            2 => [NextCommand(Deadline()) with { Linked = true }, .. chain],
            _ => chain,
        };
    }

    private Command NextCommand(long deadline)
    {
        var id = NextId();
        var digest = (UInt128)(ulong)random.Next(1, 4);
        var memo = Chance(200) ? new byte[1025] : Chance(4) ? new byte[random.Next(1, 20)] : [];
        switch (random.Next(100))
        {
            case < 32:
            {
                var (debit, credit, amount) = Movement();
                return Command.Transfer(id, digest, debit, credit, amount, TransferCode.Payment, Chance(3) ? deadline : 0, digest, 0, memo, AnyBalancing());
            }

            case < 52:
            {
                var (debit, credit, amount) = Movement();
                return Command.Hold(id, digest, debit, credit, amount, TransferCode.Payment, deadline, 0, digest, memo, AnyBalancing());
            }

            case < 65: return Command.Post(id, digest, Cited(holds), Part(), Chance(2) ? deadline : 0, 0, memo);
            case < 72: return Command.Void(id, digest, Cited(holds));
            case < 86: return Command.Refund(id, digest, Cited(payments), Part(), TransferCode.Refund, 0, memo, balancing: Chance(5));
            case < 87: return OpenEnding();
            case < 89: return Command.Claim(id, digest, Cited(payments));
            case < 94: return Chance(8) ? Command.OpenAccount(id, Chance(5) ? new Asset("no asset", 6) : Asset.Usd, AccountFlags.None) : Open(random.Next(1, AccountCount + 1));
            case < 95: return Command.ChangeAccount(RecordKind.FreezeAccount, id, AnyAccount());
            case < 99: return Command.ChangeAccount(RecordKind.UnfreezeAccount, id, AnyAccount());
            default: return Command.ChangeAccount(RecordKind.CloseAccount, id, Chance(2) ? (UInt128)AccountCount : AnyAccount());
        }
    }

    private Command Open(int account)
    {
        var flags = account switch { 1 or 2 or 12 => AccountFlags.None, 6 or 7 => AccountFlags.CreditsMustNotExceedDebits, _ => AccountFlags.DebitsMustNotExceedCredits };
        var asset = Chance(30) ? new Asset("X", 37) : Chance(8) ? Assets[random.Next(2)] : AssetOf(account);
        return Command.OpenAccount((UInt128)account, asset, Chance(8) ? AccountFlags.None : flags);
    }

    // Accounts that end soon, some just now, mostly with a clearing account as their heir; now and then one is opened again, or otherwise.
    private Command OpenEnding()
    {
        if (ending.Count > 0 && Chance(4))
        {
            var old = ending[random.Next(ending.Count)];
            return Chance(3) ? Command.OpenAccount(old.Id, old.Asset, old.Flags, Now + 60_000, old.Cited) : old;
        }

        var asset = random.Next(2);
        var heir = Chance(12) ? Chance(4) && ending.Count > 0 ? ending[^1].Id : AnyAccount() : (UInt128)(ulong)(1 + asset);
        var command = Command.OpenAccount(FreshId(), Assets[asset], (AccountFlags)random.Next(3), Now + random.Next(0, 60) * 1_000, heir);
        ending.Add(command);
        if (ending.Count > EndingCount) ending.RemoveAt(0);
        return command;
    }

    private (UInt128 Debit, UInt128 Credit, Amount Amount) Movement()
    {
        if (ending.Count > 0 && Chance(4))
        {
            var account = ending[random.Next(ending.Count)];
            var amount = new Amount(account.Asset, (UInt128)(ulong)random.Next(1, 300));
            return Chance(2) ? (account.Id, account.Cited, amount) : (account.Cited, account.Id, amount);
        }

        var debit = Chance(5) ? (UInt128)random.Next(1, 3) : AnyAccount();
        // Mostly an account of the same asset, which is two away.
        var credit = Chance(40) ? AnyAccount() : (debit + (UInt128)(2 * random.Next(1, 6)) - 1) % AccountCount + 1;
        var asset = Chance(300) ? new Asset("", 6) : Chance(60) ? Assets[random.Next(2)] : AssetOf((int)debit);
        var units = Chance(100) ? UInt128.Zero : Chance(200) ? Amount.MaxUnits + 1 : (UInt128)(ulong)random.Next(1, 300);
        return (debit, credit, new Amount(asset, units));
    }

    private Balancing AnyBalancing() => Chance(8) ? (Balancing)random.Next(1, 4) : Balancing.None;

    private UInt128 Part() => Chance(200) ? Amount.MaxUnits + 1 : Chance(2) ? UInt128.Zero : (UInt128)(ulong)random.Next(1, 300);

    private UInt128 Cited(List<UInt128> likely)
    {
        var list = Chance(12) ? (random.Next(3) switch { 0 => holds, 1 => payments, _ => others }) : likely;
        return list.Count == 0 || Chance(40) ? (UInt128)random.Next(0, 1000) : list[random.Next(list.Count)];
    }

    private UInt128 NextId()
    {
        if (Chance(300)) return 0;
        if (Chance(300)) return WithTime(Now + 300_001);
        if (Chance(100)) return AnyAccount();
        return Chance(60) && payments.Count > 0 ? payments[random.Next(payments.Count)] : FreshId();
    }

    private UInt128 FreshId() => WithTime(Chance(10) ? 0 : Now + random.Next(-400_000, 300_001));

    private UInt128 WithTime(long time) => new((ulong)time << 16, (1UL << 32) + ++counter);

    private long Deadline() => Now + (Chance(10) ? -1_000 * random.Next(2) : 1_000 * random.Next(1, 60));

    private UInt128 AnyAccount() => (UInt128)random.Next(1, Chance(20) ? AccountCount + 1 : AccountCount - 1);

    private static Asset AssetOf(int account) => Assets[1 - (account & 1)];

    private bool Chance(int oneIn) => random.Next(oneIn) == 0;
}
