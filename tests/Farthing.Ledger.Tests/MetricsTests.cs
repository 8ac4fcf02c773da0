using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Farthing.Ledger.Tests;

public class MetricsTests
{
    [Fact]
    public async Task A_ledger_measures_its_batches_flushes_queue_and_lags()
    {
        using var directory = new TemporaryDirectory();
        var measured = new ConcurrentBag<(string Name, long Value)>();
        using var listener = new MeterListener();
        var ledger = TestLedger.Open(directory);
        await TestLedger.FundAsync(ledger);

        // Other tests' ledgers measure themselves too: only instruments of this one.
        Meter? own = null;
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name == Ledger.MeterName) listener.EnableMeasurementEvents(instrument, instrument.Meter);
        };
        listener.SetMeasurementEventCallback<int>((instrument, value, _, meter) => Note(instrument, meter, value));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, meter) => Note(instrument, meter, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, _, meter) => Note(instrument, meter, value > 0 ? 1 : 0));
        listener.Start();

        // The only ledger that carries out a batch of just this size.
        const int Commands = 1_237;
        await ledger.SubmitAsync([.. Enumerable.Range(0, Commands).Select(i => TestLedger.Transfer(100 + (UInt128)i, 1))]);
        await TestLedger.UntilAsync(() => ValueTask.FromResult(own is not null));
        await ledger.GetCheckpointAsync(4 + Commands);
        listener.RecordObservableInstruments();

        Assert.Contains(("farthing.ledger.batch.commands", Commands), measured);
        Assert.Contains(("farthing.ledger.records", 4 + Commands), measured);
        Assert.Contains(("farthing.ledger.queue.commands", 0), measured);
        Assert.Contains(("farthing.ledger.ready", 1), measured);
        Assert.Contains(("farthing.ledger.unsealed.segments", 0), measured);
        Assert.Contains(("farthing.ledger.lag tree", 0), measured);
        Assert.Contains(("farthing.ledger.lag snapshot", 4 + Commands), measured);
        await ledger.SubmitAsync([TestLedger.Transfer(99, 1)]);
        await TestLedger.UntilAsync(() => ValueTask.FromResult(measured.Contains(("farthing.ledger.flush.duration", 1))));

        await ledger.DisposeAsync();
        measured.Clear();
        listener.RecordObservableInstruments();
        Assert.Empty(measured);

        void Note(Instrument instrument, object? meter, long value, ReadOnlySpan<KeyValuePair<string, object?>> tags = default)
        {
            if (instrument.Name == "farthing.ledger.batch.commands" && value == Commands) own = (Meter)meter!;
            if (ReferenceEquals(meter, own)) measured.Add((tags.IsEmpty ? instrument.Name : $"{instrument.Name} {tags[0].Value}", value));
        }
    }
}
