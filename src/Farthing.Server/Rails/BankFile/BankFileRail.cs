using System.Security.Cryptography;
using Farthing.Payments;
using Farthing.Payments.Payouts;
using Farthing.Protocol;
using Farthing.Server.Storage;

namespace Farthing.Server.Rails.BankFile;

/// <summary>Pays by files that the operator hands to its bank, and learns from the bank's notifications what became of them.</summary>
/// <remarks>
/// Thread-safe. What it was told waits until the operator has a file made of it; a transfer is in one file for ever. It has a database of its own, as it stands for an outside party;
/// whatever it learned there is told to the payouts until they have heard it, also across a crash.
/// </remarks>
internal sealed class BankFileRail : IPayoutRail, IDisposable
{
    public const string RailName = "bank-file";

    // EPC132-08: the largest amount of a SEPA credit transfer.
    private static readonly UInt128 MostUnits = 999_999_999_990_000;

    private readonly BankFileOptions debtor;
    private readonly BankFileStore store;
    private readonly string directory;
    private readonly TimeProvider time;

    // One file is made at a time.
    private readonly SemaphoreSlim making = new(1);

    /// <summary>Opens the rail, and finishes a file whose making was cut off.</summary>
    /// <param name="debtor">The operator's account.</param>
    /// <param name="database">Its database, made if it is absent.</param>
    /// <param name="directory">Where the files are put; made if it is absent.</param>
    /// <param name="mark">What distinguishes this server's messages at the bank from every other's: 1 to 20 letters and digits.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="StartRefusedException">The database is damaged, or lost while its files are there.</exception>
    public BankFileRail(BankFileOptions debtor, string database, string directory, string mark, TimeProvider time)
    {
        (this.debtor, this.directory, this.time) = (debtor, directory, time);
        // Begun anew it would put what the bank has into another file, under a number that was used.
        if (!File.Exists(database) && System.IO.Directory.Exists(directory) && System.IO.Directory.EnumerateFileSystemEntries(directory).Any())
            throw new StartRefusedException($"{database} is missing, and {directory} has files for the bank that it knew of. Bring it back from the backup; without it payouts could be paid twice.");
        store = BankFileStore.Open(database, mark);
        Ledger.DurableFiles.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (var unwritten in store.ListUnwritten()) Write(unwritten);
    }

    /// <inheritdoc/>
    public string Name => RailName;

    /// <inheritdoc/>
    public int? DecimalsOf(Asset asset) => asset == Asset.Eur ? 2 : null;

    /// <inheritdoc/>
    public Answer<PayoutDestination> Check(PayoutDestination destination, Asset asset)
    {
        if (destination.Instruction is not null) return Wrong("sandbox is for the rail sandbox: leave it out.");
        if (Iban.Read(destination.Iban, out var iban) is { } fault) return Wrong($"iban {fault}");
        if (iban == debtor.Iban) return Wrong("iban is the operator's own account, out of which payouts are paid.");
        if (destination.Bic is { } bic && !IsBic(bic)) return Wrong("bic must be 8 or 11 capital letters and digits, such as DEUTDEFF; leave it out if you do not know it.");
        return BankText.Of(destination.Name, PayoutDestination.MaxNameLength).Any(char.IsAsciiLetterOrDigit)
            ? destination with { Iban = iban }
            : Wrong("name has no letter that banks carry: write it in Latin letters.");
    }

    /// <inheritdoc/>
    public ValueTask<PayoutRailAnswer> PayAsync(OutgoingPayout payout)
    {
        // A file with one such transfer would be rejected whole.
        if (payout.Amount.Units > MostUnits) return new(new PayoutRailAnswer(PayoutRailStatus.Failed, "a SEPA transfer carries at most 999999999.99 EUR"));
        store.Add(new BankTransfer(payout.Reference, payout.Amount, payout.Destination.Name, payout.Destination.Iban!, payout.Destination.Bic), Now());
        return AskAsync(payout.Reference);
    }

    /// <inheritdoc/>
    public ValueTask<PayoutRailAnswer> AskAsync(Id<PayoutKind> reference) => new(store.Find(reference) is { } known ? new PayoutRailAnswer(known.Status, known.Note, CameBack: known.CameBack) : new PayoutRailAnswer(PayoutRailStatus.Unknown));

    /// <summary>Makes a file of all that waits.</summary>
    /// <param name="key">A repeat with the same key gives the same file.</param>
    public async ValueTask<Answer<BankFile>> MakeFileAsync(IdempotencyKey key)
    {
        await making.WaitAsync();
        try
        {
            if (store.MakeFile(key.Text, Now()) is not { } file) return new Refusal(RefusalCodes.NothingToPayOut, "No payout waits for a file.");
            // A file that was written once stays written: the operator may have moved it on to the bank.
            if (!file.IsWritten) Write(file);
            return file with { IsWritten = true };
        }
        finally
        {
            making.Release();
        }
    }

    /// <summary>The files that were made, newest first, at most so many.</summary>
    public IReadOnlyList<BankFile> ListFiles(int count) => store.ListFiles(count);

    /// <summary>How many transfers wait for a file, and what they come to.</summary>
    public (int Count, Amount Sum) ReadWaiting() => store.ReadWaiting();

    /// <summary>The bytes of a file; null if there is none of that name.</summary>
    public byte[]? ReadFile(string messageId) => store.FindFile(messageId) is { } file ? Bytes(file) : null;

    /// <summary>Takes what a bank says: what it confirms or brings back of ours is noted. Taking it again notes nothing new.</summary>
    /// <returns>What became of each transfer of it; or why none was looked at.</returns>
    public Answer<TakenMessage> TakeMessage(byte[] bytes)
    {
        var read = BankMessage.Read(bytes);
        if (!read.IsGiven) return read.Refusal;
        var (lines, isNew) = (new List<NotedTransfer>(), false);
        Refusal? refusal = null;
        store.InOne(() =>
        {
            refusal = read.Value is StatusReport report ? Take(report, lines) : Take((BankNotification)read.Value, lines);
            isNew = refusal is null && store.MarkTaken(SHA256.HashData(bytes), read.Value.MessageId, Now());
        });
        return refusal is null ? new TakenMessage(read.Value.MessageId, !isNew, lines) : refusal;
    }

    /// <summary>Notes that the bank will never pay a transfer: it refused the file, or the transfer in it.</summary>
    /// <returns>Why not, or null. To note it again changes nothing.</returns>
    public Refusal? TakeFailure(Id<PayoutKind> payout, string reason)
    {
        Refusal? refusal = null;
        store.InOne(() =>
        {
            var known = store.Find(payout);
            if (known is null) refusal = new(RefusalCodes.PayoutNotFound, $"There is no payout {payout} that this rail was told of.");
            else if (known.Status == PayoutRailStatus.Pending) store.Set(payout, PayoutRailStatus.Failed, reason);
            else if (known.Status != PayoutRailStatus.Failed) refusal = new(RefusalCodes.TransferBooked, "The bank has booked that transfer: it was paid. Wait for its return.");
        });
        return refusal;
    }

    /// <summary>Tells what was learned and not heard yet.</summary>
    /// <param name="wakeAsync">Called for each payout; must be durable when it returns.</param>
    public async ValueTask TellAsync(Func<Id<PayoutKind>, ValueTask> wakeAsync)
    {
        foreach (var (payout, number) in store.ListUnheard())
        {
            await wakeAsync(payout);
            store.MarkHeard(payout, number);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        store.Dispose();
        making.Dispose();
    }

    private Refusal? Take(BankNotification notification, List<NotedTransfer> lines)
    {
        if (notification.Accounts.Any(account => account != debtor.Iban))
            return new Refusal(RefusalCodes.NotificationOfAnotherAccount, "The notification is of an account that payouts are not paid from. Nothing of it was taken.");
        var seen = new HashSet<(string?, bool)>();
        foreach (var transfer in notification.Transfers)
        {
            var noted = Note(transfer);
            // The same money twice in one file is news, and the second time is no mere repetition of the file.
            if (noted.Verdict is NotedAs.Paid or NotedAs.Returned or NotedAs.KnownAlready && !seen.Add((transfer.EndToEndId, transfer.IsCredit)))
                noted = new(transfer.EndToEndId, NotedAs.Twice, "The file has it twice. It counts once.");
            lines.Add(noted);
        }

        return null;
    }

    private Refusal? Take(StatusReport report, List<NotedTransfer> lines)
    {
        if (store.FindFile(report.File.Id) is not { } file) return new(RefusalCodes.BankFileNotFound, "The report is of a file that was not made here. Nothing of it was taken.");
        if (FindMisfit(report, file) is { } misfit) return new(RefusalCodes.StatusReportMisfits, misfit);
        // A block's word counts before the file's, and a transfer's own before both. Each file has one block.
        var all = report.Blocks.LastOrDefault(block => block.Status is not null) is { } block ? block with { Reason = block.Reason ?? report.File.Reason } : report.File;
        var own = new Dictionary<string, ReportedTransfer>(StringComparer.Ordinal);
        foreach (var transfer in report.Transfers)
        {
            if (transfer.EndToEndId is null) lines.Add(new(null, NotedAs.NotUnderstood, "It does not say which transfer it is of."));
            else if (!own.TryAdd(transfer.EndToEndId, transfer) && own[transfer.EndToEndId].Status != transfer.Status) return new(RefusalCodes.StatusReportMisfits, $"It says two things of {transfer.EndToEndId}.");
        }

        if (all.Status is null or Pain002.Partly)
        {
            foreach (var transfer in own.Values) lines.Add(Note(transfer.EndToEndId!, transfer.Status, transfer.Reason, file.MessageId));
            return null;
        }

        var references = store.ListTransfers(file.MessageId).Select(transfer => transfer.Payout).ToList();
        if (all.Status == Pain002.Rejected && references.Where(id => store.Find(id)!.Status is PayoutRailStatus.Paid or PayoutRailStatus.Returned).Select(Payout.EndToEndIdOf).FirstOrDefault() is { } booked)
            return new(RefusalCodes.TransferBooked, $"It rejects the whole file, and the bank has booked {booked} of it. Ask the bank; nothing of the report was taken.");
        foreach (var reference in references.Select(Payout.EndToEndIdOf))
            lines.Add(own.Remove(reference, out var transfer) ? Note(reference, transfer.Status ?? all.Status, transfer.Reason ?? all.Reason, file.MessageId) : Note(reference, all.Status, all.Reason, file.MessageId));
        foreach (var transfer in own.Values) lines.Add(Note(transfer.EndToEndId!, transfer.Status, transfer.Reason, file.MessageId));
        return null;
    }

    private static string? FindMisfit(StatusReport report, BankFile file)
    {
        foreach (var block in report.Blocks)
        {
            // What a bank writes that could not read the block's own.
            if (block.Id != file.MessageId && block.Id != "NOTPROVIDED") return $"{file.MessageId} has no payment information block of that name.";
        }

        if (report.Blocks.Select(block => block.Status).OfType<string>().Distinct().Count() > 1) return "It says two things of one payment information block.";
        foreach (var part in (ReportedPart[])[report.File, .. report.Blocks])
        {
            if (part.Count is { } count && count != file.Count) return $"{file.MessageId} has {file.Count} transfers, and the report is of {count}.";
            if (part.Sum is { } sum && sum != file.Sum) return $"{file.MessageId} comes to {file.Sum.ToPriceString()}, and the report is of {sum.ToPriceString()}.";
        }

        return null;
    }

    private NotedTransfer Note(string reference, string? status, string? reason, string file)
    {
        if (!Payout.TryReadEndToEndId(reference, out var id)) return new(reference, NotedAs.NotOurs);
        if (store.Find(id) is not { } known || known.File is not { } number || number != store.NumberOf(file)) return new(reference, NotedAs.UnknownReference);
        if (status is null) return new(reference, NotedAs.NotUnderstood, "It does not say what became of it.");
        var isRejected = status == Pain002.Rejected;
        if (known.Status == PayoutRailStatus.Failed) return isRejected ? new(reference, NotedAs.KnownAlready) : new(reference, NotedAs.FailedBefore);
        if (known.Status is PayoutRailStatus.Paid or PayoutRailStatus.Returned) return isRejected ? new(reference, NotedAs.BookedBefore, "The bank has booked it. Nothing moved: ask the bank.") : new(reference, NotedAs.KnownAlready);
        if (isRejected)
        {
            store.Set(id, PayoutRailStatus.Failed, reason ?? "the bank rejected it and gave no reason");
            return new(reference, NotedAs.Failed, reason);
        }

        // Whatever the bank says before it books moves nothing.
        var note = BankReason.OfState(status, reason);
        if (known.Note != note) store.Set(id, PayoutRailStatus.Pending, note);
        return new(reference, NotedAs.Noted, note);
    }

    private NotedTransfer Note(BookedTransfer booked)
    {
        // What else goes over the operator's account is none of ours.
        if (!Payout.TryReadEndToEndId(booked.EndToEndId, out var id)) return new(booked.EndToEndId, NotedAs.NotOurs);
        if (!booked.IsBooked) return new(booked.EndToEndId, NotedAs.NotBooked);
        if (store.Find(id) is not { } known) return new(booked.EndToEndId, NotedAs.UnknownReference);
        if (known.File is null) return new(booked.EndToEndId, NotedAs.InNoFile);
        if (!booked.IsCredit && booked.Amount != known.Amount) return AnotherAmount(booked, $"{known.Amount.ToPriceString()} was to be paid");
        if (known.Status == PayoutRailStatus.Failed) return new(booked.EndToEndId, NotedAs.FailedBefore);
        if (!booked.IsCredit && !booked.IsReturn)
        {
            if (known.Status is PayoutRailStatus.Paid or PayoutRailStatus.Returned) return new(booked.EndToEndId, NotedAs.KnownAlready);
            store.Set(id, PayoutRailStatus.Paid, null);
            return new(booked.EndToEndId, NotedAs.Paid);
        }

        // Money that comes in under our reference is ours that comes back; a debit that is reversed is no such thing.
        if (!booked.IsCredit) return new(booked.EndToEndId, NotedAs.NotUnderstood);
        if (known.Status == PayoutRailStatus.Returned)
        {
            var before = known.CameBack ?? known.Amount;
            return booked.Amount == before ? new(booked.EndToEndId, NotedAs.KnownAlready) : AnotherAmount(booked, $"{before.ToPriceString()} came back before");
        }

        // Less than was sent is a return that a bank kept its fee of, if the bank says that it is one.
        if (booked.Amount is not { } back || back.IsZero || back.Units > known.Amount.Units || (back != known.Amount && !booked.IsReturn) || back.Units % 10_000 != UInt128.Zero)
            return AnotherAmount(booked, $"{known.Amount.ToPriceString()} was sent");
        store.SetReturned(id, back, booked.Reason);
        return new(booked.EndToEndId, NotedAs.Returned, back == known.Amount ? null : $"{known.Amount.ToPriceString()} was sent, and {back.ToPriceString()} came back: the rest is booked as a cost of the rail.");
    }

    private static NotedTransfer AnotherAmount(BookedTransfer booked, string known) =>
        new(booked.EndToEndId, NotedAs.AnotherAmount, $"{known}, and this is {booked.Amount?.ToPriceString() ?? "no amount in EUR"}. Nothing moved.");

    private void Write(BankFile file)
    {
        DataDirectory.WriteWhole(Path.Combine(directory, file.MessageId + ".xml"), Bytes(file));
        store.MarkWritten(file.MessageId);
    }

    private byte[] Bytes(BankFile file) => Pain001.Write(file.MessageId, file.CreatedAt, debtor, store.ListTransfers(file.MessageId));

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();

    private static Refusal Wrong(string detail) => new(RefusalCodes.InvalidDestination, $"The destination's {detail}");

    // ISO 9362, as the schema's BICFIDec2014Identifier has it.
    internal static bool IsBic(string text) =>
        text.Length is 8 or 11 && text.All(c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c)) && text.AsSpan(4, 2).IndexOfAnyExceptInRange('A', 'Z') < 0;
}

/// <summary>A file that was made for the bank. Immutable.</summary>
/// <param name="MessageId">Its name, which the bank knows it by.</param>
/// <param name="CreatedAt">When.</param>
/// <param name="Count">How many transfers it has.</param>
/// <param name="Sum">What they come to.</param>
/// <param name="IsWritten">Whether it lies in the directory, or did until the operator took it.</param>
internal sealed record BankFile(string MessageId, DateTimeOffset CreatedAt, int Count, Amount Sum, bool IsWritten);

/// <summary>What was made of one transfer of a notification.</summary>
internal enum NotedAs
{
    /// <summary>It has arrived.</summary>
    Paid,

    /// <summary>It has come back.</summary>
    Returned,

    /// <summary>That was known.</summary>
    KnownAlready,

    /// <summary>It bears no reference of a payout.</summary>
    NotOurs,

    /// <summary>It is announced, not booked.</summary>
    NotBooked,

    /// <summary>It bears a reference like ours that this rail never had.</summary>
    UnknownReference,

    /// <summary>It is of a payout that no file has told the bank of.</summary>
    InNoFile,

    /// <summary>It is not of the amount that was to be paid.</summary>
    AnotherAmount,

    /// <summary>The operator said that the bank would never pay it.</summary>
    FailedBefore,

    /// <summary>The same file has it before.</summary>
    Twice,

    /// <summary>The bank rejected it: it comes back.</summary>
    Failed,

    /// <summary>The bank says how far it has come; nothing moves.</summary>
    Noted,

    /// <summary>The bank rejects what it has booked.</summary>
    BookedBefore,

    /// <summary>It is a debit that is taken back under our reference.</summary>
    NotUnderstood,
}

/// <summary>A transfer of a notification and what was made of it.</summary>
/// <param name="EndToEndId">The reference that it bore, or null.</param>
/// <param name="Verdict">What was made of it.</param>
/// <param name="Detail">Why, in words, where there is more to say.</param>
internal readonly record struct NotedTransfer(string? EndToEndId, NotedAs Verdict, string? Detail = null);

/// <summary>What was made of a file of the bank.</summary>
/// <param name="MessageId">The bank's own number of it.</param>
/// <param name="IsRepeated">Whether the same file was taken before.</param>
/// <param name="Lines">What was made of each transfer.</param>
internal sealed record TakenMessage(string MessageId, bool IsRepeated, IReadOnlyList<NotedTransfer> Lines);
