using System.Globalization;

namespace Keyferry.Servers;

/// <summary>What a server said of itself in <c>INFO</c>, at one moment.</summary>
internal sealed record ServerIdentity
{
    /// <summary>Which program it is.</summary>
    public required ServerFlavor Flavor { get; init; }

    /// <summary>The program's own version: <c>valkey_version</c> for a Valkey, not the Redis version that it claims for compatibility.</summary>
    public required Version Version { get; init; }

    /// <summary>The Redis version whose commands the server understands (a Valkey 8 says 7.2.4).</summary>
    public required Version RedisVersion { get; init; }

    /// <summary>Changes at every start of the server.</summary>
    public required string RunId { get; init; }

    /// <summary>Changes at a failover or a full resynchronisation.</summary>
    public string ReplicationId { get; init; } = "";

    /// <summary>Whether it is a replica of another server.</summary>
    public bool IsReplica { get; init; }

    /// <summary>Whether it is a replica that does not hear of what is written on its primary.</summary>
    public bool HasLostPrimary => IsReplica && Fields.GetValueOrDefault("master_link_status") == "down";

    /// <summary>Whether it watches over servers, and holds no keys.</summary>
    public bool IsSentinel => Fields.GetValueOrDefault("redis_mode") == "sentinel";

    /// <summary>Whether it runs in cluster mode.</summary>
    public bool IsCluster { get; init; }

    /// <summary>Whether it is still reading its data from disk.</summary>
    public bool IsLoading { get; init; }

    /// <summary>Bytes of memory in use, or 0 where unknown.</summary>
    public long UsedMemory { get; init; }

    /// <summary>The memory limit in bytes, 0 for none or unknown.</summary>
    public long MaxMemory { get; init; }

    /// <summary>Keys per logical database, as <c>INFO keyspace</c> lists them; databases without keys are absent.</summary>
    public required IReadOnlyDictionary<int, long> Keyspace { get; init; }

    /// <summary>The names of the modules that are loaded.</summary>
    public IReadOnlyList<string> Modules { get; init; } = [];

    /// <summary>Everything else that INFO said, for findings.</summary>
    public required IReadOnlyDictionary<string, string> Fields { get; init; }

    /// <summary>Keys of a database that do not expire. Of the others a server counts some that nobody sees any more.</summary>
    public long LastingKeys(int database) =>
        Fields.TryGetValue(string.Create(CultureInfo.InvariantCulture, $"db{database}"), out var counts)
            ? Count(counts, "keys") - Count(counts, "expires")
            : 0;

    /// <summary>All keys of all databases.</summary>
    public long Keys => Keyspace.Values.Sum();

    /// <summary><c>PEXPIRETIME</c> (Redis 7.0 and newer, every Valkey).</summary>
    public bool HasPExpireTime => RedisVersion >= new Version(7, 0);

    /// <summary><c>CLIENT NO-TOUCH</c> (7.2 and newer).</summary>
    public bool HasNoTouch => RedisVersion >= new Version(7, 2);

    /// <summary>Expiry of single hash fields (Redis 7.4 and newer, Valkey 9 and newer).</summary>
    public bool HasHashFieldExpiry =>
        Flavor == ServerFlavor.Valkey ? Version >= new Version(9, 0) : RedisVersion >= new Version(7, 4) && Flavor != ServerFlavor.Redict;

    /// <summary>The version that the server writes at the end of a DUMP payload; it reads this one and older ones. 0 where unknown. (Measured on 13 servers.)</summary>
    public int PayloadVersion =>
        Flavor switch
        {
            ServerFlavor.Valkey when Version >= new Version(9, 0) => 80,
            ServerFlavor.Valkey => 11,
            ServerFlavor.Redict => 12,
            ServerFlavor.Redis or ServerFlavor.KeyDb => RedisVersion switch
            {
                { Major: < 7 } => 9,
                { Major: 7, Minor: < 2 } => 10,
                { Major: 7, Minor: < 4 } => 11,
                { Major: 7 } => 12,
                { Major: 8, Minor: < 4 } => 12,
                { Major: 8 } => 13,
                _ => 0,
            },
            _ => 0,
        };

    /// <summary><c>Redis 7.0.15</c></summary>
    public override string ToString() => $"{Flavor} {Version.ToString(3)}";

    /// <summary><c>Redis 7.0.15</c>, or <c>Redis 7.0.15 cluster of 3 primaries</c>.</summary>
    public string Describe(int primaries) =>
        IsCluster ? $"{this} cluster of {primaries} {(primaries == 1 ? "primary" : "primaries")}" : $"{this}";

    /// <summary>Reads the text of <c>INFO</c>; unknown and missing fields are no error.</summary>
    public static ServerIdentity Parse(string info)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        var keyspace = new SortedDictionary<int, long>();
        var modules = new List<string>();
        foreach (var line in info.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || line[0] == '#')
            {
                continue;
            }

            var (name, value) = (line[..colon], line[(colon + 1)..]);
            fields[name] = value;
            if (name == "module")
            {
                modules.Add(value.Split(',')[0].Replace("name=", "", StringComparison.Ordinal));
            }

            if (TryReadKeyspace(name, value, out var database, out var keys))
            {
                keyspace[database] = keys;
            }
        }

        var redis = VersionOf(fields.GetValueOrDefault("redis_version"));
        var flavor = FlavorOf(fields);
        return new ServerIdentity
        {
            Flavor = flavor,
            RedisVersion = redis,
            Version = flavor switch
            {
                ServerFlavor.Valkey => VersionOf(fields.GetValueOrDefault("valkey_version")),
                ServerFlavor.Redict => VersionOf(fields.GetValueOrDefault("redict_version") ?? fields.GetValueOrDefault("redis_version")),
                _ => redis,
            },
            RunId = fields.GetValueOrDefault("run_id", ""),
            ReplicationId = fields.GetValueOrDefault("master_replid", ""),
            IsReplica = fields.GetValueOrDefault("role") == "slave",
            IsCluster = fields.GetValueOrDefault("redis_mode") == "cluster" || fields.GetValueOrDefault("cluster_enabled") == "1",
            IsLoading = fields.GetValueOrDefault("loading") == "1",
            UsedMemory = Number(fields.GetValueOrDefault("used_memory")),
            MaxMemory = Number(fields.GetValueOrDefault("maxmemory")),
            Keyspace = keyspace,
            Modules = modules,
            Fields = fields,
        };
    }

    private static bool TryReadKeyspace(string name, string value, out int database, out long keys)
    {
        keys = 0;
        database = 0;
        if (!name.StartsWith("db", StringComparison.Ordinal) || !value.StartsWith("keys=", StringComparison.Ordinal))
        {
            return false;
        }

        keys = Count(value, "keys");
        return int.TryParse(name.AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture, out database);
    }

    /// <summary>One of the counts in <c>keys=1,expires=0,avg_ttl=0</c>.</summary>
    private static long Count(string counts, string name) =>
        Number(counts.Split(',').FirstOrDefault(part => part.StartsWith($"{name}=", StringComparison.Ordinal))?[(name.Length + 1)..]);

    private static ServerFlavor FlavorOf(Dictionary<string, string> fields)
    {
        if (fields.ContainsKey("valkey_version"))
        {
            return ServerFlavor.Valkey;
        }

        if (fields.ContainsKey("dragonfly_version"))
        {
            return ServerFlavor.Dragonfly;
        }

        if (fields.ContainsKey("redict_version"))
        {
            return ServerFlavor.Redict;
        }

        if (fields.GetValueOrDefault("executable", "").Contains("keydb", StringComparison.Ordinal) || fields.ContainsKey("mvcc_depth"))
        {
            return ServerFlavor.KeyDb;
        }

        return fields.ContainsKey("redis_version") ? ServerFlavor.Redis : ServerFlavor.Other;
    }

    private static Version VersionOf(string? text)
    {
        var numbers = (text ?? "").Split('-', '+')[0];
        return Version.TryParse(numbers, out var version)
            ? new Version(version.Major, version.Minor, Math.Max(0, version.Build))
            : new Version(0, 0, 0);
    }

    private static long Number(string? text) =>
        long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
