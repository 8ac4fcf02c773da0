using Farthing.Cli.Estimates;

namespace Farthing.Cli.Tests.Estimates;

public class ProgressTests
{
    [Fact]
    public void The_bar_says_how_far_it_is_ten_times_a_second_and_goes_away()
    {
        using var terminal = new StringWriter();
        var time = new HandClock();
        var progress = new Progress(terminal, time);
        progress.Show(1 << 20, 4 << 20, 10);
        Assert.Equal("", terminal.ToString());
        time.Now = 100;
        progress.Show(1 << 20, 4 << 20, 50_000);
        progress.Show(2 << 20, 4 << 20, 60_000);
        Assert.Equal("\r[#######.......................]  25 %  1 MiB, 50,000 lines, 500,000 a second \e[K", terminal.ToString());
        time.Now = 1_000;
        // What grows while it is read is no more than all of it.
        progress.Show(5 << 20, 4 << 20, 1_000_000);
        Assert.EndsWith("\r[##############################] 100 %  5 MiB, 1,000,000 lines, 1,000,000 a second \e[K", terminal.ToString(), StringComparison.Ordinal);
        time.Now = 2_000;
        progress.Show(0, null, 2_000_000);
        Assert.EndsWith("\r0 MiB, 2,000,000 lines, 1,000,000 a second \e[K", terminal.ToString(), StringComparison.Ordinal);
        progress.Clear();
        Assert.EndsWith("\r\e[K", terminal.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_shown_where_there_is_no_terminal()
    {
        var time = new HandClock();
        var progress = new Progress(null, time);
        time.Now = 1_000;
        progress.Show(1, 2, 3);
        progress.Clear();
        Assert.Equal(3, progress.PerSecond(3));
        Assert.DoesNotContain("\r", (await Invocation.RunAsync("estimate", "none", "--prices", "none")).Error, StringComparison.Ordinal);
    }

    private sealed class HandClock : TimeProvider
    {
        public long Now { get; set; }

        public override long TimestampFrequency => 1_000;

        public override long GetTimestamp() => Now;
    }
}
