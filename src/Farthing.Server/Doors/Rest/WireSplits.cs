using Farthing.Payments;
using Farthing.Payments.Offers;
using Farthing.Protocol;

namespace Farthing.Server.Doors.Rest;

/// <summary>Splits as they come in and go out.</summary>
internal static class WireSplits
{
    /// <summary>Reads splits, without asking whether they make sense; none if the member is left out.</summary>
    /// <returns>Why they are none, or null.</returns>
    public static Refusal? Read(IReadOnlyList<SplitJson>? sent, out IReadOnlyList<Split> splits)
    {
        var read = new List<Split>();
        splits = read;
        if (sent is { Count: 0 }) return new(RefusalCodes.InvalidSplits, "splits is empty. Leave it out, and the payee has all that is paid.");
        foreach (SplitJson? split in sent ?? [])
        {
            if (split is null) return new(RefusalCodes.InvalidField, $"splits[{read.Count}] must not be null.");
            if (WireIds.Read<PayeeKind>(split.Payee, out var payee) is { } refusal) return refusal;
            read.Add(new Split(payee, split.BasisPoints));
        }

        return null;
    }

    /// <summary>Writes splits; null for none.</summary>
    public static IReadOnlyList<SplitJson>? Write(IReadOnlyList<Split> splits) => splits.Count == 0 ? null : [.. splits.Select(SplitJson.From)];
}
