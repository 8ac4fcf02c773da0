using System.Globalization;
using Farthing.Protocol;

namespace Farthing.Client.Purchases;

/// <summary>What a budget has spent and what is being bought from it: in memory, and in a file where the budget has one.</summary>
/// <remarks>
/// <para>A purchase is written down, and its price counted, before anything is paid. It goes on being counted until the payment server has said that nothing was paid.</para>
/// <para>A purchase whose message was given up without the site's answer waits for the next message that asks for the same thing, in this process or in a later one.
/// One with a name stays known for <see cref="RememberedDays"/> days, answered or not, so that its name is not paid for again.</para>
/// <para>Thread-safe. Where there is a file, the beginning of a purchase waits for the disk, one at a time.</para>
/// </remarks>
internal sealed class PurchaseBook : IDisposable
{
    /// <summary>How long purchases are known that have a name, or wait.</summary>
    public const int RememberedDays = 30;

    /// <summary>How many purchases are known at once; more are refused, since forgetting one could pay it twice.</summary>
    public const int MaxRemembered = 20_000;

    // The file is written anew when it has so many lines more than it needs.
    private const int MostIdleLines = 2_000;

    private readonly Lock gate = new();
    private readonly Budget budget;
    private readonly BookFile? file;

    // Guarded by the gate, all of them.
    private readonly Spending spending;
    private readonly Dictionary<string, Purchase> byKey = [];
    private readonly Dictionary<string, Purchase> byName = [];
    private readonly Dictionary<string, Queue<Purchase>> waiting = [];
    private int idleLines;

    public PurchaseBook(Budget budget, string? path)
    {
        this.budget = budget;
        spending = new Spending(budget);
        if (path is null) return;
        file = BookFile.Open(path, out var lines);
        try
        {
            Restore(path, lines);
            file.Replace(Lines());
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public Amount Spent
    {
        get
        {
            lock (gate) return spending.Counted;
        }
    }

    /// <summary>The purchase that a message goes on with: that of its name, or else one that waits for such a message. Null if there is none.</summary>
    /// <exception cref="NotPaidException">The name is another purchase's.</exception>
    public Purchase? Resume(string request, string? name, string payer)
    {
        lock (gate)
        {
            if (name is not null) return byName.TryGetValue(name, out var named) ? Same(named, request, payer) : null;
            if (!waiting.TryGetValue(request + payer, out var queue)) return null;
            var purchase = queue.Dequeue();
            if (queue.Count == 0) waiting.Remove(request + payer);
            return purchase;
        }
    }

    /// <summary>Begins a purchase: counts its price, and writes it down.</summary>
    /// <returns>The purchase, or the one that another message of the same name began meanwhile.</returns>
    /// <exception cref="NotPaidException">It does not fit the budget, cannot be written down, or its name is another's. Nothing is counted.</exception>
    public Purchase Begin(string key, string request, string? name, string payer, PaymentChallenge challenge, ChargeRequest charge, DateTimeOffset now)
    {
        lock (gate)
        {
            if (name is not null && byName.TryGetValue(name, out var named)) return Same(named, request, payer);
            var day = Spending.DayOf(now);
            if (spending.FindFault(charge.Amount, day) is { } fault) throw new NotPaidException(NotPaidReason.OverBudget, $"The site was not paid: {fault}.");
            if (byKey.Count >= MaxRemembered) Forget(now);
            if (byKey.Count >= MaxRemembered)
                throw new NotPaidException(NotPaidReason.BudgetNotKept, $"The budget remembers {MaxRemembered} purchases that have a name or were never answered, and no more. Nothing was paid.");

            var purchase = new Purchase(key, request, name, payer, challenge, charge, now, day);
            try
            {
                file?.Add(Line(purchase, BookLine.Begun), force: true);
            }
            catch (IOException exception)
            {
                throw new NotPaidException(NotPaidReason.BudgetNotKept, $"What would be spent cannot be written down, so nothing was paid: {exception.Message}", exception);
            }

            spending.Take(purchase.Price, day);
            Know(purchase);
            return purchase;
        }
    }

    /// <summary>Says that a purchase was certainly not paid: its price is there again, and its name is free.</summary>
    public void EndUnpaid(Purchase purchase)
    {
        lock (gate)
        {
            if (!byKey.ContainsKey(purchase.Key)) return;
            spending.GiveBack(purchase.Price, purchase.Day);
            Drop(purchase);
            // Not forced: a line that is lost costs one question to the payment server.
            Note(new BookLine { Kind = BookLine.Unpaid, Key = purchase.Key }, 2);
        }
    }

    /// <summary>Says what a meter has cost that is stopped for good: of its ceiling, which counted meanwhile, the rest is there again.</summary>
    public void EndSettled(Purchase purchase, Amount cost)
    {
        lock (gate)
        {
            if (!byKey.ContainsKey(purchase.Key)) return;
            Settle(purchase, cost.Units);
            // Not forced: a line that is lost costs one question to the payment server.
            Note(new BookLine { Kind = BookLine.Settled, Key = purchase.Key, Cost = cost.Units.ToString(CultureInfo.InvariantCulture) }, 2);
        }
    }

    /// <summary>Says that the site has answered the paid request, whatever it answered.</summary>
    public void EndAnswered(Purchase purchase)
    {
        lock (gate)
        {
            if (purchase.IsAnswered || !byKey.ContainsKey(purchase.Key)) return;
            purchase.IsAnswered = true;
            if (purchase.Name is null) Drop(purchase);
            Note(new BookLine { Kind = BookLine.Answered, Key = purchase.Key }, purchase.Name is null ? 2 : 0);
        }
    }

    /// <summary>Says that a message gave up before the site answered: the next one like it goes on with the purchase.</summary>
    public void GiveUp(Purchase purchase)
    {
        lock (gate)
        {
            if (purchase.Name is null && byKey.ContainsKey(purchase.Key)) Wait(purchase);
        }
    }

    public void Dispose()
    {
        lock (gate) file?.Dispose();
    }

    private static Purchase Same(Purchase named, string request, string payer) =>
        named.Request == request && named.Payer == payer
            ? named
            : throw new NotPaidException(NotPaidReason.NameTaken, "A request of this name, for something else or from another wallet, was begun before. Nothing was paid. Give each logical request a name of its own.");

    private void Settle(Purchase purchase, UInt128 cost)
    {
        if (cost < purchase.Price.Units) spending.GiveBack(new Amount(purchase.Price.Asset, purchase.Price.Units - cost), purchase.Day);
        Drop(purchase);
    }

    private void Know(Purchase purchase)
    {
        byKey.Add(purchase.Key, purchase);
        if (purchase.Name is not null) byName.Add(purchase.Name, purchase);
    }

    private void Wait(Purchase purchase)
    {
        var place = purchase.Request + purchase.Payer;
        if (!waiting.TryGetValue(place, out var queue)) waiting.Add(place, queue = new());
        if (!queue.Contains(purchase)) queue.Enqueue(purchase);
    }

    private void Drop(Purchase purchase)
    {
        byKey.Remove(purchase.Key);
        if (purchase.Name is not null) byName.Remove(purchase.Name);
        var place = purchase.Request + purchase.Payer;
        if (!waiting.TryGetValue(place, out var queue) || !queue.Contains(purchase)) return;
        waiting[place] = queue = new(queue.Where(other => other != purchase));
        if (queue.Count == 0) waiting.Remove(place);
    }

    private void Forget(DateTimeOffset now)
    {
        var old = byKey.Values.Where(purchase => now - purchase.Begun > TimeSpan.FromDays(RememberedDays)).ToList();
        // Nobody asks for them any more; their prices stay spent.
        foreach (var purchase in old) Drop(purchase);
        // At once: a name that is used again must not stand in the file twice.
        if (old.Count > 0) WriteAnew();
    }

    private void Note(BookLine line, int idle)
    {
        if (file is null) return;
        try
        {
            file.Add(line, force: false);
            idleLines += idle;
            Tidy();
        }
        catch (IOException)
        {
            // What is not noted is asked for again after the next start; nothing more is begun until then.
        }
    }

    private void Tidy()
    {
        if (idleLines >= MostIdleLines) WriteAnew();
    }

    private void WriteAnew()
    {
        if (file is null) return;
        try
        {
            file.Replace(Lines());
            idleLines = 0;
        }
        catch (IOException)
        {
            // The next purchase finds that the file takes nothing.
        }
    }

    private IEnumerable<BookLine> Lines() => byKey.Values.OrderBy(purchase => purchase.Begun).Select(purchase => Line(purchase, BookLine.Known))
        .Concat(byKey.Values.Where(purchase => purchase.IsAnswered).Select(purchase => new BookLine { Kind = BookLine.Answered, Key = purchase.Key }))
        .Prepend(new BookLine
        {
            Kind = BookLine.Opened,
            Currency = budget.MostInAll.Asset.Code,
            KnownLines = byKey.Count,
            Day = spending.Day,
            SpentOfDay = spending.OfDay.ToString(CultureInfo.InvariantCulture),
            SpentInAll = spending.InAll.ToString(CultureInfo.InvariantCulture),
        });

    private static BookLine Line(Purchase purchase, string kind) => new()
    {
        Kind = kind,
        Key = purchase.Key,
        Request = purchase.Request,
        Name = purchase.Name,
        Payer = purchase.Payer,
        Challenge = purchase.Challenge.ToHeader(),
        At = purchase.Begun,
        Day = purchase.Day,
    };

    private void Restore(string path, List<BookLine> lines)
    {
        for (var i = 0; i < lines.Count; i++)
        {
            if (!TryRestore(lines[i], isFirst: i == 0))
                throw new InvalidDataException($"{path} makes no sense in line {i + 1}. Was it written by a newer version, or for another currency than {budget.MostInAll.Asset.Code}?");
        }

        if (lines.Count > 0 && lines.Count(line => line.Kind == BookLine.Known) != lines[0].KnownLines)
            throw new InvalidDataException($"{path} has lost lines. Restore it; without them something could be paid twice.");
        foreach (var purchase in byKey.Values) GiveUp(purchase);
    }

    private bool TryRestore(BookLine line, bool isFirst)
    {
        switch (line.Kind)
        {
            case BookLine.Opened when isFirst:
                if (line.Currency != budget.MostInAll.Asset.Code || line.Day is not { } day
                    || !UInt128.TryParse(line.SpentOfDay, NumberStyles.None, CultureInfo.InvariantCulture, out var ofDay)
                    || !UInt128.TryParse(line.SpentInAll, NumberStyles.None, CultureInfo.InvariantCulture, out var inAll))
                    return false;
                spending.Restore(day, ofDay, inAll);
                return true;
            case BookLine.Begun or BookLine.Known when !isFirst:
                if (Read(line) is not { } purchase || byKey.ContainsKey(purchase.Key) || (purchase.Name is not null && byName.ContainsKey(purchase.Name))) return false;
                if (line.Kind == BookLine.Begun) spending.Take(purchase.Price, purchase.Day);
                Know(purchase);
                return true;
            case BookLine.Unpaid when line.Key is not null && byKey.TryGetValue(line.Key, out var unpaid):
                spending.GiveBack(unpaid.Price, unpaid.Day);
                Drop(unpaid);
                return true;
            case BookLine.Settled when line.Key is not null && byKey.TryGetValue(line.Key, out var settled) && UInt128.TryParse(line.Cost, NumberStyles.None, CultureInfo.InvariantCulture, out var cost):
                Settle(settled, cost);
                return true;
            case BookLine.Answered when line.Key is not null && byKey.TryGetValue(line.Key, out var answered):
                answered.IsAnswered = true;
                if (answered.Name is null) Drop(answered);
                return true;
            default:
                return false;
        }
    }

    private static Purchase? Read(BookLine line) =>
        line is { Key: not null, Request: not null, Payer: not null, At: not null, Day: not null }
        && PaymentChallenge.ReadAll(line.Challenge) is [var challenge] && ReadCharge(challenge) is { } charge
            // Whatever the process before heard of it is gone.
            ? new Purchase(line.Key, line.Request, line.Name, line.Payer, challenge, charge, line.At.Value, line.Day.Value) { MayBePaid = true }
            : null;

    /// <summary>What a challenge asks at most: its price, or a meter's ceiling.</summary>
    private static ChargeRequest? ReadCharge(PaymentChallenge challenge)
    {
        if (challenge.Intent == PaymentChallenge.Meter) return MeterRequest.TryRead(challenge.Request, out var meter) ? new ChargeRequest(meter.Ceiling, meter.Payee, meter.Server, meter.Terms) : null;
        return ChargeRequest.TryRead(challenge.Request, out var charge) ? charge : null;
    }
}
