using Keyferry.Bench.Contenders;
using Keyferry.Bench.Load;
using Keyferry.Bench.Report;
using Keyferry.Bench.Running;
using Keyferry.Traffic.Filling;
using Keyferry.Traffic.Keys;

namespace Keyferry.Bench.Scenarios;

/// <summary>What all scenarios share: who is measured, how often, and the source, which is filled once.</summary>
internal sealed class Suite : IAsyncDisposable
{
    private const ulong Seed = 1;

    private bool _hasLiveKeys;

    private Suite(BenchOptions options, Server source) => (Options, Source) = (options, source);

    public BenchOptions Options { get; }

    /// <summary>The source, full of mixed keys.</summary>
    public Server Source { get; }

    /// <summary>Builds of Keyferry.</summary>
    public IReadOnlyList<KeyferryProgram> Programs => Options.Programs;

    /// <summary>Everybody, the native replication first.</summary>
    public IReadOnlyList<IContender> Contenders => [new NativeReplication(), .. Programs, .. Options.Peers];

    /// <summary>The mixed keys.</summary>
    public KeySpace Keys => new(Seed, Options.Keys);

    /// <summary>Mixed keys in words.</summary>
    public string KeysInWords => $"{Options.Keys:#,0} mixed keys";

    public static async Task<Suite> StartAsync(BenchOptions options, CancellationToken stop)
    {
        var source = await Server.StartAsync(stop);
        try
        {
            Say($"filling the source with {options.Keys:#,0} keys");
            _ = await new Filler(source.Link, new KeySpace(Seed, options.Keys)).FillAsync(stop);
            return new Suite(options, source);
        }
        catch
        {
            await source.DisposeAsync();
            throw;
        }
    }

    /// <summary>An empty target; a new process, so that nothing of the run before is in its memory or its counters.</summary>
    public static Task<Server> NewTargetAsync(CancellationToken stop) => Server.StartAsync(stop);

    /// <summary>The keys that <see cref="PacedWriter"/> writes to are there before anybody copies: its writes are changes, not additions.</summary>
    public async Task AddLiveKeysAsync()
    {
        if (!_hasLiveKeys)
        {
            await AddLiveKeysAsync(Source);
            _hasLiveKeys = true;
        }
    }

    /// <summary>The keys that <see cref="PacedWriter"/> writes to, on a server of the scenario's own.</summary>
    public static async Task AddLiveKeysAsync(Server source)
    {
        const string script = "for i=ARGV[1],ARGV[1]+9999 do redis.call('SET',string.format('live:%06d',i),string.rep('v',150)) end";
        for (var first = 0; first < PacedWriter.Keys; first += 10_000)
        {
            _ = await source.Link.Database().ScriptEvaluateAsync(script, [], [first]);
        }
    }

    /// <summary>A section that begins now.</summary>
    public static Section Begin(string what) =>
        new()
        {
            What = what,
            When = $"{TimeProvider.System.GetUtcNow():yyyy-MM-dd HH:mm}",
            Load = [Machine.LoadNow()],
        };

    /// <summary>Tells what is going on.</summary>
    public static void Say(string what) => Console.Error.WriteLine($"{TimeProvider.System.GetUtcNow():HH:mm:ss} {what}");

    public ValueTask DisposeAsync() => Source.DisposeAsync();
}
