using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Farthing.Server.Doors;

/// <summary>The newest values of some meters' instruments, in the text format that scrapers read (Prometheus, version 0.0.4).</summary>
/// <remarks>Thread-safe. An instrument keeps at most 64 sets of tags; measurements of further ones are left out.</remarks>
internal sealed class ScrapedMetrics : IDisposable
{
    public const string MediaType = "text/plain; version=0.0.4; charset=utf-8";

    private const int MaxSeries = 64;

    private readonly MeterListener listener = new();
    private readonly ConcurrentDictionary<Instrument, Family> families = new();

    /// <param name="meters">The names of the meters that are listened to.</param>
    public ScrapedMetrics(params IReadOnlyCollection<string> meters)
    {
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (meters.Contains(instrument.Meter.Name)) listener.EnableMeasurementEvents(instrument, families.GetOrAdd(instrument, added => new Family(added)));
        };
        listener.MeasurementsCompleted = (instrument, _) => families.TryRemove(instrument, out Family? _);
        listener.SetMeasurementEventCallback<int>(static (_, value, tags, family) => ((Family)family!).Record(value, tags));
        listener.SetMeasurementEventCallback<long>(static (_, value, tags, family) => ((Family)family!).Record(value, tags));
        listener.SetMeasurementEventCallback<double>(static (_, value, tags, family) => ((Family)family!).Record(value, tags));
        listener.Start();
    }

    /// <summary>All values as they are now.</summary>
    public string Write()
    {
        listener.RecordObservableInstruments();
        var text = new StringBuilder();
        foreach (var family in families.Values.OrderBy(family => family.Name, StringComparer.Ordinal)) family.Write(text);
        return text.ToString();
    }

    /// <inheritdoc/>
    public void Dispose() => listener.Dispose();

    /// <summary>One instrument: its values, one for each set of tags.</summary>
    private sealed class Family
    {
        private readonly Lock gate = new();

        // Guarded by the gate.
        private readonly Dictionary<string, Series> series = [];

        private readonly string kind;
        private readonly string description;
        private readonly bool adds;
        private readonly double[]? bounds;

        public Family(Instrument instrument)
        {
            var type = instrument.GetType().GetGenericTypeDefinition();
            description = (instrument.Description ?? instrument.Name).Replace("\\", "\\\\", StringComparison.Ordinal).Replace('\n', ' ');
            adds = type == typeof(Counter<>) || type == typeof(UpDownCounter<>);
            kind = type == typeof(Histogram<>) ? "histogram" : type == typeof(Counter<>) || type == typeof(ObservableCounter<>) ? "counter" : "gauge";
            if (kind == "histogram") bounds = BoundsOf(instrument);
            Name = NameOf(instrument, kind);
        }

        public string Name { get; }

        public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var labels = LabelsOf(tags);
            lock (gate)
            {
                if (!series.TryGetValue(labels, out var found))
                {
                    if (series.Count == MaxSeries) return;
                    series.Add(labels, found = new Series(bounds is null ? [] : new long[bounds.Length]));
                }

                found.Count++;
                found.Value = adds || bounds is not null ? found.Value + value : value;
                for (var i = (bounds?.Length ?? 0) - 1; i >= 0 && value <= bounds![i]; i--) found.Buckets[i]++;
            }
        }

        public void Write(StringBuilder text)
        {
            lock (gate)
            {
                if (series.Count == 0) return;
                text.Append(CultureInfo.InvariantCulture, $"# HELP {Name} {description}\n# TYPE {Name} {kind}\n");
                foreach (var (labels, one) in series.OrderBy(one => one.Key, StringComparer.Ordinal))
                {
                    if (bounds is null) text.Append(CultureInfo.InvariantCulture, $"{Name}{Braced(labels)} {one.Value:R}\n");
                    else WriteHistogram(text, labels, one);
                }
            }
        }

        // Each bucket counts all that is not above its bound, so they grow from one to the next.
        private void WriteHistogram(StringBuilder text, string labels, Series one)
        {
            var more = labels.Length == 0 ? "" : labels + ",";
            for (var i = 0; i < bounds!.Length; i++) text.Append(CultureInfo.InvariantCulture, $"{Name}_bucket{{{more}le=\"{bounds[i]:R}\"}} {one.Buckets[i]}\n");
            text.Append(CultureInfo.InvariantCulture, $"{Name}_bucket{{{more}le=\"+Inf\"}} {one.Count}\n{Name}_sum{Braced(labels)} {one.Value:R}\n{Name}_count{Braced(labels)} {one.Count}\n");
        }

        private static string Braced(string labels) => labels.Length == 0 ? "" : $"{{{labels}}}";

        private static string LabelsOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (tags.IsEmpty) return "";
            var labels = new StringBuilder();
            foreach (var (name, value) in tags)
            {
                if (labels.Length > 0) labels.Append(',');
                var escaped = Convert.ToString(value, CultureInfo.InvariantCulture)!
                    .Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
                labels.Append(CultureInfo.InvariantCulture, $"{Safe(name)}=\"{escaped}\"");
            }

            return labels.ToString();
        }

        // farthing.ledger.flush.duration in s becomes farthing_ledger_flush_duration_seconds.
        private static string NameOf(Instrument instrument, string kind)
        {
            var unit = instrument.Unit switch { "s" => "_seconds", "By" => "_bytes", _ => "" };
            var name = Safe(instrument.Name);
            if (!name.EndsWith(unit, StringComparison.Ordinal)) name += unit;
            return kind == "counter" ? name + "_total" : name;
        }

        private static string Safe(string name) => string.Create(name.Length, name, static (text, name) =>
        {
            for (var i = 0; i < name.Length; i++) text[i] = char.IsAsciiLetterOrDigit(name[i]) ? name[i] : '_';
        });

        private static double[] BoundsOf(Instrument instrument) => instrument switch
        {
            Instrument<double> { Advice.HistogramBucketBoundaries: { } given } => [.. given],
            Instrument<long> { Advice.HistogramBucketBoundaries: { } given } => [.. given.Select(bound => (double)bound)],
            Instrument<int> { Advice.HistogramBucketBoundaries: { } given } => [.. given.Select(bound => (double)bound)],
            _ => [],
        };

        private sealed class Series(long[] buckets)
        {
            public long[] Buckets { get; } = buckets;

            public long Count { get; set; }

            public double Value { get; set; }
        }
    }
}
