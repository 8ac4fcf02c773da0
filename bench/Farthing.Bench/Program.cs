using Farthing.Bench;

try
{
    switch (args)
    {
        case ["echo", "--port", var port]:
            await EchoServer.RunAsync(int.Parse(port));
            return 0;
        case ["run", .. var rest] when BenchOptions.TryParse(rest) is { } options:
            return await Benchmark.RunAsync(options);
        case ["client", .. var rest] when BenchOptions.TryParse(rest) is { } options:
            return await ClientBenchmark.RunAsync(options);
        case ["site", .. var rest] when BenchOptions.TryParse(rest) is { } options:
            return await SiteBenchmark.RunAsync(options);
        default:
            Console.Error.WriteLine(BenchOptions.Usage);
            return 64;
    }
}
catch (BenchFailedException failure)
{
    Console.Error.WriteLine($"bench: {failure.Message}");
    return 1;
}
