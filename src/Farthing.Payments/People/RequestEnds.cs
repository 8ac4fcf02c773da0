using Farthing.Ledger;

namespace Farthing.Payments.People;

/// <summary>How requests end: exactly one of payment, decline and cancellation stands in the ledger, because all of them need the same id.</summary>
/// <remarks>
/// Thread-safe. A payment that the ledger refuses uses its id up, so ids are numbered, and whoever finds one used up by a refusal takes the next. That a request has
/// expired is said by the clock alone: a payment that reached the server in time may be journaled a moment after it, and then counts.
/// </remarks>
internal sealed class RequestEnds(Ledger.Ledger ledger)
{
    /// <summary>The id of an end: that of the payment, or of the claim that there will be none.</summary>
    public static UInt128 IdOf(RequestRow request, uint attempt)
    {
        var bytes = new CanonicalBytes(stackalloc byte[64]);
        bytes.Add("request-end");
        bytes.Add(request.Id);
        bytes.Add((UInt128)attempt);
        return bytes.ToLegId(request.CreatedAt.ToUnixTimeMilliseconds());
    }

    /// <summary>The end of a request, or null; and the number of the next attempt to end it.</summary>
    public async ValueTask<(JournalRecord? End, uint Next)> FindAsync(RequestRow request)
    {
        var next = await FreeNumber.FindAsync(async attempt => await ledger.FindAsync(IdOf(request, attempt)) is not null);
        return next > 0 && await ledger.FindAsync(IdOf(request, next - 1)) is { Outcome: Outcome.Done } end ? (end, next) : (null, next);
    }

    /// <summary>Ends a request without a payment, unless it has ended.</summary>
    /// <returns>Its end, this one or the one that came first; null if the ledger takes no work.</returns>
    public async ValueTask<JournalRecord?> EndAsync(RequestRow request, RequestStatus status)
    {
        while (true)
        {
            var (end, next) = await FindAsync(request);
            if (end is not null) return end;
            if (await ledger.TrySubmitAsync(Command.Claim(IdOf(request, next), (UInt128)(byte)status, request.Id)) is null) return null;
        }
    }

    /// <summary>What an end made of the request.</summary>
    public static RequestStatus StatusBy(in JournalRecord end) => end.Command.Kind == RecordKind.Claim ? (RequestStatus)(byte)end.Command.Digest : RequestStatus.Accepted;
}
