using Farthing.Ledger;
using Farthing.Payments.Desk;
using Farthing.Protocol;

namespace Farthing.Payments.TopUps;

/// <summary>Which top-ups a wallet had, and how much of each was given or taken back: what says how much can still go back to where it came from.</summary>
/// <remarks>Thread-safe. Made from the journal alone: at start from all of it, then from each record that is written. Seeing a record again changes nothing.</remarks>
internal sealed class TopUpBook
{
    /// <summary>How long after a top-up its money can go back: as long as card processors are sure to carry that out.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromDays(WalletPayoutDesk.WindowDays);

    private readonly Lock gate = new();
    private readonly Dictionary<UInt128, List<Line>> lines = [];

    // The lines above, oldest first: what is out of the window is forgotten.
    private readonly Queue<(UInt128 Wallet, Line Line)> ages = [];

    // Payouts that are not decided: from a hold to where it belongs.
    private readonly Dictionary<UInt128, (UInt128 Wallet, UInt128 TopUp)> open = [];

    /// <summary>The holds of payouts that their rails have not decided.</summary>
    public IReadOnlyList<UInt128> Open
    {
        get { lock (gate) return [.. open.Keys]; }
    }

    /// <summary>What is left of a wallet's top-ups that can still go back, newest first.</summary>
    public IReadOnlyList<(UInt128 TopUp, UInt128 Clearing, UInt128 Left)> FindLeft(UInt128 wallet, DateTimeOffset now)
    {
        var oldest = (now - Window).ToUnixTimeMilliseconds();
        lock (gate)
        {
            if (!lines.TryGetValue(wallet, out var found)) return [];
            found.RemoveAll(line => line.UnixMilliseconds < oldest);
            return [.. found.Select(line => (line.TopUp, line.Clearing, Left: line.Left())).Where(line => line.Left > UInt128.Zero).Reverse()];
        }
    }

    /// <summary>Learns from a record.</summary>
    public void Observe(in JournalRecord record)
    {
        if (record.Outcome != Outcome.Done || record.Command.Code is not (TransferCode.TopUp or TransferCode.Chargeback or TransferCode.WalletPayout)) return;
        var command = record.Command;
        lock (gate)
        {
            switch (command.Code, command.Kind)
            {
                case (TransferCode.TopUp, RecordKind.Post or RecordKind.Transfer):
                    var topUp = LegIds.HeadOf(command.Id);
                    if (!lines.TryGetValue(command.Credit, out var all)) lines[command.Credit] = all = [];
                    if (all.Exists(line => line.TopUp == topUp)) break;
                    all.Add(new(topUp, command.Debit, command.Units, record.UnixMilliseconds));
                    ages.Enqueue((command.Credit, all[^1]));
                    Forget(record.UnixMilliseconds - (long)Window.TotalMilliseconds);
                    break;
                case (TransferCode.Chargeback, RecordKind.Transfer):
                    // Taken from what the wallet owes to the clearing account, or returned the other way.
                    if (Find(command.Reference1, command.Reference2) is { } struck) struck.Take(command.Id, command.Units, isBack: command.Debit == struck.Clearing);
                    break;
                case (TransferCode.WalletPayout, RecordKind.Hold):
                    if (Find(command.Debit, command.Reference2) is { } line && line.Take(command.Id, command.Units, isBack: false)) open[command.Id] = (command.Debit, command.Reference2);
                    break;
                case (TransferCode.WalletPayout, RecordKind.Post):
                    open.Remove(command.Cited);
                    break;
                case (TransferCode.WalletPayout, RecordKind.Void):
                    if (open.Remove(command.Cited, out var place)) Find(place.Wallet, place.TopUp)?.Take(command.Id, command.Units, isBack: true);
                    break;
            }
        }
    }

    private void Forget(long beforeUnixMilliseconds)
    {
        while (ages.TryPeek(out var oldest) && oldest.Line.UnixMilliseconds < beforeUnixMilliseconds)
        {
            ages.Dequeue();
            if (lines.TryGetValue(oldest.Wallet, out var all) && all.Remove(oldest.Line) && all.Count == 0) lines.Remove(oldest.Wallet);
        }
    }

    private Line? Find(UInt128 wallet, UInt128 topUp) => lines.TryGetValue(wallet, out var all) ? all.Find(line => line.TopUp == topUp) : null;

    private sealed class Line(UInt128 topUp, UInt128 clearing, UInt128 units, long unixMilliseconds)
    {
        private readonly List<(UInt128 Id, UInt128 Units, bool IsBack)> takings = [];

        public UInt128 TopUp => topUp;

        public UInt128 Clearing => clearing;

        public long UnixMilliseconds => unixMilliseconds;

        public bool Take(UInt128 id, UInt128 taken, bool isBack)
        {
            if (takings.Exists(known => known.Id == id)) return false;
            takings.Add((id, taken, isBack));
            return true;
        }

        public UInt128 Left()
        {
            var (left, taken) = (units, UInt128.Zero);
            foreach (var known in takings)
            {
                if (known.IsBack) left += known.Units;
                else taken += known.Units;
            }

            return left > taken ? left - taken : UInt128.Zero;
        }
    }
}
