using System.Collections.Concurrent;

namespace Farthing.Simulation;

/// <summary>The real ledger on one thread, with a disk and a clock that do what a seed says. docs/simulation.md says what is in it and what is not.</summary>
public class SimulationTests
{
    private const int LeastOfEach = 5;

    // Twenty times as many in ./test --long; one alone with ./test --seed.
    private static readonly int Seeds = Environment.GetEnvironmentVariable("FARTHING_LONG") == "1" ? 10_000 : 500;
    private static readonly string? OnlySeed = Environment.GetEnvironmentVariable("FARTHING_SEED");

    [Fact]
    public void Seeded_faults_lose_nothing_that_was_answered_and_serve_no_damage()
    {
        if (OnlySeed is not null)
        {
            var alone = new World(int.Parse(OnlySeed));
            alone.Run();
            TestContext.Current.TestOutputHelper?.WriteLine($"Seed {OnlySeed}: {alone.Fingerprint}");
            return;
        }

        var failed = new ConcurrentDictionary<int, string>();
        var counts = new FaultCounts();
        long commands = 0;
        // Not more at a time than there are processors: the pool would add threads, and each holds a world.
        Parallel.For(0, Seeds, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, seed =>
        {
            var world = new World(seed);
            try
            {
                world.Run();
            }
            catch (Exception error)
            {
                failed[seed] = error is WrongWorldException ? error.Message : error.ToString();
            }
            lock (counts) counts.Add(world.Counts);
            Interlocked.Add(ref commands, world.AnsweredCommands);
        });

        if (!failed.IsEmpty)
        {
            var (seed, what) = failed.MinBy(failure => failure.Key);
            Assert.Fail($"{failed.Count} of {Seeds} seeds failed: {string.Join(", ", failed.Keys.Order().Take(20))}. Again: ./test --filter Seeded --seed {seed}\n{what}");
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{commands} commands answered. {counts}");
        Assert.True(commands >= 100L * Seeds, $"Only {commands} commands were answered.");
        Assert.All(Enum.GetValues<Fault>(), fault => Assert.True(counts[fault] >= LeastOfEach, $"{fault} happened only {counts[fault]} times: {counts}"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_crash_at_every_write_flush_and_name_of_a_short_life_loses_nothing(bool isPowerCut)
    {
        var crashes = 0;
        foreach (var seed in new[] { 1, 2, 3 })
        {
            for (var operation = 1L; ; operation++, crashes++)
            {
                if (!new World(seed).RunToCrashAt(operation, isPowerCut)) break;
            }
        }
        Assert.True(crashes >= 100, $"Only {crashes} crashes.");
    }

    [Fact]
    public void A_seed_gives_the_same_world_again()
    {
        for (var seed = 1; seed <= 5; seed++)
        {
            var (one, other) = (new World(seed), new World(seed));
            one.Run();
            other.Run();
            Assert.Equal(one.Fingerprint, other.Fingerprint);
        }
    }
}
