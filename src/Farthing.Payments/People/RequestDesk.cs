using System.Globalization;
using Farthing.Ledger;
using Farthing.Payments.Desk;
using Farthing.Payments.Mandates;
using Farthing.Payments.Offers;
using Farthing.Payments.Payees;
using Farthing.Payments.Settings;
using Farthing.Payments.Wallets;
using Farthing.Protocol;

namespace Farthing.Payments.People;

/// <summary>Requests: money that one wallet asks of others, alone or as the parts of a bill, and what the others answer.</summary>
/// <remarks>
/// Thread-safe. All requests of a bill are made in one act of the settings. Each ends once, by the ledger: accepting twice pays once, and of an acceptance that
/// races with a decline or a cancellation exactly one wins. Accepting is one chain of the ledger, so that a crash leaves it done or not begun.
/// </remarks>
public sealed class RequestDesk
{
    /// <summary>How many requests of one wallet to another are open at most.</summary>
    public const int MaxOpen = 100;

    private const int LegMask = 0xFF;

    private readonly ISettingsStore settings;
    private readonly Ledger.Ledger ledger;
    private readonly WalletDirectory wallets;
    private readonly Handles handles;
    private readonly TimeProvider time;
    private readonly CapRefusals caps;
    private readonly RequestEnds ends;
    private readonly Cursor sent;
    private readonly Cursor received;

    internal RequestDesk(ISettingsStore settings, Ledger.Ledger ledger, WalletDirectory wallets, Handles handles, CapRefusals caps, LabelledSecrets secrets, TimeProvider time)
    {
        this.settings = settings;
        this.ledger = ledger;
        this.wallets = wallets;
        this.handles = handles;
        this.caps = caps;
        this.time = time;
        ends = new RequestEnds(ledger);
        sent = new Cursor(secrets, "requests-sent");
        received = new Cursor(secrets, "requests-received");
    }

    /// <summary>Asks others for their parts of a bill: all of them, or nobody.</summary>
    public async ValueTask<Answer<IReadOnlyList<PersonalRequest>>> AskAsync(Id<WalletKind> wallet, IdempotencyKey key, NewBill bill)
    {
        ArgumentNullException.ThrowIfNull(bill);
        var (scope, hash, digest) = ($"request:{wallet}", key.ToHash(), Digest(wallet, bill));
        using var turn = await wallets.EnterAsync(wallet.Value);
        if (await settings.FindClaimAsync(scope, hash) is { } earlier) return await RepeatAsync(wallet, earlier, digest);
        if (await wallets.LoadAsync(wallet.Value) is not { } asker) return WalletDirectory.NotFound(wallet);
        if (asker.IsErased) return WalletDirectory.Erased;
        if (Check(bill, asker) is { } refusal) return refusal;
        if (BillDivider.Divide(bill, out var parts) is { } undivided) return undivided;

        var asked = new List<WalletEntry>(parts.Length);
        foreach (var share in bill.Shares)
        {
            if (await wallets.LoadAsync(handles.Open(share.Handle)) is not { IsErased: false } entry) return new Refusal(RefusalCodes.HandleNotFound, $"Nobody here has the handle {share.Handle}.");
            if (entry.Account == asker.Account) return new Refusal(RefusalCodes.InvalidField, $"The handle {share.Handle} is your own.");
            if (entry.Asset != asker.Asset) return new Refusal(RefusalCodes.CurrencyMismatch, $"The wallet of {share.Handle} is in another currency than {asker.Asset}.");
            if (asked.Contains(entry)) return new Refusal(RefusalCodes.InvalidField, $"The handle {share.Handle} is there twice.");
            if (await HasMaxOpenAsync(asker, entry)) return new Refusal(RefusalCodes.TooManyOpenRequests, $"{MaxOpen} requests to {share.Handle} are open. Cancel one, or wait for an answer, then repeat.");
            asked.Add(entry);
        }

        var rows = RowsOf(bill, asker, asked, parts);
        var claim = await settings.ClaimAsync(new ClaimRow(scope, hash, digest, rows[0].Id & ~(UInt128)LegMask, 0),
            [.. rows, .. rows.Select(row => new SentRequestRow(row.Id, wallet.Value, RowState.Active))]) ?? throw new InvalidOperationException("The id of a new request is taken.");
        return await RepeatAsync(wallet, claim, digest);
    }

    /// <summary>A request as the wallet that asked, or was asked, may see it.</summary>
    public async ValueTask<Answer<PersonalRequest>> ReadAsync(Id<WalletKind> wallet, Id<RequestKind> id)
    {
        var found = await FindAsync(wallet, id);
        return found.IsGiven ? await DescribeAsync(wallet, found.Value) : found.Refusal;
    }

    /// <summary>The requests of a bill, for the wallet that made it.</summary>
    public async ValueTask<Answer<IReadOnlyList<PersonalRequest>>> ReadBillAsync(Id<WalletKind> wallet, Id<BillKind> id)
    {
        if (await wallets.LoadAsync(wallet.Value) is not { IsErased: false }) return WalletDirectory.Erased;
        var rows = await FindBillAsync(id.Value);
        if (rows.Count == 0 || rows[0].Asker != wallet.Value) return new Refusal(RefusalCodes.BillNotFound, $"There is no bill {id} of this wallet.");
        var requests = new List<PersonalRequest>(rows.Count);
        foreach (var row in rows) requests.Add(await DescribeAsync(wallet, row));
        return requests;
    }

    /// <summary>A page of the requests that a wallet made, or got, newest first.</summary>
    public async ValueTask<Answer<Page<PersonalRequest>>> ListAsync(Id<WalletKind> wallet, bool isSent, string? cursor, int pageSize)
    {
        if (await wallets.LoadAsync(wallet.Value) is not { IsErased: false }) return WalletDirectory.Erased;
        var list = isSent ? sent : received;
        if (!list.TryRead(wallet.Value, cursor, out var before)) return Cursor.Invalid;
        pageSize = Cursor.ClampPageSize(pageSize);
        var rows = new List<RequestRow>();
        if (isSent)
        {
            foreach (var row in await settings.ListAsync<SentRequestRow>(wallet.Value, before, pageSize + 1)) rows.Add(await settings.GetAsync<RequestRow>(row.Id));
        }
        else
        {
            rows.AddRange(await settings.ListAsync<RequestRow>(wallet.Value, before, pageSize + 1));
        }

        var lines = new List<PersonalRequest>(pageSize);
        foreach (var row in rows.Take(pageSize)) lines.Add(await DescribeAsync(wallet, row));
        return new Page<PersonalRequest>(lines, rows.Count > pageSize ? list.Write(wallet.Value, lines[^1].Id.Value) : null);
    }

    /// <summary>Pays a request, for the wallet that was asked. One that it has paid already is answered as it is.</summary>
    public async ValueTask<Answer<PersonalRequest>> AcceptAsync(Id<WalletKind> wallet, Id<RequestKind> id, IdempotencyKey key)
    {
        var found = await FindAsync(wallet, id);
        if (!found.IsGiven) return found.Refusal;
        var row = found.Value;
        if (row.Owner != wallet.Value) return new Refusal(RefusalCodes.Forbidden, "Only the wallet that was asked can accept a request.");

        var keyId = key.DeriveId("accept-request", new Caller(CallerKind.Wallet, wallet.Value));
        while (true)
        {
            if (await ledger.FindAsync(keyId) is { } known) return await RepeatAsync(wallet, row, known);
            var (end, next) = await ends.FindAsync(row);
            if (end is { } paid && RequestEnds.StatusBy(paid) == RequestStatus.Accepted)
            {
                // The key stands for that payment from now on, and for nothing else.
                if (await ledger.TrySubmitAsync(Command.Claim(keyId, row.Id, paid.Command.Id)) is not { } claimed) return LedgerCalls.NotReady;
                if (claimed[0].Outcome is not (Outcome.Done or Outcome.IdAlreadyUsed)) return Refusals.OfPayment(claimed[0].Outcome);
                continue;
            }

            if (StatusOf(row, end) is var status && status != RequestStatus.Open) return Ended(status);
            var payer = await wallets.LoadAsync(wallet.Value);
            if (payer is not null && wallets.CheckPayer(payer) is { } unable) return unable;
            if (await BuildAsync(row, keyId, next) is not { } chain) return new Refusal(RefusalCodes.HandleNotFound, "The wallet that asked was erased: it can no longer be paid.");

            if (await ledger.TrySubmitCappedAsync(time, payer?.Caps, AmountOf(row).Units, chain, price: 1) is not { } results) return LedgerCalls.NotReady;
            // Another end may have taken the number, or the same key may have come first: look again.
            var isLost = results.Any(result => result.Outcome == Outcome.IdAlreadyUsed);
            if (!isLost && await ledger.FindAsync(keyId) is null) return Refusals.OfPayment(Refusals.OfChain(results));
        }
    }

    /// <summary>Refuses a request, for the wallet that was asked.</summary>
    public async ValueTask<Answer<PersonalRequest>> DeclineAsync(Id<WalletKind> wallet, Id<RequestKind> id)
    {
        var found = await FindAsync(wallet, id);
        if (!found.IsGiven) return found.Refusal;
        return found.Value.Owner == wallet.Value ? await EndAsync(wallet, found.Value, RequestStatus.Declined) : new Refusal(RefusalCodes.Forbidden, "Only the wallet that was asked can decline a request. Cancel your own.");
    }

    /// <summary>Takes a request back, for the wallet that asked.</summary>
    public async ValueTask<Answer<PersonalRequest>> CancelAsync(Id<WalletKind> wallet, Id<RequestKind> id)
    {
        var found = await FindAsync(wallet, id);
        if (!found.IsGiven) return found.Refusal;
        return found.Value.Asker == wallet.Value ? await EndAsync(wallet, found.Value, RequestStatus.Cancelled) : new Refusal(RefusalCodes.Forbidden, "Only the wallet that asked can cancel a request. Decline it.");
    }

    private static Refusal? Check(NewBill bill, WalletEntry asker)
    {
        if (bill.Shares.Count is 0 or > NewBill.MaxShares) return new(RefusalCodes.InvalidField, $"A bill asks 1 to {NewBill.MaxShares} wallets.");
        if (bill.Note is not null && !Words.AreShown(bill.Note, PersonalPayment.MaxNoteLength)) return new(RefusalCodes.InvalidField, $"A note is 1 to {PersonalPayment.MaxNoteLength} characters.");
        if (bill.LifetimeSeconds is < 60 or > NewBill.MaxLifetimeSeconds) return new(RefusalCodes.InvalidField, $"A request waits 60 to {NewBill.MaxLifetimeSeconds} seconds.");
        return Amounts.Check(bill.Amount, asker.Asset) ?? (bill.OwnShare is { } own ? Amounts.Check(own, asker.Asset) : null);
    }

    private async ValueTask<bool> HasMaxOpenAsync(WalletEntry asker, WalletEntry asked)
    {
        var open = 0;
        await foreach (var row in settings.ReadAllAsync<RequestRow>(asked.Account))
        {
            // Older ones have all expired.
            if (row.CreatedAt.AddSeconds(NewBill.MaxLifetimeSeconds) < time.GetUtcNow()) break;
            if (row.Asker != asker.Account || StatusOf(row, null) == RequestStatus.Expired || (await ends.FindAsync(row)).End is not null) continue;
            if (++open == MaxOpen) return true;
        }

        return false;
    }

    private RequestRow[] RowsOf(NewBill bill, WalletEntry asker, List<WalletEntry> asked, Amount[] parts)
    {
        var now = DateTimeOffset.FromUnixTimeMilliseconds(ledger.NowUnixMilliseconds(time));
        var head = Id<BillKind>.New(time).Value & ~(UInt128)LegMask;
        var memo = new PersonalMemo(UInt128.Zero, bill.Note);
        return [.. asked.Select((entry, i) => (Entry: entry, Id: head | (uint)(i + 1), Part: parts[i])).Select(share => new RequestRow(
            share.Id, share.Entry.Account, asker.Account, asker.Asset.Code, share.Part.Units.ToString(CultureInfo.InvariantCulture),
            memo.Seal(share.Entry.Memos!, asker.Memos!, share.Id), now.AddSeconds(bill.LifetimeSeconds), now, RowState.Active))];
    }

    /// <summary>The claim of the key, and the payment, whose id no other end of the request can have.</summary>
    private async ValueTask<Command[]?> BuildAsync(RequestRow row, UInt128 keyId, uint attempt)
    {
        var payer = await wallets.LoadAsync(row.Owner);
        var asker = await wallets.LoadAsync(row.Asker);
        if (payer?.Memos is null || asker?.Memos is null) return null;
        var id = RequestEnds.IdOf(row, attempt);
        var memo = new PersonalMemo(row.Id, NoteOf(row, payer)).Seal(payer.Memos, asker.Memos, id);
        return [Command.Claim(keyId, row.Id, id), Command.Transfer(id, id, row.Owner, row.Asker, AmountOf(row), TransferCode.PersonalPayment, memo: memo)];
    }

    private async ValueTask<Answer<PersonalRequest>> EndAsync(Id<WalletKind> wallet, RequestRow row, RequestStatus wanted)
    {
        var (end, _) = await ends.FindAsync(row);
        if (end is null && StatusOf(row, null) == RequestStatus.Expired) return Ended(RequestStatus.Expired);
        if (end is null && (end = await ends.EndAsync(row, wanted)) is null) return LedgerCalls.NotReady;
        return RequestEnds.StatusBy(end.Value) == wanted ? await DescribeAsync(wallet, row, end) : Ended(RequestEnds.StatusBy(end.Value));
    }

    /// <summary>Gives the first answer to an acceptance again, from the journal alone.</summary>
    private async ValueTask<Answer<PersonalRequest>> RepeatAsync(Id<WalletKind> wallet, RequestRow row, JournalRecord claim)
    {
        if (claim.Command.Digest != row.Id) return PayeeDirectory.Conflict;
        var paid = await ledger.FindAsync(claim.Command.Cited) ?? throw new InvalidOperationException($"The key {claim.Command.Id:x32} stands for a payment without a record.");
        return paid.Outcome == Outcome.Done ? await DescribeAsync(wallet, row, paid) : await caps.ExplainAsync(paid);
    }

    /// <summary>Gives the first answer to the making of a bill again.</summary>
    private async ValueTask<Answer<IReadOnlyList<PersonalRequest>>> RepeatAsync(Id<WalletKind> wallet, ClaimRow claim, UInt128 digest)
    {
        if (claim.Digest != digest) return PayeeDirectory.Conflict;
        var asker = await wallets.LoadAsync(wallet.Value);
        return (await FindBillAsync(claim.Row)).Select(row => Describe(wallet, row, asker, RequestStatus.Open, null)).ToList();
    }

    private async ValueTask<Answer<RequestRow>> FindAsync(Id<WalletKind> wallet, Id<RequestKind> id)
    {
        if (await wallets.LoadAsync(wallet.Value) is not { IsErased: false }) return WalletDirectory.Erased;
        return await settings.FindAsync<RequestRow>(id.Value) is { } row && (row.Owner == wallet.Value || row.Asker == wallet.Value)
            ? row
            : new Refusal(RefusalCodes.RequestNotFound, $"There is no request {id} of or to this wallet.");
    }

    private async ValueTask<List<RequestRow>> FindBillAsync(UInt128 id)
    {
        var rows = new List<RequestRow>();
        if ((id & LegMask) != UInt128.Zero) return rows;
        while (await settings.FindAsync<RequestRow>(id | (uint)(rows.Count + 1)) is { } row) rows.Add(row);
        return rows;
    }

    private async ValueTask<PersonalRequest> DescribeAsync(Id<WalletKind> viewer, RequestRow row) => await DescribeAsync(viewer, row, (await ends.FindAsync(row)).End);

    private async ValueTask<PersonalRequest> DescribeAsync(Id<WalletKind> viewer, RequestRow row, JournalRecord? end)
    {
        var status = StatusOf(row, end);
        return Describe(viewer, row, await wallets.LoadAsync(viewer.Value), status, status == RequestStatus.Accepted ? new(end!.Value.Command.Id) : null);
    }

    private PersonalRequest Describe(Id<WalletKind> viewer, RequestRow row, WalletEntry? entry, RequestStatus status, Id<PersonalPaymentKind>? payment)
    {
        var isSent = row.Asker == viewer.Value;
        return new(new(row.Id), new(row.Id & ~(UInt128)LegMask), status, isSent, handles.Of(isSent ? row.Owner : row.Asker), AmountOf(row),
            entry is null ? null : NoteOf(row, entry), payment, row.CreatedAt, row.ExpiresAt);
    }

    private RequestStatus StatusOf(RequestRow row, JournalRecord? end)
    {
        if (end is { } record) return RequestEnds.StatusBy(record);
        return ledger.NowUnixMilliseconds(time) >= row.ExpiresAt.ToUnixTimeMilliseconds() ? RequestStatus.Expired : RequestStatus.Open;
    }

    private static string? NoteOf(RequestRow row, WalletEntry viewer) => PersonalMemo.TryOpen(viewer.Memos, isPayer: viewer.Account == row.Owner, row.Id, row.Note)?.Note;

    private static Amount AmountOf(RequestRow row) => new(Currency.Of(row.Currency), UInt128.Parse(row.Units, CultureInfo.InvariantCulture));

    private static Refusal Ended(RequestStatus status)
    {
        var word = status.ToString().ToLowerInvariant();
        return new(RefusalCodes.RequestEnded, $"The request is {word}.", new Dictionary<string, object> { ["requestStatus"] = word });
    }

    private static UInt128 Digest(Id<WalletKind> wallet, NewBill bill)
    {
        var bytes = new CanonicalBytes(stackalloc byte[1024]);
        bytes.Add("bill");
        bytes.Add(wallet.Value);
        bytes.Add(bill.Amount);
        foreach (var share in bill.Shares)
        {
            bytes.Add(share.Handle.Value);
            bytes.Add(share.Amount);
        }

        bytes.Add(bill.OwnShare);
        bytes.Add(bill.IncludeMe ? UInt128.One : UInt128.Zero);
        bytes.Add(bill.Note);
        bytes.Add((UInt128)unchecked((uint)bill.LifetimeSeconds));
        return bytes.ToDigest();
    }
}
