using StackExchange.Redis;

namespace Keyferry.Traffic;

/// <summary>
/// A connection to one server by StackExchange.Redis: a client that shares no code with Keyferry, so that a fault of ours cannot hide itself.
/// </summary>
public sealed class ServerLink : IAsyncDisposable
{
    private readonly ConnectionMultiplexer _connections;

    private ServerLink(ConnectionMultiplexer connections)
    {
        _connections = connections;
        Server = connections.GetServers()[0];
    }

    /// <summary>The server that was named.</summary>
    public IServer Server { get; }

    /// <summary>Every server that holds keys of its own: the primaries of a cluster as they are now, or the one server.</summary>
    public IReadOnlyList<IServer> Primaries =>
        IsCluster ? [.. _connections.GetServers().Where(server => server is { IsConnected: true, IsReplica: false })] : [Server];

    public bool IsCluster => Server.ServerType == ServerType.Cluster;

    /// <summary>Whether one command may name all these keys: in a cluster, if one slot holds them.</summary>
    public bool AreTogether(IEnumerable<RedisKey> keys) => !IsCluster || keys.Select(_connections.GetHashSlot).Distinct().Count() <= 1;

    public Version Version => Server.Version;

    public bool IsConnected => _connections.IsConnected;

    /// <summary>Asks the server anew what it is: a primary that was a replica a moment ago is taken for one otherwise.</summary>
    public Task<bool> LookAgainAsync() => _connections.ConfigureAsync();

    public IDatabase Database(int number = 0) => _connections.GetDatabase(number);

    /// <summary>Connects to <c>host:port</c> or <c>redis://user:password@host:port</c>; reconnects by itself later, but fails if it cannot at first.</summary>
    public static async Task<ServerLink> ConnectAsync(string address)
    {
        string host = address.Contains("://", StringComparison.Ordinal) ? address : "redis://" + address;
        var uri = new Uri(host);
        var options = new ConfigurationOptions
        {
            EndPoints = { { uri.Host, uri.Port > 0 ? uri.Port : 6379 } },
            AllowAdmin = true,
            AbortOnConnectFail = true,
            Protocol = RedisProtocol.Resp2,
            Ssl = uri.Scheme == "rediss",
            ClientName = "traffic",
            ConfigurationChannel = "",
            TieBreaker = "",
            ConnectTimeout = 10_000,
            SyncTimeout = 120_000,
            AsyncTimeout = 120_000,
            BacklogPolicy = BacklogPolicy.FailFast,
            ReconnectRetryPolicy = new LinearRetry(250),
        };
        string[] login = uri.UserInfo.Split(':', 2);
        if (login.Length == 2)
        {
            options.User = login[0].Length == 0 ? null : Uri.UnescapeDataString(login[0]);
            options.Password = Uri.UnescapeDataString(login[1]);
        }

        return new ServerLink(await ConnectionMultiplexer.ConnectAsync(options));
    }

    /// <summary>How many error replies the server has given in all; null where it does not count them (before 6.2).</summary>
    public async Task<long?> ErrorRepliesAsync()
    {
        long sum = 0;
        foreach (var server in Primaries)
        {
            var stats = (await server.InfoAsync("stats")).SelectMany(section => section);
            string? count = stats.FirstOrDefault(pair => pair.Key == "total_error_replies").Value;
            if (count is null)
            {
                return null;
            }

            sum += long.Parse(count);
        }

        return sum;
    }

    /// <summary>Whether the fields of a hash can have expiries of their own here (Redis 7.4, Valkey 9).</summary>
    public async Task<bool> KnowsFieldExpiriesAsync() =>
        (RedisResult[]?)await Database().ExecuteAsync("COMMAND", "INFO", "HPEXPIRETIME") is [{ IsNull: false } known, ..]
        && known.Length > 0;

    /// <summary>The number of keys in all databases.</summary>
    public async Task<long> KeyCountAsync() => (await KeyCountsAsync()).Sum(database => database.Value);

    /// <summary>The databases that hold keys, and how many.</summary>
    public async Task<IReadOnlyDictionary<int, long>> KeyCountsAsync()
    {
        var counts = new Dictionary<int, long>();
        foreach (var server in Primaries)
        {
            // Of a replica that has only just become one the client may not know it yet.
            var replication = (await server.InfoAsync("replication")).SelectMany(section => section);
            if (replication.Any(static pair => pair is { Key: "role", Value: "slave" }))
            {
                continue;
            }

            var databases = (await server.InfoAsync("keyspace")).SelectMany(section => section);
            foreach (var (name, words) in databases.Where(pair => pair.Key.StartsWith("db", StringComparison.Ordinal)))
            {
                int database = int.Parse(name.AsSpan(2));
                counts[database] = counts.GetValueOrDefault(database) + long.Parse(words.Split('=', ',')[1]);
            }
        }

        return counts;
    }

    /// <summary>Returns when every server has done what it was sent before.</summary>
    public Task PingAsync() => Task.WhenAll(Primaries.Select(server => server.PingAsync()));

    public ValueTask DisposeAsync() => _connections.DisposeAsync();
}
