using System.Diagnostics;
using Farthing.CrashHost;

// usage: Farthing.CrashHost DIRECTORY KIND MOMENT
// Makes what KIND says on a directory, and at the moment asked for kills itself; at 0 never. What was made is printed, one fact a line.
var moments = new Moments(() => Process.GetCurrentProcess().Kill());
await using var story = await CrashStory.OpenAsync(args[0], args[1], moments);
foreach (var line in await story.RunAsync(int.Parse(args[2]))) Console.WriteLine(line);
