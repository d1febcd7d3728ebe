using Keyferry.Cli.Control;
using Keyferry.Cli.Output;
using Keyferry.Throttle;

namespace Keyferry.Cli.Tests.Commands;

public sealed class PaceCommandTests
{
    private readonly Bench _bench = new();

    [Theory]
    [InlineData("from 0.1ms to 10s, or 0ms", "--latency", "0.01ms")]
    [InlineData("from 0.1ms to 10s, or 0ms", "--latency", "11s")]
    [InlineData("off lifts all limits, and --keys sets one", "off", "--keys", "4")]
    [InlineData("off lifts all limits, and --latency sets one", "off", "--latency", "2ms")]
    [InlineData("off", "on")]
    public async Task What_makes_no_sense_is_a_usage_failure(string said, params string[] args)
    {
        Assert.Equal(ExitCodes.Usage, await _bench.RunAsync(["pace", .. args]));
        Assert.Contains(said, _bench.Error, StringComparison.Ordinal);
    }

    /// <summary>They are understood, and nobody is there to be asked.</summary>
    [Theory]
    [InlineData("off")]
    [InlineData("--latency", "0ms")]
    [InlineData("--latency", "0.1ms", "--keys", "0")]
    public async Task What_makes_sense_is_asked_of_the_run(params string[] args)
    {
        var nowhere = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        Assert.NotEqual(ExitCodes.Usage, await _bench.RunAsync(["pace", .. args, "--work-dir", nowhere]));
        Assert.Contains(nowhere, _bench.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_budget_that_the_source_has_never_kept_is_refused()
    {
        var dial = new PaceDial { Floor = TimeSpan.FromMilliseconds(0.3) };

        var refused = PaceDesk.Answer(dial, new PaceChange(Off: false, Keys: null, Bytes: null, LatencyMs: 0.2));

        Assert.Equal(ExitCodes.Refused, refused.ExitCode);
        Assert.Contains("never answered faster than in 0.3 ms", refused.Saw, StringComparison.Ordinal);
        Assert.Null(dial.Limits.Latency);
        _ = PaceDesk.Answer(dial, new PaceChange(Off: false, Keys: null, Bytes: null, LatencyMs: 0.4));
        Assert.Equal(TimeSpan.FromMilliseconds(0.4), dial.Limits.Latency);
    }
}
