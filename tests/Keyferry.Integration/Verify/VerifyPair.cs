using Keyferry.Integration.Servers;
using Keyferry.Model;
using Keyferry.Resp;
using Keyferry.Servers;
using Keyferry.Verify;
using StackExchange.Redis;

namespace Keyferry.Integration.Verify;

/// <summary>Two real servers to compare, written to by a client that shares no code with the engine.</summary>
internal sealed class VerifyPair : IAsyncDisposable
{
    private readonly RedisServer _source;
    private readonly RedisServer _target;

    private VerifyPair(RedisServer source, RedisServer target, ConnectionMultiplexer onSource, ConnectionMultiplexer onTarget)
    {
        (_source, _target) = (source, target);
        (SourceClient, TargetClient) = (onSource, onTarget);
    }

    public ConnectionMultiplexer SourceClient { get; }

    public ConnectionMultiplexer TargetClient { get; }

    public RedisServer SourceServer => _source;

    public RedisServer TargetServer => _target;

    public static async Task<VerifyPair> StartAsync(ServerKind source, ServerKind target)
    {
        var left = await RedisServer.StartAsync(source);
        try
        {
            var right = await RedisServer.StartAsync(target);
            return new VerifyPair(left, right, await left.ConnectAsync(), await right.ConnectAsync());
        }
        catch
        {
            await left.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs commands, one per line, words separated by blanks, on the source.</summary>
    public Task OnSourceAsync(string lines, int database = 0) => RunAsync(SourceClient, lines, database);

    /// <summary>Runs commands, one per line, words separated by blanks, on the target.</summary>
    public Task OnTargetAsync(string lines, int database = 0) => RunAsync(TargetClient, lines, database);

    /// <summary>Runs the same commands on both.</summary>
    public async Task OnBothAsync(string lines, int database = 0)
    {
        await OnSourceAsync(lines, database);
        await OnTargetAsync(lines, database);
    }

    /// <summary>Compares, by default with short pauses between the looks.</summary>
    public async Task<VerifyResult> VerifyAsync(VerifyOptions? options = null, IChangeWatch? changes = null)
    {
        options ??= new VerifyOptions();
        if (options.Pause == new VerifyOptions().Pause)
        {
            options = options with { Pause = TimeSpan.FromMilliseconds(30) };
        }

        return await new Verifier(
            Connector(_source.Endpoint, "source"),
            Connector(_target.Endpoint, "target"),
            options,
            TimeProvider.System,
            changes
        ).RunAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _source.DisposeAsync();
        await _target.DisposeAsync();
    }

    public static ServerConnector Connector(Endpoint endpoint, string role) =>
        new(
            new SocketDialer(TimeSpan.FromSeconds(5), TimeProvider.System),
            endpoint,
            role,
            new ConnectionSettings { RunName = "test" },
            TimeProvider.System
        );

    private static async Task RunAsync(ConnectionMultiplexer client, string lines, int database)
    {
        var db = client.GetDatabase(database);
        foreach (var line in lines.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var words = line.Split(' ');
            await db.ExecuteAsync(words[0], [.. words[1..].Select(static word => (object)word)]);
        }
    }
}
