using System.Buffers.Binary;
using System.Text.Json;
using Farthing.Ledger;
using Farthing.Payments.Desk;
using Farthing.Payments.Settings;
using Farthing.Payments.Subscriptions;
using Farthing.Payments.Tabs;
using Farthing.Protocol;

namespace Farthing.Payments.Webhooks;

/// <summary>Where an event comes from. Numbers are stored.</summary>
internal enum EventSource : byte
{
    /// <summary>A record of the journal; its place is the position.</summary>
    Journal = 0,

    /// <summary>A row of the settings; its place is the row's number.</summary>
    Rows = 1,
}

/// <summary>An event before it is described: enough to say whether, and after which other one, it is to be sent.</summary>
internal sealed record EventHead(EventSource Source, long Place, Id<EventKind> Id, string Type, string Subject);

/// <summary>Some events, oldest first, and where to go on: a position behind the last record that was looked at, or the last number.</summary>
internal readonly record struct EventPage(IReadOnlyList<EventHead> Events, long Next);

/// <summary>Finds events in the journal and among the rows that tell of something.</summary>
/// <remarks>
/// Thread-safe. What concerns a payee is read along its own account, so that it costs what the payee earns and not what all do; the operator's events are read record by record.
/// </remarks>
internal sealed class EventReader(Ledger.Ledger ledger, ISettingsStore settings, PaymentReader payments, LabelledSecrets secrets)
{
    // So many records of all are looked at before whoever reads may do something else.
    private const int RecordsAtOnce = 8_192;

    /// <summary>The position behind the newest record that may tell an owner something; for the operator the journal's length.</summary>
    public async ValueTask<long> FindEndAsync(UInt128 owner)
    {
        if (owner == UInt128.Zero) return ledger.DurableSize;
        return await ledger.ReadAccountAsync(owner) is { } account ? account.LastPosition + 1 : 0;
    }

    /// <summary>Events of the journal from a position on.</summary>
    /// <param name="owner">The payee whose events are wanted; zero for all.</param>
    /// <param name="from">The first position.</param>
    /// <param name="end">The position behind the last.</param>
    /// <param name="count">At most so many.</param>
    /// <param name="wants">Which types.</param>
    public async ValueTask<EventPage> ReadJournalAsync(UInt128 owner, long from, long end, int count, Func<string, bool> wants)
    {
        var events = new List<EventHead>();
        if (owner != UInt128.Zero)
        {
            // A payment has up to a few records on its payee's account.
            var page = await ledger.ReadOnAsync(owner, from, 4 * count);
            if (page.Records.Count == 0) return new([], end == long.MaxValue ? page.Next : end);
            foreach (var record in page.Records)
            {
                if (record.Position >= end) return new(events, end);
                if (events.Count == count) return new(events, record.Position);
                if (await FindHeadAsync(record) is { } head && PayeeOf(record.Command) == owner && wants(head.Type)) events.Add(head);
            }

            return new(events, Math.Min(page.Next, end));
        }

        // What is enumerated is read from the disk, on a thread that sockets may wait for.
        await Task.Yield();
        var next = from;
        foreach (var record in ledger.ReadFrom(from))
        {
            if (record.Position >= end || events.Count == count || record.Position - from == RecordsAtOnce) break;
            next = record.Position + 1;
            if (await FindHeadAsync(record) is { } head && wants(head.Type)) events.Add(head);
        }

        return new(events, next);
    }

    /// <summary>Events of rows behind a number.</summary>
    public async ValueTask<EventPage> ReadRowsAsync(UInt128 owner, long after, long end, int count, Func<string, bool> wants)
    {
        var events = new List<EventHead>();
        var numbers = await settings.ListEventsAsync(owner == UInt128.Zero ? null : owner, after, count);
        foreach (var number in numbers)
        {
            if (number.Number >= end) return new(events, end - 1);
            after = number.Number;
            if (await FindHeadAsync(number) is { } head && wants(head.Type)) events.Add(head);
        }

        return new(events, numbers.Count < count && end != long.MaxValue ? end - 1 : after);
    }

    /// <summary>Tells of an event in full.</summary>
    public ValueTask<WebhookEvent> DescribeAsync(EventHead head) => head.Source == EventSource.Journal ? DescribeRecordAsync(head) : DescribeRowAsync(head);

    private static UInt128 PayeeOf(in Command command) => command.Kind == RecordKind.Refund ? command.Debit : command.Credit;

    // What moves no money of the payee's is left out: reads on tabs have units of the tab.
    private async ValueTask<EventHead?> FindHeadAsync(JournalRecord record)
    {
        var command = record.Command;
        if (record.Outcome != Outcome.Done || TabAccounts.IsTab(command.Asset)) return null;
        var (type, payment) = (command.Kind, command.Code) switch
        {
            (RecordKind.Transfer, TransferCode.Payment) => (EventTypes.PaymentPosted, command.Id),
            (RecordKind.Hold, TransferCode.Payment) => (EventTypes.PaymentHeld, command.Id),
            (RecordKind.Post, TransferCode.Payment) => (EventTypes.PaymentPosted, command.Cited),
            (RecordKind.Void, TransferCode.Payment) => (EventTypes.PaymentVoided, command.Cited),
            (RecordKind.Expire, TransferCode.Payment) => (EventTypes.PaymentExpired, command.Cited),
            (RecordKind.Refund, TransferCode.Refund) => (EventTypes.PaymentRefunded, (await GetPriceAsync(command.Cited)).Command.Id),
            _ => (null, default),
        };
        return type is null ? null : new(EventSource.Journal, record.Position, IdOf(record), type, new Id<PaymentKind>(payment).ToString());
    }

    private async ValueTask<EventHead?> FindHeadAsync(EventNumber number)
    {
        if (number.Kind == EventRowKind.Told)
        {
            var told = await settings.GetAsync<EventRow>(number.Row);
            return new(EventSource.Rows, number.Number, new(told.Id), told.Type, told.Subject);
        }

        var row = await settings.GetAsync<SubscriptionEventRow>(number.Row);
        // Its wallet is told by a row of its own.
        if ((await settings.GetAsync<SubscriptionRow>(row.Subscription)).Payee != row.Owner) return null;
        return new(EventSource.Rows, number.Number, new(row.Id), EventTypes.SubscriptionPrefix + JsonNamingPolicy.SnakeCaseLower.ConvertName(row.Kind.ToString()), new Id<SubscriptionKind>(row.Subscription).ToString());
    }

    private async ValueTask<WebhookEvent> DescribeRecordAsync(EventHead head)
    {
        var record = ledger.Read(head.Place);
        var command = record.Command;
        var (payment, refund) = command.Kind switch
        {
            RecordKind.Transfer or RecordKind.Hold => (PaymentRecords.AsMade(record), null),
            RecordKind.Refund => await DescribeRefundAsync(record),
            _ => (PaymentRecords.AsEnded(await GetPriceAsync(command.Cited), record), null),
        };
        return new WebhookEvent
        {
            Id = head.Id,
            Type = head.Type,
            At = DateTimeOffset.FromUnixTimeMilliseconds(record.UnixMilliseconds),
            Subject = head.Subject,
            Sequence = head.Place,
            Payee = new(PayeeOf(command)),
            Payment = await payments.DescribeAsync(payment),
            Refund = refund,
        };
    }

    private async ValueTask<(PaymentRecords Payment, Refund? Refund)> DescribeRefundAsync(JournalRecord record)
    {
        // As it was then: what was refunded later is told by an event of its own.
        var payment = await PaymentRecords.ReadAsync(ledger, await GetPriceAsync(record.Command.Cited), record.Position + 1);
        var fee = await ledger.FindAsync(LegIds.FeeOf(record.Command.Id)) is { } leg && leg.Command.Digest == record.Command.Digest ? leg.Command.Units : UInt128.Zero;
        return (payment, new Refund(new(record.Command.Id), new(payment.Id), new Amount(payment.Asset, record.Command.Units), new Amount(payment.Asset, fee), DateTimeOffset.FromUnixTimeMilliseconds(record.UnixMilliseconds)));
    }

    private async ValueTask<WebhookEvent> DescribeRowAsync(EventHead head)
    {
        var number = (await settings.ListEventsAsync(null, head.Place - 1, 1)).Single(found => found.Number == head.Place);
        var told = new WebhookEvent { Id = head.Id, Type = head.Type, At = default, Subject = head.Subject, Sequence = head.Place, Payee = new(number.Owner) };
        if (number.Kind == EventRowKind.Told)
        {
            var row = await settings.GetAsync<EventRow>(number.Row);
            return told with { At = DateTimeOffset.FromUnixTimeMilliseconds(row.At), Data = row.Data };
        }

        var happened = await settings.GetAsync<SubscriptionEventRow>(number.Row);
        var subscription = await settings.GetAsync<SubscriptionRow>(happened.Subscription);
        return told with
        {
            At = DateTimeOffset.FromUnixTimeMilliseconds(happened.At),
            Subscription = new(SubscriptionDesk.ToEvent(happened), secrets.PayerOf(subscription.Owner, subscription.Payee)),
        };
    }

    /// <summary>The price of the payment that a post, void, expiry or refund belongs to.</summary>
    private async ValueTask<JournalRecord> GetPriceAsync(UInt128 cited)
    {
        var record = await ledger.FindAsync(cited) ?? throw new InvalidOperationException($"What is cited as {cited:x32} has no record.");
        return record.Command.Kind == RecordKind.Post ? await GetPriceAsync(record.Command.Cited) : record;
    }

    // The time and position of a record are its own for ever, so the id is the same whenever it is made, and nobody else's.
    private static Id<EventKind> IdOf(in JournalRecord record)
    {
        Span<byte> suffix = stackalloc byte[10];
        suffix.Clear();
        BinaryPrimitives.WriteInt64BigEndian(suffix[2..], record.Position);
        return new(IdBytes.Compose(record.UnixMilliseconds, suffix));
    }
}
