using Keyferry.AwsDouble;
using Keyferry.AwsDouble.Caches;
using Keyferry.Cli.Output;

namespace Keyferry.Aws.Tests.Journeys;

/// <summary>A command that ends at any of its calls to AWS, looks among them: run again it finishes, or restore undoes it, and nothing is left behind.</summary>
public sealed class EveryCallTests : IAsyncLifetime
{
    private const string Letters = "notify-keyspace-events";
    private const int FewestCalls = 12;
    private readonly CliBench _cli = new(CliBench.Brief);

    private CacheWorld World => _cli.Bench.Aws.World;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _cli.DisposeAsync();

    [Theory]
    [InlineData("standalone")]
    [InlineData("own group")]
    public Task Standalone_ended_at_each_call_in_turn(string kind) => EndAtEachAsync(kind, [CallFate.LostAfter]);

    [Theory]
    [InlineData("standalone")]
    [InlineData("own group")]
    [InlineData("group")]
    [InlineData("cluster")]
    [Trait("Category", "Long")]
    public Task Every_shape_ended_at_each_call_in_turn_before_and_after_it_was_carried_out(string kind) =>
        EndAtEachAsync(kind, [CallFate.LostBefore, CallFate.LostAfter]);

    private async Task EndAtEachAsync(string kind, CallFate[] fates)
    {
        await CreateAsync(kind);
        var (groups, values) = (Attached(), Values());
        foreach (var fate in fates)
        {
            for (var (at, finished) = (1, false); !finished; at++)
            {
                EndAt(at, fate);
                var (code, output, error) = await RunAsync("enable", "--apply");
                Assert.True(code is ExitCodes.Ok or ExitCodes.Unreachable, $"ended at call {at}: {code}\n{output}\n{error}");
                // How often it looks whether a change holds is a matter of time; it ends by itself where nothing is left to be cut.
                finished = code == ExitCodes.Ok;
                Assert.False(finished && at < FewestCalls, $"it was through after {at} calls");
                _cli.Bench.Aws.Fate = static _ => CallFate.Normal;
                if (at % 2 == 0)
                {
                    // Run again, it finishes.
                    Assert.Equal(ExitCodes.Ok, (await RunAsync("enable", "--apply")).Code);
                    Assert.All(World.Nodes.Values, node => Assert.Contains('E', World.Groups[node.Group].Values[Letters]));
                }

                await RestoreEndedAtAsync(at, fate);
                Assert.Equal(groups, Attached());
                Assert.Equal(values, Values());
            }
        }
    }

    /// <summary>Restores, ended at a call as well; then to the end.</summary>
    private async Task RestoreEndedAtAsync(int at, CallFate fate)
    {
        EndAt((at / 2) + 1, fate);
        _ = await RunAsync("restore");
        _cli.Bench.Aws.Fate = static _ => CallFate.Normal;
        var (code, output, error) = await RunAsync("restore");
        Assert.True(code == ExitCodes.Ok, output + error);
    }

    /// <summary>The n-th call and all after it are lost, as if the program had been killed there; what fate it has itself is said.</summary>
    private void EndAt(int call, CallFate fate)
    {
        var made = 0;
        _cli.Bench.Aws.Fate = _ =>
        {
            made++;
            return made < call ? CallFate.Normal
                : made == call ? fate
                : CallFate.LostBefore;
        };
    }

    private async Task CreateAsync(string kind)
    {
        switch (kind)
        {
            case "standalone":
                _ = await _cli.Bench.StandaloneAsync("shop");
                break;
            case "own group":
                // Values are changed in place, and put back one by one.
                await _cli.Bench.ParameterGroupAsync("mine", (Letters, "Ex"), ("timeout", "300"));
                _ = await _cli.Bench.StandaloneAsync("shop", "mine");
                break;
            case "group":
                _ = await _cli.Bench.GroupAsync("shop", nodes: 2);
                break;
            default:
                _ = await _cli.Bench.GroupAsync("shop", shards: 2);
                break;
        }
    }

    private string Attached() => string.Join(' ', World.Nodes.Select(static one => $"{one.Key}:{one.Value.Group}:{one.Value.Status}"));

    private string Values() =>
        string.Join(
            ' ',
            World
                .Groups.Where(static group => !group.Value.IsDefault)
                .Select(static group =>
                    $"{group.Key}[{string.Join(',', group.Value.Values.Select(static value => $"{value.Key}={value.Value}"))}]"
                )
        );

    private Task<(int Code, string Out, string Error)> RunAsync(string verb, params string[] more) =>
        _cli.RunAsync(["notifications", verb, "--elasticache", "shop", "--work-dir", _cli.WorkDirectory, .. more]);
}
