using Keyferry.Aws.ElastiCache;
using Keyferry.Model;

namespace Keyferry.Aws.Tests.ElastiCache;

public sealed class CacheFinderTests : IAsyncLifetime
{
    private readonly AwsBench _bench = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task Standalone_cluster_is_found_with_its_group_and_endpoint()
    {
        var cache = await _bench.StandaloneAsync("shop");
        Assert.Equal((CacheKind.Standalone, "default.redis7"), (cache.Kind, Assert.Single(cache.ParameterGroups)));
        Assert.Equal(_bench.Aws.World.Nodes["shop"].Server.Port, cache.Address?.Port);
        Assert.Equal(["sg-0cache"], cache.SecurityGroups);
    }

    [Fact]
    public async Task Cache_of_another_region_is_not_found()
    {
        await using var cli = new CliBench();
        _ = await cli.Bench.StandaloneAsync("shop");
        var (code, _, error) = await cli.RunAsync("elasticache", "show", "shop", "--region", "eu-west-1");
        Assert.True(code != 0, error);
        Assert.Contains("named shop in eu-west-1", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Node_of_a_replication_group_leads_to_the_group()
    {
        _ = await _bench.GroupAsync("shop", nodes: 2);
        var cache = await new CacheFinder(_bench.Client).FindAsync("shop-002", AwsBench.Stop);
        Assert.Equal((CacheKind.ReplicationGroup, "shop", 2), (cache.Kind, cache.Id, cache.Members.Count));
        Assert.False(cache.ClusterMode);
        Assert.Equal(_bench.Aws.World.Nodes["shop-001"].Server.Port, cache.Address?.Port);
    }

    [Fact]
    public async Task Cluster_mode_is_known_by_its_shards()
    {
        var cache = await _bench.GroupAsync("shop", shards: 2);
        Assert.True(cache.ClusterMode);
        Assert.Equal(["0-8191", "8192-16383"], cache.Shards.Select(static shard => shard.Slots));
    }

    [Fact]
    public async Task Serverless_cache_has_no_parameter_group()
    {
        _ = _bench.Aws.World.Serverless.Add("cart");
        var cache = await new CacheFinder(_bench.Client).FindAsync("cart", AwsBench.Stop);
        Assert.Equal((CacheKind.Serverless, true, 0), (cache.Kind, cache.Tls, cache.ParameterGroups.Count));
    }

    [Fact]
    public async Task Unknown_id_names_the_region()
    {
        var failed = await Assert.ThrowsAsync<KeyferryException>(async () =>
            await new CacheFinder(_bench.Client).FindAsync("nope", AwsBench.Stop)
        );
        Assert.Contains("named nope in eu-north-1", failed.Saw, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Real_server_behind_a_cache_has_no_CONFIG()
    {
        _ = await _bench.StandaloneAsync("shop");
        var server = _bench.Aws.World.Nodes["shop"].Server;
        Assert.StartsWith(
            "-ERR unknown command 'CONFIG', with args beginning with: 'GET' 'notify-keyspace-events' ",
            await server.SayAsync("CONFIG", "GET", "notify-keyspace-events"),
            StringComparison.Ordinal
        );
    }
}
