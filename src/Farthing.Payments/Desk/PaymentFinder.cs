using Farthing.Payments.Offers;
using Farthing.Protocol;

namespace Farthing.Payments.Desk;

/// <summary>Finds payments for their parties, by id or by reference.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class PaymentFinder(Ledger.Ledger ledger, PaymentReader reader, ReferenceIndex references, LabelledSecrets secrets)
{
    private readonly Cursor cursor = new(secrets, "payments");

    public async ValueTask<Answer<Payment>> ReadAsync(Caller caller, Id<PaymentKind> id)
    {
        var found = await reader.FindAsync(caller, id);
        return found.IsGiven ? await reader.DescribeAsync(found.Value) : found.Refusal;
    }

    public async ValueTask<Answer<Page<Payment>>> FindByReferenceAsync(Caller caller, string reference, string? from, int pageSize)
    {
        if (caller.Kind is not (CallerKind.Wallet or CallerKind.Payee)) return new Refusal(RefusalCodes.Forbidden, "Only a wallet or a payee has payments.");
        if (!Words.AreShown(reference, PaymentRequest.MaxReferenceLength)) return new Refusal(RefusalCodes.InvalidField, $"reference must be 1 to {PaymentRequest.MaxReferenceLength} characters.");
        var index = secrets.ReferenceOf(caller.Account, reference);
        if (caller.Kind == CallerKind.Wallet) index >>= 64;
        // The list is that of one caller and one reference: a cursor of another is not taken.
        if (!cursor.TryRead(index, from, out var before)) return Cursor.Invalid;

        pageSize = Cursor.ClampPageSize(pageSize);
        var positions = references.Find(index, (long)(before ?? long.MaxValue), pageSize + 1);
        var lines = new List<Payment>();
        foreach (var position in positions.Take(pageSize))
        {
            var found = await reader.FindAsync(caller, new(ledger.Read(position).Command.Id));
            if (!found.IsGiven) continue;
            var payment = await reader.DescribeAsync(found.Value);
            // A wallet's index has only 64 bits; an erased wallet's reference cannot be compared.
            if (payment.Reference is null || payment.Reference == reference) lines.Add(payment);
        }

        return new Page<Payment>(lines, positions.Count > pageSize ? cursor.Write(index, (UInt128)positions[pageSize - 1]) : null);
    }
}
