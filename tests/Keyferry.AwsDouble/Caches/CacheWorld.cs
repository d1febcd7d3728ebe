using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Keyferry.AwsDouble.Wire;

namespace Keyferry.AwsDouble.Caches;

/// <summary>Everything that exists: groups, nodes, replication groups, serverless caches. Changes take a moment.</summary>
public sealed class CacheWorld : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TimeSpan _lag;
    private readonly ConcurrentBag<Task> _underWay = [];
    private readonly CancellationTokenSource _over = new();
    private readonly Lazy<LocalCertificate> _certificate = new();

    public CacheWorld(TimeSpan lag)
    {
        _lag = lag;
        foreach (var family in ParameterCatalog.Families)
        {
            Add(new GroupState($"default.{family}", family, $"Default parameter group for {family}"));
            Add(
                new GroupState(
                    $"default.{family}.cluster.on",
                    family,
                    $"Customized default parameter group for {family} with cluster mode on"
                )
            );
        }

        void Add(GroupState group) => Groups[group.Name] = group;
    }

    public SortedDictionary<string, GroupState> Groups { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, NodeState> Nodes { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, ReplicationGroupState> ReplicationGroups { get; } = new(StringComparer.Ordinal);

    /// <summary>Names of serverless caches; nothing listens there unless a server was started for one.</summary>
    public SortedSet<string> Serverless { get; } = new(StringComparer.Ordinal);

    /// <summary>The servers of serverless caches: one node that serves all slots, over TLS, without the commands that serverless caches lack.</summary>
    public SortedDictionary<string, LocalNode> ServerlessServers { get; } = new(StringComparer.Ordinal);

    /// <summary>The subnets of the one subnet group, each with the last letter of its zone.</summary>
    public SortedDictionary<string, string> CacheSubnets { get; } =
        new(StringComparer.Ordinal) { ["subnet-0a1"] = "a", ["subnet-0b2"] = "b" };

    /// <summary>Service updates that caches are to get.</summary>
    public List<(string CacheId, string Name, string Severity, string Status)> Updates { get; } = [];

    /// <summary>What happened, as DescribeEvents tells it.</summary>
    public ConcurrentQueue<(DateTimeOffset At, string Source, string Type, string Message)> Events { get; } = [];

    public LocalCertificate Certificate => _certificate.Value;

    public GroupState Group(string name) =>
        Groups.GetValueOrDefault(name.ToLowerInvariant())
        ?? throw new RefusalException("CacheParameterGroupNotFound", $"CacheParameterGroup not found: {name}", 404);

    public IEnumerable<NodeState> UsersOf(string group) => Nodes.Values.Where(node => node.Group == group);

    public void Tell(string source, string type, string message) =>
        Events.Enqueue((TimeProvider.System.GetUtcNow(), source, type, message));

    /// <summary>Applies a group's values to the servers of its nodes, a moment later.</summary>
    public void ApplyLater(GroupState group, IReadOnlyCollection<NodeState> nodes)
    {
        foreach (var node in nodes)
        {
            node.Sync = "applying";
        }

        Later(async () =>
        {
            foreach (var node in nodes)
            {
                await ApplyAsync(group, node);
                node.Sync = "in-sync";
            }
        });
    }

    /// <summary>Does something a moment later.</summary>
    public void Later(Func<Task> act) => _underWay.Add(WaitAndDoAsync(act));

    /// <summary>Sets the server's parameters to what the group says.</summary>
    public static async Task ApplyAsync(GroupState group, NodeState node)
    {
        string Value(string name) => group.ValueOf(ParameterCatalog.Find(name));
        const string Buffer = "client-output-buffer-limit-pubsub-";
        _ = await node.Server.ConfigureAsync("notify-keyspace-events", Value("notify-keyspace-events"));
        _ = await node.Server.ConfigureAsync("maxmemory-policy", Value("maxmemory-policy"));
        _ = await node.Server.ConfigureAsync(
            "client-output-buffer-limit",
            $"pubsub {Value(Buffer + "hard-limit")} {Value(Buffer + "soft-limit")} {Value(Buffer + "soft-seconds")}"
        );
    }

    /// <summary>Starts the server of one node, with its group's values.</summary>
    public async Task<NodeState> StartNodeAsync(NodeTerms terms, Func<LocalNode, NodeState> create)
    {
        var node = create(await LocalNode.StartAsync(terms));
        await ApplyAsync(Group(node.Group), node);
        Nodes[node.Id] = node;
        return node;
    }

    /// <summary>Creates a serverless cache with a server behind it.</summary>
    public async Task<LocalNode> StartServerlessAsync(string name)
    {
        var server = await LocalNode.StartAsync(
            new NodeTerms(ClusterMode: true, null, Certificate, null, Replicates: false, IsServerless: true)
        );
        _ = Serverless.Add(name);
        ServerlessServers[name] = server;
        _ = await server.SayAsync("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
        var waited = Stopwatch.StartNew();
        while (!(await server.SayAsync("CLUSTER", "INFO")).Contains("cluster_state:ok", StringComparison.Ordinal))
        {
            if (waited.Elapsed > Patience)
            {
                throw new InvalidOperationException($"The serverless cache {name} did not come up in {Patience.TotalSeconds:0} s.");
            }

            await Task.Delay(20);
        }

        return server;
    }

    /// <summary>Makes a cluster of the primaries: slots in even parts, everybody introduced to everybody.</summary>
    public static async Task FormClusterAsync(IReadOnlyList<NodeState> primaries)
    {
        for (var index = 0; index < primaries.Count; index++)
        {
            var (from, to) = SlotsOf(index, primaries.Count);
            _ = await primaries[index].Server.SayAsync("CLUSTER", "ADDSLOTSRANGE", Text(from), Text(to));
            _ = await primaries[index].Server.SayAsync("CLUSTER", "SET-CONFIG-EPOCH", Text(index + 1));
        }

        await IntroduceAsync(primaries);

        var waited = Stopwatch.StartNew();
        for (var index = 0; index < primaries.Count; )
        {
            if ((await primaries[index].Server.SayAsync("CLUSTER", "INFO")).Contains("cluster_state:ok", StringComparison.Ordinal))
            {
                index++;
                continue;
            }

            if (waited.Elapsed > Patience)
            {
                throw new InvalidOperationException($"The nodes of the cluster did not find each other in {Patience.TotalSeconds:0} s.");
            }

            // A node that was busy for longer than the time-out of a greeting has forgotten it: it is greeted again.
            await IntroduceAsync(primaries);
            await Task.Delay(50);
        }
    }

    /// <summary>The first and the last slot of a shard.</summary>
    public static (int From, int To) SlotsOf(int shard, int shards) => (16384 * shard / shards, (16384 * (shard + 1) / shards) - 1);

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await Task.WhenAll(_underWay);
        foreach (var server in Nodes.Values.Select(static node => node.Server).Concat(ServerlessServers.Values))
        {
            await server.DisposeAsync();
        }

        if (_certificate.IsValueCreated)
        {
            _certificate.Value.Dispose();
        }

        _over.Dispose();
    }

    private static async Task IntroduceAsync(IReadOnlyList<NodeState> primaries)
    {
        foreach (var node in primaries.Skip(1))
        {
            _ = await node.Server.SayAsync("CLUSTER", "MEET", "127.0.0.1", Text(primaries[0].Server.PlainPort));
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private async Task WaitAndDoAsync(Func<Task> act)
    {
        try
        {
            await Task.Delay(_lag, _over.Token);
            await act();
        }
        catch (Exception over) when (over is OperationCanceledException || _over.IsCancellationRequested)
        {
            // The double is being taken down, and its servers with it.
            return;
        }
    }
}
