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

    public IServer Server { get; }

    public Version Version => Server.Version;

    public bool IsConnected => _connections.IsConnected;

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
        var stats = (await Server.InfoAsync("stats")).SelectMany(section => section);
        string? count = stats.FirstOrDefault(pair => pair.Key == "total_error_replies").Value;
        return count is null ? null : long.Parse(count);
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
        var databases = (await Server.InfoAsync("keyspace")).SelectMany(section => section);
        return databases
            .Where(pair => pair.Key.StartsWith("db", StringComparison.Ordinal))
            .ToDictionary(pair => int.Parse(pair.Key.AsSpan(2)), pair => long.Parse(pair.Value.Split('=', ',')[1]));
    }

    public ValueTask DisposeAsync() => _connections.DisposeAsync();
}
