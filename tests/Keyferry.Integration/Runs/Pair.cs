using Keyferry.Integration.Commands;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using StackExchange.Redis;

namespace Keyferry.Integration.Runs;

/// <summary>Two servers, and runs between them.</summary>
internal sealed class Pair : IAsyncDisposable
{
    private readonly RedisServer _source;
    private readonly RedisServer _target;
    private readonly ConnectionMultiplexer _left;
    private readonly ConnectionMultiplexer _right;

    private Pair(RedisServer source, RedisServer target, ConnectionMultiplexer left, ConnectionMultiplexer right) =>
        (_source, _target, _left, _right) = (source, target, left, right);

    /// <summary>Database 0 of the source.</summary>
    public IDatabase From => _left.GetDatabase();

    /// <summary>Database 0 of the target.</summary>
    public IDatabase To => _right.GetDatabase();

    /// <summary>The test's end.</summary>
    public static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Starts both servers.</summary>
    public static async Task<Pair> StartAsync()
    {
        var (source, target) = (await RedisServer.StartAsync(ServerKind.Machine), await RedisServer.StartAsync(ServerKind.Machine));
        return new Pair(source, target, await source.ConnectAsync(), await target.ConnectAsync());
    }

    /// <summary>The names of all keys of a database, in order.</summary>
    public static async Task<string[]> NamesAsync(IDatabase database) =>
        [
            .. ((RedisValue[]?)await database.ExecuteAsync("KEYS", "*") ?? [])
                .Select(static name => name.ToString())
                .Order(StringComparer.Ordinal),
        ];

    /// <summary>Starts a run.</summary>
    public EngineRun Start(Func<MigrationOptions, MigrationOptions> with) =>
        EngineRun.Start(with(new MigrationOptions { Source = _source.Endpoint, Target = _target.Endpoint }), Stop);

    /// <summary>Ends a run, which must have found so many keys equal.</summary>
    public static async Task EndAsync(EngineRun run, int equal)
    {
        await run.FinishAsync();
        var report = await run.Ended.WaitAsync(Stop);
        Assert.True(report.Verdict == Verdict.Equal, $"{string.Join("; ", report.Reasons)}\n{run.Log}");
        Assert.Equal(equal, report.Verify?.Compared);
    }

    /// <summary><c>keyferry verify</c> with these options, which must end so.</summary>
    public async Task VerifyAsync(int exitCode, params string[] options)
    {
        using var line = new CommandLine();
        var code = await line.RunAsync(["verify", _source.Uri, _target.Uri, .. options]);
        Assert.True(code == exitCode, $"exit code {code}\n{line.Out}\n{line.Error}");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _left.DisposeAsync();
        await _right.DisposeAsync();
        await _source.DisposeAsync();
        await _target.DisposeAsync();
    }
}
