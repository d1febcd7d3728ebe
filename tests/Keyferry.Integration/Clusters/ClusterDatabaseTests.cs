using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Integration.Versions;
using Keyferry.Migration;
using Keyferry.Model;

namespace Keyferry.Integration.Clusters;

/// <summary>Several databases and clusters: Valkey 9 has them there, too, others have database 0 alone.</summary>
public sealed class ClusterDatabaseTests
{
    private static readonly int[] _databases = [0, 1, 5];

    /// <summary>Every server of the matrix whose clusters have several databases.</summary>
    public static TheoryData<ServerKind, string, int> Servers
    {
        get
        {
            var servers = new TheoryData<ServerKind, string, int> { { ServerKind.Machine, "", 1 } };
            if (ServerBinary.Exists(ServerKind.Valkey91))
            {
                servers.Add(ServerKind.Valkey91, "--cluster-databases", 4);
                servers.Add(ServerKind.Valkey91, "--cluster-databases", 8);
            }

            return servers;
        }
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>There and back: an independent digest tells whether anything was lost on the way.</summary>
    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Several_databases_go_into_a_cluster_that_has_them_and_are_refused_by_others(ServerKind kind, string setting, int has)
    {
        await using var source = await RedisServer.StartAsync(kind);
        await using var cluster = await RedisCluster.StartAsync(kind, 2, 0, setting.Length == 0 ? [] : [setting, $"{has}"]);
        await using var end = await RedisServer.StartAsync(kind);
        var client = await source.ConnectAsync();
        foreach (var database in _databases)
        {
            await AllTypes.FillAsync(client.GetDatabase(database));
            _ = await client.GetDatabase(database).StringSetAsync("which", database);
        }

        var into = new MigrationOptions { Source = source.Endpoint, Target = cluster.Endpoint };
        if (has <= 5)
        {
            using var refusing = EngineRun.Start(into, Stop);
            var refused = await Assert.ThrowsAsync<KeyferryException>(() => refusing.Ended.WaitAsync(TimeSpan.FromSeconds(30), Stop));
            Assert.Equal(FailureKind.Refused, refused.Kind);
            Assert.Contains(has == 1 ? "no database 1, 5" : "no database 5", refused.Saw, StringComparison.Ordinal);
            Assert.Contains("cluster-databases", refused.Remedy, StringComparison.Ordinal);
            return;
        }

        await MoveAsync(into, () => client.GetDatabase(5).StringSetAsync("later", "5"));
        var back = new MigrationOptions { Source = cluster.Endpoint, Target = end.Endpoint };
        await MoveAsync(back, () => RedisCluster.AskAsync(cluster.Nodes[0], "-c", "-n", "1", "SET", "later", "1"));
        _ = await client.GetDatabase(1).StringSetAsync("later", "1");
        Assert.Equal(await source.DebugDigestAsync(), await end.DebugDigestAsync());
    }

    /// <summary>A cluster that has one database takes several under prefixes; a key whose name could be that of another is found before the start, and while the run goes on.</summary>
    [Fact]
    public async Task Several_databases_go_together_under_prefixes_and_two_keys_never_become_one()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var cluster = await RedisCluster.StartAsync(ServerKind.Machine, 2);
        var client = await source.ConnectAsync();
        foreach (var database in _databases)
        {
            await AllTypes.FillAsync(client.GetDatabase(database));
            _ = await client.GetDatabase(database).StringSetAsync("which", database);
            _ = await client.GetDatabase(database).StringSetAsync("gone", database);
        }

        _ = await client.GetDatabase(0).StringSetAsync("db5:which", "another");
        var options = new MigrationOptions
        {
            Source = source.Endpoint,
            Target = cluster.Endpoint,
            Databases = _databases.ToDictionary(static database => database, static _ => 0),
            DatabasePrefixes = new Dictionary<int, string> { [1] = "db1:", [5] = "db5:" },
        };
        using (var refusing = EngineRun.Start(options, Stop))
        {
            var refused = await Assert.ThrowsAsync<KeyferryException>(() => refusing.Ended.WaitAsync(TimeSpan.FromSeconds(30), Stop));
            Assert.Contains("gives 1 keys", refused.Saw, StringComparison.Ordinal);
        }

        _ = await client.GetDatabase(0).KeyDeleteAsync("db5:which");
        await MoveAsync(
            options,
            async () =>
            {
                foreach (var database in _databases)
                {
                    _ = await client.GetDatabase(database).StringSetAsync("later", database);
                    _ = await client.GetDatabase(database).KeyDeleteAsync("gone");
                }
            }
        );
        var target = (await cluster.ConnectAsync()).GetDatabase();
        foreach (var (database, prefix) in ((int, string)[])[(0, ""), (1, "db1:"), (5, "db5:")])
        {
            Assert.Equal(database, (int)await target.StringGetAsync($"{prefix}which"));
            Assert.Equal(database, (int)await target.StringGetAsync($"{prefix}later"));
            Assert.False(await target.KeyExistsAsync($"{prefix}gone"));
        }

        var keys = 0L;
        foreach (var node in cluster.Nodes)
        {
            keys += long.Parse(await RedisCluster.AskAsync(node, "DBSIZE"), System.Globalization.CultureInfo.InvariantCulture);
        }

        Assert.Equal(await KeysAsync(source), keys);
    }

    private static async Task<long> KeysAsync(RedisServer server)
    {
        var keys = 0L;
        foreach (var database in _databases)
        {
            keys += (await (await server.ConnectAsync()).GetServers()[0].DatabaseSizeAsync(database));
        }

        return keys;
    }

    private static async Task MoveAsync(MigrationOptions options, Func<Task> write)
    {
        using var run = EngineRun.Start(options, Stop);
        await run.ReachAsync(Phase.Following, Stop);
        await write();
        await run.FinishAsync();
        var report = await run.Ended.WaitAsync(TimeSpan.FromSeconds(60), Stop);
        Assert.True(report.Verdict == Verdict.Equal, $"{report.Verdict}: {string.Join("; ", report.Reasons)}\n{run.Log}");
    }
}
