using System.Runtime.InteropServices;
using System.Text.Json;
using Keyferry.Cli.Output;
using Keyferry.Model;
using Keyferry.Verify;

namespace Keyferry.Cli.Tests.Commands;

public sealed class VerifyCommandTests
{
    private readonly Bench _bench = new();

    [Fact]
    public async Task Every_option_reaches_the_verifier()
    {
        await VerifyAsync("a:1", "b:2");
        Assert.Equal(new VerifyOptions(), Options with { Progress = null });
        await VerifyAsync("a:1", "b:2", "--expiry-tolerance", "2s", "--database", "3", "--target-keys", "merge");
        Assert.Equal(TimeSpan.FromSeconds(2), Options.ExpiryTolerance);
        Assert.Equal([new DatabasePair(3, 3)], Options.Databases);
        Assert.False(Options.TargetKeysOwned);
    }

    [Fact]
    public async Task The_uris_may_name_different_databases()
    {
        await VerifyAsync("redis://a/1", "redis://b/2");
        Assert.Equal([new DatabasePair(1, 2)], Options.Databases);
        await VerifyAsync("redis://a/1", "b");
        Assert.Equal([new DatabasePair(1, 1)], Options.Databases);
    }

    [Theory]
    [InlineData("a", "redis://b/2")]
    [InlineData("redis://a/1", "b", "--database", "1")]
    [InlineData("a", "b", "--database", "-1")]
    [InlineData("a", "b", "--database", "all")]
    [InlineData("a", "b", "--expiry-tolerance", "100")]
    [InlineData("a", "b", "--target-keys", "replace")]
    [InlineData("a")]
    public async Task What_makes_no_sense_is_a_usage_failure(params string[] args)
    {
        Assert.Equal(ExitCodes.Usage, await _bench.RunAsync(["verify", .. args]));
        Assert.StartsWith("keyferry: ", _bench.Error, StringComparison.Ordinal);
        Assert.Null(_bench.Comparison.Request);
    }

    [Fact]
    public async Task Equal()
    {
        Assert.Equal(ExitCodes.Ok, await _bench.RunAsync("verify", "a", "b"));
        const string Expected = """
            EQUAL: both sides were compared in both directions, and nothing differs.

              source       Redis 7.0.15 at a:1
              target       Valkey 8.1.1 at b:2
              compared     12,408,113 keys of the source, and 12,408,110 keys of the target looked up on the source
              closer look  20,012 keys looked at one by one: hash 20,000, zset 12; the others are the same bytes
              differences  none
              in flight    no keys
              took         1 min 12 s

            """;
        Assert.Equal(Expected.ReplaceLineEndings("\n"), _bench.Out.ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task Different()
    {
        _bench.Comparison.Result = Examples.Verified((DifferenceKind.Surplus, 1));
        Assert.Equal(ExitCodes.Differences, await _bench.RunAsync("verify", "a", "b"));
        Assert.StartsWith("DIFFERENT: 1 key differs, and went on differing", _bench.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("secret:", _bench.Everything, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Not_proved_says_why()
    {
        _bench.Comparison.Result = Examples.Verified() with { InFlight = 2, Doubts = ["A table was left out."] };
        Assert.Equal(ExitCodes.NotProved, await _bench.RunAsync("verify", "a", "b"));
        Assert.Contains("  because      A table was left out.", _bench.Out, StringComparison.Ordinal);
        Assert.Contains("2 keys kept changing: compare again while nobody writes.", _bench.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Progress_goes_to_standard_error_and_the_result_to_standard_output()
    {
        await RunWithProgressAsync("--interval", "1s");
        Assert.Equal(
            "2030-05-17T14:02:12Z comparing | 25 %, 50 of ~100 source keys, 0 of ~100 target keys, 2 candidates to look at again\n",
            _bench.Error.ReplaceLineEndings("\n")
        );
        Assert.StartsWith("EQUAL", _bench.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_json_everything_is_an_object_on_standard_output()
    {
        _bench.Comparison.Result = Examples.Verified((DifferenceKind.Value, 1));
        await RunWithProgressAsync("--json", "--show-keys", "--interval", "1s");
        Assert.Empty(_bench.Error);
        var objects = _bench
            .Out.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement)
            .ToList();
        Assert.Equal(["verify-progress", "report"], objects.Select(one => one.GetProperty("type").GetString()));
        Assert.Equal(50, objects[0].GetProperty("compared").GetInt64());
        var report = objects[1];
        Assert.Equal(("different", 1), (report.GetProperty("verdict").GetString(), report.GetProperty("exitCode").GetInt32()));
        var first = report.GetProperty("verify").GetProperty("first")[0];
        Assert.Equal("secret:Value\n"u8.ToArray(), first.GetProperty("keyBase64").GetBytesFromBase64());
    }

    [Fact]
    public async Task A_failure_is_an_object_too()
    {
        _bench.Comparison.Script = static (_, _) => throw new KeyferryException(FailureKind.Unreachable, "Nothing listens.", "Start it.");
        Assert.Equal(ExitCodes.Unreachable, await _bench.RunAsync("verify", "a", "b", "--json"));
        var failure = JsonDocument.Parse(_bench.Out).RootElement;
        Assert.Equal(
            ("failure", "unreachable", "Nothing listens.", 3),
            (
                failure.GetProperty("type").GetString(),
                failure.GetProperty("kind").GetString(),
                failure.GetProperty("saw").GetString(),
                failure.GetProperty("exitCode").GetInt32()
            )
        );
    }

    [Fact]
    public async Task A_signal_ends_it_as_aborted()
    {
        _bench.Comparison.Script = static (_, stop) => Task.Delay(Timeout.Infinite, stop);
        var run = _bench.RunAsync("verify", "a", "b");
        _bench.Signals.Take(PosixSignal.SIGTERM);
        Assert.Equal(ExitCodes.Aborted, await run);
    }

    private VerifyOptions Options =>
        _bench.Comparison.Request?.Options ?? throw new InvalidOperationException("The verifier was not called.");

    private async Task VerifyAsync(params string[] args) => Assert.Equal(ExitCodes.Ok, await _bench.RunAsync(["verify", .. args]));

    private async Task RunWithProgressAsync(params string[] args)
    {
        var go = new TaskCompletionSource();
        _bench.Comparison.Script = (request, _) =>
        {
            request.Options.Progress?.Invoke(new VerifyProgress(50, 100, 0, 100, 2));
            return go.Task;
        };
        var run = _bench.RunAsync(["verify", "a", "b", .. args]);
        _bench.Time.Advance(TimeSpan.FromSeconds(1));
        for (var i = 0; i < 500 && _bench.Everything.Length == 0; i++)
        {
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        go.SetResult();
        await run;
    }
}
