using Keyferry.Aws.Calls;
using Keyferry.Aws.ElastiCache;
using Keyferry.Aws.Identity;
using Keyferry.AwsDouble;

namespace Keyferry.Aws.Tests;

/// <summary>A double of its own for each test, and the product's client pointed at it.</summary>
internal sealed class AwsBench : IAsyncDisposable
{
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(20) };
    private readonly CredentialSource _credentials;

    /// <param name="lag">How long a change takes on the double; its own measure where nothing is said.</param>
    public AwsBench(TimeSpan? lag = null)
    {
        Aws = AwsServer.Start(lag: lag);
        Variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["AWS_ENDPOINT_URL"] = Aws.Url,
            ["AWS_REGION"] = AwsServer.Region,
            ["AWS_ACCESS_KEY_ID"] = AwsServer.AccessKey,
            ["AWS_SECRET_ACCESS_KEY"] = AwsServer.SecretKey,
            ["AWS_EC2_METADATA_DISABLED"] = "true",
            ["AWS_CONFIG_FILE"] = "/nonexistent",
            ["AWS_SHARED_CREDENTIALS_FILE"] = "/nonexistent",
        };
        Surroundings = new AwsSurroundings
        {
            Variable = Variables.GetValueOrDefault,
            Time = TimeProvider.System,
            Http = _http,
            RetryPause = TimeSpan.FromMilliseconds(2),
        };
        _credentials = new CredentialSource(Surroundings, AwsServer.Region);
        Caller = new AwsCaller(Surroundings, _credentials.GetAsync, AwsServer.Region);
        Client = new ElastiCacheClient(Caller);
    }

    public AwsServer Aws { get; }

    public Dictionary<string, string> Variables { get; }

    public AwsSurroundings Surroundings { get; }

    public AwsCaller Caller { get; }

    public ElastiCacheClient Client { get; }

    public static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Creates a standalone cluster and waits until it is available.</summary>
    public async Task<Cache> StandaloneAsync(string id, string? group = null, string version = "7.1")
    {
        List<(string, string)> parameters =
        [
            ("CacheClusterId", id),
            ("Engine", "redis"),
            ("EngineVersion", version),
            ("CacheNodeType", "cache.t3.micro"),
            ("NumCacheNodes", "1"),
            ("CacheSubnetGroupName", "shop-subnets"),
            ("SecurityGroupIds.SecurityGroupId.1", "sg-0cache"),
        ];
        if (group is not null)
        {
            parameters.Add(("CacheParameterGroupName", group));
        }

        _ = await Client.ChangeAsync(new CacheChange("CreateCacheCluster", "", parameters), Stop);
        return await AvailableAsync(id);
    }

    /// <summary>Creates a replication group and waits until it is available.</summary>
    public async Task<Cache> GroupAsync(string id, int shards = 0, int nodes = 1, string? group = null, params (string, string)[] more)
    {
        List<(string, string)> parameters =
        [
            ("ReplicationGroupId", id),
            ("ReplicationGroupDescription", "of a test"),
            ("Engine", "redis"),
            ("EngineVersion", "7.1"),
            ("CacheNodeType", "cache.t3.micro"),
            ("CacheSubnetGroupName", "shop-subnets"),
            ("SecurityGroupIds.SecurityGroupId.1", "sg-0cache"),
            .. more,
        ];
        if (shards > 0)
        {
            parameters.AddRange([("NumNodeGroups", $"{shards}"), ("ReplicasPerNodeGroup", "0"), ("AutomaticFailoverEnabled", "true")]);
            group ??= "default.redis7.cluster.on";
        }
        else
        {
            parameters.Add(("NumCacheClusters", $"{nodes}"));
        }

        if (group is not null)
        {
            parameters.Add(("CacheParameterGroupName", group));
        }

        _ = await Client.ChangeAsync(new CacheChange("CreateReplicationGroup", "", parameters), Stop);
        return await AvailableAsync(id);
    }

    /// <summary>Creates a parameter group with values.</summary>
    public async Task ParameterGroupAsync(string name, params (string Name, string Value)[] values)
    {
        _ = await Client.ChangeAsync(CacheChange.CreateGroup(name, "redis7", "of a test", ""), Stop);
        if (values.Length > 0)
        {
            _ = await Client.ChangeAsync(CacheChange.SetValues(name, values, ""), Stop);
        }
    }

    public async Task<Cache> AvailableAsync(string id)
    {
        while (true)
        {
            var cache = await new CacheFinder(Client).FindAsync(id, Stop);
            if (cache.Status == "available")
            {
                return cache;
            }

            await Task.Delay(20, Stop);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _credentials.Dispose();
        _http.Dispose();
        await Aws.DisposeAsync();
    }
}
