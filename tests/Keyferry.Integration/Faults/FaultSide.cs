using System.Diagnostics;
using Keyferry.Integration.Servers;
using Keyferry.Traffic;
using StackExchange.Redis;

namespace Keyferry.Integration.Faults;

/// <summary>One real server, the proxy through which the migration sees it, and a client that goes past the proxy.</summary>
internal sealed class FaultSide(RedisServer server, ServerLink link) : IAsyncDisposable
{
    /// <summary>Removes keys that expire soon: both servers do that on their own clocks, and DEBUG DIGEST should not depend on it.</summary>
    private const string RemoveShortLived = """
        local cursor = '0'
        repeat
          local page = redis.call('SCAN', cursor, 'COUNT', 1000)
          cursor = page[1]
          for _, key in ipairs(page[2]) do
            local left = redis.call('PTTL', key)
            if left >= 0 and left < 600000 then redis.call('DEL', key) end
          end
        until cursor == '0'
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly SemaphoreSlim _process = new(1, 1);

    /// <summary>The server itself.</summary>
    public RedisServer Server => server;

    /// <summary>What stands between the migration and the server.</summary>
    public FaultProxy Proxy { get; } = FaultProxy.Start(server.Port);

    /// <summary>The test's own connection; it comes back by itself after a restart.</summary>
    public ServerLink Link => link;

    /// <summary>Runs one command.</summary>
    public Task<RedisResult> CallAsync(string command, params object[] arguments) => link.Database().ExecuteAsync(command, arguments);

    /// <summary>Kills the server (SIGKILL), keeps it away, and starts it again.</summary>
    /// <param name="away">How long.</param>
    /// <param name="empty">Without its data.</param>
    /// <param name="stop">Gives up.</param>
    public async Task KillAndRestartAsync(TimeSpan away, bool empty, CancellationToken stop)
    {
        await _process.WaitAsync(stop);
        try
        {
            await server.KillAsync();
            if (empty && Directory.Exists(Path.Combine(server.Folder, "appendonlydir")))
            {
                Directory.Delete(Path.Combine(server.Folder, "appendonlydir"), recursive: true);
            }

            await Task.Delay(away, stop);
            await server.RestartAsync();
        }
        finally
        {
            _process.Release();
        }

        await AnswersAsync(stop);
    }

    /// <summary>Takes every disturbance off and returns when the server answers again.</summary>
    public async Task MendAsync(CancellationToken stop)
    {
        Proxy.Resume();
        Proxy.Accept();
        await _process.WaitAsync(stop);
        _process.Release();
        await AnswersAsync(stop);
        await CallSurelyAsync(["CLIENT", "UNPAUSE"], stop);
        await CallSurelyAsync(["REPLICAOF", "NO", "ONE"], stop);
        await CallSurelyAsync(["CONFIG", "SET", "maxmemory", "0"], stop);
        await CallSurelyAsync(["CONFIG", "SET", "min-replicas-to-write", "0"], stop);
        await CallSurelyAsync(["CONFIG", "SET", "client-output-buffer-limit", "pubsub 33554432 8388608 60"], stop);
    }

    /// <summary>Runs one command, if need be after the client's connection has come back.</summary>
    public async Task<RedisResult> CallSurelyAsync(string[] command, CancellationToken stop)
    {
        for (var waited = Stopwatch.StartNew(); ; )
        {
            try
            {
                return await CallAsync(command[0], [.. command.Skip(1)]);
            }
            catch (RedisException) when (waited.Elapsed < Patience)
            {
                // The client may take the server for a replica, as it was a moment ago.
                await link.LookAgainAsync();
                await Task.Delay(20, stop);
            }
        }
    }

    /// <summary>Removes every key that will expire within ten minutes.</summary>
    public async Task RemoveShortLivedAsync()
    {
        foreach (var database in (await link.KeyCountsAsync()).Keys)
        {
            await link.Database(database).ExecuteAsync("EVAL", RemoveShortLived, 0);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await link.DisposeAsync();
        await Proxy.DisposeAsync();
        await server.DisposeAsync();
        _process.Dispose();
    }

    private Task AnswersAsync(CancellationToken stop) => CallSurelyAsync(["PING"], stop);
}
