using System.Collections;
using System.Diagnostics;
using System.Reflection;
using System.Text.Json;

namespace Farthing.Ledger.Tests.State;

/// <summary>
/// This test program, started by tests/mutation beside a ledger's assembly that has all mutants in it: switches on one after the other, and looks for a test
/// of the state machine that fails. Ends early when only a new process can go on; whoever started it starts it again.
/// </summary>
/// <remarks>
/// What a mutant leaves behind in this process must not be taken for the doing of the next: a test that failed must pass again at once when the mutant is
/// switched off, or the verdict is that of a process of its own. And what is done only once in a process may have been done before a mutant was switched on:
/// one that survived is <see cref="Doubtful"/> until it has survived in a process of its own too.
/// </remarks>
internal sealed class MutantRun
{
    public const string Argument = "mutants";

    private const string Killed = "killed", Survived = "survived", TimedOut = "timed-out", Crashed = "crashed", Doubtful = "doubtful";
    private const int Finished = 0, GoOn = 3, Unsound = 4;
    private const int NoMutant = -1;

    private static readonly TimeSpan Quick = TimeSpan.FromMilliseconds(50);

    // Of the processor's time, so that a busy machine changes nothing. All tests take two seconds of it.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);

    private readonly string results;
    private readonly string current;
    private readonly FieldInfo active = typeof(Ledger).Assembly.GetTypes().Single(type => type.Name == "MutantControl").GetField("ActiveMutant")!;
    private readonly List<Test> tests = [.. FindTests()];
    private readonly Process process = Process.GetCurrentProcess();

    // Written by the thread that tests, read by the one that watches; guarded by itself.
    private readonly Lock watched = new();
    private (int Id, TimeSpan Began) running = (NoMutant, TimeSpan.Zero);

    private MutantRun(string results) => (this.results, current) = (results, results + ".current");

    /// <param name="report">The tool's report, which lists the mutants of each file.</param>
    /// <param name="results">A line for each verdict: id, verdict, and the test that failed.</param>
    /// <param name="files">The files whose mutants are tested, by name; all if empty.</param>
    /// <returns>0 if nothing is left to do, 3 if a new process is to go on, 4 if a test fails with no mutant.</returns>
    public static int Run(string report, string results, string[] files)
    {
        var all = Mutant.Read(report).Where(mutant => files.Length == 0 || files.Contains(mutant.File)).OrderBy(mutant => mutant.Id).ToArray();
        string[] lines = File.Exists(results) ? File.ReadAllLines(results) : [];
        var verdicts = lines.Select(line => line.Split(' ')).GroupBy(words => int.Parse(words[0], null)).ToDictionary(group => group.Key, group => group.Last()[1]);
        var left = all.Select(mutant => mutant.Id).Where(id => !verdicts.ContainsKey(id)).ToArray();
        if (!File.Exists(results)) return new MutantRun(results).TestNone();
        if (left.Length > 0) return new MutantRun(results).TestAll(left);
        var doubtful = all.FirstOrDefault(mutant => verdicts[mutant.Id] == Doubtful);
        if (doubtful is not null) return new MutantRun(results).TestAll([doubtful.Id]);
        Show(all, verdicts);
        return Finished;
    }

    private static void Show(Mutant[] all, Dictionary<int, string> verdicts)
    {
        foreach (var mutant in all.Where(mutant => verdicts[mutant.Id] == Survived))
            Console.WriteLine($"{mutant.File}, line {mutant.Line}: {mutant.Source}\n    {mutant.Original}  =>  {mutant.Replacement}");
        Console.WriteLine($"| file | {Killed} | {TimedOut} | {Crashed} | {Survived} |\n| --- | --- | --- | --- | --- |");
        foreach (var file in all.GroupBy(mutant => mutant.File).OrderBy(file => file.Key, StringComparer.Ordinal)) Count(file.Key, file);
        Count("all", all);

        void Count(string name, IEnumerable<Mutant> mutants) =>
            Console.WriteLine($"| {name} | {string.Join(" | ", new[] { Killed, TimedOut, Crashed, Survived }.Select(verdict => mutants.Count(mutant => verdicts[mutant.Id] == verdict)))} |");
    }

    // A test that fails by itself, or cannot be run from here, would make every mutant look noticed.
    private int TestNone()
    {
        active.SetValue(null, NoMutant);
        var failed = tests.Find(test => !test.Passes());
        if (failed is null) File.WriteAllText(results, "");
        else Console.Error.WriteLine($"{failed.Name} fails with no mutant switched on.");
        return failed is null ? GoOn : Unsound;
    }

    private int TestAll(int[] ids)
    {
        new Thread(Watch) { IsBackground = true }.Start();
        for (var i = 0; i < ids.Length; i++)
        {
            if (!TestOne(ids[i], isAlone: i == 0)) break;
        }

        return GoOn;
    }

    /// <returns>False if this process should test no more.</returns>
    private bool TestOne(int id, bool isAlone)
    {
        File.WriteAllText(current, $"{id}");
        lock (watched) running = (id, process.TotalProcessorTime);
        active.SetValue(null, id);
        var failed = tests.Find(test => !test.Passes());
        active.SetValue(null, NoMutant);
        lock (watched) running = (NoMutant, TimeSpan.Zero);

        if (failed is null)
        {
            Write(id, isAlone ? Survived : Doubtful, "");
            return true;
        }

        // The next mutant is mostly a neighbour, which the same test notices.
        var began = Stopwatch.GetTimestamp();
        var isSound = failed.Passes();
        if (isSound && Stopwatch.GetElapsedTime(began) < Quick)
        {
            tests.Remove(failed);
            tests.Insert(0, failed);
        }

        if (isSound || isAlone) Write(id, Killed, failed.Name);
        return isSound;
    }

    private void Write(int id, string verdict, string test) => File.AppendAllText(results, $"{id} {verdict} {test}\n");

    // A mutant that does not end is ended with its process.
    private void Watch()
    {
        while (true)
        {
            Thread.Sleep(200);
            lock (watched)
            {
                process.Refresh();
                if (running.Id == NoMutant || process.TotalProcessorTime - running.Began < Longest) continue;
                Write(running.Id, TimedOut, "");
                process.Kill();
            }
        }
    }

    // Those with random commands come by everything and take longest: they are last.
    private static IEnumerable<Test> FindTests() =>
        from type in typeof(MutantRun).Assembly.GetTypes()
        where type.Namespace == typeof(MutantRun).Namespace
        orderby type == typeof(RandomCommandsTests), type == typeof(RecordCodecTests), type != typeof(AccountantTableTests)
        from method in type.GetMethods()
        where method.IsDefined(typeof(FactAttribute))
        from row in Rows(method)
        select new Test(method, row);

    private static IEnumerable<object?[]> Rows(MethodInfo method)
    {
        if (!method.IsDefined(typeof(TheoryAttribute))) return [[]];
        var inline = method.GetCustomAttributes<InlineDataAttribute>().Select(attribute => attribute.Data);
        var members = method.GetCustomAttributes<MemberDataAttribute>()
            .SelectMany(attribute => ((IEnumerable)method.DeclaringType!.GetProperty(attribute.MemberName)!.GetValue(null)!).Cast<ITheoryDataRow>())
            .Select(row => row.GetData());
        return [.. inline, .. members];
    }

    /// <summary>A change of the sources that can be switched on.</summary>
    private sealed record Mutant(int Id, string File, int Line, string Source, string Original, string Replacement)
    {
        public static IEnumerable<Mutant> Read(string report)
        {
            using var json = JsonDocument.Parse(System.IO.File.ReadAllBytes(report));
            foreach (var file in json.RootElement.GetProperty("files").EnumerateObject().Where(file => file.Name.Contains("/State/", StringComparison.Ordinal)))
            {
                var lines = file.Value.GetProperty("source").GetString()!.Split('\n');
                foreach (var mutant in file.Value.GetProperty("mutants").EnumerateArray().Where(mutant => mutant.GetProperty("status").GetString() != "CompileError"))
                {
                    var (start, end) = (mutant.GetProperty("location").GetProperty("start"), mutant.GetProperty("location").GetProperty("end"));
                    var (line, column) = (start.GetProperty("line").GetInt32(), start.GetProperty("column").GetInt32() - 1);
                    var source = lines[line - 1];
                    var original = end.GetProperty("line").GetInt32() == line ? source[column..(end.GetProperty("column").GetInt32() - 1)] : source[column..];
                    yield return new(int.Parse(mutant.GetProperty("id").GetString()!, null), Path.GetFileName(file.Name), line, source.Trim(), original.Trim(),
                        mutant.GetProperty("replacement").GetString()!.Split('\n')[0].Trim());
                }
            }
        }
    }

    private sealed record Test(MethodInfo Method, object?[] Row)
    {
        public string Name => $"{Method.DeclaringType!.Name}.{Method.Name}";

        public bool Passes()
        {
            try
            {
                Method.Invoke(Activator.CreateInstance(Method.DeclaringType!), Row);
                return true;
            }
            catch (TargetInvocationException)
            {
                return false;
            }
        }
    }
}
