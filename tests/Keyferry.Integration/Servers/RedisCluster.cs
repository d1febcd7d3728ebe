using System.Diagnostics;
using Keyferry.Model;
using StackExchange.Redis;

namespace Keyferry.Integration.Servers;

/// <summary>A real cluster of a test's own: primaries with their slots shared out evenly, each with as many replicas as wanted.</summary>
/// <remarks>
/// <para><b>Promises.</b> When <see cref="StartAsync"/> returns, every node serves or follows, and all agree. Slots are moved as operators move them, with redis-cli.</para>
/// </remarks>
public sealed class RedisCluster : IAsyncDisposable
{
    private const int Slots = 16384;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>A replica gives up after 5 seconds and says nothing, and refuses where its primary seems to be away: on a loaded machine both happen.</summary>
    private static readonly TimeSpan FailoverPatience = TimeSpan.FromSeconds(6);
    private readonly List<RedisServer> _nodes = [];
    private readonly int _primaries;
    private readonly Dictionary<RedisServer, int> _announced = [];

    private RedisCluster(int primaries) => _primaries = primaries;

    /// <summary>The primaries as they were at the start, then the replicas: the first of each primary, the second of each, ...</summary>
    public IReadOnlyList<RedisServer> Nodes => _nodes;

    /// <summary>The address as a user types it: that of one node.</summary>
    public string Uri => _nodes[0].Uri;

    /// <summary>One node, at the port that it announces.</summary>
    public Endpoint Endpoint => _nodes[0].Endpoint with { Port = _announced[_nodes[0]] };

    /// <summary>The first replica of a primary.</summary>
    public RedisServer ReplicaOf(int primary) => _nodes[_primaries + primary];

    /// <summary>Starts a cluster and waits until it works.</summary>
    /// <param name="kind">Which program.</param>
    /// <param name="primaries">How many nodes with slots.</param>
    /// <param name="replicas">How many replicas each of them has.</param>
    /// <param name="arguments">More arguments for every node.</param>
    public static Task<RedisCluster> StartAsync(ServerKind kind, int primaries = 3, int replicas = 0, params string[] arguments) =>
        StartAsync(kind, primaries, replicas, tls: false, arguments);

    /// <summary>Starts a cluster whose nodes speak TLS among each other and with clients, on ports of their own; the plain ports are for the test.</summary>
    /// <param name="kind">Which program.</param>
    /// <param name="primaries">How many nodes with slots.</param>
    /// <param name="replicas">How many replicas each of them has.</param>
    /// <param name="certificates">The arguments that name them.</param>
    public static Task<RedisCluster> StartTlsAsync(ServerKind kind, int primaries, int replicas, string[] certificates) =>
        StartAsync(kind, primaries, replicas, tls: true, [.. certificates, "--tls-cluster", "yes", "--tls-replication", "yes"]);

    private static async Task<RedisCluster> StartAsync(ServerKind kind, int primaries, int replicas, bool tls, string[] arguments)
    {
        var cluster = new RedisCluster(primaries);
        try
        {
            string[] all = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--repl-diskless-sync-delay", "0", .. arguments];
            await Task.WhenAll(Enumerable.Range(0, primaries * (1 + replicas)).Select(_ => StartNodeAsync()));
            await cluster.CreateAsync();
            return cluster;

            async Task StartNodeAsync()
            {
                var port = tls ? FreePort.Take() : 0;
                var node = await RedisServer.StartAsync(kind, tls ? [.. all, "--tls-port", $"{port}"] : all);
                lock (cluster._nodes)
                {
                    cluster._nodes.Add(node);
                    cluster._announced.Add(node, tls ? port : node.Port);
                }
            }
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Has the first replica of a primary take over, as an operator does: no write is lost.</summary>
    public async Task FailOverAsync(int primary)
    {
        await AgreeAsync();
        var (asked, isTaken) = (Stopwatch.StartNew(), false);
        await UntilAsync(async () =>
        {
            if (await RoleAsync(ReplicaOf(primary)) == "master")
            {
                return true;
            }

            if (!isTaken || asked.Elapsed > FailoverPatience)
            {
                isTaken = await AskAsync(ReplicaOf(primary), "CLUSTER", "FAILOVER") == "OK";
                asked.Restart();
            }

            return false;
        });
        await AgreeAsync();
    }

    /// <summary>Kills a primary and waits until its replica has taken over.</summary>
    public async Task KillPrimaryAsync(int primary)
    {
        await AgreeAsync();
        await _nodes[primary].KillAsync();
        await UntilAsync(async () => await RoleAsync(ReplicaOf(primary)) == "master");
    }

    /// <summary>What every node that runs says of the cluster, for failure messages.</summary>
    public async Task<string> DescribeAsync()
    {
        var views = new List<string>();
        foreach (var node in _nodes.Where(static node => node.IsRunning))
        {
            views.Add($"{node}:\n{await AskAsync(node, "CLUSTER", "INFO")}\n{await AskAsync(node, "CLUSTER", "NODES")}");
        }

        return string.Join('\n', views);
    }

    /// <summary>The nodes that are primaries now.</summary>
    public async Task<IReadOnlyList<RedisServer>> PrimariesAsync()
    {
        var primaries = new List<RedisServer>();
        foreach (var node in _nodes.Where(static node => node.IsRunning))
        {
            if (await RoleAsync(node) == "master")
            {
                primaries.Add(node);
            }
        }

        return primaries;
    }

    /// <summary>Moves slots from one node to another while both serve.</summary>
    public static async Task ReshardAsync(RedisServer from, RedisServer to, int slots)
    {
        var (source, target) = (await IdOf(from), await IdOf(to));
        await CliAsync([
            .. (string[])["--cluster", "reshard", $"127.0.0.1:{to.Port}", "--cluster-from", source, "--cluster-to", target],
            .. (string[])["--cluster-slots", $"{slots}", "--cluster-yes", "--cluster-pipeline", "50"],
        ]);
    }

    /// <summary>Runs a command on one node and returns what redis-cli prints.</summary>
    public static Task<string> AskAsync(RedisServer node, params string[] command) =>
        CliAsync(["-h", "127.0.0.1", "-p", $"{node.Port}", .. command]);

    /// <summary>Opens a client to the whole cluster that shares no code with the engine.</summary>
    public Task<ConnectionMultiplexer> ConnectAsync() => _nodes[0].ConnectAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }
    }

    /// <summary>Waits until all nodes tell the same owners: a replica that takes over before it knows of slots that have moved is refused by the others, or takes them back.</summary>
    private async Task AgreeAsync()
    {
        await UntilAsync(async () =>
        {
            var views = await Task.WhenAll(_nodes.Where(static node => node.IsRunning).Select(OwnersAsync));
            return views.Distinct().Count() == 1;
        });
    }

    /// <summary>Each range of slots and its primary, as one node tells them.</summary>
    private static async Task<string> OwnersAsync(RedisServer node)
    {
        var lines = (await AskAsync(node, "CLUSTER", "NODES")).Split('\n', StringSplitOptions.TrimEntries);
        return string.Join(
            '\n',
            lines
                .Select(static line => line.Split(' '))
                .Where(static words => words.Length > 8)
                .Select(static words => $"{words[0]} {string.Join(' ', words[8..].Where(static range => range[0] != '['))}")
                .Order(StringComparer.Ordinal)
        );
    }

    private static async Task<string> CliAsync(string[] arguments)
    {
        var start = new ProcessStartInfo("redis-cli")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start) ?? throw new InvalidOperationException("redis-cli could not be started.");
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? output.Trim()
            : throw new InvalidOperationException(
                $"redis-cli ended with {process.ExitCode}: {output[^Math.Min(output.Length, 2000)..]}{await error}"
            );
    }

    private static Task<string> IdOf(RedisServer node) => AskAsync(node, "CLUSTER", "MYID");

    private static async Task<string> RoleAsync(RedisServer node) => (await AskAsync(node, "ROLE")).Split('\n')[0];

    private async Task CreateAsync()
    {
        for (var i = 0; i < _primaries; i++)
        {
            var (first, last) = (Slots * i / _primaries, (Slots * (i + 1) / _primaries) - 1);
            await AskAsync(
                _nodes[i],
                ["CLUSTER", "ADDSLOTS", .. Enumerable.Range(first, last - first + 1).Select(static slot => $"{slot}")]
            );
            await AskAsync(_nodes[i], "CLUSTER", "SET-CONFIG-EPOCH", $"{i + 1}");
        }

        foreach (var node in _nodes.Skip(1))
        {
            await AskAsync(node, "CLUSTER", "MEET", "127.0.0.1", $"{_announced[_nodes[0]]}");
        }

        await UntilAsync(async () => await AllKnowAsync("cluster_known_nodes", $"{_nodes.Count}"));
        for (var i = _primaries; i < _nodes.Count; i++)
        {
            await AskAsync(_nodes[i], "CLUSTER", "REPLICATE", await IdOf(_nodes[i % _primaries]));
        }

        await UntilAsync(async () => await AllKnowAsync("cluster_state", "ok"));
        foreach (var replica in _nodes.Skip(_primaries))
        {
            await UntilAsync(async () =>
                (await AskAsync(replica, "INFO", "replication")).Contains("master_link_status:up", StringComparison.Ordinal)
            );
        }
    }

    private async Task<bool> AllKnowAsync(string field, string value)
    {
        foreach (var node in _nodes)
        {
            if (!(await AskAsync(node, "CLUSTER", "INFO")).Contains($"{field}:{value}\r", StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }

    private async Task UntilAsync(Func<Task<bool>> reached)
    {
        var waited = Stopwatch.StartNew();
        while (!await reached())
        {
            if (waited.Elapsed > Patience)
            {
                throw new InvalidOperationException($"The cluster did not get there in {Patience}. Its first node says:\n{_nodes[0].Log}");
            }

            await Task.Delay(50);
        }
    }
}
