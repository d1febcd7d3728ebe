using Keyferry.Control;
using Keyferry.Cutover;
using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.State;
using Keyferry.Traffic;
using Keyferry.Traffic.Filling;
using Keyferry.Traffic.Keys;
using StackExchange.Redis;

namespace Keyferry.Integration.Cutover;

/// <summary>Two real servers, a migration by the engine that can cut over, and independent clients of both.</summary>
internal sealed class CutoverBench : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>For how long the old side is watched where a test does not care.</summary>
    private static readonly TimeSpan Briefly = TimeSpan.FromMilliseconds(300);

    private readonly ServerLink _filling;
    private EngineRun? _run;

    private CutoverBench(RedisServer source, RedisServer target, ServerLink filling, IDatabase old, IDatabase now)
    {
        Source = source;
        Target = target;
        _filling = filling;
        OnSource = old;
        OnTarget = now;
    }

    public RedisServer Source { get; }

    public RedisServer Target { get; }

    public IDatabase OnSource { get; }

    public IDatabase OnTarget { get; }

    public FakeHooks Hooks { get; } = new();

    public EngineRun Run => _run ?? throw new InvalidOperationException("not started");

    public RunControl Control => Run.Run.Control;

    /// <summary>Fences that the run's state says are standing.</summary>
    public IReadOnlyList<LeaseRecord> Fences => [.. Run.Store.OpenLeases().Where(static lease => lease.Kind == LeaseKind.Fence)];

    public static async Task<CutoverBench> StartAsync(int keys, CancellationToken stop, ServerKind kind = ServerKind.Machine)
    {
        var source = await RedisServer.StartAsync(kind);
        var target = await RedisServer.StartAsync(kind);
        var filling = await ServerLink.ConnectAsync(source.Uri);
        await new Filler(filling, new KeySpace(Seed: 7, keys), fieldExpiries: false).FillAsync(stop);
        return new CutoverBench(source, target, filling, await ClientOfAsync(source), await ClientOfAsync(target));
    }

    /// <summary>Begins the migration and waits until it follows.</summary>
    public async Task FollowAsync(CutoverOptions cutover, CancellationToken stop, Func<MigrationOptions, MigrationOptions>? adjust = null)
    {
        var options = new MigrationOptions
        {
            Source = Source.Endpoint,
            Target = Target.Endpoint,
            Cutover = cutover.WatchOld == new CutoverOptions().WatchOld ? cutover with { WatchOld = Briefly } : cutover,
        };
        _run = EngineRun.Start(adjust is null ? options : adjust(options), stop, hooks: Hooks);
        await Run.ReachAsync(Phase.Following, stop);
    }

    /// <summary>Asks for the cutover and waits for its end.</summary>
    public Task<(CutoverEnd End, string Said)> CutOverAsync(CancellationToken stop) => ListenAsync(Control.AskCutover(), stop);

    /// <summary>Asks for the rollback, once the way back follows, and waits for its end.</summary>
    public async Task<(CutoverEnd End, string Said)> RollBackAsync(CancellationToken stop)
    {
        while (Control.Back is not { CanCutOver: true })
        {
            Assert.False(Run.Ended.IsCompleted, "the run has ended");
            await Task.Delay(TimeSpan.FromMilliseconds(10), stop);
        }

        return await ListenAsync(Control.Back.AskCutover(), stop);
    }

    /// <summary>Waits for the end of a cutover.</summary>
    public static async Task<(CutoverEnd End, string Said)> ListenAsync(CutoverTalk talk, CancellationToken stop)
    {
        List<string> said = [];
        while (true)
        {
            var (lines, end) = await talk.ListenAsync(said.Count, stop).AsTask().WaitAsync(Patience, stop);
            said.AddRange(lines);
            if (end is { } over)
            {
                return (over, string.Join('\n', said));
            }
        }
    }

    /// <summary>Waits until the run asks a person something.</summary>
    public async Task<PersonQuestion> AskedAsync(CancellationToken stop)
    {
        while (true)
        {
            if (Control.Questions.Open is { } question)
            {
                return question;
            }

            Assert.False(Run.Ended.IsCompleted, "the run has ended");
            await Task.Delay(TimeSpan.FromMilliseconds(10), stop);
        }
    }

    /// <summary>Fails unless the run follows, a client may write to the source at once, and what it writes arrives.</summary>
    public async Task AssertFollowsAsync(CancellationToken stop)
    {
        Assert.Equal(Phase.Following, Run.Run.Progress.Phase);
        Assert.Empty(Fences);
        var value = Guid.NewGuid().ToString();
        await OnSource.StringSetAsync("after", value).WaitAsync(TimeSpan.FromSeconds(1), stop);
        while (await OnTarget.StringGetAsync("after") != value)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), stop);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _run?.Dispose();
        await _filling.DisposeAsync();
        await Source.DisposeAsync();
        await Target.DisposeAsync();
    }

    private static async Task<IDatabase> ClientOfAsync(RedisServer server) => (await server.ConnectAsync()).GetDatabase();
}
