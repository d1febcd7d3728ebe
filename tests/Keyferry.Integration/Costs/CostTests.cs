using Keyferry.Integration.Load;
using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Servers;
using Keyferry.Traffic;
using Keyferry.Traffic.Filling;
using Keyferry.Traffic.Keys;
using Keyferry.Verify;

namespace Keyferry.Integration.Costs;

/// <summary>
/// What a key costs, counted and not timed, against the recorded budget: allocations, commands, bytes, sends and receives. The costs of a few keys
/// are taken off those of many, so that connecting, arming and compiling do not count.
/// </summary>
[Collection(nameof(LoadCollection))]
public sealed class CostTests : IAsyncLifetime
{
    private const int Few = 10_000;
    private const int Many = 60_000;
    private const int SetsPerScript = 5000;

    private readonly List<IAsyncDisposable> _owned = [];
    private RedisServer? _source;
    private RedisServer? _target;
    private ServerLink? _onSource;
    private ServerLink? _onTarget;
    private CountingDialer? _dialer;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private RedisServer Source => _source ?? throw new InvalidOperationException("The source has not been started.");

    private RedisServer Target => _target ?? throw new InvalidOperationException("The target has not been started.");

    private ServerLink OnSource => _onSource ?? throw new InvalidOperationException("The source has not been started.");

    private ServerLink OnTarget => _onTarget ?? throw new InvalidOperationException("The target has not been started.");

    private CountingDialer Dialer => _dialer ?? throw new InvalidOperationException("The source has not been started.");

    public async ValueTask InitializeAsync()
    {
        _source = await RedisServer.StartAsync(ServerKind.Machine);
        _owned.Add(_source);
        _target = await RedisServer.StartAsync(ServerKind.Machine);
        _owned.Add(_target);
        _onSource = await ServerLink.ConnectAsync(_source.Uri);
        _owned.Add(_onSource);
        _onTarget = await ServerLink.ConnectAsync(_target.Uri);
        _owned.Add(_onTarget);
        _dialer = new CountingDialer(_source.Port);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var owned in Enumerable.Reverse(_owned))
        {
            await owned.DisposeAsync();
        }
    }

    [Fact]
    public async Task Copying_and_comparing_stay_within_their_budgets()
    {
        var (copyOfFew, verifyOfFew) = await CopyAndCompareAsync(Few);
        await Task.WhenAll(OnSource.Server.FlushAllDatabasesAsync(), OnTarget.Server.FlushAllDatabasesAsync());
        var (copyOfMany, verifyOfMany) = await CopyAndCompareAsync(Many);

        CostBudget.Check("copy", (copyOfMany - copyOfFew).PerKey(Many - Few));
        CostBudget.Check("verify", (verifyOfMany - verifyOfFew).PerKey(Many - Few));
    }

    [Fact]
    public async Task Following_stays_within_its_budget()
    {
        using var run = Start(MigrationMode.Live);
        await run.ReachAsync(Phase.Following, Stop);
        await WriteAsync(run, from: 0, count: Few);

        var before = await TallyAsync();
        await WriteAsync(run, from: Few, count: Many - Few);
        var cost = await TallyAsync() - before;

        await run.FinishAsync();
        _ = await run.Ended;
        Assert.Equal(await Source.DebugDigestAsync(), await Target.DebugDigestAsync());
        // What the writer itself has asked of the source is not the engine's.
        CostBudget.Check("follow", (cost with { SourceCommands = cost.SourceCommands - (Many - Few) }).PerKey(Many - Few));
    }

    [Fact]
    public void Risen_figure_is_named_and_one_without_a_budget_too()
    {
        SortedDictionary<string, double> measured = new(StringComparer.Ordinal)
        {
            ["a"] = 1,
            ["b"] = 2.1,
            ["c"] = 3,
        };
        SortedDictionary<string, Allowance> budget = new(StringComparer.Ordinal) { ["a"] = new(1, 1.1), ["b"] = new(1, 2) };

        var (table, risen) = CostBudget.Compare(measured, budget);

        Assert.Equal(["b", "c"], risen);
        Assert.Contains("! b", table, StringComparison.Ordinal);
        Assert.Contains("  a", table, StringComparison.Ordinal);
    }

    private async Task<(Tally Copy, Tally Verify)> CopyAndCompareAsync(int keys)
    {
        await new Filler(OnSource, new KeySpace(Seed: 401, keys)).FillAsync(Stop);
        var start = await TallyAsync();
        using (var run = Start(MigrationMode.Snapshot))
        {
            Assert.Equal(keys, (await run.Ended).Progress.Written);
        }

        var copied = await TallyAsync();
        var found = await new Verifier(
            Connector(Source, "source"),
            Connector(Target, "target"),
            new VerifyOptions(),
            TimeProvider.System
        ).RunAsync(Stop);
        var compared = await TallyAsync();
        Assert.Equal(keys, found.Compared);
        Assert.Empty(found.Differences);
        return (copied - start, compared - copied);
    }

    /// <summary>Writes distinct keys by scripts, which cost this process nothing, and waits until all are on the target.</summary>
    private async Task WriteAsync(EngineRun run, int from, int count)
    {
        for (var first = from; first < from + count; first += SetsPerScript)
        {
            const string script = "for i=ARGV[1],ARGV[1]+ARGV[2]-1 do redis.call('SET','key:'..i,string.rep('v',150)) end";
            _ = await OnSource.Database().ScriptEvaluateAsync(script, [], [first, SetsPerScript]);
        }

        while (run.Run.Progress is var progress && (progress.ChangesMoved < from + count || progress.Waiting > 0))
        {
            Assert.False(run.Ended.IsCompleted, run.Log.ToString());
            await Task.Delay(TimeSpan.FromMilliseconds(100), Stop);
        }
    }

    private EngineRun Start(MigrationMode mode) =>
        EngineRun.Start(
            new MigrationOptions
            {
                Source = Source.Endpoint,
                Target = Target.Endpoint,
                Mode = mode,
                // The comparison beside the following takes what time the servers have left, so that it has no cost for each change.
                Verify = false,
            },
            Stop,
            Dialer
        );

    private ServerConnector Connector(RedisServer server, string role) =>
        new(Dialer, server.Endpoint, role, new ConnectionSettings { RunName = "costs" }, TimeProvider.System);

    private async Task<Tally> TallyAsync()
    {
        // Allocations first: asking the servers allocates too, and is then on the far side of what is measured, both times.
        double allocated = GC.GetTotalAllocatedBytes(precise: true);
        var (source, target) = (await CommandsAsync(OnSource), await CommandsAsync(OnTarget));
        return new Tally(allocated, source, target, Dialer.SourceBytes, Dialer.TargetBytes, Dialer.Sends, Dialer.Receives);
    }

    /// <summary>How many commands a server has run, by its own count.</summary>
    private static async Task<long> CommandsAsync(ServerLink server) =>
        (await server.Server.InfoAsync("commandstats"))
            .SelectMany(static section => section)
            .Where(static row => row.Key.StartsWith("cmdstat_", StringComparison.Ordinal))
            .Sum(static row => long.Parse(row.Value.Split('=', ',')[1]));
}
