using Farthing.Bench.Ledger;

try
{
    switch (args)
    {
        case ["open", var directory]:
            await OpenedLedger.ReportAsync(directory);
            return 0;
        case ["run", .. var rest] when Options.TryParse(rest) is { } options:
            var isMet = options.Long ? await new Growth(options).RunAsync() : await new Benchmark(options).RunAsync();
            return isMet || !options.Check ? 0 : 1;
        default:
            Console.Error.WriteLine(Options.Usage);
            return 64;
    }
}
catch (BenchFailedException failure)
{
    Console.Error.WriteLine($"bench/ledger: {failure.Message}");
    return 2;
}
