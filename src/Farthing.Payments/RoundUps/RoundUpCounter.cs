using System.Globalization;
using Farthing.Ledger;
using Farthing.Protocol;

namespace Farthing.Payments.RoundUps;

/// <summary>What a wallet's payments of a time come to when each is rounded up: a function of the journal alone, so that it is the same whenever it is asked.</summary>
/// <remarks>Thread-safe. What was refunded within that time is not rounded up; neither is what went to the payee of the round-up itself.</remarks>
internal sealed class RoundUpCounter(Ledger.Ledger ledger)
{
    /// <summary>Of how many of a wallet's records a month counts at most, the newest: what is read again with each look must have an end.</summary>
    public const int MaxRecords = 10_000;

    private const int RecordsAtOnce = 200;

    /// <summary>Counts what was posted from one moment to another, which must be past.</summary>
    /// <returns>At most what the row allows.</returns>
    public async ValueTask<Amount> CountAsync(RoundUpRow row, long untilUnixMilliseconds)
    {
        var unit = Parse(row.UnitUnits);
        var most = Parse(row.MostUnits);
        var sum = UInt128.Zero;
        // Refunds are met before what they give back, and forgotten with it.
        var refunded = new Dictionary<UInt128, UInt128>();
        long? before = null;
        for (var read = 0; sum < most && read < MaxRecords; read += RecordsAtOnce)
        {
            var records = await ledger.ReadStatementAsync(row.Owner, before, RecordsAtOnce, row.CountedUntil.ToUnixTimeMilliseconds(), untilUnixMilliseconds);
            foreach (var record in records)
            {
                before = record.Position;
                var command = record.Command;
                if (command is { Kind: RecordKind.Refund, Code: TransferCode.Refund })
                {
                    refunded[command.Cited] = refunded.GetValueOrDefault(command.Cited) + command.Units;
                }
                else if (command is { Kind: RecordKind.Transfer or RecordKind.Post, Code: TransferCode.Payment } && command.Credit != row.Payee)
                {
                    var kept = command.Units - (refunded.Remove(command.Id, out var given) ? given : UInt128.Zero);
                    var over = kept % unit;
                    if (over != UInt128.Zero) sum += unit - over;
                }
            }

            if (records.Count < RecordsAtOnce) break;
        }

        return new(Currency.Of(row.Currency), UInt128.Min(sum, most));
    }

    private static UInt128 Parse(string units) => UInt128.Parse(units, CultureInfo.InvariantCulture);
}
