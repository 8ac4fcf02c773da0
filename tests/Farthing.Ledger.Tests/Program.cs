using Farthing.Ledger.Tests;
using Farthing.Ledger.Tests.Sequencing;
using Farthing.Ledger.Tests.State;

// The tests start this same program as the process that is killed, crashes, or holds a lock.
if (args is [ChildProcess.Argument, var role, var directory]) return await ChildProcess.RunAsync(role, directory);

// tests/mutation starts it to test mutants.
if (args is [MutantRun.Argument, var report, var results, .. var files]) return MutantRun.Run(report, results, files);

// What the test framework's own entry point does.
return args.Any(argument => argument is "--server" or "--internal-msbuild-node")
    ? await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions)
    : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
