using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace Farthing.Protocol.Fees;

/// <summary>Reads a file of fee schedules and says what is wrong with it.</summary>
internal static class FeeScheduleFile
{
    /// <summary>More is not read: a schedule takes about half a kilobyte.</summary>
    public const int MaxLength = 1 << 20;

    public const int MaxSteps = 32;
    public const int MaxRailLength = 32;
    public const int MaxTextLength = 1000;

    private static readonly SearchValues<char> RailCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 8, AllowDuplicateProperties = false, CommentHandling = JsonCommentHandling.Skip };

    /// <summary>Reads the whole file.</summary>
    /// <returns>The schedules and an empty text, or none and what is wrong.</returns>
    public static (FeeSchedules Schedules, string Fault) Read(ReadOnlyMemory<byte> json)
    {
        var all = new List<FeeSchedule>();
        try
        {
            if (json.Length > MaxLength) throw new FormatException($"The file has more than {MaxLength} bytes.");
            using var document = JsonDocument.Parse(json, Options);
            var file = new Members(document.RootElement, "The file");
            file.TextOrEmpty("note");
            foreach (var element in file.Array("schedules"))
            {
                var schedule = ReadSchedule(new Members(element, $"Schedule {all.Count + 1}"));
                if (all.Any(other => other.Version == schedule.Version)) throw new FormatException($"Schedule {all.Count + 1}: {schedule.Version} stands twice.");
                all.Add(schedule);
            }

            file.NothingElse();
            return (new FeeSchedules(all), "");
        }
        catch (FormatException wrong)
        {
            return (new FeeSchedules([]), wrong.Message);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a text that is not valid UTF-8 or has half a surrogate pair.
            var line = exception is JsonException { LineNumber: { } number } ? $"Line {number + 1}" : "The file";
            return (new FeeSchedules([]), $"{line} is not well-formed JSON.");
        }
    }

    private static FeeSchedule ReadSchedule(Members members)
    {
        var rail = members.Text("rail");
        if (rail.Length is 0 or > MaxRailLength || rail.AsSpan().ContainsAnyExcept(RailCharacters))
            throw members.Wrong($"'rail' is 1 to {MaxRailLength} small letters, digits and hyphens");
        members.IsNowCalled(rail);
        if (!Asset.TryGetCurrency(members.Text("currency"), out var asset)) throw members.Wrong("'currency' is USD, EUR, GBP or BTC");
        var moves = members.Array("moves").Select(direction => direction.ValueKind == JsonValueKind.String ? direction.GetString() : null).ToList();
        if (moves.Count is 0 or > 2 || moves.Distinct().Count() != moves.Count || moves.Any(direction => direction is not ("in" or "out")))
            throw members.Wrong("'moves' is [\"in\"], [\"out\"] or [\"in\", \"out\"]");
        var minorUnit = members.Amount("minorUnit", asset);
        if (minorUnit.IsZero) throw members.Wrong("'minorUnit' is zero");
        var schedule = new FeeSchedule
        {
            Rail = rail,
            Asset = asset,
            From = members.Day("from"),
            MovesIn = moves.Contains("in"),
            MovesOut = moves.Contains("out"),
            MinorUnit = minorUnit,
            Rounding = members.Text("rounding") switch
            {
                "up" => FeeRounding.Up,
                "nearest" => FeeRounding.Nearest,
                _ => throw members.Wrong("'rounding' is \"up\" or \"nearest\""),
            },
            Minimum = members.WholeAmount("minimum", asset, minorUnit),
            Steps = ReadSteps(members, asset, minorUnit),
            Source = members.Text("source"),
            ReadOn = members.Day("readOn"),
            Note = members.TextOrEmpty("note"),
        };
        members.NothingElse();
        return schedule;
    }

    private static List<FeeStep> ReadSteps(Members schedule, Asset asset, Amount minorUnit)
    {
        var steps = new List<FeeStep>();
        foreach (var element in schedule.Array("steps"))
        {
            var members = new Members(element, $"{schedule.Place}, step {steps.Count + 1}");
            var step = new FeeStep(members.WholeAmount("from", asset, minorUnit), members.BasisPoints("basisPoints"), members.Amount("fixed", asset));
            members.NothingElse();
            if (steps.Count == 0 ? !step.From.IsZero : step.From.Units <= steps[^1].From.Units)
                throw members.Wrong("the first step is from \"0\", and each later one from more than the one before");
            steps.Add(step);
        }

        return steps.Count is > 0 and <= MaxSteps ? steps : throw schedule.Wrong($"'steps' are 1 to {MaxSteps}");
    }

    /// <summary>The members of one object, each asked for by name once.</summary>
    private sealed class Members
    {
        private readonly JsonElement element;
        private readonly HashSet<string> asked = new(StringComparer.Ordinal);

        public Members(JsonElement element, string place)
        {
            Place = place;
            this.element = element.ValueKind == JsonValueKind.Object ? element : throw Wrong("it is not an object");
        }

        public string Place { get; private set; }

        public void IsNowCalled(string name) => Place = $"{Place} ({name})";

        public FormatException Wrong(string why) => new($"{Place}: {why}.");

        public string Text(string name) =>
            Find(name) is { ValueKind: JsonValueKind.String } value && value.GetString() is { Length: > 0 and <= MaxTextLength } text
                ? text
                : throw Wrong($"'{name}' must be a text of 1 to {MaxTextLength} characters");

        public string TextOrEmpty(string name) => Find(name) is null ? "" : Text(name);

        public JsonElement.ArrayEnumerator Array(string name) =>
            Find(name) is { ValueKind: JsonValueKind.Array } value ? value.EnumerateArray() : throw Wrong($"'{name}' must be an array");

        public DateOnly Day(string name) =>
            DateOnly.TryParseExact(Text(name), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
                ? day
                : throw Wrong($"'{name}' must be a day such as \"2026-11-23\"");

        public uint BasisPoints(string name) =>
            Find(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetUInt32(out var basisPoints) && basisPoints < 10_000
                ? basisPoints
                : throw Wrong($"'{name}' must be a whole number from 0 to 9999");

        public Amount Amount(string name, Asset asset)
        {
            var error = Protocol.Amount.TryParse(Text(name), asset, out var amount);
            return error == AmountError.None ? amount : throw Wrong($"'{name}' must be a decimal such as \"0.30\", not \"{Text(name)}\" ({error})");
        }

        public Amount WholeAmount(string name, Asset asset, Amount minorUnit)
        {
            var amount = Amount(name, asset);
            return amount.Units % minorUnit.Units == UInt128.Zero ? amount : throw Wrong($"'{name}' must be a multiple of 'minorUnit'");
        }

        public void NothingElse()
        {
            foreach (var property in element.EnumerateObject())
            {
                if (!asked.Contains(property.Name)) throw Wrong($"'{property.Name}' is not known here");
            }
        }

        private JsonElement? Find(string name)
        {
            asked.Add(name);
            return element.TryGetProperty(name, out var value) ? value : null;
        }
    }
}
