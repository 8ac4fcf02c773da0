using Farthing.Payments.Desk;
using Farthing.Payments.Settings;
using Farthing.Protocol;

namespace Farthing.Payments.Meters;

/// <summary>A meter as it is. Immutable; safe to share between threads.</summary>
/// <param name="Id">Its id; that of its payment is the same number.</param>
/// <param name="Payment">The payment: held while the meter runs, then posted with the final cost, or voided if that is nothing.</param>
/// <param name="Offer">The metered offer.</param>
/// <param name="Cost">What it costs by now; once it is stopped, what it cost.</param>
/// <param name="Ceiling">What was held: at most so much is paid.</param>
/// <param name="Units">What was reported; null if it counts time.</param>
/// <param name="ReportedAt">When the payee last reported anything, or it was started.</param>
/// <param name="StopsAt">When it stops by itself if nothing more is reported; null once it is stopped.</param>
/// <param name="StoppedAt">When it was stopped, or null.</param>
public sealed record Meter(
    Id<MeterKind> Id, Payment Payment, Id<OfferKind> Offer, Amount Cost, Amount Ceiling, long? Units, DateTimeOffset ReportedAt, DateTimeOffset? StopsAt, DateTimeOffset? StoppedAt)
{
    /// <summary>What its site accepts; only in the answer to a start by terms, and only while it runs.</summary>
    public string? Entitlement { get; init; }
}

/// <summary>What a payee has reported of a meter, whose payment has the same id.</summary>
/// <param name="Id">The meter.</param>
/// <param name="Offer">The metered offer.</param>
/// <param name="Mandate">The mandate whose key started it, or null.</param>
/// <param name="Units">How many units.</param>
/// <param name="ReportedAt">When; before the first report, when it was to be started.</param>
/// <param name="State">Always active.</param>
/// <param name="Version">As of every row.</param>
public sealed record MeterRow(UInt128 Id, UInt128 Offer, UInt128? Mandate, long Units, DateTimeOffset ReportedAt, RowState State, int Version = 1)
    : ISettingsRow;

/// <summary>What one of several counters has reported of a meter. All of them together are the meter's units.</summary>
/// <param name="Id">Derived from the meter and the counter's name.</param>
/// <param name="Owner">The meter.</param>
/// <param name="Units">How many units this counter counted.</param>
/// <param name="State">Always active.</param>
/// <param name="Version">As of every row.</param>
public sealed record MeterCountRow(UInt128 Id, UInt128 Owner, long Units, RowState State, int Version = 1) : IOwnedRow
{
    internal static UInt128 IdOf(UInt128 meter, string counter)
    {
        var bytes = new CanonicalBytes(stackalloc byte[128]);
        bytes.Add("meter-count");
        bytes.Add(meter);
        bytes.Add(counter);
        return bytes.ToTimelessId();
    }
}
